//! Systems that somebody has measured on real software, inside of the program: scenarios that predict what was measured, and the facts.
//!
//! A system is two files under `measured/`: the scenario, which expects nothing, and a table of facts of the same name. Each line of the table
//! is a figure: what it is, the variant and the metric that predict it, what was measured, whether parameters are set from it (`c`), how near the
//! prediction has to come, and why it does not where it does not. A line `rms` demands something of all predictions together.
//! From both is made the text that is loaded: the scenario, with a clause of `expect` for each figure.

use crate::files::Files;
use crate::loaded::Loaded;
use crate::reader::Report;
use crate::study;
use sim_core::problem::{Problem, nearest};
use sim_core::results::measured::{Fact, Target, Together};
use sim_core::units::Probability;

/// A measured system.
#[derive(Debug, Clone, Copy)]
pub struct System {
    /// Its name: `web-application`.
    pub name: &'static str,
    /// The scenario that predicts it, without what is expected.
    scenario: &'static str,
    /// The table of what was measured.
    facts: &'static str,
}

/// All systems, in the order of their names.
pub const ALL: &[System] = include!(concat!(env!("OUT_DIR"), "/measured.rs"));

/// Where the systems lie in the project.
const FOLDER: &str = "scenarios/measured";

/// The tolerance of the clause of a figure of which nothing is demanded, so that the clause can be written.
const LOOSE: &str = "15%";

/// A line of the table.
struct MeasuredLine {
    what: &'static str,
    variant: &'static str,
    metric: &'static str,
    measured: &'static str,
    mark: &'static str,
    target: &'static str,
    why: &'static str,
}

impl MeasuredLine {
    /// The metric with its variant, as a clause writes it.
    fn subject(&self) -> String {
        if self.variant.is_empty() { self.metric.to_owned() } else { format!("{} in {}", self.metric, self.variant) }
    }

    /// The clause of `expect`.
    fn clause(&self) -> String {
        let within = match self.target {
            "" => LOOSE,
            "exact" => "1%",
            share => share,
        };
        format!("{} == {} within {within}", self.subject(), self.measured)
    }

    fn fact(&self) -> Fact {
        Fact {
            what: self.what.to_owned(),
            metric: self.subject(),
            measured: self.measured.to_owned(),
            calibrates: self.mark == "c",
            target: match self.target {
                "" => Target::None,
                "exact" => Target::Exact,
                written => Target::Within(share(written)),
            },
            why: self.why.to_owned(),
        }
    }
}

/// A percentage of the table. The tables are part of the program, whose tests read them all.
fn share(written: &str) -> f64 {
    Probability::parse(written).map_or(f64::NAN, Probability::value)
}

impl System {
    /// Its scenario in the project.
    pub fn path(&self) -> String {
        format!("{FOLDER}/{}.yaml", self.name)
    }

    /// The lines of its table, without the heading.
    fn lines(&self) -> impl Iterator<Item = MeasuredLine> {
        let cells = |line: &'static str| {
            let mut cells = line.splitn(7, ',');
            let mut next = || cells.next().unwrap_or_default();
            let [what, variant, metric, measured, mark, target, why] = std::array::from_fn(|_| next());
            MeasuredLine { what, variant, metric, measured, mark, target, why }
        };
        self.facts.lines().skip(1).map(cells)
    }

    /// What was measured, in the order of the clauses.
    pub fn facts(&self) -> Vec<Fact> {
        self.lines().filter(|line| line.what != "rms").map(|line| line.fact()).collect()
    }

    /// What is demanded of all predictions together.
    pub fn together(&self) -> Option<Together> {
        let line = self.lines().find(|line| line.what == "rms")?;
        Some(Together { at_most: share(line.target), why: line.why.to_owned() })
    }

    /// The scenario with a clause for each figure, as it is loaded.
    pub fn text(&self) -> String {
        let clauses = self.lines().filter(|line| line.what != "rms").map(|line| format!("  - {}\n", line.clause()));
        format!("{}\nexpect:\n{}", self.scenario, clauses.collect::<String>())
    }

    /// Loads it, with its variants.
    ///
    /// # Errors
    /// A report of all that is wrong with it.
    pub fn load(&self) -> Result<(Loaded, Vec<(String, Loaded)>), Report> {
        study::load(&Systems, &self.path(), &[], None)
    }
}

/// The files of the measured systems.
#[derive(Debug, Clone, Copy, Default)]
pub struct Systems;

impl Files for Systems {
    fn read(&self, path: &str) -> Result<Vec<u8>, Problem> {
        let system = ALL.iter().find(|system| system.path() == path);
        system.map(|system| system.text().into_bytes()).ok_or_else(|| Problem::error("", "there is no such file"))
    }
}

/// The systems whose names contain one of the filters; all without filters.
///
/// # Errors
/// If a filter is contained in no name.
pub fn matching(filters: &[String]) -> Result<Vec<&'static System>, Problem> {
    for filter in filters {
        if !ALL.iter().any(|system| system.name.contains(filter.as_str())) {
            let problem = Problem::error("", format!("no measured system is called {filter}"));
            let near =
                nearest(filter, ALL.iter().map(|system| system.name)).map(|near| format!("did you mean {near}?"));
            return Err(
                problem.hint(near.unwrap_or_else(|| "windtunnel verify --measured --list names them all".to_owned()))
            );
        }
    }
    let wanted = |system: &&System| filters.is_empty() || filters.iter().any(|f| system.name.contains(f.as_str()));
    Ok(ALL.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_facts_that_its_scenario_can_predict() {
        assert_eq!(ALL.iter().map(|s| s.name).collect::<Vec<_>>(), ["autoscaler", "throughput", "web-application"]);
        for system in ALL {
            let name = system.name;
            let (loaded, _) = system.load().unwrap_or_else(|r| panic!("{name}: {}", r.render(false)));
            assert!(loaded.warnings.problems.is_empty(), "{name}: {}", loaded.warnings.render(false));
            assert!(
                loaded.written.source.is_some_and(|source| source.len() > 80),
                "{name} does not say its parameters"
            );
            assert_eq!(loaded.written.expect.len(), system.facts().len(), "{name}");
            let calibrates = system.facts().iter().filter(|fact| fact.calibrates).count();
            assert!((1..system.facts().len() / 2).contains(&calibrates), "{name}: {calibrates}");
            let shares = system.facts().into_iter().filter_map(|fact| match fact.target {
                Target::Within(share) => Some(share),
                Target::None | Target::Exact => None,
            });
            let all: Vec<f64> = shares.chain(system.together().map(|all| all.at_most)).collect();
            assert!(all.iter().all(|share| (0.001..0.25).contains(share)), "{name}: {all:?}");
        }
    }

    #[test]
    fn filters_take_parts_of_names() {
        let names =
            |filter: &str| matching(&[filter.to_owned()]).map(|all| all.iter().map(|s| s.name).collect::<Vec<_>>());
        assert_eq!(names("web").unwrap(), ["web-application"]);
        assert_eq!(names("autoscalar").unwrap_err().hint.as_deref(), Some("did you mean autoscaler?"));
    }
}
