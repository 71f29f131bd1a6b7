//! Sweeps: one system at many settings, all on the same random numbers.
//!
//! A [`Sweep`] knows its points before anything is run (`design` places them), and runs any part of them: all points and replications
//! go through one line of work, so that no core waits for the end of a point, and each [`Point`] is handed out when its last
//! replication is merged, in the order of the points. A point stands for itself: a caller that keeps the points that are done can stop
//! at any time, run the rest later, or on other machines. [`answer`] makes the result of the head and the points, and nothing else,
//! so that points that were kept, merged or just run give the same bytes. `rank` says which knob matters.

mod axis;
mod design;
mod kept;
mod rank;
mod ranking;

use super::experiment::Tried;
use super::interval::{Critical, wilson};
use super::judge::{self, NEEDED};
use super::one::{Beside, One};
use super::replicate::{Interrupted, replicate};
use super::verdicts::Verdicts;
use super::{Plan, Stop, Study, Watch, interval};
use crate::overlay::value_at;
use crate::written::studies::StudySettings;
use crate::written::studies::sweep::SweepSettings;
use crate::{Files, Loaded, Report, Set};
use axis::{Axis, design_of, settings};
use ranking::rankings;
use serde::{Deserialize, Serialize};
use sim_core::engine::digest::Digest;
use sim_core::engine::rng::hash_name;
use sim_core::expression::{Clause, Value};
use sim_core::ids::Caller;
use sim_core::problem::{Problem, Problems};
use sim_core::results::{
    About, Design, Judge, Judgement, Knob, Point, PointRow, Setting, Shown, SweepResult, Unit, Verdict,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

/// Knobs of a sweep at most.
const MOST_KNOBS: usize = 64;

/// Where a scenario comes from, before the settings of a point lie over it.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// Where files are read.
    pub files: &'a dyn Files,
    /// The scenario file.
    pub path: &'a str,
    /// Values set for all points.
    pub sets: &'a [Set],
    /// The variant that is meant.
    pub variant: Option<&'a str>,
}

/// All about a sweep but its points: what a part of it says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Hash of all that decides the results, 16 hexadecimal digits: parts of one sweep have the same.
    pub fingerprint: String,
    /// Version of windtunnel.
    pub version: String,
    /// Title of the scenario.
    pub scenario: String,
    /// The question that it asks.
    pub question: String,
    /// Name of the study in the file; empty where the command line asked.
    pub study: String,
    /// Seed of all points.
    pub seed: u64,
    /// Replications of each point.
    pub replications: u32,
    /// How the points are chosen.
    pub design: Design,
    /// How many there are.
    pub points: u32,
    /// What is varied.
    pub knobs: Vec<Knob>,
    /// What is shown of each point.
    pub shown: Vec<Shown>,
    /// What is judged at each point.
    pub judged: Vec<Judge>,
    /// For which metric the knobs are ranked, as text; all that is shown where the design ranks by itself.
    pub rank_of: Option<String>,
}

/// One system at many settings.
pub struct Sweep<'a> {
    /// All about it but its points.
    pub head: Head,
    from: Origin<'a>,
    asked: Vec<Value>,
    /// How many of the unit shown are one base unit, and whether it is a part of a whole, by value asked.
    scales: Vec<(f64, bool)>,
    axes: Vec<Axis>,
    settings: Vec<Vec<Setting>>,
}

/// A system that is run, with the variants that its clauses speak of.
type System = (Loaded, Vec<(String, Loaded)>);

