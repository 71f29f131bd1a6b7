//! What a promise or a clause is about, as a type; and sentences, which are made to be read and for nothing else.
//!
//! Figures, findings and answers decide by [`About`] and [`Made`]. A [`Words`] shows itself and goes into files; nothing in it can be
//! searched, split or compared with a text, so no name that a user chose can be taken for a word of a sentence.

use crate::data::WrongnessKind;
use crate::expression::{Metric, MetricRef, Scope, Tree};
use crate::names::Names;
use crate::units::Percentile;
use serde::{Deserialize, Serialize};

/// What is measured, and of what. The bound, its direction and its unit stand beside it. Names are as the user wrote them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Share of requests that an endpoint answers, over the whole run.
    Availability {
        /// The endpoint.
        of: String,
    },
    /// A percentile of the latency of an endpoint's answers, over the whole run.
    Latency {
        /// The endpoint.
        of: String,
        /// Which percentile.
        percentile: Percentile,
    },
    /// Time from the end of a fault until an endpoint keeps its promises again.
    Recovery {
        /// The endpoint.
        of: String,
        /// The fault.
        after: String,
    },
    /// Good answers of an endpoint a second, over the whole run.
    Goodput {
        /// The endpoint.
        of: String,
    },
    /// A percentile of the age of messages of a queue when they are done.
    Age {
        /// The queue.
        of: String,
        /// Which percentile.
        percentile: Percentile,
    },
    /// Cost of the infrastructure.
    Cost,
    /// Share of requests with a wrong reply.
    Wrongness {
        /// The endpoint; `None` is the whole system.
        of: Option<String>,
        /// In which way wrong.
        kind: WrongnessKind,
    },
    /// Whether the hypothesis of an experiment holds.
    Hypothesis {
        /// The experiment.
        of: String,
    },
    /// Another metric, in the form in which the language writes it.
    Metric {
        /// With its scope: `error_rate(api.get) during cut`.
        text: String,
    },
    /// Several values, or a condition without a comparison.
    Condition,
}

impl About {
    /// What a tree measures: one metric, or the left side of its only comparison.
    pub fn of(tree: &Tree<MetricRef>, names: &Names) -> Self {
        match tree {
            Tree::Metric(metric) => Self::metric(metric, names),
            Tree::Compare { left, .. } => match left.as_ref() {
                Tree::Metric(metric) => Self::metric(metric, names),
                _ => Self::Condition,
            },
            _ => Self::Condition,
        }
    }

    fn metric(metric: &MetricRef, names: &Names) -> Self {
        let other = || Self::Metric { text: metric.words() };
        let Some(of) = metric.subject.clone().filter(|of| names.endpoints.contains_key(of)) else { return other() };
        match metric.metric {
            _ if metric.scope != Scope::default() => other(),
            Metric::Availability => Self::Availability { of },
            Metric::Goodput => Self::Goodput { of },
            Metric::Percentile(percentile) => Self::Latency { of, percentile },
            _ => other(),
        }
    }

    /// The percentile that is measured; `None` where it is none.
    pub fn percentile(&self) -> Option<Percentile> {
        match self {
            Self::Latency { percentile, .. } | Self::Age { percentile, .. } => Some(*percentile),
            _ => None,
        }
    }

    /// Whether it is the share of requests that this endpoint answers.
    pub fn is_availability_of(&self, endpoint: &str) -> bool {
        matches!(self, Self::Availability { of } if of == endpoint)
    }

    /// The percentile of the latency of this endpoint that is measured; `None` where it is about anything else.
    pub fn latency_of(&self, endpoint: &str) -> Option<Percentile> {
        match self {
            Self::Latency { of, percentile } if of == endpoint => Some(*percentile),
            _ => None,
        }
    }
}

/// In which form something was claimed, which decides how it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// A promise: the share of runs that keep it decides.
    Promise,
    /// The hypothesis of an experiment as a whole: the share of runs decides.
    Hypothesis,
    /// A clause of a hypothesis, or a clause of `expect` that asks for a share of runs.
    ClauseByRuns,
    /// A clause of `expect` that is decided by the interval of its means.
    ClauseByMeans,
}

impl Made {
    /// Whether it is a clause, whose text is its name.
    pub fn is_clause(self) -> bool {
        matches!(self, Self::ClauseByRuns | Self::ClauseByMeans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::{Clause, Value};
    use crate::ids::EndpointId;

    #[test]
    fn names_that_look_like_metrics_and_prefixes_of_each_other_are_kept_apart() {
        let mut names = Names::default();
        for (place, name) in ["pay.get", "pay.get2", "p99.p99"].iter().enumerate() {
            names.endpoints.insert((*name).into(), EndpointId(place as u32));
        }
        let about = |text: &str| About::of(&Clause::parse(text).unwrap().tree, &names);
        assert_eq!(about("availability(pay.get2) > 99%"), About::Availability { of: "pay.get2".into() });
        assert!(!about("availability(pay.get2) > 99%").is_availability_of("pay.get"));
        let p95 = Percentile::P95;
        assert_eq!(about("p95(p99.p99) < 1s"), About::Latency { of: "p99.p99".into(), percentile: p95 });
        assert_eq!(about("p95(jobs.age) < 1s"), About::Metric { text: "p95(jobs.age)".into() });
        assert_eq!(about("p95(pay.get) over 1m < 1s"), About::Metric { text: "p95(pay.get) over 1m".into() });
        assert_eq!(about("p95(pay.get) < 1s and p95(pay.get2) < 1s"), About::Condition);
        let value = Value::parse("p95(pay.get)").unwrap();
        assert_eq!(About::of(value.tree(), &names).latency_of("pay.get"), Some(p95));
    }
}
