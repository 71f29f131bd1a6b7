//! The truth suite: scenarios whose answers are published or computed exactly, inside of the program.
//!
//! Each file under `truth/` is a case like any scenario of a user: what is expected stands in `expect` with its tolerance, where the
//! numbers come from in `source`. The build puts them all into the program (`build.rs`), so that it can be verified where nothing
//! else is installed.

use crate::files::Files;
use crate::loaded::Loaded;
use crate::reader::Report;
use crate::study;
use sim_core::problem::{Problem, nearest};

/// A scenario of the suite.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its folder and name: `queueing/mm1`.
    pub name: &'static str,
    /// The text of its file.
    pub text: &'static str,
}

/// All cases, in the order of their names.
pub const ALL: &[Case] = include!(concat!(env!("OUT_DIR"), "/truth.rs"));

/// Where the cases lie in the project.
const FOLDER: &str = "scenarios/truth";

impl Case {
    /// Its file in the project.
    pub fn path(&self) -> String {
        format!("{FOLDER}/{}.yaml", self.name)
    }

    /// Loads it, with the variants that its clauses speak of.
    ///
    /// # Errors
    /// A report of all that is wrong with it.
    pub fn load(&self) -> Result<(Loaded, Vec<(String, Loaded)>), Report> {
        study::load(&Suite, &self.path(), &[], None)
    }
}

/// The files of the suite.
#[derive(Debug, Clone, Copy, Default)]
pub struct Suite;

impl Files for Suite {
    fn read(&self, path: &str) -> Result<Vec<u8>, Problem> {
        let case = ALL.iter().find(|case| case.path() == path);
        case.map(|case| case.text.as_bytes().to_vec()).ok_or_else(|| Problem::error("", "there is no such file"))
    }
}

/// The cases whose names contain one of the filters; all without filters.
///
/// # Errors
/// If a filter is contained in no name.
pub fn matching(filters: &[String]) -> Result<Vec<&'static Case>, Problem> {
    for filter in filters {
        if !ALL.iter().any(|case| case.name.contains(filter.as_str())) {
            let words = ALL.iter().flat_map(|case| case.name.split('/').chain([case.name]));
            let problem = Problem::error("", format!("no case of the suite is called {filter}"));
            let near = nearest(filter, words).map(|near| format!("did you mean {near}?"));
            return Err(problem.hint(near.unwrap_or_else(|| "windtunnel verify --list names them all".to_owned())));
        }
    }
    let wanted = |case: &&Case| filters.is_empty() || filters.iter().any(|f| case.name.contains(f.as_str()));
    Ok(ALL.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_can_be_judged_and_says_where_its_numbers_come_from() {
        assert!(ALL.len() >= 15, "{} cases", ALL.len());
        for case in ALL {
            let (loaded, _) = case.load().unwrap_or_else(|r| panic!("{}: {}", case.name, r.render(false)));
            let name = case.name;
            assert!(loaded.warnings.problems.is_empty(), "{name}: {}", loaded.warnings.render(false));
            assert!(!loaded.written.expect.is_empty(), "{name} expects nothing");
            assert!(loaded.written.source.is_some_and(|s| s.len() > 10), "{name} has no source");
            // One is enough where nothing is drawn; the test of the suite's results sees to that.
            let replications = loaded.written.run.replications.get();
            assert!(replications >= 30 || replications == 1, "{name} has too few replications");
        }
    }

    #[test]
    fn filters_take_parts_of_names() {
        let names = |filters: &[&str]| {
            let filters: Vec<String> = filters.iter().map(|f| (*f).to_owned()).collect();
            matching(&filters).map(|cases| cases.iter().map(|c| c.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap().len(), ALL.len());
        assert_eq!(names(&["data/stale-read"]).unwrap(), ["data/stale-read"]);
        assert!(names(&["mm1"]).unwrap().contains(&"queueing/mm1"));
        assert_eq!(names(&["stale-raed"]).unwrap_err().hint.as_deref(), Some("did you mean stale-read?"));
    }
}
