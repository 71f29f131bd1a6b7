//! What acts on reads at copies that are behind, where no read comes to such a copy.
//!
//! Where a read goes follows from the whole system: from `reads`, or from the levels that calls, and all that stands above them, ask for, and the
//! `routing` of the store.

use crate::compile::Compiled;
use sim_core::problem::Problems;
use sim_core::topology::{Node, Replication, Store};

/// Refuses guarantees of sessions, and closed timestamps, at stores whose reads all come to a copy that has everything.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    for (index, (service, path)) in model.services.iter().zip(&compiled.paths.services).enumerate() {
        let Node::Store(store) = &service.node else { continue };
        let reads_replicas = || model.reads_replicas(index.into());
        if !store.session.is_empty()
            && let Some((what, hint)) = why_not(store, reads_replicas())
        {
            let path = format!("{path}.session_guarantees");
            problems.error(&path, what).hint = Some(hint.into());
        }
        let closes = matches!(store.replication, Replication::Primary { closed_lag: Some(_), .. });
        if closes && !reads_replicas() {
            let path = format!("{path}.replication.primary.closed_timestamp_lag");
            problems.error(&path, "no read of this store comes to a replica").hint =
                Some("write reads: replica, or ask for a level whose reads go to a replica".into());
        }
    }
}

/// Why sessions can rely on nothing at a store, and what helps; `None` where they can.
fn why_not(store: &Store, reads_replicas: bool) -> Option<(&'static str, &'static str)> {
    match &store.replication {
        Replication::Merge { .. } => None,
        Replication::Primary { .. } if reads_replicas => None,
        Replication::Quorum(quorum) if quorum.read + quorum.write <= quorum.copies => Some((
            "a quorum whose reads miss writes knows no copy that would have them",
            "let read and write be more than copies together, or leave session_guarantees out",
        )),
        Replication::None | Replication::Primary { .. } | Replication::Quorum(_) | Replication::Consensus { .. } => {
            Some((
                "no read of this store can come to a copy that is behind",
                "write replication: {primary: {reads: replica}}, ask for a level whose reads go to a replica, or leave session_guarantees out",
            ))
        }
    }
}
