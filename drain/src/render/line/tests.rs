//! Every piece and number arrives whole, whatever room there is.

use super::*;

fn written(room: usize, write: impl FnOnce(&mut Line<'_>)) -> Vec<u8> {
    let mut out = b"before".to_vec();
    let mut line = Line::new(&mut out, room);
    write(&mut line);
    let end = line.end();
    assert_eq!(end, out.len());
    out.strip_prefix(b"before").unwrap().to_vec()
}

#[test]
fn pieces_of_every_length_arrive_whole_whatever_the_room() {
    let bytes: Vec<u8> = (1..=200).collect();
    for len in 0..bytes.len() {
        for room in [0, 1, 10, 100, 1000] {
            let piece = Piece::new(&bytes[..len]);
            let pieces = written(room, |line| {
                line.piece(&piece);
                line.put(b"|");
                line.piece(&piece);
            });
            assert_eq!(pieces, [&bytes[..len], b"|", &bytes[..len]].concat());
            let twice = written(room, |line| {
                line.bytes(&bytes[..len]);
                line.put(b"|");
                line.bytes(&bytes[..len]);
            });
            assert_eq!(twice, [&bytes[..len], b"|", &bytes[..len]].concat());
        }
    }
}

#[test]
fn integers_have_their_digits() {
    let mut values = vec![0, u64::MAX, i64::MAX as u64];
    for digits in 0..20 {
        let power = 10u64.pow(digits);
        values.extend([power - 1, power, power + 1, power.wrapping_mul(9), 1_234_567_890 % power]);
    }
    values.extend((0..100_000_000).step_by(9_973));
    for value in values {
        assert_eq!(written(0, |line| line.integer(value)), value.to_string().as_bytes());
        let signed = (value as i64).wrapping_neg();
        assert_eq!(written(99, |line| line.signed(signed)), signed.to_string().as_bytes());
    }
    assert_eq!(written(0, |line| line.signed(i64::MIN)), i64::MIN.to_string().as_bytes());
}

#[test]
fn short_doubles_are_the_shortest_text() {
    let of = |value: f64| {
        let mut is_written = false;
        let text = written(0, |line| is_written = line.short_double(value));
        let text = String::from_utf8(text).unwrap();
        let expected = zmij::Buffer::new().format_finite(value).to_owned();
        assert_eq!(text, if is_written { &*expected } else { "" }, "{value:?}");
        is_written
    };
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for round in 0..400_000u32 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let power = 10u64.pow(round % 8);
        let decimal = ((state % 100_000_000_000_000) >> (round % 40)) as f64 / power as f64;
        for value in [decimal, -decimal, decimal.next_up(), f64::from_bits(state)] {
            of(value);
        }
    }
    for value in [1.0, 12.5, -2.5, 0.001, 0.1, 1.000_001, 99_999_999.999_999, 33.3, 1e7] {
        assert!(of(value), "{value:?}");
    }
    let odd = [0.0, -0.0, 1e8, 0.000_9, 1.0 / 3.0, 1e300, f64::MIN_POSITIVE, f64::INFINITY];
    for value in odd.into_iter().filter(|value| value.is_finite()) {
        assert!(!of(value), "{value:?}");
    }
    assert_eq!(written(0, |line| assert!(!line.short_double(f64::NAN))), b"");
}

#[test]
fn numbers_behind_a_lead_are_those_without() {
    let longest = [b'k'; LEAD_BYTES];
    assert_eq!(Lead::new(&[b'k'; LEAD_BYTES + 1]), None);
    for len in [0, 1, 7, 31, 32] {
        let lead = Lead::new(&longest[..len]).unwrap();
        for digits in 0..19 {
            let size = 10u64.pow(digits) / 3 * 7;
            for is_negative in [false, true] {
                let mut is_written = false;
                let text = written(0, |line| {
                    line.put(b"|");
                    is_written = line.lead_integer(&lead, is_negative, size);
                });
                assert_eq!(is_written, size < EIGHT_DIGITS);
                let sign = if is_negative { "-" } else { "" };
                let lead = std::str::from_utf8(&longest[..len]).unwrap();
                let expected = format!("|{lead}{sign}{size}");
                assert_eq!(text, if is_written { expected.as_bytes() } else { b"|" });
            }
        }
        for value in [1.5, -0.25, 99_999_999.999_999, 7.0, -1e-3, 0.0, 1e8, f64::NAN, 1.0 / 3.0] {
            let mut is_written = [false; 2];
            let behind = written(0, |line| is_written[0] = line.lead_double(&lead, value));
            let alone = written(0, |line| is_written[1] = line.short_double(value));
            assert_eq!(is_written[0], is_written[1]);
            let expected = [&longest[..len], &alone].concat();
            assert_eq!(behind, if is_written[0] { &expected[..] } else { b"" });
        }
    }
}

#[test]
fn fractions_keep_their_zeros() {
    for value in [0, 7, 10, 999_999, 123_456] {
        assert_eq!(six_digits_z(value, b'!'), format!("{value:06}Z!").as_bytes());
    }
    for value in [0, 7, 10, 999_999_999, 123_456_789] {
        assert_eq!(nine_digits_z(value), format!("{value:09}Z").as_bytes());
    }
}
