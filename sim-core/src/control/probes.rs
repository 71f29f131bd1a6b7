//! Probes: datagrams between all sites, by which those who watch know how each direction of the network is.

use crate::ids::{Location, ProbeId, ZoneId};
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::Topology;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// Probes between all ordered pairs of sites, each direction by itself.
///
/// # What it models
/// In each round every site sends one small datagram to every other site. It crosses the network as any message from there does:
/// links of its own direction with their latency, loss and queue, routes, and all faults on messages whose ends are zones, regions or links. It takes
/// no bandwidth, has no transport that sends it again, and changes nothing for other messages. A datagram that is not there after `timeout` counts as
/// lost.
///
/// Both ends have the same clock, so that the time on the way is known of each direction, and not only that there and back. Of probes `NAME` each
/// direction is `NAME.FROM->TO`, and `NAME` is all of them. `one_way_failures` counts the datagrams that were lost while the one of the same round
/// the other way arrived: what a pair of sites does not see of itself, because each end is well. `probes_lost` counts all that were lost,
/// `probes_sent` all whose fate is known. `one_way_ratio` is the mean time on the way there by that on the way back; of several pairs, that of the
/// pair in which it is furthest from 1. Percentiles, `mean` and `longest` are of the time on the way.
///
/// In alerts, without a window, `one_way_failures`, `probes_lost` and `one_way_ratio` are those of the latest round that is known at the scrape,
/// which is known when its timeout is over; percentiles and `mean` have data only where a probe arrived between two scrapes, so that they need a
/// window (`over 1m`) where probes are rarer.
///
/// Simplified: a probe stands beside the instances of its site, in a region in the region's first zone, and does not fail with them. It asks for no
/// name, passes no network card, and what names a service as an end does not strike it. It is too small to find the buffer of a link full, and so
/// sees the wait for a congested link and not what that drops. A probe whose timeout lies beyond the end of the run is neither lost nor arrived.
///
/// # When to use it
/// For what health checks and error rates see late or not at all: one direction that is cut, lossy, or slower than the other.
///
/// # Knobs
/// - `between`: the sites, zones or regions, at least two; required
/// - `every`: between two rounds, duration, default 30s
/// - `timeout`: after which a datagram counts as lost, duration, default 5s
///
/// # Example
/// ```yaml
/// regions: {north: {zones: [north-a]}, south: {zones: [south-a]}}
/// control:
///   probes:
///     sites: {between: [north, south], every: 30s, timeout: 5s}
///   alerts:
///     one-way: {when: one_way_failures(sites) > 0, for: 30s}
///     slow-back: {when: p50(sites.south->north) over 1m > 2 * p50(sites.north->south) over 1m}
/// ```
///
/// # Source
/// RFC 4656 (one-way active measurement); Guo et al., Pingmesh, SIGCOMM 2015; RFC 2679 and RFC 2680 (one-way delay and loss).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeSettings {
    /// The sites: zones or regions.
    pub between: Vec<String>,
    /// Between two rounds.
    #[serde(default = "seconds::<30>")]
    pub every: SimDuration,
    /// After which a datagram counts as lost.
    #[serde(default = "seconds::<5>")]
    pub timeout: SimDuration,
}

fn seconds<const N: u64>() -> SimDuration {
    SimDuration::from_ns(N * SimDuration::SECOND.ns())
}

/// A matrix of more sites than this sends tens of thousands of datagrams a round.
const MOST_SITES: usize = 64;

/// Probes between sites, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Probes {
    /// As the user wrote it.
    pub name: String,
    /// Between two rounds [ns].
    pub every_ns: u64,
    /// After which a datagram counts as lost [ns].
    pub timeout_ns: u64,
    /// All directions: of each two sites that from the one that is written first, and behind it that back.
    pub ways: Vec<ProbeWay>,
    /// What each is called: `NAME.FROM->TO`.
    pub called: Vec<String>,
}

