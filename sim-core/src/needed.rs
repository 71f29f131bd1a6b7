//! What an endpoint cannot do without: the endpoints that have to answer, and the services that have to run, so that it can answer in full.
//!
//! Itself, and those of all that its steps ask and wait for, directly or not. Left out is what may fail without harm: optional
//! calls, calls with a fallback, background work, parallel branches of which not all are needed, and what comes after the reply. Queues
//! hold messages whoever runs.

use crate::ids::{EdgeId, EndpointId, ServiceId};
use crate::topology::Topology;
use crate::topology::{Node, Step};

/// The endpoints that an endpoint cannot do without, itself among them, in the order of their ids.
pub fn needed_endpoints(topology: &Topology, endpoint: EndpointId) -> Vec<EndpointId> {
    let mut seen = vec![false; topology.endpoints.len()];
    let mut next = vec![endpoint];
    while let Some(at) = next.pop() {
        if !std::mem::replace(&mut seen[at.index()], true) {
            let mut asks = |edge: EdgeId, _| next.push(topology.edges[edge.index()].callee);
            needed_calls(topology, &topology.endpoints[at.index()].steps, 1.0, &mut asks);
        }
    }
    (0..seen.len()).filter(|&place| seen[place]).map(EndpointId::from).collect()
}

/// The services that an endpoint cannot do without, in the order of their ids.
pub fn needed(topology: &Topology, endpoint: EndpointId) -> Vec<ServiceId> {
    let services = needed_endpoints(topology, endpoint).into_iter().map(|id| topology.endpoints[id.index()].service);
    let mut services: Vec<ServiceId> = services.filter(|id| runs(topology, *id)).collect();
    services.sort_unstable();
    services.dedup();
    services
}

fn runs(topology: &Topology, service: ServiceId) -> bool {
    !matches!(topology.services[service.index()].node, Node::Queue(_))
}

/// Tells the calls of steps that are waited for and may not fail, each with how many times it is made where the steps are taken `times`. Whether the
/// steps reply on the way, so that no step after them is waited for.
pub fn needed_calls(topology: &Topology, steps: &[Step], times: f64, told: &mut impl FnMut(EdgeId, f64)) -> bool {
    calls_of(topology, steps, times, false, told)
}

/// As [`needed_calls`], and with them the calls that take each other's place: the steps can do without any of them, and not without all. So the
/// failure of each is the steps' own where the others fail too.
pub fn failing_calls(topology: &Topology, steps: &[Step], times: f64, told: &mut impl FnMut(EdgeId, f64)) -> bool {
    calls_of(topology, steps, times, true, told)
}

fn calls_of(
    topology: &Topology,
    steps: &[Step],
    times: f64,
    together: bool,
    told: &mut dyn FnMut(EdgeId, f64),
) -> bool {
    let may_not_fail = |edge: EdgeId| {
        let edge = &topology.edges[edge.index()];
        !edge.optional && edge.fallback.is_none()
    };
    for step in steps {
        let replied = match step {
            Step::Call(edge) | Step::Forward(edge) => {
                if may_not_fail(*edge) {
                    told(*edge, times);
                }
                false
            }
            // Without one of the branches all its repetitions fail.
            Step::Parallel { branches, need, repeat } if *need > (branches.len() as u32).saturating_sub(1) * repeat => {
                // A reply in a branch ends that branch, and answers nobody.
                let times = times * f64::from(*repeat);
                branches.iter().for_each(|branch| _ = calls_of(topology, branch, times, together, told));
                false
            }
            // Whichever branch is taken, some requests take it.
            Step::Choose(branches) => {
                let replied: Vec<bool> =
                    branches.iter().map(|(_, branch)| calls_of(topology, branch, times, together, told)).collect();
                !replied.contains(&false)
            }
            Step::Steps(steps) => calls_of(topology, steps, times, together, told),
            // Some requests miss; a cache that does not answer is a miss too.
            Step::Lookup { miss, .. } => {
                calls_of(topology, miss, times, together, told);
                false
            }
            Step::Invalidate { call, .. } => {
                call.filter(|edge| may_not_fail(*edge)).into_iter().for_each(|edge| told(edge, times));
                false
            }
            Step::Fallback { call, otherwise } if together => {
                let mut others_may = false;
                calls_of(topology, otherwise, times, together, &mut |edge, times| {
                    others_may = true;
                    told(edge, times);
                });
                if others_may {
                    told(*call, times);
                }
                false
            }
            Step::Reply(_) => true,
            // Another call stands in for this one, and this one for it.
            Step::Fallback { .. }
            | Step::Parallel { .. }
            | Step::Background(_)
            | Step::Work(_)
            | Step::Wait(_)
            | Step::Disk(_)
            | Step::Fail(..) => false,
        };
        if replied {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::fallback::Fallback;
    use crate::ids::{Caller, EdgeId};
    use crate::judge::testing::System;
    use crate::model::Model;
    use crate::outcome::Outcome;

    /// Services a to e with an endpoint each; the steps of a, with calls to the others by their place, are given.
    fn needed_with(steps: &dyn Fn(&mut dyn FnMut(usize) -> EdgeId, &mut Model) -> Vec<Step>) -> Vec<u32> {
        let mut system = System::new(10);
        let endpoints: Vec<EndpointId> = ["a", "b", "c", "d", "e"]
            .map(|name| {
                let service = system.service(name, 1);
                system.endpoint(service, "get")
            })
            .to_vec();
        let users = system.load("users", endpoints[0]);
        let plain = system.model.edges[users.index()].clone();
        let mut calls = Vec::new();
        for endpoint in &endpoints {
            calls.push(EdgeId::from(system.model.edges.len()));
            let mut edge = plain.clone();
            (edge.callee, edge.caller) = (*endpoint, Caller::Endpoint(endpoints[0]));
            system.model.edges.push(edge);
        }
        let made = steps(&mut |place| calls[place], &mut system.model);
        system.model.endpoints[endpoints[0].index()].steps = made;
        // b asks e in turn.
        system.model.endpoints[endpoints[1].index()].steps = vec![Step::Call(calls[4])];
        needed(&system.model, endpoints[0]).iter().map(|id| id.0).collect()
    }

    #[test]
    fn all_that_is_waited_for_is_needed() {
        assert_eq!(needed_with(&|call, _| vec![Step::Call(call(1)), Step::Call(call(2))]), [0, 1, 2, 4]);
        let both = |need| {
            needed_with(&|call, _| {
                let branches = vec![vec![Step::Call(call(2))], vec![Step::Call(call(3))]];
                vec![Step::Parallel { branches, need, repeat: 2 }]
            })
        };
        assert_eq!((both(3), both(2)), (vec![0, 2, 3], vec![0]));
    }

    #[test]
    fn what_may_fail_without_harm_is_not_needed() {
        let kinds = needed_with(&|call, model| {
            model.edges[call(1).index()].optional = true;
            model.edges[call(2).index()].fallback = Some(Fallback::default());
            vec![
                Step::Call(call(1)),
                Step::Call(call(2)),
                Step::Background(vec![Step::Call(call(3))]),
                Step::Reply(Outcome::Ok),
                Step::Call(call(4)),
            ]
        });
        assert_eq!(kinds, [0]);
    }
}
