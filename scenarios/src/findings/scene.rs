//! A system as findings look at it: the model, where its parts are written, and a few questions that several kinds ask.

use super::{needs, rates};
use crate::compile::Compiled;
use crate::numbers::grouped;
use crate::reader::Node;
use sim_core::deed::DeedEffect;
use sim_core::engine::math;
use sim_core::faults::{FaultEffect, Target};
use sim_core::ids::{Caller, EdgeId, EndpointId, ServiceId};
use sim_core::model::Model;
use sim_core::topology::{Edge, Guard, Node as Kind, Step};
use sim_core::units::SimDuration;
use std::cell::OnceCell;

/// A system without errors, and where it is written.
pub struct Scene<'a> {
    /// The system as meant.
    pub model: &'a Model,
    compiled: &'a Compiled,
    tree: &'a Node,
    /// The call sites that share each guard.
    of_guards: Vec<Vec<EdgeId>>,
    /// The call sites that call each service.
    to_services: Vec<Vec<EdgeId>>,
    /// Share of all requests that are not answered in full without a service, by service; `None` where it cannot be told.
    needs: OnceCell<Option<Vec<f64>>>,
}

impl<'a> Scene<'a> {
    /// The system of a compiled file.
    pub fn new(compiled: &'a Compiled, tree: &'a Node) -> Self {
        let model = &compiled.model;
        let mut of_guards = vec![Vec::new(); model.guards.len()];
        let mut to_services = vec![Vec::new(); model.services.len()];
        for (place, edge) in model.edges.iter().enumerate() {
            of_guards[edge.guard.index()].push(EdgeId::from(place));
            to_services[model.endpoints[edge.callee.index()].service.index()].push(EdgeId::from(place));
        }
        Self { model, compiled, tree, of_guards, to_services, needs: OnceCell::new() }
    }

    /// The call sites that share a guard, by its place.
    pub fn edges_of(&self, guard: usize) -> &[EdgeId] {
        &self.of_guards[guard]
    }

    /// The call sites that call a service.
    pub fn edges_to(&self, service: ServiceId) -> impl Iterator<Item = &'a Edge> {
        self.to_services[service.index()].iter().map(|id| self.edge(*id))
    }

    /// Share of all requests that are not answered in full without a service, by service; `None` where it cannot be told.
    pub fn needs(&self) -> Option<&[f64]> {
        self.needs.get_or_init(|| needs::of_services(self.model)).as_deref()
    }

    /// All call sites with their ids.
    pub fn edges(&self) -> impl Iterator<Item = (EdgeId, &'a Edge)> {
        self.model.edges.iter().enumerate().map(|(place, edge)| (EdgeId::from(place), edge))
    }

    /// A call site.
    pub fn edge(&self, id: EdgeId) -> &'a Edge {
        &self.model.edges[id.index()]
    }

    /// The state that a call shares.
    pub fn guard(&self, edge: &Edge) -> &'a Guard {
        &self.model.guards[edge.guard.index()]
    }

    /// `service.endpoint`.
    pub fn endpoint(&self, id: EndpointId) -> &'a str {
        &self.model.endpoints[id.index()].name
    }

    /// The name of a service.
    pub fn service(&self, id: ServiceId) -> &'a str {
        &self.model.services[id.index()].name
    }

    /// Who calls: a load class, an endpoint or a queue.
    pub fn caller(&self, edge: &Edge) -> &'a str {
        match edge.caller {
            Caller::Load(id) => &self.model.loads[id.index()].name,
            Caller::Scaler(place) => &self.model.scalers[place as usize].name,
            Caller::Endpoint(id) => self.endpoint(id),
            Caller::Queue(id) => self.service(id),
        }
    }

    /// Where a service is written.
    pub fn service_path(&self, id: ServiceId) -> &'a str {
        &self.compiled.paths.services[id.index()]
    }

    /// Where the breaker of a guard is written.
    pub fn breaker_path(&self, guard: usize) -> Option<&'a str> {
        self.compiled.paths.breakers.get(guard)?.as_deref()
    }

    /// Where a key of a call is written: at the call, in its policy or in the defaults; the call itself where it is nowhere.
    pub fn key(&self, edge: EdgeId, key: &str) -> String {
        let path = &self.compiled.paths.edges[edge.index()];
        let own = match path.split_once(".mix.") {
            Some((load, _)) => load,
            None => path.rsplit_once('.').map_or(path.as_str(), |(own, _)| own),
        };
        let policy = self.tree.find(&format!("{own}.policy")).and_then(Node::text);
        let places =
            [Some(own.to_owned()), policy.map(|name| format!("policies.{name}")), Some("defaults.call".into())];
        let mut places = places.into_iter().flatten().map(|place| format!("{place}.{key}"));
        places.find(|place| self.tree.find(place).is_some()).unwrap_or_else(|| path.clone())
    }

    /// How many callers have a state of their own for a guard: the instances of the calling service, or the load class.
    pub fn callers_of(&self, guard: &Guard) -> u32 {
        guard.caller.map_or(1, |service| self.model.services[service.index()].instances)
    }

    /// The most requests that an endpoint is asked for on a call site [s⁻¹], and how many of them one request of load brings at once.
    pub fn highest_rates(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        rates::highest(self.model)
    }

    /// Whether a service has an endpoint of its own that runs: queues hold messages whatever else runs.
    pub fn runs(&self, service: ServiceId) -> bool {
        !matches!(self.model.services[service.index()].node, Kind::Queue(_))
    }

    /// Whether an experiment or a runbook sets values or changes how many instances there are, so that what the file says holds for a part of
    /// the run only.
    pub fn changes_while_it_runs(&self) -> bool {
        let restores = |effect: &DeedEffect| {
            matches!(
                effect,
                DeedEffect::Restart(_)
                    | DeedEffect::Replace(_)
                    | DeedEffect::Return(..)
                    | DeedEffect::Restore(..)
                    | DeedEffect::Validate(..)
                    | DeedEffect::Failover(_)
                    | DeedEffect::Mend(_)
            )
        };
        self.model.deeds().any(|deed| !restores(&deed.effect))
    }

    /// Whether a fault may stop instances of a service.
    pub fn may_stop(&self, service: ServiceId) -> bool {
        self.model.faults.iter().any(|fault| match (&fault.effect, &fault.target) {
            (
                FaultEffect::Crash { .. } | FaultEffect::Freeze | FaultEffect::Restart | FaultEffect::Deploy(_),
                Target::Instances(selection),
            ) => selection.services.contains(&service),
            _ => false,
        })
    }

    /// Whether a fault may stop or cut off instances of a service.
    pub fn may_lose_instances(&self, service: ServiceId) -> bool {
        let cuts = |effect: &FaultEffect| matches!(effect, FaultEffect::Partition | FaultEffect::Loss { .. });
        self.may_stop(service) || self.model.faults.iter().any(|fault| cuts(&fault.effect))
    }

    /// The calls of an endpoint for which its reply waits, each once.
    pub fn waited_calls(&self, endpoint: EndpointId) -> Vec<EdgeId> {
        let mut calls = Vec::new();
        waited(&self.model.endpoints[endpoint.index()].steps, &mut calls);
        calls
    }
}