/// One direction between two sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProbeWay {
    /// Its id among those of all probes.
    pub id: ProbeId,
    /// Where its probes start.
    pub from: ZoneId,
    /// Where they arrive.
    pub to: ZoneId,
}

impl ProbeSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        if self.every.is_zero() {
            problems.error("every", "probes without pause never get on").hint =
                Some("write a period such as 30s".into());
        }
        if self.timeout.is_zero() {
            problems.error("timeout", "nothing arrives in no time").hint = Some("write a duration such as 5s".into());
        }
        match self.between.len() {
            0 | 1 => {
                problems.error("between", "probes go between two sites or more").hint =
                    Some("write between: [ZONE, ZONE]".into());
            }
            sites if sites > MOST_SITES => {
                problems.error("between", format!("{sites} sites are more than {MOST_SITES}")).hint =
                    Some("write regions in the place of their zones".into());
            }
            _ => {}
        }
    }

    /// The probes with ids; `first` is the number of their first direction.
    pub fn compile(
        &self,
        name: &str,
        first: usize,
        (names, topology): (&Names, &Topology),
        problems: &mut Problems,
    ) -> Option<Probes> {
        let sites = problems.at("between", |p| {
            let each = |(place, site): (usize, &String)| self.zone(place, site, names, topology, p);
            self.between.iter().enumerate().map(each).collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()
        })?;
        let sites: Vec<(&String, ZoneId)> = self.between.iter().zip(sites).collect();
        for (place, (site, zone)) in sites.iter().enumerate() {
            if let Some((other, _)) = sites[..place].iter().find(|(_, before)| before == zone) {
                let problem = problems.error(&format!("between.{place}"), format!("{site} is where {other} is"));
                problem.hint = Some("probes of a region stand in its first zone: name its zones one by one".into());
                return None;
            }
        }
        let (mut ways, mut called) = (Vec::new(), Vec::new());
        for (place, one) in sites.iter().enumerate() {
            for other in &sites[place + 1..] {
                for (from, to) in [(one, other), (other, one)] {
                    ways.push(ProbeWay { id: ProbeId::from(first + ways.len()), from: from.1, to: to.1 });
                    called.push(format!("{name}.{}->{}", from.0, to.0));
                }
            }
        }
        Some(Probes { name: name.to_owned(), every_ns: self.every.ns(), timeout_ns: self.timeout.ns(), ways, called })
    }

    /// Where the probes of a site stand.
    fn zone(
        &self,
        place: usize,
        site: &str,
        names: &Names,
        topology: &Topology,
        problems: &mut Problems,
    ) -> Option<ZoneId> {
        let at = |name: &str| match (names.zones.get(name), names.regions.get(name)) {
            (Some(zone), _) => Some(Location::Zone(*zone)),
            (_, Some(region)) => Some(Location::Region(*region)),
            _ => None,
        };
        let zone = match at(site) {
            Some(Location::Zone(zone)) => Some(zone),
            Some(Location::Region(region)) => topology.zones.iter().position(|z| z.region == region).map(ZoneId::from),
            _ => {
                let known = names.zones.keys().chain(names.regions.keys());
                problems.unknown(&place.to_string(), "zone or region", site, known.map(String::as_str));
                return None;
            }
        }?;
        if self.between[..place].iter().any(|other| other == site) {
            problems.error(&place.to_string(), format!("{site} is named twice"));
            return None;
        }
        Some(zone)
    }
}

impl Probes {
    /// The directions by their names: `NAME.FROM->TO`, and `NAME` for all of them.
    pub fn names(&self) -> Vec<(String, Vec<ProbeId>)> {
        let each = self.called.iter().zip(&self.ways).map(|(called, way)| (called.clone(), vec![way.id]));
        std::iter::once((self.name.clone(), self.ways.iter().map(|way| way.id).collect())).chain(each).collect()
    }
}
