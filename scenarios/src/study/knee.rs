//! The load at which each promise breaks, and each invariant: that one run breaks.
//!
//! Loads are looked at from the file's own: up until every promise is broken or the heaviest is reached, down until every promise is held. Then,
//! promise by promise, what lies above the load up to which it holds is halved, and what lies beneath the load that breaks it. A load is looked at
//! once, for all promises, until the bounds that hold at any time have decided each of them or the budget is spent.

use super::Plan;
use super::anytime::AnyTime;
use super::capacity::{fewest, says_load, scale_loads};
use super::interval::MeanSums;
use super::judge::NEEDED;
use super::kind::{Stop, Study, Watch};
use super::one::{Beside, One};
use super::quantile::TimeSums;
use super::replicate::replicate;
use super::verdicts::Verdicts;
use super::wanted::Wanted;
use crate::Loaded;
use crate::written::studies::knee::KneeSettings;
use sim_core::engine::digest::Digest;
use sim_core::ids::{Caller, EdgeId, LoadId};
use sim_core::metrics::Histogram;
use sim_core::problem::Problem;
use sim_core::results::{EdgeCounts, Judge, Judgement, Knees, LoadPoint, PromiseKnee, Verdict};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// By how much the load grows or shrinks on the way to both ends.
const GROWTH: f64 = 1.4;
/// How close the load that holds and the one that breaks are brought together: a fiftieth.
const CLOSE: f64 = 1.02;
/// The heaviest load, in loads of the file, where nobody says it.
const UP_TO: f64 = 10.0;
/// The lightest load that is looked at, in loads of the file.
const DOWN_TO: f64 = 0.01;
/// Replications of each load at least, for the spread of what is shown.
const LEAST: u32 = 8;
/// Replications after which a promise without any data is given up.
const HOPELESS: u32 = 12;

/// A knee study of one scenario.
#[derive(Debug, Clone, Copy)]
pub struct KneeStudy<'a> {
    /// The scenario.
    pub loaded: &'a Loaded,
    /// Name of the study in the file; empty where the command line asked.
    pub study: &'a str,
    /// What is asked.
    pub ask: &'a KneeSettings,
    /// Confidence of the verdicts, from 0 to 1.
    pub confidence: f64,
    /// Replications of one load at most.
    pub budget: u32,
    /// How each load is run.
    pub plan: &'a Plan,
}

impl Study for KneeStudy<'_> {
    type Answer = Knees;

    /// Those of one load: how many are looked at is found out.
    fn replications(&self) -> u32 {
        self.budget
    }

    fn run(self, watch: &dyn Watch) -> Result<Knees, Stop> {
        let (wanted, judges) = self.promises()?;
        let only = match &self.ask.load {
            None => None,
            Some(name) => Some(self.loaded.names.loads.get(name.as_ref()).copied().ok_or_else(|| {
                Stop::Problem(Box::new(Problem::error("load", format!("no load class is called {}", name.as_ref()))))
            })?),
        };
        let mut looking = Looking {
            study: self,
            watch,
            only,
            wanted,
            bounds: AnyTime::new(self.confidence),
            points: Vec::new(),
            spent: 0,
            digest: Digest::default(),
        };
        looking.ends()?;
        (0..judges.len()).try_for_each(|promise| looking.halve(promise))?;
        let points = looking.points;
        let knees: Vec<PromiseKnee> = judges
            .into_iter()
            .enumerate()
            .map(|(place, judge)| {
                let (holds_to, breaks_at) = knee(&points, place);
                PromiseKnee { judge, holds_to, breaks_at }
            })
            .collect();
        let first = (0..knees.len()).filter(|at| knees[*at].breaks_at.is_some()).min_by_key(|at| knees[*at].breaks_at);
        Ok(Knees {
            scenario: self.loaded.written.scenario.clone().unwrap_or_default(),
            question: self.loaded.written.question.clone().unwrap_or_default(),
            study: self.study.to_owned(),
            seed: self.plan.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            confidence: self.confidence,
            needed: NEEDED,
            budget: self.budget,
            spent: looking.spent,
            load: self.ask.load.as_ref().map(|name| name.as_ref().to_owned()),
            promises: knees,
            points,
            first,
            digest: format!("{:016x}", looking.digest.value()),
        })
    }
}

