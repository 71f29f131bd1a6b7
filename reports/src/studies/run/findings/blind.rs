//! A scaler or an alert that never had data: it could do nothing.

use crate::Source;
use crate::numbers::grouped;
use crate::page::finding::Finding;
use sim_core::results::StudyResult;

/// From this share of looks without data on a scaler is said to be blind.
const SCALER: f64 = 0.5;
/// The same of an alert, for which no requests are often no data.
const ALERT: f64 = 1.0;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let scalers = study.summary.scalers.iter().map(|(name, s)| ("scaler", name, s.without_data, SCALER));
    let alerts = study.summary.alerts.iter().map(|(name, a)| ("alert", name, a.without_data, ALERT));
    let blind: Vec<(&str, &String, f64)> = scalers
        .chain(alerts)
        .filter_map(|(kind, name, share, bound)| Some((kind, name, share?.mean, bound)))
        .filter(|(_, _, share, bound)| share >= bound)
        .map(|(kind, name, share, _)| (kind, name, share))
        .collect();
    let (kind, name, share) = *blind.first()?;
    let others = match blind.len() - 1 {
        0 => String::new(),
        1 => ", and one other scaler or alert like it".into(),
        more => format!(", and {more} other scalers or alerts like it"),
    };
    let does = if kind == "scaler" { "changed nothing then" } else { "could not fire" };
    Some(Finding {
        what: format!(
            "The {kind} {name} had no data in {}\u{a0}% of its looks and {does}{others}.",
            grouped(share * 100.0, 0)
        ),
        why: "What it reads is not measured: a service with unlimited workers has no utilisation, a call without a hedge no hedges, and \
              a window without requests no shares."
            .into(),
        command: None,
        figure: None,
        weight: 95.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{Estimate, ScalerSummary};

    fn said(without_data: f64) -> Option<String> {
        let mut study = sample::study();
        let share = Estimate { mean: without_data, low: without_data, high: without_data };
        let none = Estimate::exact(0.0);
        let scaler = ScalerSummary {
            of: "gateway".into(),
            moves: "instances",
            min: 1,
            max: 9,
            steps_up: none,
            steps_down: none,
            turns: none,
            moved: Estimate::exact(8.0),
            held: std::collections::BTreeMap::new(),
            forecast_error: None,
            without_data: Some(share),
        };
        study.summary.scalers.insert("web".into(), scaler);
        look(&study, &sample::source()).map(|finding| finding.what)
    }

    #[test]
    fn a_scaler_without_data_is_said_and_one_with_data_is_not() {
        let text = said(1.0).unwrap();
        assert_eq!(text, "The scaler web had no data in 100\u{a0}% of its looks and changed nothing then.");
        assert_eq!(said(0.02), None);
    }
}
