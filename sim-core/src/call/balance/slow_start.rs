//! Slow start: a new instance gets few calls at first, and more with time.

use crate::engine::math::pow;
use crate::problem::Problems;
use crate::units::{Factor, Probability, SimDuration};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// How the calls to a new instance grow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlowStart {
    /// For how long after it has come into the balancer.
    pub window: SimDuration,
    /// How fast the weight grows: 1 is linear in time, more is faster at first.
    pub aggression: Factor,
    /// The weight is never below this part of the whole one.
    pub min_weight: Probability,
}

/// The longer form, with all keys.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// For how long after it has come into the balancer.
    #[serde(rename = "for")]
    window: SimDuration,
    /// How fast the weight grows: 1, the default, is linear in time, more is faster at first.
    #[serde(default)]
    aggression: Factor,
    /// The weight is never below this part of the whole one; default 10%.
    #[serde(default = "min_weight")]
    min_weight: Probability,
}

fn min_weight() -> Probability {
    Probability::new(0.1).unwrap_or(Probability::ZERO)
}

impl SlowStart {
    /// The usual ramp over a time.
    fn over(window: SimDuration) -> Self {
        Self { window, aggression: Factor::ONE, min_weight: min_weight() }
    }

    /// Problems of the settings.
    pub fn validate(self, problems: &mut Problems) {
        if self.window.is_zero() {
            problems.error("for", "a slow start of no time does nothing").hint = Some("remove slow_start".into());
        }
        if self.min_weight.value() <= 0.0 {
            problems.error("min_weight", "an instance without weight is never called").hint =
                Some("leave it out for 10%".into());
        }
    }

    /// The weight of an instance that has been in the balancer for so long, 1 being the whole. Envoy: max(least weight, (time / window)^(1 /
    /// aggression)).
    pub fn weight(self, since_ns: u64) -> f64 {
        if since_ns >= self.window.ns() {
            return 1.0;
        }
        let part = since_ns as f64 / self.window.ns() as f64;
        let grown = if self.aggression == Factor::ONE { part } else { pow(part, 1.0 / self.aggression.value()) };
        grown.max(self.min_weight.value())
    }
}

impl Serialize for SlowStart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { window, aggression, min_weight } = *self;
        if *self == Self::over(window) {
            return window.serialize(serializer);
        }
        Written { window, aggression, min_weight }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SlowStart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = SlowStart;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as 30s, or {for: 30s, aggression: 1.5}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SlowStart, E> {
                SimDuration::parse(text).map(SlowStart::over).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<SlowStart, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<SlowStart, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<SlowStart, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SlowStart, A::Error> {
                let written = Written::deserialize(MapAccessDeserializer::new(map))?;
                let Written { window, aggression, min_weight } = written;
                Ok(SlowStart { window, aggression, min_weight })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for SlowStart {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SlowStart".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let window = generator.subschema_for::<SimDuration>();
        let written = generator.subschema_for::<Written>();
        schemars::json_schema!({
            "description": "How the calls to a new instance grow: for how long, or that and more.",
            "anyOf": [window, written]
        })
    }
}

/// Whose turn it is by weights that change from call to call: smooth weighted round robin, in which the places that are behind their share most
/// come first.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    /// By how much each place is behind its share.
    behind: BTreeMap<u32, f64>,
}

impl Turns {
    /// The candidate whose turn it is, by the place and the weight of each; of several the first. There is at least one.
    pub fn next(&mut self, candidates: &[(u32, f64)]) -> usize {
        let sum: f64 = candidates.iter().map(|(_, weight)| weight).sum();
        let (mut best, mut most) = (0, f64::NEG_INFINITY);
        for (at, (place, weight)) in candidates.iter().enumerate() {
            let behind = self.behind.entry(*place).or_insert(0.0);
            *behind += weight;
            if *behind > most {
                (best, most) = (at, *behind);
            }
        }
        if let Some(behind) = self.behind.get_mut(&candidates[best].0) {
            *behind -= sum;
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> SlowStart {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_weight_grows_as_in_the_documentation_of_envoy() {
        let s = |s: f64| (s * 1e9) as u64;
        let linear = of(r#""60s""#);
        for (at, weight) in [(0.0, 0.1), (3.0, 0.1), (6.0, 0.1), (15.0, 0.25), (30.0, 0.5), (59.4, 0.99), (60.0, 1.0)] {
            assert!((linear.weight(s(at)) - weight).abs() < 1e-12, "{at} s: {}", linear.weight(s(at)));
        }
        // 0.25^(1/2) = 0.5, and 0.25^(1/0.5) = 0.0625, which the least weight lifts.
        assert!((of(r#"{"for": "60s", "aggression": 2}"#).weight(s(15.0)) - 0.5).abs() < 1e-12);
        assert!((of(r#"{"for": "60s", "aggression": 0.5}"#).weight(s(15.0)) - 0.1).abs() < 1e-12);
        assert!(
            (of(r#"{"for": "60s", "aggression": 0.5, "min_weight": "1%"}"#).weight(s(15.0)) - 0.0625).abs() < 1e-12
        );
    }

    #[test]
    fn both_forms_are_read_and_written() {
        assert_eq!(serde_json::to_string(&of(r#"{"for": "30s"}"#)).unwrap(), r#""30s""#);
        let long = of(r#"{"for": "30s", "aggression": 1.5}"#);
        assert_eq!(of(&serde_json::to_string(&long).unwrap()), long);
        assert!(serde_json::from_str::<SlowStart>("30").unwrap_err().to_string().contains("needs a unit"));
        assert!(serde_json::from_str::<SlowStart>(r#"{"window": "30s"}"#).is_err());
    }

    /// One of four with weight w gets w / (3 + w) of the calls, spread out.
    #[test]
    fn turns_share_calls_by_weights() {
        for weight in [0.1, 0.25, 0.5, 1.0] {
            let mut turns = Turns::default();
            let candidates = [(0, 1.0), (1, 1.0), (2, 1.0), (3, weight)];
            let mut counts = [0u32; 4];
            (0..10_000).for_each(|_| counts[turns.next(&candidates)] += 1);
            let exact = weight / (3.0 + weight) * 10_000.0;
            assert!((f64::from(counts[3]) - exact).abs() <= 1.0, "{weight}: {counts:?}");
        }
        let mut turns = Turns::default();
        let picks: Vec<usize> = (0..7).map(|_| turns.next(&[(0, 5.0), (1, 1.0), (2, 1.0)])).collect();
        assert_eq!(picks, [0, 0, 1, 0, 2, 0, 0], "the order of nginx");
    }
}
