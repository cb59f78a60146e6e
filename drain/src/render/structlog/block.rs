//! Text of several lines beneath a record's: exceptions and stacks.

use super::safe;

/// Before each line, unless `exact`.
pub(super) const INDENT: &str = "    ";

/// Appends `text`; unless `exact`, each line is indented, so that none passes for a record.
pub(in crate::render) fn put(text: &str, exact: bool, out: &mut String) {
    if exact {
        return out.push_str(text);
    }
    for (index, line) in text.split('\n').enumerate() {
        out.push_str(if index > 0 { "\n" } else { "" });
        out.push_str(INDENT);
        safe::put(line, false, out);
    }
}
