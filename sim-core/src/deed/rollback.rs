//! Rolling a version back.

use crate::ids::FaultId;
use crate::names::Names;
use crate::problem::Problems;
use serde::{Deserialize, Serialize};

/// A deploy is taken back.
///
/// # What it models
/// Somebody rolls the version in `where` back: each deploy of it to this service that is there begins to end, instance by instance as it came. It is
/// the same as to mend the fault that deployed it.
///
/// # When to use it
/// To end a bad deploy of which only the version is known.
///
/// # Knobs
/// - none; `where` names `service` and `version`
///
/// # Example
/// ```yaml
/// actions: [{do: rollback, where: {service: shop, version: v2}, takes: 5m}]
/// ```
///
/// # Source
/// Kubernetes `kubectl rollout undo`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackSettings {}

impl RollbackSettings {
    /// The faults that deploy a version to a service; a problem where there is none.
    pub(super) fn faults(
        service: Option<&str>,
        version: Option<&str>,
        names: &Names,
        problems: &mut Problems,
    ) -> Option<Vec<FaultId>> {
        let (Some(service), Some(version)) = (service, version) else {
            problems.error("", "a rollback takes a version of a service back").hint =
                Some("write where: {service: NAME, version: NAME}".into());
            return None;
        };
        let key = (service.to_owned(), version.to_owned());
        let Some(faults) = names.deploys.get(&key).filter(|faults| !faults.is_empty()) else {
            problems.error("version", format!("no fault deploys {version} to {service}")).hint =
                Some("name a version that a deploy of faults brings".into());
            return None;
        };
        Some(faults.clone())
    }
}