impl<'a> Sweep<'a> {
    /// A sweep of a scenario: `loaded` is the scenario itself, `name` that of the study in the file. `plan` says the seed and the
    /// replications of a point.
    ///
    /// # Errors
    /// What keeps it from running: too many points or knobs, too few for the design, an unknown path.
    pub fn new(
        from: Origin<'a>,
        loaded: &Loaded,
        name: &str,
        ask: &SweepSettings,
        plan: &Plan,
    ) -> Result<Self, Problem> {
        let design = design_of(ask);
        let grid = design == Design::Grid;
        if ask.over.len() > MOST_KNOBS {
            return Err(Problem::error("over", format!("a sweep has at most {MOST_KNOBS} knobs")));
        }
        let axes: Vec<Axis> = ask.over.iter().map(|(path, over)| Axis::new(path, over, grid)).collect();
        let settings = settings(ask, design, &axes, plan.seed)?;
        let points = u32::try_from(settings.len()).unwrap_or(u32::MAX);
        if u64::from(points) * u64::from(plan.replications) > u64::from(u32::MAX) {
            return Err(Problem::error("over", "more than four billion replications are too many"));
        }
        let mut asked = if ask.show.is_empty() { shown_by_default(loaded) } else { ask.show.clone() };
        let rank_of = ask.rank.as_ref().map(|rank| rank.of().clone());
        if let Some(of) = rank_of.iter().find(|of| !asked.contains(of)) {
            asked.push(of.clone());
        }
        known(loaded, &asked)?;
        let knobs = ask.over.iter().zip(&axes).map(|((path, over), axis)| {
            axis.knob(over, value_at(from.files, from.path, from.sets, from.variant, path))
        });
        let mut head = Head {
            fingerprint: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: loaded.written.scenario.clone().unwrap_or_default(),
            question: loaded.written.question.clone().unwrap_or_default(),
            study: name.to_owned(),
            seed: plan.seed,
            replications: plan.replications,
            design,
            points,
            knobs: knobs.collect(),
            shown: asked.iter().map(|value| shown(value, loaded)).collect(),
            judged: judged(loaded),
            rank_of: rank_of.map(|of| of.to_string()),
        };
        head.fingerprint = fingerprint(loaded, &head, &settings);
        let scale = |value: &Value| (judge::unit_of(Some(value.measure())).1, judge::is_part(value.tree()));
        let scales = asked.iter().map(scale).collect();
        Ok(Self { head, from, asked, scales, axes, settings })
    }

    /// How many points there are.
    pub fn len(&self) -> u32 {
        self.head.points
    }

    /// Whether there are none; a sweep always has some.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// The settings of a point, as `path=value, ..`.
    pub fn says(&self, point: u32) -> String {
        let settings = self.axes.iter().zip(&self.settings[point as usize]);
        settings.map(|(axis, setting)| format!("{}={}", axis.path, setting.text)).collect::<Vec<_>>().join(", ")
    }

    /// Loads the scenario at a point.
    ///
    /// # Errors
    /// A report of all that is wrong with it there.
    pub fn system(&self, point: u32) -> Result<System, Report> {
        let mut sets = self.from.sets.to_vec();
        for (axis, setting) in self.axes.iter().zip(&self.settings[point as usize]) {
            sets.push(Set { path: axis.path.clone(), value: setting.text.clone() });
        }
        let needed: Vec<String> =
            self.asked.iter().flat_map(|value| value.variants().into_iter().map(str::to_owned)).collect();
        let (mut loaded, mut variants) =
            super::load_with(self.from.files, self.from.path, &sets, self.from.variant, needed)?;
        std::iter::once(&mut loaded)
            .chain(variants.iter_mut().map(|(_, variant)| variant))
            .for_each(|loaded| loaded.counts_for(&self.asked));
        Ok((loaded, variants))
    }

    /// Looks at some points before anything is run; of many, only at the corners and some between.
    ///
    /// # Errors
    /// The settings of the first point at which the scenario cannot be run, and a report of all that is wrong with it there.
    pub fn check(&self) -> Result<(), (String, Report)> {
        let step = (self.settings.len() / 500).max(1);
        for point in (0..self.len()).filter(|p| (*p as usize).is_multiple_of(step) || *p + 1 == self.len()) {
            self.system(point).map_err(|report| (self.says(point), report))?;
        }
        Ok(())
    }
}

