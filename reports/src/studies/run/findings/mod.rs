//! What matters of a run, in sentences with numbers: one finding a file, ranked by what it costs.

pub mod backlog;
mod blind;
mod breaker;
mod cause;
mod cold_cache;
mod fallback;
mod fault_window;
mod flapping;
mod for_nobody;
mod inconclusive;
mod limits;
mod lossy;
mod lost_records;
mod no_timeout;
mod oscillates;
mod refused;
mod retries;
mod scaled_in;
mod stays_down;
mod stopped;
mod thinned;
mod unanswered;
mod workers;

use crate::Source;
use crate::page::finding::Finding;
use sim_core::results::{EndpointSeries, StudyResult};

/// What looks for a finding.
type Look = fn(&StudyResult, &Source) -> Option<Finding>;

/// All that is looked for.
pub const ALL: &[(&str, Look)] = &[
    ("stopped", stopped::look),
    ("thinned", thinned::look),
    ("limits", limits::look),
    ("unanswered", unanswered::look),
    ("backlog", backlog::look),
    ("blind", blind::look),
    ("lost_records", lost_records::look),
    ("refused", refused::look),
    ("cause", cause::look),
    ("stays_down", stays_down::look),
    ("breaker", breaker::look),
    ("lossy", lossy::look),
    ("cold_cache", cold_cache::look),
    ("scaled_in", scaled_in::look),
    ("oscillates", oscillates::look),
    ("workers", workers::look),
    ("fallback", fallback::look),
    ("retries", retries::look),
    ("for_nobody", for_nobody::look),
    ("fault_window", fault_window::look),
    ("flapping", flapping::look),
    ("no_timeout", no_timeout::look),
    ("inconclusive", inconclusive::look),
];

/// The findings of a study, the weightiest first.
pub fn find(study: &StudyResult, source: &Source) -> Vec<Finding> {
    let mut found: Vec<Finding> = ALL.iter().filter_map(|(_, look)| look(study, source)).collect();
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found
}

/// Requests by outcome in a stretch of time [s], per replication; windows count by the part that lies within.
pub fn outcomes(study: &StudyResult, series: &EndpointSeries, stretch: (f64, f64)) -> [f64; 8] {
    let within = |w: &sim_core::results::Window| (w.to_s.min(stretch.1) - w.from_s.max(stretch.0)).max(0.0);
    std::array::from_fn(|o| study.windows.iter().zip(&series.outcomes_per_s[o]).map(|(w, e)| within(w) * e.mean).sum())
}

/// Share of requests answered in a stretch of time [s].
pub fn answered(study: &StudyResult, series: &EndpointSeries, stretch: (f64, f64)) -> Option<f64> {
    let all = outcomes(study, series, stretch);
    let sum: f64 = all.iter().sum();
    (sum > 0.0).then(|| (all[0] + all[1]) / sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn findings_are_sentences_and_the_weightiest_comes_first() {
        let found = find(&sample::study(), &sample::source());
        assert!(found.len() >= 4, "only {} findings", found.len());
        assert!(found.windows(2).all(|w| w[0].weight >= w[1].weight));
        for finding in &found {
            for text in [&finding.what, &finding.why] {
                assert!(text.is_empty() || text.ends_with('.'), "{text}");
                assert!(!text.contains('!') && !text.contains("  ") && !text.contains("NaN"), "{text}");
            }
        }
    }

    #[test]
    fn every_command_is_one_that_can_be_typed() {
        for finding in find(&sample::study(), &sample::source()) {
            let Some(command) = finding.command else { continue };
            assert!(command.starts_with("windtunnel ") && !command.contains("NUMBER"), "{command}");
        }
    }

    #[test]
    fn a_part_of_a_window_counts_in_part() {
        let study = sample::study();
        let series = &study.endpoint_series[0];
        let half: f64 = outcomes(&study, series, (0.0, 2.5)).iter().sum();
        let whole: f64 = outcomes(&study, series, (0.0, 5.0)).iter().sum();
        assert!((half * 2.0 - whole).abs() < 1e-6);
    }
}
