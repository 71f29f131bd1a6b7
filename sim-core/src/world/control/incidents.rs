//! Incidents while they last: alerts open, join and raise them, people are told, and others when nobody answers.
//!
//! An incident is open while one of its alerts fires and for a while after that; whether it is over is found when the next alert asks. A page is a
//! call to one person because of one incident: it is acknowledged when the person has reacted, and what he has to do for the incident begins then.

use super::Due;
use super::people::Task;
use crate::engine::rng::Stream;
use crate::expression::Resolved;
use crate::ids::ServiceId;
use crate::incident::{Group, Incidents};
use crate::model::Model;
use crate::results::{IncidentRun, IncidentsRun, JournalKind, JournalWriter};
use crate::world::World;
use std::collections::VecDeque;

/// More incidents than this are not kept: alerts flap.
const MOST_INCIDENTS: usize = 10_000;

/// A call to a person because of an incident.
#[derive(Debug, Clone)]
struct Page {
    person: usize,
    has_acked: bool,
    /// Runbooks that begin when it is acknowledged.
    waiting: Vec<u32>,
}

/// One incident.
#[derive(Debug, Clone)]
struct Incident {
    run: IncidentRun,
    /// What its alerts have to do with; none where one of them fits all.
    touches: Vec<ServiceId>,
    /// Alerts of it that fire, by their places.
    firing: Vec<usize>,
    /// When an alert last joined it or ceased to fire [ns of the engine].
    last_ns: u64,
    pages: Vec<Page>,
    /// Runbooks that it has begun.
    begun: Vec<u32>,
}

/// All incidents.
#[derive(Debug, Default)]
pub(super) struct Desk {
    all: Vec<Incident>,
    /// By person: when he was told lately [ns of the engine].
    told: Vec<VecDeque<u64>>,
    notified_ns: Vec<i64>,
    suppressed: u64,
    silenced: u64,
    /// Incidents that were not opened because there were too many.
    left_out: u64,
    journal: JournalWriter,
}

impl Desk {
    pub(super) fn new(model: &Model) -> Self {
        Self { told: vec![VecDeque::new(); model.people.len()], ..Self::default() }
    }

    pub(super) fn finish(self) -> IncidentsRun {
        let ended = |incident: Incident| incident.run;
        IncidentsRun {
            all: self.all.into_iter().map(ended).collect(),
            notified_ns: self.notified_ns,
            suppressed: self.suppressed,
            silenced: self.silenced,
            left_out: self.left_out,
            journal: self.journal.finish(),
        }
    }
}

/// The metrics that levels of incidents read; they read the first pipeline.
pub(super) fn read_by_levels(model: &Model) -> Vec<&Resolved> {
    model.incidents.as_ref().map_or_else(Vec::new, Incidents::metrics)
}

