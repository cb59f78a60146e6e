//! A logger for programs of many processes: each process writes encoded records into a lock-free ring
//! in shared memory, and one *drain* decodes them, puts them into one time order, and writes them. A log
//! call is a few stores: no lock, no system call, no allocation, no formatting. When it has returned, its
//! record is safe from whatever happens to the process.
//!
//! A service installs a segment, and logs:
//!
//! ```no_run
//! use logring::{Level, error, info, kv};
//!
//! # fn main() -> logring::Result<()> {
//! let _guard = logring::builder("billing").level(Level::Info).install()?; // `LOGRING=...` wins
//! let log = logring::logger().bind(kv! { tenant = "acme" });
//! let order_id = 42;
//! info!(logger: log, "order placed", order_id, total_cents = 1_999);
//! if let Err(err) = std::fs::read("prices.toml") {
//!     error!(target: "files", "no prices for {order_id}", order_id, err); // with its sources
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Beside it, before or after, `logring-drain run --segment billing --sink json:billing.jsonl` writes the
//! lines. The crate `logring-drain` has that command, and `Embed`, the same drain on a thread of the
//! process. Tests need neither:
//!
//! ```
//! use logring::{context, info, kv, testing, warn};
//!
//! let logs = testing::capture();
//! let _scope = context::bound(kv! { request = "7f3a" });
//! info!("took {ms:.1} ms", ms = 3.17, path = "/cart");
//! warn!(every_n: 100, "slow");
//! let events = logs.take();
//! assert_eq!(events[0]["path"], "/cart");
//! assert!(events.iter().all(|event| event["request"] == "7f3a"));
//! ```
//!
//! | you want to | look at |
//! |---|---|
//! | log | [`info!`] and its sisters, one for each [`Level`]; their form is that of [`log!`] |
//! | start: the segment's name, filter, ring, policy when it is full | [`builder()`], [`Builder`], [`Overflow`] |
//! | fields that stay: with a logger; with a thread, a task, a scope, the process | [`Logger`], [`kv!`]; [`context`] |
//! | own types, errors, secrets as values | [`Value`](trait@Value), [`AsError`], [`Secret`] |
//! | levels by target, also from outside | [`Filter`], [`levels`] |
//! | facts that are known at run time only | [`Site`], [`Record`] |
//! | panics in the log | [`catch`], [`log_panics`] |
//! | what `log` and `tracing` say | `bridge` |
//! | assert on what was logged | [`testing`] |
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | gives |
//! |---|---|
//! | `derive` | `derive(Value)` for own structs and enums |
//! | `serde` | `AsSerde`: whatever has a `serde::Serialize` as a typed value |
//! | `log`, `tracing` | bridges: `Builder::log_bridge`, `Builder::tracing_bridge` |
//! | `max_level_*`, `release_max_level_*` | calls below that level are compiled to nothing; for a program, not for a library |
//!
//! # Further
//!
//! The repository has a guide whose programs are all run by its tests (`docs/guide/README.md`, also in this
//! package), what is guaranteed when something dies (`docs/guarantees.md`), and the output key by key
//! (`docs/output.md`). It needs Linux on a 64-bit processor.
//!
//! Modules like [`layout`], [`ring`] and [`shm`] are the drain's way to the same memory: public for it, and
//! of no use to a program that logs.
#![deny(unsafe_code)]

#[cfg(not(target_os = "linux"))]
compile_error!("logring needs Linux: robust futexes, membarrier and /dev/shm");

#[cfg(not(target_pointer_width = "64"))]
compile_error!("logring needs a 64-bit target");

#[cfg(all(not(logring_loom), any(feature = "log", feature = "tracing")))]
pub mod bridge;
#[cfg(not(logring_loom))]
pub mod call;
pub mod error;
pub mod layout;
pub mod level;
pub mod record;
pub mod ring;
#[cfg(not(logring_loom))]
pub mod shm;
pub mod sync;
#[cfg(not(logring_loom))]
pub mod sys;
#[cfg(not(logring_loom))]
pub mod testing;

#[cfg(not(logring_loom))]
#[doc(hidden)]
pub use call::private as __private;
#[cfg(not(logring_loom))]
pub use call::{
    Builder, Caught, Clock, Filter, Guard, Logger, Overflow, Pairs, Record, Site, TmpBound,
    builder, catch, catch_async, context, early_calls, flush, levels, log_panics, logger,
    renamed_keys, truncated_records,
};
pub use error::{Error, Result};
pub use level::Level;
/// Makes a struct or an enum a [`Value`](trait@Value).
#[cfg(feature = "derive")]
pub use logring_derive::Value;
#[cfg(feature = "serde")]
pub use record::AsSerde;
pub use record::{
    AsDebug, AsDisplay, AsError, Bytes, List, Map, Redacted, Secret, Uuid, Value, WithBacktrace,
    Writer,
};
