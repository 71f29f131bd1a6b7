//! A swarm: laws on random scenarios over the whole language (Groce et al., "Swarm testing", ISSTA 2012).
//!
//! A scenario follows from its seed. What fails says which seed, leaves the scenario's file, and prints the command that repeats it:
//! `SWARM_SEED=17` runs one seed, `SWARM=1000` so many, beside the fixed ones of the suite.

mod capacity;
pub mod dice;
mod experiments;
mod keeps;
mod kinds;
mod market;
mod metrics;
mod money;
mod plain;
pub mod scenario;
mod stores;

pub use scenario::scenario;
use scenarios::study::{self, Plan};
use scenarios::{Loaded, Memory, load};
use sim_core::counters::probe;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::PartAt;
use sim_core::model::Model;
use sim_core::results::{RunResult, ServiceCounts};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a law on seeds from 1 on, and tells of all that break it.
fn swarm(law: &str, suite: u64, text: impl Fn(u64) -> String, holds: impl Fn(u64)) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("SWARM_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("SWARM").unwrap_or(suite),
    };
    let broken: Vec<u64> = seeds.filter(|seed| catch_unwind(AssertUnwindSafe(|| holds(*seed))).is_err()).collect();
    for seed in &broken {
        let file = std::env::temp_dir().join(format!("windtunnel-swarm-{law}-{seed}.yaml"));
        let left = std::fs::write(&file, text(*seed)).map_or_else(|e| e.to_string(), |()| file.display().to_string());
        eprintln!("seed {seed}: SWARM_SEED={seed} cargo test --test it swarm::{law}   # the scenario: {left}");
    }
    assert!(broken.is_empty(), "{law}: {} seeds break it: {broken:?}", broken.len());
}

fn read(text: &str) -> Loaded {
    load(&Memory::of("swarm.yaml", text), "swarm.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)))
}

fn simulate(text: &str) -> (Model, RunResult) {
    let model = read(text).model;
    let run = sim_core::world::simulate(&model, 1, 0);
    (model, run)
}

#[test]
fn every_run_keeps_the_laws() {
    swarm(
        "every_run_keeps_the_laws",
        60,
        |seed| scenario(seed).text(),
        |seed| {
            let (model, run) = simulate(&scenario(seed).text());
            assert!(run.events > 0);
            keeps::check(&model, &run);
        },
    );
}

#[test]
fn threads_change_nothing() {
    swarm(
        "threads_change_nothing",
        8,
        |seed| scenario(seed).text(),
        |seed| {
            let loaded = read(&scenario(seed).text());
            let on = |threads| {
                let plan = Plan { replications: 5, ..Plan::of(&loaded, threads) };
                reports::studies::run::json(
                    &study::run(&loaded, &[], &plan, &|_, _| ControlFlow::Continue(())).unwrap(),
                )
                .unwrap()
            };
            let one = on(1);
            assert_eq!(one, on(2));
            assert_eq!(one, on(3));
        },
    );
}

#[test]
fn strangers_move_nobody() {
    swarm(
        "strangers_move_nobody",
        35,
        |seed| scenario(seed).with_strangers(),
        |seed| {
            let (model, alone) = simulate(&scenario(seed).text());
            let (with, together) = simulate(&scenario(seed).with_strangers());
            if alone.stopped.is_some() || together.stopped.is_some() {
                // A bound counts all events and all who wait.
                return;
            }
            // Call sites may share a name, and keep their order.
            let strange = |name: &str| ["strangers", "island", "islet"].iter().any(|s| name.contains(s));
            let mut theirs = with.edges.iter().enumerate().filter(|(_, edge)| !strange(&edge.name));
            for (place, edge) in model.edges.iter().enumerate() {
                let (there, same) = theirs.next().expect("is there too");
                assert_eq!(edge.name, same.name);
                let counts = |run: &RunResult, place: usize| run.edge(EdgeId(place as u32), run.whole());
                assert_eq!(counts(&alone, place), counts(&together, there), "{}", edge.name);
            }
            let mut theirs = with.services.iter().enumerate().filter(|(_, service)| !strange(&service.name));
            for (place, service) in model.services.iter().enumerate() {
                let (there, same) = theirs.next().expect("is there too");
                assert_eq!(service.name, same.name);
                let counts = |run: &RunResult, place: usize| {
                    // Looks are taken at the end of each slice, and the strangers' fault cuts slices.
                    ServiceCounts { looked_at: 0, holding: [0; 8], ..run.service(ServiceId(place as u32), run.whole()) }
                };
                assert_eq!(counts(&alone, place), counts(&together, there), "{}", service.name);
            }
        },
    );
}

#[test]
fn probes_move_nobody_and_each_has_its_fate() {
    swarm(
        "probes_move_nobody_and_each_has_its_fate",
        60,
        |seed| scenario(seed).text(),
        |seed| {
            let Some(without) = scenario(seed).without_probes() else { return };
            let (model, with) = simulate(&scenario(seed).text());
            let (_, without) = simulate(&without);
            if with.stopped.is_some() || without.stopped.is_some() {
                // A bound counts all events.
                return;
            }
            assert_eq!(with.digest, without.digest);
            let probes = &model.probes[0];
            for way in &probes.ways {
                let count = |part| with.timed(PartAt::probe(part, way.id), with.whole()).count;
                let (arrived, lost) = (count(probe::ARRIVED), count(probe::LOST));
                assert!(count(probe::ONE_WAY) <= lost);
                // Of the rounds that set out in the run, those whose timeout is over have a fate, and others may have arrived.
                let rounds = model.run.duration.ns() / probes.every_ns;
                let open = probes.timeout_ns.div_ceil(probes.every_ns) + 1;
                assert!(
                    arrived + lost <= rounds + open && arrived + lost + open >= rounds,
                    "{arrived} {lost} {rounds}"
                );
            }
        },
    );
}

#[test]
fn what_is_written_again_is_the_same() {
    swarm(
        "what_is_written_again_is_the_same",
        40,
        |seed| scenario(seed).text(),
        |seed| {
            let loaded = read(&scenario(seed).text());
            let again = read(&serde_json::to_string(&loaded.written).unwrap());
            assert_eq!(loaded.written, again.written);
            let digest = |model| sim_core::world::simulate(model, 3, 1).digest;
            assert_eq!(digest(&loaded.model), digest(&again.model));
        },
    );
}