impl World<'_> {
    /// Looks at levels of severity again and again, where there are any.
    pub(super) fn plan_incidents(&mut self) {
        if !read_by_levels(self.model).is_empty() {
            self.schedule(self.model.telemetry[0].every_ns, Due::Levels);
        }
    }

    /// Why an alert is silent now: somebody has silenced it, or all that it reads is under maintenance. `None` where it is not.
    pub(super) fn why_silent(&self, alert: usize) -> Option<&'static str> {
        let incidents = self.model.incidents.as_ref()?;
        let (now_ns, reads) = (self.since_zero(self.now), &incidents.reads[alert]);
        let silences = incidents.silences.iter().filter(|silence| silence.alert == alert);
        if silences.into_iter().any(|silence| silence.from_ns <= now_ns && now_ns < silence.to_ns) {
            return Some("silenced");
        }
        let is_now = |window: &&crate::incident::Maintenance| window.from_ns <= now_ns && now_ns < window.to_ns;
        let under =
            |service: &ServiceId| incidents.maintenance.iter().filter(is_now).any(|w| w.services.contains(service));
        (!reads.is_empty() && reads.iter().all(under)).then_some("maintenance")
    }

    /// An alert begins to fire, so many times at once.
    pub(super) fn alert_is_raised(&mut self, alert: usize, times: usize) {
        let Some(incidents) = &self.model.incidents else { return };
        if let Some(why) = self.why_silent(alert) {
            self.control.desk.silenced += times as u64;
            let text = format!("{} is silent: {why}", self.model.alerts[alert].name);
            self.writes_down(JournalKind::Alert, text);
            return;
        }
        for _ in 0..times {
            match self.joined_by(incidents, alert) {
                Some(place) => self.join(place, alert),
                None => self.open(incidents, alert),
            }
        }
    }

    /// An alert ceases to fire.
    pub(super) fn alert_is_over(&mut self, alert: usize) {
        let (now, now_ns) = (self.now, self.since_zero(self.now));
        for incident in self.control.desk.all.iter_mut().filter(|incident| incident.firing.contains(&alert)) {
            incident.firing.retain(|one| *one != alert);
            incident.last_ns = now;
            if incident.firing.is_empty() {
                incident.run.closed_ns = Some(now_ns);
            }
        }
    }

    /// The open incident that an alert joins, the latest of those that fit.
    fn joined_by(&self, incidents: &Incidents, alert: usize) -> Option<usize> {
        let is_open =
            |incident: &Incident| !incident.firing.is_empty() || self.now - incident.last_ns <= incidents.within_ns;
        // An incident that has lasted takes what comes soon after its last alert, not what comes an hour later.
        let is_recent = |incident: &Incident| self.now - incident.last_ns <= incidents.within_ns;
        let fits = |incident: &Incident| match incidents.group {
            Group::None => false,
            Group::Alert => is_open(incident) && incident.run.alerts.contains(&alert),
            Group::Dependency | Group::Service => {
                let is_same = incident.run.alerts.contains(&alert) && is_open(incident);
                is_same || is_recent(incident) && Incidents::meet(&incident.touches, &incidents.touches[alert])
            }
        };
        (0..self.control.desk.all.len()).rev().find(|place| fits(&self.control.desk.all[*place]))
    }

    fn open(&mut self, incidents: &Incidents, alert: usize) {
        let now_ns = self.since_zero(self.now);
        let severity = self.model.alerts[alert].severity;
        if self.control.desk.all.len() >= MOST_INCIDENTS {
            self.control.desk.left_out += 1;
            return;
        }
        let run = IncidentRun {
            opened_ns: now_ns,
            closed_ns: None,
            severity: 0,
            alerts: vec![alert],
            raised: 1,
            paged_ns: None,
            acked_ns: None,
            escalations: 0,
        };
        let touches = incidents.touches[alert].clone();
        let (firing, last_ns) = (vec![alert], self.now);
        self.control.desk.all.push(Incident { run, touches, firing, last_ns, pages: Vec::new(), begun: Vec::new() });
        let place = self.control.desk.all.len() - 1;
        let name = &self.model.alerts[alert].name;
        self.writes_down(JournalKind::Incident, format!("incident {} opened by {name}", place + 1));
        self.raise(place, severity);
    }

    fn join(&mut self, place: usize, alert: usize) {
        let (now, model) = (self.now, self.model);
        let incident = &mut self.control.desk.all[place];
        incident.last_ns = now;
        incident.run.closed_ns = None;
        incident.run.raised += 1;
        if !incident.firing.contains(&alert) {
            incident.firing.push(alert);
        }
        let is_new = !incident.run.alerts.contains(&alert);
        if is_new {
            incident.run.alerts.push(alert);
            if let Some(incidents) = &model.incidents {
                let touches = &incidents.touches[alert];
                // An alert that fits all touches nothing, and leaves what the others have said.
                incident.touches.extend(touches);
                incident.touches.sort_unstable();
                incident.touches.dedup();
            }
            let name = &model.alerts[alert].name;
            self.writes_down(JournalKind::Alert, format!("{name} joins incident {}", place + 1));
        }
        self.raise(place, model.alerts[alert].severity);
        // What is unusual is told even where it belongs to what is known.
        let is_unusual = model.alerts[alert].when.metrics().iter().any(|metric| metric.scope.baseline.is_some());
        if is_new && is_unusual {
            let pages = self.control.desk.all[place].pages.iter();
            let people: Vec<usize> = pages.map(|page| page.person).collect();
            if let Some(person) = people.first() {
                self.tells_person(place, *person);
            }
        }
    }

    /// An incident is at least so severe: who gets that is called, and what is to be done then begins.
    fn raise(&mut self, place: usize, severity: u8) {
        let model = self.model;
        let run = &mut self.control.desk.all[place].run;
        if severity <= run.severity {
            return;
        }
        let before = std::mem::replace(&mut run.severity, severity);
        if before > 0 {
            self.writes_down(JournalKind::Incident, format!("incident {} has severity {severity}", place + 1));
        }
        let paged =
            |person: usize, world: &Self| world.control.desk.all[place].pages.iter().any(|p| p.person == person);
        let gets = model.people.iter().position(|person| person.gets.contains(&severity));
        if let Some(person) = gets.filter(|person| !paged(*person, self)) {
            self.pages(place, person);
        }
        for (number, runbook) in model.runbooks.iter().enumerate() {
            let begins = runbook.begins_at().is_some_and(|least| least <= severity);
            if begins && !self.control.desk.all[place].begun.contains(&(number as u32)) {
                self.control.desk.all[place].begun.push(number as u32);
                self.begins_by_incident(place, number as u32);
            }
        }
    }

    /// A runbook begins because of an incident: at once, or when who does it has acknowledged.
    fn begins_by_incident(&mut self, place: usize, runbook: u32) {
        let severity = self.control.desk.all[place].run.severity;
        if !self.opens_runbook(runbook, format!("incident {} of severity {severity}", place + 1)) {
            return;
        }
        let Some(person) = self.model.runbooks[runbook as usize].by else {
            self.reacts(runbook);
            return;
        };
        let page = |world: &Self| world.control.desk.all[place].pages.iter().position(|page| page.person == person);
        if page(self).is_none() {
            self.pages(place, person);
        }
        match page(self) {
            Some(at) if self.control.desk.all[place].pages[at].has_acked => self.reacts(runbook),
            Some(at) => self.control.desk.all[place].pages[at].waiting.push(runbook),
            None => {}
        }
    }

    /// A person is told, unless he has been told too often; whether he was.
    fn tells_person(&mut self, place: usize, person: usize) -> bool {
        let Some(incidents) = &self.model.incidents else { return false };
        let (now, now_ns) = (self.now, self.since_zero(self.now));
        let told = &mut self.control.desk.told[person];
        while told.front().is_some_and(|at| at + incidents.every_ns <= now) {
            told.pop_front();
        }
        if told.len() >= incidents.limit {
            self.control.desk.suppressed += 1;
            return false;
        }
        told.push_back(now);
        self.control.desk.notified_ns.push(now_ns);
        self.control.desk.all[place].run.paged_ns.get_or_insert(now_ns);
        true
    }

    /// A person is called because of an incident.
    fn pages(&mut self, place: usize, person: usize) {
        let who = &self.model.people[person];
        if !self.tells_person(place, person) {
            self.writes_down(
                JournalKind::Page,
                format!("{} is not told of incident {}: told too often", who.name, place + 1),
            );
            return;
        }
        self.writes_down(JournalKind::Page, format!("{} is told of incident {}", who.name, place + 1));
        let incident = &mut self.control.desk.all[place];
        incident.pages.push(Page { person, has_acked: false, waiting: Vec::new() });
        let (page, severity) = (incident.pages.len() as u32 - 1, incident.run.severity);
        let mut stream = Stream::new(self.seed, self.replication, &who.name, &format!("acknowledges {place}"));
        let took = who.reaction_ns(self.since_zero(self.now), self.model.run.start.ns(), &mut stream);
        self.schedule(self.now.saturating_add(took), Due::Acknowledges(place as u32, page));
        let Some(incidents) = &self.model.incidents else { return };
        let respond_ns = incidents.levels[usize::from(severity.max(1)) - 1].respond_ns;
        self.schedule(self.now.saturating_add(respond_ns), Due::Escalates(place as u32, page));
    }

    /// A person has reacted to a call. Who is busy acknowledges afterwards, unless what he does is of that incident. He does so though the incident
    /// may be over by then: its page is on his list, and how long it lay there is a time to acknowledge like any other.
    pub(super) fn acknowledges(&mut self, place: u32, page: u32) {
        let incident = &self.control.desk.all[place as usize];
        let person = incident.pages[page as usize].person;
        let is_of_it = self.control.people.does(person).is_some_and(|runbook| {
            let alert = self.model.runbooks[runbook as usize].alert();
            incident.begun.contains(&runbook) || alert.is_some_and(|alert| incident.run.alerts.contains(&alert))
        });
        if !is_of_it && self.has_to_wait(person, Task::Acknowledges(place, page)) {
            return;
        }
        let now_ns = self.since_zero(self.now);
        let incident = &mut self.control.desk.all[place as usize];
        incident.run.acked_ns.get_or_insert(now_ns);
        let page = &mut incident.pages[page as usize];
        page.has_acked = true;
        let waiting = std::mem::take(&mut page.waiting);
        let text = format!("{} acknowledges incident {}", self.model.people[person].name, place + 1);
        self.writes_down(JournalKind::Reaction, text);
        waiting.into_iter().for_each(|runbook| self.reacts(runbook));
    }

    /// The time in which somebody has to acknowledge is over: the next who gets this severity is called.
    pub(super) fn escalates(&mut self, place: u32, page: u32) {
        let (model, at) = (self.model, place as usize);
        let incident = &self.control.desk.all[at];
        let is_over = incident.firing.is_empty();
        // Only the last call goes on to the next person.
        if incident.run.acked_ns.is_some() || is_over || page as usize + 1 != incident.pages.len() {
            return;
        }
        let severity = incident.run.severity;
        let is_told = |person: usize| incident.pages.iter().any(|page| page.person == person);
        let next = (0..model.people.len()).find(|p| model.people[*p].gets.contains(&severity) && !is_told(*p));
        let Some(person) = next else {
            self.writes_down(
                JournalKind::Page,
                format!("nobody has answered incident {}, and nobody is left to call", at + 1),
            );
            return;
        };
        self.control.desk.all[at].run.escalations += 1;
        self.pages(at, person);
    }

    /// Levels are looked at: open incidents become as severe as what is seen.
    pub(super) fn looks_at_levels(&mut self, event: crate::world::events::EventId) {
        let model = self.model;
        self.deliver_scrapes(0);
        let Some(incidents) = &model.incidents else { return };
        let is_true = |world: &Self, level: &crate::incident::Level| {
            level.when.as_ref().and_then(|when| when.truth(&mut |metric| world.delivered(0, metric))) == Some(true)
        };
        let severity = (1..=5_u8).rev().find(|one| is_true(self, &incidents.levels[usize::from(*one) - 1]));
        if let Some(severity) = severity {
            let open = |place: &usize| !self.control.desk.all[*place].firing.is_empty();
            let all: Vec<usize> = (0..self.control.desk.all.len()).filter(open).collect();
            all.into_iter().for_each(|place| self.raise(place, severity));
        }
        self.again(self.now + model.telemetry[0].every_ns, event);
    }

    fn writes_down(&mut self, kind: JournalKind, text: String) {
        let entry = self.entry(kind, text);
        self.control.desk.journal.write(entry);
    }
}
