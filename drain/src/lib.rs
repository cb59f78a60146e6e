//! The drain of logring: reads the ring, puts records into one time order, processes, renders and
//! writes them, and keeps a ledger so that nothing is written twice or lost when it is killed.
#![deny(unsafe_code)]

pub mod cursor;
pub mod ledger;
mod seam;
pub mod sink;
