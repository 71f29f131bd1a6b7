//! What was promised, and whether a replication keeps it.
//!
//! A promise is judged run by run: a value, and whether it keeps the bound. Studies count how many keep it. Without data there is no
//! judgement, which is never the same as held.

mod age;
mod availability;
mod cost;
mod goodput;
mod latency;
mod recovery;
pub mod slo;
#[cfg(test)]
pub(crate) mod testing;
mod wrongness;

pub use age::AgeSettings;
pub use availability::AvailabilitySettings;
pub use cost::CostPromiseSettings;
pub use goodput::GoodputSettings;
pub use latency::LatencySettings;
pub use recovery::{Recovery, RecoverySettings, check_recoveries, keeps_anything, recovery};
pub use wrongness::WrongnessPromiseSettings;

use crate::data::WrongnessKind;
use crate::expression::{Group, Metric, Resolved, ScopeMeant, Subject, TimedPart, observe};
use crate::kinds::Kind;
use crate::model::{EndpointId, FaultId, Model, ServiceId};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::{About, RunResult, Span, Unit, Words};
use crate::units::{Percentile, SimDuration};
use serde::{Deserialize, Serialize};

/// What is promised, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepSettings {
    /// A share of requests is answered.
    Availability(AvailabilitySettings),
    /// A percentile of latency stays below a bound.
    Latency(LatencySettings),
    /// It is back soon after a fault.
    Recovery(RecoverySettings),
    /// So many good answers a second.
    Goodput(GoodputSettings),
    /// Messages do not grow old.
    Age(AgeSettings),
    /// It costs no more.
    Cost(CostPromiseSettings),
    /// Few replies are wrong.
    Wrongness(WrongnessPromiseSettings),
}

/// The kinds of promise.
pub const ALL: &[Kind] = &[
    Kind { family: "keep", name: "availability", schema: || schemars::schema_for!(AvailabilitySettings) },
    Kind { family: "keep", name: "latency", schema: || schemars::schema_for!(LatencySettings) },
    Kind { family: "keep", name: "recovery", schema: || schemars::schema_for!(RecoverySettings) },
    Kind { family: "keep", name: "goodput", schema: || schemars::schema_for!(GoodputSettings) },
    Kind { family: "keep", name: "age", schema: || schemars::schema_for!(AgeSettings) },
    Kind { family: "keep", name: "cost", schema: || schemars::schema_for!(CostPromiseSettings) },
    Kind { family: "keep", name: "wrongness", schema: || schemars::schema_for!(WrongnessPromiseSettings) },
];

/// A promise: what is kept, of what, and over which period its budget runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromiseSettings {
    /// What is kept.
    pub keep: KeepSettings,
    /// The endpoint, or for age the queue, that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The period over which the error budget runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<SimDuration>,
}

/// What is promised, as meant.
#[derive(Debug, Clone, PartialEq)]
pub enum PromiseKind {
    /// A share of requests is answered.
    Availability {
        /// Of this endpoint.
        of: EndpointId,
        /// From 0 to 1.
        at_least: f64,
    },
    /// A percentile of latency.
    Latency {
        /// Of this endpoint.
        of: EndpointId,
        /// Which.
        percentile: Percentile,
        /// Bound [s].
        at_most_s: f64,
    },
    /// Back soon after a fault.
    Recovery {
        /// This endpoint.
        of: EndpointId,
        /// After this fault.
        after: FaultId,
        /// Bound [s].
        within_s: f64,
    },
    /// Good answers a second.
    Goodput {
        /// Of this endpoint.
        of: EndpointId,
        /// Bound [s⁻¹].
        at_least_per_s: f64,
    },
    /// Age of messages when they are done.
    Age {
        /// In this queue.
        of: ServiceId,
        /// Which percentile.
        percentile: Percentile,
        /// Bound [s].
        at_most_s: f64,
    },
    /// Cost of the infrastructure.
    Cost {
        /// Bound, in `unit`.
        at_most: f64,
        /// A month or a year.
        unit: Unit,
    },
    /// Wrong replies.
    Wrongness {
        /// Of this endpoint; `None` is all.
        of: Option<EndpointId>,
        /// In which way.
        kind: WrongnessKind,
        /// Share of requests, from 0 to 1.
        at_most: f64,
    },
}

