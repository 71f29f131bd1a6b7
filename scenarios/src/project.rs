//! The files of the machine as the program reads them: those that a scenario names lie in its tree, and none is read that is no file.
//!
//! A scenario names other files (`extends`, the trace of a replayed load). A scenario that somebody else wrote may not read every file of the
//! machine, so these lie within a tree: `--root`; else the repository that the scenario lies in (the nearest folder above with a `.git`); else the
//! folder where the program runs or one named on the command line, the widest that the scenario lies in; else the scenario's own folder. The scenario
//! itself is read wherever the user says. Links count as what they lead to.
//!
//! Where no file is there, the scenarios inside of the program ([`crate::builtin`]) are read by the paths that they have in the project; such a one
//! names no file of the machine. A text that came in another way, as from standard input, is read by the name that it was given.
//!
//! Paths are text from outside like any other: [`Project::name`] makes them visible and remembers what they stand for, so that a file can be read
//! whose name is not UTF-8 or holds control characters.

use crate::builtin;
pub use crate::files::ENDINGS;
use crate::files::{Disk, Files};
use sim_core::problem::Problem;
use sim_core::visible::visible;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The files of the machine, as the command line opens them to scenarios.
#[derive(Debug, Default)]
pub struct Project {
    /// The tree in which files lie that scenarios name; `None` where each scenario has its own.
    pub root: Option<PathBuf>,
    /// Whether scenarios may name any file.
    pub outside: bool,
    /// Folders that the user named.
    pub folders: Vec<PathBuf>,
    /// Texts that are no files, by name.
    pub texts: BTreeMap<String, Vec<u8>>,
    /// Paths whose names are shown otherwise than they are.
    names: Mutex<BTreeMap<String, PathBuf>>,
}

impl Project {
    /// The name of a path for people and reports, by which it can be read.
    pub fn name(&self, path: &Path) -> String {
        let name = shown(path);
        if path.to_str() != Some(&name) {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            names.insert(name.clone(), path.to_owned());
        }
        name
    }

    /// The path that a name stands for: also of a file beside one that was named.
    pub fn path(&self, name: &str) -> PathBuf {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.is_empty() {
            return PathBuf::from(name);
        }
        if let Some(path) = names.get(name) {
            return path.clone();
        }
        // The longest folder that was named, as a part of a name that was.
        let folder = |(shown_as, path): (&String, &PathBuf)| {
            let folder = path.parent()?;
            let prefix = shown(folder);
            let rest = name.strip_prefix(&prefix)?.strip_prefix('/')?;
            (shown_as.starts_with(&prefix) && !prefix.is_empty()).then(|| (prefix.len(), folder.join(rest)))
        };
        let found = names.iter().filter_map(folder).max_by_key(|(length, _)| *length);
        found.map_or_else(|| PathBuf::from(name), |(_, path)| path)
    }

    /// The tree of a scenario.
    pub fn tree(&self, scenario: &Path) -> PathBuf {
        if let Some(root) = &self.root {
            return plain(root);
        }
        let file = plain(scenario);
        let own = file.parent().unwrap_or(Path::new("/"));
        if let Some(repository) = own.ancestors().find(|folder| folder.join(".git").exists()) {
            return repository.to_owned();
        }
        let here = plain(Path::new("."));
        let named = self.folders.iter().map(|folder| plain(folder));
        let around = std::iter::once(here).chain(named).filter(|folder| file.starts_with(folder));
        around.min_by_key(|folder| folder.components().count()).unwrap_or_else(|| own.to_owned())
    }

    /// Whether a path lies in a tree, also where its links lead.
    ///
    /// # Errors
    /// Where it leads outside.
    pub fn within(&self, tree: &Path, path: &Path) -> Result<(), Problem> {
        let real = |path: &Path| path.canonicalize().map(|path| plain(&path));
        let top = real(tree).unwrap_or_else(|_| tree.to_owned());
        let lies = |path: &Path| path.starts_with(tree) || path.starts_with(&top);
        // Whether a file outside is there at all is not said either.
        let inside = lies(&plain(path)) && real(path).map_or(true, |path| lies(&path));
        if self.outside || inside {
            return Ok(());
        }
        let problem = Problem::error("", format!("this file lies outside of {}", shown(tree)));
        Err(problem.hint("keep it there, name a wider tree with --root DIR, or allow any file with --allow-outside"))
    }
}

impl Project {
    /// A problem of a file that is not there, with what may be meant: a file that has an ending, or a scenario of the program.
    fn hinted(&self, problem: Problem, path: &str) -> Problem {
        if problem.hint.is_some() || self.path(path).exists() {
            return problem;
        }
        let ended = ENDINGS.iter().map(|ending| format!("{path}.{ending}")).find(|path| self.path(path).exists());
        let builtin = builtin::like(path).map(|near| format!("the built-in {near}? windtunnel list names them all"));
        match ended.map(|path| format!("{path}?")).or(builtin) {
            Some(meant) => problem.hint(format!("did you mean {meant}")),
            None => problem,
        }
    }

    /// The text of a scenario of the program, if no file has its path.
    fn builtin(&self, path: &str) -> Option<&'static str> {
        builtin::text(path).filter(|_| !self.path(path).exists())
    }
}

impl Files for Project {
    fn read(&self, path: &str) -> Result<Vec<u8>, Problem> {
        if let Some(text) = self.texts.get(path) {
            return Ok(text.clone());
        }
        if let Some(text) = self.builtin(path) {
            return Ok(text.as_bytes().to_vec());
        }
        Disk::read_path(&self.path(path), path).map_err(|problem| self.hinted(problem, path))
    }

    fn read_named(&self, by: &str, path: &str) -> Result<Vec<u8>, Problem> {
        if self.builtin(by).is_some() {
            return builtin::Builtin.read(path);
        }
        let real = self.path(path);
        self.within(&self.tree(&self.path(by)), &real)?;
        Disk::read_path(&real, path)
    }
}

/// A path as people see it: bytes that are no text, and characters that are not seen, as their escapes.
fn shown(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        out.push_str(&visible(chunk.valid()));
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

/// A path without detours, so that two ways to a file are one.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_visible_and_lead_back() {
        let project = Project::default();
        let path = Path::new("a\u{1b}b/c\nd.yaml");
        let name = project.name(path);
        assert_eq!(name, "a\\u001bb/c\\nd.yaml");
        assert_eq!(project.path(&name), path);
        assert_eq!(project.path("a\\u001bb/base.yaml"), Path::new("a\u{1b}b/base.yaml"));
        assert_eq!(project.path("x/base.yaml"), Path::new("x/base.yaml"));
    }

    #[test]
    fn the_tree_is_the_repository() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let project = Project { root: Some(here.join("src")), ..Project::default() };
        assert_eq!(project.tree(&here.join("shipped/checkout.yaml")), here.join("src"));
        assert!(project.within(&here.join("src"), &here.join("src/../Cargo.toml")).is_err());
        assert!(project.within(&here.join("src"), &here.join("src/reader/../lib.rs")).is_ok());
        assert!(project.within(&here.join("src"), &here.join("src-of-another")).is_err());
    }
}
