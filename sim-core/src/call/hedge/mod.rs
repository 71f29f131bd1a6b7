//! Hedges: a call is sent more than once, to different instances, and the first answer counts.
//!
//! The kinds say how many copies there may be and when each is sent. What becomes of the copies (that they race, which are withdrawn,
//! who counts them) is the same for all and lives in the world. A hedge is against slowness: what fails is for a retry.

mod backup;
mod recent;
mod speculative;
mod tied;

pub use backup::BackupSettings;
pub use speculative::SpeculativeSettings;
pub use tied::TiedSettings;

use crate::call::retry::{Budget, BudgetSettings, RateShareSettings};
use crate::kind::Kind;
use crate::metrics::counters;
use crate::problem::Problems;
use crate::units::{Count, Percent, Percentile, Rate, SimDuration};
use recent::Recent;
use serde::{Deserialize, Serialize};

/// The most copies of a call: Polly's bound.
const MOST_COPIES: u64 = 10;

/// How a call is sent more than once, as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HedgeSettings {
    /// Again when the answer is late.
    Backup(BackupSettings),
    /// Twice, and the first that is begun withdraws the other.
    Tied(TiedSettings),
    /// Several times at once.
    Speculative(SpeculativeSettings),
}

/// The kinds of hedge.
pub const ALL: &[Kind] = &[
    Kind { family: "hedge", name: "backup", schema: || schemars::schema_for!(BackupSettings) },
    Kind { family: "hedge", name: "tied", schema: || schemars::schema_for!(TiedSettings) },
    Kind { family: "hedge", name: "speculative", schema: || schemars::schema_for!(SpeculativeSettings) },
];

counters! {
    CallSite {
        HEDGES = "hedges", "attempts that are the first of a copy of a hedged call beside the first", sampled, in_a_field;
        WON = "hedges_won", "calls that such a copy answered", sampled, in_a_field;
    }
}

/// How long a copy waits for those before it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// So long.
    Time(SimDuration),
    /// As long as this percentile of the latency of the last 1000 calls; before 100 calls were answered there is no hedge.
    Percentile(Percentile),
}

impl HedgeSettings {
    /// Copies of a call, with the first.
    pub fn copies(&self) -> u64 {
        match self {
            Self::Backup(settings) => settings.max_attempts.get(),
            Self::Tied(_) => 2,
            Self::Speculative(settings) => settings.copies.get(),
        }
    }

    /// Whether the first copy that a worker begins withdraws the others.
    pub fn is_tied(&self) -> bool {
        matches!(self, Self::Tied(_))
    }

    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::Backup(settings) => problems.at("backup", |p| settings.validate(p)),
            Self::Tied(_) => {}
            Self::Speculative(settings) => problems.at("speculative", |p| settings.validate(p)),
        }
    }

    /// A hedge with these settings.
    pub fn build(&self) -> Hedge {
        let copies = self.copies() as u32;
        match self {
            Self::Backup(settings) => Hedge {
                copies,
                at_once: 1,
                wait: Wait::of(settings.after),
                budget: Some(share_of_calls(settings.extra_load)),
            },
            Self::Tied(settings) => Hedge { copies, at_once: 1, wait: Wait::of(settings.after), budget: None },
            Self::Speculative(_) => Hedge { copies, at_once: copies, wait: Wait::Time(0), budget: None },
        }
    }
}

/// Problems of a number of copies, with the first.
fn validate_copies(key: &str, copies: Count, problems: &mut Problems) {
    if copies.get() < 2 {
        problems.error(key, "one copy is no hedge; the first one counts").hint = Some(format!("write {key}: 2"));
    } else if copies.get() > MOST_COPIES {
        problems.error(key, format!("more than {MOST_COPIES} copies of one call")).hint =
            Some(format!("write {key}: 2"));
    }
}

/// Extra load as a share of the calls of the last seconds.
fn share_of_calls(percent: Percent) -> Budget {
    let settings = RateShareSettings { percent, reserve: Rate::from_per_second(0.0), ..RateShareSettings::default() };
    BudgetSettings::RateShare(settings).build()
}

