//! A map of triggers against loads: where the system comes back by itself.
//!
//! Each cell is simulated beside the same system at the same load whose trigger does nothing, on the same random numbers. It has recovered at the
//! begin of the first window from which on its good answers are, in this and all later windows, the share of those without the trigger that
//! is asked for. A run that ends before is one that does not recover, so that nothing is taken for recovered which only was about to. A
//! replication is judged where it carries the load without the trigger, where the trigger struck and ended, and where no bound stopped it with
//! the trigger or without.

use super::interval::MeanSums;
use super::kind::{Stop, Study, Watch};
use super::replicate::replicate;
use super::sweep::Origin;
use super::{Plan, capacity};
use crate::written::studies::metastability::MetastabilitySettings;
use crate::{Loaded, Set};
use sim_core::engine::digest::Digest;
use sim_core::faults::{FaultEffect, Target};
use sim_core::ids::Caller;
use sim_core::model::Model;
use sim_core::problem::Problem;
use sim_core::results::{Estimate, MapCell, MapLoad, Metastability, Region, RunResult, Setting};

/// The share of the good answers without the trigger from which on a system has recovered, where the file says none.
const RECOVERED: f64 = 0.9;
/// Windows of a run in which good answers are counted: enough to tell when, and few enough that each has many.
const WINDOWS: u64 = 60;

/// A metastability study of one scenario.
#[derive(Clone, Copy)]
pub struct MetastabilityStudy<'a> {
    /// The scenario, from which each cell is read again.
    pub origin: Origin<'a>,
    /// The scenario itself.
    pub loaded: &'a Loaded,
    /// Name of the study in the file.
    pub study: &'a str,
    /// What is asked.
    pub ask: &'a MetastabilitySettings,
    /// How each cell is run.
    pub plan: &'a Plan,
}

/// What one replication did.
struct Course {
    trigger: Trigger,
    /// Good answers, window by window.
    good: Vec<f64>,
    /// Requests that began in the last quarter of the windows.
    begun_in_last: f64,
    stopped: bool,
    digest: u64,
}

/// How far the trigger of a replication came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trigger {
    NeverStruck,
    /// The run ended before it.
    Lasts,
    /// When it ended for the last time [ns].
    Ended(i64),
}

/// The runs without the trigger at one load.
struct Calm {
    courses: Vec<Course>,
    offered: MeanSums,
    goodput: MeanSums,
    /// By replication, whether it carries the load: only what does has something to come back to.
    healthy: Vec<bool>,
}

impl Calm {
    fn stopped(&self) -> u32 {
        self.courses.iter().map(|course| u32::from(course.stopped)).sum()
    }

    fn healthy(&self) -> u32 {
        self.healthy.iter().map(|healthy| u32::from(*healthy)).sum()
    }

    /// Whether most of the replications that a bound did not stop fail without the trigger.
    fn is_overloaded(&self) -> bool {
        let judged = u32::try_from(self.courses.len()).unwrap_or(u32::MAX) - self.stopped();
        self.healthy() * 2 < judged
    }
}

impl MetastabilityStudy<'_> {
    fn loads(&self) -> Vec<f64> {
        let mut loads: Vec<f64> = self.ask.at_load.iter().map(|load| load.fraction()).collect();
        loads.sort_by(f64::total_cmp);
        loads.dedup();
        loads
    }

    fn sizes(&self) -> Vec<Setting> {
        let all = self.ask.trigger.iter().next().map(|(_, over)| over.values()).unwrap_or_default();
        all.into_iter().map(|(text, number)| Setting { text, number }).collect()
    }
}

impl Study for MetastabilityStudy<'_> {
    type Answer = Metastability;

    fn replications(&self) -> u32 {
        let cells = self.loads().len() * (self.sizes().len() + 1);
        u32::try_from(cells).unwrap_or(u32::MAX).saturating_mul(self.plan.replications)
    }

    fn run(self, watch: &dyn Watch) -> Result<Metastability, Stop> {
        let (path, fault) = self.ask.fault().ok_or_else(no_fault)?;
        let (sizes, loads, of) = (self.sizes(), self.loads(), self.replications());
        let systems: Vec<Loaded> = sizes.iter().map(|size| self.system(path, size)).collect::<Result<_, Stop>>()?;
        let share = self.ask.recovered_when.map_or(RECOVERED, sim_core::units::Probability::value);
        let mut mapping = Mapping { plan: self.plan, watch, of, spent: 0, digest: Digest::default() };
        let mut columns = Vec::new();
        for load in loads {
            let calm = mapping.calm(&without(&at(self.loaded, load)?, fault)?, share)?;
            if calm.stopped() == self.plan.replications {
                return Err(all_stopped(&format!("{:.0}% of the load without the trigger", load * 100.0)));
            }
            let mut cells = Vec::new();
            for (system, size) in systems.iter().zip(&sizes) {
                watch.now(format!("{path} at load {}", capacity::says_load(load)));
                let what = (path, size, load);
                cells.push(mapping.cell(&at(system, load)?, fault, &calm, what, share)?);
            }
            columns.push(column(load, &calm, cells, &sizes));
        }
        let first = |region: Region| columns.iter().position(|column| column.region == region);
        Ok(Metastability {
            scenario: self.loaded.written.scenario.clone().unwrap_or_default(),
            question: self.loaded.written.question.clone().unwrap_or_default(),
            study: self.study.to_owned(),
            seed: self.plan.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            replications: self.plan.replications,
            simulated_s: self.loaded.model.run.duration.secs(),
            trigger: path.to_owned(),
            fault: fault.to_owned(),
            recovered_when: share,
            vulnerable_from: first(Region::Vulnerable),
            overloaded_from: first(Region::Overloaded),
            sizes,
            loads: columns,
            spent: mapping.spent,
            digest: format!("{:016x}", mapping.digest.value()),
        })
    }
}

