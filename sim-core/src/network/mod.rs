//! Links between places: latency, loss, bandwidth and what carries a message over them. The settings, and machines by themselves.
//!
//! A link belongs to where its ends are: within a zone, between zones, between regions, or named with its own ends.

pub mod damping;
pub mod egress;
pub mod flow;
pub mod route;
pub mod tcp;

use crate::dist::Distribution;
use crate::ids::Location;
use crate::kind::Kind;
use crate::metrics::counters;
use crate::names::{LinkWays, NamedLink, Names};
use crate::problem::Problems;
use crate::units::{Bandwidth, Bytes, Probability, SimDuration};
use damping::Dampening;
use route::{Route, RouteSettings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tcp::Tcp;

/// What a link does to each message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkQuality {
    /// Time of a message on its way.
    pub latency: Distribution,
    /// Chance that a message is lost; with a transport, that a segment of it is.
    pub loss: Probability,
    /// How much goes through, in each direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// What may wait for the bandwidth, in each direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffer: Option<Bytes>,
    /// What carries messages over it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportSettings>,
}

/// What carries messages over a link. Without one a message is a datagram: what is lost is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransportSettings {
    /// What is lost is sent again.
    Tcp(Tcp),
}

counters! {
    CallSite {
        DROPPED = "link_dropped", "messages of calls, requests and replies, that found the buffer of their link full, and are lost", at_links;
        SEGMENTS_DROPPED = "segments_dropped", "segments of requests and replies that found the buffer of their link full, and were sent again by TCP", at_links;
        HANDSHAKES = "handshakes", "connections that requests have opened, or tried to open, before they were sent (connections: new)";
        TRANSPORT_TIMEOUTS = "transport_timeouts", "retransmission timers of requests and replies that ran out", at_links;
    }
}

/// The kinds of transport, and what routes are.
pub const ALL: &[Kind] = &[
    Kind { family: "transport", name: "tcp", schema: || schemars::schema_for!(Tcp) },
    Kind { family: "network", name: "routes", schema: || schemars::schema_for!(RouteSettings) },
    Kind { family: "routes", name: "dampening", schema: || schemars::schema_for!(Dampening) },
];

impl Default for LinkQuality {
    fn default() -> Self {
        Self {
            latency: Distribution::constant(SimDuration::ZERO),
            loss: Probability::ZERO,
            bandwidth: None,
            buffer: None,
            transport: None,
        }
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
        if self.bandwidth.is_some_and(|bandwidth| bandwidth.bytes_per_second() <= 0.0) {
            problems.error("bandwidth", "nothing ever goes through").hint =
                Some("write a bandwidth such as 1Gbps".into());
        }
        if self.bandwidth.is_none() && self.buffer.is_some() {
            problems.error("buffer", "nothing ever waits in the buffer of a link that sends at once").hint =
                Some("write the link's bandwidth too".into());
        }
        if let Some(TransportSettings::Tcp(tcp)) = &self.transport {
            problems.at("transport", |p| p.at("tcp", |p| tcp.validate(p)));
        }
    }

    /// How its messages are sent again, if they are.
    pub fn tcp(&self) -> Option<Tcp> {
        self.transport.map(|TransportSettings::Tcp(tcp)| tcp)
    }
}

/// What carries messages between places, with ids for names.
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
    /// Which links messages take where several stand between the same two places.
    pub routes: Vec<Route>,
}

impl Network {
    /// The links by their names.
    pub fn named(&self) -> BTreeMap<String, NamedLink> {
        let is_routed = |place: usize| self.routes.iter().flat_map(|route| &route.prefer).any(|leg| leg.link == place);
        let named = |(place, link): (usize, &Link)| {
            let (from, to, both_ways) = (link.from, link.to, link.both_ways);
            (link.name.clone(), NamedLink { place, from, to, both_ways, is_routed: is_routed(place) })
        };
        self.links.iter().enumerate().map(named).collect()
    }