/// A hedge at work, one for each caller instance.
#[derive(Debug, Clone)]
pub struct Hedge {
    /// Copies of a call, with the first.
    copies: u32,
    /// How many of them are sent at once.
    at_once: u32,
    wait: Wait,
    budget: Option<Budget>,
}

#[derive(Debug, Clone)]
enum Wait {
    /// So long [ns].
    Time(u64),
    /// A percentile of what was seen lately.
    Percentile(Recent),
}

impl Wait {
    fn of(after: After) -> Self {
        match after {
            After::Time(time) => Self::Time(time.ns()),
            After::Percentile(percentile) => Self::Percentile(Recent::new(percentile.fraction())),
        }
    }
}

impl Hedge {
    /// A call begins. Gives how many copies are sent at once.
    pub fn on_call(&mut self, now_ns: u64) -> u32 {
        if let Some(budget) = &mut self.budget {
            budget.on_call(now_ns);
        }
        self.at_once
    }

    /// A call was answered after `latency_ns`.
    pub fn on_answer(&mut self, latency_ns: u64) {
        if let Wait::Percentile(recent) = &mut self.wait {
            recent.record(latency_ns);
        }
    }

    /// How long the next copy waits [ns], when `sent` copies are there already; `None` if there will be none.
    pub fn delay_ns(&self, sent: u32) -> Option<u64> {
        if sent >= self.copies {
            return None;
        }
        match &self.wait {
            Wait::Time(time) => Some(*time),
            Wait::Percentile(recent) => recent.quantile_ns(),
        }
    }

    /// Whether one more copy may be sent now; takes it from the budget if so.
    pub fn may_send(&mut self, now_ns: u64) -> bool {
        self.budget.as_mut().is_none_or(|budget| budget.try_retry(now_ns, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hedge(text: &str) -> Hedge {
        serde_json::from_str::<HedgeSettings>(text).unwrap().build()
    }

    #[test]
    fn kinds_say_how_many_and_when() {
        let backup = hedge(r#"{"backup": {"after": {"time": "10ms"}, "max_attempts": 3}}"#);
        assert_eq!([1, 2, 3].map(|sent| backup.delay_ns(sent)), [Some(10_000_000), Some(10_000_000), None]);
        let mut all = hedge(r#"{"speculative": {"copies": 4}}"#);
        assert_eq!((all.on_call(0), all.delay_ns(4)), (4, None));
        let mut tied = hedge(r#"{"tied": {}}"#);
        assert_eq!((tied.on_call(0), tied.delay_ns(1), tied.delay_ns(2)), (1, Some(1_000_000), None));
    }

    #[test]
    fn extra_load_is_a_share_of_the_calls() {
        let mut backup = hedge(r#"{"backup": {"after": {"time": "1ms"}, "extra_load": "5%"}}"#);
        let mut sent = 0;
        for call in 0..100_000u64 {
            backup.on_call(call * 1_000_000);
            sent += u32::from(backup.may_send(call * 1_000_000));
        }
        assert!((4_900..=5_050).contains(&sent), "{sent} of 100,000");
    }

    #[test]
    fn a_percentile_waits_for_evidence() {
        let mut backup = hedge(r#"{"backup": {"after": {"percentile": "p95"}}}"#);
        for latency in 1..100 {
            backup.on_answer(latency);
            assert_eq!(backup.delay_ns(1), None);
        }
        backup.on_answer(100);
        assert_eq!(backup.delay_ns(1), Some(95));
    }

    #[test]
    fn too_few_and_too_many_copies_are_problems() {
        for (text, expected) in [
            (r#"{"backup": {"max_attempts": 1}}"#, "backup.max_attempts"),
            (r#"{"speculative": {"copies": 11}}"#, "speculative.copies"),
            (r#"{"backup": {"extra_load": "0%"}}"#, "backup.extra_load"),
        ] {
            let mut problems = Problems::new();
            serde_json::from_str::<HedgeSettings>(text).unwrap().validate(&mut problems);
            let paths: Vec<String> = problems.into_vec().into_iter().map(|p| p.path).collect();
            assert_eq!(paths, [expected]);
        }
    }
}
