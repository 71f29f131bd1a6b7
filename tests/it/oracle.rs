//! Distributions against an independent implementation: the draws of each kind are compared with those of `rand_distr`, which was written by
//! others and draws in other ways. It is an oracle of the tests only, so that none of its bits reaches a result.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution as _, Exp, Gamma, LogNormal, Normal, Pareto, StandardUniform, Uniform, Weibull};
use sim_core::dist::{ALL, Distribution};
use sim_core::engine::rng::{Keyed, mix};

/// Draws of each side.
const N: usize = 100_000;
/// How many pairs of samples of one distribution lie further apart than is allowed: one in a thousand. Seeds are fixed.
const BEYOND: f64 = 1.95;

/// A kind as a scenario writes it, and the same in `rand_distr`, in milliseconds.
type Case = (&'static str, &'static str, Box<dyn Fn(&mut Xoshiro256PlusPlus) -> f64>);

fn case(kind: &'static str, ours: &'static str, theirs: impl Fn(&mut Xoshiro256PlusPlus) -> f64 + 'static) -> Case {
    (kind, ours, Box::new(theirs))
}

/// One or two of each kind. What has no counterpart is put together from what has: an Erlang is a sum of exponentials, a bounded Pareto one
/// that is drawn again beyond its bound, a mixture a choice, and an empirical one goes linearly through its quantiles.
fn cases() -> Vec<Case> {
    let exponential = |mean: f64| Exp::new(1.0 / mean).unwrap();
    let uniform = Uniform::new(10.0, 30.0).unwrap();
    let normal = Normal::new(20.0_f64, 15.0).unwrap();
    // The 99 % quantile of the standard normal; p99 / p50 = exp(2.326 sigma).
    let percentiles =
        LogNormal::new(sim_core::engine::math::ln(20.0), sim_core::engine::math::ln(4.0) / 2.326_347_874_040_841)
            .unwrap();
    let moments = LogNormal::from_mean_cv(20.0, 0.5).unwrap();
    let gamma = |mean: f64, cv: f64| Gamma::new(1.0 / (cv * cv), mean * cv * cv).unwrap();
    let (narrow, wide) = (gamma(20.0, 0.7), gamma(20.0, 1.6));
    let weibull = Weibull::new(20.0, 2.0).unwrap();
    let (light, heavy) = (Pareto::new(5.0, 5.0).unwrap(), Pareto::new(5.0, 1.2).unwrap());
    let (ten, five) = (exponential(10.0), exponential(5.0));
    vec![
        case("exponential", "{exponential: {mean: 20ms}}", move |rng| exponential(20.0).sample(rng)),
        case("uniform", "{uniform: {from: 10ms, to: 30ms}}", move |rng| uniform.sample(rng)),
        case("normal", "{normal: {mean: 20ms, deviation: 15ms}}", move |rng| f64::max(normal.sample(rng), 0.0)),
        case("lognormal", "{lognormal: {p50: 20ms, p99: 80ms}}", move |rng| percentiles.sample(rng)),
        case("lognormal", "{lognormal: {mean: 20ms, cv: 0.5}}", move |rng| moments.sample(rng)),
        case("gamma", "{gamma: {mean: 20ms, cv: 0.7}}", move |rng| narrow.sample(rng)),
        case("gamma", "{gamma: {mean: 20ms, cv: 1.6}}", move |rng| wide.sample(rng)),
        case("weibull", "{weibull: {shape: 2, scale: 20ms}}", move |rng| weibull.sample(rng)),
        case("pareto", "{pareto: {min: 5ms, shape: 5}}", move |rng| light.sample(rng)),
        case("pareto", "{pareto: {min: 5ms, shape: 1.2, max: 1s}}", move |rng| {
            std::iter::repeat_with(|| heavy.sample(rng)).find(|ms| *ms <= 1000.0).unwrap()
        }),
        case("erlang", "{erlang: {stages: 4, mean: 20ms}}", move |rng| (0..4).map(|_| five.sample(rng)).sum()),
        case("empirical", "{empirical: {min: 5ms, quantiles: {p50: 20ms, p90: 60ms}, max: 200ms}}", |rng| {
            let share: f64 = StandardUniform.sample(rng);
            match share {
                low if low < 0.5 => 5.0 + 30.0 * low,
                middle if middle < 0.9 => 20.0 + 100.0 * (middle - 0.5),
                high => 60.0 + 1400.0 * (high - 0.9),
            }
        }),
        case("mixture", "{mixture: [{probability: 90%, of: {exponential: {mean: 10ms}}}, {of: 50ms}]}", move |rng| {
            let share: f64 = StandardUniform.sample(rng);
            if share < 0.9 { ten.sample(rng) } else { 50.0 }
        }),
    ]
}

