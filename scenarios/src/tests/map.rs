//! The map of triggers against loads, on the system whose thresholds are published.

use super::read;
use crate::Files;
use crate::files::Memory;
use crate::study::metastability::MetastabilityStudy;
use crate::study::sweep::Origin;
use crate::study::{Plan, Stop, Study};
use crate::written::studies::metastability::MetastabilitySettings;
use crate::written::studies::question::Variant;
use sim_core::results::{MapLoad, Metastability, Region};
use std::ops::ControlFlow;

/// Clients of a database of 300 queries a second try once more after a second (`HotOS` 2021).
fn text(triggers: &str, loads: &str) -> String {
    format!(
        "scenario: Metastable\nquestion: Where?\nrun: {{duration: 8m, warm_up: 20s, replications: 2, seed: 62}}\n\
         load: {{users: {{to: db.query, arrive: {{poisson: {{rate: 100/s}}}}, timeout: 1s, retry: {{max_attempts: 2, backoff: {{fixed: {{delay: 1ms}}}}}}}}}}\n\
         services: {{db: {{workers: 3, queue: {{capacity: 1M}}, endpoints: {{query: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
         faults: {{outage: {{inject: freeze, where: {{service: db}}, at: 30s, for: 10s}}}}\n\
         studies: {{map: {{ask: {{metastability: {{trigger: {{faults.outage.for: {{list: [{triggers}]}}}}, at_load: [{loads}]}}}}}}}}\n"
    )
}

fn map(triggers: &str, loads: &str, threads: usize) -> Metastability {
    mapped(&text(triggers, loads), threads).unwrap()
}

fn mapped(text: &str, threads: usize) -> Result<Metastability, Stop> {
    let files = Memory::of("a.yaml", text);
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let study = loaded.written.studies.get("map").unwrap();
    let ask = MetastabilitySettings::of(&study.ask).unwrap().clone();
    let files: &dyn Files = &files;
    let origin = Origin { files, path: "a.yaml", sets: &[], variant: None };
    let plan = Plan::of(&loaded, threads);
    let study = MetastabilityStudy { origin, loaded: &loaded, study: "map", ask: &ask, plan: &plan };
    study.run(&|_, _| ControlFlow::Continue(()))
}

/// What is wrong with a map that cannot be drawn.
fn refused(text: &str) -> String {
    match mapped(text, 2) {
        Err(Stop::Problem(problem)) => format!("{}: {}", problem.path, problem.message),
        other => panic!("{other:?}"),
    }
}

/// Truth section 11: vulnerable from 150 requests a second, half the capacity, to 300, the capacity.
#[test]
fn the_published_thresholds_are_within_one_step_of_the_grid() {
    let map = map("10s", "110%, 130%, 150%, 170%, 190%, 250%, 270%, 290%, 310%, 330%", 2);
    let rate = |place: Option<usize>| map.loads[place.unwrap()].offered_per_s.mean;
    let (vulnerable, overloaded) = (rate(map.vulnerable_from), rate(map.overloaded_from));
    assert!((vulnerable - 150.0).abs() <= 21.0, "vulnerable from {vulnerable}");
    assert!((overloaded - 300.0).abs() <= 21.0, "overloaded from {overloaded}");
    let regions: Vec<Region> = map.loads.iter().map(|load| load.region).collect();
    assert!(regions.is_sorted_by_key(|region| match region {
        Region::Stable => 0,
        Region::Vulnerable | Region::Stuck => 1,
        Region::Overloaded => 2,
    }));
    for load in &map.loads {
        let cell = &load.cells[0];
        match load.region {
            // By a fluid: an outage of 10 s leaves about 20 requests a second and load, which drain with 300 less two attempts a second.
            Region::Stable => assert!(cell.recovery_s.unwrap().mean > 1.0 && load.never_recovers_from.is_none()),
            Region::Vulnerable => assert_eq!((cell.region, load.never_recovers_from), (Region::Stuck, Some(0))),
            _ => assert_eq!((cell.recovered, load.never_recovers_from), (0, None)),
        }
    }
}

