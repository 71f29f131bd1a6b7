//! A serde deserializer over the tree, that knows the place of every error.
//!
//! It differs from a general one in what the language asks for. A kind is a map with one key or its bare name: a bare name gives
//! the kind an empty map of settings. A map given to a kind must have no second key, also where a hand-written visitor takes
//! the kind from `visit_map`. Null is refused everywhere, for it only removes what a base file wrote. Any word is text where
//! text is wanted, so names may look like numbers.

use super::node::{Entry, Node, Part, Span, Value};
use super::read_error::ReadError;
use super::scalar::{Word, word};
use serde::de::{self, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};

/// Deserializes one node.
#[derive(Debug, Clone, Copy)]
pub struct De<'a> {
    at: At<'a>,
    /// Where to show what is wrong with the node as a whole.
    span: Span,
}

#[derive(Debug, Clone, Copy)]
enum At<'a> {
    Node(&'a Node),
    /// The settings of a kind that stands as its bare name.
    Bare,
}

impl<'a> De<'a> {
    /// A deserializer of `node`.
    pub fn new(node: &'a Node) -> Self {
        Self { at: At::Node(node), span: node.head() }
    }

    /// The text of a scalar; anything else is not what `visitor` wants.
    fn text<'de>(self, visitor: &impl Visitor<'de>) -> Result<&'a str, ReadError> {
        match self.at {
            At::Node(Node { value: Value::Scalar(s), .. }) if word(s) != Word::Null => Ok(&s.text),
            At::Node(Node { value: Value::Scalar(_), .. }) => Err(null()),
            At::Node(Node { value: Value::List(_), .. }) => Err(ReadError::invalid_type(Unexpected::Seq, visitor)),
            At::Node(Node { value: Value::Map(_), .. }) => Err(ReadError::invalid_type(Unexpected::Map, visitor)),
            At::Bare => Err(ReadError::invalid_type(Unexpected::UnitVariant, visitor)),
        }
    }
}

fn null() -> ReadError {
    ReadError::new("a value is missing")
        .label("expected a value")
        .hint("write one; null only removes what a base file wrote")
}

impl<'de> Deserializer<'de> for De<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let node = match self.at {
            At::Bare => return visitor.visit_map(Entries { left: [].iter(), value: None }),
            At::Node(node) => node,
        };
        match &node.value {
            Value::Map(entries) => visit_map(entries, visitor),
            Value::List(nodes) => visit_list(nodes, visitor),
            Value::Scalar(scalar) => match word(scalar) {
                Word::Null => Err(null()),
                Word::Bool(value) => visitor.visit_bool(value),
                Word::Unsigned(value) => visitor.visit_u64(value),
                Word::Negative(value) => visitor.visit_i64(value),
                Word::Float(value) => visitor.visit_f64(value),
                Word::Text(text) => visitor.visit_str(text),
            },
        }
        .map_err(|f| f.located(self.span))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.text(&visitor).and_then(|text| visitor.visit_str(text)).map_err(|f| f.located(self.span))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.at {
            At::Node(node) if node.is_null() => Err(null().located(self.span)),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self).map_err(|f| f.located(self.span))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let result = match self.at {
            At::Node(Node { value: Value::Map(entries), .. }) => one(entries).and_then(|entry| {
                visitor.visit_enum(Kind { name: &entry.key, entry: Some(entry), span: entry.key_span })
            }),
            _ => self.text(&visitor).and_then(|name| visitor.visit_enum(Kind { name, entry: None, span: self.span })),
        };
        result.map_err(|f| f.located(self.span))
    }

    /// serde would take a list for the settings in their order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.at {
            At::Node(Node { value: Value::List(_), .. }) => {
                Err(ReadError::invalid_type(Unexpected::Seq, &visitor).located(self.span))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    /// Anything will do, null too, and nothing is looked at.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct map
    }
}

/// The only entry of a map that stands for a kind.
fn one(entries: &[Entry]) -> Result<&Entry, ReadError> {
    match entries {
        [entry] => Ok(entry),
        [] => Err(ReadError::new("a kind is missing").label("an empty map names no kind")),
        [_, second, ..] => Err(several(entries, second)),
    }
}