/// Points of a sweep that are run. A point stands for itself, so each is handed out when it is done, and the answer is made of them by
/// [`answer`], be they from here, from a part that ran elsewhere, or from the disk.
pub struct SweepStudy<'s, 'a, F> {
    /// The sweep.
    pub sweep: &'s Sweep<'a>,
    /// The numbers of the points, which have to rise.
    pub points: &'s [u32],
    /// On how many threads.
    pub threads: usize,
    /// Takes each point, and may stop the rest.
    pub keep: F,
}

impl<F: FnMut(Point) -> ControlFlow<()> + Send> Study for SweepStudy<'_, '_, F> {
    type Answer = ();

    fn replications(&self) -> u32 {
        self.points.len() as u32 * self.sweep.head.replications
    }

    fn run(self, watch: &dyn Watch) -> Result<(), Stop> {
        let Self { sweep, points, threads, mut keep } = self;
        let each = sweep.head.replications;
        let systems = Systems { sweep, ready: Mutex::new(BTreeMap::new()) };
        let stopped = Mutex::new(None);
        let mut sums: Option<PointSums> = None;
        let run = |number: u32| {
            let point = points[(number / each) as usize];
            let system = systems.get(point)?;
            Ok((One::run(&system.0, &system.1, &sweep.asked, Beside::Asked, sweep.head.seed, number % each), system))
        };
        let merge = |number: u32, result: Result<(One, Arc<System>), Box<Report>>| {
            let point = points[(number / each) as usize];
            let (one, system) = match result {
                Ok(result) => result,
                Err(report) => {
                    stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(Stop::Report(None, report));
                    return;
                }
            };
            let sums = sums.get_or_insert_with(|| PointSums::new(&system.0, sweep.asked.len()));
            sums.merge(&system.0, &one, &sweep.scales);
            if number % each == each - 1 {
                let sums = std::mem::replace(sums, PointSums::new(&system.0, sweep.asked.len()));
                let settings = sweep.settings[point as usize].clone();
                let finished = sums.point(&system.0, &sweep.head, point, settings, &sweep.scales);
                systems.drop(point);
                if keep(finished).is_break() {
                    stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(Stop::Interrupted);
                }
            }
        };
        let progress = |finished: u32, of: u32| {
            if stopped.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                return ControlFlow::Break(());
            }
            watch.at(finished, of)
        };
        let total = points.len() as u32 * each;
        let outcome = replicate(total, threads, run, merge, &progress);
        match (stopped.into_inner().unwrap_or_else(PoisonError::into_inner), outcome) {
            (Some(stop), _) => Err(stop),
            (None, Err(Interrupted)) => Err(Stop::Interrupted),
            (None, Ok(())) => Ok(()),
        }
    }
}

/// The systems of points that are under way.
struct Systems<'s, 'a> {
    sweep: &'s Sweep<'a>,
    ready: Mutex<BTreeMap<u32, Arc<System>>>,
}

impl Systems<'_, '_> {
    fn get(&self, point: u32) -> Result<Arc<System>, Box<Report>> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(system) = ready.get(&point) {
            return Ok(system.clone());
        }
        let system = Arc::new(self.sweep.system(point).map_err(Box::new)?);
        ready.insert(point, system.clone());
        Ok(system)
    }

    fn drop(&self, point: u32) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).remove(&point);
    }
}

/// What is kept of the replications of one point.
struct PointSums {
    verdicts: Verdicts,
    cost: interval::MeanSums,
    digest: Digest,
    stopped: u32,
    rows: Vec<PointRow>,
}

impl PointSums {
    fn new(loaded: &Loaded, asked: usize) -> Self {
        Self {
            verdicts: Verdicts::new(loaded, asked),
            cost: interval::MeanSums::default(),
            digest: Digest::default(),
            stopped: 0,
            rows: Vec::new(),
        }
    }

