//! How many replications a study ran, in sentences: that it went on and why, that it was stopped, and how precise it became.

use crate::numbers::{estimate, grouped, plain};
use sim_core::results::{Precise, PrecisionSummary, StoppedEarly, Summary, Unit, WentOn, WentOnEnd};

/// That a study went on after its first batch, why, and what ended it; `None` where it did not.
pub fn went_on(summary: &Summary) -> Option<String> {
    let on: &WentOn = summary.went_on.as_ref()?;
    let count = |n: u32| grouped(f64::from(n), 0);
    let names: Vec<String> = on.because.iter().map(|name| format!("\u{201c}{name}\u{201d}")).collect();
    let (names, were) = match names.as_slice() {
        [one] => (one.clone(), "was"),
        [one, two] => (format!("{one} and {two}"), "were"),
        [one, rest @ ..] => (format!("{one} and {} more", rest.len()), "were"),
        [] => (String::new(), "was"),
    };
    let ends = match on.ended {
        WentOnEnd::Certain | WentOnEnd::Stopped => String::new(),
        WentOnEnd::Bound => format!(", and stopped at the bound of {}", count(on.bound)),
        WentOnEnd::Far => format!(", and stopped, because it would take more than {} to decide", count(on.far)),
    };
    Some(format!("Went on from {} replications, because {names} {were} inconclusive{ends}.", count(on.first)))
}

/// That a study was stopped from outside, and by how many replications it is answered; `None` where it was not.
pub fn stopped_early(summary: &Summary) -> Option<String> {
    let StoppedEarly { first, most } = summary.stopped_early?;
    let count = |n: u32| grouped(f64::from(n), 0);
    let ran = summary.replications;
    let of = if ran < first { count(first) } else { format!("at most {}", count(most)) };
    Some(format!("Stopped early, after {} of {of} replications: all numbers are of these.", count(ran)))
}

/// Whether the study became as precise as it was to be, and what is known least.
pub fn precision(precision: Option<&PrecisionSummary>, replications: u32) -> Option<String> {
    let p = precision?;
    let (runs, within) = (grouped(f64::from(replications), 0), plain(p.within, Unit::Share));
    let width = |p: &Precise| p.half_width.unwrap_or(f64::INFINITY);
    let known = p.of.iter().filter_map(|p| Some((p, p.observed?)));
    let Some((widest, observed)) = known.max_by(|a, b| width(a.0).total_cmp(&width(b.0))) else {
        return Some(format!("Not precise within {within} after {runs} replications: there is no data."));
    };
    let share = widest.half_width.map_or("no share of it".to_owned(), |share| plain(share, Unit::Share));
    let known = format!("{}, {}, is known to {share}", widest.name, estimate(&observed, widest.unit));
    if p.reached {
        return Some(format!("Precise within {within} after {runs} replications; the widest, {known}."));
    }
    let more = match p.would_take {
        Some(n) => format!("run {} replications to reach it", grouped(f64::from(n), 0)),
        None => "more replications do not reach it".to_owned(),
    };
    let most = if replications >= p.cap { ", the most allowed" } else { "" };
    Some(format!("Not precise within {within} after {runs} replications{most}: {known}; {more}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn what_went_on_says_why_and_what_ended_it() {
        let mut summary = sample::study().summary;
        assert_eq!((went_on(&summary), stopped_early(&summary)), (None, None));
        let mut said = |because: &[&str], ended| {
            let because = because.iter().map(|name| (*name).to_owned()).collect();
            summary.went_on = Some(WentOn { first: 40, bound: 320, because, ended, far: 1280 });
            went_on(&summary).unwrap()
        };
        let start = "Went on from 40 replications, because \u{201c}quick\u{201d}";
        assert_eq!(said(&["quick"], WentOnEnd::Certain), format!("{start} was inconclusive."));
        let bound = format!("{start} and \u{201c}works\u{201d} were inconclusive, and stopped at the bound of 320.");
        assert_eq!(said(&["quick", "works"], WentOnEnd::Bound), bound);
        let far = "and 2 more were inconclusive, and stopped, because it would take more than 1,280 to decide.";
        assert_eq!(said(&["quick", "works", "p99(a.b) < 1s"], WentOnEnd::Far), format!("{start} {far}"));
        summary.stopped_early = Some(StoppedEarly { first: 40, most: 320 });
        let stopped = "Stopped early, after 64 of at most 320 replications: all numbers are of these.";
        assert_eq!(stopped_early(&summary).unwrap(), stopped);
        summary.stopped_early = Some(StoppedEarly { first: 80, most: 640 });
        assert!(stopped_early(&summary).unwrap().starts_with("Stopped early, after 64 of 80 replications:"));
    }
}
