//! Queues that get more messages than their consumers do, so that what waits grows as long as the run lasts.

use crate::Source;
use crate::numbers::grouped;
use crate::page::finding::Finding;
use sim_core::results::{ServiceSeries, StudyResult};

/// Fewer messages at the end may be a burst.
const FEWEST: f64 = 20.0;
/// What grows evenly is twice as long after twice the time; the half of that is what chance and a late begin may take away.
const GREW: f64 = 1.5;

/// A queue that grows, with the messages that wait in the middle of the run and at its end.
pub struct Growing<'a> {
    /// Its name.
    pub name: &'a str,
    /// Messages that wait in the middle of the run.
    pub middle: f64,
    /// Messages that wait at its end.
    pub end: f64,
}

/// The queue that has grown longest by the end, from quarter to quarter.
pub fn growing(study: &StudyResult) -> Option<Growing<'_>> {
    let is_queue = |name: &str| study.summary.services.get(name).is_some_and(|service| service.is_queue);
    let grows = |series: &&ServiceSeries| {
        let windows = series.queue_length.len();
        let at = |part: usize| series.queue_length.get((windows * part / 4).saturating_sub(1)).map_or(0.0, |q| q.mean);
        let (quarter, middle, late, end) = (at(1), at(2), at(3), at(4));
        windows >= 8 && end >= FEWEST && middle >= GREW * quarter && late > middle && end > late && end >= GREW * middle
    };
    let queues = study.service_series.iter().filter(|series| is_queue(&series.name)).filter(grows);
    let last = |series: &ServiceSeries| series.queue_length.last().map_or(0.0, |q| q.mean);
    let longest = queues.max_by(|a, b| last(a).total_cmp(&last(b)))?;
    let middle = longest.queue_length[longest.queue_length.len() / 2 - 1].mean;
    Some(Growing { name: &longest.name, middle, end: last(longest) })
}

/// The finding.
pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let Growing { name, middle, end } = growing(study)?;
    Some(Finding {
        what: format!(
            "{name} gets more messages than its consumers do: {} wait in the middle of the run, and {} at its end.",
            grouped(middle, 0),
            grouped(end, 0)
        ),
        why: "What comes late waits for all that came before it, and a longer run would show longer waits. More consumers, or workers of theirs, or \
              quicker work would keep up."
            .into(),
        command: None,
        figure: None,
        weight: 40.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    /// The sample with its gateway as a queue, of which so many messages wait in a window, by the share of the run that is over.
    fn study(is_queue: bool, waits: impl Fn(f64) -> f64) -> StudyResult {
        let mut study = sample::study();
        study.summary.services.get_mut("gateway").unwrap().is_queue = is_queue;
        let series = study.service_series.iter_mut().find(|series| series.name == "gateway").unwrap();
        let windows = series.queue_length.len() as f64;
        let at = |(window, length): (usize, &mut Estimate)| {
            *length = Estimate::exact(waits((window + 1) as f64 / windows));
        };
        series.queue_length.iter_mut().enumerate().for_each(at);
        study
    }

    #[test]
    fn what_grows_to_the_end_is_told() {
        let found = look(&study(true, |share| 800.0 * share), &sample::source()).unwrap();
        assert_eq!(
            found.what,
            "gateway gets more messages than its consumers do: 400 wait in the middle of the run, and 800 at its end."
        );
    }

    #[test]
    fn what_is_worked_off_is_not() {
        assert!(
            look(&study(true, |share| if share < 0.6 { 800.0 * share } else { 30.0 }), &sample::source()).is_none()
        );
        assert!(look(&study(true, |_| 800.0), &sample::source()).is_none(), "it is long, and does not grow");
        assert!(look(&study(true, |share| 8.0 * share), &sample::source()).is_none(), "it is short");
        assert!(look(&study(false, |share| 800.0 * share), &sample::source()).is_none(), "it is no queue");
    }
}
