//! Refusing: new requests are turned away at the door.

use crate::ids::{EndpointId, ServiceId};
use crate::problem::Problems;
use crate::topology::{Access, Topology};
use serde::{Deserialize, Serialize};

/// New requests are turned away.
///
/// # What it models
/// While the switch is thrown, each instance answers new requests with `rejected` at its door, without a worker and without its queue. What is inside
/// or waits goes on. With `access` only requests to endpoints of a store are meant that do this with their row: a database that can be read and not
/// written.
///
/// # When to use it
/// For read-only mode, and to stop new work while the old is finished.
///
/// # Knobs
/// - `access`: which endpoints of a store, list of read, write, update and `compare_and_set`, default all endpoints
///
/// # Example
/// ```yaml
/// control:
///   switches:
///     read-only: {do: {refuse: {access: [write, update]}}, where: {service: db}}
/// ```
///
/// # Source
/// Read-only mode of `MongoDB`, `MySQL` (`super_read_only`) and `PostgreSQL` (`default_transaction_read_only`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RefuseSettings {
    /// Which endpoints of a store; default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Vec<Access>>,
}

/// The word in files.
fn word(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Update => "update",
        Access::CompareAndSet => "compare_and_set",
    }
}

impl RefuseSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.access.as_ref().is_some_and(Vec::is_empty) {
            problems.error("access", "no request is refused").hint =
                Some("write access: [write], or leave it out".into());
        }
    }

    /// The endpoints of these services whose requests are turned away; a problem where there is none.
    pub(super) fn endpoints(
        &self,
        services: &[ServiceId],
        topology: &Topology,
        problems: &mut Problems,
    ) -> Option<Vec<EndpointId>> {
        let is_meant = |id: &EndpointId| {
            let endpoint = &topology.endpoints[id.index()];
            let fits = self.access.as_ref().is_none_or(|all| endpoint.access.is_some_and(|one| all.contains(&one)));
            fits && services.contains(&endpoint.service)
        };
        let all: Vec<EndpointId> = (0..topology.endpoints.len()).map(EndpointId::from).filter(is_meant).collect();
        if all.is_empty() {
            problems.error("access", "no endpoint here does this with its row").hint =
                Some("name a store, and an access that one of its endpoints has".into());
            return None;
        }
        Some(all)
    }

    pub(super) fn says(&self, words: &str) -> String {
        match &self.access {
            None => format!("{words} refuses new requests"),
            Some(all) => {
                format!("{words} refuses {}", all.iter().map(|access| word(*access)).collect::<Vec<_>>().join(", "))
            }
        }
    }
}
