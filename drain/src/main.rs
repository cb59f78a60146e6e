//! The `logring-drain` command.

fn main() {}