fn several(entries: &[Entry], second: &Entry) -> ReadError {
    let keys: Vec<&str> = entries.iter().map(|e| e.key.as_str()).collect();
    ReadError::new("a kind is a map with one key")
        .label(format!("there are {}: {}", keys.len(), keys.join(", ")))
        .hint("keep one of them")
        .located(second.key_span)
        .within(Part::Key(second.key.clone()))
}

fn visit_map<'de, V: Visitor<'de>>(entries: &[Entry], visitor: V) -> Result<V::Value, ReadError> {
    let mut access = Entries { left: entries.iter(), value: None };
    let value = visitor.visit_map(&mut access)?;
    match access.left.next() {
        None => Ok(value),
        // A visitor that stops early has taken a kind.
        Some(second) => Err(several(entries, second)),
    }
}

fn visit_list<'de, V: Visitor<'de>>(nodes: &[Node], visitor: V) -> Result<V::Value, ReadError> {
    let mut access = List { nodes, next: 0 };
    let value = visitor.visit_seq(&mut access)?;
    match nodes.get(access.next) {
        None => Ok(value),
        Some(extra) => Err(ReadError::new(format!("the list is too long: {} are expected", access.next))
            .located(extra.head())
            .within(Part::Index(access.next))),
    }
}

struct Entries<'a> {
    left: std::slice::Iter<'a, Entry>,
    value: Option<&'a Entry>,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some(entry) = self.left.next() else { return Ok(None) };
        self.value = Some(entry);
        let part = || Part::Key(entry.key.clone());
        seed.deserialize(Key(&entry.key)).map(Some).map_err(|f| f.located(entry.key_span).within(part()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let entry = self.value.take().ok_or_else(|| ReadError::new("a value without its key"))?;
        value_of(entry, seed)
    }
}

fn value_of<'de, V: DeserializeSeed<'de>>(entry: &Entry, seed: V) -> Result<V::Value, ReadError> {
    let span = match entry.value.value {
        // What is wrong with a map as a whole is shown at its key.
        Value::Scalar(_) if entry.value.span.start < entry.value.span.end => entry.value.span,
        _ => entry.key_span,
    };
    let de = De { at: At::Node(&entry.value), span };
    seed.deserialize(de).map_err(|f| f.located(span).within(Part::Key(entry.key.clone())))
}

struct List<'a> {
    nodes: &'a [Node],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for List<'_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some(node) = self.nodes.get(self.next) else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(De::new(node)).map(Some).map_err(|f| f.located(node.head()).within(Part::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len() - self.next)
    }
}

/// A key; what is wrong with it is shown at the key, and removing the entry mends it.
struct Key<'a>(&'a str);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// A kind: its name, and its settings if there are any.
struct Kind<'a> {
    name: &'a str,
    entry: Option<&'a Entry>,
    span: Span,
}

impl<'a, 'de> de::EnumAccess<'de> for Kind<'a> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Kind<'a>), ReadError> {
        let name: de::value::StrDeserializer<'_, ReadError> = self.name.into_deserializer();
        match seed.deserialize(name) {
            Ok(variant) => Ok((variant, self)),
            Err(fault) => Err(self.at_key(fault.located(self.span))),
        }
    }
}

impl Kind<'_> {
    fn at_key(&self, fault: ReadError) -> ReadError {
        match self.entry {
            Some(entry) => fault.within(Part::Key(entry.key.clone())),
            None => fault,
        }
    }
}

impl<'de> de::VariantAccess<'de> for Kind<'_> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        if self.entry.is_none() {
            return Ok(());
        }
        let fault =
            ReadError::new(format!("{} takes no settings", self.name)).hint(format!("write {} alone", self.name));
        Err(self.at_key(fault.located(self.span)))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        match self.entry {
            Some(entry) => value_of(entry, seed),
            None => seed.deserialize(De { at: At::Bare, span: self.span }).map_err(|f| f.located(self.span)),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.newtype_variant_seed(Any(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, ReadError> {
        self.newtype_variant_seed(Any(visitor))
    }
}

struct Any<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Any<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(self.0)
    }
}
