//! The limit by the ratio of the smallest time of an answer to the present, as Envoy has it.

use super::adaptive::{Rule, Sample};
use super::window::validate_bounds;
use crate::engine::rng::Keyed;
use crate::outcome::Outcome;
use crate::problem::Problems;
use crate::units::{Count, Percentile, Probability, SimDuration};
use serde::{Deserialize, Serialize};

/// Measures from time to time how fast the callee is with hardly any load, and lets as many through as keep answers nearly as fast.
///
/// # What it models
/// Envoy's adaptive concurrency. From time to time, and at the start, the limit falls to `min` until `minimum_samples` attempts that were sent since
/// then are answered; the percentile `of` of their times is the smallest time, m. Between those times the same percentile of the answers of each
/// stretch `every` is s, and with g = m (1 + `buffer`) / s, between 0.5 and 2, the limit becomes g x limit + sqrt(g x limit), rounded down, between
/// `min` and `max`. The smallest time is measured anew `measure_every` after the last measure, longer by up to `jitter` of it by chance, and at once
/// where the limit was `min` for five stretches. All answers count, errors too; attempts that nobody answered do not. An attempt that finds no place
/// is turned away at once (outcome `rejected`): while the smallest time is measured, nearly all are.
///
/// # When to use it
/// In a mesh, for callees that answer often: few calls a second make the measure last long, with few let through. `jitter` keeps callers from
/// measuring at the same time, which would fall on the callee as a hole and then a burst.
///
/// # Knobs
/// - `min`: never fewer, and as many while the smallest time is measured, count, default 3
/// - `max`: never more, count, default 1000
/// - `of`: which time of the answers is taken, percentile, default p50
/// - `every`: stretch after which the limit moves, duration, default 100ms
/// - `measure_every`: how long a smallest time holds, duration, default 60s
/// - `minimum_samples`: answers by which it is measured, count, default 50
/// - `jitter`: how much longer it may hold, percent, default 15%
/// - `buffer`: how much slower answers may be, percent, default 25%
///
/// # Example
/// ```yaml
/// call: {to: db.get, timeout: 1s, concurrency_limit: {gradient: {measure_every: 30s}}}
/// ```
///
/// # Source
/// Envoy's `adaptive_concurrency` filter, `GradientControllerConfig`: `sample_aggregate_percentile` p50, `max_concurrency_limit` 1000,
/// `min_concurrency` 3, `request_count` 50, `jitter` 15 %, `buffer` 25 %; `concurrency_update_interval` and the interval of the measure have no
/// default there, and are those of its documentation's example here. Percentiles are those of the answers themselves, and not of an approximating
/// histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GradientSettings {
    /// Never fewer, and as many while the smallest time is measured.
    pub min: Count,
    /// Never more.
    pub max: Count,
    /// Which time of the answers is taken.
    pub of: Percentile,
    /// Stretch after which the limit moves.
    pub every: SimDuration,
    /// How long a smallest time holds.
    pub measure_every: SimDuration,
    /// Answers by which it is measured.
    pub minimum_samples: Count,
    /// How much longer it may hold.
    pub jitter: Probability,
    /// How much slower answers may be.
    pub buffer: Probability,
}

impl Default for GradientSettings {
    fn default() -> Self {
        Self {
            min: Count::new(3),
            max: Count::new(1000),
            of: Percentile::P50,
            every: SimDuration::from_ns(100_000_000),
            measure_every: SimDuration::from_ns(60_000_000_000),
            minimum_samples: Count::new(50),
            jitter: Probability::new(0.15).unwrap_or_default(),
            buffer: Probability::new(0.25).unwrap_or_default(),
        }
    }
}

impl GradientSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        validate_bounds(self.min, self.min, self.max, problems);
        if self.every.is_zero() {
            problems.error("every", "a stretch of no time holds no call").hint = Some("write every: 100ms".into());
        }
        if self.measure_every.is_zero() {
            problems.error("measure_every", "the smallest time would be measured all the time").hint =
                Some("write measure_every: 60s".into());
        }
        if self.minimum_samples.get() == 0 {
            problems.error("minimum_samples", "nothing can be learned of no call").hint =
                Some("write minimum_samples: 50".into());
        }
    }

    pub(super) fn build(&self) -> Gradient {
        Gradient {
            settings: *self,
            limit: self.min.get(),
            state: State::Measures { since_ns: 0, before: self.min.get() },
            smallest_ns: 0.0,
            times: Vec::new(),
            at_min: 0,
            last_key: 0,
        }
    }
}

