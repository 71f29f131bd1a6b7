//! Key spaces: which rows requests touch, and how often each.

use crate::engine::math::{exp, ln};
use crate::engine::rng::{Draw, Keyed, hash_name, mix};
use crate::kind::Kind;
use crate::problem::Problems;
use crate::units::{Count, Factor, Probability};
use serde::{Deserialize, Serialize};

/// Which keys are asked for how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeysSettings {
    /// All alike.
    Uniform(UniformKeysSettings),
    /// The n-th most popular in proportion to 1/n^exponent.
    Zipf(ZipfKeysSettings),
    /// A few hot ones get a part of all requests.
    Hot(HotKeysSettings),
}

/// The kinds of key space.
pub const ALL: &[Kind] = &[
    Kind { family: "keys", name: "uniform", schema: || schemars::schema_for!(UniformKeysSettings) },
    Kind { family: "keys", name: "zipf", schema: || schemars::schema_for!(ZipfKeysSettings) },
    Kind { family: "keys", name: "hot", schema: || schemars::schema_for!(HotKeysSettings) },
];

/// All keys are asked for equally often.
///
/// # What it models
/// Each request draws one of `count` keys, all equally likely.
///
/// # When to use it
/// For rows that belong to users who come alike.
///
/// # Knobs
/// - `count`: keys, count, required
///
/// # Example
/// ```yaml
/// keys: {account: {uniform: {count: 1M}}}
/// ```
///
/// # Source
/// Textbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformKeysSettings {
    /// How many keys there are.
    pub count: Count,
}

/// The n-th most popular key is asked for in proportion to 1/n^exponent.
///
/// # What it models
/// Zipf's law over `count` keys, drawn by inversion of the integral of 1/x^exponent with rejection, which is exact.
///
/// # When to use it
/// For products, pages, accounts: a few are popular, most are not. Web and cache traces have exponents of 0.6 to 1.1.
///
/// # Knobs
/// - `count`: keys, count, required
/// - `exponent`: factor, required
///
/// # Example
/// ```yaml
/// keys: {item: {zipf: {count: 1M, exponent: 0.9}}}
/// ```
///
/// # Source
/// Hörmann and Derflinger, "Rejection-Inversion to Generate Variates from Monotone Discrete Distributions", 1996.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZipfKeysSettings {
    /// How many keys there are.
    pub count: Count,
    /// How unequal they are.
    pub exponent: Factor,
}

/// One hot key gets a part of all requests, the others share the rest alike.
///
/// # What it models
/// Key 0 with probability `percent`, else any of the others.
///
/// # When to use it
/// For a flash sale, a celebrity, a global counter.
///
/// # Knobs
/// - `count`: keys, count, required
/// - `percent`: part that the hot one gets, percentage, required
///
/// # Example
/// ```yaml
/// keys: {sku: {hot: {count: 10k, percent: 30%}}}
/// ```
///
/// # Source
/// Textbook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HotKeysSettings {
    /// How many keys there are.
    pub count: Count,
    /// Part of requests that the hot key gets.
    pub percent: Probability,
}

/// Draws keys.
#[derive(Debug, Clone, PartialEq)]
pub enum KeySampler {
    /// All alike.
    Uniform(u64),
    /// Keys and exponent, and the integral at its ends.
    Zipf(Zipf),
    /// Keys, and the part of the hot one.
    Hot(u64, f64),
}

/// Zipf's law, ready to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zipf {
    count: f64,
    exponent: f64,
    low: f64,
    high: f64,
}

impl KeysSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        let (kind, count) = match self {
            Self::Uniform(s) => ("uniform", s.count),
            Self::Zipf(s) => ("zipf", s.count),
            Self::Hot(s) => ("hot", s.count),
        };
        if count.get() == 0 {
            problems.at(kind, |p| {
                p.error("count", "a space of no keys").hint = Some("write count: 1M".into());
            });
        }
    }

    /// The sampler.
    pub fn build(&self) -> KeySampler {
        match self {
            Self::Uniform(s) => KeySampler::Uniform(s.count.get().max(1)),
            Self::Hot(s) => KeySampler::Hot(s.count.get().max(1), s.percent.value()),
            Self::Zipf(s) => {
                let (count, exponent) = (s.count.get().max(1) as f64, s.exponent.value());
                let low = integral(exponent, 1.5) - 1.0;
                KeySampler::Zipf(Zipf { count, exponent, low, high: integral(exponent, count + 0.5) })
            }
        }
    }
}

