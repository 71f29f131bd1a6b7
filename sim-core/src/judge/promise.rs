//! Whether a replication keeps a promise.
//!
//! A promise is judged run by run: a value, and whether it keeps the bound. Studies count how many keep it. Without data there is no
//! judgement, which is never the same as held.

use super::recovery::{Recovery, recovery};
use super::stretch::Stretch;
use crate::counters::part;
use crate::data::{AGE, WrongnessKind};
use crate::expression::{Group, Metric, Resolved, ScopeMeant, Subject};
use crate::ids::{Caller, EndpointId};
use crate::metrics::PartAt;
use crate::model::Model;
use crate::observe::observe;
use crate::promise::{Promise, PromiseKind};
use crate::results::{RunResult, Span, Unit};
use crate::topology::{Edge, Topology};

/// What became of a promise in one replication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The value, in [`Promise::unit`].
    pub value: f64,
    /// Whether it keeps the bound.
    pub kept: bool,
}

impl Promise {
    fn keeps(&self, value: f64) -> Judged {
        let bound = self.promised();
        let slack = bound.abs() * 1e-12;
        Judged { value, kept: if self.at_most() { value <= bound + slack } else { value >= bound - slack } }
    }

    /// Judges one replication; `None` without data.
    pub fn judge(&self, run: &RunResult, model: &Model) -> Option<Judged> {
        let whole = run.whole();
        match &self.kind {
            PromiseKind::Recovery { of, after, within_s } => {
                match recovery(run, model, *of, *after)? {
                    Recovery::After(seconds) => Some(self.keeps(seconds)),
                    // Seen long enough to know that it is late, or else nobody knows.
                    Recovery::NotSeen(seconds) if seconds > *within_s => {
                        Some(Judged { value: f64::INFINITY, kept: false })
                    }
                    Recovery::NotSeen(_) => None,
                }
            }
            PromiseKind::Cost { unit, .. } => {
                let bill = super::bill::bill(run, model);
                let month = bill.per_month(Group::Infrastructure);
                Some(self.keeps(if *unit == Unit::MoneyPerYear { 12.0 * month } else { month }))
            }
            PromiseKind::Wrongness { of, kind, .. } => {
                wrong_share(run, model, *of, *kind).map(|share| self.keeps(share))
            }
            kind => {
                let metric = metric(kind)?;
                observe(model, &metric, &Stretch::new(run, vec![whole])).map(|value| self.keeps(value))
            }
        }
    }

    /// Whether a stretch of the run keeps it: a share or latency promise of an endpoint; `None` without data, or for other kinds.
    pub fn kept_between(&self, run: &RunResult, model: &Model, span: Span) -> Option<bool> {
        if !matches!(self.kind, PromiseKind::Availability { .. } | PromiseKind::Latency { .. }) {
            return None;
        }
        let metric = metric(&self.kind)?;
        let seen = Stretch::by_slice(run, span);
        observe(model, &metric, &seen).map(|value| self.keeps(value).kept)
    }
}

/// The metric that a promise is about.
fn metric(kind: &PromiseKind) -> Option<Resolved> {
    let (metric, subject) = match kind {
        PromiseKind::Availability { of, .. } => (Metric::Availability, Subject::Endpoint(*of)),
        PromiseKind::Latency { of, percentile, .. } => (Metric::Percentile(*percentile), Subject::Endpoint(*of)),
        PromiseKind::Goodput { of, .. } => (Metric::Goodput, Subject::Endpoint(*of)),
        PromiseKind::Age { of, percentile, .. } => {
            (Metric::Percentile(*percentile), Subject::Timed(vec![PartAt::service(part(&AGE), *of)]))
        }
        _ => return None,
    };
    Some(Resolved { metric, subject, scope: ScopeMeant::default() })
}

