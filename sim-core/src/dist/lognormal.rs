//! The lognormal distribution.

use super::checks::check_mean_cv;
use super::ziggurat;
use crate::engine::math::{exp, ln, normal_cdf, normal_quantile};
use crate::engine::quick;
use crate::engine::rng::Draw;
use crate::problem::Problems;
use crate::units::{Factor, SimDuration};
use serde::{Deserialize, Serialize};

/// The logarithm is normal: the usual shape of latencies.
///
/// # What it models
/// exp(mu + sigma Z). Given by mean and coefficient of variation, or fitted exactly through any two percentiles.
///
/// # When to use it
/// For service times and network latencies of which p50 and p99 are known.
///
/// # Knobs
/// - `mean`, `cv`: duration and factor; or
/// - two of `p1 p5 p10 p25 p50 p75 p90 p95 p99 p99.9`: durations
///
/// # Example
/// ```yaml
/// wait: {lognormal: {p50: 40ms, p99: 160ms}}
/// ```
///
/// # Source
/// mu and sigma from two quantiles: ln q = mu + sigma z(p); from mean and cv: sigma² = ln(1 + cv²), mu = ln mean - sigma²/2.
/// Z is drawn by a ziggurat: Marsaglia and Tsang, 2000.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LognormalSettings {
    /// Mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<SimDuration>,
    /// Coefficient of variation: deviation over mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cv: Option<Factor>,
    /// 1st percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p1: Option<SimDuration>,
    /// 5th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p5: Option<SimDuration>,
    /// 10th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p10: Option<SimDuration>,
    /// 25th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p25: Option<SimDuration>,
    /// Median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<SimDuration>,
    /// 75th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p75: Option<SimDuration>,
    /// 90th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<SimDuration>,
    /// 95th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<SimDuration>,
    /// 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<SimDuration>,
    /// 99.9th percentile.
    #[serde(rename = "p99.9", skip_serializing_if = "Option::is_none")]
    pub p99_9: Option<SimDuration>,
}

/// Mean and deviation of the logarithm of nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lognormal {
    mu: f64,
    sigma: f64,
}

impl LognormalSettings {
    fn percentiles(&self) -> Vec<(f64, SimDuration)> {
        let all = [
            (0.01, self.p1),
            (0.05, self.p5),
            (0.10, self.p10),
            (0.25, self.p25),
            (0.50, self.p50),
            (0.75, self.p75),
            (0.90, self.p90),
            (0.95, self.p95),
            (0.99, self.p99),
            (0.999, self.p99_9),
        ];
        all.into_iter().filter_map(|(p, d)| d.map(|d| (p, d))).collect()
    }

    pub(super) fn validate(&self, problems: &mut Problems) {
        let percentiles = self.percentiles();
        check_mean_cv(self.mean, self.cv.map(Factor::value), problems);
        match (self.mean.is_some(), self.cv.is_some(), percentiles.len()) {
            (true, true, 0) => {}
            (false, false, 2) => {
                if percentiles[0].1 >= percentiles[1].1 || percentiles[0].1.ns() == 0 {
                    problems.error("", "percentiles have to grow, from above zero").label =
                        Some(format!("{} and {}", percentiles[0].1, percentiles[1].1));
                }
            }
            _ => {
                let problem = problems.error("", "a lognormal is given by mean and cv, or by two percentiles");
                problem.hint = Some("write {p50: 20ms, p99: 80ms}, or {mean: 20ms, cv: 1}".into());
            }
        }
    }

    pub(super) fn build(&self) -> Lognormal {
        let percentiles = self.percentiles();
        if let [(p, low), (q, high)] = percentiles[..] {
            let (a, b) = (ln((low.ns() as f64).max(1.0)), ln((high.ns() as f64).max(1.0)));
            let sigma = (b - a) / (normal_quantile(q) - normal_quantile(p));
            return Lognormal { mu: a - sigma * normal_quantile(p), sigma };
        }
        let mean = self.mean.map_or(1.0, |m| m.ns() as f64).max(1.0);
        let cv = self.cv.map_or(1.0, Factor::value);
        let sigma2 = ln(1.0 + cv * cv);
        Lognormal { mu: ln(mean) - sigma2 / 2.0, sigma: sigma2.sqrt() }
    }
}

impl Lognormal {
    #[inline]
    pub(super) fn sample(&self, draw: &mut impl Draw) -> f64 {
        quick::exp(self.mu + self.sigma * ziggurat::normal(draw))
    }

    pub(super) fn mean(&self) -> f64 {
        exp(self.mu + self.sigma * self.sigma / 2.0)
    }

    pub(super) fn variance(&self) -> f64 {
        (exp(self.sigma * self.sigma) - 1.0) * self.mean() * self.mean()
    }

    pub(super) fn cdf(&self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { normal_cdf((ln(x) - self.mu) / self.sigma) }
    }
}
