//! The Universal Scalability Law fitted to throughput against concurrency.
//!
//! `X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))` (N. J. Gunther, *Guerrilla Capacity Planning*, 2007). Turned round, `N / X` is
//! linear in `1`, `N - 1` and `N (N - 1)`, so that least squares have a closed form; weights make the residuals those of X. Neither
//! contention nor coherency can be negative: where the free fit says so, the fits without one or both of them are compared.

use crate::study::interval;
use sim_core::results::{Estimate, Scalability};

/// Parameters of the law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// Throughput of one at a time.
    pub lambda: f64,
    /// Contention.
    pub sigma: f64,
    /// Coherency.
    pub kappa: f64,
}

impl Law {
    /// Throughput at a concurrency.
    pub fn at(&self, n: f64) -> f64 {
        self.lambda * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
    }
}

/// Concurrency and throughput of a point.
type Seen = (f64, f64);

/// The law that fits best; `None` of fewer than four points with different concurrency.
pub fn fit(points: &[Seen]) -> Option<Law> {
    let usable: Vec<Seen> = points.iter().copied().filter(|(n, x)| *n > 0.0 && *x > 0.0).collect();
    let mut different: Vec<f64> = usable.iter().map(|p| p.0).collect();
    different.sort_by(f64::total_cmp);
    different.dedup_by(|a, b| (*a - *b).abs() <= 1e-6 * b.abs());
    if different.len() < 4 {
        return None;
    }
    let misses = |law: &Law| usable.iter().map(|(n, x)| (x - law.at(*n)) * (x - law.at(*n))).sum::<f64>();
    let subsets: [&[usize]; 4] = [&[0, 1, 2], &[0, 1], &[0, 2], &[0]];
    let laws = subsets.iter().filter_map(|terms| least_squares(&usable, terms));
    let fits = laws.filter(|law| law.lambda > 0.0 && law.sigma >= 0.0 && law.kappa >= 0.0);
    fits.min_by(|a, b| misses(a).total_cmp(&misses(b)))
}

/// Weighted least squares of `N / X` on some of the three terms.
fn least_squares(points: &[Seen], terms: &[usize]) -> Option<Law> {
    let count = terms.len();
    let mut system = vec![vec![0.0; count + 1]; count];
    for (n, x) in points {
        let all = [1.0, n - 1.0, n * (n - 1.0)];
        // A residual of N/X is X^2/N times one of X.
        let weight = (x * x / n) * (x * x / n);
        for row in 0..count {
            for column in 0..count {
                system[row][column] += weight * all[terms[row]] * all[terms[column]];
            }
            system[row][count] += weight * all[terms[row]] * n / x;
        }
    }
    let solved = solve(system)?;
    let of = |term: usize| terms.iter().position(|t| *t == term).map_or(0.0, |place| solved[place]);
    let lambda = 1.0 / of(0);
    Some(Law { lambda, sigma: of(1) * lambda, kappa: of(2) * lambda })
}

/// Gauss with the largest pivot.
fn solve(mut system: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let count = system.len();
    for column in 0..count {
        let pivot = (column..count).max_by(|a, b| system[*a][column].abs().total_cmp(&system[*b][column].abs()))?;
        system.swap(column, pivot);
        if system[column][column].abs() < 1e-300 {
            return None;
        }
        for row in 0..count {
            if row != column {
                let factor = system[row][column] / system[column][column];
                let taken = system[column].clone();
                system[row].iter_mut().zip(taken).for_each(|(cell, other)| *cell -= factor * other);
            }
        }
    }
    Some((0..count).map(|row| system[row][count] / system[row][row]).collect())
}

