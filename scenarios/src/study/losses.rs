//! What is lost in a year, as a distribution: a mean says nothing of a bad year.
//!
//! A year is put together of what was simulated. Of days without incidents it has as many windows of the length of a run as fit into it, each as the
//! one of a replication picked at random; of each fault that happens in life it has as many occurrences as a Poisson number of its frequency says,
//! each as the one of a replication. A broken promise that costs money is no loss by the second: whole periods are broken, of those of a year each as
//! the run of a replication picked at random breaks it, and by each incident that breaks one the period in which it happens. The draws have a stream
//! of their own, so that the same study has the same years.

use sim_core::dist::standard_normal;
use sim_core::economics::{Group, YEAR_S};
use sim_core::engine::math;
use sim_core::engine::rng::Keyed;
use sim_core::judge::{Bill, Breached};
use sim_core::model::Model;
use sim_core::results::{BrokenPromises, LossYears};

/// Years that are put together.
const YEARS: usize = 10_000;
/// Windows of a year up to which each is picked; of more the sum is normal to all that a picture shows.
const PICKED: f64 = 200.0;
/// The key of the stream, beside the seed.
const KEY: u64 = 0x6c6f_7373;

/// What replications lost.
#[derive(Debug, Default)]
pub struct LossSums {
    /// Without incidents and broken promises, money over time [1/s], by replication.
    ordinary_per_s: Vec<f64>,
    /// By promise that costs where it is broken.
    breaches: Vec<BreachSums>,
    /// By fault that struck.
    incidents: Vec<IncidentSums>,
}

/// A promise that costs where it is broken.
#[derive(Debug)]
struct BreachSums {
    /// Price of a broken period.
    price: f64,
    /// Periods in a year.
    periods: f64,
    /// Whether the run without incidents breaks it, by replication.
    ordinary: Vec<bool>,
    /// What the bill has for it in a year, by replication.
    billed: Vec<f64>,
}

/// A fault that struck.
#[derive(Debug)]
struct IncidentSums {
    /// Its place among the faults.
    fault: usize,
    /// By replication.
    once: Vec<Occurrence>,
}

/// What one occurrence of a fault costs.
#[derive(Debug)]
struct Occurrence {
    /// Money, but for broken promises.
    losses: f64,
    /// Periods that it breaks, by promise that costs where it is broken.
    breaks: Vec<f64>,
}

/// The periods of a promise in one year.
struct Periods {
    broken: f64,
    all: f64,
}

impl Periods {
    /// An incident breaks one of the periods, in `share` of all cases; nothing more is broken of one that already is.
    fn strike(&mut self, share: f64, draw: &mut Keyed) {
        if share > 0.0 && draw.unit() < share * (1.0 - self.broken / self.all) {
            self.broken += 1.0;
        }
    }
}

impl BreachSums {
    fn new(breached: &Breached) -> Self {
        Self { price: breached.price, periods: breached.periods, ordinary: Vec::new(), billed: Vec::new() }
    }

    /// The periods of a year, broken as they are without incidents.
    fn year(&self, draw: &mut Keyed) -> Periods {
        // Of a part of a period that a year has, a whole one happens in as many years.
        let all = self.periods.floor() + f64::from(u8::from(draw.unit() < self.periods.fract()));
        let broken = if all <= PICKED {
            (0..all as usize).filter(|_| *pick(&self.ordinary, draw)).count() as f64
        } else {
            let share = self.ordinary.iter().filter(|broken| **broken).count() as f64 / self.ordinary.len() as f64;
            let deviation = (all * share * (1.0 - share)).sqrt();
            (all * share + deviation * standard_normal(draw)).round().clamp(0.0, all)
        };
        Periods { broken, all }
    }
}

