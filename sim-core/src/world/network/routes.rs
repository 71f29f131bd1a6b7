//! Routes: which link messages take now, and when that changes.
//!
//! A message asks its route as it sets out, and gets one link. What a route uses changes by events alone: a link is withdrawn or announced, and after
//! the route's `convergence` its messages follow, so that in between they go over a link that is not there. A system without routes pays one
//! comparison for each message that crosses a link.

use super::ends::{Ends, Way};
use crate::dist::Sampler;
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, hash_name, mix};
use crate::ids::ProbeId;
use crate::model::Model;
use crate::network::damping::{Dampening, Merit};
use crate::network::route::{self, Leg};
use crate::world::events::EventId;
use crate::world::{Event, World, fact};
use std::collections::VecDeque;

/// Of the time until a change has spread.
const CONVERGENCE: u64 = 0x6a;

/// What is due of routes, by their places, and of probes.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Due {
    /// A change has spread.
    Spread { route: u32, change: u32 },
    /// A link that was left aside may be used again.
    Reuse { route: u32, leg: u32 },
    /// A round of probes sets out, by the place of the probes.
    ProbesSetOut(u32),
    /// A probe arrives, after so long on its way [ns].
    ProbeArrives { way: ProbeId, took_ns: u64 },
    /// The timeout of a round of probes is over.
    ProbesTimeOut(u32),
}

impl From<Due> for Event {
    fn from(due: Due) -> Self {
        Self::Network(due)
    }
}

impl crate::world::events::Due for Due {
    fn fact(self) -> Option<(u64, u64)> {
        match self {
            Self::Spread { route, .. } => Some((u64::from(route), fact::ROUTED)),
            // Probes do nothing to the system.
            Self::Reuse { .. } | Self::ProbesSetOut(_) | Self::ProbeArrives { .. } | Self::ProbesTimeOut(_) => None,
        }
    }

    fn recurs(self) -> bool {
        matches!(self, Self::ProbesSetOut(_))
    }
}

/// The link over which a message goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnWay {
    /// Its place among the qualities, with its direction.
    pub(super) place: usize,
    /// Whether it is withdrawn, so that what goes over it is lost.
    pub(super) is_withdrawn: bool,
}

/// Places of links that are used from one end to the other, and back; empty where none that goes that way is there.
type Used = [Vec<usize>; 2];

/// A route while it runs.
#[derive(Debug)]
struct Route {
    legs: Vec<Leg>,
    /// How many faults have withdrawn each leg.
    withdrawn: Vec<u32>,
    merits: Vec<Merit>,
    convergence: Sampler,
    dampening: Option<Dampening>,
    pin: Option<usize>,
    multipath: bool,
    used: Used,
    /// What will be used when a change has spread, by its number, the oldest first.
    spreading: VecDeque<(u32, Used)>,
    changes: u32,
    key: u64,
}

impl Route {
    fn new(route: &route::Route) -> Self {
        let mut new = Self {
            legs: route.prefer.clone(),
            withdrawn: vec![0; route.prefer.len()],
            merits: vec![Merit::default(); route.prefer.len()],
            convergence: route.convergence.build(),
            dampening: route.dampening,
            pin: route.pin,
            multipath: route.multipath,
            used: Used::default(),
            spreading: VecDeque::new(),
            changes: 0,
            key: hash_name(&route.name),
        };
        new.used = new.best(0);
        new
    }

    /// The links that would be used if all were known at once; none in a direction in which nothing is there.
    fn best(&mut self, now: u64) -> Used {
        let mut is_there = Vec::with_capacity(self.legs.len());
        for leg in 0..self.legs.len() {
            let aside = self.dampening.is_some_and(|rule| self.merits[leg].is_aside(&rule, now));
            is_there.push(self.withdrawn[leg] == 0 && !aside);
        }
        [0, 1].map(|direction| {
            let goes = |leg: usize| self.goes(leg, direction);
            if let Some(pinned) = self.pin.and_then(goes) {
                return vec![pinned];
            }
            let there: Vec<usize> = (0..self.legs.len()).filter(|&leg| is_there[leg]).filter_map(goes).collect();
            match there.first() {
                Some(_) if self.multipath => there,
                Some(&first) => vec![first],
                None => Vec::new(),
            }
        })
    }

    /// The place of a link, if it goes that way.
    fn goes(&self, leg: usize, direction: usize) -> Option<usize> {
        self.legs[leg].goes[direction].map(|way| 3 + 2 * self.legs[leg].link + usize::from(way))
    }

    /// The first link that goes that way, whether it is there or not.
    fn first(&self, direction: usize) -> Option<usize> {
        (0..self.legs.len()).find_map(|leg| self.goes(leg, direction))
    }

    /// Whether a link, by its place with its direction, is withdrawn.
    fn is_withdrawn(&self, place: usize) -> bool {
        let of = |leg: &Leg| leg.link == (place - 3) / 2;
        self.legs.iter().position(of).is_some_and(|leg| self.withdrawn[leg] > 0)
    }
}

/// All routes.
#[derive(Default)]
pub(super) struct Routes {
    all: Vec<Route>,
    /// The place of the first route behind those of links.
    base: usize,
}

impl Routes {
    pub(super) fn new(model: &Model) -> Self {
        let network = &model.network;
        Self { all: network.routes.iter().map(Route::new).collect(), base: 3 + 2 * network.links.len() }
    }

    pub(super) fn are_none(&self) -> bool {
        self.all.is_empty()
    }

