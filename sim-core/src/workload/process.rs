//! The running form of open arrivals: when does the next request come?
//!
//! Poisson arrivals without shapes take one exponential draw each. With shapes they are thinned (Lewis and Shedler 1979): time is
//! cut into pieces, each with a bound on the factor; candidates come at the bound's rate, and each is kept with the probability
//! factor / bound. A candidate beyond its piece is dropped and drawing begins anew at the piece's end, which the lack of memory of
//! the exponential allows; so the process is exact. Where the factor equals the bound no second draw is made. Constant and renewal
//! gaps are divided by the factor at the moment at which they begin. Closed loads give nothing here: the world drives them.

use super::Arrival;
use super::burst::Coming;
use super::replay::Replay;
use super::shape::{self, Piece, Shape};
use crate::dist::{Exponential, Sampler};
use crate::engine::math::whole_ns;
use crate::engine::rng::Stream;
use std::sync::Arc;

/// Nanoseconds of a second.
const SECOND_NS: f64 = 1e9;

/// Draws the arrivals of one open load class. Time is that of the engine: nanoseconds since the start of the warm-up.
#[derive(Debug, Clone)]
pub struct ArrivalProcess {
    source: Source,
    shapes: Vec<Shape>,
    /// Engine time of time 0 [ns].
    zero_ns: u64,
    /// Time of the week at time 0 [ns].
    start_of_week_ns: u64,
    stream: Stream,
    /// The piece in which the last candidate was drawn; times from time 0.
    piece: Piece,
}

#[derive(Debug, Clone)]
enum Source {
    /// The gap after the next one is drawn ahead where nothing shapes it, so that nobody has to wait for it.
    Poisson {
        per_ns: f64,
        gap: Exponential,
        ahead_ns: u64,
    },
    Gaps {
        between: Sampler,
        faster: f64,
    },
    Constant {
        gap_ns: f64,
        owed_ns: f64,
    },
    Times {
        times: Arc<[u64]>,
        next: usize,
    },
    Rates {
        rates: Arc<[(u64, f64)]>,
    },
    Bursts(Coming),
}

impl ArrivalProcess {
    /// The arrivals of a load class whose warm-up lasts `warm_up_ns`, when time 0 is `start_of_week_ns` after Monday 0h; `None`
    /// for closed load, whose users the world drives.
    pub fn new(
        arrival: &Arrival,
        shapes: &[Shape],
        stream: Stream,
        warm_up_ns: u64,
        start_of_week_ns: u64,
    ) -> Option<Self> {
        let mut stream = stream;
        let source = match arrival {
            Arrival::Poisson { rate } => {
                let gap = Exponential::new(SECOND_NS / rate);
                let ahead_ns = if shapes.is_empty() { ahead(&mut stream, gap) } else { 0 };
                Source::Poisson { per_ns: rate / SECOND_NS, gap, ahead_ns }
            }
            Arrival::Constant { rate } => Source::Constant { gap_ns: SECOND_NS / rate, owed_ns: 0.0 },
            Arrival::Renewal { between, faster } => Source::Gaps { between: between.build(), faster: *faster },
            Arrival::Replay(Replay::Times(times)) => Source::Times { times: times.clone(), next: 0 },
            Arrival::Replay(Replay::Rates(rates)) => Source::Rates { rates: rates.clone() },
            Arrival::Burst(bursts) => Source::Bursts(Coming::new(*bursts)),
            Arrival::Closed { .. } => return None,
        };
        let piece = Piece { until_ns: i64::MIN, bound: 0.0 };
        Some(Self { source, shapes: shapes.to_vec(), zero_ns: warm_up_ns, start_of_week_ns, stream, piece })
    }

    /// When the next request comes, after the last one at `now_ns` (the start, for the first); `None` is never again. [ns]
    #[inline(always)]
    pub fn next(&mut self, now_ns: u64) -> Option<u64> {
        match &mut self.source {
            Source::Poisson { gap, ahead_ns, .. } if self.shapes.is_empty() => {
                let next = now_ns.checked_add(*ahead_ns);
                *ahead_ns = ahead(&mut self.stream, *gap);
                next
            }
            _ => self.next_of_others(now_ns),
        }
    }

    fn next_of_others(&mut self, now_ns: u64) -> Option<u64> {
        match &mut self.source {
            Source::Poisson { per_ns, .. } => {
                let per_ns = *per_ns;
                self.thinned(now_ns, per_ns)
            }
            Source::Gaps { between, faster } => {
                let (gap_ns, faster) = (between.sample(&mut self.stream), *faster);
                let factor = self.factor(now_ns) * faster;
                now_ns.checked_add(whole(gap_ns / factor)?)
            }
            Source::Constant { .. } => self.step(now_ns),
            Source::Times { times, next } => {
                let time = times.get(*next)?;
                *next += 1;
                time.checked_add(self.zero_ns)
            }
            Source::Bursts(coming) => coming.next()?.checked_add(self.zero_ns),
            Source::Rates { rates } => {
                let rates = rates.clone();
                self.by_interval(now_ns, &rates)
            }
        }
    }

