//! Whatever stands in an event, no renderer that a config can name lets a control character, a control
//! sequence or a character that reorders text through; a record is one line, and what stands beneath it
//! is indented. Colours are the renderer's own.

mod any_event;

use any_event::{any_event, is_harmful};
use logring::record::{AnyValue, Event, Field};
use logring_drain::config::Sink;
use logring_drain::config::pipeline::Named;
use logring_drain::render::registry;
use logring_drain::tryout::Tryout;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// Options of a renderer: its name, the same in colours if there are, whether it has blocks.
const RENDERERS: &[(&str, &str, bool)] = &[
    ("name = 'json'", "", false),
    ("name = 'json', ensure_ascii = false, sort_keys = true", "", false),
    ("name = 'key_value'", "", false),
    ("name = 'key_value', repr_native_str = false, key_order = ['b', 'event']", "", false),
    ("name = 'logfmt'", "", false),
    ("name = 'logfmt', bool_as_flag = false", "", false),
    ("name = 'console'", "level_styles = { info = 'bold red_back' }", true),
    ("name = 'console', repr_native_str = true, pad_event_to = 3", " ", true),
    ("name = 'console', exception_formatter = 'rich'", " ", true),
    (
        "name = 'console', columns = [{ key = 'event', width = 4, value = 'str' }, { key = 'level', value = 'str' }, { key = '', key_style = 'dim', value = 'str' }]",
        " ",
        true,
    ),
    ("name = 'pattern', utc = true", "", true),
    ("name = 'pattern', utc = true, format = '%(a).3s %(message)-20r %(extra)s %(b)d'", "", true),
    (
        "name = 'pattern', utc = true, style = '{', format = '{a:>5} {a[b]} {message!a} {name}'",
        "",
        true,
    ),
    (
        "name = 'pattern', utc = true, style = '$', format = '$a $b $message $filename $extra'",
        "",
        true,
    ),
    ("name = 'pattern', utc = true, style = 'loguru'", " ", true),
    (
        "name = 'pattern', utc = true, style = 'loguru', format = '<level>{message: ^9.4}</level>{extra[a]}{file}{extra}'",
        " ",
        true,
    ),
];

/// Processors that leave their texts to the renderers.
const PROCESSORS: &str = "['level', 'logger_name', { name = 'format_exception', key = 'err' }]";

fn tryout(renderer: &str) -> Tryout {
    let list: toml::Table = toml::from_str(&format!("x = {PROCESSORS}")).expect("TOML");
    let named = |text: &str| Named::parse(text).expect("TOML");
    let list = list["x"].as_array().expect("an array").iter();
    let processors = list.map(|one| named(&one.to_string())).collect();
    let renderer = Some(named(&format!("{{ {renderer} }}")));
    Tryout::new(&[], vec![Sink { processors, renderer, ..Sink::json("") }]).expect("a pipeline")
}

fn rendered(tryout: &mut Tryout, event: &Event<'static>) -> String {
    tryout.run(&mut event.clone());
    let (_, bytes) = tryout.take().next().expect("one sink");
    String::from_utf8(bytes).expect("lines are UTF-8")
}

/// The text without control sequences that set colours.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        bare.push_str(&rest[..at]);
        let end = rest[at..].find('m').expect("a sequence of colour ends");
        assert!(rest[at + 2..at + end].bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
        rest = &rest[at + end + 1..];
    }
    bare + rest
}

fn check(text: &str, has_blocks: bool, said: &str) {
    let lines = text.strip_suffix('\n').expect("the last line ends");
    let mut lines = lines.split('\n');
    let line = lines.next().expect("there is one");
    assert!(!line.contains(is_harmful), "{said}: {text:?}");
    for line in lines {
        assert!(
            has_blocks && line.starts_with("    ") && !line.contains(is_harmful),
            "{said}: {text:?}"
        );
    }
}

/// Keys that renderers print beneath the line.
fn with_error(mut event: Event<'static>, key: &str) -> Event<'static> {
    let found = event.fields.iter().chain(&event.context).find_map(|field| match &field.value {
        error @ AnyValue::Error(_) => Some(error.clone()),
        _ => None,
    });
    event.fields.extend(found.map(|value| Field { key: key.to_owned().into(), value }));
    event
}

#[test]
fn no_renderer_lets_anything_through() {
    for name in registry::names() {
        let said = format!("name = '{name}'");
        assert!(
            RENDERERS.iter().any(|(renderer, ..)| renderer.starts_with(&said)),
            "{name}: not tried"
        );
    }
    let mut config = ProptestConfig::with_cases(192);
    if let RngSeed::Random = config.rng_seed {
        config.rng_seed = RngSeed::Fixed(fresh_seed());
    }
    let RngSeed::Fixed(seed) = config.rng_seed else { unreachable!("a seed was chosen") };
    println!("PROPTEST_RNG_SEED={seed}");
    let colored = |renderer: &str, options: &str| {
        let options =
            if options.trim().is_empty() { String::new() } else { format!(", {options}") };
        tryout(&format!("{renderer}, colors = true, force_colors = true{options}"))
    };
    let tryouts: Vec<(&str, Tryout, Option<Tryout>, bool)> = RENDERERS
        .iter()
        .map(|(renderer, colors, has_blocks)| {
            let colored = (!colors.is_empty()).then(|| colored(renderer, colors));
            (*renderer, tryout(renderer), colored, *has_blocks)
        })
        .collect();
    let tryouts = std::cell::RefCell::new(tryouts);
    let keys = proptest::sample::select(vec!["exc_info", "err", "other"]);
    let result = TestRunner::new(config).run(&(any_event(), keys), |(event, key)| {
        let event = with_error(event, key);
        for (said, plain, colored, has_blocks) in tryouts.borrow_mut().iter_mut() {
            let text = rendered(plain, &event);
            check(&text, *has_blocks, said);
            if let Some(colored) = colored {
                let text_in_colors = rendered(colored, &event);
                check(&bare(&text_in_colors), *has_blocks, said);
                if !said.contains("columns") && !said.contains("name = 'console'") {
                    assert_eq!(bare(&text_in_colors), text, "{said}: colours change the text");
                }
            }
        }
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
