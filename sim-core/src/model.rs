//! The system as meant, all that a run needs to know: a topology, and what strikes, scales, judges and bills it. Immutable.
//!
//! `scenarios` makes it from a checked file; `world` compiles its step trees to flat code and runs it. The families below know only the
//! [`Topology`]: this file is the list of what they mean.

use crate::control::{Alert, Pipeline, Probes, Scaler};
use crate::deed::Deed;
use crate::economics::CostItem;
use crate::experiment::Experiment;
use crate::faults::Fault;
use crate::ids::FaultId;
use crate::incident::Incidents;
use crate::mode::Modes;
use crate::promise::Promise;
use crate::runbook::{Person, Runbook};
use crate::switch::Switch;
use crate::topology::Topology;
use std::ops::{Deref, DerefMut};

/// The system.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What is there.
    pub topology: Topology,
    /// What breaks.
    pub faults: Vec<Fault>,
    /// What is seen: telemetry pipelines. Place 0 is the default one (15 s, no delay) where none is written.
    pub telemetry: Vec<Pipeline>,
    /// What is sent between sites to see how the network is.
    pub probes: Vec<Probes>,
    /// What scales.
    pub scalers: Vec<Scaler>,
    /// What raises an alert.
    pub alerts: Vec<Alert>,
    /// What makes incidents of alerts; `None` where nothing does.
    pub incidents: Option<Incidents>,
    /// What may be thrown.
    pub switches: Vec<Switch>,
    /// Who is called.
    pub people: Vec<Person>,
    /// What is done when alerts fire.
    pub runbooks: Vec<Runbook>,
    /// The operating modes, where there are any.
    pub modes: Option<Modes>,
    /// What was promised.
    pub promises: Vec<Promise>,
    /// What is done on purpose.
    pub experiments: Vec<Experiment>,
    /// What it costs.
    pub costs: Vec<CostItem>,
    /// Whether anybody asks for `effects`, which otherwise nobody counts.
    pub counts_effects: bool,
}

impl Model {
    /// The name of a fault that the user wrote. The fault of an experiment's action has the experiment's name, and the number of the
    /// action where the experiment has several faults; an id behind all faults is the experiment's own.
    pub fn shown_name(&self, fault: FaultId) -> String {
        let place = fault.index();
        let Some(of) = self.faults.get(place) else {
            return self.experiments.get(place - self.faults.len()).map_or_else(String::new, |e| e.name.clone());
        };
        let Some(experiment) = of.experiment.and_then(|place| self.experiments.get(place)) else {
            return of.name.clone();
        };
        match experiment.faults.iter().position(|own| *own == fault) {
            Some(number) if experiment.faults.len() > 1 => format!("{}, fault {}", experiment.name, number + 1),
            _ => experiment.name.clone(),
        }
    }

    /// All that experiments, runbooks and modes do, and what people do by mistake.
    pub fn deeds(&self) -> impl Iterator<Item = &Deed> {
        let of_experiments =
            self.experiments.iter().flat_map(|e| e.deeds.iter().map(|(_, deed)| deed).chain(&e.rollback));
        let by_mistake = self.people.iter().filter_map(|person| person.errs.as_ref()?.1.as_ref());
        let of_runbooks = self.runbooks.iter().flat_map(|runbook| &runbook.actions);
        of_experiments.chain(of_runbooks).chain(by_mistake).chain(self.modes.iter().flat_map(Modes::deeds))
    }

    /// A topology to which nothing happens: nothing strikes, scales, judges or bills it.
    pub fn of(topology: Topology) -> Self {
        Self {
            topology,
            faults: Vec::new(),
            telemetry: Vec::new(),
            probes: Vec::new(),
            scalers: Vec::new(),
            alerts: Vec::new(),
            incidents: None,
            switches: Vec::new(),
            people: Vec::new(),
            runbooks: Vec::new(),
            modes: None,
            promises: Vec::new(),
            experiments: Vec::new(),
            costs: Vec::new(),
            counts_effects: false,
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
