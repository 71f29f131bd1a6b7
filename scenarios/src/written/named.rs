//! Maps whose order is kept, and the rule for names.
//!
//! What has a name is a map by name. Its order is that of the file, so that reports show services as the author thought of them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A name: letters and digits, with single `-` or `_` in between, so that `web->api` and `a - b` read in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// A map in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<K, T>(Vec<(K, T)>);

/// Entries by name.
pub type Named<T> = Listed<Name, T>;

/// Entries by some other text: an endpoint, a path.
pub type ByText<T> = Listed<String, T>;

impl<K, T> Default for Listed<K, T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<K, T> FromIterator<(K, T)> for Listed<K, T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<K: AsRef<str>, T> Listed<K, T> {
    /// The entries in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// The names in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_ref())
    }

    /// The entry called `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Name {
    /// The name, if it is one.
    ///
    /// # Errors
    /// What is wrong, what was expected, and what to write instead, a line each.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts_are_words =
            text.split(['-', '_']).all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        if parts_are_words && text.len() <= 64 {
            return Ok(Self(text.to_owned()));
        }
        let mended: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let mended: Vec<&str> = mended.split('-').filter(|p| !p.is_empty()).collect();
        let hint = if mended.is_empty() { String::new() } else { format!("write {}", mended.join("-")) };
        let why = if text.len() > 64 { "is too long for a name" } else { "is not a name" };
        Err(format!("\"{text}\" {why}\nexpected letters and digits with single - or _ in between, at most 64\n{hint}"))
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$"})
    }
}

impl<'de, K: Deserialize<'de>, T: Deserialize<'de>> Deserialize<'de> for Listed<K, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, T>(PhantomData<(K, T)>);
        impl<'de, K: Deserialize<'de>, T: Deserialize<'de>> Visitor<'de> for Entries<K, T> {
            type Value = Listed<K, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = vec![];
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Listed(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl<K: AsRef<str>, T: Serialize> Serialize for Listed<K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<T: JsonSchema> JsonSchema for Listed<Name, T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$"},
            "additionalProperties": generator.subschema_for::<T>(),
        })
    }
}

impl<T: JsonSchema> JsonSchema for Listed<String, T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ByText{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": generator.subschema_for::<T>()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_in_one_way_only() {
        for good in ["a", "card-processor", "a1_b2", "7"] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "größe", "-a", "a-", "a--b", "a.b", "a b", "a->b", &"x".repeat(65)] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
        assert!(Name::parse("card processor").expect_err("has a blank").ends_with("write card-processor"));
    }

    #[test]
    fn order_of_the_file_is_kept() {
        let named: Named<u32> = serde_json::from_str(r#"{"z": 1, "a": 2}"#).expect("is a map");
        assert_eq!(named.names().collect::<Vec<_>>(), ["z", "a"]);
        assert_eq!(serde_json::to_string(&named).expect("serializes"), r#"{"z":1,"a":2}"#);
    }
}
