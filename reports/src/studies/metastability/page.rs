//! The report of a map of triggers: the map itself, each load, and how sure it is.

use super::{cell, findings, longest};
use crate::Source;
use crate::figures::heat_map::{Cell, HeatMap};
use crate::figures::{DataTable, Figure};
use crate::numbers::{alone, estimate, length, plain};
use crate::page::section::{scenario, section};
use crate::page::sentence::sentences;
use crate::page::{Block, CellForm, Fact, LoneTable, Page};
use sim_core::results::{MapCell, MapLoad, Metastability, Region, Unit};

/// The page of a map.
pub fn page(map: &Metastability, source: &Source) -> Page {
    let lede = "Stable: the system recovers from all triggers that were tried. Vulnerable: it carries the load, and a trigger that is large enough \
                keeps it down, where the map says stuck. Overloaded: it does not carry the load, trigger or not.";
    let map_of = vec![Block::Lede(lede.into()), Block::Figure(Box::new(figure(map)))];
    Page {
        kind: "metastability report",
        title: map.scenario.clone(),
        question: map.question.clone(),
        answer: sentences(&findings::answer(map)),
        meta: format!(
            "{} loads and {} sizes of {}; {} replications of each on the same random numbers.",
            map.loads.len(),
            map.sizes.len(),
            map.trigger,
            map.replications
        ),
        sections: vec![
            section("map", "The map", "Trigger against load", map_of),
            section("loads", "Load by load", "Load by load", vec![Block::Table(loads(map))]),
            section("sure", "How sure we are", "How sure we are", vec![Block::Facts(facts(map))]),
            scenario(source),
        ],
        time: None,
    }
}

/// The shade of a region: the lighter, the better.
fn shade(region: Region) -> f64 {
    match region {
        Region::Stable => 1.0,
        Region::Vulnerable => 0.72,
        Region::Stuck => 0.0,
        Region::Overloaded => 0.3,
    }
}

fn figure(map: &Metastability) -> Figure {
    let rates: Vec<String> = map.loads.iter().map(|load| plain(load.offered_per_s.mean, Unit::PerSecond)).collect();
    // The largest trigger stands on top, as on an axis.
    let order: Vec<usize> = (0..map.sizes.len()).rev().collect();
    let sizes: Vec<String> = order.iter().map(|at| map.sizes[*at].text.clone()).collect();
    let of = |one: &MapCell| Cell { part: shade(one.region), text: cell(one), interval: String::new(), verdict: None };
    let cells = order.iter().flat_map(|at| map.loads.iter().map(move |load| Some(of(&load.cells[*at]))));
    let regions = [Region::Stable, Region::Vulnerable, Region::Overloaded, Region::Stuck];
    let legend = regions.map(|region| (shade(region), region.name()));
    let heat =
        HeatMap { across: ("load", &rates), down: (&map.trigger, &sizes), cells: cells.collect(), legend: &legend };
    let title = match (map.vulnerable_from, map.overloaded_from) {
        (Some(at), _) => format!("Vulnerable from {} on", alone(&map.loads[at].offered_per_s, Unit::PerSecond)),
        (None, Some(at)) => {
            format!("Stable until it is overloaded, from {} on", alone(&map.loads[at].offered_per_s, Unit::PerSecond))
        }
        (None, None) => "Stable at all loads that were tried".to_owned(),
    };
    let desc = "For each load and size of the trigger how long the recovery takes, or that the system stays down.";
    let mut heads = vec![format!("{} \u{2193}  load \u{2192}", map.trigger)];
    heads.extend(rates.iter().cloned());
    let row = |at: &usize| {
        let mut row = vec![map.sizes[*at].text.clone()];
        row.extend(map.loads.iter().map(|load| {
            let one = &load.cells[*at];
            match cell(one) {
                text if text == one.region.name() || one.region == Region::Overloaded => one.region.name().to_owned(),
                text => format!("{text}, {}", one.region.name()),
            }
        }));
        row
    };
    Figure {
        id: "map".into(),
        panels: vec![heat.draw(&title, desc)],
        title,
        caption: (
            "Time from the end of the trigger until the system has recovered".into(),
            format!(
                "{} replications of each cell. A run is {} long: what would recover later is stuck here.",
                map.replications,
                length(map.simulated_s)
            ),
        ),
        tables: vec![DataTable { says: "the map".into(), heads, rows: order.iter().map(row).collect() }],
        readings: Vec::new(),
        format: "",
    }
}

fn loads(map: &Metastability) -> LoneTable {
    let row = |load: &MapLoad| {
        vec![
            estimate(&load.offered_per_s, Unit::PerSecond),
            estimate(&load.goodput_per_s, Unit::PerSecond),
            format!("{} of {}", load.healthy, map.replications),
            load.region.name().to_owned(),
            load.never_recovers_from.map_or_else(|| "–".into(), |at| map.sizes[at].text.clone()),
            longest(load).map_or_else(|| "–".into(), |longest| plain(longest, Unit::Seconds)),
        ]
    };
    let heads = [
        "Offered",
        "Good answers without the trigger",
        "Healthy without the trigger",
        "Region",
        "Smallest trigger from which it never recovers",
        "Longest recovery",
    ];
    let table = DataTable {
        says: "Load by load".into(),
        heads: heads.map(String::from).into(),
        rows: map.loads.iter().map(row).collect(),
    };
    LoneTable { title: None, cells: CellForm::Numbers, table }
}

fn facts(map: &Metastability) -> Vec<Fact> {
    vec![
        Fact::new("Replications", format!("{} of each cell, {} in all", map.replications, map.spent)),
        Fact::new("Measured", format!("{} of each run", length(map.simulated_s))),
        Fact::new(
            "Recovered",
            format!(
                "good answers are {} of those of the same run without the trigger, in every window to the end",
                plain(map.recovered_when, Unit::Share)
            ),
        ),
        Fact::new("Judged", "replications that are healthy without the trigger, which struck and ended"),
        Fact::new("Random numbers", "the same with and without the trigger, replication by replication"),
        Fact::new("Seed", map.seed.to_string()),
        Fact::new("Version", format!("windtunnel {}", map.version)),
        Fact::code("Digest", map.digest.clone()),
    ]
}