    /// The place of the route that a message takes between these ends, if any: behind those of links, with its direction.
    pub(super) fn between(&self, model: &Model, ends: &Ends, way: Way) -> Option<u16> {
        model.network.routes.iter().enumerate().find_map(|(place, route)| {
            let (from, to) = (Some(route.from), Some(route.to));
            let direction = [ends.go(way, from, to), ends.go(way, to, from)].into_iter().position(|goes| goes)?;
            self.all[place].first(direction).map(|_| (self.base + 2 * place + direction) as u16)
        })
    }

    /// The link of a message whose way has this place; what it has in common with others is asked for where several links are used.
    #[inline(always)]
    pub(super) fn link_of(&self, place: usize, flow: impl FnOnce() -> u64) -> OnWay {
        if place < self.base {
            return OnWay { place, is_withdrawn: false };
        }
        self.routed(place - self.base, flow)
    }

    #[cold]
    fn routed(&self, of: usize, flow: impl FnOnce() -> u64) -> OnWay {
        let route = &self.all[of / 2];
        let place = match &route.used[of % 2][..] {
            [one] => *one,
            // Nothing is there. What is sent is lost, and sent again by the transport of the first link.
            [] => return OnWay { place: route.first(of % 2).unwrap_or_default(), is_withdrawn: true },
            several => several[(flow() % several.len() as u64) as usize],
        };
        OnWay { place, is_withdrawn: route.is_withdrawn(place) }
    }
}

impl World<'_> {
    /// The route and the leg of a link.
    fn leg_of(&self, link: usize) -> Option<(usize, usize)> {
        let routes = self.network.routes.all.iter().enumerate();
        routes.into_iter().find_map(|(place, route)| Some((place, route.legs.iter().position(|leg| leg.link == link)?)))
    }

    /// A fault withdraws a link.
    pub(in crate::world) fn link_is_withdrawn(&mut self, link: usize) {
        let Some((of, leg)) = self.leg_of(link) else { return };
        let now = self.now;
        let route = &mut self.network.routes.all[of];
        route.withdrawn[leg] += 1;
        if route.withdrawn[leg] > 1 {
            return;
        }
        let reuse = route.dampening.and_then(|rule| route.merits[leg].withdrawn(&rule, now));
        if let Some(at) = reuse {
            self.schedule(at, Due::Reuse { route: of as u32, leg: leg as u32 });
        }
        self.route_changes(of);
        self.reach_may_change();
    }

    /// A link is announced again, if no other fault keeps it away.
    pub(in crate::world) fn link_is_announced(&mut self, link: usize) {
        let Some((of, leg)) = self.leg_of(link) else { return };
        let route = &mut self.network.routes.all[of];
        route.withdrawn[leg] -= 1;
        if route.withdrawn[leg] == 0 {
            self.route_changes(of);
            self.reach_may_change();
        }
    }

    /// A route is pinned to one of its links, or to none, at once.
    pub(in crate::world) fn route_is_pinned(&mut self, of: usize, pin: Option<usize>) {
        let now = self.now;
        let route = &mut self.network.routes.all[of];
        let before = std::mem::replace(&mut route.pin, pin);
        let (best, used) = (route.best(now), route.used.clone());
        for direction in [0, 1] {
            let pinned = |pin: Option<usize>| pin.and_then(|leg| route.goes(leg, direction));
            // What goes the other way than the pin, or is pinned as before, still waits until changes have spread.
            if pinned(before) == pinned(pin) {
                continue;
            }
            route.used[direction].clone_from(&best[direction]);
            for (_, used) in &mut route.spreading {
                used[direction].clone_from(&best[direction]);
            }
        }
        if route.used != used {
            self.network.meters.route_changes(of);
        }
        self.reach_may_change();
    }

    /// Something is another than before: what follows of it spreads.
    fn route_changes(&mut self, of: usize) {
        let now = self.now;
        let of_run = mix(self.seed, CONVERGENCE ^ (u64::from(self.replication) << 32));
        let route = &mut self.network.routes.all[of];
        route.changes += 1;
        let change = route.changes;
        let best = route.best(now);
        route.spreading.push_back((change, best));
        let mut draw = Keyed::new(mix(mix(route.key, of_run), u64::from(change)));
        let after = whole_ns(route.convergence.sample(&mut draw));
        if after == 0 {
            // Before what else happens at this instant.
            return self.has_spread(of, change);
        }
        self.schedule(now.saturating_add(after), Due::Spread { route: of as u32, change });
    }

    /// A change has spread.
    fn has_spread(&mut self, of: usize, change: u32) {
        if self.network.routes.all[of].has_spread(change) {
            self.network.meters.route_changes(of);
        }
    }

    /// What is due of routes and probes.
    pub(in crate::world) fn network_due(&mut self, due: Due, id: EventId) {
        match due {
            Due::ProbesSetOut(place) => self.probes_set_out(place, id),
            Due::ProbeArrives { way, took_ns } => self.probe_arrives(way, took_ns),
            Due::ProbesTimeOut(place) => self.probes_time_out(place),
            Due::Spread { route, change } => {
                self.has_spread(route as usize, change);
                self.reach_may_change();
            }
            Due::Reuse { route, leg } => {
                let now = self.now;
                let at = &mut self.network.routes.all[route as usize];
                // It may have been withdrawn again meanwhile, and be left aside for longer.
                let aside = at.dampening.is_some_and(|rule| at.merits[leg as usize].is_aside(&rule, now));
                if !aside {
                    self.route_changes(route as usize);
                }
            }
        }
    }
}

impl Route {
    /// A change has spread, if no later one was sooner; whether other links are used now.
    fn has_spread(&mut self, change: u32) -> bool {
        let Some(place) = self.spreading.iter().position(|(number, _)| *number == change) else { return false };
        self.spreading.drain(..place);
        let Some((_, used)) = self.spreading.pop_front() else { return false };
        std::mem::replace(&mut self.used, used) != self.used
    }
}
