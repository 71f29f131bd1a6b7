//! Lookups that would wait for themselves.
//!
//! Where those who miss a value wait for one who makes it, what makes it may not need the same value: it would wait for itself forever, as a
//! single flight in a process or a lock for each key does. The same holds in a circle, when a value of one cache is made of one of another and the
//! other way round: two requests may wait for each other.
//!
//! A *flight* is what waits together: a cache, and with `per_instance` one service that looks something up. One flight needs another if the steps of
//! its miss, or what they call and wait for, look something up there. What is answered early, done in the background or sent to a queue is not
//! waited for.

use crate::compile::Compiled;
use sim_core::data::cache::CoalesceSettings;
use sim_core::ids::{EndpointId, ServiceId};
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{Node, Step};
use std::collections::{BTreeMap, BTreeSet};

/// A cache, and the service within whose instances its values are made once; `None` is everywhere.
type Flight = (ServiceId, Option<ServiceId>);

/// Finds circles of flights, and reports each once, at the cache that makes its lookups wait.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    let needs = needs(model);
    let mut reported = BTreeSet::new();
    for &flight in needs.keys() {
        let Some(circle) = circle(&needs, flight) else { continue };
        let is_new = circle.iter().all(|flight| !reported.contains(flight));
        reported.extend(circle.iter().copied());
        if is_new {
            problems.push(problem(compiled, &circle));
        }
    }
}

fn problem(compiled: &Compiled, circle: &[Flight]) -> Problem {
    let name = |(cache, _): &Flight| compiled.model.services[cache.index()].name.as_str();
    let (what, label) = match circle {
        [alone] => (
            "a lookup that makes a value would wait for itself forever".to_owned(),
            format!("what makes a value of {0} looks it up in {0}", name(alone)),
        ),
        _ => {
            let names: Vec<&str> = circle.iter().chain(&circle[..1]).map(name).collect();
            ("lookups that make values would wait for each other forever".to_owned(), names.join(" needs "))
        }
    };
    Problem::error(format!("caches.{}.coalesce", name(&circle[0])), what)
        .label(label)
        .hint("let what makes the value ask where it comes from, or leave coalesce out")
}

/// The flight of a lookup by a service; `None` where nobody waits for another.
fn flight(model: &Model, cache: ServiceId, by: ServiceId) -> Option<Flight> {
    let Node::Cache(settings) = &model.services[cache.index()].node else { return None };
    match settings.coalesce? {
        CoalesceSettings::PerInstance(_) => Some((cache, Some(by))),
        CoalesceSettings::Everywhere(_) => Some((cache, None)),
    }
}

/// Which flights need which others.
fn needs(model: &Model) -> BTreeMap<Flight, BTreeSet<Flight>> {
    let mut all = BTreeMap::new();
    for endpoint in &model.endpoints {
        lookups(&endpoint.steps, &mut |cache, miss| {
            if let Some(flight) = flight(model, cache, endpoint.service) {
                let mut waited = Waited { model, seen: BTreeSet::new(), found: BTreeSet::new() };
                waited.steps(endpoint.service, miss);
                all.entry(flight).or_insert_with(BTreeSet::new).extend(waited.found);
            }
        });
    }
    all
}

/// All lookups among the steps, each with its cache and what makes the value.
fn lookups(steps: &[Step], found: &mut impl FnMut(ServiceId, &[Step])) {
    for step in steps {
        if let Step::Lookup { cache, miss, .. } = step {
            found(*cache, miss);
        }
        step.inner().for_each(|steps| lookups(steps, found));
    }
}

/// What steps wait for.
struct Waited<'a> {
    model: &'a Model,
    seen: BTreeSet<EndpointId>,
    found: BTreeSet<Flight>,
}

impl Waited<'_> {
    /// Adds what a service waits for with these steps.
    fn steps(&mut self, service: ServiceId, steps: &[Step]) {
        for step in steps {
            match step {
                // The caller is answered, and waits no more.
                Step::Reply(_) => return,
                Step::Call(edge) | Step::Forward(edge) => self.callee(self.model.edges[edge.index()].callee),
                Step::Fallback { call, otherwise } => {
                    self.callee(self.model.edges[call.index()].callee);
                    self.steps(service, otherwise);
                }
                Step::Invalidate { call, .. } => {
                    call.iter().for_each(|edge| self.callee(self.model.edges[edge.index()].callee));
                }
                Step::Lookup { cache, call, miss, .. } => {
                    call.iter().for_each(|edge| self.callee(self.model.edges[edge.index()].callee));
                    match flight(self.model, *cache, service) {
                        // What makes the value there is what that flight needs.
                        Some(flight) => drop(self.found.insert(flight)),
                        None => self.steps(service, miss),
                    }
                }
                Step::Parallel { .. } | Step::Choose(_) | Step::Steps(_) => {
                    step.inner().for_each(|steps| self.steps(service, steps));
                }
                Step::Background(_) | Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Fail(..) => {}
            }
        }
    }

    fn callee(&mut self, endpoint: EndpointId) {
        if self.seen.insert(endpoint) {
            let model = self.model;
            let of = &model.endpoints[endpoint.index()];
            self.steps(of.service, &of.steps);
        }
    }
}

/// The shortest way from a flight back to itself.
fn circle(needs: &BTreeMap<Flight, BTreeSet<Flight>>, start: Flight) -> Option<Vec<Flight>> {
    let mut from: BTreeMap<Flight, Flight> = BTreeMap::new();
    let mut open = std::collections::VecDeque::from([start]);
    while let Some(here) = open.pop_front() {
        for &next in needs.get(&here).into_iter().flatten() {
            if next == start {
                let mut way = vec![here];
                while *way.last()? != start {
                    way.push(from[way.last()?]);
                }
                way.reverse();
                return Some(way);
            }
            if let std::collections::btree_map::Entry::Vacant(new) = from.entry(next) {
                new.insert(here);
                open.push_back(next);
            }
        }
    }
    None
}