/// The longer the outage and the higher the load, the worse: and the smallest outage that is enough falls with the load.
#[test]
fn a_heavier_load_needs_a_smaller_trigger() {
    let map = map("500ms, 2s, 10s", "120%, 180%, 270%", 2);
    let never: Vec<Option<usize>> = map.loads.iter().map(|load| load.never_recovers_from).collect();
    assert_eq!(never[0], None);
    assert!(never[1].is_some() && never[2] <= never[1], "{never:?}");
    let first = &map.loads[0];
    let times: Vec<f64> = first.cells.iter().map(|cell| cell.recovery_s.unwrap().mean).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(map.loads[2].cells[0].region, Region::Vulnerable, "half a second is nothing: {:?}", map.loads[2]);
}

#[test]
fn threads_change_nothing() {
    let [one, two] = [1, 2].map(|threads| map("2s", "120%, 200%", threads));
    assert_eq!(one, two);
}

#[test]
fn a_trigger_whose_end_no_run_shows_is_an_error() {
    let longer = refused(&text("2s, 9m", "120%"));
    assert!(longer.contains("faults.outage.for=9m has not ended when the run ends"), "{longer}");
    let endless = text("2s", "120%")
        .replace(
            "{inject: freeze, where: {service: db}, at: 30s, for: 10s}",
            "{inject: {fail: {probability: 1%}}, where: {to: db.query}, at: 30s}",
        )
        .replace("faults.outage.for: {list: [2s]}", "faults.outage.inject.fail.probability: {list: [50%]}");
    let endless = refused(&endless);
    assert!(endless.contains("probability=50% has not ended when the run ends"), "{endless}");
    let rare = text("2s", "120%")
        .replace("at: 30s, for: 10s}", "random: {mtbf: 1000d, mttr: 5s}}")
        .replace("faults.outage.for: {list: [2s]}", "faults.outage.random.mttr: {list: [2s]}");
    let rare = refused(&rare);
    assert!(rare.contains("mttr=2s strikes in no replication"), "{rare}");
}

/// At its capacity one of two replications falls over by itself, and the trigger, which comes at random, ends in that one alone.
#[test]
fn a_trigger_that_ends_only_where_the_load_is_too_much_is_an_error() {
    let random = text("1s", "299%")
        .replace("duration: 8m", "duration: 4m")
        .replace("seed: 62", "seed: 21")
        .replace("at: 30s, for: 10s}", "random: {mtbf: 6m, mttr: 5s}}")
        .replace("faults.outage.for", "faults.outage.random.mttr");
    let said = refused(&random);
    assert!(said.contains("mttr=1s ends in no replication that carries the load without it"), "{said}");
    let more = random.replace("replications: 2", "replications: 8");
    assert!(mapped(&more, 2).is_ok(), "more replications, as the hint says, show it");
}

/// At its capacity the system falls over without any trigger in some replications: these cannot come back to anything.
#[test]
fn only_what_is_healthy_by_itself_is_judged() {
    let text = text("1s", "292%, 295%, 297%, 298%").replace("replications: 2", "replications: 8");
    let map = mapped(&text, 2).unwrap();
    let carries = |load: &&MapLoad| load.region != Region::Overloaded;
    let some = map.loads.iter().filter(carries).filter(|load| load.healthy < 8).count();
    assert!(some > 0, "else this tests nothing: {:?}", map.loads);
    for load in map.loads.iter().filter(carries) {
        let cell = &load.cells[0];
        assert_eq!(cell.struck, load.healthy);
        assert!(cell.recovered <= cell.struck);
    }
}

#[test]
fn what_a_bound_stops_is_not_judged() {
    let bounded =
        |bounds: &str, load: &str| text("10s", load).replace("seed: 62", &format!("seed: 62, bounds: {{{bounds}}}"));
    let calm = refused(&bounded("events: 40k", "120%"));
    assert!(calm.contains("a bound stops every replication of 120% of the load without the trigger"), "{calm}");
    let struck = refused(&bounded("backlog: 1k", "200%"));
    assert!(
        struck.contains("a bound stops every replication of faults.outage.for=10s at 200% of the load"),
        "{struck}"
    );
}

/// Windows of two seconds in 61: the last is one second long.
#[test]
fn a_short_last_window_is_as_long_as_it_is() {
    let text = text("1s", "100%").replace("duration: 8m", "duration: 61s").replace("poisson", "constant");
    let map = mapped(&text, 2).unwrap();
    let load = &map.loads[0];
    assert!((load.offered_per_s.mean - 100.0).abs() < 0.2, "{load:?}");
    assert!((load.goodput_per_s.mean - 100.0).abs() < 0.2, "{load:?}");
}