/// Adds the calls for which a reply waits. Whether the steps reply on the way, so that no step after them is waited for.
fn waited(steps: &[Step], to: &mut Vec<EdgeId>) -> bool {
    for step in steps {
        let replied = match step {
            Step::Call(edge) => {
                to.push(*edge);
                false
            }
            Step::Parallel { branches, .. } => {
                branches.iter().for_each(|branch| _ = waited(branch, to));
                false
            }
            Step::Choose(branches) => {
                let replied: Vec<bool> = branches.iter().map(|(_, branch)| waited(branch, to)).collect();
                !replied.contains(&false)
            }
            Step::Fallback { call, otherwise } => {
                to.push(*call);
                waited(otherwise, to)
            }
            Step::Steps(steps) => waited(steps, to),
            Step::Lookup { call, miss, .. } => {
                to.extend(call);
                waited(miss, to);
                false
            }
            Step::Invalidate { call, .. } => {
                to.extend(call);
                false
            }
            Step::Reply(_) | Step::Forward(_) => true,
            Step::Background(_) | Step::Work(_) | Step::Wait(_) | Step::Disk(_) | Step::Fail(..) => false,
        };
        if replied {
            return true;
        }
    }
    false
}

/// A time for people, from nanoseconds: to the millisecond from a second on, else to the microsecond.
pub fn time(ns: f64) -> SimDuration {
    let step = if ns >= 1e9 { 1e6 } else { 1e3 };
    SimDuration::from_ns(((ns / step).round() * step) as u64)
}

/// A number for people, with up to three significant digits and no exponent.
pub fn number(value: f64) -> String {
    let decimals = if value >= 100.0 || (value - value.round()).abs() < 1e-9 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 { grouped(&text) } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// A share for people: as many nines as it has, and one digit more.
pub fn share(value: f64) -> String {
    let missing = (1.0 - value).max(1e-9);
    let decimals = if value >= 1.0 { 0 } else { (-math::log10(missing)).ceil().clamp(1.0, 7.0) as usize };
    let text = format!("{:.decimals$}", value * 100.0);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0.25, 15.0, 12.34, 1234.5, 1e6].map(number), ["0.25", "15", "12.3", "1,234", "1,000,000"]);
        assert_eq!([1.0, 0.5, 0.998_7, 0.999_94].map(share), ["100%", "50%", "99.87%", "99.994%"]);
        assert_eq!(time(1_234_567_890.0).to_string(), "1.235s");
        assert_eq!(time(250_000_123.0).to_string(), "250ms");
    }
}
