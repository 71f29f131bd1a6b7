//! The course of a study: how many replications are merged, and by which intervals its verdicts are judged then.
//!
//! - **Replications that were set** on the command line are run, and judged by intervals for a set number of replications.
//! - **With a precision** batches are run until it is reached (`precision`).
//! - **Else the study goes on**: its first batch is judged by intervals for a set number of replications, at 95 %. If a verdict is
//!   inconclusive then, more replications are run, and all is judged by intervals that hold at any time (`anytime`), also at 95 %, whenever
//!   it is looked at, until all verdicts are certain, or up to a bound. What is true can be missed to one side only, at 2.5 % by
//!   each of the two, so that at most one verdict in twenty is wrong, as without going on.
//!
//! It is looked at when replications are merged, in the order of their numbers: so the number of threads decides nothing. A study that is
//! stopped from outside is an answer by the replications that were merged until then.

use super::anytime::AnyTime;
use super::gate::is_looked_at;
use super::gather::Gathered;
use super::interval::Critical;
use super::one::{Beside, One};
use super::replicate::{Interrupted, replicate};
use super::verdicts::Verdicts;
use super::{Plan, Stop, Study, Watch, precision, summary};
use crate::Loaded;
use sim_core::results::{
    Made, PrecisionSummary, PromiseSummary, StoppedEarly, StudyResult, Verdict, WentOn, WentOnEnd,
};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// A study goes on up to so many times its first batch.
const BATCHES: u32 = 8;

/// The least bound: what all runs keep takes 42 of them to be certain at any time.
const LEAST: u32 = 64;

/// A verdict that would take so many times the bound, if things stay as they are, is left inconclusive.
const FAR: u32 = 4;

/// Confidence of the intervals that hold at any time.
const CONFIDENCE: f64 = 0.95;

/// Replications at most, where the first batch has so many.
pub fn bound(first: u32) -> u32 {
    first.saturating_mul(BATCHES).clamp(LEAST, 1_000_000.max(first))
}

fn any_time() -> Critical {
    Critical::AnyTime(AnyTime::new(CONFIDENCE))
}

/// Many replications of a scenario, of which one answer is made. One that is stopped from outside is an answer by what was merged until
/// then, and says so; without a replication it is none.
#[derive(Debug, Clone, Copy)]
pub struct RunStudy<'a> {
    /// The scenario.
    pub loaded: &'a Loaded,
    /// The variants that clauses of `expect` speak of; each replication of them sees the same arrivals.
    pub variants: &'a [(String, Loaded)],
    /// How it is run.
    pub plan: &'a Plan,
}

impl Study for RunStudy<'_> {
    type Answer = StudyResult;

    /// Those of its first batch: whether there are more is found out.
    fn replications(&self) -> u32 {
        self.plan.replications
    }

    fn run(self, watch: &dyn Watch) -> Result<StudyResult, Stop> {
        let Self { loaded, variants, plan } = self;
        let progress = |done: u32, of: u32| watch.at(done, of);
        let mut course = Course { loaded, variants, plan, progress: &progress, gathered: Gathered::new(loaded, plan) };
        let (ended, precision, went_on) = if plan.precision.is_some() {
            let (ended, precision) = course.until_precise();
            (ended, precision, None)
        } else {
            let (ended, went_on) = course.until_certain();
            (ended, None, went_on)
        };
        let gathered = course.gathered;
        if ended.is_err() && gathered.replications == 0 {
            return Err(Stop::Interrupted);
        }
        let critical = if went_on.is_some() { any_time() } else { Critical::Fixed };
        let mut study = summary::answer(loaded, plan, precision, critical, &gathered);
        study.summary.stopped_early =
            ended.err().map(|Interrupted| StoppedEarly { first: plan.replications, most: plan.most() });
        study.summary.went_on = went_on;
        Ok(study)
    }
}

/// A study while it runs.
struct Course<'a> {
    loaded: &'a Loaded,
    variants: &'a [(String, Loaded)],
    plan: &'a Plan,
    progress: &'a (dyn Fn(u32, u32) -> ControlFlow<()> + Sync),
    gathered: Gathered,
}

