//! Quantities of a scenario file: each has its unit in the text and in its type, and is checked when it is made.
//!
//! Every type parses the forms of its row in the language's table of quantities, prints one canonical text that parses to the
//! same value again, and describes itself to the JSON Schema. Errors are up to three lines: what is wrong, what was expected,
//! and what to write instead. Bare numbers are counts, cores, factors and money only. Arithmetic on quantities stays with those who
//! need it: a type gives its number in the unit that its method names.

mod bandwidth;
mod bytes;
mod clock;
mod cores;
mod count;
mod factor;
mod money;
mod percentile;
mod price;
mod rate;
mod share;
mod text;
mod text_form;
mod time;
mod unit;

pub use bandwidth::Bandwidth;
pub use bytes::Bytes;
pub use clock::{ClockDrift, ClockOffset};
pub use cores::Cores;
pub use count::{Count, CountOrAll};
pub use factor::Factor;
pub use money::Money;
pub use percentile::Percentile;
pub use price::{Per, Price};
pub use rate::Rate;
pub use share::{Percent, Probability};
pub use time::{Allowance, SimDuration};
pub use unit::Unit;

use text_form::Quantity;

/// Implements reading, writing and the schema of a quantity from its `parse` and its `Display`.
macro_rules! quantity {
    ($type:ident, $name:literal, $expected:literal, $json:tt, $pattern:expr, [$($example:tt),*]) => {
        impl super::Quantity for $type {
            const NAME: &'static str = $name;
            const EXPECTED: &'static str = $expected;

            fn read(text: &str) -> Result<Self, String> {
                Self::parse(text)
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(super::QuantityVisitor(std::marker::PhantomData))
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "description": $expected,
                    "type": $json,
                    "pattern": $pattern,
                    "examples": [$($example),*]
                })
            }
        }
    };
}
use quantity;

/// Takes text, and bare numbers as the text that they would be.
struct QuantityVisitor<T>(std::marker::PhantomData<T>);

impl<T: Quantity> serde::de::Visitor<'_> for QuantityVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(|message| {
            // Number and unit stand together: `500 ms` is 500ms.
            let joined: String = text.split_whitespace().collect();
            if joined.len() < text.trim().len() && T::read(&joined).is_ok() {
                return E::custom(format!(
                    "number and unit of {} stand together\nexpected {}\nwrite {joined}",
                    T::NAME,
                    T::EXPECTED
                ));
            }
            E::custom(message)
        })
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u128<E: serde::de::Error>(self, number: u128) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i128<E: serde::de::Error>(self, number: i128) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<T, E> {
        Err(E::custom(text::not_a::<T>(&value.to_string())))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<T, E> {
        Err(E::custom(format!("{} is missing\nexpected {}", T::NAME, T::EXPECTED)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<T: serde::de::DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        serde_json::from_str::<T>(json).unwrap_err().to_string()
    }

    #[test]
    fn bare_numbers_are_counts_factors_and_money_only() {
        assert_eq!(serde_json::from_str::<Count>("64").unwrap(), Count::new(64));
        assert_eq!(serde_json::from_str::<Factor>("2.5").unwrap().value(), 2.5);
        assert_eq!(serde_json::from_str::<Money>("38").unwrap().amount(), 38.0);
        for message in [
            error::<SimDuration>("5"),
            error::<Rate>("800"),
            error::<Bytes>("800"),
            error::<Bandwidth>("1e9"),
            error::<Probability>("0.995"),
            error::<Percent>("-30"),
            error::<Price>("true"),
            error::<Allowance>("240"),
        ] {
            assert!(message.lines().count() >= 2, "{message}");
        }
    }

    #[test]
    fn errors_have_what_is_wrong_what_was_expected_and_what_to_write() {
        let message = Rate::parse("800").unwrap_err();
        let lines: Vec<&str> = message.lines().collect();
        assert_eq!(lines, ["a rate needs a unit", "expected a rate such as 800/s, 48000/min", "write 800/s"]);
    }

    #[test]
    fn serde_keeps_the_value() {
        let text = serde_json::to_string(&SimDuration::parse("1.5s").unwrap()).unwrap();
        assert_eq!(text, "\"1.5s\"");
        assert_eq!(serde_json::from_str::<SimDuration>(&text).unwrap().ns(), 1_500_000_000);
    }

    #[test]
    fn null_and_lists_are_errors_not_panics() {
        assert!(error::<Rate>("null").starts_with("a rate is missing"));
        assert!(error::<Rate>("[1]").contains("expected a rate such as"));
    }

    #[test]
    fn nonsense_is_an_error_everywhere() {
        let long = "9".repeat(400);
        for text in [
            "", " ", "-", "+", ".", "%", "$", "/s", "1e400", "inf", "NaN", "1..2s", "0x10", "ä", "1\u{0}s", "1 1s",
            &long,
        ] {
            assert!(SimDuration::parse(text).is_err(), "{text}");
            assert!(Rate::parse(text).is_err(), "{text}");
            assert!(Bytes::parse(text).is_err(), "{text}");
            assert!(Bandwidth::parse(text).is_err(), "{text}");
            assert!(Probability::parse(text).is_err(), "{text}");
            assert!(Percent::parse(text).is_err(), "{text}");
            assert!(Count::parse(text).is_err(), "{text}");
            assert!(Cores::parse(text).is_err(), "{text}");
            assert!(Factor::parse(text).is_err(), "{text}");
            assert!(Money::parse(text).is_err(), "{text}");
            assert!(Price::parse(text).is_err(), "{text}");
            assert!(Allowance::parse(text).is_err(), "{text}");
            assert!(ClockOffset::parse(text).is_err(), "{text}");
            assert!(ClockDrift::parse(text).is_err(), "{text}");
            assert!(Percentile::parse(text).is_err(), "{text}");
        }
    }
}
