//! Control: telemetry, scalers, alerts, runbooks, modes and experiments, each on its clock.

mod accused;
mod deciders;
mod deeds;
mod incidents;
mod modes;
mod overrule;
mod people;
mod runbooks;
mod set;
mod switches;
mod trial;
mod watch;
mod works;

use super::events::EventId;
use super::{Event, World, fact};
use crate::control::ScalerState;
use crate::model::Model;
use crate::results::{ExperimentRun, IncidentsRun, Looks, ModesRun, RunbookRun, Span};

/// What may be due in control.
#[derive(Debug, Clone, Copy)]
pub(in crate::world) enum Due {
    /// A telemetry pipeline looks.
    Scrape(u32),
    /// A scaler looks.
    Scale(u32),
    /// Somebody waits where there is no instance: a scaler looks at once.
    Woken(u32),
    /// An alert is evaluated.
    Alert(u32),
    /// An experiment looks at its conditions.
    Look(u32),
    /// A deed of an experiment is done: the experiment, and the deed's place.
    Deed(u32, u32),
    /// An experiment's time is over.
    Conclude(u32),
    /// A step of an experiment's rollback is done.
    Rollback(u32, u32),
    /// Who does a runbook has reacted.
    Reacts(u32),
    /// An action of a runbook is done: the runbook, and the action's place.
    Acts(u32, u32),
    /// Levels of severity are looked at.
    Levels,
    /// A person has reacted to an incident: the incident, and which call of it.
    Acknowledges(u32, u32),
    /// The time is over in which somebody has to acknowledge a call: the incident, and which call.
    Escalates(u32, u32),
    /// A switch has acted for its time: the switch, and how often it had been thrown.
    Reverts(u32, u32),
    /// A person approves what a scaler wants.
    Approves(u32),
    /// Who decides for a scaler has answered, or has not.
    Decided(u32, bool),
    /// The modes are looked at.
    Modes,
    /// An action of a mode is done: the number of the entry into it, and the action's place.
    ModeActs(u32, u32),
}

impl From<Due> for Event {
    fn from(due: Due) -> Self {
        Self::Control(due)
    }
}

impl super::events::Due for Due {
    fn fact(self) -> Option<(u64, u64)> {
        let of = |trial: u32, place: u32| u64::from(trial) << 32 | u64::from(place);
        match self {
            Self::Deed(trial, deed) => Some((of(trial, deed), fact::DEED)),
            Self::Rollback(trial, step) => Some((of(trial, step), fact::ROLLED_BACK)),
            Self::Acts(runbook, action) => Some((of(runbook, action), fact::ACTED)),
            Self::Acknowledges(incident, page) => Some((of(incident, page), fact::ACKNOWLEDGED)),
            Self::Decided(scaler, is_answered) => Some((of(scaler, u32::from(is_answered)), fact::DECIDED)),
            Self::Reverts(switch, times) => Some((of(switch, times), fact::REVERTED)),
            Self::ModeActs(entry, action) => Some((of(entry, action), fact::MODE_ACTED)),
            _ => None,
        }
    }

    fn recurs(self) -> bool {
        matches!(self, Self::Scrape(_) | Self::Scale(_) | Self::Alert(_) | Self::Look(_) | Self::Levels | Self::Modes)
    }
}

impl World<'_> {
    /// What is due in control.
    pub(in crate::world) fn control_due(&mut self, due: Due, id: EventId) {
        match due {
            Due::Scrape(pipeline) => self.scrape(pipeline, id),
            Due::Scale(scaler) => self.scale(scaler, id),
            Due::Woken(scaler) => self.scales_at_once(scaler),
            Due::Alert(alert) => self.evaluate_alert(alert, id),
            Due::Look(trial) => self.look(trial, id),
            Due::Deed(trial, deed) => self.deed(trial, deed),
            Due::Conclude(trial) => self.conclude(trial),
            Due::Rollback(trial, step) => self.roll_back(trial, step),
            Due::Reacts(runbook) => self.reacts(runbook),
            Due::Acts(runbook, action) => self.acts(runbook, action),
            Due::Levels => self.looks_at_levels(id),
            Due::Acknowledges(incident, page) => self.acknowledges(incident, page),
            Due::Escalates(incident, page) => self.escalates(incident, page),
            Due::Reverts(switch, times) => self.reverts(switch, times),
            Due::Approves(scaler) => self.approves(scaler),
            Due::Decided(scaler, is_answered) => self.is_decided(scaler, is_answered),
            Due::Modes => self.look_at_modes(id),
            Due::ModeActs(entry, action) => self.mode_acts(entry, action),
        }
    }
}

/// What became of all that watched and acted in a run, by their places in the model.
pub(in crate::world) struct Ended {
    /// When each alert fired.
    pub alerts: Vec<Vec<Span>>,
    /// How often each alert looked, and without data.
    pub alert_looks: Vec<Looks>,
    /// When each alert would have fired with each of the numbers that are tried.
    pub tried: Vec<Vec<Vec<Span>>>,
    /// The scalers.
    pub scalers: Vec<ScalerState>,
    /// The experiments.
    pub experiments: Vec<ExperimentRun>,
    /// The runbooks.
    pub runbooks: Vec<RunbookRun>,
    /// The incidents.
    pub incidents: IncidentsRun,
    /// The modes.
    pub modes: ModesRun,
}

/// What watches and acts.
pub(in crate::world) struct Control<'m> {
    set: set::Active<'m>,
    deciders: deciders::Deciders,
    watch: watch::Watch,
    trials: Vec<trial::Trial>,
    accused: accused::Accused,
    runbooks: runbooks::Runbooks,
    people: people::People,
    desk: incidents::Desk,
    switches: switches::Switches,
    struck: overrule::Struck,
    modes: modes::InForce,
}

impl Control<'_> {
    pub(in crate::world) fn new(model: &Model) -> Self {
        Self {
            set: set::Active::default(),
            deciders: deciders::Deciders::new(model),
            watch: watch::Watch::new(model),
            trials: Vec::new(),
            accused: accused::Accused::new(model),
            runbooks: runbooks::Runbooks::new(model),
            people: people::People::new(model),
            desk: incidents::Desk::new(model),
            switches: switches::Switches::new(model),
            struck: overrule::Struck::new(model),
            modes: modes::InForce::new(model),
        }
    }

    /// What became of all that watched and acted.
    pub(in crate::world) fn finish(self) -> Ended {
        let watch::Watched { fired: alerts, looks: alert_looks, tried, scalers } = self.watch.finish();
        let experiments = self.trials.into_iter().map(trial::Trial::finish).collect();
        Ended {
            alerts,
            alert_looks,
            tried,
            scalers,
            experiments,
            runbooks: self.runbooks.finish(),
            incidents: self.desk.finish(),
            modes: self.modes.finish(),
        }
    }
}
