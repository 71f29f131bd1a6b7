//! How much a run serves, so that a bill can be told for each of it: requests, bytes and users.

use crate::economics::MONTH_S;
use crate::expression::{Group, Metric};
use crate::ids::{Caller, EdgeId};
use crate::judge::Bill;
use crate::model::Model;
use crate::results::RunResult;
use crate::topology::Load;
use crate::workload::Arrival;

/// What load classes do in a month of 730 h.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volume {
    /// Their requests, in millions.
    pub million_requests: f64,
    /// Bytes that they send and are answered, in terabytes; 0 where no call has a size.
    pub terabytes: f64,
    /// Their users, where load classes say how many they have (`population`), or are closed; 0 where none does.
    pub users: f64,
}

/// What the load classes of a run do.
pub fn volume(run: &RunResult, model: &Model) -> Volume {
    let (mut requests, mut bytes) = (0, 0);
    for (place, edge) in model.edges.iter().enumerate() {
        if matches!(edge.caller, Caller::Load(_)) {
            let counts = run.edge(EdgeId::from(place), run.whole());
            requests += counts.settled();
            bytes += counts.bytes;
        }
    }
    let seconds = (run.measured_ns as f64 / 1e9).max(1e-9);
    let stands_for = model.run.one_of as f64;
    let a_month = |amount: u64| amount as f64 * stands_for / seconds * MONTH_S;
    Volume {
        million_requests: a_month(requests) / 1e6,
        terabytes: a_month(bytes) / 1e12,
        users: model.loads.iter().filter_map(|load| users(load, stands_for)).sum(),
    }
}

/// Users of a load class: as many as the file says, or those who wait for their answers; `None` where nobody knows.
fn users(load: &Load, stands_for: f64) -> Option<f64> {
    let closed =
        if let Arrival::Closed { users, .. } = load.arrival { Some(f64::from(users) * stands_for) } else { None };
    load.population.map(|users| users as f64).or(closed)
}

impl Volume {
    /// What the infrastructure of a month costs for one of what a metric names; `None` where there is none of it.
    pub fn cost_of_one(&self, metric: Metric, bill: &Bill) -> Option<f64> {
        let amount = match metric {
            Metric::CostPerMillionRequests => self.million_requests,
            Metric::CostPerTerabyte => self.terabytes,
            Metric::CostPerUser => self.users,
            _ => 0.0,
        };
        (amount > 0.0).then(|| bill.per_month(Group::Infrastructure) / amount)
    }
}
