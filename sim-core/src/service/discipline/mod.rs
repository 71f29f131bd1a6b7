//! Queue disciplines: in which order requests that wait for a worker are served.
//!
//! First come, first served is the world's own: those who wait are linked through their frames. Every other discipline keeps a
//! [`TurnLine`] per instance, a pure state machine that is told who comes and asked who is next. Whoever gives up while he waits stays in
//! his line until he would be next; the world skips him then.

mod adaptive_lifo;
mod codel;
mod deadline;
mod fair;
mod fifo;
mod lifo;
mod priority;

pub use adaptive_lifo::AdaptiveLifoSettings;
pub use codel::CodelSettings;
pub use deadline::DeadlineSettings;
pub use fair::FairSettings;
pub use fifo::FifoSettings;
pub use lifo::LifoSettings;
pub use priority::PrioritySettings;

use crate::kind::Kind;
use crate::metrics::counters;
use crate::problem::Problems;
use crate::workload::Priority;
use serde::{Deserialize, Serialize};

/// In which order waiting requests are served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discipline {
    /// First come, first served.
    Fifo(FifoSettings),
    /// Last come, first served.
    Lifo(LifoSettings),
    /// The more important first.
    Priority(PrioritySettings),
    /// The first come while few wait, and the last come while many do.
    AdaptiveLifo(AdaptiveLifoSettings),
    /// The first come, but for those that are dropped while the queue stays slow.
    Codel(CodelSettings),
    /// The earliest deadline first.
    Deadline(DeadlineSettings),
    /// One of each tenant, or of each key, in turn.
    Fair(FairSettings),
}

/// The kinds of discipline.
pub const ALL: &[Kind] = &[
    Kind { family: "discipline", name: "fifo", schema: || schemars::schema_for!(FifoSettings) },
    Kind { family: "discipline", name: "lifo", schema: || schemars::schema_for!(LifoSettings) },
    Kind { family: "discipline", name: "priority", schema: || schemars::schema_for!(PrioritySettings) },
    Kind { family: "discipline", name: "adaptive_lifo", schema: || schemars::schema_for!(AdaptiveLifoSettings) },
    Kind { family: "discipline", name: "codel", schema: || schemars::schema_for!(CodelSettings) },
    Kind { family: "discipline", name: "deadline", schema: || schemars::schema_for!(DeadlineSettings) },
    Kind { family: "discipline", name: "fair", schema: || schemars::schema_for!(FairSettings) },
];

counters! {
    Service {
        DROPPED = "codel_dropped", "requests that `codel` dropped from the queue, because the waits stayed above its target", sampled;
    }
}

impl Default for Discipline {
    fn default() -> Self {
        Self::Fifo(FifoSettings {})
    }
}

impl Discipline {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        match self {
            Self::AdaptiveLifo(settings) => problems.at("adaptive_lifo", |p| settings.validate(p)),
            Self::Codel(settings) => problems.at("codel", |p| settings.validate(p)),
            Self::Fifo(_) | Self::Lifo(_) | Self::Priority(_) | Self::Deadline(_) | Self::Fair(_) => {}
        }
    }

    /// The line of one instance; `None` for first come, first served.
    pub fn build(&self) -> Option<TurnLine> {
        match self {
            Self::Fifo(_) => None,
            Self::Lifo(_) => Some(TurnLine::Lifo(lifo::Stack::default())),
            Self::Priority(_) => Some(TurnLine::Priority(priority::Classes::default())),
            Self::AdaptiveLifo(settings) => Some(TurnLine::AdaptiveLifo(settings.build())),
            Self::Codel(settings) => Some(TurnLine::Codel(Box::new(settings.build()))),
            Self::Deadline(_) => Some(TurnLine::Deadline(deadline::Earliest::default())),
            Self::Fair(_) => Some(TurnLine::Fair(fair::Turns::default())),
        }
    }
}

/// Those who wait at one instance, in the order of a discipline; each is a number that the world understands.
#[derive(Debug, Clone)]
pub enum TurnLine {
    /// Last come, first served.
    Lifo(lifo::Stack),
    /// The more important first.
    Priority(priority::Classes),
    /// The first come while few wait, and the last come while many do.
    AdaptiveLifo(adaptive_lifo::BothEnds),
    /// The first come, but for those that are dropped while the queue stays slow.
    Codel(Box<codel::Controlled>),
    /// The earliest deadline first.
    Deadline(deadline::Earliest),
    /// One of each in turn.
    Fair(fair::Turns),
}

impl TurnLine {
    /// Somebody comes now [ns], whose deadline is then [ns], for this tenant or key.
    pub fn enter(&mut self, who: u32, now_ns: u64, priority: Priority, deadline_ns: u64, subject: u64) {
        match self {
            Self::Lifo(line) => line.enter(who),
            Self::Priority(line) => line.enter(who, priority),
            Self::AdaptiveLifo(line) => line.enter(who),
            Self::Codel(line) => line.enter(who, now_ns),
            Self::Deadline(line) => line.enter(who, deadline_ns),
            Self::Fair(line) => line.enter(who, subject),
        }
    }

    /// Takes out who is served next. `is_gone` tells, and forgets, who has given up: a line in turns and `codel` skip them, all others hand them out.
    pub fn take(&mut self, now_ns: u64, is_gone: impl FnMut(u32) -> bool) -> Option<u32> {
        match self {
            Self::Lifo(line) => line.take(),
            Self::Priority(line) => line.take(),
            Self::AdaptiveLifo(line) => line.take(),
            Self::Codel(line) => line.take(now_ns, is_gone),
            Self::Deadline(line) => line.take(),
            Self::Fair(line) => line.take(is_gone),
        }
    }

    /// Who was dropped as others were taken out.
    pub fn take_dropped(&mut self) -> Vec<u32> {
        if let Self::Codel(line) = self { line.take_dropped() } else { Vec::new() }
    }

    /// How many are in it, with those who have given up.
    pub fn len(&self) -> usize {
        match self {
            Self::Lifo(line) => line.len(),
            Self::Priority(line) => line.len(),
            Self::AdaptiveLifo(line) => line.len(),
            Self::Codel(line) => line.len(),
            Self::Deadline(line) => line.len(),
            Self::Fair(line) => line.len(),
        }
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Only those for whom this is true stay.
    pub fn retain(&mut self, stays: impl FnMut(u32) -> bool) {
        match self {
            Self::Lifo(line) => line.retain(stays),
            Self::Priority(line) => line.retain(stays),
            Self::AdaptiveLifo(line) => line.retain(stays),
            Self::Codel(line) => line.retain(stays),
            Self::Deadline(line) => line.retain(stays),
            Self::Fair(line) => line.retain(stays),
        }
    }

    /// All are gone.
    pub fn clear(&mut self) {
        match self {
            Self::Lifo(line) => *line = lifo::Stack::default(),
            Self::Priority(line) => *line = priority::Classes::default(),
            Self::AdaptiveLifo(line) => line.clear(),
            Self::Codel(line) => line.clear(),
            Self::Deadline(line) => *line = deadline::Earliest::default(),
            Self::Fair(line) => *line = fair::Turns::default(),
        }
    }
}
