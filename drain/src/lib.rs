//! The drain of logring: reads the ring, puts records into one time order, processes, renders and
//! writes them, and keeps a ledger so that nothing is written twice or lost when it is killed.
#![deny(unsafe_code)]

pub mod cli;
pub mod clock;
pub mod config;
pub mod cursor;
mod demo;
mod drain;
pub mod embed;
mod end;
mod fate;
mod flight;
mod hold;
mod housekeeping;
mod lane;
mod lanes;
pub mod ledger;
pub mod level;
pub mod log;
mod merge;
pub mod notice;
mod observe;
pub mod options;
mod outlets;
mod page;
mod panics;
pub mod parse;
mod pipeline;
mod plausible;
mod positions;
mod private;
pub mod process;
pub mod recover;
pub mod render;
mod restart;
mod retire;
mod rhythm;
pub mod run;
mod seam;
pub mod segments;
pub mod service;
pub mod sink;
pub mod stats;
mod strings;
mod suspend;
pub mod tail;
mod takeover;
pub mod tryout;
mod watermark;

pub use config::{Config, Sink};
pub use embed::{Embed, Embedded};
pub use options::{Options, OwnSink};
pub use process::{Flow, Processor};
pub use render::Renderer;
pub use service::Service;

pub use logring::record::{AnyValue, Event, Field};
