//! Complaints: some of the users who were hurt say so, some time later.

use crate::dist::Distribution;
use crate::metrics::counters;
use crate::problem::Problems;
use crate::units::{Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Some of the users who were hurt complain, some time later.
///
/// # What it models
/// A user is hurt by a request that fails for good, after all his retries; by an answer that is wrong; and, where `slower_than` is written, by an
/// answer that took longer. Of those who are hurt a share complains, each by chance, after a time of his own. A complaint is counted when it
/// comes (`complaints`), so that an alert that reads it is as late as users are. A user who waits without a timeout for an answer that does
/// not come does not know that he is hurt, and does not complain.
///
/// # When to use it
/// For what monitoring does not see, and to ask how much sooner it sees the rest.
///
/// # Knobs
/// - `share`: share of those hurt who complain, percentage; required
/// - `after`: from the answer or the failure to the complaint, distribution; required
/// - `slower_than`: an answer that takes longer hurts too, duration, default none does
///
/// # Example
/// ```yaml
/// load:
///   shoppers:
///     to: shop.buy
///     arrive: {poisson: {rate: 20/s}}
///     complaints: {share: 2%, after: {exponential: {mean: 5m}}, slower_than: 4s}
/// ```
///
/// # Source
/// The proposal's chaos experiments, which watch the complaints of users beside what is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplaintSettings {
    /// Share of those hurt who complain. Required.
    pub share: Probability,
    /// Time from the answer or the failure to the complaint. Required.
    pub after: Distribution,
    /// An answer that takes longer hurts too; default none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slower_than: Option<SimDuration>,
}

impl ComplaintSettings {
    /// A share of nobody counts nothing, and no answer takes no time.
    pub fn validate(&self, problems: &mut Problems) {
        if self.share.value() <= 0.0 {
            problems.error("share", "nobody complains").hint =
                Some("write a share such as 2%, or leave complaints out".into());
        }
        problems.at("after", |p| self.after.validate(p));
        if self.slower_than == Some(SimDuration::ZERO) {
            problems.error("slower_than", "every answer takes longer than no time").hint =
                Some("write how long users bear to wait, such as 4s".into());
        }
    }
}

counters! {
    CallSite {
        COMPLAINTS = "complaints", "complaints of users, counted when they come: users whose request failed, was answered wrongly or too slowly some time before", of_users;
    }
}
