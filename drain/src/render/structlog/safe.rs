//! Text of strangers in a line of structlog's: where structlog prints it as it is, and it could
//! deceive a reader, it is escaped.

/// Whether a character is escaped in every form of lines: controls, line and paragraph separators,
/// characters that reorder text.
pub(in crate::render) fn is_harmful(char: char) -> bool {
    matches!(
        u32::from(char),
        ..0x20 | 0x7f..=0x9f | 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2066..=0x2069
    )
}

/// Appends `text` as it is if `exact`, else with escapes for what is harmful.
pub(in crate::render) fn put(text: &str, exact: bool, out: &mut String) {
    put_but(text, exact, |_| false, out);
}

/// The same with escapes for more characters.
pub(in crate::render) fn put_but(
    text: &str,
    exact: bool,
    also: impl Fn(char) -> bool,
    out: &mut String,
) {
    if exact || !text.contains(|char| is_harmful(char) || also(char)) {
        return out.push_str(text);
    }
    for char in text.chars() {
        match char {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if is_harmful(char) || also(char) => {
                out.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            char => out.push(char),
        }
    }
}
