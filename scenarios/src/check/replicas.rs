//! What acts on reads at copies that are behind, where no read comes to such a copy.
//!
//! Where a read goes follows from the whole system: from `reads`, or from the levels that calls, and all that stands above them, ask for, and the
//! `routing` of the store.

use crate::compile::Compiled;
use sim_core::problem::Problems;
use sim_core::topology::{Node, Replication};

/// Refuses guarantees of sessions, and closed timestamps, at stores whose reads all come to a copy that has everything.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for (index, (service, path)) in model.services.iter().zip(&compiled.paths.services).enumerate() {
        let Node::Store(store) = &service.node else { continue };
        let reads_replicas = || model.reads_replicas(index.into());
        if !store.session.is_empty() && !reads_replicas() {
            let path = format!("{path}.session_guarantees");
            problems.error(&path, "no read of this store can come to a copy that is behind").hint = Some(
                "write replication: {primary: {reads: replica}}, or ask for a level whose reads go to a replica".into(),
            );
        }
        let closes = matches!(store.replication, Replication::Primary { closed_lag: Some(_), .. });
        if closes && !reads_replicas() {
            let path = format!("{path}.replication.primary.closed_timestamp_lag");
            problems.error(&path, "no read of this store comes to a replica").hint =
                Some("write reads: replica, or ask for a level whose reads go to a replica".into());
        }
    }
}
