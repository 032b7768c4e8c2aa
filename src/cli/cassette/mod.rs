//! `midflow cassette`: messages of a real authority, with stand-ins in place of everything personal: recorded, compared, replayed.

mod command;
mod drift;
mod file;
mod record;
mod replay;

pub(crate) use command::CassetteCommand;
pub(crate) use file::face_of;
pub(crate) use file::not_played;
pub(crate) use file::read;
