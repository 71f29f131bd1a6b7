//! Telemetry that loses records, or lets out what must never leave.

use crate::Source;
use crate::numbers::{grouped, plain};
use crate::page::finding::Finding;
use sim_core::results::{StudyResult, Unit};

/// A smaller share of lost records moves no reading that anybody acts on.
const WORTH: f64 = 0.001;

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let all = || study.summary.telemetry.iter();
    let leaks = all().filter(|(_, pipeline)| pipeline.leaked.mean > 0.0);
    if let Some((name, pipeline)) = leaks.max_by(|a, b| a.1.leaked.mean.total_cmp(&b.1.leaked.mean)) {
        return Some(Finding {
            what: format!(
                "The telemetry {name} lets out what must never leave in {} records a run.",
                plain(pipeline.leaked.mean, Unit::Count)
            ),
            why: "Nothing redacts these records, or redaction misses them. What has left cannot be taken back.".into(),
            command: None,
            figure: None,
            weight: 60.0,
        });
    }
    let share = |(_, pipeline): &(&String, &sim_core::results::TelemetrySummary)| {
        let (lost, taken) = (pipeline.dropped.mean, pipeline.records.mean);
        if lost + taken > 0.0 { lost / (lost + taken) } else { 0.0 }
    };
    let (name, pipeline) = all().filter(|one| share(one) > WORTH).max_by(|a, b| share(a).total_cmp(&share(b)))?;
    Some(Finding {
        what: format!(
            "The telemetry {name} loses {}\u{a0}% of its records: {} a run, because the queue to the sink is full.",
            grouped(share(&(name, pipeline)) * 100.0, 1),
            plain(pipeline.dropped.mean, Unit::Count)
        ),
        why: "What is lost is in no reading: alerts and scalers that read it see fewer requests and fewer errors than there are, or nothing. \
              A longer queue, a smaller sample or fewer series per instance would lose less, and an alert on the age of its readings says so."
            .into(),
        command: None,
        figure: None,
        weight: 45.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::{Estimate, TelemetrySummary};

    fn said(records: f64, dropped: f64, leaked: f64) -> Option<String> {
        let mut study = sample::study();
        let exact = Estimate::exact;
        let summary = TelemetrySummary {
            records: exact(records),
            dropped: exact(dropped),
            leaked: exact(leaked),
            arrived: exact(records),
        };
        study.summary.telemetry.insert("traces".into(), summary);
        look(&study, &sample::source()).map(|finding| finding.what)
    }

    #[test]
    fn what_is_lost_or_let_out_is_told() {
        assert_eq!(
            said(9_000.0, 1_000.0, 0.0).unwrap(),
            "The telemetry traces loses 10.0\u{a0}% of its records: 1,000 a run, because the queue to the sink is full."
        );
        assert_eq!(
            said(9_000.0, 1_000.0, 30.0).unwrap(),
            "The telemetry traces lets out what must never leave in 30 records a run."
        );
    }

    #[test]
    fn telemetry_that_keeps_up_is_not() {
        assert_eq!(said(10_000.0, 0.0, 0.0), None);
        assert_eq!(said(100_000.0, 10.0, 0.0), None);
        assert_eq!(look(&sample::study(), &sample::source()).map(|finding| finding.what), None);
    }
}
