//! Values that are made anew before they expire.

use crate::engine::math::ln;
use crate::units::Factor;
use serde::{Deserialize, Serialize};

/// When a value is made anew before it expires.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EarlySettings {
    /// By chance, the sooner the slower it is to make.
    Xfetch(XfetchSettings),
}

/// A lookup makes a value anew before it expires, by a chance that grows towards the end.
///
/// # What it models
/// With `u` drawn uniformly between 0 and 1, a lookup makes the value anew if `-ln(u) * beta * delta` is at least the time that is left until it
/// expires; `delta` is how long it took to make the value last. The request that does it waits for it, and all others have the old value in the
/// meantime. So a value that is asked for often is nearly always made anew by one request before anybody misses it.
///
/// With lookups at the rate `lambda` the first regeneration begins on average `beta * delta * (ln(lambda * beta * delta) + 0.5772)` before the end,
/// and there are `e^(1/beta)` of them for each value, where without it there are `1 + lambda * delta`. With `coalesce` there is one at a time. A
/// regeneration that fails does no harm: the request goes on with the value that has not expired.
///
/// # When to use it
/// Against stampedes on keys that are asked for many times while one value is made, without a lock.
///
/// # Knobs
/// - `beta`: how early, factor, default 1; more is earlier
///
/// # Example
/// ```yaml
/// caches:
///   products:
///     contents: {keyed: {key: product, capacity: 50k, ttl: 10m}}
///     early: {xfetch: {beta: 1}}
/// ```
///
/// # Source
/// Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct XfetchSettings {
    /// How early.
    pub beta: Factor,
}

impl Default for XfetchSettings {
    fn default() -> Self {
        Self { beta: Factor::ONE }
    }
}

impl EarlySettings {
    /// Whether a lookup makes a value anew that has so long to live and took so long to make [ns]; `unit` is drawn uniformly from 0 to 1, without 1.
    pub fn begins(&self, left_ns: u64, took_ns: u64, unit: f64) -> bool {
        let Self::Xfetch(settings) = self;
        -ln(1.0 - unit) * settings.beta.value() * took_ns as f64 >= left_ns as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::math::exp;
    use crate::engine::rng::{Keyed, mix};

    /// A lookup that has `left` until the value expires begins with the probability `exp(-left / (beta * delta))`.
    #[test]
    fn the_chance_falls_exponentially_with_the_time_that_is_left() {
        for beta in [0.5, 1.0, 2.0] {
            let early = EarlySettings::Xfetch(XfetchSettings { beta: Factor::new(beta).unwrap() });
            for left_s in [0.0, 1.0, 3.0, 10.0] {
                let (n, left) = (200_000u64, (left_s * 1e9) as u64);
                let began = (0..n).filter(|&i| early.begins(left, 3_000_000_000, Keyed::new(mix(7, i)).unit())).count();
                let (found, exact) = (began as f64 / n as f64, exp(-left_s / (beta * 3.0)));
                assert!((found - exact).abs() < 0.004, "beta {beta}, {left_s} s: {found} of {exact}");
            }
        }
    }
}