    fn merge(&mut self, loaded: &Loaded, one: &One, scales: &[(f64, bool)]) {
        debug_assert_eq!(loaded.model.promises.len(), one.promises.len(), "the same system");
        // Zero is added, for a sum of nothing is minus zero.
        let month = one.bill.per_month(sim_core::economics::Group::Infrastructure) + 0.0;
        self.verdicts.merge(one);
        self.cost.add(month);
        self.digest.add(u64::from(one.run.replication), one.run.digest);
        self.stopped += u32::from(one.run.stopped.is_some());
        let promises = one.promises.iter().map(|judged| judged.map(|j| j.kept));
        let hypotheses = one.tried.iter().map(Tried::held);
        self.rows.push(PointRow {
            shown: one.asked.iter().zip(scales).map(|((value, _), (scale, _))| value.map(|v| v * scale)).collect(),
            kept: promises.chain(hypotheses).chain(one.clauses.iter().map(|(_, kept)| *kept)).collect(),
            cost_per_month: month,
        });
    }

    fn point(self, loaded: &Loaded, head: &Head, number: u32, settings: Vec<Setting>, scales: &[(f64, bool)]) -> Point {
        let promises = self.verdicts.of_promises(loaded, Critical::Fixed);
        let hypotheses = self.verdicts.of_hypotheses(loaded, Critical::Fixed);
        let clauses = self.verdicts.of_clauses(loaded, Critical::Fixed, head.seed);
        let judged = promises.iter().chain(&hypotheses).chain(&clauses).map(Judgement::from).collect::<Vec<_>>();
        // One run that breaks an invariant decides, whatever share of them keeps all.
        let broken = clauses[loaded.written.expect.len()..].iter().any(|judged| judged.verdict == Verdict::Broken);
        let (kept, of) = kept_all(head, &self.rows);
        let by_promises = head.judged.iter().any(|j| j.counts && j.promise);
        let worst = || judged.iter().zip(&head.judged).filter(|(_, j)| j.counts).map(|(j, _)| j.verdict).max();
        let by_share = || Some(judge::by_share(kept, of, NEEDED, Critical::Fixed).0);
        Point {
            number,
            settings,
            shown: self
                .verdicts
                .asked
                .iter()
                .zip(scales)
                .map(|(s, (f, part))| Some(judge::within(s.estimate()?, *part).scale(*f)))
                .collect(),
            verdict: match (broken, by_promises) {
                (true, _) => Some(Verdict::Broken),
                (false, true) => by_share(),
                (false, false) => worst(),
            },
            judged,
            kept_all: wilson(kept, of),
            cost_per_month: self.cost.at_least_zero(),
            stopped: self.stopped,
            digest: format!("{:016x}", self.digest.value()),
            rows: self.rows,
        }
    }
}

/// In how many replications all that counts is kept, and in how many it could be judged.
fn kept_all(head: &Head, rows: &[PointRow]) -> (u32, u32) {
    let counts: Vec<usize> = (0..head.judged.len()).filter(|place| head.judged[*place].counts).collect();
    let mut sum = (0, 0);
    for row in rows.iter().filter(|_| !counts.is_empty()) {
        let mut all = counts.iter().map(|place| row.kept[*place]);
        // One that is broken decides, whatever the others are.
        let broken = all.clone().any(|kept| kept == Some(false));
        let known = all.all(|kept| kept.is_some());
        sum.0 += u32::from(known && !broken);
        sum.1 += u32::from(known || broken);
    }
    sum
}