impl MetastabilityStudy<'_> {
    /// The system with a trigger of this size.
    fn system(&self, path: &str, size: &Setting) -> Result<Loaded, Stop> {
        let mut sets = self.origin.sets.to_vec();
        sets.push(Set { path: path.to_owned(), value: size.text.clone() });
        crate::load(self.origin.files, self.origin.path, &sets, self.origin.variant)
            .map_err(|report| Stop::Report(Some(format!("{path}={}", size.text)), Box::new(report)))
    }
}

fn no_fault() -> Stop {
    Stop::Problem(Box::new(Problem::error("trigger", "no fault is the trigger")))
}

/// The trigger of a cell says nothing, because no replication that is judged shows its end.
fn not_ended(path: &str, size: &Setting, triggers: &[Trigger]) -> Stop {
    let (does, hint) = if triggers.iter().all(|trigger| *trigger == Trigger::NeverStruck) {
        ("strikes in no replication", "run more replications or a longer run.duration, or give the fault an `at`")
    } else if triggers.iter().any(|trigger| matches!(trigger, Trigger::Ended(_))) {
        ("ends in no replication that carries the load without it", "run more replications, or ask for lighter loads")
    } else {
        ("has not ended when the run ends", "write a longer run.duration, or give the fault a shorter `for`")
    };
    Stop::Problem(Box::new(Problem::error("", format!("{path}={} {does}", size.text)).hint(hint)))
}

fn all_stopped(of: &str) -> Stop {
    let what = format!("a bound stops every replication of {of}, so that nothing can be judged there");
    Stop::Problem(Box::new(Problem::error("run.bounds", what).hint("allow more, such as run.bounds.backlog: 5M")))
}

/// The model at so many times its load.
fn at(loaded: &Loaded, load: f64) -> Result<Model, Stop> {
    let mut model = loaded.model.clone();
    capacity::scale_loads(&mut model, load, None)?;
    Ok(model)
}

/// The same with a trigger that does nothing, so that both are cut at the same times.
fn without(model: &Model, fault: &str) -> Result<Model, Stop> {
    let mut calm = model.clone();
    let trigger = calm.faults.iter_mut().find(|f| f.name == fault).ok_or_else(no_fault)?;
    trigger.effect = FaultEffect::Nothing;
    trigger.target = Target::Edge { from: None, to: None, both_ways: false };
    Ok(calm)
}

/// What the cells have in common.
struct Mapping<'a> {
    plan: &'a Plan,
    watch: &'a dyn Watch,
    of: u32,
    spent: u32,
    digest: Digest,
}

