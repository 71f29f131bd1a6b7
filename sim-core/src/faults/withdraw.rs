//! Links of routes that are withdrawn, and announced again.

use super::{FaultSettings, InjectSettings, Surroundings};
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// A link of a route is withdrawn, and announced again when the fault ends.
///
/// # What it models
/// Nothing goes over the link while the fault holds. Messages are lost until the change has spread, and then take the next link of the route, as
/// `explain routes` says. With `every` the route flaps.
///
/// # When to use it
/// For a session between two routers that breaks, a link that comes and goes, maintenance of a line.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// regions: {west: {zones: [west-a]}, east: {zones: [east-a]}}
/// network:
///   links:
///     direct: {between: [west, east], latency: 18ms}
///     detour: {between: [west, east], latency: 95ms}
///   routes:
///     west-east: {between: [west, east], prefer: [direct, detour], convergence: 2s}
/// faults:
///   flap: {inject: withdraw, where: {link: direct}, at: 10m, for: 5s, every: 35s, times: 60}
/// ```
///
/// # Source
/// RFC 4271 (withdrawn routes); Labovitz et al., Delayed Internet Routing Convergence, SIGCOMM 2000.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawSettings {}

impl FaultSettings {
    /// The place of the link that is withdrawn, if one is.
    pub(super) fn withdrawn(&self, around: Surroundings<'_>) -> Option<usize> {
        let name = self.target.link.as_ref().filter(|_| matches!(self.inject, InjectSettings::Withdraw(_)))?;
        around.names.links.get(name).map(|link| link.place)
    }

    /// Links of routes can only be withdrawn, and nothing else can: other faults strike what goes between two places, over whichever link.
    pub(super) fn check_link(&self, around: Surroundings<'_>, problems: &mut Problems) -> Option<()> {
        let is_withdrawn = matches!(self.inject, InjectSettings::Withdraw(_));
        let link = self.target.link.as_ref().and_then(|name| around.names.links.get(name));
        let (key, why, hint) = match link {
            None if is_withdrawn => {
                ("where", "withdraw acts on a link of a route".to_owned(), "write where: {link: NAME}")
            }
            Some(link) if is_withdrawn && !link.is_routed => (
                "where.link",
                "no route has this link, so that nothing could go another way".to_owned(),
                "name it in `prefer` of a route, or inject: partition",
            ),
            Some(link) if !is_withdrawn && link.is_routed => (
                "where.link",
                format!("{} cannot strike one link of a route", self.inject.name()),
                "write between: [A, B] to strike all its links, or inject: withdraw",
            ),
            _ => return Some(()),
        };
        problems.error(key, why).hint = Some(hint.into());
        None
    }
}
