//! What all kinds of breaker have in common: the growth of the open time, half-open probing, and the state into which it is put by hand.

use crate::problem::Problems;
use crate::units::{Count, Factor, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Each opening without a closing in between lasts longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrowthSettings {
    /// Each opening lasts so many times the one before.
    pub factor: Factor,
    /// And at most so long.
    pub cap: SimDuration,
}

/// How a breaker tries the callee again. Keys that are not given have the kind's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HalfOpenSettings {
    /// Calls that are let through at once; default 10 for `rate`, else as many as successes are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<Count>,
    /// Successes that close it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successes: Option<Count>,
    /// Failures that open it again; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failures: Option<Count>,
    /// Half-open for longer than this without a decision opens it again; default never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<SimDuration>,
}

/// The state into which a breaker is put by hand, as by resilience4j's `transitionToForcedOpenState` and its like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandSettings {
    /// Closed at first; from then on calls decide.
    #[default]
    Closed,
    /// Refuses all calls until the state is set again.
    ForcedOpen,
    /// Lets all calls pass, and counts none.
    Disabled,
}

impl HandSettings {
    /// Whether it is the default, which need not be written.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    pub(super) fn is_closed(&self) -> bool {
        *self == Self::Closed
    }
}

/// How half-open probing is decided.
#[derive(Debug, Clone, Copy)]
pub(super) enum Probe {
    /// After all permitted calls the failure rate (or slow rate) decides, as closed: resilience4j.
    Rate {
        /// Share of failures that opens it again.
        failure: f64,
        /// Share of slow calls that opens it again, and what is slow [ns].
        slow: Option<(f64, u64)>,
    },
    /// So many successes close it, so many failures open it.
    Counts {
        /// Successes needed.
        successes: u32,
        /// Failures that open it.
        failures: u32,
    },
}

/// What all kinds have in common, from their settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    /// How long it stays open the first time [ns].
    pub(super) open_for: u64,
    /// By which factor each further opening is longer, and the longest [ns].
    pub(super) growth: Option<(f64, u64)>,
    /// Calls that are let through at once while half-open.
    pub(super) permits: u32,
    /// Half-open for longer than this without a decision opens it again [ns].
    pub(super) max_wait: Option<u64>,
    /// How probing is decided.
    pub(super) probe: Probe,
}

impl Common {
    pub(super) fn new(
        open_for: SimDuration,
        growth: Option<&GrowthSettings>,
        permits: u32,
        half_open: Option<&HalfOpenSettings>,
        probe: Probe,
    ) -> Self {
        Self {
            open_for: open_for.ns(),
            growth: growth.map(|g| (g.factor.value(), g.cap.ns())),
            permits,
            max_wait: half_open.and_then(|h| h.max_wait).map(SimDuration::ns).filter(|w| *w > 0),
            probe,
        }
    }
}

/// Problems that any kind may have.
pub(super) fn validate_common(
    open_for: SimDuration,
    growth: Option<&GrowthSettings>,
    half_open: Option<&HalfOpenSettings>,
    problems: &mut Problems,
) {
    if open_for.ns() == 0 {
        problems.error("open_for", "a breaker that is open for no time protects from nothing").hint =
            Some("write open_for: 60s".into());
    }
    if let Some(growth) = growth
        && (growth.factor.value() < 1.0 || growth.cap < open_for)
    {
        problems.error("growth", "the open time has to grow, from open_for to cap").hint =
            Some("write growth: {factor: 2, cap: 10m}".into());
    }
    for (key, count) in half_open
        .map_or([("calls", None); 3], |h| [("calls", h.calls), ("successes", h.successes), ("failures", h.failures)])
    {
        if count.is_some_and(|c| c.get() == 0) {
            problems.at("half_open", |p| {
                p.error(key, format!("half-open needs at least one of `{key}`"));
            });
        }
    }
}

/// What a share above which a breaker opens may be.
pub(super) fn validate_share(key: &str, share: Probability, problems: &mut Problems) {
    if share.value() <= 0.0 {
        problems.error(key, "a threshold of 0% opens the breaker at the first call").hint =
            Some(format!("write {key}: 50%"));
    }
}