impl Mapping<'_> {
    fn courses(&mut self, model: &Model, fault: Option<&str>) -> Result<Vec<Course>, Stop> {
        let place = fault.and_then(|name| model.faults.iter().position(|fault| fault.name == name));
        let mut courses = Vec::new();
        let run = |number: u32| course(&sim_core::world::simulate(model, self.plan.seed, number), model, place);
        let (spent, of) = (self.spent, self.of);
        let progress = |done: u32, _| self.watch.at(spent + done, of);
        replicate(self.plan.replications, self.plan.threads, run, |_, one| courses.push(one), &progress)?;
        self.spent += self.plan.replications;
        courses.iter().for_each(|course| self.digest.add(u64::from(self.spent), course.digest));
        Ok(courses)
    }

    fn calm(&mut self, model: &Model, share: f64) -> Result<Calm, Stop> {
        let courses = self.courses(model, None)?;
        let window_s = window_ns(model) as f64 / 1e9;
        let (mut offered, mut goodput, mut healthy) = (MeanSums::default(), MeanSums::default(), Vec::new());
        for course in &courses {
            let last = course.good.len() * 3 / 4;
            let good: f64 = course.good[last..].iter().sum();
            healthy.push(!course.stopped && good >= share * course.begun_in_last);
            if !course.stopped {
                // The last window is cut by the end of the run. In a thinned run each request stands for several.
                let seconds = (model.run.duration.secs() - last as f64 * window_s) / model.run.one_of as f64;
                offered.add(course.begun_in_last / seconds);
                goodput.add(good / seconds);
            }
        }
        Ok(Calm { courses, offered, goodput, healthy })
    }

    fn cell(
        &mut self,
        model: &Model,
        fault: &str,
        calm: &Calm,
        (path, size, load): (&str, &Setting, f64),
        share: f64,
    ) -> Result<MapCell, Stop> {
        let courses = self.courses(model, Some(fault))?;
        let window_ns = window_ns(model);
        let stopped = courses.iter().map(|course| u32::from(course.stopped)).sum();
        let (mut recovery, mut struck, mut recovered) = (MeanSums::default(), 0, 0);
        let judged = courses.iter().zip(&calm.courses).zip(&calm.healthy);
        for ((course, calm), _) in judged.filter(|((course, _), healthy)| **healthy && !course.stopped) {
            let Trigger::Ended(ended_ns) = course.trigger else { continue };
            struck += 1;
            let bad = |window: &usize| course.good[*window] < share * calm.good[*window];
            let from = (0..course.good.len()).rev().find(bad).map_or(0, |last| last + 1);
            if from < course.good.len() {
                recovered += 1;
                let from_ns = (from as u64 * window_ns) as i64;
                recovery.add((from_ns - ended_ns).max(0) as f64 / 1e9);
            }
        }
        // Of an overloaded load no cell is judged, so that there is nothing to miss.
        if struck == 0 && !calm.is_overloaded() {
            let ran = courses.iter().filter(|course| !course.stopped);
            let triggers: Vec<Trigger> = ran.map(|course| course.trigger).collect();
            if triggers.is_empty() {
                return Err(all_stopped(&format!("{path}={} at {:.0}% of the load", size.text, load * 100.0)));
            }
            return Err(not_ended(path, size, &triggers));
        }
        // The region is known when all cells of the load are.
        Ok(MapCell {
            region: Region::Stable,
            recovered,
            struck,
            stopped,
            recovery_s: recovery.estimate().map(|e| Estimate { low: e.low.max(0.0), ..e }),
        })
    }
}

fn window_ns(model: &Model) -> u64 {
    let window = model.run.window.ns().max(1);
    (model.run.duration.ns() / WINDOWS).max(1).div_ceil(window) * window
}

/// What a run did, with the place of the trigger among the faults.
fn course(run: &RunResult, model: &Model, trigger: Option<usize>) -> Course {
    let window_ns = window_ns(model);
    let windows = usize::try_from(model.run.duration.ns().div_ceil(window_ns)).unwrap_or(1).max(1);
    let (mut good, mut begun) = (vec![0.0; windows], vec![0.0; windows]);
    for slice in &run.slices {
        let window = usize::try_from(slice.from_ns / window_ns).unwrap_or(0).min(windows - 1);
        for (counts, edge) in slice.edges.iter().zip(&model.edges) {
            if matches!(edge.caller, Caller::Load(_)) {
                good[window] += counts.call_outcomes[..2].iter().sum::<u64>().saturating_sub(counts.wrong) as f64;
                begun[window] += counts.calls as f64;
            }
        }
    }
    let end = run.whole().to_ns;
    let spans = trigger.and_then(|place| run.faults.get(place));
    let trigger = match spans.and_then(|spans| spans.last()).map(|span| span.to_ns) {
        None => Trigger::NeverStruck,
        Some(to_ns) if to_ns < end => Trigger::Ended(to_ns),
        Some(_) => Trigger::Lasts,
    };
    Course {
        trigger,
        begun_in_last: begun[windows * 3 / 4..].iter().sum(),
        good,
        stopped: run.stopped.is_some(),
        digest: run.digest,
    }
}

/// A load with what its cells say together.
fn column(load: f64, calm: &Calm, mut cells: Vec<MapCell>, sizes: &[Setting]) -> MapLoad {
    let overloaded = calm.is_overloaded();
    let all = |cell: &MapCell| cell.struck > 0 && cell.recovered == cell.struck;
    let region = match () {
        () if overloaded => Region::Overloaded,
        () if cells.iter().all(all) => Region::Stable,
        () => Region::Vulnerable,
    };
    let mut never: Vec<usize> =
        (0..cells.len()).filter(|at| cells[*at].struck > 0 && cells[*at].recovered == 0).collect();
    let number = |at: &usize| sizes[*at].number.unwrap_or(*at as f64);
    never.sort_by(|a, b| number(a).total_cmp(&number(b)));
    for cell in &mut cells {
        // Without the trigger there is nothing to come back to: all that is as good as nothing would count as recovered.
        if overloaded {
            (cell.recovered, cell.struck, cell.recovery_s) = (0, 0, None);
        }
        cell.region = if region == Region::Vulnerable && !all(cell) { Region::Stuck } else { region };
    }
    MapLoad {
        load,
        offered_per_s: calm.offered.at_least_zero(),
        goodput_per_s: calm.goodput.at_least_zero(),
        region,
        healthy: calm.healthy(),
        stopped: calm.stopped(),
        cells,
        never_recovers_from: never.first().copied().filter(|_| !overloaded),
    }
}
