//! Links between places: latency and loss. The settings, and what a link does to a message.
//!
//! A link belongs to where its ends are: within a zone, between zones, between regions, or named with its own ends. Bandwidth,
//! buffers and routes are not built yet and so are no keys.

use crate::dist::Distribution;
use crate::ids::Location;
use crate::names::Names;
use crate::problem::Problems;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a link does to each message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkQuality {
    /// Time of a message on its way.
    pub latency: Distribution,
    /// Chance that a message is lost.
    pub loss: Probability,
}

impl Default for LinkQuality {
    fn default() -> Self {
        Self { latency: Distribution::constant(SimDuration::ZERO), loss: Probability::ZERO }
    }
}

impl LinkQuality {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("latency", |p| self.latency.validate(p));
        if self.loss.value() >= 1.0 {
            problems.error("loss", "a link that loses every message is no link").hint =
                Some("to cut it for a while, inject: partition".into());
        }
    }
}

/// Latency and loss between places, with ids for names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// Between two instances in one zone.
    pub within_zone: LinkQuality,
    /// Between two zones of one region.
    pub between_zones: LinkQuality,
    /// Between two regions.
    pub between_regions: LinkQuality,
    /// Particular pairs, which win over the three above; the first that fits.
    pub links: Vec<Link>,
}

/// A named link between two places.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// As the user wrote it.
    pub name: String,
    /// From here.
    pub from: Location,
    /// To there.
    pub to: Location,
    /// Whether the way back is this link too.
    pub both_ways: bool,
    /// What it does to messages.
    pub quality: LinkQuality,
}

/// Latency and loss between places.
///
/// # What it models
/// Each message, request or reply, takes a time of its own on its way and may be lost; a caller notices a loss by its timeout.
/// Messages between two instances of one zone, of two zones, and of two regions differ; a named link wins over these. A link with `from` and
/// `to` carries the messages that go that way: requests of calls from one to the other, and replies of calls the other way round.
/// A queue stands in its `zone`: what is sent to it, its deliveries and their acknowledgements pass the network from there. While a
/// delivery is on its way its consumer keeps a worker for it.
///
/// # When to use it
/// When services stand in several zones or regions, or when latency on the way matters.
///
/// # Knobs
/// - `within_zone`, `between_zones`, `between_regions`: `latency` (distribution, default 0s) and `loss` (percentage, default 0%)
/// - `links`: by name, the same two and `between: [a, b]`, or `from` and `to`; ends are services, queues, loads, zones or regions
///
/// # Example
/// ```yaml
/// network:
///   within_zone: {latency: 0.25ms}
///   between_zones: {latency: {lognormal: {p50: 0.8ms, p99: 2ms}}}
/// ```
///
/// # Source
/// Measured round trips between zones and regions of public clouds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSettings {
    /// Between two instances in one zone.
    pub within_zone: LinkQuality,
    /// Between two zones of one region.
    pub between_zones: LinkQuality,
    /// Between two regions.
    pub between_regions: LinkQuality,
    /// Particular pairs, by name.
    pub links: BTreeMap<String, LinkSettings>,
}

/// A link between two places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    /// Both ends, for both ways.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<Vec<String>>,
    /// The end where messages start, for one way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The end where messages arrive, for one way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Time of a message on its way.
    #[serde(default = "no_time")]
    pub latency: Distribution,
    /// Chance that a message is lost.
    #[serde(default)]
    pub loss: Probability,
}

fn no_time() -> Distribution {
    Distribution::constant(SimDuration::ZERO)
}

impl NetworkSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("within_zone", |p| self.within_zone.validate(p));
        problems.at("between_zones", |p| self.between_zones.validate(p));
        problems.at("between_regions", |p| self.between_regions.validate(p));
        for (name, link) in &self.links {
            problems.at("links", |p| p.at(name, |p| link.quality().validate(p)));
        }
    }

    /// The network with ids.
    pub fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Network> {
        let links: Vec<Option<Link>> = self
            .links
            .iter()
            .map(|(name, link)| problems.at("links", |p| p.at(name, |p| link.compile(name, names, p))))
            .collect();
        Some(Network {
            within_zone: self.within_zone.clone(),
            between_zones: self.between_zones.clone(),
            between_regions: self.between_regions.clone(),
            links: links.into_iter().collect::<Option<_>>()?,
        })
    }
}

impl LinkSettings {
    fn quality(&self) -> LinkQuality {
        LinkQuality { latency: self.latency.clone(), loss: self.loss }
    }

