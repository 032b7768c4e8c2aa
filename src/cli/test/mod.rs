//! `midflow test`: the tests of the policies, and how good they are.

mod command;
mod json;
mod text;
mod watch;

pub(crate) use command::Test;
