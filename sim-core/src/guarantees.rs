//! What topologies say of guarantee levels, what their stores can give, and what else requests have to carry a ticket for.

use crate::data::level::{Level, Route, Routing};
use crate::ids::{Caller, ServiceId};
use crate::problem::Problems;
use crate::topology::{Access, Admission, Edge, Node, ReadFrom, Replication, Service, Store, Topology};

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

    /// Whether a read of a store with a primary can come to a replica: its `reads` say so, or a level that a reader can ask for is routed there.
    pub fn reads_replicas(&self, store: ServiceId) -> bool {
        let Node::Store(of) = &self.services[store.index()].node else { return false };
        let Replication::Primary { reads, .. } = &of.replication else { return false };
        if *reads != ReadFrom::Primary {
            return true;
        }
        let asked = self.levels_asked();
        let is_read = |edge: &&Edge| {
            let endpoint = &self.endpoints[edge.callee.index()];
            endpoint.service == store && endpoint.access == Some(Access::Read) && edge.gate.is_none()
        };
        self.edges.iter().filter(is_read).any(|edge| {
            let own = |level: Level| edge.level.map_or(asked.at(edge.caller).has(level), |own| own == level);
            let goes_to_replica = |level: Level| matches!(of.routing.of(level), Route::Replica | Route::Nearest);
            Level::ALL.into_iter().any(|level| own(level) && goes_to_replica(level))
        })
    }

    /// Which levels may be asked of each endpoint: those of the calls to it, and those that their callers bring with them.
    fn levels_asked(&self) -> LevelsAsked {
        let mut asked =
            LevelsAsked { of: vec![Levels::default(); self.endpoints.len()], of_messages: Levels::default() };
        loop {
            let before = asked.clone();
            for edge in &self.edges {
                let brought = asked.at(edge.caller);
                let asks = edge.level.map_or(brought, |own| brought.with(own));
                let callee = self.endpoints[edge.callee.index()].service;
                asked.of[edge.callee.index()].add(asks);
                // From which queue to which a message goes is not followed: what works on messages may work on any.
                let sends = match &self.services[callee.index()].node {
                    Node::Queue(_) => true,
                    Node::Store(store) => !store.outboxes.is_empty(),
                    Node::Service | Node::Cache(_) => false,
                };
                if sends {
                    asked.of_messages.add(asks);
                }
            }
            if asked == before {
                return asked;
            }
        }
    }

    /// Whether regions agree on the writes of a store, and some read of it may be content with what its own region has: somebody asks for a weaker
    /// level than serializable, or the store provides no more.
    pub fn reads_own_region(&self, store: ServiceId) -> bool {
        let service = &self.services[store.index()];
        let is_weak = |level: &Level| *level < Level::Serializable;
        matches!(&service.node, Node::Store(of) if matches!(of.replication, Replication::Consensus { .. }))
            && (is_weak(&given(service))
                || self.edges.iter().filter_map(|edge| edge.level).any(|level| is_weak(&level)))
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

/// Levels that may be asked for, as bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Levels(u8);

impl Levels {
    fn has(self, level: Level) -> bool {
        self.0 & 1 << level as u8 != 0
    }

    fn add(&mut self, others: Self) {
        self.0 |= others.0;
    }

    /// What is asked for by calls that ask for a level, of callers that bring one of these or none.
    fn with(self, own: Level) -> Self {
        let weaker = Level::ALL.into_iter().filter(|level| *level < own && self.has(*level));
        Self(weaker.chain([own]).map(|level| 1 << level as u8).sum())
    }
}

/// Which levels may be asked of each endpoint, and of what works on messages.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LevelsAsked {
    of: Vec<Levels>,
    of_messages: Levels,
}

impl LevelsAsked {
    /// The levels that a caller may bring with it.
    fn at(&self, caller: Caller) -> Levels {
        match caller {
            Caller::Endpoint(id) => self.of[id.index()],
            Caller::Queue(_) => self.of_messages,
            Caller::Load(_) | Caller::Scaler(_) => Levels::default(),
        }
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
                problem.hint = Some(match (write, replication) {
                    ("", Replication::Consensus { .. }) => {
                        "leave routing out: serializable and stronger reads ask a majority, weaker ones the own region"
                            .to_owned()
                    }
                    ("", _) => "leave routing out: all copies of this store are read alike".to_owned(),
                    (write, _) => format!("write {write}"),
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
