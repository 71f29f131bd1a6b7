//! A scaler that goes up and down more often than the load does.

use crate::Source;
use crate::numbers::{grouped, plain};
use crate::page::finding::Finding;
use sim_core::results::{Estimate, ScalerSummary, ServiceSeries, StudyResult, Unit};

/// Fewer reversals than this in a run are no oscillation.
const FEWEST: f64 = 4.0;
/// So many times as many reversals as the load has.
const TIMES: f64 = 3.0;
/// A swing smaller than this share of the instances is no harm.
const WORTH: f64 = 0.1;
/// A change of load smaller than this share of its mean is none.
const LOAD: f64 = 0.15;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let of_instances = study.summary.scalers.iter().filter(|(_, scaler)| scaler.moves == "instances");
    let all = of_instances.filter_map(|(name, scaler)| {
        let series = study.service_series.iter().find(|series| series.name == scaler.of)?;
        oscillates(scaler, series).map(|swing| (name, scaler, series, swing))
    });
    let (name, scaler, series, swing) = all.max_by(|a, b| a.1.turns.mean.total_cmp(&b.1.turns.mean))?;
    let load = match turns(&series.offered_per_s) {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    };
    Some(Finding {
        what: format!(
            "The scaler {name} oscillates: it changes its direction {} times a run, {} instances up and down, while load does so {load}.",
            plain(scaler.turns.mean, Unit::Count),
            grouped(swing, 0)
        ),
        why: "A scaler that is quicker than its instances start and telemetry tells acts on readings that do not show yet what it has done. A \
              cool-down or stabilization window longer than both, or a wider tolerance, ends that."
            .into(),
        command: None,
        figure: Some("instances".into()),
        weight: 35.0,
    })
}

/// The mean size of a swing, where a scaler turns more often than its load.
fn oscillates(scaler: &ScalerSummary, series: &ServiceSeries) -> Option<f64> {
    let reversals = scaler.turns.mean;
    let instances = series.instances.iter().map(|e| e.mean).sum::<f64>() / series.instances.len().max(1) as f64;
    // Between two reversals lies a swing, of several steps as a rule.
    let swing = scaler.moved.mean / (reversals + 1.0);
    let by_load = turns(&series.offered_per_s) as f64;
    let is_often = reversals >= FEWEST && reversals >= TIMES * (by_load + 1.0);
    (is_often && swing >= 1.0 && swing >= WORTH * instances).then_some(swing)
}

/// How often the load turns by a part of its mean that is worth it.
fn turns(offered: &[Estimate]) -> usize {
    let mean = offered.iter().map(|e| e.mean).sum::<f64>() / offered.len().max(1) as f64;
    let least = LOAD * mean;
    let (mut turns, mut extreme, mut goes_up): (usize, f64, Option<bool>) =
        (0, offered.first().map_or(0.0, |e| e.mean), None);
    for value in offered.iter().map(|e| e.mean) {
        let is_further = goes_up.is_some_and(|up| if up { value > extreme } else { value < extreme });
        if is_further {
            extreme = value;
        } else if (value - extreme).abs() >= least {
            turns += usize::from(goes_up.is_some());
            (goes_up, extreme) = (Some(value > extreme), value);
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    /// What is said of a scaler of ten instances with so many reversals, that moves so many instances in all, under a load that swings so often.
    fn said(reversals: f64, moved: f64, swings: usize) -> Option<String> {
        let mut study = sample::study();
        let series = study.service_series.iter_mut().find(|series| series.scaled).unwrap();
        let windows = series.instances.len();
        for window in 0..windows {
            series.instances[window] = Estimate::exact(10.0);
            let is_high = window * (swings + 1) / windows % 2 == 1;
            series.offered_per_s[window] = Estimate::exact(if is_high { 200.0 } else { 100.0 });
        }
        let exact = Estimate::exact;
        let scaler = ScalerSummary {
            of: series.name.clone(),
            moves: "instances",
            min: 1,
            max: 100,
            steps_up: exact(reversals / 2.0),
            steps_down: exact(reversals / 2.0),
            turns: exact(reversals),
            moved: exact(moved),
            held: std::collections::BTreeMap::new(),
            forecast_error: None,
            without_data: None,
        };
        study.summary.scalers.insert("by-cpu".into(), scaler);
        look(&study, &sample::source()).map(|finding| finding.what)
    }

    #[test]
    fn a_scaler_that_turns_more_often_than_its_load_is_told() {
        assert_eq!(
            said(12.0, 39.0, 0).unwrap(),
            "The scaler by-cpu oscillates: it changes its direction 12 times a run, 3 instances up and down, while load does so not at all."
        );
        assert!(said(12.0, 39.0, 2).unwrap().ends_with("while load does so once."));
    }

    #[test]
    fn one_that_follows_its_load_or_moves_little_is_not() {
        // The load goes up and down as often.
        assert_eq!(said(12.0, 39.0, 12), None);
        // Half an instance at a time.
        assert_eq!(said(12.0, 6.0, 0), None);
        // Up once and down once.
        assert_eq!(said(1.0, 39.0, 0), None);
    }
}
