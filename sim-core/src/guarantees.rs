//! What topologies say of guarantee levels, what their stores can give, and what else requests have to carry a ticket for.

use crate::data::level::{Level, Route, Routing};
use crate::ids::ServiceId;
use crate::problem::Problems;
use crate::topology::{Admission, Edge, Node, Replication, Service, Store, Topology};

impl Topology {
    /// Whether anything is said of the levels of requests, so that they carry them.
    pub fn uses_levels(&self) -> bool {
        let asks = self.edges.iter().any(|edge| edge.level.is_some() || edge.gate.is_some());
        let is_routed =
            |service: &Service| matches!(&service.node, Node::Store(of) if of.routing != Routing::default());
        asks || self.endpoints.iter().any(|endpoint| endpoint.requires.is_some())
            || self.services.iter().any(|service| service.provides.is_some() || is_routed(service))
    }

    /// Whether a gate reads from a store.
    pub fn has_gate_at(&self, store: ServiceId) -> bool {
        let reads = |edge: &Edge| self.endpoints[edge.callee.index()].service == store;
        self.edges.iter().any(|edge| edge.gate.is_some() && reads(edge))
    }

    /// Whether limits are kept, or turns given, for each key or tenant of a request.
    pub fn tells_keys_apart(&self) -> bool {
        let doors = self.services.iter().map(|service| &service.admission);
        let doors = doors.chain(self.endpoints.iter().map(|endpoint| &endpoint.admission));
        let by_key =
            |admission: &Option<Admission>| admission.as_ref().is_some_and(|admission| admission.per.is_some());
        let fair = self.services.iter().any(|service| service.fair_per.is_some())
            || self.edges.iter().any(|edge| edge.kept_by().is_some());
        fair || self.guards.iter().any(|guard| guard.per.is_some()) || doors.into_iter().any(by_key)
    }
}

impl Routing {
    /// Routes that the store does not have, or that would serve less than is asked for.
    pub fn validate_at(self, replication: &Replication, problems: &mut Problems) {
        for level in Level::ALL {
            let Some(route) = self.written(level) else { continue };
            let (has, write) = match replication {
                Replication::Primary { .. } => (route != Route::Quorum, "primary, replica or nearest"),
                Replication::Quorum(_) => (matches!(route, Route::Quorum | Route::Nearest), "quorum or nearest"),
                _ => (false, ""),
            };
            if !has {
                let problem = problems.error(level.name(), "this store has no such copies to read from");
                problem.hint = Some(match write {
                    "" => "leave routing out: all copies of this store are read alike".to_owned(),
                    write => format!("write {write}"),
                });
            } else if level >= Level::Serializable && !matches!(route, Route::Primary | Route::Quorum) {
                let what = format!("a copy that may be behind gives no {} read", level.name());
                problems.error(level.name(), what).hint = Some(match replication {
                    Replication::Quorum(_) => "write quorum".to_owned(),
                    _ => "write primary".to_owned(),
                });
            }
        }
    }
}

/// The strongest level that answers of a service can have: what its copies can give and what it says that it provides, the weaker of the two.
pub fn given(service: &Service) -> Level {
    let own = match &service.node {
        Node::Store(store) => strongest(store),
        _ => Level::IDENTITY,
    };
    own.with(service.provides.unwrap_or(Level::IDENTITY))
}

/// The strongest level that reads of a store can have by the way in which it is copied. A stock whose rights are split is never oversold, as if
/// all sales had come one after the other.
pub fn strongest(store: &Store) -> Level {
    let has_rights = store.stock.as_ref().is_some_and(|stock| stock.escrow.is_some());
    match &store.replication {
        Replication::Merge { .. } if has_rights => Level::Serializable,
        Replication::Quorum(quorum) if quorum.read + quorum.write <= quorum.copies => Level::ReadCommitted,
        Replication::Merge { .. } => Level::Eventual,
        Replication::None | Replication::Primary { .. } | Replication::Quorum(_) | Replication::Consensus { .. } => {
            Level::StrictSerializable
        }
    }
}

/// Whether not every copy of a store is good for every read: sessions rely on something, or what replicas show is closed.
pub fn keeps_session(store: &Store) -> bool {
    !store.session.is_empty() || matches!(store.replication, Replication::Primary { closed_lag: Some(_), .. })
}
