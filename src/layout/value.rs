//! Values as they stand in a record's payload: a tag byte, then what the tag says.
//!
//! ```text
//!  NULL, FALSE, TRUE     nothing
//!  I64, U64, F64         8 bytes          TIMESTAMP, DURATION   i64 nanoseconds
//!  I128, U128            16 bytes         UUID                  16 bytes
//!  STR, TEXT, BYTES      length u32, then that many bytes
//!  LIST                  values, then END
//!  MAP                   pairs of a STR and a value, then END
//!  ERROR                 TEXTs (the error's, then its sources'), END, TEXTs (backtrace frames), END
//! ```
//!
//! Containers end with a tag rather than begin with a count: nobody allocates what a count says. A
//! pair of a context is a key, then a value; a key is a dictionary id (u32), or 0, then its length
//! (u16) and bytes.

/// The end of a list, map or error.
pub const END: u8 = 0;
/// Nothing.
pub const NULL: u8 = 1;
/// False; [`TRUE`] is the next tag, so that a `bool` is one addition.
pub const FALSE: u8 = 2;
/// True.
pub const TRUE: u8 = 3;
/// A signed integer.
pub const I64: u8 = 4;
/// An unsigned integer.
pub const U64: u8 = 5;
/// A wide signed integer.
pub const I128: u8 = 6;
/// A wide unsigned integer.
pub const U128: u8 = 7;
/// A double.
pub const F64: u8 = 8;
/// Text.
pub const STR: u8 = 9;
/// Text made by `Debug` or `Display`.
pub const TEXT: u8 = 10;
/// Raw bytes.
pub const BYTES: u8 = 11;
/// Nanoseconds since the Unix epoch.
pub const TIMESTAMP: u8 = 12;
/// A span of time in nanoseconds.
pub const DURATION: u8 = 13;
/// 16 bytes, printed as a UUID.
pub const UUID: u8 = 14;
/// Values in order.
pub const LIST: u8 = 15;
/// Pairs of key and value.
pub const MAP: u8 = 16;
/// An error and its sources.
pub const ERROR: u8 = 17;

/// How deep lists and maps nest; a value that stands alone has depth 0.
pub const DEPTH_MAX: u32 = 16;
/// Items of one list, pairs of one map, texts of one error.
pub const ITEMS_MAX: u32 = 4096;
/// Values of one record, nested ones counted.
pub const VALUES_MAX: u32 = 64 * 1024;
/// Fields of one callsite.
pub const NAMES_MAX: u32 = 1024;