impl LossSums {
    /// Adds the bill of the next replication.
    pub fn add(&mut self, bill: &Bill) {
        let month: f64 = [Group::Sales, Group::Wrongness, Group::Penalties].iter().map(|g| bill.per_month(*g)).sum();
        let lumps: f64 = bill.breaches.iter().map(|breached| bill.items[breached.item].per_month).sum();
        self.ordinary_per_s.push((month - lumps) / sim_core::economics::MONTH_S);
        for (place, breached) in bill.breaches.iter().enumerate() {
            if place == self.breaches.len() {
                self.breaches.push(BreachSums::new(breached));
            }
            self.breaches[place].ordinary.push(breached.ordinary);
            self.breaches[place].billed.push(bill.items[breached.item].per_year);
        }
        for (place, (fault, once)) in bill.incidents.iter().enumerate() {
            let lumps: f64 = bill.breaches.iter().map(|breached| breached.once[place]).sum();
            let breaks = bill.breaches.iter().map(|breached| breached.once[place] / breached.price).collect();
            let occurrence = Occurrence { losses: once - lumps, breaks };
            match self.incidents.iter_mut().find(|sums| sums.fault == *fault) {
                Some(sums) => sums.once.push(occurrence),
                None => self.incidents.push(IncidentSums { fault: *fault, once: vec![occurrence] }),
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
        let drawn: Vec<(f64, f64)> = (0..YEARS).map(|_| self.year(model, window_s, &mut draw)).collect();
        let of_years = drawn.iter().map(|(_, penalties)| penalties).sum::<f64>() / YEARS as f64;
        let mut years: Vec<f64> = drawn.into_iter().map(|(rest, penalties)| rest + penalties).collect();
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
            broken_promises: self.has_mixed_breaches(model).then(|| BrokenPromises { of_years, billed: self.billed() }),
            shortfall_95: worst.iter().sum::<f64>() / worst.len() as f64,
            exceeded: (1..200).map(|n| f64::from(n) / 200.0).map(|share| (at(share), 1.0 - share)).collect(),
        })
    }

    /// Mean of what the bills have for broken promises in a year.
    fn billed(&self) -> f64 {
        self.breaches.iter().map(|breach| moments(&breach.billed).0).sum()
    }

    /// Whether some replications' incidents break a promise, and those of others do not, so often that it tells: the mean of the replications'
    /// broken periods is then less than the broken periods of their mean, by more than a hundredth of it.
    fn has_mixed_breaches(&self, model: &Model) -> bool {
        let replications = self.ordinary_per_s.len();
        self.breaches.iter().enumerate().any(|(place, breach)| {
            let breaks = |replication: usize| -> f64 {
                let of = |sums: &IncidentSums| {
                    let breaks = sums.once.get(replication).map_or(0.0, |once| once.breaks[place]);
                    model.faults[sums.fault].per_year.unwrap_or(0.0) * breaks
                };
                self.incidents.iter().map(of).sum()
            };
            let broken = |breaks: f64| breach.periods * (1.0 - math::exp(-breaks.max(0.0) / breach.periods));
            let mean = |of: &dyn Fn(usize) -> f64| (0..replications).map(of).sum::<f64>() / replications as f64;
            broken(mean(&breaks)) > 1.01 * mean(&|replication| broken(breaks(replication)))
        })
    }

    /// What one year loses: but for broken promises, and by these.
    fn year(&self, model: &Model, window_s: f64, draw: &mut Keyed) -> (f64, f64) {
        let windows = YEAR_S / window_s;
        let ordinary = if windows <= PICKED {
            let whole = windows.floor();
            let picked: f64 = (0..whole as usize).map(|_| *pick(&self.ordinary_per_s, draw)).sum();
            (picked + (windows - whole) * pick(&self.ordinary_per_s, draw)) * window_s
        } else {
            let (mean, deviation) = moments(&self.ordinary_per_s);
            (mean * windows + deviation * windows.sqrt() * standard_normal(draw)) * window_s
        };
        let mut periods: Vec<Periods> = self.breaches.iter().map(|breach| breach.year(draw)).collect();
        let mut incidents = 0.0;
        for sums in &self.incidents {
            for _ in 0..poisson(model.faults[sums.fault].per_year.unwrap_or(0.0), draw) {
                let occurrence = pick(&sums.once, draw);
                incidents += occurrence.losses;
                periods.iter_mut().zip(&occurrence.breaks).for_each(|(of, share)| of.strike(*share, draw));
            }
        }
        let penalties: f64 = self.breaches.iter().zip(&periods).map(|(breach, of)| breach.price * of.broken).sum();
        (ordinary.max(0.0) + incidents, penalties)
    }
}

fn pick<'a, T>(values: &'a [T], draw: &mut Keyed) -> &'a T {
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
