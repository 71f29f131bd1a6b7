//! What was promised: the kinds of promise, and what each is about.
//!
//! Whether a replication keeps a promise is judged in `judge/promise.rs`, which knows runs and bills.

mod age;
mod availability;
mod cost;
mod goodput;
mod latency;
mod recovery;
mod wrongness;

pub use age::AgeSettings;
pub use availability::AvailabilitySettings;
pub use cost::CostPromiseSettings;
pub use goodput::GoodputSettings;
pub use latency::LatencySettings;
pub(crate) use recovery::is_about;
pub use recovery::{RecoverySettings, check_recoveries, keeps_anything};
pub use wrongness::WrongnessPromiseSettings;

use crate::data::WrongnessKind;
use crate::ids::{EndpointId, FaultId, ServiceId};
use crate::kind::Kind;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::{About, Unit, Words};
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
        /// The percentile that is bounded.
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
}
