//! How long the breaker takes to open, and how much is lost until then.

use super::outcomes;
use crate::Source;
use crate::numbers::{estimate, grouped};
use crate::page::finding::Finding;
use sim_core::results::{StudyResult, Unit};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let (call, fault, time) = study.time_to_open.iter().max_by(|a, b| a.2.mean.total_cmp(&b.2.mean))?;
    let span = study.faults.iter().find(|f| &f.name == fault && f.scheduled)?;
    // A breaker that opens when the fault is over opens for something else.
    if span.from_s + time.high > span.to_s {
        return None;
    }
    let series = study.most_harmed()?;
    let lost_in = |from: f64, to: f64| outcomes(study, series, (from, to))[2..].iter().sum::<f64>();
    let before = lost_in(span.from_s, span.from_s + time.mean);
    let all = lost_in(0.0, f64::INFINITY);
    if all <= 0.0 {
        return None;
    }
    let share = 100.0 * before / all;
    let opened = study.summary.calls.get(call)?.breaker_opened;
    Some(Finding {
        what: format!(
            "The breaker of {call} opens {} after {fault} begins, and {share:.0}\u{a0}% of all lost requests are lost in that time.",
            estimate(time, Unit::Seconds)
        ),
        why: format!(
            "It opens {} times a run, all caller instances together; {} requests a run end without an answer.",
            grouped(opened.mean, 1),
            grouped(all, 0)
        ),
        command: None,
        figure: Some("availability".into()),
        weight: 10.0 + share / 10.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn is_silent_where_the_breaker_opens_after_the_fault_or_nothing_is_lost() {
        assert!(look(&sample::study(), &sample::source()).is_some());
        let mut late = sample::study();
        late.time_to_open[0].2 = late.time_to_open[0].2.scale(1e6);
        assert!(look(&late, &sample::source()).is_none());
        let mut calm = sample::study();
        calm.endpoint_series[0].outcomes_per_s[2..].iter_mut().for_each(|series| {
            series.fill(sim_core::results::Estimate::exact(0.0));
        });
        assert!(look(&calm, &sample::source()).is_none());
    }
}
