//! One setting in one case: replications are run until it is certain whether every promise and invariant is kept, or the budget is spent.
//!
//! It is looked at after each replication, by bounds that hold at any time (`anytime`), so what is clear takes a few replications and
//! what is close takes many. All settings and cases see the same random numbers.

use crate::Loaded;
use crate::study::anytime::AnyTime;
use crate::study::interval::{MeanSums, RatioSums, wilson};
use crate::study::one::{Beside, One};
use crate::study::quantile::TimeSums;
use crate::study::replicate::{Interrupted, replicate};
use crate::study::verdicts::Verdicts;
use crate::study::wanted::{Wanted, by_share};
use sim_core::economics::Group;
use sim_core::engine::digest::Digest;
use sim_core::ids::{Caller, EdgeId};
use sim_core::metrics::Histogram;
use sim_core::results::{Case, EdgeCounts, Judgement, KneePoint, Unit, Verdict};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Replications after which a system that gave no data at all is given up.
const HOPELESS: u32 = 12;

/// How races are run.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Seed of all of them.
    pub seed: u64,
    /// Bounds of the verdicts.
    pub bounds: AnyTime,
    /// Replications at most.
    pub budget: u32,
    /// On how many threads; changes no result.
    pub threads: usize,
    /// The promises and invariants that have to be kept.
    pub wanted: Vec<Wanted>,
}

/// What came of a race.
pub struct Raced {
    /// Replications that keep every promise and invariant.
    pub kept: u32,
    /// Replications that could be judged.
    pub judged: u32,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Replications that were run.
    pub replications: u32,
    /// Infrastructure a month.
    pub cost: MeanSums,
    /// Share of requests of all load classes that are answered.
    pub availability: RatioSums,
    /// Hash of the digests of the replications.
    pub digest: Digest,
    /// By replication: requests under way that will be answered, and good answers a second.
    pub throughput: Vec<(f64, f64)>,
    /// Whether a replication has broken an invariant.
    is_broken: bool,
    offered: MeanSums,
    latency: TimeSums,
    verdicts: Verdicts,
}

impl Raced {
    fn new(loaded: &Loaded) -> Self {
        Self {
            kept: 0,
            judged: 0,
            verdict: Verdict::Inconclusive,
            replications: 0,
            cost: MeanSums::default(),
            availability: RatioSums::default(),
            digest: Digest::default(),
            throughput: Vec::new(),
            is_broken: false,
            offered: MeanSums::default(),
            latency: TimeSums::default(),
            verdicts: Verdicts::new(loaded, 0),
        }
    }

    fn merge(&mut self, loaded: &Loaded, one: &One, rules: &Rules) {
        self.replications += 1;
        self.digest.add(u64::from(one.run.replication), one.run.digest);
        self.verdicts.merge(one);
        self.cost.add(one.bill.per_month(Group::Infrastructure));
        let kept = || rules.wanted.iter().map(|wanted| wanted.kept(one));
        let broken = kept().any(|kept| kept == Some(false));
        let known = kept().all(|kept| kept.is_some());
        self.judged += u32::from(known || broken);
        self.kept += u32::from(known && !broken);
        self.merge_load(loaded, one);
        self.is_broken |= rules.wanted.iter().any(|wanted| wanted.kept(one) == Some(false) && wanted.is_broken(0, 1));
        self.verdict = if self.is_broken { Verdict::Broken } else { by_share(self.kept, self.judged, &rules.bounds) };
    }

    /// What the load classes asked and were answered.
    fn merge_load(&mut self, loaded: &Loaded, one: &One) {
        let (model, run) = (&loaded.model, &one.run);
        let seconds = (run.measured_ns as f64 / 1e9).max(1e-9);
        let (mut sum, mut latency) = (EdgeCounts::default(), Histogram::new());
        for (index, _) in model.edges.iter().enumerate().filter(|(_, e)| matches!(e.caller, Caller::Load(_))) {
            sum.add(&run.edge(EdgeId(index as u32), run.whole()));
            latency.merge(&run.histogram(run.whole(), |p| &p.latency[index]));
        }
        let answered = sum.outcomes[0] + sum.outcomes[1];
        self.availability.add(answered as f64, sum.settled() as f64);
        self.offered.add(sum.settled() as f64 / seconds);
        let good = answered.saturating_sub(sum.wrong) as f64 / seconds;
        // Little's law: what is under way is the time that answers took, in all, by the time that went by.
        self.throughput.push((sum.latency_sum_ns as f64 / 1e9 / seconds, good));
        self.latency.add(&latency);
    }

