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

/// What a fault did to a cache: the last minute before it, or three windows where they are longer, beside the windows from its begin on, until
/// the next fault begins. What is farther back may have had another load.
fn cold<'a>(study: &'a StudyResult, cache: &'a ServiceSeries, fault: &'a FaultSpan) -> Option<Cold<'a>> {
    let others = study.faults.iter().filter(|other| other.name != fault.name);
    let next = others.map(|other| other.from_s).filter(|from| *from > fault.from_s).fold(f64::INFINITY, f64::min);
    let window_s = study.windows.first().map_or(0.0, |w| w.to_s - w.from_s);
    let is_before = |w: &Window| w.to_s <= fault.from_s && w.from_s >= fault.from_s - (3.0 * window_s).max(60.0);
    let is_after = |w: &Window| w.to_s > fault.from_s && w.from_s < next;
    let hits = |is_in: &dyn Fn(&Window) -> bool| -> Vec<f64> {
        let ratios = study.windows.iter().zip(&cache.hit_ratio).filter(|(w, _)| is_in(w));
        ratios.filter_map(|(_, ratio)| Some(ratio.as_ref()?.mean)).collect()
    };
    let before = mean(&hits(&is_before))?;
    let after = hits(&is_after).into_iter().min_by(f64::total_cmp)?;
    if before - after < FELL * before {
        return None;
    }
    let offered = |behind: &ServiceSeries, is_in: &dyn Fn(&Window) -> bool| -> Vec<f64> {
        let rates = study.windows.iter().zip(&behind.offered_per_s).filter(|(w, _)| is_in(w));
        rates.map(|(_, rate): (_, &Estimate)| rate.mean).collect()
    };
    let times = |behind: &ServiceSeries| {
        let usual = mean(&offered(behind, &is_before)).filter(|usual| *usual > 0.0)?;
        Some(offered(behind, &is_after).into_iter().max_by(f64::total_cmp)? / usual)
    };
    let behind = study.service_series.iter().filter(|series| cache.fills_from.contains(&series.name));
    let (behind, times) =
        behind.filter_map(|series| Some((series, times(series)?))).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (times >= GREW).then_some(Cold { cache, fault, hits: (before, after), behind, times })
}

fn mean(of: &[f64]) -> Option<f64> {
    (!of.is_empty()).then(|| of.iter().sum::<f64>() / of.len() as f64)
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
}
