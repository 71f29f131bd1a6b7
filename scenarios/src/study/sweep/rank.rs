//! Which knob matters: Sobol indices of a grid or of Saltelli's design, and Morris' elementary effects.
//!
//! The first-order index of a knob is the share of the variance of the metric that goes when the knob is known; the total index
//! is the share that would be left if all others were known, so it holds the knob's interactions too. Of a full grid both are exact for
//! knobs whose values are equally likely. Of Saltelli's design they are estimated by Jansen's formulas (Computer Physics
//! Communications 117, 1999; Saltelli et al. 2010, table 2). Intervals are percentiles of 400 bootstrap samples: of base samples, or of the
//! replications where the design itself is complete. Morris' mu* is the mean size of the effects (Campolongo et al. 2007) with
//! Student's t over the trajectories.

use crate::study::interval;
use sim_core::engine::rng::Stream;
use sim_core::results::Estimate;

/// Bootstrap samples.
const BOOTSTRAP: usize = 400;

/// How much one knob matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Importance {
    /// Total index, or mu*.
    pub total: Estimate,
    /// First-order index, or sigma.
    pub alone: Estimate,
}

/// The variance of the metric over the design, and the importance of each knob; `None` where nothing varies.
pub type Ranked = Option<(f64, Vec<Importance>)>;

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len().max(1) as f64;
    values.sum::<f64>() / n
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values.iter().copied());
    mean(values.iter().map(|v| (v - centre) * (v - centre)))
}

/// A variance that is no more than rounding.
fn is_nothing(variance: f64, values: &[f64]) -> bool {
    let size = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    variance <= (size * 1e-9) * (size * 1e-9)
}

/// First-order and total indices of a full grid with so many values of each knob, the last knob changing first.
fn of_grid(sizes: &[usize], y: &[f64]) -> Option<(f64, Vec<(f64, f64)>)> {
    let all = variance(y);
    if is_nothing(all, y) {
        return None;
    }
    let mut indices = Vec::new();
    let mut stride = y.len();
    for &size in sizes {
        stride /= size;
        let means: Vec<f64> = (0..size)
            .map(|value| {
                let at: Vec<f64> = (0..y.len()).filter(|p| p / stride % size == value).map(|p| y[p]).collect();
                mean(at.iter().copied())
            })
            .collect();
        let within: Vec<f64> = (0..y.len())
            .filter(|p| (p / stride).is_multiple_of(size))
            .map(|first| variance(&(0..size).map(|value| y[first + value * stride]).collect::<Vec<_>>()))
            .collect();
        indices.push((variance(&means) / all, mean(within.iter().copied()) / all));
    }
    Some((all, indices))
}

/// First-order and total indices of those base samples of a Saltelli design.
fn of_samples(knobs: usize, y: &[f64], samples: &[usize]) -> Option<(f64, Vec<(f64, f64)>)> {
    let step = knobs + 2;
    let ab: Vec<f64> = samples.iter().flat_map(|s| [y[s * step], y[s * step + 1]]).collect();
    let all = variance(&ab);
    if is_nothing(all, &ab) {
        return None;
    }
    let half_square = |a: f64, b: f64| (a - b) * (a - b) / 2.0;
    let indices = (0..knobs).map(|knob| {
        let total = mean(samples.iter().map(|s| half_square(y[s * step], y[s * step + 2 + knob])));
        let rest = mean(samples.iter().map(|s| half_square(y[s * step + 1], y[s * step + 2 + knob])));
        (1.0 - rest / all, total / all)
    });
    Some((all, indices.collect()))
}

/// Indices of a full grid; `rows[point][replication]`.
pub fn grid(sizes: &[usize], rows: &[Vec<f64>], seed: u64) -> Ranked {
    let replications = rows.first()?.len();
    let of = |picked: &[usize]| {
        let y: Vec<f64> = rows.iter().map(|row| mean(picked.iter().map(|r| row[*r]))).collect();
        of_grid(sizes, &y)
    };
    bootstrapped(replications, seed, of)
}

/// Indices of a Saltelli design; `y` by point.
pub fn saltelli(knobs: usize, y: &[f64], seed: u64) -> Ranked {
    bootstrapped(y.len() / (knobs + 2), seed, |picked| of_samples(knobs, y, picked))
}

/// The indices of all `n` units, and the percentiles of samples of them drawn with replacement.
fn bootstrapped(n: usize, seed: u64, of: impl Fn(&[usize]) -> Option<(f64, Vec<(f64, f64)>)>) -> Ranked {
    let (all, whole) = of(&(0..n).collect::<Vec<_>>())?;
    let mut draw = Stream::new(seed, 0, "sweep", "bootstrap");
    let mut samples: Vec<Vec<(f64, f64)>> = Vec::new();
    for _ in 0..BOOTSTRAP {
        let picked: Vec<usize> = (0..n).map(|_| ((draw.unit() * n as f64) as usize).min(n - 1)).collect();
        samples.extend(of(&picked).map(|(_, indices)| indices));
    }
    let interval = |knob: usize, mean: f64, which: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = samples.iter().map(|s| which(&s[knob])).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| values.get((share * values.len() as f64) as usize).copied().unwrap_or(mean);
        Estimate { mean, low: at(0.025).min(mean), high: at(0.975).max(mean) }
    };
    let importance = whole.iter().enumerate().map(|(knob, (alone, total))| Importance {
        total: interval(knob, *total, |i| i.1),
        alone: interval(knob, *alone, |i| i.0),
    });
    Some((all, importance.collect()))
}