/// The share of requests that were wrong so; `None` without requests.
fn wrong_share(run: &RunResult, topology: &Topology, of: Option<EndpointId>, kind: WrongnessKind) -> Option<f64> {
    let wrong: f64 = run.slices.iter().map(|slice| crate::economics::wrong_replies(topology, slice, kind, of)).sum();
    let counts = |edge: &Edge| match of {
        Some(of) => edge.callee == of,
        None => matches!(edge.caller, Caller::Load(_)),
    };
    let edges = topology.edges.iter().enumerate().filter(|(_, edge)| counts(edge));
    let ended: u64 = edges.map(|(id, _)| run.edge(id.into(), run.whole()).ended()).sum();
    (ended > 0).then(|| wrong / ended as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Wrongness;
    use crate::judge::testing::{SECOND, System, calls, times};
    use crate::problem::Problems;
    use crate::promise::PromiseSettings;
    use crate::results::WrongCounts;
    use serde_json::{Value, json};

    /// Judges a promise of a run of 10 s: 990 answers at 10 ms, 10 failures, 5 wrong replies, 1 instance at 1 $ an hour.
    fn judge(keep: &Value, of: Option<&str>) -> Option<Judged> {
        let mut system = System::new(10);
        let api = system.service("api", 1);
        let jobs = system.service("jobs", 1);
        system.names.queues.insert("jobs".into());
        let get = system.endpoint(api, "get");
        let users = system.load("users", get);
        system.cost("nodes", json!({"meter": {"instances": {"of": "api"}}, "price": "$1/h"}));
        system.promise("p", json!({"keep": keep, "of": of}));
        let mut run = system.run(10);
        run.slices[0].edges[users.index()] = calls(990, 10);
        run.slices[0].edges[users.index()].wrong = 5;
        run.slices[0].wrong = vec![(users, Wrongness::StaleRead as u8, WrongCounts { arose: 5, passed_on: 0 })];
        run.slices[0].services[api.index()].paid_ns = u128::from(10 * SECOND);
        run.periods[0].latency[users.index()] = times(990, 10_000_000);
        run.periods[0].times.insert(PartAt::service(part(&AGE), jobs), times(990, 2_000_000_000));
        system.model.promises[0].judge(&run, &system.model)
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads as a table of json!")]
    fn check(keep: Value, of: Option<&str>, value: f64, kept: bool) {
        let judged = judge(&keep, of).unwrap_or_else(|| panic!("no data: {keep}"));
        assert!((judged.value - value).abs() <= value.abs() * 0.01, "{keep}: {}, expected {value}", judged.value);
        assert_eq!(judged.kept, kept, "{keep}");
    }

    #[test]
    fn promises_are_judged_by_their_bound() {
        let get = Some("api.get");
        check(json!({"availability": "99%"}), get, 0.99, true);
        check(json!({"availability": "99.1%"}), get, 0.99, false);
        check(json!({"latency": {"p99": "11ms"}}), get, 0.010, true);
        check(json!({"latency": {"p99": "9ms"}}), get, 0.010, false);
        check(json!({"goodput": "98/s"}), get, 98.5, true);
        check(json!({"goodput": "99/s"}), get, 98.5, false);
        check(json!({"age": {"p50": "3s"}}), Some("jobs"), 2.0, true);
        check(json!({"cost": "$730/month"}), None, 730.0, true);
        check(json!({"cost": "$8k/year"}), None, 8760.0, false);
        check(json!({"wrongness": {"kind": "any", "at_most": "0.5%"}}), get, 0.005, true);
        check(json!({"wrongness": {"kind": "stale_read", "at_most": "0%"}}), None, 0.005, false);
        check(json!({"wrongness": {"kind": "lost_write", "at_most": "0%"}}), None, 0.0, true);
    }

    #[test]
    fn without_data_nothing_is_judged() {
        let mut system = System::new(10);
        let api = system.service("api", 1);
        let get = system.endpoint(api, "get");
        system.load("users", get);
        system.promise("works", json!({"keep": {"availability": "99%"}, "of": "api.get"}));
        system.promise("quick", json!({"keep": {"latency": {"p99": "1s"}}, "of": "api.get"}));
        system.promise("right", json!({"keep": {"wrongness": {"kind": "any", "at_most": "0%"}}, "of": "api.get"}));
        let run = system.run(10);
        for promise in &system.model.promises {
            assert_eq!(promise.judge(&run, &system.model), None, "{}", promise.name);
        }
    }

    #[test]
    fn what_a_promise_is_about_must_be_said() {
        for (json, path) in [
            (json!({"keep": {"availability": "99%"}}), ""),
            (json!({"keep": {"cost": "$3"}}), "keep.cost"),
            (json!({"keep": {"cost": "$3/month"}, "of": "a.b"}), "of"),
            (json!({"keep": {"latency": {}}, "of": "a.b"}), "keep.latency"),
            (json!({"keep": {"latency": {"p50": "1s", "p99": "2s"}}, "of": "a.b"}), "keep.latency"),
            (json!({"keep": {"recovery": {"after": "f", "within": "0s"}}, "of": "a.b"}), "keep.recovery.within"),
            (json!({"keep": {"goodput": "3/s"}, "of": "a.b", "period": "30d"}), "period"),
        ] {
            let settings: PromiseSettings = serde_json::from_value(json.clone()).unwrap();
            let mut problems = Problems::new();
            settings.validate(&mut problems);
            let paths: Vec<String> = problems.into_vec().into_iter().map(|p| p.path).collect();
            assert_eq!(paths, [path], "{json}");
        }
    }
}
