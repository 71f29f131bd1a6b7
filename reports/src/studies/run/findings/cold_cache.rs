//! A cache that loses what it holds, and what comes to those who fill it until it is warm again.

use crate::Source;
use crate::numbers::plain;
use crate::page::finding::Finding;
use sim_core::results::{Estimate, FaultSpan, ServiceSeries, StudyResult, Unit, Window};

/// By how much the share of hits has to fall, of what it was.
const FELL: f64 = 0.2;
/// By how much what comes to those behind has to grow.
const GREW: f64 = 1.5;

/// What a fault did to a cache.
struct Cold<'a> {
    cache: &'a ServiceSeries,
    fault: &'a FaultSpan,
    /// The share of hits before the fault, and the least in a window after its begin.
    hits: (f64, f64),
    /// Who fills the cache, and how many times as much comes there in the worst window.
    behind: &'a ServiceSeries,
    times: f64,
}

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let faults = study.faults.iter().filter(|fault| fault.scheduled && fault.from_s > 0.0);
    let caches = || study.service_series.iter().filter(|series| !series.hit_ratio.is_empty());
    let all = faults.flat_map(|fault| caches().filter_map(move |cache| cold(study, cache, fault)));
    let worst = all.max_by(|a, b| a.times.total_cmp(&b.times))?;
    let share = |x: f64| plain((x * 1e3).round() / 1e3, Unit::Share);
    let Cold { cache, fault, hits: (before, after), behind, times } = worst;
    Some(Finding {
        what: format!(
            "When {} strikes, the hit ratio of {} falls from {} to {}, and {times:.1} times as much comes to {}.",
            fault.name,
            cache.name,
            share(before),
            share(after),
            behind.name
        ),
        why: format!("{} has to carry the load without the cache until that is warm again.", behind.name),
        command: None,
        figure: None,
        weight: 12.0 + times.min(20.0),
    })
}

/// What a fault did to a cache: the last minute before it, or three windows where they are longer, beside as much from its begin on and from its end
/// on, until the next fault begins. What is farther away may have had another load, and of many windows one is always far from the others.
fn cold<'a>(study: &'a StudyResult, cache: &'a ServiceSeries, fault: &'a FaultSpan) -> Option<Cold<'a>> {
    let others = study.faults.iter().filter(|other| other.name != fault.name);
    let next = others.map(|other| other.from_s).filter(|from| *from > fault.from_s).fold(f64::INFINITY, f64::min);
    let window_s = study.windows.first().map_or(0.0, |w| w.to_s - w.from_s);
    let near_s = (3.0 * window_s).max(60.0);
    let is_before = |w: &Window| w.to_s <= fault.from_s && w.from_s >= fault.from_s - near_s;
    let follows = |w: &Window, since: f64| w.to_s > since && w.from_s < since + near_s;
    let is_after = |w: &Window| (follows(w, fault.from_s) || follows(w, fault.to_s)) && w.from_s < next;
    let hits = |is_in: &dyn Fn(&Window) -> bool| -> Vec<Estimate> {
        let ratios = study.windows.iter().zip(&cache.hit_ratio).filter(|(w, _)| is_in(w));
        ratios.filter_map(|(_, ratio)| *ratio).collect()
    };
    let before = Usual::of(&hits(&is_before))?;
    let after = hits(&is_after).into_iter().min_by(|a, b| a.mean.total_cmp(&b.mean))?;
    if before.mean - after.mean < FELL * before.mean || !before.is_far_above(after.high) {
        return None;
    }
    let offered = |behind: &ServiceSeries, is_in: &dyn Fn(&Window) -> bool| -> Vec<Estimate> {
        let rates = study.windows.iter().zip(&behind.offered_per_s).filter(|(w, _)| is_in(w));
        rates.map(|(_, rate)| *rate).collect()
    };
    let times = |behind: &ServiceSeries| {
        let usual = Usual::of(&offered(behind, &is_before)).filter(|usual| usual.mean > 0.0)?;
        let most = offered(behind, &is_after).into_iter().max_by(|a, b| a.mean.total_cmp(&b.mean))?;
        usual.is_far_below(most.low).then_some(most.mean / usual.mean)
    };
    let behind = study.service_series.iter().filter(|series| cache.fills_from.contains(&series.name));
    let (behind, times) =
        behind.filter_map(|series| Some((series, times(series)?))).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (times >= GREW).then_some(Cold { cache, fault, hits: (before.mean, after.mean), behind, times })
}

/// What a number was in the windows before a fault, from the lowest end of their intervals to the highest. Where a run has no intervals, because it
/// is the only one, the windows tell how much the number differs by chance.
struct Usual {
    mean: f64,
    low: f64,
    high: f64,
}

