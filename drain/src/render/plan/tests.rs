//! A line written straight from a record is that of its event, or none is written.

use logring::record::{CallsiteInfo, decode};
use proptest::prelude::*;

use super::*;
use crate::render::{JsonRenderer, LineOptions, LogfmtRenderer, Renderer};

/// A dictionary of one callsite and some keys.
struct Dictionary(CallsiteInfo<'static>);

const KEYS: [&str; 7] = ["request", "user", "a b", "level", "n", "pid", "target"];

impl Strings for Dictionary {
    fn string(&self, id: u32) -> Option<&str> {
        KEYS.get((id as usize).checked_sub(1)?).copied()
    }

    fn callsite(&self, id: u32) -> Option<&CallsiteInfo<'static>> {
        (id == 1).then_some(&self.0)
    }
}

fn dictionary(text: &'static str, names: &[&'static str]) -> Dictionary {
    Dictionary(CallsiteInfo {
        level: 20,
        target: "billing::db".into(),
        file: "src/db.rs".into(),
        line: 7,
        event: text.into(),
        names: names.iter().map(|name| (*name).into()).collect(),
    })
}

/// A value's bytes: of every kind that a plan writes, and of some that it does not.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let number = |tag: u8| any::<[u8; 8]>().prop_map(move |bytes| [&[tag][..], &bytes].concat());
    let small =
        |tag: u8| (0u64..2_000_000_000).prop_map(move |n| [&[tag][..], &n.to_le_bytes()].concat());
    let text = |tag: u8| {
        prop_oneof![
            "[ -~]{0,40}".prop_map(String::into_bytes),
            "\\PC{0,9}".prop_map(String::into_bytes),
            proptest::collection::vec(any::<u8>(), 0..9)
        ]
        .prop_map(move |text| [&[tag][..], &(text.len() as u32).to_le_bytes(), &text].concat())
    };
    prop_oneof![
        small(tag::U64),
        small(tag::I64),
        number(tag::U64),
        number(tag::I64),
        number(tag::F64),
        text(tag::STR),
        text(tag::TEXT),
        Just(vec![tag::TRUE]),
        Just(vec![tag::FALSE]),
        Just(vec![tag::NULL]),
        Just([&[tag::DURATION][..], &7u64.to_le_bytes()].concat()),
        Just(vec![tag::LIST, tag::TRUE, tag::END]),
    ]
}

/// Keys and values, one behind the other.
fn pairs(few: usize) -> impl Strategy<Value = Vec<u8>> {
    let pair = (0u32..10, any::<bool>(), value()).prop_map(|(key, is_odd, value)| {
        let inline: &[u8] = match (key, is_odd) {
            (0, true) => &[1, 0, b'k'],
            (0, false) => b"\x05\0line_",
            _ => &[],
        };
        [&key.to_le_bytes()[..], inline, &value].concat()
    });
    proptest::collection::vec(pair, 0..few).prop_map(|pairs| pairs.concat())
}

/// A text's length and bytes.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof!["[ -~]{0,90}", "\\PC{0,30}", Just("{ms} \u{202e}\n".to_owned())];
    text.prop_map(|text| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat())
}

/// Context, text, values and pairs as a record with these flags has them.
fn payload(fields: usize) -> impl Strategy<Value = (u32, Vec<u8>, u16)> {
    let values = proptest::collection::vec(value(), fields).prop_map(|values| values.concat());
    let has = (any::<bool>(), any::<bool>());
    (pairs(3), text(), values, pairs(4), has).prop_map(
        |(context, text, values, extra, (has_text, has_extra))| {
            let mut payload = context.clone();
            let mut set = 0;
            if has_text {
                payload.extend(text);
                set |= flags::TEXT;
            }
            payload.extend(values);
            if has_extra {
                payload.extend(extra);
                set |= flags::EXTRA;
            }
            (context.len() as u32, payload, set)
        },
    )
}

/// What the renderer makes of the event; `None` where the bytes make no sense.
fn by_event(renderer: &mut dyn Renderer, raw: &Raw<'_>, strings: &Dictionary) -> Option<Vec<u8>> {
    let mut event = Event::default();
    decode(raw, strings, &mut event).ok()?;
    let mut out = b"before\n".to_vec();
    renderer.render(&event, &mut out);
    Some(out)
}

/// Whether the line was written straight from the bytes; then it is the event's.
fn straight(renderer: &mut dyn Renderer, raw: &Raw<'_>, strings: &Dictionary) -> bool {
    // Behind the place stands what stood there before.
    let mut out = [&b"before\n"[..], &[b'#'; 700]].concat();
    let end = renderer.render_record(raw, strings, &mut out, 7);
    if let Some(end) = end {
        out.truncate(end);
        let expected = by_event(renderer, raw, strings);
        let (out, expected) = (String::from_utf8(out), expected.map(String::from_utf8));
        assert_eq!(Some(out), expected);
    } else {
        assert!(out.starts_with(b"before\n"), "what stands before is not touched");
    }
    end.is_some()
}

fn raw(payload: &[u8], context_len: u32, level: u8, flags: u16) -> Raw<'_> {
    let timestamp_ns = 1_795_299_243_123_456_789;
    Raw { timestamp_ns, level, callsite: 1, flags, context_len, pid: 4711, tid: 4712, payload }
}

