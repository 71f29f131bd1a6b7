//! Where the instances of a node stand: a list of zones, or a map with a share for each.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sim_core::units::Count;

use super::named::Named;
use sim_core::problem::Problems;

/// The largest share that a zone may have, and the largest sum: the order is worked out once, and is as long as the sum.
const MOST: u64 = 1000;
const MOST_IN_ALL: u64 = 10_000;

/// Zones of a node's instances.
#[derive(Debug, Clone, PartialEq)]
pub enum ZoneSettings {
    /// An instance in each, one after another, and again from the first.
    InTurn(Vec<String>),
    /// Instances in proportion to a share.
    Shares(Named<Count>),
}

impl ZoneSettings {
    /// Zones in the order in which instances are given to them, with the path of each below `zones`. After the last, it begins again.
    ///
    /// With shares each instance goes to the zone that is farthest behind its share (the smooth weighted round robin that balancers use): for
    /// 5, 3 and 3 that is `a b c a b a c a b c a`, so that a scaler keeps the proportion at any number.
    pub fn order(&self) -> Vec<(String, &str)> {
        let shares = match self {
            Self::InTurn(zones) => {
                return zones.iter().enumerate().map(|(at, zone)| (at.to_string(), zone.as_str())).collect();
            }
            Self::Shares(shares) => shares,
        };
        if sum(shares) > MOST_IN_ALL {
            return Vec::new();
        }
        let named: Vec<(&str, i64)> = shares.iter().map(|(zone, n)| (zone, n.get() as i64)).collect();
        let sum: i64 = named.iter().map(|(_, share)| share).sum();
        let mut ahead = vec![0; named.len()];
        let mut order = Vec::new();
        for _ in 0..sum {
            ahead.iter_mut().zip(&named).for_each(|(ahead, (_, share))| *ahead += share);
            // The first of the farthest behind, so that the order written decides between equals.
            let next = (0..named.len()).rev().max_by_key(|at| ahead[*at]).unwrap_or(0);
            ahead[next] -= sum;
            order.push((named[next].0.to_owned(), named[next].0));
        }
        order
    }

    /// Problems of the zones, below the present path.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::InTurn(zones) if zones.is_empty() => {
                problems.error("zones", "the list of zones is empty").hint =
                    Some("leave zones out for the first zone".into());
            }
            Self::InTurn(zones) => {
                for (at, zone) in zones.iter().enumerate() {
                    if zones[..at].contains(zone) {
                        problems.error(&format!("zones.{at}"), format!("the zone {zone:?} stands here twice")).hint =
                            Some(format!("write {{{zone}: 2, ...}} for a larger share of the instances"));
                    }
                }
            }
            Self::Shares(shares) if shares.iter().next().is_none() => {
                problems.error("zones", "the map of zones is empty").hint =
                    Some("leave zones out for the first zone".into());
            }
            Self::Shares(shares) => {
                if sum(shares) > MOST_IN_ALL {
                    problems.error("zones", format!("the shares add up to more than {MOST_IN_ALL}")).hint =
                        Some("write smaller shares".into());
                }
                for (zone, share) in shares.iter() {
                    if !(1..=MOST).contains(&share.get()) {
                        let problem =
                            problems.error(&format!("zones.{zone}"), format!("a share is a count from 1 to {MOST}"));
                        problem.hint = Some(if share.get() == 0 {
                            "leave a zone out in which none stands".into()
                        } else {
                            "write smaller shares in the same proportion".into()
                        });
                    }
                }
            }
        }
    }
}

fn sum(shares: &Named<Count>) -> u64 {
    shares.iter().fold(0, |sum, (_, share)| sum.saturating_add(share.get()))
}

impl Serialize for ZoneSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::InTurn(zones) => zones.serialize(serializer),
            Self::Shares(shares) => shares.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ZoneSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = ZoneSettings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of zones such as [a, b], or a map with a share for each such as {a: 5, b: 3}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, zones: A) -> Result<ZoneSettings, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(zones)).map(ZoneSettings::InTurn)
            }

            fn visit_map<A: MapAccess<'de>>(self, shares: A) -> Result<ZoneSettings, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(shares)).map(ZoneSettings::Shares)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for ZoneSettings {
    fn schema_name() -> Cow<'static, str> {
        "ZoneSettings".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<Vec<String>>();
        let shares = generator.subschema_for::<Named<Count>>();
        json_schema!({"anyOf": [list, shares]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(written: &str) -> String {
        let zones: ZoneSettings = serde_json::from_str(written).expect("reads");
        zones.order().into_iter().map(|(_, zone)| zone.to_owned()).collect()
    }

    #[test]
    fn instances_follow_the_shares_at_any_number() {
        assert_eq!(order(r#"["a", "b", "c"]"#), "abc");
        assert_eq!(order(r#"{"a": "5", "b": "3", "c": "3"}"#), "abcabacabca");
        assert_eq!(order(r#"{"a": "1", "b": "4"}"#), "bbabb");
    }
}
