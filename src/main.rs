//! The `midflow` command.

fn main() {}