impl KneeStudy<'_> {
    /// The promises and invariants that are looked at, with what is said of them.
    fn promises(&self) -> Result<(Vec<Wanted>, Vec<Judge>), Stop> {
        let is_wanted = |judge: &Judge| {
            let named = self.ask.until.iter().any(|name| name.as_ref() == judge.name);
            if self.ask.until.is_empty() { judge.counts } else { named }
        };
        let (wanted, judges): (Vec<Wanted>, Vec<Judge>) =
            Wanted::all(self.loaded).filter(|(_, judge)| is_wanted(judge)).unzip();
        if judges.is_empty() {
            let problem = Problem::error("until", "nothing is promised, so that no load is too much");
            return Err(Stop::Problem(Box::new(
                problem.hint("write a promise, such as works: {keep: {availability: 99.5%}, of: api.get}"),
            )));
        }
        Ok((wanted, judges))
    }
}

/// The points between which a promise breaks: the last of those that hold it from the lightest on, and the first that breaks it.
fn knee(points: &[LoadPoint], promise: usize) -> (Option<usize>, Option<usize>) {
    let verdict = |at: usize| points[at].promises[promise].verdict;
    let broken = (0..points.len()).find(|at| verdict(*at) == Verdict::Broken);
    // A load without data says neither that the promise holds nor that it does not.
    let holds = |at: &usize| verdict(*at) == Verdict::Held || points[*at].promises[promise].judged == 0;
    let leading = (0..points.len()).take_while(holds).filter(|at| verdict(*at) == Verdict::Held);
    (leading.last(), broken)
}

/// A study under way.
struct Looking<'a> {
    study: KneeStudy<'a>,
    watch: &'a dyn Watch,
    only: Option<LoadId>,
    wanted: Vec<Wanted>,
    bounds: AnyTime,
    points: Vec<LoadPoint>,
    spent: u32,
    digest: Digest,
}

impl Looking<'_> {
    /// Looks at loads until both ends are known.
    fn ends(&mut self) -> Result<(), Stop> {
        let up_to = self.study.ask.up_to.map_or(UP_TO, sim_core::units::Percent::fraction);
        let mut load = 1.0;
        let mut at = self.look(load)?;
        while load < up_to && !self.is_stopped(at) && self.has(at, |verdict| verdict != Verdict::Broken) {
            load = (load * GROWTH).min(up_to);
            at = self.look(load)?;
        }
        // A budget of fewer replications than it takes to hold a promise leaves every lighter load inconclusive too.
        let can_hold = self.study.budget >= fewest(self.study.confidence);
        let wrong = |verdict| if can_hold { verdict != Verdict::Held } else { verdict == Verdict::Broken };
        // Lighter loads stand in front of it.
        let mut lightest = 1.0;
        while lightest > DOWN_TO && self.has(0, wrong) {
            lightest /= GROWTH;
            self.look(lightest)?;
        }
        Ok(())
    }

    /// Whether a promise has such a verdict at a point. One without data will have none at a lighter load either.
    fn has(&self, at: usize, such: impl Fn(Verdict) -> bool) -> bool {
        self.points[at].promises.iter().any(|judged| judged.judged > 0 && such(judged.verdict))
    }

    /// Whether a bound stopped every replication of a point: at a heavier load it would stop them too.
    fn is_stopped(&self, at: usize) -> bool {
        self.points[at].stopped == self.points[at].replications
    }

    /// Looks at loads above the one up to which a promise holds, and beneath the one that breaks it.
    fn halve(&mut self, promise: usize) -> Result<(), Stop> {
        // Where loads between them are inconclusive these are two gaps.
        while let (Some(holds), Some(_)) = knee(&self.points, promise)
            && self.halved(holds)?
        {}
        while let (_, Some(breaks @ 1..)) = knee(&self.points, promise)
            && self.halved(breaks - 1)?
        {}
        Ok(())
    }

    /// Looks at the load between a point and the next, unless they are close together.
    fn halved(&mut self, at: usize) -> Result<bool, Stop> {
        let (low, high) = (self.points[at].load, self.points[at + 1].load);
        let far = high / low > CLOSE;
        if far {
            self.look((low * high).sqrt())?;
        }
        Ok(far)
    }

    /// Looks at a load; its place among the points.
    fn look(&mut self, load: f64) -> Result<usize, Stop> {
        let mut loaded = self.study.loaded.clone();
        scale_loads(&mut loaded.model, load, self.only)?;
        self.watch.now(format!("load {}", says_load(load)));
        let mut seen = Seen::new(&loaded, self.wanted.len());
        let (certain, plan) = (AtomicBool::new(false), self.study.plan);
        let (wanted, bounds, only) = (&self.wanted, &self.bounds, self.only);
        let one = |number: u32| One::run(&loaded, &[], &[], Beside::Asked, plan.seed, number);
        let merge = |_, one: One| {
            seen.merge(&loaded, &one, wanted, only);
            if seen.replications >= LEAST && seen.decided(wanted, bounds) {
                certain.store(true, Ordering::Relaxed);
            }
        };
        let progress = |done, of| {
            if certain.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { self.watch.at(done, of) }
        };
        let ended = replicate(self.study.budget.max(LEAST), plan.threads, one, merge, &progress);
        if !certain.into_inner() {
            ended?;
        }
        self.spent += seen.replications;
        self.digest.add(u64::from(self.spent), seen.digest.value());
        let point = seen.point(&loaded, load, (wanted, bounds), plan.seed);
        let place = self.points.partition_point(|other| other.load < load);
        self.points.insert(place, point);
        Ok(place)
    }
}

