//! The ledger and its cursors against a model of the ring, killed at every store and call.
#![allow(clippy::unwrap_used, reason = "tests")]

mod drain;
mod foreign;
mod kills;
mod model;
mod process;
mod streams;
