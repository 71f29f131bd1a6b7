//! Where texts come from: the disk, or memory in tests.
//!
//! A scenario may name other files (`extends`, the trace of a replayed load); their paths are relative to the file that names
//! them. Everything that can be wrong with a file as such is found here: a directory, not there, too large, not text.

use crate::reader::parse::MAX_BYTES;
use sim_core::problem::{Problem, nearest};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Endings of scenario files.
pub const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Something that can be read by path.
pub trait Files: Sync {
    /// The content of a file.
    ///
    /// # Errors
    /// What is wrong with the file, and what to do about it.
    fn read(&self, path: &str) -> Result<Vec<u8>, Problem>;

    /// The content of a file that the scenario `by` names.
    ///
    /// # Errors
    /// As [`Files::read`], and if scenarios may not name this file.
    fn read_named(&self, _by: &str, path: &str) -> Result<Vec<u8>, Problem> {
        self.read(path)
    }

    /// The content of a file as text.
    ///
    /// # Errors
    /// What is wrong with the file, and what to do about it.
    fn text(&self, path: &str) -> Result<String, Problem> {
        text(self.read(path)?)
    }

    /// The content of a file as text that the scenario `by` names.
    ///
    /// # Errors
    /// As [`Files::text`], and if scenarios may not name this file.
    fn text_named(&self, by: &str, path: &str) -> Result<String, Problem> {
        text(self.read_named(by, path)?)
    }
}

/// Bytes as text.
fn text(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Problem::error("", "this is not a text file").label(format!("byte {} is not UTF-8", at + 1))
    })
}

/// The files of the machine, all of them; [`crate::Project`] says which of them a scenario may name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

/// Bytes of a file at most.
pub const MOST_BYTES: usize = 16 * MAX_BYTES;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, Problem> {
        Self::read_path(Path::new(path), path)
    }
}

impl Disk {
    /// The content of a file; `name` is how people know it. What it is and how large it is is looked at first, and a file that grows while it is read
    /// is not read on.
    pub(crate) fn read_path(file: &Path, name: &str) -> Result<Vec<u8>, Problem> {
        let about = std::fs::metadata(file).map_err(|error| unreadable(file, &error))?;
        if about.is_dir() {
            let problem = Problem::error("", "this is a directory, not a file");
            return Err(problem.hint(format!("name a file in it, or type: windtunnel check {name}")));
        }
        if !about.is_file() {
            return Err(Problem::error("", "this is a device or a pipe, not a file"));
        }
        let too_large = |bytes: u64| {
            Problem::error("", format!("the file is too large: {} MiB", bytes >> 20))
                .label(format!("at most {} MiB are read", MOST_BYTES >> 20))
        };
        if about.len() > MOST_BYTES as u64 {
            return Err(too_large(about.len()));
        }
        let mut bytes = Vec::new();
        let read = std::fs::File::open(file).and_then(|open| open.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes));
        read.map_err(|error| unreadable(file, &error))?;
        if bytes.len() > MOST_BYTES { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Problem {
    if error.kind() != std::io::ErrorKind::NotFound {
        return Problem::error("", format!("the file cannot be read: {error}"));
    }
    let problem = Problem::error("", "there is no such file");
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    names.sort();
    match nearest(wanted, names.iter().map(String::as_str)) {
        Some(near) => problem.hint(format!("did you mean {}?", join(folder.to_str().unwrap_or_default(), near))),
        None => problem,
    }
}

/// Files in memory, by path.
#[derive(Debug, Clone, Default)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

impl Memory {
    /// With one file.
    pub fn of(path: &str, text: &str) -> Self {
        Self::default().and(path, text)
    }

    /// With one file more.
    #[must_use]
    pub fn and(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), text.as_bytes().to_vec());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, Problem> {
        self.0.get(path).cloned().ok_or_else(|| Problem::error("", "there is no such file"))
    }
}

/// A path that `file` names, seen from where `file` is.
pub fn beside(file: &str, named: &str) -> String {
    match file.rsplit_once('/') {
        Some((folder, _)) if !named.starts_with('/') => join(folder, named),
        _ => named.to_owned(),
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder == "." { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directory_is_no_file() {
        let problem = Disk.read(env!("CARGO_MANIFEST_DIR")).expect_err("is a directory");
        assert_eq!(problem.message, "this is a directory, not a file");
    }

    #[test]
    fn missing_file_hints_at_its_neighbour() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Crago.toml");
        let problem = Disk.read(path).expect_err("is not there");
        assert!(problem.hint.is_some_and(|h| h.ends_with("/Cargo.toml?")));
    }

    #[test]
    fn binary_file_is_no_text() {
        let files = Memory(BTreeMap::from([("a".to_owned(), vec![b'a', 0xff, 0xfe])]));
        assert_eq!(files.text("a").expect_err("is binary").label.as_deref(), Some("byte 2 is not UTF-8"));
    }

    #[test]
    fn named_files_stand_beside_the_file_that_names_them() {
        assert_eq!(beside("a/b.yaml", "c.csv"), "a/c.csv");
        assert_eq!(beside("b.yaml", "c.csv"), "c.csv");
        assert_eq!(beside("a/b.yaml", "/c.csv"), "/c.csv");
    }
}
