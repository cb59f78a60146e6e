//! What a page shows against what was printed: equal but for what no two runs have in common.

/// Why `printed` is not what the page shows.
pub(crate) fn difference(expected: &str, printed: &str, varies: bool) -> Option<String> {
    let shown: Vec<String> = expected.lines().map(|line| same(line, varies)).collect();
    let got: Vec<String> = printed.lines().map(|line| same(line, varies)).collect();
    if matches(&shown, &got) {
        return None;
    }
    Some(format!("the page shows\n{expected}\nprinted was\n{printed}"))
}

/// Line by line; a line of `...` stands for any number of lines.
fn matches(shown: &[String], got: &[String]) -> bool {
    match shown.split_first() {
        None => got.is_empty(),
        Some((dots, rest)) if dots == "..." => {
            (0..=got.len()).any(|skipped| matches(rest, &got[skipped..]))
        }
        Some((line, rest)) => {
            got.split_first().is_some_and(|(first, others)| line == first && matches(rest, others))
        }
    }
}

/// A line with zeros for the digits of times, dates, process and thread numbers; where all numbers
/// vary, one zero for each, and one space for several.
fn same(line: &str, varies: bool) -> String {
    let mut line: Vec<char> = line.trim_end().chars().collect();
    if varies {
        line.dedup_by(|a, b| a == b && *a == ' ' || a.is_ascii_digit() && b.is_ascii_digit());
        return line.iter().map(|c| if c.is_ascii_digit() { '0' } else { *c }).collect();
    }
    for at in 0..line.len() {
        for shape in ["0000-00-00", "00:00:00"] {
            if fits(&line[at..], shape) {
                let end =
                    line[at..].iter().position(|c| !(c.is_ascii_digit() || "-:.".contains(*c)));
                let end = end.map_or(line.len(), |len| at + len);
                zero(&mut line[at..end]);
            }
        }
    }
    let mut text: String = line.into_iter().collect();
    for name in ["pid", "thread", "by"] {
        for separator in ["\":", "=", " "] {
            text = one_zero(&text, &format!("{name}{separator}"));
        }
    }
    text
}

fn fits(line: &[char], shape: &str) -> bool {
    line.len() >= shape.len()
        && line.iter().zip(shape.chars()).all(|(c, wanted)| match wanted {
            '0' => c.is_ascii_digit(),
            other => *c == other,
        })
}

fn zero(part: &mut [char]) {
    part.iter_mut().filter(|c| c.is_ascii_digit()).for_each(|c| *c = '0');
}

/// The number behind each `before` as one zero.
fn one_zero(text: &str, before: &str) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        out += before;
        out += if rest.len() < part.len() { "0" } else { "" };
        out += rest;
    }
    out
}

#[test]
fn only_what_varies_may_differ() {
    let shown = "2026-11-21T22:14:03.123456Z info pid=4711 order_id=42";
    assert!(
        difference(shown, "2027-01-02T03:04:05.678901Z info pid=9 order_id=42", false).is_none()
    );
    assert!(
        difference(shown, "2026-11-21T22:14:03.123456Z info pid=4711 order_id=43", false).is_some()
    );
    assert!(difference("{\"pid\":1,\"n\":1}", "{\"pid\":22,\"n\":1}", false).is_none());
    assert!(difference("a\n...\nd\n", "a\nb\nc\nd\n", false).is_none());
    assert!(difference("a\n...\nd\n", "a\nb\nc\n", false).is_some());
    assert!(difference("free   9 of 512", "free 17 of  512", true).is_none());
}
