//! Values and records there and back, and bytes that nobody vouches for.

mod any_value;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use self::any_value::any_value;
use super::callsite::{CallsiteInfo, Facts, decode_string};
use super::value::{AnyEncode, stage};
use super::*;
use crate::layout::record::flags;
use crate::layout::value::{self as tag, DEPTH_MAX, ITEMS_MAX};
use crate::level::Level;

/// A dictionary of one callsite, id 1, and the key `tenant`, id 2.
struct Dictionary(CallsiteInfo<'static>);

impl Strings for Dictionary {
    fn string(&self, id: u32) -> Option<&str> {
        (id == 2).then_some("tenant")
    }
    fn callsite(&self, id: u32) -> Option<&CallsiteInfo<'static>> {
        (id == 1).then_some(&self.0)
    }
}

fn facts<'a>(names: &'a [&'a str]) -> Facts<'a> {
    Facts { level: 20, target: "shop", file: "shop.rs", line: 9, event: "bought {}", names }
}

fn dictionary(names: &[&str]) -> Dictionary {
    Dictionary(CallsiteInfo::decode(&facts(names).encode()).unwrap().into_owned())
}

fn raw(payload: &[u8]) -> Raw<'_> {
    Raw {
        timestamp_ns: 1,
        level: 20,
        callsite: 1,
        flags: 0,
        context_len: 0,
        pid: 2,
        tid: 3,
        payload,
    }
}

fn encode(value: &dyn AnyEncode) -> Vec<u8> {
    let mut scratch = Scratch::new();
    stage(&mut scratch, value);
    scratch.bytes().to_vec()
}

/// A value that was encoded, as it is decoded.
fn decoded(payload: &[u8]) -> Result<AnyValue<'static>, DecodeError> {
    let dictionary = Box::leak(Box::new(dictionary(&["x"])));
    let payload = Box::leak(Box::<[u8]>::from(payload));
    let mut event = Event::default();
    decode(&raw(payload), dictionary, &mut event)?;
    Ok(event.fields.remove(0).value)
}

fn there_and_back(value: &dyn AnyEncode) -> AnyValue<'static> {
    decoded(&encode(value)).unwrap()
}

