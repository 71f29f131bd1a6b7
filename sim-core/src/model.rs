//! The system as meant, all that a run needs to know: a topology, and what strikes, scales, judges and bills it. Immutable.
//!
//! `scenarios` makes it from a checked file; `world` compiles its step trees to flat code and runs it. The families below know only the
//! [`Topology`]: this file is the list of what they mean.

use crate::control::{Alert, Pipeline, Scaler};
use crate::economics::CostItem;
use crate::experiment::Experiment;
use crate::faults::Fault;
use crate::promise::Promise;
use crate::topology::Topology;
use std::ops::{Deref, DerefMut};

/// The system.
#[derive(Debug, Clone)]
pub struct Model {
    /// What is there.
    pub topology: Topology,
    /// What breaks.
    pub faults: Vec<Fault>,
    /// What is seen: telemetry pipelines. Place 0 is the default one (15 s, no delay) where none is written.
    pub telemetry: Vec<Pipeline>,
    /// What scales.
    pub scalers: Vec<Scaler>,
    /// What raises an alert.
    pub alerts: Vec<Alert>,
    /// What was promised.
    pub promises: Vec<Promise>,
    /// What is done on purpose.
    pub experiments: Vec<Experiment>,
    /// What it costs.
    pub costs: Vec<CostItem>,
}

impl Model {
    /// A topology to which nothing happens: nothing strikes, scales, judges or bills it.
    pub fn of(topology: Topology) -> Self {
        Self {
            topology,
            faults: Vec::new(),
            telemetry: Vec::new(),
            scalers: Vec::new(),
            alerts: Vec::new(),
            promises: Vec::new(),
            experiments: Vec::new(),
            costs: Vec::new(),
        }
    }
}

/// A model is its topology and more: `model.services` reads as it means, and a model is handed to whatever asks for a topology.
impl Deref for Model {
    type Target = Topology;

    fn deref(&self) -> &Topology {
        &self.topology
    }
}

impl DerefMut for Model {
    fn deref_mut(&mut self) -> &mut Topology {
        &mut self.topology
    }
}