/// The rule at work.
#[derive(Debug, Clone)]
pub struct Gradient {
    settings: GradientSettings,
    limit: u64,
    state: State,
    /// The smallest time [ns].
    smallest_ns: f64,
    /// Times of the answers of the stretch, or of the measure [ns].
    times: Vec<u64>,
    /// Stretches in a row in which the limit was `min` and stayed so.
    at_min: u32,
    /// The key of the attempt that asked last.
    last_key: u64,
}

/// What it is about.
#[derive(Debug, Clone, Copy)]
enum State {
    /// It measures the smallest time, by attempts that began since then.
    Measures {
        since_ns: u64,
        /// The limit when it began.
        before: u64,
    },
    /// It follows the times of answers.
    Follows { stretch_ends_ns: u64, measures_ns: u64 },
}

/// Stretches at `min` after which the smallest time is not believed any more.
const AT_MIN: u32 = 5;

impl Gradient {
    /// Brings it up to a time: the stretch that has ended is looked at when something happens after it, before that is counted.
    fn advance(&mut self, now_ns: u64) {
        let State::Follows { stretch_ends_ns, measures_ns } = self.state else { return };
        if now_ns >= stretch_ends_ns && !self.times.is_empty() && stretch_ends_ns <= measures_ns {
            self.moves();
        }
        if now_ns >= measures_ns || self.at_min >= AT_MIN {
            let since_ns = measures_ns.min(now_ns);
            self.state = State::Measures { since_ns, before: self.limit };
            self.limit = self.settings.min.get();
            self.times.clear();
            self.at_min = 0;
        } else if now_ns >= stretch_ends_ns {
            let every = self.settings.every.ns();
            let stretch_ends_ns = stretch_ends_ns + ((now_ns - stretch_ends_ns) / every + 1) * every;
            self.state = State::Follows { stretch_ends_ns, measures_ns };
        }
    }

    fn moves(&mut self) {
        let before = self.limit;
        let present_ns = self.percentile();
        self.limit = self.next(self.smallest_ns, present_ns);
        self.times.clear();
        let min = self.settings.min.get();
        self.at_min = if before == min && self.limit == min { self.at_min + 1 } else { 0 };
    }

    /// The limit that follows the present one.
    fn next(&self, smallest_ns: f64, present_ns: f64) -> u64 {
        let buffered = smallest_ns * (1.0 + self.settings.buffer.value());
        let limit = self.limit as f64 * (buffered / present_ns).clamp(0.5, 2.0);
        ((limit + limit.sqrt()) as u64).clamp(self.settings.min.get(), self.settings.max.get())
    }

    /// The percentile of the times, by nearest rank [ns].
    fn percentile(&mut self) -> f64 {
        let rank = (self.settings.of.fraction() * self.times.len() as f64).ceil() as usize;
        let (_, time, _) = self.times.select_nth_unstable(rank.saturating_sub(1));
        *time as f64
    }

    fn measured(&mut self, now_ns: u64, before: u64) {
        self.smallest_ns = self.percentile();
        self.times.clear();
        self.limit = before;
        let longer = 1.0 + self.settings.jitter.value() * Keyed::new(self.last_key).unit();
        let measures_ns = now_ns.saturating_add((self.settings.measure_every.ns() as f64 * longer) as u64);
        let stretch_ends_ns = now_ns.saturating_add(self.settings.every.ns());
        self.state = State::Follows { stretch_ends_ns, measures_ns };
    }
}

impl Rule for Gradient {
    fn limit(&mut self, now_ns: u64, key: u64) -> u64 {
        self.last_key = key;
        self.advance(now_ns);
        self.limit
    }

