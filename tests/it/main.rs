//! The whole from the outside: truth, laws, determinism, the command line, and the tidiness of the house.

mod action;
mod acts;
mod arguments;
mod attack;
mod big;
mod bounds;
mod browser;
mod capacity;
mod catalogue;
mod check;
mod cli;
mod compare;
mod course;
mod coverage;
mod cpu;
mod determinism;
mod docs;
mod draw;
mod experiments;
mod field;
mod folders;
mod form;
mod generated;
mod interrupt;
mod language;
mod laws;
mod layers;
mod measured;
mod names;
mod oracle;
mod packages;
mod precision;
mod program;
mod reports;
mod schema;
mod studies;
mod swarm;
mod sweep;
mod terraform;
mod tidy;
mod truth;
mod unanswered;

use scenarios::study::{self, Plan};
use scenarios::{Disk, Loaded, Set};
use sim_core::results::StudyResult;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The project's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Scenario files under a folder of the project, in the order of their names.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Loads a scenario with values set over it.
fn load(path: &Path, sets: &[&str]) -> Loaded {
    let sets: Vec<Set> = sets.iter().map(|s| Set::parse(s).unwrap()).collect();
    let path = path.to_string_lossy();
    scenarios::load(&Disk, &path, &sets, None).unwrap_or_else(|r| panic!("{}", r.render(false)))
}

/// Runs a study, with the variants that its clauses speak of.
fn run(path: &Path, sets: &[&str], threads: usize) -> StudyResult {
    let sets: Vec<Set> = sets.iter().map(|s| Set::parse(s).unwrap()).collect();
    let loaded = study::load(&Disk, &path.to_string_lossy(), &sets, None);
    let (loaded, variants) = loaded.unwrap_or_else(|r| panic!("{}", r.render(false)));
    let plan = Plan::of(&loaded, threads);
    study::run(&loaded, &variants, &plan, &|_, _| ControlFlow::Continue(())).unwrap()
}
