//! The drain of logring: reads the ring, puts records into one time order, processes, renders and
//! writes them, and keeps a ledger so that nothing is written twice or lost when it is killed.
#![deny(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod cursor;
mod demo;
mod drain;
mod hold;
mod housekeeping;
mod lane;
mod lanes;
pub mod ledger;
mod merge;
pub mod notice;
mod outlets;
mod pipeline;
mod plausible;
mod positions;
pub mod process;
pub mod render;
mod restart;
mod retire;
mod rhythm;
pub mod run;
mod seam;
pub mod service;
pub mod sink;
mod strings;
mod watermark;

pub use service::{Options, Service};
