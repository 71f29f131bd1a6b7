//! The services of a run, the busiest first, and the scalers.

use crate::numbers::short;
use crate::studies::run::listed::{
    CACHE_HEADS, SCALER_HEADS, SERVICE_HEADS, cache_cells, caches as caches_of, scaler_cells, service_cells, services,
    why_nothing,
};
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

pub(super) fn caches(study: &StudyResult, style: Style, out: &mut String) {
    let row = |(name, cache): (&String, &ServiceSummary)| TextRow {
        lead: String::new(),
        name: name.clone(),
        cells: cache_cells(cache, short).to_vec(),
    };
    let rows = caches_of(study).into_iter().map(row).collect();
    TextTable { title: "Caches", lead: 0, heads: &CACHE_HEADS, rows }.write(style, out);
}

pub(super) fn scalers(study: &StudyResult, style: Style, out: &mut String) {
    let row = |(name, scaler): (&String, &ScalerSummary)| TextRow {
        lead: String::new(),
        name: name.clone(),
        cells: scaler_cells(study, scaler).to_vec(),
    };
    let rows = study.summary.scalers.iter().map(row).collect();
    TextTable { title: "Scalers", lead: 0, heads: &SCALER_HEADS, rows }.write(style, out);
    for (name, scaler) in &study.summary.scalers {
        if let Some(text) = why_nothing(name, scaler) {
            out.push_str(&wrap(&text, "", style.sentence_width()));
        }
    }
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
    fn a_cache_says_how_many_lookups_found_a_value_and_stands_among_services_if_it_has_instances() {
        let mut study = sample::study();
        let exact = |x: f64| Estimate::exact(x);
        let mut cache = study.summary.services["gateway"].clone();
        cache.hit_ratio = Some(exact(0.97));
        cache.counters = [("hits", exact(9_700.0)), ("misses", exact(300.0)), ("regenerations", exact(120.0))].into();
        study.summary.services.insert("shared".into(), cache.clone());
        cache.in_memory = true;
        study.summary.services.insert("near".into(), cache);
        let mut out = String::new();
        caches(&study, PLAIN, &mut out);
        let cells = |line: &str| {
            crate::terminal::table::cells_of(line).into_iter().map(|c| c.replace('\u{a0}', " ")).collect::<Vec<_>>()
        };
        let lines: Vec<Vec<String>> = out.trim().lines().map(cells).collect();
        assert_eq!(lines[1], ["near", "97 %", "10,000", "120", "0", "0"], "{out}");
        assert_eq!(lines.len(), 3);
        let mut out = String::new();
        block(&study, PLAIN, &mut out);
        assert!(out.contains("shared") && !out.contains("near"), "{out}");
        let mut none = String::new();
        caches(&sample::study(), PLAIN, &mut none);
        assert!(none.is_empty(), "{none}");
    }

    #[test]
    fn a_scaler_says_its_range_what_it_wanted_and_how_often_it_scaled() {
        let mut study = sample::study();
        let steps = Estimate::exact(2.0);
        let scaler = ScalerSummary {
            of: "gateway".into(),
            moves: "instances",
            min: 2,
            max: 20,
            steps_up: steps,
            steps_down: steps,
            turns: Estimate::exact(1.0),
            moved: Estimate::exact(8.0),
            held: std::collections::BTreeMap::new(),
            forecast_error: None,
            without_data: None,
        };
        study.summary.scalers.insert("by-cpu".into(), scaler);
        let mut out = String::new();
        scalers(&study, PLAIN, &mut out);
        let last = out.lines().last().unwrap();
        assert_eq!(crate::terminal::table::cells_of(last), ["by-cpu", "gateway", "2–20", "4–8", "4", "1"], "{out}");
    }
}
