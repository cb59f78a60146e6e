//! Claims about the ring's protocol, under the model checker: each model runs over all interleavings
//! (up to a bound of preemptions) and all values that the memory model lets a load return.
//!
//! `ci/loom.sh` runs them as they are, and then with each ordering weakened and each step of the
//! protocol put in a wrong order, which must break a claim.
#![cfg(logring_loom)]
#![allow(clippy::unwrap_used, reason = "a model that panics has failed")]

#[path = "loom/account.rs"]
mod account;
#[path = "loom/barrier.rs"]
mod barrier;
#[path = "loom/blocks.rs"]
mod blocks;
#[path = "loom/death.rs"]
mod death;
#[path = "loom/drain.rs"]
mod drain;
#[path = "loom/hints.rs"]
mod hints;
#[path = "loom/lane.rs"]
mod lane;
#[path = "loom/long.rs"]
mod long;
#[path = "loom/losses.rs"]
mod losses;
#[path = "loom/memory.rs"]
mod memory;
#[path = "loom/overwrite.rs"]
mod overwrite;
#[path = "loom/pauses.rs"]
mod pauses;
#[path = "loom/records.rs"]
mod records;
#[path = "loom/signals.rs"]
mod signals;
#[path = "loom/unpinned.rs"]
mod unpinned;
#[path = "loom/view.rs"]
mod view;