impl Course<'_> {
    /// Merges replications until there are so many, or `enough` says so.
    fn merge(&mut self, until: u32, enough: impl Fn(&Gathered) -> bool + Sync + Send) -> Result<(), Interrupted> {
        let (loaded, plan, gathered) = (self.loaded, self.plan, &mut self.gathered);
        let before = gathered.replications;
        let done = AtomicBool::new(false);
        let one =
            |number: u32| One::run(loaded, self.variants, plan.asked(), Beside::Judged, plan.seed, before + number);
        let merge = |_, one: One| {
            gathered.merge(loaded, &one);
            if enough(gathered) {
                done.store(true, Ordering::Relaxed);
            }
        };
        let progress = |merged: u32, of: u32| {
            if done.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            (self.progress)(before + merged, before + of)
        };
        let ended = replicate(until - before, plan.threads, one, merge, &progress);
        if done.into_inner() { Ok(()) } else { ended }
    }

    /// Batch after batch, until it is precise.
    fn until_precise(&mut self) -> (Result<(), Interrupted>, Option<PrecisionSummary>) {
        let Some(settings) = &self.plan.precision else { return (Ok(()), None) };
        let batch = self.plan.replications;
        let most = settings.most(batch);
        loop {
            let ended = self.merge(most.min(self.gathered.replications + batch), |_| false);
            let precision = precision::look(self.loaded, settings, batch, &self.gathered);
            if ended.is_err() || precision.reached || self.gathered.replications >= most {
                return (ended, Some(precision));
            }
        }
    }

    /// The first batch, and more where it leaves a verdict inconclusive and the study may go on.
    fn until_certain(&mut self) -> (Result<(), Interrupted>, Option<WentOn>) {
        let (loaded, first) = (self.loaded, self.plan.replications);
        let ended = self.merge(first, |_| false);
        let Some(bound) = self.plan.goes_on_to.filter(|bound| *bound > first && ended.is_ok()) else {
            return (ended, None);
        };
        let open = inconclusive(&self.gathered.judged, loaded, Critical::Fixed);
        // What no run has data for, none of the next will have either.
        if open.iter().all(|promise| promise.judged == 0) {
            return (ended, None);
        }
        let because = open.into_iter().map(|promise| promise.name).collect();
        let critical = any_time();
        let enough = |gathered: &Gathered| {
            let judged = &gathered.judged;
            let (now, is_last) = (gathered.replications, gathered.replications >= bound);
            !is_last && is_looked_at(now) && (judged.is_certain(loaded, critical) || is_far(judged, loaded, now, bound))
        };
        let ended = self.merge(bound, enough);
        let (judged, now) = (&self.gathered.judged, self.gathered.replications);
        let how = if judged.is_certain(loaded, critical) {
            WentOnEnd::Certain
        } else if now >= bound {
            WentOnEnd::Bound
        } else if ended.is_ok() {
            WentOnEnd::Far
        } else {
            WentOnEnd::Stopped
        };
        (ended, Some(WentOn { first, bound, because, ended: how, far: FAR * bound }))
    }
}

/// What is judged and neither held nor broken.
fn inconclusive(judged: &Verdicts, loaded: &Loaded, critical: Critical) -> Vec<PromiseSummary> {
    let mut all = judged.of_promises(loaded, critical);
    all.extend(judged.of_hypotheses(loaded, critical));
    all.extend(judged.of_clauses(loaded, critical, 0));
    all.retain(|promise| promise.denied_by.is_none() && promise.verdict == Verdict::Inconclusive);
    all
}

/// Whether everything that is inconclusive would take far more than the bound. Early on nobody knows: a quarter of it is always run.
fn is_far(judged: &Verdicts, loaded: &Loaded, now: u32, bound: u32) -> bool {
    let is_far = |promise: PromiseSummary| match (promise.would_settle, promise.made) {
        _ if promise.judged == 0 => true,
        (Some(replications), _) => replications > FAR * bound,
        // Of several comparisons, nobody knows how many they would take.
        (None, made) => made != Made::ClauseByMeans,
    };
    now >= bound / 4 && inconclusive(judged, loaded, any_time()).into_iter().all(is_far)
}

#[cfg(test)]
mod tests {
    use super::super::anytime::tests::Uniform;
    use super::super::judge;
    use super::super::sums::{JudgedSums, SideSums};
    use super::*;
    use sim_core::engine::math;
    use sim_core::expression::Clause;

