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

/// At another seed too, what is missed says why; and throughput of the web application is within 3 % at every load, the replicas of the autoscaler
/// are exact.
#[test]
fn whether_all_is_explained_does_not_depend_on_the_seed() {
    for system in measured::ALL {
        let predicted = predicted(system, 1000);
        let unexplained: Vec<_> = predicted.misses().into_iter().filter(|(_, why)| why.is_empty()).collect();
        assert!(unexplained.is_empty(), "{}: {unexplained:?}", system.name);
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
    assert_eq!((status, shown.matches("  - goodput(").count()), (0, 22), "{shown}");
    assert_eq!(shown.matches(" within 3%").count(), 22, "{shown}");
    let (_, names, _) = folder.run(&["verify", "--measured", "--list", "-q"]);
    assert_eq!(names, "autoscaler\nthroughput\nweb-application\n");
    let (status, _, told) = folder.run(&["verify", "--measured", "autoscalar"]);
    assert_eq!(status, 2);
    assert!(told.contains("did you mean autoscaler?"), "{told}");
}

/// A figure that is missed without a reason says that there is none, and what is demanded of all predictions together counts as a target.
#[test]
fn a_miss_without_a_reason_says_so() {
    let system = measured::ALL.iter().find(|system| system.name == "throughput").unwrap();
    let mut predicted = predicted(system, 0);
    let missed = predicted.misses().len();
    predicted.facts.iter_mut().for_each(|fact| fact.why.clear());
    let text = page(std::slice::from_ref(&predicted));
    assert_eq!(text.matches(": no reason is given.\n").count(), missed - 1, "{text}");
    assert!(
        text.contains(&format!(
            "the root mean square error counted as one, {} are near and {missed} missed.",
            20 - missed
        )),
        "{text}"
    );
}