/// What was seen of a load.
struct Seen {
    replications: u32,
    stopped: u32,
    digest: Digest,
    verdicts: Verdicts,
    /// By promise and invariant: replications that keep it, and that could be judged.
    kept: Vec<(u32, u32)>,
    offered: MeanSums,
    goodput: MeanSums,
    latency: TimeSums,
}

impl Seen {
    fn new(loaded: &Loaded, promises: usize) -> Self {
        Self {
            replications: 0,
            stopped: 0,
            digest: Digest::default(),
            verdicts: Verdicts::new(loaded, 0),
            kept: vec![(0, 0); promises],
            offered: MeanSums::default(),
            goodput: MeanSums::default(),
            latency: TimeSums::default(),
        }
    }

    fn merge(&mut self, loaded: &Loaded, one: &One, wanted: &[Wanted], only: Option<LoadId>) {
        self.replications += 1;
        self.stopped += u32::from(one.run.stopped.is_some());
        self.digest.add(u64::from(one.run.replication), one.run.digest);
        self.verdicts.merge(one);
        for (sums, wanted) in self.kept.iter_mut().zip(wanted) {
            if let Some(kept) = wanted.kept(one) {
                sums.0 += u32::from(kept);
                sums.1 += 1;
            }
        }
        let (model, run) = (&loaded.model, &one.run);
        if run.measured_ns == 0 {
            // A bound stopped it before anything was measured: it has no rates.
            return;
        }
        // In a thinned run each request stands for several.
        let seconds = run.measured_ns as f64 / 1e9 / model.run.one_of as f64;
        let (mut sum, mut latency) = (EdgeCounts::default(), Histogram::new());
        for (index, edge) in model.edges.iter().enumerate() {
            if matches!(edge.caller, Caller::Load(load) if only.is_none_or(|only| only == load)) {
                sum.add(&run.edge(EdgeId::from(index), run.whole()));
                latency.merge(&run.histogram(run.whole(), |p| &p.latency[index]));
            }
        }
        let answered = sum.outcomes[0] + sum.outcomes[1];
        self.offered.add(sum.calls as f64 / seconds);
        self.goodput.add(answered.saturating_sub(sum.wrong) as f64 / seconds);
        self.latency.add(&latency);
    }

    fn verdict(&self, place: usize, wanted: &[Wanted], bounds: &AnyTime) -> Verdict {
        let (kept, judged) = self.kept[place];
        wanted[place].verdict(kept, judged, bounds)
    }

    /// Whether more replications would tell nothing new: each promise is decided, or has no data and will have none.
    fn decided(&self, wanted: &[Wanted], bounds: &AnyTime) -> bool {
        let hopeless = |place: usize| self.kept[place].1 == 0 && self.replications >= HOPELESS;
        let open = |place: usize| self.verdict(place, wanted, bounds) == Verdict::Inconclusive;
        (0..self.kept.len()).all(|place| !open(place) || hopeless(place))
    }

    fn point(&self, loaded: &Loaded, load: f64, (wanted, bounds): (&[Wanted], &AnyTime), seed: u64) -> LoadPoint {
        let all = Wanted::judgements(wanted, &self.verdicts, loaded, seed).into_iter().enumerate();
        let judgement =
            |(place, seen): (usize, Judgement)| Judgement { verdict: self.verdict(place, wanted, bounds), ..seen };
        LoadPoint {
            load,
            offered_per_s: self.offered.at_least_zero(),
            goodput_per_s: self.goodput.at_least_zero(),
            p99_s: self.latency.quantile(0.99),
            replications: self.replications,
            stopped: self.stopped,
            promises: all.map(judgement).collect(),
        }
    }
}
