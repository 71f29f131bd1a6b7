//! The scenarios inside of the program: those that it ships and those of the truth suite, so that they are at hand where nothing else is installed.
//!
//! Each has the path that it has in the project, `scenarios/shipped/checkout.yaml`, and is read by that path where no file is there. A user
//! may say less of it: `checkout`, `resilience/hedging`, or `hedging`, as long as only one is called so.

use crate::files::Files;
use crate::loaded::load;
use crate::overlay::extended;
use crate::suite;
use sim_core::problem::{Problem, nearest};

/// A file that the program ships: a scenario, or what one names.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Its path in the project.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// All shipped files, in the order of their paths.
pub const SHIPPED: &[File] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// Where the shipped scenarios lie in the project.
const FOLDER: &str = "scenarios/shipped/";

/// The files inside of the program, and no others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Builtin;

impl Files for Builtin {
    fn read(&self, path: &str) -> Result<Vec<u8>, Problem> {
        text(path).map(|text| text.as_bytes().to_vec()).ok_or_else(|| Problem::error("", "there is no such file"))
    }
}

/// The text of a built-in file by its path.
pub fn text(path: &str) -> Option<&'static str> {
    let path = plain(path);
    let shipped = SHIPPED.iter().find(|file| file.path == path).map(|file| file.text);
    shipped.or_else(|| suite::ALL.iter().find(|case| case.path() == path).map(|case| case.text))
}

/// The names of the shipped scenarios: `checkout`, `resilience/hedging`.
pub fn shipped() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().filter_map(|file| file.path.strip_prefix(FOLDER)?.strip_suffix(".yaml"))
}

/// The names of all scenarios, those of the truth suite last.
pub fn names() -> impl Iterator<Item = &'static str> {
    shipped().chain(suite::ALL.iter().map(|case| case.name))
}

/// The path of the scenario that a user calls so: by its path, its name, or the end of its name if no other ends so.
pub fn find(called: &str) -> Option<String> {
    let called = plain(called);
    let called = called.strip_suffix(".yaml").unwrap_or(&called);
    let called = called.strip_prefix(FOLDER).or_else(|| called.strip_prefix("scenarios/truth/")).unwrap_or(called);
    let whole = || names().find(|name| *name == called);
    let ends = |name: &&str| name.rsplit('/').next() == Some(called);
    let by_end = || only(shipped().filter(ends)).or_else(|| only(names().filter(ends)));
    whole().or_else(by_end).map(path)
}

/// What an iterator gives if it gives one thing only.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    all.next().filter(|_| all.next().is_none())
}

/// The scenario whose name is like this one; `None` where none is.
pub fn like(called: &str) -> Option<&'static str> {
    let called = called.strip_suffix(".yaml").unwrap_or(called);
    let near = nearest(called, names().chain(names().filter_map(|name| name.rsplit('/').next())))?;
    names().find(|name| *name == near || name.rsplit('/').next() == Some(near))
}

/// The paths of the scenarios in a folder, as `scenarios/shipped/gate`.
pub fn folder(called: &str) -> Vec<String> {
    let folder = format!("{}/", plain(called).trim_end_matches('/'));
    names().map(path).filter(|path| path.starts_with(&folder)).collect()
}

/// The path of a scenario by its whole name.
fn path(name: &str) -> String {
    let folder = if shipped().any(|shipped| shipped == name) { FOLDER } else { "scenarios/truth/" };
    format!("{folder}{name}.yaml")
}

/// The paths of the files that a scenario cannot do without: what it extends, and the traces that it replays.
pub fn needs(path: &str) -> Vec<String> {
    let mut needs = Vec::new();
    let mut next = extended(&Builtin, path);
    while let Some(base) = next.map(|base| plain(&base)).filter(|base| !needs.contains(base)) {
        next = extended(&Builtin, &base);
        needs.push(base);
    }
    // A variant may replay another file.
    let traces = load(&Builtin, path, &[], None).map(|loaded| loaded.traces).unwrap_or_default();
    needs.extend(traces.iter().map(|trace| plain(&trace.path)));
    needs
}

/// A path without the detours that `extends` brings in.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_found_by_path_name_and_end() {
        for called in ["hedging", "resilience/hedging", "scenarios/shipped/resilience/hedging.yaml", "./hedging.yaml"] {
            assert_eq!(find(called).as_deref(), Some("scenarios/shipped/resilience/hedging.yaml"), "{called}");
        }
        assert_eq!(find("queueing/mm1").as_deref(), Some("scenarios/truth/queueing/mm1.yaml"));
        assert_eq!(find("mm1").as_deref(), Some("scenarios/truth/queueing/mm1.yaml"));
        // Its end is that of a case of the suite too, and what is shipped comes first.
        let kills = find("social-network-kills");
        assert_eq!(kills.as_deref(), Some("scenarios/shipped/resilience/social-network-kills.yaml"));
        assert_eq!((find("hedgin"), like("hedgin")), (None, Some("resilience/hedging")));
        assert_eq!(find("scenarios/shipped/../checkout"), None);
    }

    /// A name that means two scenarios would mean another one when a third is added.
    #[test]
    fn every_scenario_has_a_name_of_its_own_and_loads_from_the_program_alone() {
        let mut all: Vec<&str> = names().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(shipped().count() >= 30);
        for name in names() {
            let path = find(name).unwrap_or_else(|| panic!("{name} is not found"));
            crate::load(&Builtin, &path, &[], None).unwrap_or_else(|r| panic!("{name}: {}", r.render(false)));
        }
    }

    #[test]
    fn what_a_scenario_needs_is_known() {
        let needs = |name: &str| needs(&find(name).expect("is there"));
        assert_eq!(needs("checkout"), Vec::<String>::new());
        assert_eq!(needs("answers/checkout-gate"), ["scenarios/shipped/checkout.yaml"]);
        assert_eq!(
            needs("bad-day"),
            ["scenarios/shipped/experiments/kill-30-percent.yaml", "scenarios/shipped/experiments/system.yaml"]
        );
        assert_eq!(needs("help-desk"), ["scenarios/shipped/queueing/newsletter.csv"]);
    }

    #[test]
    fn folders_hold_their_scenarios() {
        let gate = folder("scenarios/shipped/gate/");
        assert!(gate.len() >= 3 && gate.iter().all(|path| path.starts_with("scenarios/shipped/gate/")), "{gate:?}");
        assert_eq!(folder("scenarios/shipped/none"), Vec::<String>::new());
    }
}