    /// What metrics may be asked of: links and routes by their names, and `NAME.FROM->TO` each direction by itself; `called` names a place.
    pub fn measured(&self, called: impl Fn(Location) -> String) -> BTreeMap<String, LinkWays> {
        let mut all = BTreeMap::new();
        let mut put = |name: &str, route: Option<usize>, (from, to): (Location, Location), ways: [Vec<usize>; 2]| {
            let (from, to) = (called(from), called(to));
            let of = |ways: Vec<usize>| LinkWays { ways, route };
            all.insert(name.to_owned(), of(ways.concat()));
            for (ways, (from, to)) in ways.into_iter().zip([(&from, &to), (&to, &from)]) {
                if !ways.is_empty() {
                    all.insert(format!("{name}.{from}->{to}"), of(ways));
                }
            }
        };
        for (place, link) in self.links.iter().enumerate() {
            let back = if link.both_ways { vec![2 * place + 1] } else { Vec::new() };
            put(&link.name, None, (link.from, link.to), [vec![2 * place], back]);
        }
        for (place, route) in self.routes.iter().enumerate() {
            let goes = |direction: usize| {
                let of = |leg: &route::Leg| leg.goes[direction].map(|way| 2 * leg.link + usize::from(way));
                route.prefer.iter().filter_map(of).collect()
            };
            put(&route.name, Some(place), (route.from, route.to), [goes(0), goes(1)]);
        }
        all
    }
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
/// A link with a `bandwidth` sends messages one after the other, each direction by itself, and each takes its `size` by the bandwidth. All messages
/// between the same two zones share it, with `between_regions` all between the same two regions, and within a zone all messages, requests and
/// replies. A message that finds the `buffer` full is lost, and counted by `link_dropped`; health checks are too small to find it full. With a
/// `transport` its segments are: each goes into the buffer at the moment at which the window lets it be sent, beside those of all other messages, and
/// what finds no room is counted by `segments_dropped` and sent again. That costs an event for each segment, where all other links cost one for each
/// message.
///
/// What a named link carries is measured, as `NAME` and each direction as `NAME.FROM->TO`: messages, bytes, losses, how busy it is, what waits
/// for it, and percentiles of the time on the way; of a route all its links together, and how often they have changed (`route_changes`).
///
/// # When to use it
/// When services stand in several zones or regions, or when latency on the way matters.
///
/// # Knobs
/// - `within_zone`, `between_zones`, `between_regions`: `latency` (distribution, default 0s), `loss` (percentage, default 0%), `bandwidth` (default
///   unlimited), `buffer` (bytes, default unlimited), `transport` (`tcp`, default none)
/// - `routes`: by name, which of several links between the same two places messages take; `explain routes`
/// - `links`: by name, the same and `between: [a, b]`, or `from` and `to`; ends are services, queues, loads, zones or regions
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
    /// Which links messages take where several stand between the same two places, by name; they win over links by themselves.
    pub routes: BTreeMap<String, RouteSettings>,
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
    /// Chance that a message is lost; with a transport, that a segment of it is.
    #[serde(default)]
    pub loss: Probability,
    /// How much goes through, in each direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// What may wait for the bandwidth, in each direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer: Option<Bytes>,
    /// What carries messages over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportSettings>,
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
        for (name, route) in &self.routes {
            problems.at("routes", |p| p.at(name, |p| route.validate(p)));
        }
    }

    /// The network with ids.
    pub fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Network> {
        let links: Vec<Option<Link>> = self
            .links
            .iter()
            .map(|(name, link)| problems.at("links", |p| p.at(name, |p| link.compile(name, names, p))))
            .collect();
        let links = links.into_iter().collect::<Option<Vec<_>>>()?;
        let routes = problems.at("routes", |p| {
            let compile =
                |(name, route): (&String, &RouteSettings)| p.at(name, |p| route.compile(name, &links, names, p));
            let routes = self.routes.iter().map(compile).collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
            route::check_together(&routes, &links, p);
            Some(routes)
        })?;
        Some(Network {
            within_zone: self.within_zone.clone(),
            between_zones: self.between_zones.clone(),
            between_regions: self.between_regions.clone(),
            links,
            routes,
        })
    }
}

impl LinkSettings {
    fn quality(&self) -> LinkQuality {
        LinkQuality {
            latency: self.latency.clone(),
            loss: self.loss,
            bandwidth: self.bandwidth,
            buffer: self.buffer,
            transport: self.transport,
        }
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
    if names.lies_in_memory(key, name, problems) {
        return None;
    }
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