/// A promise, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Promise {
    /// As the user wrote it.
    pub name: String,
    /// What is promised.
    pub kind: PromiseKind,
    /// The period over which the error budget runs [s].
    pub period_s: Option<f64>,
    /// What is measured, and of what.
    pub about: About,
    /// As a sentence: `gateway.checkout answers at least 99.5% of requests`.
    pub says: Words,
}

/// What became of a promise in one replication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The value, in [`Promise::unit`].
    pub value: f64,
    /// Whether it keeps the bound.
    pub kept: bool,
}

impl PromiseSettings {
    /// Problems of the settings by themselves.
    pub fn validate(&self, problems: &mut Problems) {
        problems.at("keep", |p| match &self.keep {
            KeepSettings::Availability(s) => s.validate(p),
            KeepSettings::Latency(s) => s.validate(p),
            KeepSettings::Recovery(s) => p.at("recovery", |p| s.validate(p)),
            KeepSettings::Age(s) => s.validate(p),
            KeepSettings::Goodput(s) => s.validate(p),
            KeepSettings::Cost(s) => s.validate(p),
            KeepSettings::Wrongness(_) => {}
        });
        if self.period.is_some() && !matches!(self.keep, KeepSettings::Availability(_)) {
            problems.error("period", "only availability has an error budget that runs over a period").hint =
                Some("remove the period".into());
        }
        if self.period.is_some_and(SimDuration::is_zero) {
            problems.error("period", "a period of no time has no budget");
        }
        self.validate_subject(problems);
    }

    fn validate_subject(&self, problems: &mut Problems) {
        match (&self.keep, &self.of) {
            (KeepSettings::Cost(_), Some(_)) => {
                problems.error("of", "the cost is that of the whole infrastructure").hint = Some("remove `of`".into());
            }
            (KeepSettings::Cost(_) | KeepSettings::Wrongness(_), None) | (_, Some(_)) => {}
            (KeepSettings::Age(_), None) => {
                problems.error("", "nothing says in which queue messages stay young").hint =
                    Some("write of: QUEUE".into());
            }
            (_, None) => {
                problems.error("", "nothing says which endpoint the promise is about").hint =
                    Some("write of: SERVICE.ENDPOINT".into());
            }
        }
    }

    /// The promise with ids.
    pub fn compile(&self, name: &str, names: &Names, problems: &mut Problems) -> Option<Promise> {
        let subject = self.of.as_deref();
        let kind = match &self.keep {
            KeepSettings::Age(s) => {
                let of = names.queue("of", subject?, problems)?;
                let (percentile, at_most_s) = s.bound()?;
                PromiseKind::Age { of, percentile, at_most_s }
            }
            KeepSettings::Cost(s) => s.kind()?,
            KeepSettings::Wrongness(s) => {
                let of = match subject {
                    None => None,
                    Some(name) => Some(names.endpoint("of", name, problems)?),
                };
                PromiseKind::Wrongness { of, kind: s.kind, at_most: s.at_most.value() }
            }
            keep => Self::of_endpoint(keep, subject?, names, problems)?,
        };
        let (says, about) = (self.says().into(), self.about()?);
        Some(Promise { name: name.to_owned(), kind, period_s: self.period.map(SimDuration::secs), about, says })
    }

    fn of_endpoint(keep: &KeepSettings, of: &str, names: &Names, problems: &mut Problems) -> Option<PromiseKind> {
        let of = names.endpoint("of", of, problems);
        Some(match keep {
            KeepSettings::Availability(s) => PromiseKind::Availability { of: of?, at_least: s.0.value() },
            KeepSettings::Latency(s) => {
                let (percentile, at_most_s) = s.bound()?;
                PromiseKind::Latency { of: of?, percentile, at_most_s }
            }
            KeepSettings::Recovery(s) => {
                let after = problems.at("keep.recovery", |p| names.fault("after", &s.after, p));
                PromiseKind::Recovery { of: of?, after: after?, within_s: s.within.secs() }
            }
            KeepSettings::Goodput(s) => PromiseKind::Goodput { of: of?, at_least_per_s: s.0.per_second() },
            _ => return None,
        })
    }

    /// What is measured, and of what; `None` where nothing says of what.
    fn about(&self) -> Option<About> {
        let of = self.of.clone();
        Some(match &self.keep {
            KeepSettings::Availability(_) => About::Availability { of: of? },
            KeepSettings::Latency(s) => About::Latency { of: of?, percentile: s.bound()?.0 },
            KeepSettings::Recovery(s) => About::Recovery { of: of?, after: s.after.clone() },
            KeepSettings::Goodput(_) => About::Goodput { of: of? },
            KeepSettings::Age(s) => About::Age { of: of?, percentile: s.bound()?.0 },
            KeepSettings::Cost(_) => About::Cost,
            KeepSettings::Wrongness(s) => About::Wrongness { of, kind: s.kind },
        })
    }