    fn compile(&self, name: &str, names: &Names, problems: &mut Problems) -> Option<Link> {
        let (from, to, both_ways) = ends(
            Ends { between: self.between.as_deref(), from: self.from.as_deref(), to: self.to.as_deref() },
            names,
            problems,
        )?;
        let (Some(from), Some(to)) = (from, to) else {
            problems.error("", "a link needs both of its ends").hint =
                Some("write between: [a, b], or from: a and to: b".into());
            return None;
        };
        Some(Link { name: name.to_owned(), from, to, both_ways, quality: self.quality() })
    }
}

/// The ends of a link or of a fault on the way, as written.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'a> {
    /// Both ends.
    pub between: Option<&'a [String]>,
    /// Where messages start.
    pub from: Option<&'a str>,
    /// Where messages arrive.
    pub to: Option<&'a str>,
}

/// From, to, and whether the way back is meant too; `None` for an end is anywhere.
pub type LocationsMeant = (Option<Location>, Option<Location>, bool);

/// Resolves the ends of a link or edge.
pub fn ends(ends: Ends<'_>, names: &Names, problems: &mut Problems) -> Option<LocationsMeant> {
    match (ends.between, ends.from, ends.to) {
        (Some([a, b]), None, None) => {
            let from = problems.at("between", |p| place(names, "0", a, p));
            let to = problems.at("between", |p| place(names, "1", b, p));
            if a == b {
                problems.error("between", format!("both ends are {a}"));
                return None;
            }
            Some((Some(from?), Some(to?), true))
        }
        (Some(list), None, None) => {
            problems.error("between", format!("two ends are needed, and here are {}", list.len())).hint =
                Some("write between: [a, b]".into());
            None
        }
        (Some(_), ..) => {
            problems.error("between", "`between` says both ends, `from` and `to` say them too").hint =
                Some("keep `between` for both ways, or `from` and `to` for one".into());
            None
        }
        (None, from, to) => {
            let from = from.map(|name| place(names, "from", name, problems));
            let to = to.map(|name| place(names, "to", name, problems));
            match (from, to) {
                (Some(None), _) | (_, Some(None)) => None,
                (from, to) => Some((from.flatten(), to.flatten(), false)),
            }
        }
    }
}

/// The place called `name`: a zone, region, service, endpoint or load class; a problem at `key` if there is none.
pub fn place(names: &Names, key: &str, name: &str, problems: &mut Problems) -> Option<Location> {
    let found = None
        .or_else(|| names.zones.get(name).map(|id| Location::Zone(*id)))
        .or_else(|| names.regions.get(name).map(|id| Location::Region(*id)))
        .or_else(|| names.services.get(name).map(|id| Location::Service(*id)))
        .or_else(|| names.endpoints.get(name).map(|id| Location::Endpoint(*id)))
        .or_else(|| names.loads.get(name).map(|id| Location::Load(*id)));
    if found.is_none() {
        let known = names.services.keys().chain(names.zones.keys()).chain(names.regions.keys());
        let known = known.chain(names.loads.keys()).chain(names.endpoints.keys());
        problems.unknown(key, "place", name, known.map(String::as_str));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ZoneId;

    fn names() -> Names {
        let mut names = Names::default();
        names.zones.insert("a".into(), ZoneId(0));
        names.zones.insert("b".into(), ZoneId(1));
        names
    }

    fn compile(json: serde_json::Value) -> (Option<Network>, Vec<crate::problem::Problem>) {
        let settings: NetworkSettings = serde_json::from_value(json).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        let network = settings.compile(&names(), &mut problems);
        (network, problems.into_vec())
    }

    #[test]
    fn links_find_their_ends() {
        let (network, problems) =
            compile(serde_json::json!({"links": {"wan": {"between": ["a", "b"], "latency": "5ms"}}}));
        assert!(problems.is_empty(), "{problems:?}");
        let link = &network.unwrap().links[0];
        assert_eq!((link.from, link.to, link.both_ways), (Location::Zone(ZoneId(0)), Location::Zone(ZoneId(1)), true));
    }

    #[test]
    fn wrong_ends_are_errors_at_their_place() {
        let (_, problems) = compile(serde_json::json!({"links": {"wan": {"between": ["a", "c"]}, "x": {"from": "a"}}}));
        assert_eq!(problems[0].path, "links.wan.between.1");
        assert_eq!(problems[1].path, "links.x");
    }

    #[test]
    fn link_that_loses_everything_is_an_error() {
        let (_, problems) = compile(serde_json::json!({"within_zone": {"loss": "100%"}}));
        assert_eq!(problems[0].path, "within_zone.loss");
    }
}