impl Usual {
    fn of(windows: &[Estimate]) -> Option<Self> {
        let low = windows.iter().map(|window| window.low).min_by(f64::total_cmp)?;
        let high = windows.iter().map(|window| window.high).max_by(f64::total_cmp)?;
        let mean = windows.iter().map(|window| window.mean).sum::<f64>() / windows.len() as f64;
        Some(Self { mean, low, high })
    }

    /// Whether a number lies below all of these, by more than they lie apart.
    fn is_far_above(&self, number: f64) -> bool {
        self.low - number > self.high - self.low
    }

    fn is_far_below(&self, number: f64) -> bool {
        number - self.high > self.high - self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    /// The sample, whose payments are cached: a share of hits before its fault and one in its first minute, and what comes to `payment` then.
    fn cached(before: f64, after: f64, times: f64) -> StudyResult {
        let mut study = sample::study();
        let from_s = study.faults[0].from_s;
        let cold = |w: &Window| w.from_s >= from_s && w.from_s < from_s + 60.0;
        let ratios: Vec<Option<Estimate>> =
            study.windows.iter().map(|w| Some(Estimate::exact(if cold(w) { after } else { before }))).collect();
        let rates: Vec<Estimate> =
            study.windows.iter().map(|w| Estimate::exact(if cold(w) { 10.0 * times } else { 10.0 })).collect();
        let behind = study.service_series.iter_mut().find(|series| series.name == "payment").unwrap();
        behind.offered_per_s = rates;
        let mut cache = behind.clone();
        (cache.name, cache.hit_ratio, cache.fills_from) = ("cards".into(), ratios, vec!["payment".into()]);
        study.service_series.push(cache);
        study
    }

    #[test]
    fn says_how_far_the_hit_ratio_falls_and_what_comes_to_the_store_then() {
        let found = look(&cached(0.9, 0.2, 8.0), &sample::source()).unwrap();
        let fault = &sample::study().faults[0].name;
        assert_eq!(
            found.what.replace('\u{a0}', " "),
            format!(
                "When {fault} strikes, the hit ratio of cards falls from 90 % to 20 %, and 8.0 times as much comes to payment."
            )
        );
    }

    #[test]
    fn is_silent_where_the_ratio_or_the_load_stays_and_where_the_fault_comes_at_random() {
        for (before, after, times) in [(0.9, 0.8, 2.0), (0.9, 0.2, 1.2)] {
            assert!(look(&cached(before, after, times), &sample::source()).is_none(), "{before} {after} {times}");
        }
        assert!(look(&sample::study(), &sample::source()).is_none(), "nothing is cached");
        let mut random = cached(0.9, 0.2, 8.0);
        random.faults.iter_mut().for_each(|fault| fault.scheduled = false);
        assert!(look(&random, &sample::source()).is_none());
    }
    /// The same, with the half width of its intervals, as parts of what they are around.
    fn spread(mut study: StudyResult, part: f64) -> StudyResult {
        let widen = |e: &mut Estimate| (e.low, e.high) = (e.mean * (1.0 - part), e.mean * (1.0 + part));
        for series in &mut study.service_series {
            series.hit_ratio.iter_mut().flatten().for_each(widen);
            series.offered_per_s.iter_mut().for_each(widen);
        }
        study
    }

    #[test]
    fn is_silent_where_intervals_meet_and_where_windows_differ_as_much_by_chance() {
        let found = |study: &StudyResult| look(study, &sample::source()).is_some();
        assert!(found(&spread(cached(0.9, 0.6, 2.0), 0.05)));
        assert!(!found(&spread(cached(0.9, 0.6, 2.0), 0.25)), "what is measured may be the same");
        // One run has no intervals: half of its windows have few hits, before the fault as after it.
        let mut noisy = cached(0.9, 0.6, 2.0);
        for series in &mut noisy.service_series {
            series.hit_ratio.iter_mut().step_by(2).for_each(|ratio| *ratio = ratio.map(|_| Estimate::exact(0.65)));
            series.offered_per_s.iter_mut().step_by(2).for_each(|rate| *rate = Estimate::exact(16.0));
        }
        assert!(!found(&noisy));
        // One bad window long after the fault is not the fault's.
        let mut late = cached(0.9, 0.9, 1.0);
        let last = late.windows.len() - 1;
        for series in &mut late.service_series {
            series.hit_ratio.iter_mut().skip(last).for_each(|ratio| *ratio = Some(Estimate::exact(0.2)));
            series.offered_per_s.iter_mut().skip(last).for_each(|rate| *rate = Estimate::exact(80.0));
        }
        let fault = &late.faults[0];
        assert!(late.windows[last].from_s > fault.to_s + 60.0 && !found(&late), "{} s", fault.to_s);
    }
}
