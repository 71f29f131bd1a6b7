//! Operating modes: what values hold while the system is in which state, and what makes it change.
//!
//! A mode sets live values, and takes them back when another mode is in force. The world (`world/control/modes.rs`) looks at what telemetry has
//! delivered, changes from one mode to another, and keeps a journal.

use crate::deed::Deed;
use crate::watched::Check;

/// A condition, and how long it has to hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The condition; `left(MODE)` in it is whether that mode is left at this look.
    pub check: Check,
    /// How long it has to hold [ns].
    pub for_ns: u64,
}

/// One mode.
#[derive(Debug, Clone, PartialEq)]
pub struct Mode {
    /// As the user wrote it.
    pub name: String,
    /// What makes the system enter it; `None` of the initial one, to which it returns by itself.
    pub enter: Option<Turn>,
    /// What makes the system leave it; `None` where it is left for another alone.
    pub leave: Option<Turn>,
    /// It is not left before so long [ns].
    pub stays_ns: u64,
    /// What it sets, one after the other.
    pub actions: Vec<Deed>,
}

/// The modes of a system, as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Modes {
    /// In the order of the file: the most urgent first.
    pub states: Vec<Mode>,
    /// The one in which the run begins, and to which it returns, by its place.
    pub initial: usize,
    /// The telemetry pipeline that is read, by its place.
    pub pipeline: usize,
    /// Between two looks [ns].
    pub every_ns: u64,
    /// What takes the system back to the initial mode at once.
    pub rollback: Option<Turn>,
}

impl Modes {
    /// All that is looked at.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        let of_states = self.states.iter().flat_map(|mode| mode.enter.iter().chain(&mode.leave));
        of_states.chain(&self.rollback)
    }

    /// All that the modes set.
    pub fn deeds(&self) -> impl Iterator<Item = &Deed> {
        self.states.iter().flat_map(|mode| &mode.actions)
    }
}