    fn since_zero(&self, now_ns: u64) -> i64 {
        now_ns as i64 - self.zero_ns as i64
    }

    fn factor(&self, now_ns: u64) -> f64 {
        if self.shapes.is_empty() {
            return 1.0;
        }
        shape::factor(&self.shapes, self.since_zero(now_ns), self.start_of_week_ns)
    }

    /// The next step of equal gaps; what rounding to nanoseconds takes is owed to the next gap.
    fn step(&mut self, now_ns: u64) -> Option<u64> {
        let factor = self.factor(now_ns);
        let Source::Constant { gap_ns, owed_ns } = &mut self.source else { return None };
        let exact = *gap_ns / factor + *owed_ns;
        // Gaps of less than half a nanosecond: what was taken too early is less than what is owed.
        let gap = whole(exact.max(0.0))?;
        *owed_ns = exact - gap as f64;
        now_ns.checked_add(gap)
    }

    fn thinned(&mut self, now_ns: u64, per_ns: f64) -> Option<u64> {
        let mut at_ns = now_ns;
        loop {
            let from_zero = self.since_zero(at_ns);
            if from_zero >= self.piece.until_ns {
                self.piece = shape::piece(&self.shapes, from_zero, self.start_of_week_ns);
            }
            let Piece { until_ns, bound } = self.piece;
            let gap_ns = if bound > 0.0 { exponential(&mut self.stream) / (per_ns * bound) } else { f64::INFINITY };
            let Some(candidate) = whole(gap_ns).and_then(|gap| from_zero.checked_add_unsigned(gap)) else {
                at_ns = self.engine_time(until_ns)?;
                continue;
            };
            if candidate >= until_ns {
                at_ns = self.engine_time(until_ns)?;
                continue;
            }
            at_ns = self.engine_time(candidate)?;
            let factor = shape::factor(&self.shapes, candidate, self.start_of_week_ns);
            if factor >= bound || self.stream.unit() * bound < factor {
                return Some(at_ns);
            }
        }
    }

    /// Poisson at the rate of the interval; the first rate holds before it too.
    fn by_interval(&mut self, now_ns: u64, rates: &[(u64, f64)]) -> Option<u64> {
        let mut at_ns = now_ns;
        loop {
            let from_zero = self.since_zero(at_ns);
            let place = rates.partition_point(|(from, _)| i64::try_from(*from).is_ok_and(|from| from <= from_zero));
            let rate = rates.get(place.saturating_sub(1))?.1;
            // Before the first interval the first rate holds, until the second interval begins.
            let until_ns =
                rates.get(place.max(1)).map_or(i64::MAX, |(from, _)| i64::try_from(*from).unwrap_or(i64::MAX));
            let gap_ns = if rate > 0.0 { exponential(&mut self.stream) * SECOND_NS / rate } else { f64::INFINITY };
            match whole(gap_ns).and_then(|gap| from_zero.checked_add_unsigned(gap)) {
                Some(candidate) if candidate < until_ns => return self.engine_time(candidate),
                _ => at_ns = self.engine_time(until_ns)?,
            }
        }
    }

    /// Engine time of a time from time 0; `None` is never.
    fn engine_time(&self, from_zero_ns: i64) -> Option<u64> {
        (from_zero_ns != i64::MAX).then(|| self.zero_ns.checked_add_signed(from_zero_ns))?
    }
}

/// An exponential draw of mean 1.
fn exponential(stream: &mut Stream) -> f64 {
    Exponential::new(1.0).sample(stream)
}

/// A gap between two Poisson arrivals [ns]; the greatest number is never again.
#[inline(always)]
fn ahead(stream: &mut Stream, gap: Exponential) -> u64 {
    whole(gap.sample(stream)).unwrap_or(u64::MAX)
}

