//! Values that are never logged: their place is taken in the producer, so that their bytes never reach
//! shared memory.

use std::fmt;

use super::value::Value;
use super::writer::Writer;

/// What stands for a secret.
const MASK: &str = "[redacted]";

/// A value that stays in the program: logged, debugged, displayed or serialised it is `[redacted]`.
///
/// Its bytes never reach the segment, by whatever way it is logged; where only the drain should hide
/// something there is its processor `redact`. Nothing else is promised: memory is not wiped.
///
/// ```
/// use logring::{Secret, info};
///
/// let password = Secret::new(String::from("hunter2"));
/// info!("login", user = "ann", password, shown = ?password);
/// // user=ann password=[redacted] shown=[redacted]
/// assert_eq!(format!("{password} {password:?}"), "[redacted] [redacted]");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret<T: ?Sized>(T);

impl<T> Secret<T> {
    /// Keeps a value to itself.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Gives the value away.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T: ?Sized> Secret<T> {
    /// The value.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: ?Sized> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T: ?Sized> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T: ?Sized> Value for Secret<T> {
    const PLAIN: bool = true;
    #[inline(always)]
    fn encoded_len(&self) -> usize {
        MASK.encoded_len()
    }
    #[inline(always)]
    fn encode(&self, out: &mut Writer) {
        MASK.encode(out);
    }
    const IS_SIZED: bool = true;
    #[inline(always)]
    fn sized(&self) -> (u8, &[u8]) {
        MASK.sized()
    }
}

/// The value `[redacted]`, in place of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redacted;

impl Value for Redacted {
    const PLAIN: bool = true;
    #[inline(always)]
    fn encoded_len(&self) -> usize {
        MASK.encoded_len()
    }
    #[inline(always)]
    fn encode(&self, out: &mut Writer) {
        MASK.encode(out);
    }
    const IS_SIZED: bool = true;
    #[inline(always)]
    fn sized(&self) -> (u8, &[u8]) {
        MASK.sized()
    }
}

#[cfg(feature = "serde")]
impl<T: ?Sized> serde_core::Serialize for Secret<T> {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}
