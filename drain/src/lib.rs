//! The drain of logring: reads the ring, puts records into one time order, processes, renders and
//! writes them, and keeps a ledger so that nothing is written twice or lost when it is killed.
#![deny(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod notice;
pub mod process;
pub mod render;
pub mod run;