    fn sample(&mut self, sample: Sample) {
        self.advance(sample.now_ns);
        if matches!(sample.outcome, Outcome::Timeout | Outcome::Unreachable) {
            return;
        }
        match self.state {
            State::Measures { since_ns, before } if sample.now_ns - sample.rtt_ns >= since_ns => {
                self.times.push(sample.rtt_ns);
                if self.times.len() as u64 >= self.settings.minimum_samples.get() {
                    self.measured(sample.now_ns, before);
                }
            }
            State::Measures { .. } => {}
            State::Follows { .. } => self.times.push(sample.rtt_ns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const MS: u64 = 1_000_000;

    /// A rule that has measured answers of 5 ms, and is at this time [ms].
    fn measured(settings: GradientSettings) -> (Gradient, u64) {
        let mut rule = settings.build();
        for at in 0..50 {
            assert_eq!(rule.limit(at * 5 * MS, 7), settings.min.get(), "while it measures");
            answers(&mut rule, at * 5 + 5, 5);
        }
        (rule, 250)
    }

    fn answers(rule: &mut Gradient, at_ms: u64, rtt_ms: u64) {
        rule.sample(Sample { now_ns: at_ms * MS, rtt_ns: rtt_ms * MS, in_flight: 1, outcome: Outcome::Ok });
    }

    #[test]
    fn limits_follow_the_published_formula() {
        // Envoy's documentation: limit_new = g limit + sqrt(g limit), g = (minRTT + 25 %) / sampleRTT between 0.5 and 2.
        let (mut rule, start) = measured(GradientSettings::default());
        let mut limits = Vec::new();
        // Answers of 2, 5, 6.25, 10 and 50 ms: g = 2 (bounded), 1.25, 1, 0.625 and 0.5 (bounded).
        for (stretch, rtt_ms) in [2.5, 5.0, 6.25, 10.0, 50.0].into_iter().enumerate() {
            let at_ns = (start + stretch as u64 * 100) * MS + 50 * MS;
            let rtt_ns = (rtt_ms * 1e6) as u64;
            rule.sample(Sample { now_ns: at_ns, rtt_ns, in_flight: 1, outcome: Outcome::Ok });
            limits.push(rule.limit(at_ns + 60 * MS, 7));
        }
        let step = |limit: f64, g: f64| (g * limit + (g * limit).sqrt()).floor();
        let mut limit = 3.0;
        let expected: Vec<u64> = [2.0, 1.25, 1.0, 0.625, 0.5]
            .into_iter()
            .map(|g| {
                limit = step(limit, g);
                limit as u64
            })
            .collect();
        assert_eq!(expected, [8, 13, 16, 13, 9]);
        assert_eq!(limits, expected);
    }

    #[test]
    fn the_smallest_time_is_measured_anew_and_the_limit_comes_back() {
        let (mut rule, start) = measured(GradientSettings::default());
        for stretch in 0..20 {
            answers(&mut rule, start + stretch * 100 + 50, 5);
        }
        let before = rule.limit((start + 2050) * MS, 7);
        assert!(before > 100, "{before}");
        // 60 s, and up to 15 % of it by chance.
        let (early, late) = (start + 60_000, start + 69_000);
        assert_eq!(rule.limit((early - 1) * MS, 7), before);
        assert_eq!(rule.limit(late * MS, 7), 3);
        (1..=50).for_each(|at| answers(&mut rule, late + at * 10, 8));
        assert_eq!(rule.limit((late + 501) * MS, 7), before);
        assert_eq!(rule.smallest_ns, 8e6);
    }

    #[test]
    fn what_began_before_the_measure_does_not_count_in_it() {
        let (mut rule, _) = measured(GradientSettings::default());
        assert_eq!(rule.limit(100_000 * MS, 7), 3);
        let State::Measures { since_ns, .. } = rule.state else { panic!("it does not measure") };
        answers(&mut rule, since_ns / MS + 10, 20);
        assert!(rule.times.is_empty());
    }

    #[test]
    fn a_limit_that_stays_at_its_minimum_is_measured_anew() {
        let (mut rule, start) = measured(GradientSettings { min: Count::new(8), ..GradientSettings::default() });
        let mut stretches = 0;
        while matches!(rule.state, State::Follows { .. }) {
            answers(&mut rule, start + stretches * 100 + 50, 50);
            stretches += 1;
            rule.limit((start + stretches * 100) * MS, 7);
        }
        assert_eq!(stretches, 5);
    }
}
