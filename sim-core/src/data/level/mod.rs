//! Guarantee levels: how much a reader may believe of what was read.
//!
//! Levels are ordered, so they form a lattice: what is made of several answers has the weakest of their levels ([`Level::with`]), which is
//! commutative, associative, and has the strongest level as its identity. A level becomes weaker for free, and stronger only at a gate
//! (`data/gate`), which reads from the authority again. [`certified`] says the same in types: there what would raise a level without a gate does
//! not compile.
//!
//! The level that a request carries is in `world/guarantee`; which copy a read goes to is [`Routing`], and what copies can give is in `guarantees`.

pub mod certified;
mod evidence;

pub use evidence::{Clock, Evidence, HybridTime};

use serde::{Deserialize, Serialize};

/// What a reader may believe; the order is from weak to strong.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Level {
    /// It was true at some time, at some copy.
    Eventual,
    /// It was committed.
    ReadCommitted,
    /// It was true at one time, for all rows that are read.
    SnapshotIsolation,
    /// It is as if all requests had come one after the other.
    Serializable,
    /// It is as if all requests had come one after the other, in the order in which they really came.
    #[default]
    StrictSerializable,
}

impl Level {
    /// All levels, from weak to strong.
    pub const ALL: [Self; 5] =
        [Self::Eventual, Self::ReadCommitted, Self::SnapshotIsolation, Self::Serializable, Self::StrictSerializable];

    /// The level that changes no other: that of a request for which nothing was read yet.
    pub const IDENTITY: Self = Self::StrictSerializable;

    /// The level of what is made of an answer of this level and one of the other: the weaker of the two.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        self.min(other)
    }

    /// The level of what is made of answers of all these levels.
    pub fn of_chain(levels: impl IntoIterator<Item = Self>) -> Self {
        levels.into_iter().fold(Self::IDENTITY, Self::with)
    }

    /// Whether what has this level is good enough where another is asked for.
    pub fn suffices(self, asked: Self) -> bool {
        self >= asked
    }

    /// The word in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eventual => "eventual",
            Self::ReadCommitted => "read_committed",
            Self::SnapshotIsolation => "snapshot_isolation",
            Self::Serializable => "serializable",
            Self::StrictSerializable => "strict_serializable",
        }
    }
}

/// Where reads of one level go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// To the primary.
    Primary,
    /// To a replica.
    Replica,
    /// To any instance; at a quorum store to the copy that answers first.
    Nearest,
    /// To as many copies as the store reads.
    Quorum,
}

/// Where the reads of each level go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// Reads at this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict_serializable: Option<Route>,
    /// Reads at this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serializable: Option<Route>,
    /// Reads at this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_isolation: Option<Route>,
    /// Reads at this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_committed: Option<Route>,
    /// Reads at this level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eventual: Option<Route>,
}

impl Routing {
    /// What is written of a level.
    pub fn written(self, level: Level) -> Option<Route> {
        match level {
            Level::Eventual => self.eventual,
            Level::ReadCommitted => self.read_committed,
            Level::SnapshotIsolation => self.snapshot_isolation,
            Level::Serializable => self.serializable,
            Level::StrictSerializable => self.strict_serializable,
        }
    }

    /// Where reads at a level go: as is written of the next level that is as strong; without one, to the primary from serializable on, and to a
    /// replica below.
    pub fn of(self, level: Level) -> Route {
        let mut stronger = Level::ALL.into_iter().filter(|other| *other >= level);
        let own = if level >= Level::Serializable { Route::Primary } else { Route::Replica };
        stronger.find_map(|other| self.written(other)).unwrap_or(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The laws hold for all that there is: there are few enough levels to try every combination.
    fn each3(law: impl Fn(Level, Level, Level)) {
        for a in Level::ALL {
            for b in Level::ALL {
                Level::ALL.into_iter().for_each(|c| law(a, b, c));
            }
        }
    }

    #[test]
    fn a_chain_is_as_strong_as_its_weakest_link() {
        each3(|a, b, c| {
            let chain = Level::of_chain([a, b, c]);
            assert_eq!(chain, a.min(b).min(c));
            assert!([a, b, c].contains(&chain));
            assert_eq!(chain, Level::of_chain([c, a, b]), "the order of the links does not matter");
        });
        assert_eq!(Level::of_chain([]), Level::IDENTITY);
    }

    #[test]
    fn the_identity_keeps_a_level() {
        each3(|level, _, _| {
            assert_eq!((level.with(Level::IDENTITY), Level::IDENTITY.with(level)), (level, level));
            assert_eq!(level.with(level), level);
        });
    }

    #[test]
    fn composition_is_associative_and_commutes() {
        each3(|a, b, c| {
            assert_eq!(a.with(b).with(c), a.with(b.with(c)));
            assert_eq!(a.with(b), b.with(a));
        });
    }

    #[test]
    fn nothing_that_is_added_raises_a_level() {
        each3(|a, b, c| {
            assert!(a.suffices(a.with(b)) && b.suffices(a.with(b)));
            // The greatest lower bound: what both suffice for, their composition suffices for.
            assert_eq!(a.with(b).suffices(c), a.suffices(c) && b.suffices(c));
        });
    }

    #[test]
    fn a_level_without_a_route_takes_that_of_a_stronger_one() {
        each3(|level, written, _| {
            let mut routing = Routing::default();
            *match written {
                Level::Eventual => &mut routing.eventual,
                Level::ReadCommitted => &mut routing.read_committed,
                Level::SnapshotIsolation => &mut routing.snapshot_isolation,
                Level::Serializable => &mut routing.serializable,
                Level::StrictSerializable => &mut routing.strict_serializable,
            } = Some(Route::Nearest);
            assert_eq!(routing.of(level) == Route::Nearest, written >= level, "{level:?} where {written:?} is written");
        });
    }

    #[test]
    fn words_are_those_of_files() {
        for level in Level::ALL {
            assert_eq!(serde_json::to_value(level).unwrap(), level.name());
        }
    }
}
