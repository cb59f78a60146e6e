//! A shared-memory ring-buffer logger: every process writes fixed-size encoded records into one
//! lock-free ring, a separate drain process decodes, processes, renders and writes them in order.
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
    Builder, Caught, Filter, Guard, Logger, Overflow, Pairs, Record, Site, TmpBound, builder,
    catch, catch_async, context, early_calls, flush, levels, log_panics, logger, renamed_keys,
    truncated_records,
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
