//! Anything that implements `serde::Serialize` as a value: a serializer that puts typed values. It runs
//! user code, so it writes into scratch only. The shape is that of serde's JSON.

use std::fmt::{self, Display};

use serde_core::ser::{self, Serialize, Serializer};

use super::decode::one_value;
use super::staged::{List, Map, REST};
use super::text::shown;
use super::value::{Bytes, Value, stage};
use super::writer::{Scratch, Writer};
use crate::layout::value as tag;

/// A value logged by its `Serialize`: structs and maps as maps, sequences as lists, enums as their
/// variant's name, with fields as a map of it. Of the feature `serde`.
///
/// A map's keys are the texts of what they are serialised to. What cannot be serialised is logged as the text `<not serializable: ...>`.
///
/// ```
/// use logring::{AsSerde, info};
///
/// #[derive(serde::Serialize)]
/// struct Order {
///     id: u64,
///     items: Vec<&'static str>,
/// }
///
/// info!("order placed", order = AsSerde(&Order { id: 7, items: vec!["tea"] }));
/// // order={"id":7,"items":["tea"]}
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AsSerde<'a, T: ?Sized>(pub &'a T);

impl<T: Serialize + ?Sized> Value for AsSerde<'_, T> {
    fn encode(&self, out: &mut Writer) {
        let place = out.place();
        if let Err(error) = self.0.serialize(Encoder(&mut *out)) {
            out.go_back(place);
            out.display(&format_args!("<not serializable: {error}>"));
        }
    }
}

/// Puts one value.
struct Encoder<'a>(&'a mut Writer);

/// What a `Serialize` of the user's says.
#[derive(Debug)]
struct Failure(String);

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl ser::Error for Failure {
    fn custom<T: Display>(message: T) -> Self {
        Self(shown(&message))
    }
}

/// Hands each type on to the value that it is.
macro_rules! values {
    ($($name:ident: $type:ty;)*) => {$(
        fn $name(self, value: $type) -> Result<(), Failure> {
            value.encode(self.0);
            Ok(())
        }
    )*};
}

impl<'a> Serializer for Encoder<'a> {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = Sequence<'a>;
    type SerializeTuple = Sequence<'a>;
    type SerializeTupleStruct = Sequence<'a>;
    type SerializeTupleVariant = Sequence<'a>;
    type SerializeMap = Pairs<'a>;
    type SerializeStruct = Pairs<'a>;
    type SerializeStructVariant = Pairs<'a>;

    values! {
        serialize_bool: bool;
        serialize_i8: i8; serialize_i16: i16; serialize_i32: i32; serialize_i64: i64;
        serialize_i128: i128;
        serialize_u8: u8; serialize_u16: u16; serialize_u32: u32; serialize_u64: u64;
        serialize_u128: u128;
        serialize_f32: f32; serialize_f64: f64;
        serialize_char: char; serialize_str: &str;
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        Bytes(bytes).encode(self.0);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Failure> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failure> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Failure> {
        ().encode(self.0);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Failure> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Failure> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        if begin_variant(self.0, variant) {
            value.serialize(Encoder(&mut *self.0))?;
            end_variant(self.0);
        }
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence<'a>, Failure> {
        Ok(Sequence { list: List::begin(self.0), in_variant: false })
    }

    fn serialize_tuple(self, _: usize) -> Result<Sequence<'a>, Failure> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Sequence<'a>, Failure> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Sequence<'a>, Failure> {
        let in_variant = begin_variant(self.0, variant);
        let list = if in_variant { List::begin(self.0) } else { List::closed(self.0) };
        Ok(Sequence { list, in_variant })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Pairs<'a>, Failure> {
        Ok(Pairs { map: Map::begin(self.0), key: String::new(), in_variant: false })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Pairs<'a>, Failure> {
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Pairs<'a>, Failure> {
        let in_variant = begin_variant(self.0, variant);
        let map = if in_variant { Map::begin(self.0) } else { Map::closed(self.0) };
        Ok(Pairs { map, key: String::new(), in_variant })
    }

    fn collect_str<T: Display + ?Sized>(self, text: &T) -> Result<(), Failure> {
        self.0.display(text);
        Ok(())
    }
}

/// Begins a map of one pair, whose value the caller puts. False: it is too deep, and a mark stands there.
fn begin_variant(out: &mut Writer, variant: &str) -> bool {
    let fits = out.descend();
    if fits {
        out.put_fixed(tag::MAP, []);
        out.put_sized(tag::STR, variant.as_bytes());
    } else {
        out.put_sized(tag::TEXT, REST.as_bytes());
    }
    fits
}

fn end_variant(out: &mut Writer) {
    out.put_fixed(tag::END, []);
    out.ascend();
}

/// A list in the making.
struct Sequence<'a> {
    list: List<'a>,
    in_variant: bool,
}

impl Sequence<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        match self.list.next() {
            Some(out) => value.serialize(Encoder(out)),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        let out = self.list.end();
        if self.in_variant {
            end_variant(out);
        }
        Ok(())
    }
}

/// A map in the making.
struct Pairs<'a> {
    map: Map<'a>,
    /// That of the value that comes next.
    key: String,
    in_variant: bool,
}

impl Pairs<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), Failure> {
        match self.map.next(key) {
            Some(out) => value.serialize(Encoder(out)),
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<(), Failure> {
        let out = self.map.end();
        if self.in_variant {
            end_variant(out);
        }
        Ok(())
    }
}

/// The traits of lists, which differ in the names of their methods.
macro_rules! sequences {
    ($($trait:ident $add:ident;)*) => {$(
        impl ser::$trait for Sequence<'_> {
            type Ok = ();
            type Error = Failure;
            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
                self.add(value)
            }
            fn end(self) -> Result<(), Failure> {
                self.finish()
            }
        }
    )*};
}

sequences! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

/// And those of structs.
macro_rules! structs {
    ($($trait:ident)*) => {$(
        impl ser::$trait for Pairs<'_> {
            type Ok = ();
            type Error = Failure;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Failure> {
                self.add(key, value)
            }
            fn end(self) -> Result<(), Failure> {
                self.finish()
            }
        }
    )*};
}

structs! { SerializeStruct SerializeStructVariant }

impl ser::SerializeMap for Pairs<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        let mut scratch = Scratch::new();
        stage(&mut scratch, &AsSerde(key));
        self.key = one_value(scratch.bytes()).to_string();
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let key = std::mem::take(&mut self.key);
        self.add(&key, value)
    }

    fn end(self) -> Result<(), Failure> {
        self.finish()
    }
}
