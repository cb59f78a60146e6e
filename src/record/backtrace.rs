//! A backtrace's text as frames: `function at file:line:column`, innermost first. The text is what
//! `std::backtrace::Backtrace` displays; error types of application crates show the same in their `Debug`.

/// Frames that are kept.
const FRAMES_MAX: usize = 256;

/// What an error's `Debug` says of its backtrace; empty when nothing.
pub(crate) fn within(debug: &str) -> &str {
    const HEAD: &str = "Stack backtrace:\n";
    match debug.rfind(HEAD) {
        Some(at) if at == 0 || debug[..at].ends_with('\n') => &debug[at + HEAD.len()..],
        _ => "",
    }
}

/// The frames of a backtrace's text, without those that take it and those that start the thread.
pub(crate) fn frames(text: &str) -> Vec<String> {
    let mut frames: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let (Some(place), Some(frame)) = (line.strip_prefix("at "), frames.last_mut()) {
            frame.push_str(" at ");
            frame.push_str(place);
        } else if let Some((number, function)) = line.split_once(": ")
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            if function.contains("__rust_begin_short_backtrace") || frames.len() == FRAMES_MAX {
                break;
            }
            frames.push(function.to_owned());
        }
    }
    let takes_it = |frame: &&String| {
        let name = frame.trim_start_matches('<');
        ["std::backtrace", "anyhow::", "eyre::"].iter().any(|of| name.starts_with(of))
    };
    let skipped = frames.iter().take_while(takes_it).count();
    frames.split_off(skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "   0: std::backtrace::Backtrace::create\n             at /rustc/1/b.rs:331:13
   1: billing::charge
             at ./src/charge.rs:12:5
   2: <billing::Db as billing::Store>::put
   3: std::sys::backtrace::__rust_begin_short_backtrace
             at /rustc/1/c.rs:152:18
   4: main\n";

    #[test]
    fn frames_of_a_text() {
        let expected =
            ["billing::charge at ./src/charge.rs:12:5", "<billing::Db as billing::Store>::put"];
        assert_eq!(frames(TEXT), expected);
        assert_eq!(frames("at nowhere\nno number: x\n\u{1b}"), [""; 0]);
        assert_eq!(frames(&"7: f\n".repeat(1000)).len(), FRAMES_MAX);
    }

    #[test]
    fn backtraces_within_debug_texts() {
        let debug = format!("no answer\n\nCaused by:\n    reset\n\nStack backtrace:\n{TEXT}");
        assert_eq!(within(&debug), TEXT);
        assert_eq!(within("say \"Stack backtrace:\n\""), "");
        assert_eq!(within("Error { code: 7 }"), "");
    }
}
