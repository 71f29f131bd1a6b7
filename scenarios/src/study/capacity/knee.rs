//! How far a setting carries: the highest load at which it keeps every promise, and its throughput on the way there.

use super::scalability::scalability;
use super::{Raced, Searching, Stop};
use sim_core::results::{Case, Knee, KneePoint, Scalability, Setting, Verdict};

/// By how much the load grows while it holds.
const GROWTH: f64 = 1.4;
/// How close the load that holds and the one that breaks are brought together: a fiftieth.
const CLOSE: f64 = 1.02;
/// Loads on the way up, as parts of the highest that holds, that are looked at for the throughput.
const ON_THE_WAY: [f64; 6] = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85];
/// Replications of each load at least, of which throughput and its spread are taken.
const LEAST: u32 = 8;

/// A load that was looked at.
struct Looked {
    point: KneePoint,
    throughput: Vec<(f64, f64)>,
    binding: Option<usize>,
}

/// What the points say, whatever the search has taken for granted.
struct Facts {
    holds_to: Option<f64>,
    holds_from: Option<f64>,
    breaks_at: Option<f64>,
    breaks_first: Option<usize>,
}

/// What the points say, from the smallest load to the largest, of the load at which the search began.
fn facts(looked: &[Looked], begun: f64) -> Facts {
    let held = |l: &&Looked| l.point.verdict == Verdict::Held;
    let (below, above) = looked.split_at(looked.partition_point(|l| l.point.load < begun));
    let holds_to = above.iter().take_while(held).last().map(|l| l.point.load);
    let from = below.iter().rev().take_while(held).last().map_or(begun, |l| l.point.load);
    let lower = looked.iter().any(|l| l.point.load < from && !held(&l));
    let broken = above.iter().find(|l| l.point.verdict == Verdict::Broken);
    Facts {
        holds_to,
        holds_from: holds_to.filter(|_| lower).map(|_| from),
        breaks_at: broken.map(|l| l.point.load),
        breaks_first: broken.and_then(|l| l.binding),
    }
}

/// The law without a peak beyond what the points show: those hold all replications, and the fit only as many as all points have.
fn within(law: Scalability, looked: &[Looked]) -> Scalability {
    let most = |pick: fn(&KneePoint) -> f64| looked.iter().map(|l| pick(&l.point)).fold(0.0, f64::max);
    let seen = law.peak_concurrency.is_some_and(|n| n <= most(|p| p.concurrency.mean))
        && law.peak_per_s.is_some_and(|x| x <= most(|p| p.goodput_per_s.mean));
    if seen { law } else { Scalability { peak_concurrency: None, peak_per_s: None, ..law } }
}

impl Searching<'_> {
    /// How far a setting carries, from `load` on and up to `up_to` times the file's load.
    pub(super) fn knee(&mut self, settings: Vec<Setting>, load: f64, up_to: f64) -> Result<Knee, Stop> {
        let mut looked: Vec<Looked> = vec![self.look(&settings, load)?];
        let (mut holds, mut breaks) = (None, None);
        let mut at = load;
        loop {
            let last = looked.last().map(|l| l.point.verdict);
            match last {
                Some(Verdict::Held) if breaks.is_none() => holds = Some(at),
                _ => breaks = breaks.or(Some(at)),
            }
            // What is inconclusive breaks nothing: a load that does is further up.
            if at >= up_to || last == Some(Verdict::Broken) {
                break;
            }
            at = (at * GROWTH).min(up_to);
            looked.push(self.look(&settings, at)?);
        }
        while let (Some(low), Some(high)) = (holds, breaks) {
            if high / low <= CLOSE {
                break;
            }
            let middle = (low * high).sqrt();
            looked.push(self.look(&settings, middle)?);
            let held = looked.last().is_some_and(|l| l.point.verdict == Verdict::Held);
            let side = if held { &mut holds } else { &mut breaks };
            *side = Some(middle);
        }
        let top = holds.unwrap_or(load);
        for part in ON_THE_WAY {
            looked.push(self.look(&settings, top * part)?);
        }
        looked.sort_by(|a, b| a.point.load.total_cmp(&b.point.load));
        let facts = facts(&looked, load);
        let common = looked.iter().map(|l| l.throughput.len()).min().unwrap_or(0);
        let replications: Vec<Vec<(f64, f64)>> =
            (0..common).map(|r| looked.iter().map(|l| l.throughput[r]).collect()).collect();
        Ok(Knee {
            settings,
            holds_to: facts.holds_to,
            holds_from: facts.holds_from,
            breaks_at: facts.breaks_at,
            breaks_first: facts.breaks_first,
            scalability: scalability(&replications).map(|law| within(law, &looked)),
            points: looked.into_iter().map(|l| l.point).collect(),
        })
    }

    /// A setting at a load, in all cases; the numbers are those of the whole system, the verdict the worst of all.
    fn look(&mut self, settings: &[Setting], load: f64) -> Result<Looked, Stop> {
        let says = super::says_load(load);
        let loaded = self.system(settings, None, load)?;
        let raced: Raced = self.race(&says, settings, &loaded, LEAST)?;
        let mut point = raced.knee_point(load);
        let mut worst: Case = raced.case(&loaded, None, &self.rules);
        for zone in self.survive.clone() {
            if point.verdict == Verdict::Broken {
                break;
            }
            let loaded = self.system(settings, Some(&zone), load)?;
            let lost = self.race(&says, settings, &loaded, 1)?;
            if lost.verdict > point.verdict {
                (point.verdict, point.kept, point.judged) = (lost.verdict, lost.kept, lost.judged);
                worst = lost.case(&loaded, Some(zone), &self.rules);
            }
        }
        Ok(Looked { point, throughput: raced.throughput, binding: worst.binding })
    }
}