proptest! {
    #[test]
    fn values_come_back(value in any_value()) {
        prop_assert_eq!(there_and_back(&value), value);
    }

    #[test]
    fn a_staged_value_passes_the_check_that_decode_makes(bytes: Vec<u8>) {
        prop_assert_eq!(super::decode::is_one_value(&bytes), decoded(&bytes).is_ok());
    }

    #[test]
    fn random_records_never_panic(
        payload: Vec<u8>, flags: u16, callsite in 0u32..4, context_len in 0u32..40,
    ) {
        let dictionary = dictionary(&["a", "b"]);
        let mut event = Event::default();
        let record = Raw { flags, callsite, context_len, ..raw(&payload) };
        let _ = decode(&record, &dictionary, &mut event);
        let _ = CallsiteInfo::decode(&payload);
        let _ = decode_string(&payload);
    }

    /// Bytes that are nearly right reach further than random ones.
    #[test]
    fn damaged_records_never_panic(
        values in prop::collection::vec(any_value(), 2),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        len in any::<prop::sample::Index>(),
        flags: u16,
    ) {
        let mut payload: Vec<u8> = values.iter().flat_map(|value| encode(value)).collect();
        for (at, byte) in damage {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        payload.truncate(len.index(payload.len()) + 1);
        let dictionary = dictionary(&["a", "b"]);
        let mut event = Event::default();
        let _ = decode(&Raw { flags, ..raw(&payload) }, &dictionary, &mut event);
    }

    /// A cut record keeps all values before the cut, and never fails.
    #[test]
    fn cut_records_give_what_there_is(
        values in prop::collection::vec(any_value(), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let parts: Vec<_> = values.iter().map(|value| encode(value)).collect();
        let mut payload = parts.concat();
        payload.truncate(cut.index(payload.len()));
        let whole = parts.iter().scan(0, |sum, part| { *sum += part.len(); Some(*sum) })
            .take_while(|end| *end <= payload.len()).count();
        let dictionary = dictionary(&["a", "b", "c", "d", "e", "f"][..values.len()]);
        let mut event = Event::default();
        let record = Raw { flags: flags::TRUNCATED, ..raw(&payload) };
        decode(&record, &dictionary, &mut event).unwrap();
        prop_assert!(event.truncated);
        prop_assert!(event.fields.len() >= whole && event.fields.len() <= whole + 1);
        for (field, value) in event.fields.iter().zip(&values).take(whole) {
            prop_assert_eq!(&field.value, value);
        }
    }

    #[test]
    fn short_floats_widen_by_their_text(value: f32) {
        prop_assume!(value.is_finite());
        let shortest: f64 = value.to_string().parse().unwrap();
        prop_assert_eq!(there_and_back(&value), AnyValue::F64(shortest));
    }

    #[test]
    fn decimal_floats_widen_by_their_text(digits in -1_000_000i32..1_000_000, places in 0i32..7) {
        let value = digits as f32 / 10f32.powi(places);
        let shortest: f64 = value.to_string().parse().unwrap();
        prop_assert_eq!(there_and_back(&value), AnyValue::F64(shortest));
    }
}

#[test]
fn types_of_std() {
    let text = |text: &'static str| AnyValue::Str(text.into());
    let made = |text: &'static str| AnyValue::Text(text.into());
    assert_eq!(there_and_back(&0.1f32), AnyValue::F64(0.1));
    assert_eq!(there_and_back(&-7i8), AnyValue::I64(-7));
    assert_eq!(there_and_back(&7usize), AnyValue::U64(7));
    assert_eq!(there_and_back(&'é'), text("é"));
    assert_eq!(there_and_back(&String::from("a")), text("a"));
    assert_eq!(there_and_back(&Some(1u8)), AnyValue::U64(1));
    assert_eq!(there_and_back(&None::<String>), AnyValue::Null);
    assert_eq!(there_and_back(&Box::new(std::sync::Arc::new(true))), AnyValue::Bool(true));
    assert_eq!(there_and_back(&Duration::MAX), AnyValue::Duration(i64::MAX));
    assert_eq!(there_and_back(&std::net::Ipv4Addr::LOCALHOST), made("127.0.0.1"));
    assert_eq!(there_and_back(&std::path::Path::new("/x")), made("/x"));
    assert_eq!(there_and_back(&AsDebug("a\"b")), made("\"a\\\"b\""));
    assert_eq!(there_and_back(&AsDisplay(&7)), made("7"));
    let list = AnyValue::List(vec![AnyValue::I64(1), AnyValue::I64(2)]);
    assert_eq!(there_and_back(&vec![1, 2]), list);
    assert_eq!(there_and_back(&[1, 2]), list);
    let map = AnyValue::Map(vec![("1".into(), text("a"))]);
    assert_eq!(there_and_back(&BTreeMap::from([(1, "a")])), map);
    assert_eq!(there_and_back(&HashMap::from([("1", "a")])), map);
    let error = std::io::Error::other("disk");
    let chain = ErrorChain { messages: vec!["disk".into()], frames: vec![] };
    assert_eq!(there_and_back(&error), AnyValue::Error(chain));
}

/// The length that a plain value announces is the length that it has.
#[test]
fn plain_lengths_are_exact() {
    fn check<V: Value>(value: V) {
        assert!(V::PLAIN);
        assert_eq!(encode(&value).len(), value.encoded_len());
    }
    check(());
    check(true);
    check(-1i8);
    check(1u64);
    check(1i128);
    check(1.5f32);
    check(1.5f64);
    check('é');
    check("text");
    check(String::from("text"));
    check(Some("text"));
    check(None::<u8>);
    check(Duration::ZERO);
    check(UNIX_EPOCH);
    check(Uuid([7; 16]));
    check(Bytes(b"bytes"));
    let boxed = Box::new(7);
    check(&boxed);
    check(Cow::Borrowed("text"));
}

#[test]
fn plain_values_borrow() {
    let payload = [encode(&"text"), encode(&Bytes(b"raw"))].concat();
    let dictionary = dictionary(&["a", "b"]);
    let mut event = Event::default();
    decode(&raw(&payload), &dictionary, &mut event).unwrap();
    assert!(matches!(event.fields[0].value, AnyValue::Str(Cow::Borrowed("text"))));
    assert!(matches!(event.fields[1].value, AnyValue::Bytes(Cow::Borrowed(b"raw"))));
    assert!(matches!(event.fields[0].key, Cow::Borrowed("a")));
    assert!(matches!(event.event, Cow::Borrowed("bought {}")));
}

#[test]
fn a_whole_record() {
    let context = [
        &2u32.to_le_bytes()[..],
        &encode(&"acme"),
        &0u32.to_le_bytes(),
        &3u16.to_le_bytes(),
        b"who",
        &encode(&7),
        &99u32.to_le_bytes(),
        &encode(&true),
    ]
    .concat();
    let extra = [&2u32.to_le_bytes()[..], &encode(&1.5)].concat();
    let payload = [&context[..], &encode(&"book"), &extra].concat();
    let record =
        Raw { level: 40, flags: flags::EXTRA, context_len: context.len() as u32, ..raw(&payload) };
    let dictionary = dictionary(&["what"]);
    let mut event = Event::default();
    decode(&record, &dictionary, &mut event).unwrap();
    assert_eq!((event.level, event.pid, event.tid, event.line), (Level::Error, 2, 3, 9));
    assert_eq!([&*event.target, &*event.event, &*event.file], ["shop", "bought {}", "shop.rs"]);
    let pairs = |fields: &[Field<'_>]| {
        fields.iter().map(|field| format!("{}={:?}", field.key, field.value)).collect::<Vec<_>>()
    };
    let expected = ["tenant=Str(\"acme\")", "who=I64(7)", "key-99=Bool(true)"];
    assert_eq!(pairs(&event.context), expected);
    assert_eq!(pairs(&event.fields), ["what=Str(\"book\")", "tenant=F64(1.5)"]);

    // The same with the callsite inline.
    let content = facts(&["what"]).encode();
    let inline = [&(content.len() as u32).to_le_bytes()[..], &content, &payload].concat();
    let mut other = Event::default();
    decode(&Raw { callsite: 0, payload: &inline, ..record }, &dictionary, &mut other).unwrap();
    // It has no id then.
    assert_eq!(other.callsite, 0);
    other.callsite = event.callsite;
    assert_eq!(other, event);
}

#[test]
fn broken_text_shows_where() {
    let mut payload = encode(&"a-b");
    payload[6] = 0xff;
    assert_eq!(decoded(&payload), Ok(AnyValue::Str("a\u{fffd}b".into())));
}

#[test]
fn what_cannot_be_is_told_with_its_place() {
    let malformed = |offset| Err(DecodeError::Malformed { offset });
    assert_eq!(decoded(&[]), Err(DecodeError::Truncated));
    assert_eq!(decoded(&[tag::I64, 1, 2]), Err(DecodeError::Truncated));
    assert_eq!(decoded(&[tag::STR, 255, 255, 255, 255, 1]), Err(DecodeError::Truncated));
    assert_eq!(decoded(&[tag::LIST, tag::NULL]), Err(DecodeError::Truncated));
    assert_eq!(decoded(&[200]), malformed(0));
    assert_eq!(decoded(&[tag::END]), malformed(0));
    assert_eq!(decoded(&[tag::NULL, tag::NULL]), malformed(1), "bytes left over");
    assert_eq!(decoded(&[tag::MAP, tag::NULL, tag::NULL, tag::END]), malformed(1));
    assert_eq!(decoded(&[tag::ERROR, tag::STR, tag::END, tag::END]), malformed(1));
    let unknown = decode(&Raw { callsite: 5, ..raw(&[]) }, &dictionary(&[]), &mut Event::default());
    assert_eq!(unknown, Err(DecodeError::Malformed { offset: 0 }));
}

#[test]
fn depth_and_count_have_bounds() {
    let nested = |depth: u32| {
        let ends = [tag::END].repeat(depth as usize);
        [[tag::LIST].repeat(depth as usize), ends].concat()
    };
    assert!(decoded(&nested(DEPTH_MAX)).is_ok());
    let offset = DEPTH_MAX as usize;
    assert_eq!(decoded(&nested(DEPTH_MAX + 1)), Err(DecodeError::Malformed { offset }));
    let list =
        |count: u32| [vec![tag::LIST], [tag::NULL].repeat(count as usize), vec![tag::END]].concat();
    assert!(decoded(&list(ITEMS_MAX)).is_ok());
    let offset = 1 + ITEMS_MAX as usize;
    assert_eq!(decoded(&list(ITEMS_MAX + 1)), Err(DecodeError::Malformed { offset }));
}

#[test]
fn a_long_list_keeps_its_first_items_and_says_so() {
    let AnyValue::List(items) = there_and_back(&vec![1u8; 10_000]) else { panic!("a list") };
    assert_eq!(items.len(), ITEMS_MAX as usize);
    assert_eq!(items[4094], AnyValue::U64(1));
    assert_eq!(items[4095], AnyValue::Text("… and 5905 more".into()));
    let map: BTreeMap<u32, u32> = (0..5000).map(|n| (n, n)).collect();
    let AnyValue::Map(pairs) = there_and_back(&map) else { panic!("a map") };
    assert_eq!(pairs.len(), ITEMS_MAX as usize);
    assert_eq!(pairs[4095], ("…".into(), AnyValue::Text("and 905 more".into())));
}

/// A user's value that encodes what the number says.
struct Odd(u32);

impl Value for Odd {
    fn encode(&self, out: &mut Writer) {
        match self.0 {
            0 => {}
            1 => {
                1i64.encode(out);
                2i64.encode(out);
            }
            2 => panic!("on purpose"),
            depth => out.list(|list| {
                list.item(&Self(depth - 1));
            }),
        }
    }
}

#[test]
fn a_value_that_misbehaves_is_replaced() {
    let malformed = AnyValue::Text("<malformed value>".into());
    let panicked = AnyValue::Text("<panicked>".into());
    assert_eq!(there_and_back(&Odd(0)), malformed);
    assert_eq!(there_and_back(&Odd(1)), malformed);
    assert_eq!(there_and_back(&Odd(2)), panicked);
    assert_eq!(there_and_back(&Odd(5)), panicked);
    // What stands before it stays.
    let mut scratch = Scratch::new();
    stage(&mut scratch, &"before");
    stage(&mut scratch, &Odd(5));
    assert_eq!(scratch.bytes(), [encode(&"before"), encode(&Odd(2))].concat());
}
