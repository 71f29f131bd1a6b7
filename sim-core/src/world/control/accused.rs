//! Whom alerts accuse: the instances for which a condition is true by their own readings.
//!
//! Telemetry adds up the instances of a service, so that an alert by itself knows none. Who gets it looks at the graph of each
//! instance. That is done here as an alert begins to fire, for the alerts that somebody asks (`found_by`); of these what instances count is
//! kept for as long as the condition looks back.

use crate::counters::part;
use crate::deed::{Deed, Whom};
use crate::expression::{Metric, Resolved, Subject, Window};
use crate::ids::InstanceId;
use crate::metrics::PartAt;
use crate::model::Model;
use crate::service::disk::FSYNC;
use crate::service::nic::DROPS;
use crate::world::World;
use crate::world::stations::Life;
use std::collections::VecDeque;

/// What an instance has counted since the start.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    /// Flushes for which somebody waited.
    flushes: u64,
    /// How long these took in all [ns].
    flush_ns: u64,
    /// Packets that its network card dropped.
    drops: u64,
}

/// What is kept of one alert.
#[derive(Debug, Default)]
struct Suspects {
    /// How far back its condition looks [ns].
    window_ns: u64,
    /// All that it can accuse.
    instances: Vec<InstanceId>,
    /// What each of them had counted at a time [ns], in the order of time; the first is at or before the begin of the window.
    counted: VecDeque<(u64, Vec<Counted>)>,
    /// Whom it accused last.
    accused: Vec<InstanceId>,
}

/// What is kept of all alerts that somebody asks.
#[derive(Debug, Default)]
pub(super) struct Accused {
    /// By alert; `None` where nobody asks.
    of: Vec<Option<Suspects>>,
}

impl Accused {
    pub(super) fn new(model: &Model) -> Self {
        let per_instance = |alert: usize| model.alerts[alert].per_instance && model.incidents.is_some();
        let asks = |alert: usize| per_instance(alert) || model.deeds().any(|deed| asks_of(deed) == Some(alert));
        let window = |metric: &&Resolved| match metric.scope.window {
            Some(Window::Over(time)) => time.ns(),
            _ => 0,
        };
        let of = model.alerts.iter().enumerate().map(|(place, alert)| {
            let least = model.telemetry[alert.pipeline].every_ns;
            let window_ns = alert.when.metrics().iter().map(window).max().unwrap_or(0).max(least);
            asks(place).then(|| Suspects { window_ns, ..Suspects::default() })
        });
        Self { of: of.collect() }
    }

    /// Whom an alert accused as it last began to fire.
    pub(super) fn by(&self, alert: usize) -> &[InstanceId] {
        self.of[alert].as_ref().map_or(&[], |suspects| &suspects.accused)
    }
}

/// The alert that a deed asks whom it accuses.
fn asks_of(deed: &Deed) -> Option<usize> {
    match deed.effect.whom()? {
        Whom::FoundBy { alert, .. } => Some(*alert),
        Whom::Selected(_) => None,
    }
}

impl World<'_> {
    /// An alert was evaluated: what its suspects have counted is kept, and as it begins to fire it accuses.
    pub(super) fn look_at_each(&mut self, alert: usize, begins: bool) {
        let Some(mut suspects) = self.control.accused.of[alert].take() else { return };
        let meant = &self.model.alerts[alert];
        if suspects.counted.is_empty() {
            let services = meant.accuses(self.model);
            suspects.instances =
                self.stations.ids().filter(|&i| services.contains(&self.stations.service_of(i))).collect();
            // At the start of the run nothing was counted.
            suspects.counted.push_back((0, vec![Counted::default(); suspects.instances.len()]));
        }
        let counted = |&instance: &InstanceId| {
            let (flushes, flush_ns) = self.stations.flushed(instance);
            Counted { flushes, flush_ns, drops: self.network.cards.dropped(instance) }
        };
        let counted = suspects.instances.iter().map(counted).collect();
        suspects.counted.push_back((self.now, counted));
        let from = self.now.saturating_sub(suspects.window_ns);
        while suspects.counted.get(1).is_some_and(|(at, _)| *at <= from) {
            suspects.counted.pop_front();
        }
        if begins {
            let holds =
                |place: &usize| meant.when.truth(&mut |metric| self.own(&suspects, *place, metric)) == Some(true);
            // Where there is no machine, nothing can be done to one.
            let is_there = |place: &usize| self.stations.life(suspects.instances[*place]) != Life::Gone;
            let all = (0..suspects.instances.len()).filter(is_there);
            let mut found: Vec<InstanceId> = all.clone().filter(holds).map(|place| suspects.instances[place]).collect();
            if found.is_empty() {
                found = all.map(|place| suspects.instances[place]).collect();
            }
            suspects.accused = found;
        }
        self.control.accused.of[alert] = Some(suspects);
    }

    /// What an instance reads of itself; `None` where it has no reading of its own.
    fn own(&self, suspects: &Suspects, place: usize, metric: &Resolved) -> Option<f64> {
        let instance = suspects.instances[place];
        let service = self.stations.service_of(instance);
        let (before, now) = (suspects.counted.front()?.1[place], suspects.counted.back()?.1[place]);
        match (metric.metric, &metric.subject) {
            (Metric::QueueLength, Subject::Service(of)) if *of == service => {
                Some(f64::from(self.stations.inside(instance).0))
            }
            (Metric::InSystem, Subject::Service(of)) if *of == service => {
                Some(f64::from(self.stations.inside(instance).1))
            }
            (Metric::Percentile(_) | Metric::Mean, Subject::Timed(parts))
                if parts[..] == [PartAt::service(const { part(&FSYNC) }, service)] =>
            {
                let times = now.flushes - before.flushes;
                (times > 0).then(|| (now.flush_ns - before.flush_ns) as f64 / times as f64 / 1e9)
            }
            // Somebody has compared its records with those of others.
            (Metric::Wrong(kind), _) if kind.is_in_data() => Some(self.stations.wrong_share(instance, kind)),
            (Metric::Counted(counter), Subject::Service(of)) if *of == service && *counter == DROPS => {
                Some((now.drops - before.drops) as f64)
            }
            _ => None,
        }
    }
}