/// Elementary effects of a Morris design: `places` and `y` by point, `knobs + 1` points a trajectory. Effects are those of the
/// knob's whole range.
pub fn morris(knobs: usize, places: &[Vec<f64>], y: &[f64]) -> Ranked {
    let all = variance(y);
    if is_nothing(all, y) {
        return None;
    }
    let mut effects: Vec<Vec<f64>> = vec![Vec::new(); knobs];
    for (places, y) in places.chunks(knobs + 1).zip(y.chunks(knobs + 1)) {
        for at in 1..y.len() {
            let Some(knob) = (0..knobs).find(|k| places[at][*k] != places[at - 1][*k]) else { continue };
            effects[knob].push((y[at] - y[at - 1]) / (places[at][knob] - places[at - 1][knob]));
        }
    }
    let importance = effects.iter().map(|effects| {
        let sizes: Vec<f64> = effects.iter().map(|e| e.abs()).collect();
        let total = interval::mean(&sizes).unwrap_or(Estimate::exact(0.0));
        let n = effects.len() as f64;
        let sigma = if n < 2.0 { 0.0 } else { (variance(effects) * n / (n - 1.0)).sqrt() };
        Importance { total: Estimate { low: total.low.max(0.0), ..total }, alone: Estimate::exact(sigma) }
    });
    Some((all, importance.collect()))
}

#[cfg(test)]
mod tests {
    use super::super::design;
    use super::*;
    use std::f64::consts::PI;

    /// sin by its series: the tests need it, the engine does not.
    fn sin(x: f64) -> f64 {
        let mut x = x % (2.0 * PI);
        if x > PI {
            x -= 2.0 * PI;
        } else if x < -PI {
            x += 2.0 * PI;
        }
        let (mut term, mut sum) = (x, x);
        for n in 1..20 {
            term *= -x * x / f64::from((2 * n) * (2 * n + 1));
            sum += term;
        }
        sum
    }

    /// T. Ishigami and T. Homma 1990, with a = 7 and b = 0.1.
    fn ishigami(u: &[f64]) -> f64 {
        let x: Vec<f64> = u.iter().map(|u| PI * (2.0 * u - 1.0)).collect();
        sin(x[0]) + 7.0 * sin(x[1]) * sin(x[1]) + 0.1 * x[2] * x[2] * x[2] * x[2] * sin(x[0])
    }

    #[test]
    fn ishigami_has_its_indices() {
        let y: Vec<f64> = design::saltelli(4096, 3, 11).iter().map(|u| ishigami(u)).collect();
        let (variance, importance) = saltelli(3, &y, 1).expect("it varies");
        // Closed forms: V = a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2.
        assert!((variance - 13.8446).abs() < 0.2, "{variance}");
        for (knob, (alone, total)) in [(0.3139, 0.5576), (0.4424, 0.4424), (0.0, 0.2437)].into_iter().enumerate() {
            let i = importance[knob];
            assert!((i.alone.mean - alone).abs() < 0.02 && (i.total.mean - total).abs() < 0.02, "{knob}: {i:?}");
            assert!(i.total.low <= total + 0.005 && total - 0.005 <= i.total.high, "{knob}: {i:?}");
        }
    }

    /// The g-function of I. Sobol: `product of (|4 u - 2| + a) / (1 + a)`, with a = 0, 1, 9.
    #[test]
    fn g_function_has_its_indices_on_a_grid() {
        let a = [0.0, 1.0, 9.0];
        let sizes = [40, 40, 40];
        let mut rows = Vec::new();
        for p in 0..64_000_usize {
            let places = [p / 1600, p / 40 % 40, p % 40];
            let g = |k: usize| (f64::abs(4.0 * (places[k] as f64 + 0.5) / 40.0 - 2.0) + a[k]) / (1.0 + a[k]);
            rows.push(vec![g(0) * g(1) * g(2)]);
        }
        let parts: Vec<f64> = a.iter().map(|a| 1.0 / (3.0 * (1.0 + a) * (1.0 + a))).collect();
        let all = parts.iter().map(|v| 1.0 + v).product::<f64>() - 1.0;
        let (variance, importance) = {
            let y: Vec<f64> = rows.iter().map(|r| r[0]).collect();
            of_grid(&sizes, &y).expect("it varies")
        };
        // The function is folded: its 20 midpoints make each variance 1/20^2 smaller.
        assert!((variance / all - 1.0).abs() < 5e-3, "{variance} {all}");
        for knob in 0..3 {
            let others: f64 = (0..3).filter(|k| *k != knob).map(|k| 1.0 + parts[k]).product();
            assert!((importance[knob].0 - parts[knob] / all).abs() < 2e-3, "{knob}: {importance:?}");
            assert!((importance[knob].1 - parts[knob] * others / all).abs() < 2e-3, "{knob}: {importance:?}");
        }
    }

    #[test]
    fn effects_of_a_line_are_its_slopes() {
        let places = design::morris(12, 3, 4);
        let y: Vec<f64> = places.iter().map(|u| 5.0 * u[0] - 2.0 * u[1]).collect();
        let (_, importance) = morris(3, &places, &y).expect("it varies");
        for (i, slope) in importance.iter().zip([5.0, 2.0, 0.0]) {
            assert!((i.total.mean - slope).abs() < 1e-9 && i.alone.mean < 1e-9, "{i:?}");
        }
    }

    #[test]
    fn what_does_not_vary_has_no_ranking() {
        assert!(saltelli(2, &[0.3; 16], 1).is_none());
        assert!(grid(&[2, 2], &vec![vec![1.0, 1.0]; 4], 1).is_none());
    }
}
