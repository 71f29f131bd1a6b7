//! Deploys: a new version of a service, rolled out by steps, and rolled back where what telemetry delivers says so.

use super::fail::FailSettings;
use super::slow::SlowSettings;
use super::target::{Pick, Selection, Surroundings};
use super::wrong::WrongSettings;
use crate::data::Wrongness;
use crate::expression::Condition;
use crate::ids::VersionId;
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::topology::Node;
use crate::units::{Count, Probability, SimDuration};
use crate::watched::Check;
use serde::{Deserialize, Serialize};

/// A new version of a service is rolled out by steps, and rolled back where it does harm.
///
/// # What it models
/// Instances are taken out of the balancer, finish what they have, and start again with the new version after `start_up`: a few at a time, in the
/// order of their numbers but those that are down last, until the share of the step runs it. What is down comes up with the new version. After
/// `every` comes the next step. A first step of a small share is a canary. With `strategy: blue_green` a second set of as many instances starts
/// beside the first; when all of it is up the balancers go over to it at once, and the first set goes after `every`.
///
/// The new version may answer some requests with an outcome (`fail`), work slower or faster (`slow`), and give wrong replies (`wrong`), as the faults
/// of those names do. From the begin of the rollout until `every` after its last step `halt_when` is looked at each time that telemetry is scraped;
/// where it is true, the rollout halts and is rolled back in the same way: in a blue-green deploy at once. A condition without data is not true, and
/// the report says in how many runs it never had any. Instances that a scaler adds run the old version until the last step is done. A deploy of
/// another version of the same service ends the rollout of an earlier one, and is rolled back to what each instance ran before. The earlier one is
/// not taken back any more, whatever its `for` says. Where the set of an earlier blue-green deploy still finishes what it has, the second set starts
/// as its machines become free.
///
/// The fault is there from its begin until no instance runs its version: `time_to_mend` of a deploy that was halted includes the rollback. Where a
/// later deploy is rolled back to it, it is there again. What callers saw of each version can be asked for: `error_rate(shop.buy) of v2`, by attempts
/// that ended at its instances. `deploy` is an act of everyday: a bill counts what it does as it comes. `bad_deploy` is an incident, as other faults
/// are, and has to do something bad.
///
/// # When to use it
/// To ask what a canary saves, how long it takes to see a bad version, and what a restart of all instances does to users.
///
/// # Knobs
/// - `version`: the name of the new version; required
/// - `rollout`: `steps`, `every`, `halt_when`, `reads`, `strategy`, `max_unavailable`, `grace`; default all instances, one after the other
/// - `fail`: what `fail` takes, default no failures
/// - `slow`: what `slow` takes, default as fast as before
/// - `wrong`: what `wrong` takes, default no wrong replies
///
/// # Example
/// ```yaml
/// faults:
///   release:
///     inject:
///       bad_deploy:
///         version: v2
///         rollout: {steps: [5%, 25%, 100%], every: 15m, halt_when: error_rate(shop.buy) of v2 over 5m > 1%}
///         fail: {probability: 2%}
///     where: {service: shop}
///     at: 10m
/// ```
/// `inject: {deploy: {version: v2}}` is a release with which nothing is wrong.
///
/// # Source
/// Rolling updates of a Kubernetes Deployment (`maxUnavailable`, `terminationGracePeriodSeconds`); canary and blue-green strategies of Argo
/// Rollouts; Beyer et al., The Site Reliability Workbook 2018, chapter 16, Canarying Releases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploySettings {
    /// The name of the new version.
    pub version: String,
    /// How it is rolled out.
    #[serde(default)]
    pub rollout: RolloutSettings,
    /// It answers a share of requests with an outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail: Option<FailSettings>,
    /// It is slower, or faster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<SlowSettings>,
    /// It gives wrong replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<WrongSettings>,
}

/// How a version is rolled out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutSettings {
    /// The shares of instances that run the new version after each step; default all of them in one step.
    pub steps: Vec<Probability>,
    /// From the end of one step to the begin of the next, and how long `halt_when` is looked at after the last; default 10m.
    pub every: SimDuration,
    /// A condition on what telemetry delivers that halts the rollout and rolls it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halt_when: Option<Condition>,
    /// The telemetry pipeline that `halt_when` sees; default the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<String>,
    /// How instances are replaced.
    pub strategy: Strategy,
    /// How many instances are replaced at a time; default 1.
    pub max_unavailable: Count,
    /// How long an instance may go on with what it has before it is stopped; default 30s. Not of blue-green deploys, whose sets finish all.
    pub grace: SimDuration,
}

impl Default for RolloutSettings {
    fn default() -> Self {
        Self {
            steps: vec![Probability::ONE],
            every: SimDuration::from_ns(10 * SimDuration::MINUTE.ns()),
            halt_when: None,
            reads: None,
            strategy: Strategy::Rolling,
            max_unavailable: Count::new(1),
            grace: SimDuration::from_ns(30 * SimDuration::SECOND.ns()),
        }
    }
}

/// How instances are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// A few at a time, each in its place.
    Rolling,
    /// All at once, by a second set beside the first.
    BlueGreen,
}

/// A deploy, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Deploy {
    /// The new version.
    pub version: VersionId,
    /// Its name.
    pub name: String,
    /// The share of instances after each step, above 0 to 1, rising.
    pub steps: Vec<f64>,
    /// Between two steps, and after the last [ns].
    pub every_ns: u64,
    /// What halts it, and the place of the pipeline that sees it.
    pub halt: Option<(Check, usize)>,
    /// How instances are replaced.
    pub strategy: Strategy,
    /// How many at a time; at least 1.
    pub max_unavailable: usize,
    /// How long an instance may go on with what it has [ns].
    pub grace_ns: u64,
    /// Chance that the new version answers with an outcome.
    pub fail: Option<(f64, Outcome)>,
    /// How much slower it works; 1 is as before.
    pub slow: f64,
    /// Chance that a reply of it is wrong in this way.
    pub wrong: Option<(f64, Wrongness)>,
}

