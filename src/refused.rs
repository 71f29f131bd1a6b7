//! Problems of files and of values that keep a command from running, as errors of the command.

use crate::output;
use anyhow::anyhow;
use scenarios::Report;
use sim_core::problem::Problem;

/// The problems of a scenario, as they are printed.
#[derive(Debug)]
pub struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl From<&Report> for Refused {
    fn from(report: &Report) -> Self {
        let colour = output::colours(&std::io::stderr());
        Self(format!("{}{}\n", report.render(colour), report.closing()))
    }
}

/// All problems of a scenario, for a command that cannot run it.
pub fn scenario(report: &Report) -> anyhow::Error {
    Refused::from(report).into()
}

/// One problem that has no line in a file; `at` says of what, from the outside in, and may have empty parts.
pub fn value(at: &[&str], problem: &Problem) -> anyhow::Error {
    let mut text: String = at.iter().filter(|part| !part.is_empty()).map(|part| format!("{part}: ")).collect();
    text.push_str(&problem.message);
    text.extend(problem.hint.iter().map(|hint| format!("\nhint: {hint}")));
    anyhow!(text)
}

/// The first of some problems, if there is one; the paths of their values are shown without `prefix`.
///
/// # Errors
/// If there is a problem.
pub fn first_of(problems: sim_core::problem::Problems, prefix: &str) -> anyhow::Result<()> {
    match problems.into_vec().first() {
        Some(problem) => Err(value(&[problem.path.trim_start_matches(prefix)], problem)),
        None => Ok(()),
    }
}
