//! A scaler that removes instances while as many requests come as before, until those that are left have too much to do.

use crate::Source;
use crate::numbers::{clock, grouped, plain};
use crate::page::finding::Finding;
use sim_core::results::{ServiceSeries, StudyResult, Unit};

/// Share of the instances that is worth a word.
const MANY: f64 = 0.4;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let all = study.service_series.iter().filter(|service| service.scaled);
    let found = all.filter_map(|service| Some((service, removed(service)?)));
    let (service, (before, after)) = found.max_by(|a, b| gone(a.0, a.1).total_cmp(&gone(b.0, b.1)))?;
    let at = |window: usize| Some(clock(study.windows.get(window)?.from_s));
    let (name, peak) = (&service.name, service.instances[before].mean);
    let offered = |window: usize| plain(service.offered_per_s[window].mean, Unit::PerSecond);
    let held = service.utilisation[after].map_or_else(String::new, |used| {
        format!("{:.0}\u{a0}% of the workers that are left are held, and ", used.mean * 100.0)
    });
    Some(Finding {
        what: format!(
            "The scaler of {name} removes {} of {} instances between {} and {}, while {} requests come, and {} before.",
            grouped(gone(service, (before, after)), 0),
            grouped(peak, 0),
            at(before)?,
            at(after)?,
            offered(after),
            offered(before)
        ),
        why: format!("Then {held}{} requests wait.", grouped(service.queue_length[after].mean, 0)),
        command: None,
        figure: Some("instances".into()),
        weight: 30.0,
    })
}

/// Instances that are gone from one window to another.
fn gone(service: &ServiceSeries, (before, after): (usize, usize)) -> f64 {
    service.instances[before].mean - service.instances[after].mean
}

/// The window with the most instances, and a later one with the fewest for as much load, in which they have too much to do. Instances
/// that a fault has taken are not meant: the scaler itself wants so few.
fn removed(service: &ServiceSeries) -> Option<(usize, usize)> {
    let instances = |window: usize| service.instances[window].mean;
    let mut peak = 0;
    let mut found: Option<(usize, usize)> = None;
    for window in 0..service.instances.len() {
        if instances(window) > instances(peak) {
            peak = window;
        }
        let few = instances(peak) * (1.0 - MANY);
        let is_wanted = service.wanted[window].mean <= few && instances(window) <= few.min(instances(peak) - 1.0);
        let is_loaded = service.offered_per_s[window].mean >= 0.9 * service.offered_per_s[peak].mean;
        let used = service.utilisation[window].map_or(0.0, |used| used.mean);
        let is_too_much = used > 0.95 && service.queue_length[window].mean > 1.0;
        let is_more = found.is_none_or(|found| gone(service, found) < gone(service, (peak, window)));
        if is_wanted && is_loaded && is_too_much && is_more {
            found = Some((peak, window));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    /// A study whose scaler keeps 20 instances in the first half of the run and 5 in the second, as loaded as said.
    fn study(load: f64, used: f64, wanted: f64) -> StudyResult {
        let mut study = sample::study();
        let service = study.service_series.iter_mut().find(|service| service.scaled).unwrap();
        let half = service.instances.len() / 2;
        for window in 0..service.instances.len() {
            let is_late = window >= half;
            let of = |early: f64, late: f64| Estimate::exact(if is_late { late } else { early });
            service.instances[window] = of(20.0, 5.0);
            service.wanted[window] = of(20.0, wanted);
            service.offered_per_s[window] = of(800.0, load);
            service.queue_length[window] = of(0.0, 300.0);
            service.utilisation[window] = Some(of(0.3, used));
        }
        study
    }

    #[test]
    fn says_how_many_instances_a_scaler_removed_under_load() {
        let found = look(&study(790.0, 1.0, 5.0), &sample::source()).unwrap();
        assert!(found.what.contains("removes 15 of 20 instances between 0:00 and 7:30"), "{}", found.what);
        assert_eq!(
            found.why.replace('\u{a0}', " "),
            "Then 100 % of the workers that are left are held, and 300 requests wait."
        );
    }

    #[test]
    fn is_silent_where_load_falls_room_is_left_or_a_fault_took_the_instances() {
        for (load, used, wanted) in [(200.0, 1.0, 5.0), (790.0, 0.6, 5.0), (790.0, 1.0, 20.0)] {
            assert!(look(&study(load, used, wanted), &sample::source()).is_none(), "{load} {used} {wanted}");
        }
    }
}
