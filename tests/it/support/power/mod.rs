//! Power cuts: a process runs over a disk that forgets what was not synced (`forgetful.c`, preloaded into it), and
//! afterwards the disk is made as a cut at any moment would have left it.

mod disk;
mod run;

pub use disk::Disk;
pub use run::Run;
