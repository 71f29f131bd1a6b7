//! Arithmetic of objectives: chains, budgets, burn rates. What a spreadsheet says, to stand beside what was simulated.
//!
//! The formulas assume that failures are independent and that percentiles add up, which is why the simulation differs.

use crate::engine::math;

/// Availability of a chain in which every part is needed.
pub fn chain_availability(parts: &[f64]) -> f64 {
    parts.iter().product()
}

/// Availability where `k` of `n` equal parts are needed and fail independently of each other: the upper tail of the binomial.
pub fn k_of_n_availability(k: u32, n: u32, part: f64) -> f64 {
    if k == 0 || part >= 1.0 {
        return f64::from(u8::from(k <= n));
    }
    if part <= 0.0 {
        return 0.0;
    }
    let (up, down) = (math::ln(part), math::ln(1.0 - part));
    // The logarithm of the term with all n up; each further term has one less.
    let mut term = f64::from(n) * up;
    let mut sum = 0.0;
    for running in (k..=n).rev() {
        sum += math::exp(term);
        term += math::ln(f64::from(running) / f64::from(n - running + 1)) + down - up;
    }
    sum.min(1.0)
}

/// A bound for the percentile of calls one after the other: the sum of the parts' [s].
pub fn serial_latency_s(parts: &[f64]) -> f64 {
    parts.iter().sum()
}

/// The percentile of parallel calls by arithmetic: the largest of the parts' [s].
pub fn parallel_latency_s(parts: &[f64]) -> f64 {
    parts.iter().copied().fold(0.0, f64::max)
}

/// What each of `parts` equal parts in a chain needs for a target.
pub fn needed_of_each(target: f64, parts: u32) -> f64 {
    math::pow(target, 1.0 / f64::from(parts.max(1)))
}

/// Time that a target allows to be down in a period [s].
pub fn allowed_down_s(target: f64, period_s: f64) -> f64 {
    (1.0 - target) * period_s
}

/// How fast a share of failures spends the error budget: 1 spends it exactly in the period. `None` for a target of 100 %.
pub fn burn_rate(failed: f64, target: f64) -> Option<f64> {
    (target < 1.0).then(|| failed / (1.0 - target))
}

/// Share of a period's budget that burning at `burn` for a time spends.
pub fn budget_spent(burn: f64, seconds: f64, period_s: f64) -> f64 {
    burn * seconds / period_s
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: f64 = 86_400.0;

    fn near(found: f64, expect: f64, tolerance: f64) {
        assert!((found - expect).abs() <= tolerance, "{found}, expected {expect}");
    }

    // CATALOGUE E1 and truth section 16.
    #[test]
    fn chains_and_needs() {
        near(chain_availability(&[0.9999, 0.9995, 0.999, 0.9999, 0.999]), 0.997303, 5e-7);
        near(chain_availability(&[0.999; 10]), 0.990045, 5e-7);
        near(k_of_n_availability(1, 2, 0.99), 0.9999, 1e-12);
        near(k_of_n_availability(2, 3, 0.99), 0.999_702, 1e-12);
        near(k_of_n_availability(3, 5, 0.95), 0.998_842, 5e-7);
        near(k_of_n_availability(900, 1000, 0.5), 0.0, 1e-12);
        near(k_of_n_availability(2, 3, 1.0), 1.0, 0.0);
        near(k_of_n_availability(4, 3, 0.9), 0.0, 0.0);
        near(serial_latency_s(&[0.010, 0.020, 0.050, 0.200, 0.030]), 0.310, 1e-12);
        near(parallel_latency_s(&[0.010, 0.200, 0.030]), 0.200, 0.0);
        near(needed_of_each(0.999, 5), 0.9998, 1e-7);
        near(needed_of_each(0.9999, 3), 0.9999667, 5e-8);
    }

    #[test]
    fn allowed_downtime() {
        near(allowed_down_s(0.9999, 365.0 * DAY_S) / 60.0, 52.56, 1e-9);
        near(allowed_down_s(0.999, 30.0 * DAY_S) / 60.0, 43.2, 1e-9);
        near(
            allowed_down_s(chain_availability(&[0.9999, 0.9995, 0.999, 0.9999, 0.999]), 365.0 * DAY_S) / 3600.0,
            23.63,
            0.005,
        );
    }

    // Google SRE Workbook chapter 5, SLO 99.9 %, 30 d.
    #[test]
    fn burn_rates_of_the_workbook() {
        let month_s = 30.0 * DAY_S;
        near(burn_rate(0.01, 0.999).unwrap(), 10.0, 1e-9);
        near(budget_spent(14.4, 3600.0, month_s), 0.02, 1e-12);
        near(budget_spent(6.0, 6.0 * 3600.0, month_s), 0.05, 1e-12);
        near(budget_spent(1.0, 3.0 * DAY_S, month_s), 0.10, 1e-12);
        near(month_s / 1000.0 / 60.0, 43.2, 0.5);
        near(month_s / 35.0 / 3600.0, 20.5, 0.1);
        assert_eq!(burn_rate(0.1, 1.0), None);
        // 10 requests an hour, one failure: 100 times the budget's pace for an hour.
        near(budget_spent(burn_rate(0.1, 0.999).unwrap(), 3600.0, month_s), 0.139, 0.0005);
    }
}
