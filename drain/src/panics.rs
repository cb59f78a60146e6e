//! Panics of the user's code: processors, renderers and sinks of their own run on the drain's
//! thread, and none of them may end it. Unwind safety: what a panic leaves half done in such an
//! object is its own to bear, the drain uses none of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `action` returns, or the text of its panic.
pub(crate) fn caught<T>(action: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(action)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without a text")
            .to_owned()
    })
}
