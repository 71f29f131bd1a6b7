//! What is lost in a year, as a distribution: a mean says nothing of a bad year.
//!
//! A year is put together of what was simulated. Of days without incidents it has as many windows of the length of a run as fit into it, each as the
//! one of a replication picked at random; of each fault that happens in life it has as many occurrences as a Poisson number of its frequency says,
//! each as the one of a replication. The draws have a stream of their own, so that the same study has the same years.

use sim_core::dist::standard_normal;
use sim_core::economics::{Group, YEAR_S};
use sim_core::engine::math;
use sim_core::engine::rng::Keyed;
use sim_core::judge::Bill;
use sim_core::model::Model;
use sim_core::results::LossYears;

/// Years that are put together.
const YEARS: usize = 10_000;
/// Windows of a year up to which each is picked; of more the sum is normal to all that a picture shows.
const PICKED: f64 = 200.0;
/// The key of the stream, beside the seed.
const KEY: u64 = 0x6c6f_7373;

/// What replications lost.
#[derive(Debug, Default)]
pub struct LossSums {
    /// Without incidents, money over time [1/s], by replication.
    ordinary_per_s: Vec<f64>,
    /// By fault that struck, its place and the losses of one occurrence, by replication.
    incidents: Vec<(usize, Vec<f64>)>,
}

impl LossSums {
    /// Adds the bill of the next replication.
    pub fn add(&mut self, bill: &Bill) {
        let month: f64 = [Group::Sales, Group::Wrongness, Group::Penalties].iter().map(|g| bill.per_month(*g)).sum();
        self.ordinary_per_s.push(month / sim_core::economics::MONTH_S);
        for (fault, once) in &bill.incidents {
            match self.incidents.iter_mut().find(|(place, _)| place == fault) {
                Some((_, all)) => all.push(*once),
                None => self.incidents.push((*fault, vec![*once])),
            }
        }
    }

    /// The years; `None` where nothing that is lost has a price.
    pub fn years(&self, model: &Model, seed: u64) -> Option<LossYears> {
        if model.costs.iter().all(|item| item.group == Group::Infrastructure) || self.ordinary_per_s.is_empty() {
            return None;
        }
        let window_s = model.run.duration.secs().max(1e-9);
        let mut draw = Keyed::of(KEY, seed);
        let mut years: Vec<f64> = (0..YEARS).map(|_| self.year(model, window_s, &mut draw)).collect();
        years.sort_by(f64::total_cmp);
        let at = |share: f64| years[((share * YEARS as f64).ceil() as usize).clamp(1, YEARS) - 1];
        let worst = &years[YEARS - YEARS / 20..];
        Some(LossYears {
            years: YEARS as u32,
            mean: years.iter().sum::<f64>() / YEARS as f64,
            p5: at(0.05),
            p50: at(0.5),
            value_at_risk_95: at(0.95),
            value_at_risk_99: at(0.99),
            shortfall_95: worst.iter().sum::<f64>() / worst.len() as f64,
            exceeded: (1..200).map(|n| f64::from(n) / 200.0).map(|share| (at(share), 1.0 - share)).collect(),
        })
    }

    fn year(&self, model: &Model, window_s: f64, draw: &mut Keyed) -> f64 {
        let windows = YEAR_S / window_s;
        let ordinary = if windows <= PICKED {
            let whole = windows.floor();
            let picked: f64 = (0..whole as usize).map(|_| *pick(&self.ordinary_per_s, draw)).sum();
            (picked + (windows - whole) * pick(&self.ordinary_per_s, draw)) * window_s
        } else {
            let (mean, deviation) = moments(&self.ordinary_per_s);
            (mean * windows + deviation * windows.sqrt() * standard_normal(draw)) * window_s
        };
        let of_fault = |(place, losses): &(usize, Vec<f64>), draw: &mut Keyed| -> f64 {
            let often = poisson(model.faults[*place].per_year.unwrap_or(0.0), draw);
            (0..often).map(|_| *pick(losses, draw)).sum()
        };
        ordinary.max(0.0) + self.incidents.iter().map(|fault| of_fault(fault, draw)).sum::<f64>()
    }
}

fn pick<'a>(values: &'a [f64], draw: &mut Keyed) -> &'a f64 {
    &values[((draw.unit() * values.len() as f64) as usize).min(values.len() - 1)]
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (squares / (n - 1.0).max(1.0)).sqrt())
}

/// A Poisson number by Knuth's product of uniform numbers; of a large mean by its normal limit.
fn poisson(mean: f64, draw: &mut Keyed) -> u32 {
    if mean > 100.0 {
        return (mean + mean.sqrt() * standard_normal(draw)).round().max(0.0) as u32;
    }
    let (floor, mut product, mut number) = (math::exp(-mean), draw.unit(), 0);
    while product > floor {
        product *= draw.unit();
        number += 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_numbers_have_their_mean_and_variance() {
        let mut draw = Keyed::of(1, 2);
        for mean in [0.0, 0.5, 4.0, 250.0] {
            let drawn: Vec<f64> = (0..20_000).map(|_| f64::from(poisson(mean, &mut draw))).collect();
            let (seen, deviation) = moments(&drawn);
            assert!((seen - mean).abs() <= 0.05 * mean.max(0.1), "{seen} for {mean}");
            assert!((deviation * deviation - mean).abs() <= 0.06 * mean.max(0.1), "{deviation} for {mean}");
        }
    }
}
