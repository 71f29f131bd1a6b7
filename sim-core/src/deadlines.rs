//! What deadlines bound: the calls below a call that has one, and those that take its place.

use crate::call::deadline::DeadlineAs;
use crate::ids::{Caller, EndpointId};
use crate::topology::Topology;

/// Calls on a path for which deadlines are followed.
const MOST_CALLS: usize = 200;

impl Topology {
    /// Of each call site, whether it has a deadline or lies below one that has.
    pub fn bounded(&self) -> Vec<bool> {
        let mut bounded: Vec<bool> = self.edges.iter().map(|edge| edge.deadline.is_some()).collect();
        // What takes the place of a call that has failed is bounded as that was. A fallback has a higher number than its call.
        for (id, edge) in self.edges.iter().enumerate() {
            if let Some(other) = edge.other_call() {
                bounded[other.index()] |= bounded[id];
            }
        }
        let own = self.edges.iter().zip(&bounded).filter(|(_, is_bounded)| **is_bounded);
        let mut below: Vec<EndpointId> = own.map(|(edge, _)| edge.callee).collect();
        let mut seen = vec![false; self.endpoints.len()];
        while let Some(endpoint) = below.pop() {
            if std::mem::replace(&mut seen[endpoint.index()], true) {
                continue;
            }
            for (edge, bounded) in self.edges.iter().zip(&mut bounded) {
                if edge.caller == Caller::Endpoint(endpoint) {
                    *bounded = true;
                    below.push(edge.callee);
                }
            }
        }
        bounded
    }

    /// Of each call site, whether its callee is told a deadline as a time of day.
    pub fn tells_times(&self) -> Vec<bool> {
        let bounded = self.bounded().into_iter();
        bounded.zip(&self.edges).map(|(is, edge)| is && edge.deadline_as == DeadlineAs::Timestamp).collect()
    }

    /// The deadline that requests to each endpoint bring from their callers [ns], the longest of all; infinite where some bring none.
    pub fn longest_deadlines_ns(&self) -> Vec<f64> {
        let mut brought = vec![0.0; self.endpoints.len()];
        // A deadline is handed on from call to call, so that it takes no more rounds than there are calls on a path.
        for _ in 0..MOST_CALLS {
            let mut grew = false;
            for edge in &self.edges {
                let above = match edge.caller {
                    Caller::Endpoint(caller) => brought[caller.index()],
                    Caller::Load(_) | Caller::Queue(_) | Caller::Scaler(_) => f64::INFINITY,
                };
                let here = edge.deadline.map_or(above, |own| above.min(own.ns() as f64));
                if here > brought[edge.callee.index()] {
                    brought[edge.callee.index()] = here;
                    grew = true;
                }
            }
            if !grew {
                return brought;
            }
        }
        vec![f64::INFINITY; self.endpoints.len()]
    }
}
