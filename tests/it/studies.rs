//! A study stands in files of its own, and in one list of each of the five places that know of studies. Nobody else knows it by name.

use super::{files, root};
use scenarios::written::studies::ALL;
use sim_core::kind::Kind;
use std::path::Path;

/// The places, each with what a study's file there is called: the command that asks `gate` is `check`.
const PLACES: [(&str, fn(&str) -> &str); 5] = [
    ("scenarios/src/written/studies", asked),
    ("scenarios/src/study", asked),
    ("sim-core/src/results", asked),
    ("reports/src/studies", commanded),
    ("src/commands", commanded),
];

fn asked(name: &str) -> &str {
    name
}

fn commanded(name: &str) -> &str {
    if name == "gate" { "check" } else { name }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the types that only a study has: what it asks, its run, its answer, and its arguments.
fn types(kind: &Kind) -> Vec<String> {
    let capital = |name: &str| name[..1].to_uppercase() + &name[1..];
    let (asked, commanded) = (capital(asked(kind.name)), capital(commanded(kind.name)));
    vec![format!("{asked}Settings"), format!("{asked}Study"), format!("{commanded}Answer"), format!("{commanded}Args")]
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn a_study_has_its_file_in_each_place_and_a_line_in_the_list_beside_it() {
    for kind in ALL {
        for (folder, called) in PLACES {
            let (folder, name) = (root().join(folder), called(kind.name));
            let is_there = folder.join(format!("{name}.rs")).exists() || folder.join(name).join("mod.rs").exists();
            assert!(is_there, "{} has no {name}", folder.display());
            let list = text(&folder.join("mod.rs"));
            assert!(list.contains(&format!("mod {name};")), "{}/mod.rs has no mod {name}", folder.display());
        }
    }
}

#[test]
fn nobody_but_its_own_files_and_the_lists_names_a_type_of_a_study() {
    let mut elsewhere = Vec::new();
    for file in ["src", "scenarios/src", "reports/src"].iter().flat_map(|folder| files(folder, "rs")) {
        let path = file.strip_prefix(root()).unwrap();
        if path.iter().any(|part| part == "tests" || part == "tests.rs") {
            continue;
        }
        let text = text(&file);
        for kind in ALL {
            let is_own = |(folder, called): &(&str, fn(&str) -> &str)| {
                let within = path.strip_prefix(folder).ok().and_then(|within| within.iter().next());
                within.and_then(|first| Path::new(first).file_stem()).is_some_and(|stem| {
                    stem == called(kind.name)
                        || (stem == "mod" && ["written/studies", "commands"].iter().any(|list| folder.ends_with(list)))
                })
            };
            let known = types(kind);
            if !PLACES.iter().any(is_own)
                && let Some(name) = words(&text).find(|word| known.iter().any(|name| name == word))
            {
                elsewhere.push(format!("{} names {name}", path.display()));
            }
        }
    }
    assert_eq!(elsewhere, [""; 0]);
}