    /// The verdict on a clause by the rule of this module, and after how many replications: what `draw` gives is its left side, and whether
    /// the replication keeps it.
    fn judged(clause: &Clause, first: u32, right: f64, draw: &mut dyn FnMut() -> (f64, bool)) -> (Verdict, u32) {
        let (mut sums, mut sides) = (JudgedSums::default(), vec![(SideSums::default(), SideSums::default())]);
        for now in 1..=bound(first) {
            let (left, kept) = draw();
            sums.judged += 1;
            sums.kept += u32::from(kept);
            sides[0].0.add(left, None);
            sides[0].1.add(right, None);
            let critical = if now == first { Critical::Fixed } else { any_time() };
            if now == first || (now > first && (is_looked_at(now) || now == bound(first))) {
                let verdict = judge::verdict(clause, &sums, &sides, critical);
                if verdict != Verdict::Inconclusive {
                    return (verdict, now);
                }
            }
        }
        (Verdict::Inconclusive, bound(first))
    }

    /// Share of 1000 studies that end with a verdict among `wrong`.
    fn wrong(text: &str, first: u32, right: f64, wrong: &[Verdict], draw: &mut dyn FnMut() -> (f64, bool)) -> f64 {
        let clause = Clause::parse(text).unwrap();
        (0..1000).filter(|_| wrong.contains(&judged(&clause, first, right, draw).0)).count() as f64 / 1000.0
    }

    #[test]
    fn going_on_leaves_at_most_one_verdict_in_twenty_wrong_at_the_boundary() {
        let mut u = Uniform(11);
        for first in [8, 35, 40, 64] {
            // Kept in just as many runs as are needed, so that broken is wrong; in a hair fewer, so that held is.
            for verdict in [Verdict::Broken, Verdict::Held] {
                let text = "held(works) with probability 90%";
                let missed = wrong(text, first, 0.5, &[verdict], &mut || (1.0, u.next() < 0.9));
                assert!(missed <= 0.05, "{verdict:?} from {first}: {missed}");
            }
            // The mean is the bound, to which it can be missed on either side.
            let text = "mean(a.b) < 10ms";
            for verdict in [Verdict::Broken, Verdict::Held] {
                let missed = wrong(text, first, 0.01, &[verdict], &mut || (0.005 + 0.01 * u.next(), true));
                assert!(missed <= 0.05, "mean {verdict:?} from {first}: {missed}");
            }
        }
        // By intervals for one look, at each of the looks: what this rule is for.
        let mut again = || {
            let mut kept = 0;
            (1..=320).any(|n| {
                kept += u32::from(u.next() < 0.9);
                n >= 40 && is_looked_at(n) && Critical::Fixed.is_share(kept, n, 0.9).is_some()
            })
        };
        let missed = (0..1000).filter(|_| again()).count();
        assert!(missed > 100, "{missed} of 1000");
    }

    #[test]
    fn what_is_clear_is_decided_within_the_bound_of_any_first_batch() {
        let kept = Clause::parse("held(works) with probability 90%").unwrap();
        for first in [1, 2, 3, 8, 32, 34] {
            assert_eq!(judged(&kept, first, 0.5, &mut || (1.0, true)).0, Verdict::Held, "from {first}");
            assert_eq!(judged(&kept, first, 0.5, &mut || (1.0, false)).0, Verdict::Broken, "from {first}");
        }
        assert_eq!(judged(&kept, 35, 0.5, &mut || (1.0, true)), (Verdict::Held, 35));
        let (mut u, mean) = (Uniform(2), Clause::parse("mean(a.b) < 10ms").unwrap());
        let (verdict, after) = judged(&mean, 2, 0.01, &mut || (0.0085 + 0.002 * math::exp(-u.next()), true));
        assert!(verdict == Verdict::Held && after < 64, "{verdict:?} after {after}");
    }

    #[test]
    fn the_bound_is_eight_batches_and_enough_for_what_all_runs_keep() {
        assert_eq!([1, 8, 9, 40, 125_000, 200_000].map(bound), [64, 64, 72, 320, 1_000_000, 1_000_000]);
        assert_eq!(bound(2_000_000), 2_000_000);
    }
}
