//! What stands for an event's text among its fields, while processors move it about; a renderer that
//! prints the fields puts the filled text there.

use std::borrow::Cow;

use logring::record::AnyValue;

/// Told from a user's text by its address.
static MARK: &str = "the event's text";

/// The value that stands for the event's text.
#[must_use]
pub fn mark() -> AnyValue<'static> {
    AnyValue::Str(Cow::Borrowed(MARK))
}

/// Whether `value` stands for the event's text.
#[must_use]
pub fn is_mark(value: &AnyValue<'_>) -> bool {
    matches!(value, AnyValue::Str(Cow::Borrowed(text)) if std::ptr::eq(text.as_ptr(), MARK.as_ptr()))
}