/// The law of all replications together, with intervals from the fits of each alone: `replications[r]` has a point a load.
pub fn scalability(replications: &[Vec<Seen>]) -> Option<Scalability> {
    let loads = replications.first()?.len();
    let count = replications.len() as f64;
    let mean =
        |pick: &dyn Fn(&Seen) -> f64, load: usize| replications.iter().map(|r| pick(&r[load])).sum::<f64>() / count;
    let points: Vec<Seen> = (0..loads).map(|load| (mean(&|p| p.0, load), mean(&|p| p.1, load))).collect();
    let law = fit(&points)?;
    let each: Vec<Law> = replications.iter().filter_map(|points| fit(points)).collect();
    let around = |mean: f64, pick: fn(&Law) -> f64| {
        let half = interval::mean(&each.iter().map(pick).collect::<Vec<_>>()).map_or(0.0, |e| e.half_width());
        Estimate { mean, low: (mean - half).max(0.0), high: mean + half }
    };
    let centre = points.iter().map(|p| p.1).sum::<f64>() / points.len() as f64;
    let all: f64 = points.iter().map(|p| (p.1 - centre) * (p.1 - centre)).sum();
    let missed: f64 = points.iter().map(|p| (p.1 - law.at(p.0)) * (p.1 - law.at(p.0))).sum();
    // Beyond the points the law is a guess, and a system has bounds that it does not know.
    let most = points.iter().fold((0.0_f64, 0.0_f64), |most, p| (most.0.max(p.0), most.1.max(p.1)));
    let peak = (law.kappa > 0.0 && law.sigma < 1.0).then(|| ((1.0 - law.sigma) / law.kappa).sqrt());
    let peak = peak.filter(|n| *n <= most.0);
    Some(Scalability {
        lambda: around(law.lambda, |l| l.lambda),
        sigma: around(law.sigma, |l| l.sigma),
        kappa: around(law.kappa, |l| l.kappa),
        r2: if all > 0.0 { 1.0 - missed / all } else { 1.0 },
        peak_concurrency: peak,
        peak_per_s: peak.map(|n| law.at(n)).filter(|x| *x <= most.1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(law: Law, close: f64) {
        let points: Vec<Seen> = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0].iter().map(|n| (*n, law.at(*n))).collect();
        let fitted = fit(&points).unwrap();
        assert!((fitted.lambda / law.lambda - 1.0).abs() < close, "{fitted:?}");
        assert!((fitted.sigma - law.sigma).abs() < close && (fitted.kappa - law.kappa).abs() < close, "{fitted:?}");
    }

    #[test]
    fn a_law_is_found_again() {
        check(Law { lambda: 20.0, sigma: 0.05, kappa: 0.002 }, 1e-6);
        check(Law { lambda: 995.6, sigma: 0.02671, kappa: 0.000_769 }, 1e-6);
        check(Law { lambda: 5.0, sigma: 0.1, kappa: 0.0 }, 1e-6);
        check(Law { lambda: 5.0, sigma: 0.0, kappa: 0.0 }, 1e-6);
    }

    /// The data of a ray-tracing benchmark on an SGI Origin 2000 in Gunther's book, for which he has sigma = 0.05 and
    /// kappa = 0.000 005 by a fit to C(N) with lambda set to the first point; a free lambda moves them a little.
    #[test]
    fn gunthers_ray_tracer_contends_by_a_twentieth() {
        let data = [(1.0, 20.0), (4.0, 78.0), (8.0, 130.0), (12.0, 170.0), (16.0, 190.0), (20.0, 200.0), (24.0, 210.0)];
        let more = [(28.0, 230.0), (32.0, 260.0), (48.0, 280.0), (64.0, 310.0)];
        let points: Vec<Seen> = data.into_iter().chain(more).collect();
        let law = fit(&points).unwrap();
        assert!((law.sigma - 0.05).abs() < 0.01, "{law:?}");
        assert!(law.kappa < 1e-4, "{law:?}");
        let one = scalability(&[points]).unwrap();
        assert!(one.r2 > 0.98, "{}", one.r2);
    }

    #[test]
    fn a_peak_beyond_what_was_seen_is_not_told() {
        let law = Law { lambda: 20.0, sigma: 0.05, kappa: 0.002 };
        let peak = (0.95_f64 / 0.002).sqrt();
        for (most, seen) in [(16, false), (21, false), (22, true), (64, true)] {
            let points: Vec<Seen> = (1..=most).map(|n| (f64::from(n), law.at(f64::from(n)))).collect();
            let told = scalability(&[points]).unwrap();
            assert_eq!(told.peak_concurrency.is_some(), seen, "up to {most}");
            assert!(told.peak_concurrency.is_none_or(|n| (n - peak).abs() < 0.01), "{told:?}");
        }
        // Contention alone has a ceiling, which workers may never come to.
        let law = Law { lambda: 20.0, sigma: 0.3, kappa: 0.0 };
        let points: Vec<Seen> = (1..=8).map(|n| (f64::from(n), law.at(f64::from(n)))).collect();
        assert_eq!(scalability(&[points]).unwrap().peak_per_s, None);
    }

    #[test]
    fn contention_is_never_negative() {
        // Faster than linear: no law with contention fits better than a line.
        let points: Vec<Seen> = (1..8).map(|n| (f64::from(n), f64::from(n * n))).collect();
        let law = fit(&points).unwrap();
        assert!(law.sigma == 0.0 && law.kappa == 0.0, "{law:?}");
    }

    #[test]
    fn few_points_have_no_law() {
        assert!(fit(&[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]).is_none());
        assert!(fit(&[(1.0, 1.0); 9]).is_none());
    }
}
