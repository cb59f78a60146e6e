//! Texts that have an end: a short one on the stack, for the few places that format without an
//! allocation, and one of whatever a user's `Display` says.

use std::fmt::{self, Write as _};

/// Text of at most `N` bytes.
#[derive(Debug)]
pub(crate) struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Short<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// What fitted, up to the last whole character.
    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(whole).unwrap_or_default()
            }
        }
    }
}

impl<const N: usize> fmt::Write for Short<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let len = text.len().min(N - self.len);
        self.bytes[self.len..self.len + len].copy_from_slice(&text.as_bytes()[..len]);
        self.len += len;
        Ok(())
    }
}

/// So many bytes of a text are kept.
const SHOWN_MAX: usize = 1 << 20;

/// What `text` says: up to where its formatter fails, and no more than a mebibyte, since one that never
/// ends must not take all memory.
pub(crate) fn shown(text: &dyn fmt::Display) -> String {
    struct Shown(String);
    impl fmt::Write for Shown {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = SHOWN_MAX - self.0.len();
            self.0.push_str(&text[..text.floor_char_boundary(room)]);
            if text.len() > room { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut shown = Shown(String::new());
    // What was written before it failed stays.
    let _ = write!(shown, "{text}");
    shown.0
}
