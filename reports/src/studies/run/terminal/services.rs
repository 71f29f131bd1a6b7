//! The services of a run, the busiest first, and the scalers.

use crate::numbers::short;
use crate::studies::run::listed::{SCALER_HEADS, SERVICE_HEADS, scaler_cells, service_cells, services};
use crate::terminal::Style;
use crate::terminal::table::{TextRow, TextTable};
use crate::terminal::text::wrap;
use sim_core::results::{ScalerSummary, ServiceSummary, StudyResult};

/// Services that are listed; the rest is in the report.
const MOST: usize = 6;

pub(super) fn block(study: &StudyResult, style: Style, out: &mut String) {
    let all = services(study);
    let row = |(name, service): &(&String, &ServiceSummary)| TextRow {
        lead: String::new(),
        name: (*name).clone(),
        cells: service_cells(service, short).to_vec(),
    };
    let rows = all.iter().take(MOST).map(row).collect();
    TextTable { title: "Services", lead: 0, heads: &SERVICE_HEADS, rows }.write(style, out);
    let more = all.len().saturating_sub(MOST);
    if more > 0 {
        let which = if more == 1 { "1 more service is".to_owned() } else { format!("{more} more services are") };
        out.push_str(&wrap(&format!("{which} in the report."), "", style.sentence_width()));
    }
}

pub(super) fn scalers(study: &StudyResult, style: Style, out: &mut String) {
    let row = |(name, scaler): (&String, &ScalerSummary)| TextRow {
        lead: String::new(),
        name: name.clone(),
        cells: scaler_cells(study, scaler).to_vec(),
    };
    let rows = study.summary.scalers.iter().map(row).collect();
    TextTable { title: "Scalers", lead: 0, heads: &SCALER_HEADS, rows }.write(style, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    const PLAIN: Style = Style { colour: false, plain: true, width: 100 };

    #[test]
    fn the_services_with_the_longest_waits_come_first_and_the_rest_is_counted() {
        let mut study = sample::study();
        let gateway = study.summary.services["gateway"].clone();
        for place in 0..8 {
            let mut other = gateway.clone();
            other.queue_wait_s = None;
            study.summary.services.insert(format!("idle-{place}"), other);
        }
        let mut out = String::new();
        block(&study, PLAIN, &mut out);
        let lines: Vec<&str> = out.trim().lines().collect();
        assert!(lines[0].starts_with("Services") && lines[1].starts_with("gateway"), "{out}");
        assert_eq!(*lines.last().unwrap(), "3 more services are in the report.");
        assert_eq!(lines.len(), MOST + 2);
    }

    #[test]
    fn a_scaler_says_its_range_what_it_wanted_and_how_often_it_scaled() {
        let mut study = sample::study();
        let steps = Estimate::exact(2.0);
        let scaler = ScalerSummary {
            of: "gateway".into(),
            min: 2,
            max: 20,
            steps_up: steps,
            steps_down: steps,
            turns: Estimate::exact(1.0),
            without_data: None,
        };
        study.summary.scalers.insert("by-cpu".into(), scaler);
        let mut out = String::new();
        scalers(&study, PLAIN, &mut out);
        let last = out.lines().last().unwrap();
        assert_eq!(crate::terminal::table::cells_of(last), ["by-cpu", "gateway", "2–20", "4–8", "4", "1"], "{out}");
    }
}
