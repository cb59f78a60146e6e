//! Whatever stands in an event, no form of lines lets a control character, a control sequence or a
//! character that reorders text through; a record is one line, and what stands beneath it is indented;
//! no text makes a key. Colours are the renderer's own.

mod any_event;

use any_event::{any_event, is_harmful};
use logring::record::Event;
use logring_drain::render::time::Digits;
use logring_drain::render::{Form, LineOptions};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// All control sequences that there are.
const COLORS: [&str; 9] = [
    "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[35m",
    "\x1b[36m",
];
const BACKGROUND: &str = "\x1b[41m";

/// What is rendered with a shape of the callsite, which must be the same as without.
fn rendered(form: Form, options: LineOptions, event: &Event<'_>) -> String {
    let mut out = Vec::new();
    let mut renderer = form.renderer(options);
    renderer.render(&Event { callsite: 7, ..event.clone() }, &mut out);
    let shaped = out.len();
    renderer.render(&Event { callsite: 0, ..event.clone() }, &mut out);
    let text = String::from_utf8(out).expect("lines are UTF-8");
    let (one, other) = text.split_at(shaped);
    assert_eq!(one, other, "{form}: with a shape and without");
    one.to_owned()
}

/// The line, and those beneath it.
fn lines(text: &str) -> (&str, Vec<&str>) {
    let text = text.strip_suffix('\n').expect("the last line ends");
    let mut lines = text.split('\n');
    (lines.next().expect("there is a line"), lines.collect())
}

/// The pairs of a logfmt line.
fn pairs(line: &str) -> usize {
    let (mut pairs, mut quoted, mut escaped) = (1, false, false);
    let mut last = ' ';
    for character in line.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if quoted || last == '=' => quoted = !quoted,
            '"' => panic!("a quote in the middle of a word: {line}"),
            ' ' if !quoted => pairs += 1,
            _ => {}
        }
        last = character;
    }
    assert!(!quoted, "a quote is open: {line}");
    pairs
}

fn check(event: &Event<'_>, options: LineOptions) {
    let json = rendered(Form::Json, options, event);
    let (line, beneath) = lines(&json);
    assert!(beneath.is_empty() && !line.contains(is_harmful), "{json:?}");
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(line).expect("JSON reads back");

    let logfmt = rendered(Form::Logfmt, options, event);
    let (line, beneath) = lines(&logfmt);
    assert!(beneath.is_empty() && !line.contains(is_harmful), "{logfmt:?}");
    assert_eq!(pairs(line), object.len(), "{logfmt}{json}");

    let plain = rendered(Form::Console, options, event);
    let (line, beneath) = lines(&plain);
    assert!(!line.contains(is_harmful), "{plain:?}");
    for line in beneath {
        assert!(line.starts_with("    ") && !line.contains(is_harmful), "{plain:?}");
    }

    let colored = rendered(Form::Console, LineOptions { colored: true, ..options }, event);
    let bare =
        COLORS.iter().fold(colored.replace(BACKGROUND, ""), |text, color| text.replace(color, ""));
    assert_eq!(bare, plain, "colours change nothing but the colours");
    for line in lines(&colored).1 {
        assert!(line.starts_with("    "), "{colored:?}");
    }
    for line in colored.lines().filter(|line| line.contains('\x1b')) {
        assert!(line.contains("\x1b[0m"), "a colour goes on into the next line: {line:?}");
        let (_, last) = line.rsplit_once('\x1b').expect("there is a sequence");
        assert!(last.starts_with("[0m"), "a colour goes on into the next line: {line:?}");
    }
}

#[test]
fn no_form_lets_anything_through() {
    let mut config = ProptestConfig::with_cases(256);
    if let RngSeed::Random = config.rng_seed {
        config.rng_seed = RngSeed::Fixed(fresh_seed());
    }
    let RngSeed::Fixed(seed) = config.rng_seed else { unreachable!("a seed was chosen") };
    println!("PROPTEST_RNG_SEED={seed}");
    let options = any::<bool>().prop_map(|all| LineOptions {
        digits: if all { Digits::Nine } else { Digits::Six },
        thread: all,
        file: all,
        line: all,
        colored: false,
    });
    let result = TestRunner::new(config).run(&(any_event(), options), |(event, options)| {
        check(&event, options);
        Ok(())
    });
    if let Err(error) = result {
        panic!("PROPTEST_RNG_SEED={seed}: {error}");
    }
}

/// Another one each time.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}