/// What is judged at each point.
pub fn judged(loaded: &Loaded) -> Vec<Judge> {
    let clauses = &loaded.written.expect;
    let denied = |name: &str| clauses.iter().any(|clause| clause.denies(name));
    let promises = &loaded.model.promises;
    let experiments = &loaded.model.experiments;
    let any = promises.iter().any(|promise| !denied(&promise.name)) || !experiments.is_empty();
    let promises = promises.iter().map(|promise| Judge {
        name: promise.name.clone(),
        says: promise.says.clone(),
        about: promise.about.clone(),
        unit: promise.unit(),
        at_most: promise.at_most(),
        promise: true,
        invariant: false,
        counts: !denied(&promise.name),
    });
    // Who varies an experiment asks where its hypothesis holds, whatever the file expects of it as it stands.
    let hypotheses = experiments.iter().map(|experiment| Judge {
        name: experiment.name.clone(),
        says: format!("the hypothesis of {} holds", experiment.name).into(),
        about: About::Hypothesis { of: experiment.name.clone() },
        unit: Unit::Share,
        at_most: false,
        promise: true,
        invariant: false,
        counts: true,
    });
    let of_clause = |clause: &Clause| Judge {
        name: clause.to_string(),
        says: clause.to_string().into(),
        about: About::of(&clause.tree, &loaded.names),
        unit: judge::unit(clause).0,
        at_most: judge::at_most(clause),
        promise: false,
        invariant: false,
        counts: !any,
    };
    let invariants = loaded.written.invariants.iter().map(|(name, clause)| Judge {
        name: name.to_owned(),
        says: format!("{name}: {clause}").into(),
        invariant: true,
        counts: true,
        ..of_clause(clause)
    });
    promises.chain(hypotheses).chain(clauses.iter().map(of_clause)).chain(invariants).collect()
}

/// A value that is shown of each point.
fn shown(value: &Value, loaded: &Loaded) -> Shown {
    Shown {
        name: value.to_string(),
        unit: judge::unit_of(Some(value.measure())).0,
        about: About::of(value.tree(), &loaded.names),
        less_is_better: super::compare::less_is_better(value),
    }
}

/// Whether all names in these metrics are known.
fn known(loaded: &Loaded, asked: &[Value]) -> Result<(), Problem> {
    let variants: Vec<&str> = loaded.written.variants.names().collect();
    let mut problems = Problems::new();
    for value in asked {
        problems.at(value, |p| value.tree().check(&loaded.names, |_| None, &variants, p));
    }
    problems.into_vec().into_iter().next().map_or(Ok(()), Err)
}

/// Availability and p99 of what the loads call, and the cost where there is one.
fn shown_by_default(loaded: &Loaded) -> Vec<Value> {
    let model = &loaded.model;
    let mut names: Vec<&str> = Vec::new();
    for edge in model.edges.iter().filter(|edge| matches!(edge.caller, Caller::Load(_))) {
        let name = model.endpoints[edge.callee.index()].name.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut texts: Vec<String> =
        names.iter().take(4).flat_map(|name| [format!("availability({name})"), format!("p99({name})")]).collect();
    if !model.costs.is_empty() {
        texts.push("cost".into());
    }
    texts.iter().filter_map(|text| Value::parse(text).ok()).collect()
}

/// Hash of all that decides the results of a sweep.
fn fingerprint(loaded: &Loaded, head: &Head, settings: &[Vec<Setting>]) -> String {
    let written = serde_json::to_string(&loaded.written).unwrap_or_default();
    // The model holds what was read from other files, too.
    let all = format!("{}\n{written}\n{:?}\n{head:?}\n{settings:?}", env!("CARGO_PKG_VERSION"), loaded.model);
    format!("{:016x}", hash_name(&all))
}

/// The result of a sweep from its head and all of its points, in their order.
pub fn answer(head: &Head, points: Vec<Point>) -> SweepResult {
    let mut digest = Digest::default();
    for point in &points {
        digest.add(u64::from(point.number), u64::from_str_radix(&point.digest, 16).unwrap_or(0));
    }
    SweepResult {
        scenario: head.scenario.clone(),
        question: head.question.clone(),
        study: head.study.clone(),
        seed: head.seed,
        replications: head.replications,
        version: head.version.clone(),
        digest: format!("{:016x}", digest.value()),
        design: head.design,
        knobs: head.knobs.clone(),
        shown: head.shown.clone(),
        judged: head.judged.clone(),
        rankings: rankings(head, &points),
        points,
    }
}

impl StudySettings {
    /// Replications of a point: the study's budget, or as many as a run of the scenario has.
    pub fn of_each(&self, plan: &Plan) -> u32 {
        self.budget.map_or(plan.replications, |budget| budget.replications.get_u32())
    }
}