    fn says(&self) -> String {
        let of = self.of.as_deref().unwrap_or("the system");
        match &self.keep {
            KeepSettings::Availability(s) => format!("{of} answers at least {} of requests", s.0),
            KeepSettings::Latency(s) => match s.0.iter().next() {
                Some((percentile, bound)) => format!("{percentile} of {of} is at most {bound}"),
                None => String::new(),
            },
            KeepSettings::Recovery(s) => format!("{of} is back within {} of {}", s.within, s.after),
            KeepSettings::Goodput(s) => format!("{of} gives at least {} good answers", s.0),
            KeepSettings::Age(s) => match s.0.iter().next() {
                Some((percentile, bound)) => format!("{percentile} of the age of messages in {of} is at most {bound}"),
                None => String::new(),
            },
            KeepSettings::Cost(s) => format!("the infrastructure costs at most {}", s.0),
            KeepSettings::Wrongness(s) => format!("at most {} of requests to {of} are a {}", s.at_most, s.kind.name()),
        }
    }
}

impl Promise {
    /// Unit of the value and the bound.
    pub fn unit(&self) -> Unit {
        match self.kind {
            PromiseKind::Availability { .. } | PromiseKind::Wrongness { .. } => Unit::Share,
            PromiseKind::Latency { .. } | PromiseKind::Recovery { .. } | PromiseKind::Age { .. } => Unit::Seconds,
            PromiseKind::Goodput { .. } => Unit::PerSecond,
            PromiseKind::Cost { unit, .. } => unit,
        }
    }

    /// The bound, in [`Promise::unit`].
    pub fn promised(&self) -> f64 {
        match self.kind {
            PromiseKind::Availability { at_least, .. } => at_least,
            PromiseKind::Latency { at_most_s, .. } | PromiseKind::Age { at_most_s, .. } => at_most_s,
            PromiseKind::Recovery { within_s, .. } => within_s,
            PromiseKind::Goodput { at_least_per_s, .. } => at_least_per_s,
            PromiseKind::Cost { at_most, .. } | PromiseKind::Wrongness { at_most, .. } => at_most,
        }
    }

    /// Whether the value has to be at most the bound, or at least.
    pub fn at_most(&self) -> bool {
        !matches!(self.kind, PromiseKind::Availability { .. } | PromiseKind::Goodput { .. })
    }

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
                let bill = crate::economics::bill(run, model);
                let month = bill.per_month(Group::Infrastructure);
                Some(self.keeps(if *unit == Unit::MoneyPerYear { 12.0 * month } else { month }))
            }
            PromiseKind::Wrongness { of, kind, .. } => {
                wrongness::share(run, model, *of, *kind).map(|share| self.keeps(share))
            }
            kind => {
                let metric = metric(kind)?;
                observe(model, &metric, &crate::expression::run_metrics::Stretch::new(run, vec![whole]))
                    .map(|value| self.keeps(value))
            }
        }
    }

    /// Whether a stretch of the run keeps it: a share or latency promise of an endpoint; `None` without data, or for other kinds.
    pub fn kept_between(&self, run: &RunResult, model: &Model, span: Span) -> Option<bool> {
        if !matches!(self.kind, PromiseKind::Availability { .. } | PromiseKind::Latency { .. }) {
            return None;
        }
        let metric = metric(&self.kind)?;
        let seen = crate::expression::run_metrics::Stretch::by_slice(run, span);
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
            (Metric::Percentile(*percentile), Subject::Timed(*of, TimedPart::Age))
        }
        _ => return None,
    };
    Some(Resolved { metric, subject, scope: ScopeMeant::default() })
}

#[cfg(test)]
mod tests {
    use super::testing::{SECOND, System, calls, times};
    use super::*;
    use crate::data::Wrongness;
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
        run.slices[0].wrong = vec![(get.0, Wrongness::StaleRead as u8, 5)];
        run.slices[0].services[api.index()].paid_ns = u128::from(10 * SECOND);
        run.periods[0].latency[users.index()] = times(990, 10_000_000);
        run.periods[0].age[jobs.index()] = times(990, 2_000_000_000);
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
