//! Moments and quantiles of every kind, against their formulas.

use super::*;
use crate::engine::rng::{Keyed, mix};

/// One of each kind, as a scenario file writes it (in JSON, which is YAML).
const EACH: &[(&str, &str)] = &[
    ("exponential", r#"{"exponential": {"mean": "20ms"}}"#),
    ("uniform", r#"{"uniform": {"from": "10ms", "to": "30ms"}}"#),
    ("normal", r#"{"normal": {"mean": "20ms", "deviation": "15ms"}}"#),
    ("lognormal", r#"{"lognormal": {"p50": "20ms", "p99": "80ms"}}"#),
    ("lognormal", r#"{"lognormal": {"mean": "20ms", "cv": 0.5}}"#),
    ("gamma", r#"{"gamma": {"mean": "20ms", "cv": 0.7}}"#),
    ("gamma", r#"{"gamma": {"mean": "20ms", "cv": 1.6}}"#),
    ("weibull", r#"{"weibull": {"shape": 0.7, "mean": "20ms"}}"#),
    ("weibull", r#"{"weibull": {"shape": 2, "scale": "20ms"}}"#),
    ("pareto", r#"{"pareto": {"min": "5ms", "shape": 5}}"#),
    ("pareto", r#"{"pareto": {"min": "5ms", "shape": 1.2, "max": "1s"}}"#),
    ("erlang", r#"{"erlang": {"stages": 4, "mean": "20ms"}}"#),
    ("empirical", r#"{"empirical": {"min": "5ms", "quantiles": {"p50": "20ms", "p99": "80ms"}, "max": "200ms"}}"#),
    ("mixture", r#"{"mixture": [{"probability": "90%", "of": {"exponential": {"mean": "10ms"}}}, {"of": "50ms"}]}"#),
];

fn parse(text: &str) -> Distribution {
    let parsed: Distribution = serde_json::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut problems = Problems::new();
    parsed.validate(&mut problems);
    assert!(!problems.has_errors(), "{text}: {:?}", problems.into_vec());
    parsed
}

#[test]
fn every_kind_is_tested() {
    for kind in ALL {
        assert!(EACH.iter().any(|(name, _)| name == &kind.name), "{} has no case", kind.name);
    }
}

#[test]
fn moments_and_quantiles_agree_with_the_formulas() {
    const N: usize = 400_000;
    for (case, (_, text)) in EACH.iter().enumerate() {
        let sampler = parse(text).build();
        let draw = |i: usize| sampler.sample(&mut Keyed::new(mix(case as u64 + 1, i as u64)));
        let mut draws: Vec<f64> = (0..N).map(draw).collect();
        let mean = draws.iter().sum::<f64>() / N as f64;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / N as f64;
        assert!((mean / sampler.mean() - 1.0).abs() < 0.01, "{text}: mean {mean} of {}", sampler.mean());
        assert!(
            (variance / sampler.variance() - 1.0).abs() < 0.08,
            "{text}: variance {variance} of {}",
            sampler.variance()
        );
        draws.sort_by(f64::total_cmp);
        for p in [0.1, 0.5, 0.9, 0.99] {
            let found = draws[(p * N as f64) as usize];
            let below = sampler.cdf(found + 1.0) + 0.004 >= p && sampler.cdf(found - 1.0) <= p + 0.004;
            assert!(below, "{text}: p{} is {found}, cdf {}", p * 100.0, sampler.cdf(found));
        }
        let median = sampler.quantile(0.5);
        assert!(sampler.cdf(median * 1.0001 + 1.0) >= 0.5 - 1e-9, "{text}: quantile is not the inverse of the cdf");
    }
}

#[test]
fn draws_are_of_the_closed_form() {
    // Kolmogorov and Smirnov: the greatest distance between the share of draws and the distribution function. Beyond 1.95/sqrt(n) it
    // lies once in a thousand samples; seeds are fixed. The ends are looked at as closely as the middle.
    const N: usize = 200_000;
    for (case, (_, text)) in EACH.iter().enumerate() {
        let sampler = parse(text).build();
        let draw = |i: usize| sampler.sample(&mut Keyed::new(mix(1000 + case as u64, i as u64)));
        let mut draws: Vec<f64> = (0..N).map(draw).collect();
        draws.sort_by(f64::total_cmp);
        let (mut worst, mut tails) = (0.0_f64, [0.0_f64; 2]);
        let mut i = 0;
        while i < N {
            // Draws that are equal make one step of both.
            let x = draws[i];
            let upto = i + draws[i..].partition_point(|d| *d <= x);
            let (below, at) = (sampler.cdf(x * (1.0 - 1e-12) - 1e-9), sampler.cdf(x));
            let (share_below, share) = (i as f64 / N as f64, upto as f64 / N as f64);
            worst = worst.max((share_below - below).abs()).max((share - at).abs());
            // Anderson's weight, where there are a hundred draws beyond at least.
            for (tail, p) in tails.iter_mut().zip([share, 1.0 - share]) {
                if p * N as f64 >= 100.0 && p < 0.1 {
                    *tail = tail.max((share - at).abs() / (p * (1.0 - p) / N as f64).sqrt());
                }
            }
            i = upto;
        }
        assert!(worst < 1.95 / (N as f64).sqrt(), "{text}: {worst}");
        assert!(tails.iter().all(|t| *t < 4.5), "{text}: {tails:?} standard errors in the tails");
    }
}

#[test]
fn two_percentiles_are_met_exactly() {
    let sampler = parse(r#"{"lognormal": {"p50": "20ms", "p99": "80ms"}}"#).build();
    assert!((sampler.quantile(0.5) / 20e6 - 1.0).abs() < 1e-9);
    assert!((sampler.quantile(0.99) / 80e6 - 1.0).abs() < 1e-9);
}

#[test]
fn draws_are_golden() {
    // The digest of draws of every kind: if it moves, every result moves, and the CHANGELOG has to say why.
    let mut digest = crate::engine::digest::Digest::default();
    for (_, text) in EACH {
        let sampler = parse(text).build();
        for i in 0..1000 {
            digest.add(i, sampler.sample(&mut Keyed::new(mix(99, i))).to_bits());
        }
    }
    assert_eq!(format!("{:016x}", digest.value()), include_str!("golden.txt").trim());
}

#[test]
fn a_bare_duration_is_the_constant() {
    assert_eq!(parse(r#""20ms""#), Distribution::Constant(SimDuration::from_ns(20_000_000)));
    assert!(serde_json::from_str::<Distribution>("20").is_err(), "a bare number has no unit");
}
