//! An invented map of outages against loads.

#[cfg(test)]
use super::MetastabilityAnswer;
use super::page::page;
#[cfg(test)]
use crate::answer::Answer;
use crate::page::Page;
use crate::studies::run::sample::source;
#[cfg(test)]
use crate::terminal::Style;
use sim_core::results::{Estimate, MapCell, MapLoad, Metastability, Region, Setting};

/// The map.
pub fn map() -> Metastability {
    let sizes = [0.5, 1.0, 2.0, 5.0, 10.0].map(|s: f64| Setting { text: format!("{s}s"), number: Some(s) });
    let loads = [100.0, 140.0, 180.0, 220.0, 260.0, 300.0, 340.0].map(|rate| load(rate, &sizes));
    Metastability {
        scenario: "An application that tries again".into(),
        question: "Which outage keeps the database down for good, and at which load?".into(),
        study: "map".into(),
        seed: 11,
        version: "0.0.0".into(),
        replications: 8,
        simulated_s: 600.0,
        trigger: "faults.outage.for".into(),
        fault: "outage".into(),
        recovered_when: 0.9,
        vulnerable_from: loads.iter().position(|load| load.region == Region::Vulnerable),
        overloaded_from: loads.iter().position(|load| load.region == Region::Overloaded),
        sizes: sizes.into(),
        loads: loads.into(),
        spent: 336,
        digest: "00112233445566ff".into(),
    }
}

fn load(rate: f64, sizes: &[Setting]) -> MapLoad {
    let region = match rate {
        ..150.0 => Region::Stable,
        ..310.0 => Region::Vulnerable,
        _ => Region::Overloaded,
    };
    let largest = 1500.0 / rate - 3.5;
    let cell = |size: &Setting| {
        let seconds = size.number.unwrap_or_default();
        let stuck = region == Region::Overloaded || region == Region::Vulnerable && seconds > largest;
        let recovery = Estimate { mean: seconds * 12.0, low: seconds * 11.0, high: seconds * 13.0 };
        MapCell {
            region: if stuck && region == Region::Vulnerable { Region::Stuck } else { region },
            recovered: if stuck { 0 } else { 8 },
            struck: if region == Region::Overloaded { 0 } else { 8 },
            stopped: 0,
            recovery_s: (!stuck).then_some(recovery),
        }
    };
    let cells: Vec<MapCell> = sizes.iter().map(cell).collect();
    MapLoad {
        load: rate / 100.0,
        offered_per_s: Estimate::exact(rate),
        goodput_per_s: Estimate::exact(if rate > 310.0 { 4.0 } else { rate }),
        region,
        healthy: if region == Region::Overloaded { 0 } else { 8 },
        stopped: 0,
        never_recovers_from: cells.iter().position(|cell| cell.region == Region::Stuck),
        cells,
    }
}

/// The report of the sample.
pub fn pages() -> Vec<(&'static str, Page)> {
    vec![("metastability", page(&map(), &source()))]
}

/// Forms of the sample for a terminal.
#[cfg(test)]
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let (map, source) = (map(), source());
    let answer = MetastabilityAnswer { map: &map, source: &source };
    vec![("metastability", answer.terminal(style)), ("metastability in a sentence", answer.sentence(style))]
}