/// Whole nanoseconds, at most 146 years; `None` where there is no end.
#[inline(always)]
fn whole(ns: f64) -> Option<u64> {
    (ns < 4.6e18).then(|| whole_ns(ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn process(arrival: &Arrival, shapes: serde_json::Value, warm_up_s: u64) -> ArrivalProcess {
        let shapes: Vec<Shape> = serde_json::from_value(shapes).unwrap();
        ArrivalProcess::new(arrival, &shapes, Stream::new(7, 0, "users", "arrivals"), warm_up_s * SECOND, 0).unwrap()
    }

    #[test]
    fn constant_gaps_below_a_nanosecond_keep_their_rate() {
        let mut fast = process(&Arrival::Constant { rate: 1e13 }, serde_json::json!([]), 0);
        let mut now = 0;
        (0..1_000_000).for_each(|_| now = fast.next(now).unwrap());
        assert_eq!(now, 100, "ten thousand a nanosecond");
    }

    /// Arrivals in windows of a second each, from the start of the warm-up.
    fn counts(mut process: ArrivalProcess, seconds: usize) -> Vec<f64> {
        let mut counts = vec![0.0; seconds];
        let mut now = 0;
        while let Some(next) = process.next(now) {
            assert!(next >= now);
            let window = (next / SECOND) as usize;
            if window >= seconds {
                break;
            }
            counts[window] += 1.0;
            now = next;
        }
        counts
    }

    /// The count of each window lies within 5 standard deviations of the integral of the rate over it.
    fn check(counts: &[f64], expect: impl Fn(f64) -> f64) {
        for (second, count) in counts.iter().enumerate() {
            let mean = (0..100).map(|i| expect(second as f64 + (f64::from(i) + 0.5) / 100.0)).sum::<f64>() / 100.0;
            assert!((count - mean).abs() <= 5.0 * mean.sqrt() + 1e-9, "second {second}: {count}, expected {mean}");
        }
    }

    #[test]
    fn twice_the_load_comes_twice_as_often() {
        let mean = 1e9 / 50.0;
        let between: crate::dist::Distribution =
            serde_json::from_str(r#"{"uniform": {"from": "10ms", "to": "30ms"}}"#).unwrap();
        for arrival in [
            Arrival::Poisson { rate: 1e9 / mean },
            Arrival::Constant { rate: 1e9 / mean },
            Arrival::Renewal { between, faster: 1.0 },
        ] {
            let last = |arrival: &Arrival| {
                let mut process = process(arrival, serde_json::json!([]), 0);
                (0..4000).fold(0, |now, _| process.next(now).unwrap())
            };
            let (once, twice) = (last(&arrival), last(&arrival.scaled(2.0).unwrap()));
            assert!((once as f64 / twice as f64 - 2.0).abs() < 1e-3, "{arrival:?}: {once} and {twice}");
        }
    }

    #[test]
    fn poisson_counts_follow_the_rate() {
        let counts = counts(process(&Arrival::Poisson { rate: 1000.0 }, serde_json::json!([]), 0), 50);
        check(&counts, |_| 1000.0);
        let mean = counts.iter().sum::<f64>() / 50.0;
        let variance = counts.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / 49.0;
        assert!((variance / mean - 1.0).abs() < 0.9, "index of dispersion {}", variance / mean);
    }

    #[test]
    fn shaped_poisson_counts_follow_the_integral_of_the_rate() {
        let shapes = serde_json::json!([{"spike": {"at": "5s", "for": "5s", "factor": 3}}, {"ramp": {"at": "10s", "for": "20s", "factor": 5}}]);
        let counts = counts(process(&Arrival::Poisson { rate: 1000.0 }, shapes, 10), 60);
        check(&counts, |t| {
            let t = t - 10.0;
            let spike = if (5.0..10.0).contains(&t) { 3.0 } else { 1.0 };
            1000.0 * spike * (1.0 + 4.0 * ((t - 10.0) / 20.0).clamp(0.0, 1.0))
        });
    }

    #[test]
    fn constant_gaps_scale_with_the_factor_and_do_not_drift() {
        let shapes = serde_json::json!([{"step": {"at": "5s", "factor": 2}}]);
        let counts = counts(process(&Arrival::Constant { rate: 3.0 }, shapes, 0), 10);
        assert_eq!(counts[1..5], [3.0; 4]);
        assert_eq!(counts[6..9], [6.0; 3]);
        let mut exact = process(&Arrival::Constant { rate: 3.0 }, serde_json::json!([]), 0);
        let last = (0..3_000_000).fold(0, |now, _| exact.next(now).unwrap());
        assert_eq!(last, 1_000_000 * SECOND);
    }

    #[test]
    fn renewal_gaps_scale_with_the_factor() {
        let between = crate::dist::Distribution::constant(crate::units::SimDuration::from_ns(SECOND / 4));
        let shapes = serde_json::json!([{"step": {"at": "5s", "factor": 2}}]);
        let counts = counts(process(&Arrival::Renewal { between, faster: 1.0 }, shapes, 0), 9);
        assert_eq!((counts[2], counts[7]), (4.0, 8.0));
    }

    #[test]
    fn replayed_times_come_after_the_warm_up() {
        let times = Arrival::Replay(Replay::Times(vec![1, 5].into()));
        let mut process = process(&times, serde_json::json!([]), 1);
        assert_eq!(process.next(0), Some(SECOND + 1));
        assert_eq!(process.next(SECOND + 1), Some(SECOND + 5));
        assert_eq!(process.next(SECOND + 5), None);
    }

    #[test]
    fn replayed_rates_hold_by_interval() {
        let rates = Arrival::Replay(Replay::Rates(vec![(0, 500.0), (10 * SECOND, 0.0), (15 * SECOND, 2000.0)].into()));
        let counts = counts(process(&rates, serde_json::json!([]), 5), 30);
        check(&counts, |t| match t - 5.0 {
            t if t < 10.0 => 500.0,
            t if t < 15.0 => 0.0,
            _ => 2000.0,
        });
    }

    #[test]
    fn closed_load_has_no_arrivals_of_its_own() {
        let think = crate::dist::Distribution::constant(crate::units::SimDuration::ZERO);
        let stream = Stream::new(7, 0, "users", "arrivals");
        let users = Arrival::Closed { users: 3, first: think.clone(), think };
        assert!(ArrivalProcess::new(&users, &[], stream, 0, 0).is_none());
    }
}
