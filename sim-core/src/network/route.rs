//! Routes: several links between the same two places, of which messages take the best that is there.

use super::damping::Dampening;
use super::{Ends, Link, ends};
use crate::dist::Distribution;
use crate::ids::Location;
use crate::names::Names;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Several links between the same two places, of which messages take the best that is there.
///
/// # What it models
/// Messages between the two places go over the first link of `prefer` that is there, each direction by itself: a link with `from` and `to` is one way
/// only. `inject: withdraw` takes a link away. Until the change has spread, which takes `convergence` from the withdrawal, messages are still sent
/// over the link, and are lost; with a transport they are sent again. Then they take the next link. When the link is announced again they go on as
/// they do until that has spread too, and then come back, unless `dampening` leaves the link aside. A change that spreads sooner than one before it
/// puts that out of date. Where no link is there, or `dampening` leaves aside the only one, messages are lost until one is there again and that has
/// spread; with a transport, by the first link that goes that way, they are sent again.
///
/// With `multipath` messages are spread over all links that are there, by a hash of the two instances: all messages between two instances take one
/// link. Users are not instances, so that each of their requests may take another. The link is the hash modulo the number of links, so that a link
/// that comes or goes gives another link to most pairs, also to those that did not use it. With `pin` all messages take this link and no other,
/// whether it is there or not; who sets it changes the way at once. A pinned link of one direction (`from` and `to`) pins that direction; the other
/// goes on as without `pin`.
///
/// `withdraw` acts on the links of routes alone. Messages on their way when a link is withdrawn arrive. Messages by which regions of a store agree
/// (`consensus`) follow the route, with `multipath` over the first link that is there, and meet no loss.
///
/// # When to use it
/// For a route that flaps: who is hurt by the losses until the change has spread, by the longer way, and by the change between the two.
///
/// # Knobs
/// - `between`: the two places, required
/// - `prefer`: names of links between them, the best first, required
/// - `convergence`: from a change until messages follow it, a duration or a distribution, default 0s
/// - `dampening`: leaves links aside that come and go, default none
/// - `pin`: name of the one link to take, default none
/// - `multipath`: whether messages are spread over all links, default false
///
/// # Example
/// ```yaml
/// regions: {west: {zones: [west-a]}, east: {zones: [east-a]}}
/// network:
///   links:
///     direct: {between: [west, east], latency: 18ms}
///     detour: {between: [west, east], latency: 95ms}
///   routes:
///     west-east: {between: [west, east], prefer: [direct, detour], convergence: {uniform: {from: 1s, to: 4s}}}
/// ```
///
/// # Source
/// Labovitz et al., Delayed Internet Routing Convergence, SIGCOMM 2000; RFC 2992 for the spreading of flows by a hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// The two places.
    pub between: Vec<String>,
    /// Links between them, the best first.
    pub prefer: Vec<String>,
    /// From a change until messages follow it.
    #[serde(default = "at_once")]
    pub convergence: Distribution,
    /// Leaves links aside that come and go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dampening: Option<Dampening>,
    /// The one link to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// Whether messages are spread over all links.
    #[serde(default)]
    pub multipath: bool,
}

fn at_once() -> Distribution {
    Distribution::constant(SimDuration::ZERO)
}

/// A route, with ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// As the user wrote it.
    pub name: String,
    /// One end.
    pub from: Location,
    /// The place at the other end.
    pub to: Location,
    /// Its links, the best first.
    pub prefer: Vec<Leg>,
    /// From a change until messages follow it.
    pub convergence: Distribution,
    /// How links are left aside that come and go.
    pub dampening: Option<Dampening>,
    /// The place in `prefer` of the one link to take.
    pub pin: Option<usize>,
    /// Whether messages are spread over all links.
    pub multipath: bool,
}

/// A link of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Its place among the links.
    pub link: usize,
    /// Its direction, 0 or 1, in which messages travel from the first end of the route to the second, and back; `None` where it does not go that way.
    pub goes: [Option<u8>; 2],
}

impl Leg {
    /// A link between two places; `None` where it is one between others.
    fn between(link: usize, of: &Link, from: Location, to: Location) -> Option<Self> {
        let goes = match (of.from == from && of.to == to, of.from == to && of.to == from, of.both_ways) {
            (true, _, true) => [Some(0), Some(1)],
            (_, true, true) => [Some(1), Some(0)],
            (true, _, false) => [Some(0), None],
            (_, true, false) => [None, Some(0)],
            (false, false, _) => return None,
        };
        Some(Self { link, goes })
    }
}

