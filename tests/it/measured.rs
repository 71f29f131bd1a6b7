//! The measured systems, as `windtunnel verify --measured` runs them: what is missed says why, nothing else does, and the page of the documentation
//! has the numbers.

use super::generated::check;
use super::program::Folder;
use reports::studies::verify::measured::{Fate, Predicted, page::page};
use scenarios::measured::{self, System};
use scenarios::study::{self, Plan};
use std::ops::ControlFlow;

fn predicted(system: &System, seeds: u64) -> Predicted {
    let (loaded, variants) = system.load().unwrap_or_else(|r| panic!("{}", r.render(false)));
    let mut plan = Plan::of(&loaded, 2);
    plan.seed += seeds;
    let study = study::run(&loaded, &variants, &plan, &|_, _| ControlFlow::Continue(())).unwrap();
    Predicted {
        name: system.name.to_owned(),
        file: system.path(),
        source: loaded.written.source.unwrap_or_default(),
        facts: system.facts(),
        together: system.together(),
        summary: study.summary,
    }
}

#[test]
fn what_is_missed_says_why_and_the_page_has_the_numbers() {
    let systems: Vec<Predicted> = measured::ALL.iter().map(|system| predicted(system, 0)).collect();
    for system in &systems {
        let name = &system.name;
        for (what, why) in system.misses() {
            assert!(!why.is_empty(), "{name}: {what} is missed without a reason");
        }
        assert_eq!(system.excused(), Vec::<String>::new(), "{name} says why these are missed, and they are not");
    }
    check("docs/MEASURED.md", &page(&systems));
}

/// The targets of what was measured, at another seed too: throughput of the web application within 3 % at every load, the replicas of the
/// autoscaler exactly.
#[test]
fn throughput_and_replicas_do_not_depend_on_the_seed() {
    for system in measured::ALL {
        let predicted = predicted(system, 1000);
        for figure in predicted.figures() {
            let metric = &figure.fact.metric;
            if metric.starts_with("goodput(browser") || metric.starts_with("instances(") {
                assert_ne!(figure.fate, Fate::Missed, "{metric}: {:?}", figure.error);
            }
        }
    }
}

#[test]
fn the_command_prints_simulated_against_measured() {
    let folder = Folder::new("measured");
    let (status, out, told) = folder.run(&["verify", "--measured", "autoscaler"]);
    assert_eq!(status, 0, "{told}");
    for says in [
        "measured",
        "simulated",
        "error",
        "calibration",
        "near",
        "instances(vector) from 107s to 108s",
        "Exit status 0",
    ] {
        assert!(out.contains(says), "{says}: {out}");
    }
    let (status, json, _) = folder.run(&["verify", "--measured", "autoscaler", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, json[0]["figures"].as_array().unwrap().len()), (0, 15));
    let (status, shown, _) = folder.run(&["verify", "--measured", "--show", "throughput"]);
    assert_eq!((status, shown.matches(" within 15%").count()), (0, 22), "{shown}");
    let (_, names, _) = folder.run(&["verify", "--measured", "--list", "-q"]);
    assert_eq!(names, "autoscaler\nthroughput\nweb-application\n");
    let (status, _, told) = folder.run(&["verify", "--measured", "autoscalar"]);
    assert_eq!(status, 2);
    assert!(told.contains("did you mean autoscaler?"), "{told}");
}
