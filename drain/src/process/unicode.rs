//! `unicode`: bytes to text and text to bytes, as structlog's `UnicodeDecoder` and `UnicodeEncoder`.

use std::borrow::Cow;

use logring::record::{AnyValue, Event};
use serde::Deserialize;

use super::registry::Configured;
use super::{Flow, Processor, text};

/// Makes values that are bytes texts (`to = "text"`, the default), or values that are texts bytes
/// (`to = "bytes"`), in `encoding` (`utf-8`, `ascii` or `latin-1`); `errors` says what stands for
/// what cannot be: `replace`, `ignore` or `backslashreplace`.
///
/// ```
/// # use logring_drain::process::{Processor, registry::build_text};
/// # use logring::record::{AnyValue, Event, Field};
/// let mut unicode = build_text(r#""unicode""#).unwrap().processor;
/// let bytes = AnyValue::Bytes(b"na\xc3\xafve \xff".into());
/// let field = Field { key: "a".into(), value: bytes };
/// let mut event = Event { fields: vec![field], ..Event::default() };
/// unicode.process(&mut event);
/// assert_eq!(event.fields[0].value, AnyValue::Str("naïve \u{fffd}".into()));
/// ```
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unicode {
    #[serde(default)]
    to: Kind,
    #[serde(default)]
    encoding: Encoding,
    errors: Option<Errors>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Text,
    Bytes,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "ascii")]
    Ascii,
    #[serde(rename = "latin-1")]
    Latin1,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Errors {
    Replace,
    Ignore,
    Backslashreplace,
}

impl Configured for Unicode {
    const SHAPES: bool = true;
}

impl Processor for Unicode {
    fn process(&mut self, event: &mut Event<'_>) -> Flow {
        let whole = matches!(self.to, Kind::Bytes).then(|| text::filled(event));
        for field in event.context.iter_mut().chain(&mut event.fields) {
            let value = match (&self.to, &field.value) {
                (Kind::Text, AnyValue::Bytes(bytes)) => AnyValue::Str(self.decode(bytes).into()),
                (Kind::Bytes, value) if text::is_mark(value) => {
                    let text = whole.as_deref().unwrap_or_default();
                    AnyValue::Bytes(Cow::Owned(self.encode(text)))
                }
                (Kind::Bytes, AnyValue::Str(text) | AnyValue::Text(text)) => {
                    AnyValue::Bytes(Cow::Owned(self.encode(text)))
                }
                _ => continue,
            };
            field.value = value;
        }
        Flow::Keep
    }
}

impl Unicode {
    fn decode(&self, bytes: &[u8]) -> String {
        let errors = self.errors.unwrap_or(Errors::Replace);
        let wrong = |bytes: &[u8], text: &mut String| match errors {
            Errors::Replace => text.push('\u{fffd}'),
            Errors::Ignore => {}
            Errors::Backslashreplace => {
                bytes.iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
            }
        };
        let mut text = String::with_capacity(bytes.len());
        match self.encoding {
            Encoding::Latin1 => text.extend(bytes.iter().map(|byte| char::from(*byte))),
            Encoding::Ascii => {
                for byte in bytes {
                    if byte.is_ascii() {
                        text.push(char::from(*byte));
                    } else {
                        wrong(std::slice::from_ref(byte), &mut text);
                    }
                }
            }
            Encoding::Utf8 => {
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    if !chunk.invalid().is_empty() {
                        wrong(chunk.invalid(), &mut text);
                    }
                }
            }
        }
        text
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        let last = match self.encoding {
            Encoding::Utf8 => return text.as_bytes().to_vec(),
            Encoding::Ascii => 0x7f,
            Encoding::Latin1 => 0xff,
        };
        let mut bytes = Vec::with_capacity(text.len());
        for char in text.chars() {
            let code = u32::from(char);
            match (u8::try_from(code), self.errors) {
                (Ok(byte), _) if code <= last => bytes.push(byte),
                (_, Some(Errors::Replace)) => bytes.push(b'?'),
                (_, Some(Errors::Ignore)) => {}
                (_, None | Some(Errors::Backslashreplace)) => {
                    let escape = match code {
                        0..=0xff => format!("\\x{code:02x}"),
                        0x100..=0xffff => format!("\\u{code:04x}"),
                        _ => format!("\\U{code:08x}"),
                    };
                    bytes.extend_from_slice(escape.as_bytes());
                }
            }
        }
        bytes
    }
}
