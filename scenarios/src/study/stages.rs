//! Loops from faults to their ends over the replications: medians with their intervals.

use super::interval::MeanSums;
use super::one::One;
use sim_core::model::Model;
use sim_core::results::{Estimate, LoopRun, LoopStage, LoopSummary, STAGES};

/// Sums of the loop of a fault.
#[derive(Default)]
pub struct LoopSums {
    runs: u32,
    after_s: [Vec<f64>; STAGES.len()],
    saves: [MeanSums; STAGES.len()],
}

impl LoopSums {
    /// Adds the next replication.
    pub fn merge(&mut self, one: Option<&LoopRun>) {
        let Some(run) = one else { return };
        self.runs += 1;
        for (place, after_s) in run.after_s.iter().enumerate() {
            self.after_s[place].extend(after_s);
            run.minute_saves[place].into_iter().for_each(|saves| self.saves[place].add(saves));
        }
    }

    fn stage(&self, place: usize) -> LoopStage {
        LoopStage {
            name: STAGES[place],
            runs: self.after_s[place].len() as u32,
            after_s: median(&self.after_s[place]),
            minute_saves: self.saves[place].estimate(),
        }
    }
}

/// Adds the next replication to all of a study, of which there is one for each fault.
pub fn merge(all: &mut Vec<LoopSums>, one: &One) {
    all.resize_with(one.loops.len(), LoopSums::default);
    all.iter_mut().zip(&one.loops).for_each(|(sums, run)| sums.merge(run.as_ref()));
}

/// What became of them, of the faults that an alert finds; nothing where nobody acts.
pub fn summaries(all: &[LoopSums], model: &Model) -> Vec<LoopSummary> {
    // Where nobody does anything there is no loop: what alerts find stands with them.
    if model.runbooks.is_empty() && model.incidents.is_none() {
        return Vec::new();
    }
    let of = |(place, sums): (usize, &LoopSums)| LoopSummary {
        fault: model.faults[place].name.clone(),
        runs: sums.runs,
        stages: (0..STAGES.len()).map(|stage| sums.stage(stage)).collect(),
    };
    all.iter().enumerate().filter(|(_, sums)| sums.runs > 0).map(of).collect()
}

/// The median with the 95 % interval of its order statistics (W. J. Conover, Practical Nonparametric Statistics, section 3.2); of few values all of
/// them. `None` without values.
fn median(values: &[f64]) -> Option<Estimate> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let mean = f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)]);
    let n = sorted.len() as f64;
    let below = (n / 2.0 - 1.96 * n.sqrt() / 2.0).floor().max(0.0) as usize;
    Some(Estimate { mean, low: sorted[below], high: sorted[last - below] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_order_statistics() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        // Conover: the 41st and the 60th of 100 values.
        assert_eq!(median(&hundred), Some(Estimate { mean: 50.5, low: 41.0, high: 60.0 }));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(Estimate { mean: 2.0, low: 1.0, high: 3.0 }));
        assert_eq!(median(&[]), None);
    }
}
