//! The ring's protocol: producers claim blocks and commit records, the drain reads and frees.

pub mod memory;

pub use memory::Memory;
