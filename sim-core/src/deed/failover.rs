//! A failover by order: the primary of a store hands over.

use super::scale::is_service;
use crate::faults::TargetSettings;
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::topology::{Node, Replication, Topology};
use serde::{Deserialize, Serialize};

/// The primary of a store hands over to a replica.
///
/// # What it models
/// A switchover. When `takes` is over, the primary takes no more writes, and after the `takes` of the store's `failover` the replica leads that lacks
/// the fewest writes; it gets these from the old primary, so that none is lost. If the primary is down already, the failover begins without waiting
/// for it to be noticed, and loses what a failover loses. Where no replica is up and has caught up, or a failover is under way, nothing is done.
///
/// # When to use it
/// To move the writes away from a primary that is slow, before it is drained or replaced.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// actions: [{do: failover, where: {service: ledger}, takes: 5s}]
/// ```
///
/// # Source
/// `patronictl switchover`; the managed failover of AWS RDS (`reboot-db-instance --force-failover`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DoFailoverSettings")]
pub struct FailoverSettings {}

/// A whole store is meant.
pub(super) fn validate(target: Option<&TargetSettings>, problems: &mut Problems) {
    if target.is_some_and(|target| !is_service(target)) {
        problems.error("where", "the primary of a whole store hands over").hint =
            Some("write where: {service: NAME}".into());
    }
}

/// The store whose primary hands over.
pub(super) fn compile(
    target: Option<&TargetSettings>,
    names: &Names,
    topology: &Topology,
    problems: &mut Problems,
) -> Option<ServiceId> {
    let name = target?.service.as_deref()?;
    problems.at("where", |p| {
        let id = names.with_instances("service", name, p)?;
        let hands_over = matches!(&topology.services[id.index()].node,
            Node::Store(store) if matches!(store.replication, Replication::Primary { failover: Some(_), .. }));
        if !hands_over {
            p.error("service", format!("{name} has no primary that could hand over")).hint =
                Some("write replication: {primary: {failover: {}}} at a store".into());
            return None;
        }
        Some(id)
    })
}
