//! What the map says in sentences: from which load on the system is vulnerable, what is enough to keep it down, and what it carries at all.

use crate::numbers::alone;
use sim_core::results::{MapLoad, Metastability, Region, Unit};

/// The answer.
pub fn answer(map: &Metastability) -> String {
    let rate = |load: &MapLoad| alone(&load.offered_per_s, Unit::PerSecond);
    let at = |place: Option<usize>| place.and_then(|place| map.loads.get(place));
    let stable = map.loads.iter().take_while(|load| load.region == Region::Stable).last();
    let mut text = match (stable, at(map.vulnerable_from), at(map.overloaded_from)) {
        (Some(stable), None, None) => {
            format!(
                "Up to {}, the heaviest load of the map, the system recovers from every trigger that was tried.",
                rate(stable)
            )
        }
        (Some(stable), ..) => format!("Up to {} the system recovers from every trigger that was tried.", rate(stable)),
        (None, Some(_), _) => {
            "At no load of the map does the system recover from every trigger that was tried.".to_owned()
        }
        (None, None, _) => "The system carries no load of the map, trigger or not.".to_owned(),
    };
    if let Some(load) = at(map.vulnerable_from) {
        text.push_str(&format!(" From {} on it is vulnerable: {}.", rate(load), enough(map, load)));
    }
    if let (Some(load), Some(_)) = (at(map.overloaded_from), stable.or(at(map.vulnerable_from))) {
        text.push_str(&format!(" From {} on it is overloaded without any trigger.", rate(load)));
    }
    text.push_str(&stopped(map).map_or_else(String::new, |says| format!(" {says}")));
    text
}

/// That bounds have stopped replications; `None` where they have not.
pub fn stopped(map: &Metastability) -> Option<String> {
    let of_load = |load: &MapLoad| load.stopped + load.cells.iter().map(|cell| cell.stopped).sum::<u32>();
    let stopped: u32 = map.loads.iter().map(of_load).sum();
    (stopped > 0).then(|| {
        format!("The bounds of the run stopped {stopped} of {} replications, which are not judged.", map.spent)
    })
}

/// Which trigger is enough at a load, and at the heaviest that is vulnerable.
fn enough(map: &Metastability, load: &MapLoad) -> String {
    let size = |load: &MapLoad| load.never_recovers_from.map(|at| map.sizes[at].text.clone());
    let last = map.loads.iter().rev().find(|load| load.region == Region::Vulnerable);
    match (size(load), last.and_then(size)) {
        (Some(first), Some(last)) if first != last => {
            format!("it never recovers from {} of {first} there, and of {last} at the heaviest such load", map.fault)
        }
        (Some(first), _) => format!("it never recovers from {} of {first}", map.fault),
        (None, _) => format!("in some runs it does not recover from {}", map.fault),
    }
}