/// The integral of x^-s.
fn integral(s: f64, x: f64) -> f64 {
    if (s - 1.0).abs() < 1e-9 { ln(x) } else { (exp((1.0 - s) * ln(x)) - 1.0) / (1.0 - s) }
}

fn inverse(s: f64, y: f64) -> f64 {
    if (s - 1.0).abs() < 1e-9 { exp(y) } else { exp(ln(1.0 + (1.0 - s) * y) / (1.0 - s)) }
}

/// The keys of a space, as requests draw them: one request has the same key wherever it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct KeysOfRequests {
    sampler: KeySampler,
    salt: u64,
}

const ROW: u64 = 0x71;

impl KeysOfRequests {
    /// The keys of the space with this name.
    pub fn new(name: &str, popularity: &KeysSettings) -> Self {
        Self { sampler: popularity.build(), salt: hash_name(name) }
    }

    /// The key of a request, by its identity.
    pub fn of(&self, request: u64) -> u64 {
        self.sampler.sample(&mut Keyed::new(mix(request, ROW ^ self.salt)))
    }
}

impl KeySampler {
    /// A key, from 0.
    pub fn sample(&self, draw: &mut impl Draw) -> u64 {
        match self {
            Self::Uniform(count) => place(*count, draw),
            Self::Hot(count, share) => {
                if *count == 1 || draw.unit() < *share {
                    0
                } else {
                    1 + place(count - 1, draw)
                }
            }
            Self::Zipf(zipf) => zipf.sample(draw),
        }
    }
}

fn place(count: u64, draw: &mut impl Draw) -> u64 {
    ((u128::from(draw.next_u64()) * u128::from(count)) >> 64) as u64
}

impl Zipf {
    /// The hat over key k is the integral of x^-s over [k - 1/2, k + 1/2], which is at least k^-s because x^-s is convex. Over key 1 it is cut
    /// to what the key has, 1, so that a large exponent does not reject nearly all.
    fn sample(&self, draw: &mut impl Draw) -> u64 {
        loop {
            let y = self.low + (self.high - self.low) * draw.unit();
            let k = inverse(self.exponent, y).round().clamp(1.0, self.count);
            if k <= 1.0 {
                return 0;
            }
            let hat = integral(self.exponent, k + 0.5) - integral(self.exponent, k - 0.5);
            if draw.unit() * hat <= exp(-self.exponent * ln(k)) {
                return k as u64 - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frequencies(settings: &KeysSettings, keys: usize) -> Vec<f64> {
        let (sampler, n) = (settings.build(), 400_000u64);
        let mut counts = vec![0u64; keys];
        for i in 0..n {
            counts[sampler.sample(&mut Keyed::new(mix(3, i))) as usize] += 1;
        }
        counts.iter().map(|&c| c as f64 / n as f64).collect()
    }

    #[test]
    fn zipf_has_its_exact_frequencies() {
        for s in [0.001, 0.6, 1.0, 1.3, 4.0, 60.0, 99_999.0] {
            let settings =
                KeysSettings::Zipf(ZipfKeysSettings { count: Count::new(20), exponent: Factor::new(s).unwrap() });
            let weights: Vec<f64> = (1..=20).map(|k| exp(-s * ln(f64::from(k)))).collect();
            let sum: f64 = weights.iter().sum();
            for (found, weight) in frequencies(&settings, 20).iter().zip(&weights) {
                assert!((found - weight / sum).abs() < 0.003, "exponent {s}: {found} of {}", weight / sum);
            }
        }
    }

    #[test]
    fn the_hot_key_gets_its_part() {
        let settings =
            KeysSettings::Hot(HotKeysSettings { count: Count::new(11), percent: Probability::new(0.3).unwrap() });
        let found = frequencies(&settings, 11);
        assert!((found[0] - 0.3).abs() < 0.003);
        assert!(found[1..].iter().all(|f| (f - 0.07).abs() < 0.002));
    }
}
