//! What is checked of a log call when it is compiled: placeholders against fields, names against
//! each other. All of it runs in constants; an error is a panic there, which names its cause.

use super::context::keys::RESERVED;
use crate::layout::value::NAMES_MAX;

/// Each placeholder of `event` has its field, and the names are fit and differ.
#[track_caller]
pub(super) const fn check(event: &str, names: &[&str]) {
    check_names(names);
    let text = event.as_bytes();
    let (mut at, mut taken) = (0, 0);
    while at < text.len() {
        let doubled = at + 1 < text.len() && text[at + 1] == text[at];
        match text[at] {
            b'{' | b'}' if doubled => at += 2,
            b'{' => at = placeholder(event, at + 1, &mut taken, names),
            b'}' => fail(["a `}` without its `{` in the event \"", event, "\"; a brace is `}}`"]),
            _ => at += 1,
        }
    }
}

/// Checks the placeholder whose inside begins at `start`; gives the place behind it.
#[track_caller]
const fn placeholder(event: &str, start: usize, taken: &mut usize, names: &[&str]) -> usize {
    let text = event.as_bytes();
    let mut end = start;
    while end < text.len() && !matches!(text[end], b'{' | b'}' | b':') {
        end += 1;
    }
    let mut close = end;
    while close < text.len() && !matches!(text[close], b'{' | b'}') {
        close += 1;
    }
    if close == text.len() || text[close] == b'{' {
        fail(["a `{` without its `}` in the event \"", event, "\"; a brace is `{{`"]);
    }
    let (before, _) = event.split_at(end);
    let (_, name) = before.split_at(start);
    if name.is_empty() {
        *taken += 1;
        if *taken > names.len() {
            let (before, _) = event.split_at(close + 1);
            fail(["there is no field for the last `{}` of \"", before, "\""]);
        }
    } else if !contains(names, name) {
        fail([
            "there is no field for the placeholder `{",
            name,
            "}`: name one so behind the event",
        ]);
    }
    close + 1
}

/// The names are fit for keys, and no two are the same.
#[track_caller]
pub const fn check_names(names: &[&str]) {
    if names.len() > NAMES_MAX as usize {
        fail(["a log call has more than 1024 fields", "", ""]);
    }
    let mut rest = names;
    while let [name, more @ ..] = rest {
        if contains(more, name) {
            fail(["two fields are named `", name, "`"]);
        }
        if name.is_empty() {
            fail(["a field's name is empty", "", ""]);
        }
        if has_control(name.as_bytes()) {
            fail(["a field's name has a control character in it: `", name, "`"]);
        }
        if contains(&RESERVED, name) {
            fail(["`", name, "` is the line's own key; name the field otherwise"]);
        }
        if let [b'r', b'#', ..] = name.as_bytes() {
            fail(["write the name as a string instead of `", name, "`"]);
        }
        rest = more;
    }
}

/// Whether UTF-8 text has a control character: C0, DEL, C1.
const fn has_control(text: &[u8]) -> bool {
    let mut rest = text;
    while let [byte, more @ ..] = rest {
        if *byte < 0x20 || *byte == 0x7f {
            return true;
        }
        if let (0xc2, [0x80..=0x9f, ..]) = (*byte, more) {
            return true;
        }
        rest = more;
    }
    false
}

const fn contains(names: &[&str], wanted: &str) -> bool {
    let mut rest = names;
    while let [name, more @ ..] = rest {
        if same(name.as_bytes(), wanted.as_bytes()) {
            return true;
        }
        rest = more;
    }
    false
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Fails with the parts as one message; formatting is not to be had in constants.
#[track_caller]
const fn fail(parts: [&str; 3]) -> ! {
    let mut bytes = [0; 512];
    let mut len = 0;
    let mut part = 0;
    while part < parts.len() {
        let text = parts[part].as_bytes();
        let mut at = 0;
        while at < text.len() && len < bytes.len() {
            bytes[len] = text[at];
            len += 1;
            at += 1;
        }
        part += 1;
    }
    let (message, _) = bytes.split_at(len);
    match std::str::from_utf8(message) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("a log call's event and fields do not fit"),
    }
}