    /// The case that this was.
    pub fn case(&self, loaded: &Loaded, lost: Option<String>, rules: &Rules) -> Case {
        let promises = Wanted::judgements(&rules.wanted, &self.verdicts, loaded, rules.seed);
        // An invariant that is broken binds, in however few runs it is.
        let is_whole = |at: usize| !rules.wanted[at].is_broken(promises[at].kept, promises[at].judged);
        let tightest = |a: &usize, b: &usize| {
            let share = |at: usize| f64::from(promises[at].kept) / f64::from(promises[at].judged.max(1));
            let used = |at: usize| {
                let Wanted::Promise(place) = rules.wanted[at] else { return 0.0 };
                let judge = &loaded.model.promises[place];
                used(&promises[at], judge.at_most(), judge.unit() == Unit::Share).unwrap_or(0.0)
            };
            let by_share = share(*a).total_cmp(&share(*b)).then_with(|| used(*b).total_cmp(&used(*a)));
            is_whole(*a).cmp(&is_whole(*b)).then(by_share)
        };
        Case {
            lost,
            kept: self.kept,
            judged: self.judged,
            probability: wilson(self.kept, self.judged),
            verdict: self.verdict,
            binding: (0..promises.len()).min_by(tightest),
            promises,
        }
    }

    /// The level of load that this was.
    pub fn knee_point(&self, load: f64) -> KneePoint {
        let mean = |pick: fn(&(f64, f64)) -> f64| {
            let mut sums = MeanSums::default();
            self.throughput.iter().for_each(|seen| sums.add(pick(seen)));
            sums.at_least_zero()
        };
        KneePoint {
            load,
            offered_per_s: self.offered.at_least_zero(),
            goodput_per_s: mean(|seen| seen.1),
            concurrency: mean(|seen| seen.0),
            p99_s: self.latency.quantile(0.99),
            availability: self.availability.share(),
            kept: self.kept,
            judged: self.judged,
            verdict: self.verdict,
        }
    }
}

/// How much of what a promise allows is used: 1 is at its bound. Of a share that is to be large, what is missing counts: 99.9 % has used a
/// fifth of what 99.5 % allows.
fn used(judged: &Judgement, at_most: bool, is_share: bool) -> Option<f64> {
    let (observed, promised) = (judged.observed?.mean, judged.promised?);
    let (part, whole) = match (at_most, is_share) {
        (true, _) => (observed, promised),
        (false, true) => (1.0 - observed, 1.0 - promised),
        (false, false) => (promised, observed),
    };
    Some(if whole > 0.0 { part / whole } else { f64::from(u8::from(part > 0.0)) * f64::MAX })
}

/// Runs replications of a system until its verdict is certain, but at least `least`. `progress(done, of)` may stop it.
///
/// # Errors
/// If `progress` stopped it.
pub fn race(
    loaded: &Loaded,
    rules: &Rules,
    least: u32,
    progress: &(dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
) -> Result<Raced, Interrupted> {
    let (certain, budget) = (AtomicBool::new(false), rules.budget.max(least));
    let mut raced = Raced::new(loaded);
    let one = |number: u32| One::run(loaded, &[], &[], Beside::Asked, rules.seed, number);
    let merge = |_, one: One| {
        raced.merge(loaded, &one, rules);
        // Where nothing can be judged, more of it will not be judged either.
        let hopeless = raced.judged == 0 && raced.replications >= HOPELESS;
        if (raced.verdict != Verdict::Inconclusive || hopeless) && raced.replications >= least {
            certain.store(true, Ordering::Relaxed);
        }
    };
    let progress = |done, of| if certain.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { progress(done, of) };
    let ended = replicate(budget, rules.threads, one, merge, &progress);
    if !certain.into_inner() {
        ended?;
    }
    Ok(raced)
}