fn renderers() -> [Box<dyn Renderer>; 2] {
    let options = LineOptions::default();
    [Box::new(JsonRenderer::new(options)), Box::new(LogfmtRenderer::new(options))]
}

#[test]
fn plain_records_are_written_straight_from_the_second_on() {
    let strings = dictionary("order placed", &["order_id", "ms"]);
    let number = |number: u64| [&[tag::U64][..], &number.to_le_bytes()].concat();
    let context = [&2u32.to_le_bytes()[..], &number(7)].concat();
    for mut renderer in renderers() {
        for (context, turns) in [(&context[..], 40), (b"", 80)] {
            let payload = [context, &number(1), &number(99)].concat();
            let raw = raw(&payload, context.len() as u32, 20, 0);
            let written = (0..turns).filter(|_| straight(&mut *renderer, &raw, &strings)).count();
            // Another context than the first has to ask more than once for a plan of its own.
            assert!(written >= 39, "{written} of {turns}");
        }
    }
}

/// Whatever a shell, a bridge or a context adds: keys by number and inline, a text of the record's own,
/// keys that the line renames, pairs that win over others, values of every kind.
#[test]
fn records_with_pairs_are_written_straight_from_the_second_on() {
    let strings = dictionary("not {this} text", &["order_id"]);
    let number = |number: u64| [&[tag::U64][..], &number.to_le_bytes()].concat();
    let key = |id: u32| id.to_le_bytes().to_vec();
    let context = [key(2), number(7), key(6), number(9)].concat();
    let chain = [&[tag::ERROR, tag::TEXT, 1, 0, 0, 0, b'e', tag::END, tag::END][..]].concat();
    let inline = [&[0, 0, 0, 0, 3, 0][..], b"a=b"].concat();
    for mut renderer in renderers() {
        for text in ["short", "longer than what is written at once, and it is clean", "a \"{b}\"\n"]
        {
            let payload = [
                context.clone(),
                (text.len() as u32).to_le_bytes().to_vec(),
                text.as_bytes().to_vec(),
                number(1),
                [inline.clone(), chain.clone(), key(4), number(3), key(2), number(8)].concat(),
            ]
            .concat();
            let set = flags::TEXT | flags::EXTRA;
            let raw = raw(&payload, context.len() as u32, 20, set);
            let written = (0..9).filter(|_| straight(&mut *renderer, &raw, &strings)).count();
            assert!(written >= 8, "{written} of 9");
        }
    }
}

/// A callsite whose records all are different costs no look at each of them.
#[test]
fn what_never_fits_is_passed_by() {
    let strings = dictionary("order placed", &[]);
    let mut renderer = JsonRenderer::new(LineOptions::default());
    let payloads: Vec<Vec<u8>> = (0..4000u32)
        .map(|number| {
            let key = format!("k{number}");
            [&[0, 0, 0, 0, key.len() as u8, 0], key.as_bytes(), &[tag::NULL]].concat()
        })
        .collect();
    for payload in &payloads {
        assert!(!straight(&mut renderer, &raw(payload, 0, 20, flags::EXTRA), &strings));
    }
    let plain = raw(&[], 0, 20, 0);
    let written = (0..9000).filter(|_| straight(&mut renderer, &plain, &strings)).count();
    assert!(written > 4000, "what fits again is found again: {written}");
}

/// Lines of many processes, in turn and in runs.
#[test]
fn each_line_has_its_process() {
    let strings = dictionary("order placed", &[]);
    for mut renderer in renderers() {
        for turn in 0..200u32 {
            let pid = if turn % 50 < 25 { turn % 3 } else { turn / 10 };
            let raw = Raw { pid, ..raw(&[], 0, 20, 0) };
            assert_eq!(straight(&mut *renderer, &raw, &strings), turn > 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the bytes are: a line written straight from them is that of the event.
    #[test]
    fn a_line_is_the_events_or_none(
        payloads in proptest::collection::vec((payload(2), 0u16..16, 0u8..8), 2..12),
        damage in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..3),
        text in prop_oneof![Just("order placed"), Just("é \"x\""), Just("took {ms}")],
    ) {
        let strings = dictionary(text, &["order_id", "ms"]);
        for mut renderer in renderers() {
            for ((context_len, payload, set), flags, kind) in &payloads {
                let level = if *kind == 0 { 30 } else { 20 };
                let flags = if *kind < 2 { *flags } else { *set };
                // Twice whole, for the plan, then damaged.
                straight(&mut *renderer, &raw(payload, *context_len, level, flags), &strings);
                straight(&mut *renderer, &raw(payload, *context_len, level, flags), &strings);
                let mut damaged = payload.clone();
                for (at, byte) in &damage {
                    let len = damaged.len().max(1);
                    if let Some(place) = damaged.get_mut(at % len) {
                        *place = *byte;
                    }
                }
                straight(&mut *renderer, &raw(&damaged, *context_len, level, flags), &strings);
                damaged.pop();
                straight(&mut *renderer, &raw(&damaged, *context_len, level, flags), &strings);
                straight(&mut *renderer, &raw(payload, context_len + 1, level, flags), &strings);
            }
        }
    }
}