impl RouteSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        problems.at("convergence", |p| self.convergence.validate(p));
        if let Some(dampening) = &self.dampening {
            problems.at("dampening", |p| dampening.validate(p));
        }
        if self.prefer.is_empty() {
            problems.error("prefer", "a route without links leads nowhere").hint =
                Some("write prefer: [LINK, LINK]".into());
        }
        if self.pin.is_some() && self.multipath {
            problems.error("multipath", "`pin` takes one link, and `multipath` all").hint =
                Some("keep one of the two".into());
        }
    }

    pub(super) fn compile(&self, name: &str, links: &[Link], names: &Names, problems: &mut Problems) -> Option<Route> {
        let written = Ends { between: Some(&self.between), from: None, to: None };
        let (from, to, _) = ends(written, names, problems)?;
        let (from, to) = from.zip(to)?;
        let mut prefer: Vec<Leg> = Vec::new();
        for (place, wanted) in self.prefer.iter().enumerate() {
            let leg = problems.at("prefer", |p| {
                let link = link(&place.to_string(), wanted, links, p)?;
                let leg = Leg::between(link, &links[link], from, to);
                if leg.is_none() {
                    p.error(&place.to_string(), format!("{wanted} stands between other places")).hint =
                        Some(format!("write between: [{}] in the link", self.between.join(", ")));
                }
                if prefer.iter().any(|leg| leg.link == link) {
                    p.error(&place.to_string(), format!("{wanted} is named twice"));
                }
                leg
            });
            prefer.push(leg?);
        }
        let pin = match &self.pin {
            Some(pin) => Some(self.place(pin, problems)?),
            None => None,
        };
        let (convergence, dampening, multipath) = (self.convergence.clone(), self.dampening, self.multipath);
        Some(Route { name: name.to_owned(), from, to, prefer, convergence, dampening, pin, multipath })
    }

    fn place(&self, pin: &str, problems: &mut Problems) -> Option<usize> {
        let place = self.prefer.iter().position(|link| link == pin);
        if place.is_none() {
            problems.unknown("pin", "link of this route", pin, self.prefer.iter().map(String::as_str));
        }
        place
    }
}

/// The link called `name`; a problem at `key` if there is none.
fn link(key: &str, name: &str, links: &[Link], problems: &mut Problems) -> Option<usize> {
    let found = links.iter().position(|link| link.name == name);
    if found.is_none() {
        problems.unknown(key, "link", name, links.iter().map(|link| link.name.as_str()));
    }
    found
}

/// Problems between routes: two between the same places, and a link in two of them.
pub(super) fn check_together(routes: &[Route], links: &[Link], problems: &mut Problems) {
    let mut of_link: BTreeMap<usize, &str> = BTreeMap::new();
    for (place, route) in routes.iter().enumerate() {
        let same = |other: &&Route| {
            (other.from, other.to) == (route.from, route.to) || (other.from, other.to) == (route.to, route.from)
        };
        if let Some(other) = routes[..place].iter().find(same) {
            problems.error(&route.name, format!("{} is a route between the same places", other.name)).hint =
                Some("name all links in one of them".into());
        }
        for leg in &route.prefer {
            if let Some(other) = of_link.insert(leg.link, &route.name).filter(|other| *other != route.name) {
                let link = &links[leg.link].name;
                problems.error(&route.name, format!("{link} is a link of {other} too"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Network, NetworkSettings};
    use super::*;
    use crate::ids::RegionId;

    fn compile(routes: &str) -> (Option<Network>, Vec<String>) {
        let mut names = Names::default();
        for (place, name) in ["west", "east", "north"].into_iter().enumerate() {
            names.regions.insert(name.into(), RegionId::from(place));
        }
        let text = format!(
            r#"{{"links": {{"back": {{"from": "east", "to": "west"}}, "detour": {{"between": ["east", "west"]}},
                "direct": {{"between": ["west", "east"]}}, "other": {{"between": ["north", "east"]}}}}, "routes": {{{routes}}}}}"#
        );
        let settings: NetworkSettings = serde_json::from_str(&text).unwrap();
        let mut problems = Problems::new();
        settings.validate(&mut problems);
        let network = settings.compile(&names, &mut problems);
        (network, problems.into_vec().into_iter().map(|p| format!("{}: {}", p.path, p.message)).collect())
    }

    #[test]
    fn legs_know_their_directions() {
        let (network, problems) =
            compile(r#""we": {"between": ["west", "east"], "prefer": ["direct", "detour", "back"]}"#);
        assert!(problems.is_empty(), "{problems:?}");
        let goes: Vec<_> = network.unwrap().routes[0].prefer.iter().map(|leg| leg.goes).collect();
        assert_eq!(goes, [[Some(0), Some(1)], [Some(1), Some(0)], [None, Some(0)]]);
    }

    #[test]
    fn routes_that_cannot_be_are_refused() {
        let refused = |routes: &str| compile(routes).1;
        let of = |keys: &str| refused(&format!(r#""we": {{"between": ["west", "east"], {keys}}}"#));
        assert_eq!(of(r#""prefer": []"#), ["routes.we.prefer: a route without links leads nowhere"]);
        assert_eq!(of(r#""prefer": ["other"]"#), ["routes.we.prefer.0: other stands between other places"]);
        assert_eq!(of(r#""prefer": ["direct", "direct"]"#), ["routes.we.prefer.1: direct is named twice"]);
        assert!(of(r#""prefer": ["direkt"]"#)[0].starts_with("routes.we.prefer.0: no link is called"));
        assert!(of(r#""prefer": ["direct"], "pin": "detour""#)[0].starts_with("routes.we.pin: no link of this route"));
        assert_eq!(
            of(r#""prefer": ["direct"], "pin": "direct", "multipath": true"#)[0],
            "routes.we.multipath: `pin` takes one link, and `multipath` all"
        );
        assert_eq!(
            of(r#""prefer": ["direct"], "dampening": {"reuse": 4000}"#)[0],
            "routes.we.dampening.reuse: a link is used again at a figure below that at which it is left aside"
        );
        let two = r#""a": {"between": ["west", "east"], "prefer": ["direct"]}, "b": {"between": ["east", "west"], "prefer": ["direct"]}"#;
        assert_eq!(
            refused(two),
            ["routes.b: a is a route between the same places", "routes.b: direct is a link of a too"]
        );
    }
}