impl DeploySettings {
    /// Whether the new version does anything worse than the old one.
    fn is_bad(&self) -> bool {
        let is_slow = self.slow.as_ref().is_some_and(|slow| slow.factor.value() > 1.0);
        self.fail.is_some() || self.wrong.is_some() || is_slow
    }

    /// Problems of the settings by themselves; `bad` is whether they are those of a bad deploy.
    pub(super) fn validate(&self, bad: bool, problems: &mut Problems) {
        if bad && !self.is_bad() {
            problems.error("", "nothing is bad about this deploy").hint =
                Some("give it fail, wrong or slow, or write inject: {deploy: ...}".into());
        }
        problems.at("rollout", |p| self.rollout.validate(p));
        if let Some(fail) = &self.fail {
            problems.at("fail", |p| fail.validate(p));
        }
        if let Some(slow) = &self.slow {
            problems.at("slow", |p| slow.validate(p));
        }
        if let Some(wrong) = &self.wrong {
            problems.at("wrong", |p| wrong.validate(p));
        }
    }

    /// The deploy with ids.
    pub(super) fn compile(&self, around: Surroundings<'_>, problems: &mut Problems) -> Option<Deploy> {
        let version = around.names.version("version", &self.version, problems);
        let rollout = &self.rollout;
        let halt = problems.at("rollout", |p| {
            let pipeline = rollout.reads.as_ref().map_or(Some(0), |name| around.names.pipeline("reads", name, p));
            let check =
                rollout.halt_when.as_ref().map(|when| p.at("halt_when", |p| Check::compile(when, around.names, p)));
            check.map_or(Some(None), |check| Some(Some((check?, pipeline?))))
        })?;
        Some(Deploy {
            version: version?,
            name: self.version.clone(),
            steps: rollout.steps.iter().map(|step| step.value()).collect(),
            every_ns: rollout.every.ns(),
            halt,
            strategy: rollout.strategy,
            max_unavailable: rollout.max_unavailable.get() as usize,
            grace_ns: rollout.grace.ns(),
            fail: self.fail.as_ref().map(|fail| (fail.probability.value(), fail.outcome)),
            slow: self.slow.as_ref().map_or(1.0, |slow| slow.factor.value()),
            wrong: self.wrong.as_ref().map(|wrong| (wrong.probability.value(), wrong.kind)),
        })
    }

    /// A deploy goes to whole services, and says itself which part of them comes first.
    pub(super) fn check_target(
        &self,
        selection: &Selection,
        around: Surroundings<'_>,
        problems: &mut Problems,
    ) -> Option<()> {
        if selection.pick != Pick::All || selection.role.is_some() || selection.version.is_some() {
            problems
                .error("where", "a deploy goes to a whole service, and its steps say which part comes first")
                .hint = Some("write where: {service: NAME} and rollout: {steps: [5%, 100%]}".into());
            return None;
        }
        let services = || selection.services.iter().map(|id| &around.services[id.index()]);
        if let Some(queue) = services().find(|service| matches!(service.node, Node::Queue(_))) {
            problems.error("where", format!("{} is a queue and runs no version", queue.name)).hint =
                Some("name a service".into());
            return None;
        }
        if let (Strategy::BlueGreen, Some(store)) =
            (self.rollout.strategy, services().find(|service| matches!(service.node, Node::Store(_))))
        {
            let problem = problems.error("where", format!("{} keeps data, of which a second set has none", store.name));
            problem.hint = Some("write strategy: rolling".into());
            return None;
        }
        Some(())
    }

    /// What it does, in words.
    pub(super) fn says(&self, target: &str) -> String {
        format!("{target} to version {}", self.version)
    }
}

impl RolloutSettings {
    fn validate(&self, problems: &mut Problems) {
        let rises = self.steps.windows(2).all(|pair| pair[0].value() < pair[1].value());
        if self.steps.is_empty() || self.steps.iter().any(|step| step.value() <= 0.0) || !rises {
            problems.error("steps", "the steps of a rollout rise from above 0%").hint =
                Some("write steps: [5%, 25%, 100%]".into());
        } else if self.strategy == Strategy::BlueGreen && self.steps != [Probability::ONE] {
            problems.error("steps", "a blue-green deploy has one step: all at once").hint =
                Some("leave steps out, or write strategy: rolling".into());
        }
        if self.every.is_zero() {
            problems.error("every", "without time after a step nothing can be seen of it").hint =
                Some("write a time such as 10m".into());
        }
        if self.max_unavailable.get() == 0 {
            problems.error("max_unavailable", "a rollout that replaces no instance never gets on").hint =
                Some("write at least 1".into());
        } else if self.strategy == Strategy::BlueGreen && self.max_unavailable.get() != 1 {
            problems.error("max_unavailable", "a blue-green deploy replaces all instances at once").hint =
                Some("leave it out, or write strategy: rolling".into());
        }
        if self.strategy == Strategy::BlueGreen && self.grace != Self::default().grace {
            problems.error("grace", "the first set of a blue-green deploy finishes all that it has").hint =
                Some("leave it out, or write strategy: rolling".into());
        }
        if self.reads.is_some() && self.halt_when.is_none() {
            problems.error("reads", "nothing is read where nothing halts the rollout").hint =
                Some("give the condition: halt_when".into());
        }
    }
}
