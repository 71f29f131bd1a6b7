//! Sampling: of what a scrape counts, a pipeline records a part, and scales it up again.

use super::scrape::Scrape;
use crate::counters::{CALL_SITE, SERVICE};
use crate::engine::math;
use crate::engine::rng::{Draw, Keyed, Stream, hash_name, mix};
use crate::ids::{EdgeId, VersionId};
use crate::metrics::Counter;

/// Keeps the draws of wrong replies apart from those of counters.
const WRONG: u64 = 0x77;

/// Keeps each request with probability `sample` and scales the counts up by one over `known`; histograms keep the sampled counts.
pub(super) fn thin(scrape: &mut Scrape, (sample, known): (f64, f64), stream: &mut Stream) {
    let mut scaled = |count: &mut u64| *count = (kept(*count, sample, stream) as f64 / known).round() as u64;
    for edge in &mut scrape.edges {
        edge.outcomes.iter_mut().chain(&mut edge.call_outcomes).for_each(&mut scaled);
        let answers = edge.outcomes[0] + edge.outcomes[1];
        if answers == 0 {
            edge.latency_sum_ns = 0;
            edge.call_latency_sum_ns = 0;
        }
        for count in [&mut edge.calls, &mut edge.attempts, &mut edge.rejected, &mut edge.abandoned, &mut edge.wrong] {
            scaled(count);
        }
    }
    for (_, latency) in &mut scrape.latency {
        latency.buckets.iter_mut().for_each(|(_, count)| *count = kept(*count, sample, stream));
        latency.buckets.retain(|(_, count)| *count > 0);
    }
}

/// The same for the families' counters of requests, and for kinds of wrong replies. Each has draws of its own, so that a new counter moves no
/// other number.
pub(super) fn thin_counters(scrape: &mut Scrape, (sample, known): (f64, f64), key: u64) {
    let key = mix(key, scrape.to_ns);
    let one = |counter: &Counter, count: &mut u64, subject: usize| {
        if counter.is_sampled && *count > 0 {
            let mut draws = Keyed::new(mix(mix(key, subject as u64), hash_name(counter.name)));
            *count = (kept(*count, sample, &mut draws) as f64 / known).round() as u64;
        }
    };
    for (place, edge) in scrape.edges.iter_mut().enumerate() {
        CALL_SITE.iter().zip(edge.counters.all_mut()).for_each(|(counter, count)| one(counter, count, place));
    }
    for (edge, kind, count) in &mut scrape.wrong {
        let mut draws = Keyed::new(mix(mix(key, u64::from(edge.0)), WRONG ^ u64::from(*kind)));
        *count = (kept(*count, sample, &mut draws) as f64 / known).round() as u64;
    }
    thin_versions(scrape, (sample, known), key);
    for (instance, pod) in &mut scrape.pods {
        let mut draws = Keyed::new(mix(mix(key, u64::from(instance.0)), POD));
        for count in [&mut pod.entered, &mut pod.left] {
            *count = (kept(*count, sample, &mut draws) as f64 / known).round() as u64;
        }
    }
    for (place, service) in scrape.services.iter_mut().enumerate() {
        SERVICE.iter().zip(service.counters.all_mut()).for_each(|(counter, count)| one(counter, count, place));
    }
}

/// Keeps the draws of instances apart from those of counters.
const POD: u64 = 0x70;

/// Keeps the draws of versions apart from those of counters.
const VERSION: u64 = 0x76;

/// The same for what is counted by version.
fn thin_versions(scrape: &mut Scrape, (sample, known): (f64, f64), key: u64) {
    let draws = |edge: EdgeId, version: VersionId| {
        Keyed::new(mix(mix(key, u64::from(edge.0)), VERSION ^ u64::from(version.0) << 8))
    };
    for ((edge, version), counts) in &mut scrape.versions {
        let mut draws = draws(*edge, *version);
        let mut scaled = |count: &mut u64| *count = (kept(*count, sample, &mut draws) as f64 / known).round() as u64;
        counts.outcomes.iter_mut().for_each(&mut scaled);
        scaled(&mut counts.wrong);
        if counts.outcomes[0] + counts.outcomes[1] == 0 {
            counts.latency_sum_ns = 0;
        }
    }
    for ((edge, version), latency) in &mut scrape.version_latency {
        let mut draws = draws(*edge, *version);
        latency.buckets.iter_mut().for_each(|(_, count)| *count = kept(*count, sample, &mut draws));
        latency.buckets.retain(|(_, count)| *count > 0);
    }
}

/// A binomial draw: exact for small counts, normal above.
pub(super) fn kept(count: u64, sample: f64, stream: &mut impl Draw) -> u64 {
    if count <= 200 {
        return (0..count).filter(|_| stream.unit() < sample).count() as u64;
    }
    let (mean, deviation) = (count as f64 * sample, (count as f64 * sample * (1.0 - sample)).sqrt());
    let radius = (-2.0 * math::ln(stream.unit_open())).sqrt();
    let normal = radius * math::cos(std::f64::consts::TAU * stream.unit());
    (mean + deviation * normal).round().clamp(0.0, count as f64) as u64
}
