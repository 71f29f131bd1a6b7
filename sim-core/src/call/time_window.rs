//! A window of time over which calls are looked at: `{time: 10s}`, or the duration alone.
//!
//! Breakers, throttles and retry budgets all write `window: {time: 10s}`. Where a window can have no other form the duration alone says as much.

use crate::units::SimDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Error, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A window of time: a duration, or `{time: DURATION}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TimeWindow {
    /// How far the window reaches back.
    pub time: SimDuration,
}

/// The window as a map.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TimeWindowKeys {
    /// How far the window reaches back.
    time: SimDuration,
}

impl<'de> Deserialize<'de> for TimeWindow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = TimeWindow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a window such as {time: 10s}, or a duration such as 10s")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<TimeWindow, E> {
                SimDuration::parse(text).map(|time| TimeWindow { time }).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<TimeWindow, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<TimeWindow, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<TimeWindow, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TimeWindow, A::Error> {
                let TimeWindowKeys { time } = TimeWindowKeys::deserialize(MapAccessDeserializer::new(map))?;
                Ok(TimeWindow { time })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for TimeWindow {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeWindow".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<SimDuration>();
        let written = generator.subschema_for::<TimeWindowKeys>();
        schemars::json_schema!({
            "description": "A window of time: a duration, or that as `time`.",
            "anyOf": [duration, written]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_duration_or_a_map_with_its_time() {
        let read = |text: &str| serde_json::from_str::<TimeWindow>(text);
        let ten = TimeWindow { time: SimDuration::from_ns(10_000_000_000) };
        assert_eq!(read(r#""10s""#).ok(), Some(ten));
        assert_eq!(read(r#"{"time": "10s"}"#).ok(), Some(ten));
        assert_eq!(serde_json::to_string(&ten).ok().as_deref(), Some(r#"{"time":"10s"}"#));
        for wrong in ["10", r#""fast""#, r#"{"count": 10}"#, r#"{"time": "10s", "count": 3}"#, "[]"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