/// A distribution as a scenario file has it.
fn read(text: &str) -> Distribution {
    let scenario = format!(
        "scenario: One distribution\nquestion: What does it draw?\nload: {{users: {{to: web.get, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
         services: {{web: {{workers: 1, start_up: {text}, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n"
    );
    let files = scenarios::Memory::of("one.yaml", &scenario);
    let loaded = scenarios::load(&files, "one.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
    loaded.model.services[0].start_up.clone()
}

/// The greatest distance between the shares of two samples that lie below a value (A. Kolmogorov, N. Smirnov, 1939).
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut worst) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        i += a[i..].partition_point(|x| *x <= value);
        j += b[j..].partition_point(|x| *x <= value);
        worst = worst.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    worst
}

#[test]
fn draws_are_those_of_an_independent_implementation() {
    for (number, (_, text, theirs)) in cases().iter().enumerate() {
        let sampler = read(text).build();
        // Durations are whole nanoseconds; here they are compared as milliseconds.
        let ours = |i: usize| sampler.sample(&mut Keyed::new(mix(4000 + number as u64, i as u64))) / 1e6;
        let mut ours: Vec<f64> = (0..N).map(ours).collect();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(77 + number as u64);
        let mut theirs: Vec<f64> = (0..N).map(|_| theirs(&mut rng)).collect();
        let mean = |all: &[f64]| all.iter().sum::<f64>() / N as f64;
        let (a, b) = (mean(&ours), mean(&theirs));
        let deviation = (theirs.iter().map(|x| (x - b) * (x - b)).sum::<f64>() / N as f64).sqrt();
        let error = deviation * (2.0 / N as f64).sqrt();
        assert!((a - b).abs() < 4.0 * error, "{text}: means of {a} and {b} ms, with an error of {error}");
        // A tenth of a nanosecond, so that what is equal up to rounding is one step of both.
        for sample in [&mut ours, &mut theirs] {
            sample.iter_mut().for_each(|ms| *ms = (*ms * 1e7).round());
            sample.sort_by(f64::total_cmp);
        }
        let worst = distance(&ours, &theirs);
        assert!(worst < BEYOND * (2.0 / N as f64).sqrt(), "{text}: {worst} apart");
    }
}

#[test]
fn the_test_tells_distributions_apart() {
    let draws = |text: &str| -> Vec<f64> {
        let sampler = read(text).build();
        let mut all: Vec<f64> = (0..N).map(|i| sampler.sample(&mut Keyed::new(mix(5, i as u64)))).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let (gamma, lognormal) = (draws("{gamma: {mean: 20ms, cv: 0.5}}"), draws("{lognormal: {mean: 20ms, cv: 0.5}}"));
    assert!(distance(&gamma, &lognormal) > 3.0 * BEYOND * (2.0 / N as f64).sqrt());
}

#[test]
fn every_kind_has_a_counterpart() {
    for kind in ALL {
        assert!(cases().iter().any(|(name, ..)| *name == kind.name), "{} is compared with nothing", kind.name);
    }
}
