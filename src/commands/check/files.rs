//! The scenario files of paths: a folder is all that is in it. What others extend is said, so that it may be left out where it is no
//! scenario of its own.

use crate::named::STDIN;
use crate::project::{project, typed};
use crate::refused;
use anyhow::{Context, Result};
use scenarios::Files;
use scenarios::project::ENDINGS;
pub use scenarios::project::plain;
use scenarios::study::baseline::Baseline;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A scenario file.
pub struct Found {
    /// As the user named it, or as its folder leads to it.
    pub path: PathBuf,
    /// Whether it was found in a folder, and not named itself.
    pub inside: bool,
    /// The files that it extends, and that these extend, without detours. A circle ends where it closes.
    pub extends: Vec<PathBuf>,
}

/// Scenario files of paths, in the order of the paths and of their names; each once.
pub fn gather(paths: &[PathBuf]) -> Result<Vec<Found>> {
    let (mut named, mut inside) = (Vec::new(), Vec::new());
    for path in paths {
        let builtin = if path.exists() { Vec::new() } else { scenarios::builtin::folder(&path.to_string_lossy()) };
        if path.is_dir() {
            folder(path, &mut BTreeSet::new(), &mut inside)?;
        } else if !builtin.is_empty() {
            inside.extend(builtin.into_iter().map(PathBuf::from));
        } else {
            named.push(if path.as_os_str() == "-" && project().texts.contains_key(STDIN) {
                STDIN.into()
            } else {
                path.clone()
            });
        }
    }
    let found = |path: PathBuf, inside: bool| Found { extends: chain(&path), path, inside };
    let mut all: Vec<Found> = named.into_iter().map(|path| found(path, false)).collect();
    all.extend(inside.into_iter().map(|path| found(path, true)));
    let mut seen = BTreeSet::new();
    all.retain(|found| seen.insert(plain(&found.path)));
    Ok(all)
}

/// Scenario files of a folder and of the folders in it, each folder once: links may lead in a circle.
fn folder(path: &Path, seen: &mut BTreeSet<PathBuf>, found: &mut Vec<PathBuf>) -> Result<()> {
    if !seen.insert(path.canonicalize().unwrap_or_else(|_| plain(path))) {
        return Ok(());
    }
    let read = std::fs::read_dir(path).and_then(|all| all.map(|e| e.map(|e| e.path())).collect());
    let mut inside: Vec<PathBuf> = read.with_context(|| format!("cannot read the folder {}", typed(path)))?;
    // Links last, so that a folder is found where it is.
    inside.sort_by_key(|path| (path.is_symlink(), path.clone()));
    for path in inside {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        let leads = |path: &Path| {
            let lies = if path.is_symlink() { project().within(&project().tree(path), path) } else { Ok(()) };
            lies.map_err(|problem| refused::value(&[&typed(path)], &problem))
        };
        if path.is_dir() {
            leads(&path)?;
            if !holds_results(&path) {
                folder(&path, seen, found)?;
            }
        } else if is_scenario(&path) {
            leads(&path)?;
            found.push(path);
        }
    }
    Ok(())
}

/// Whether a folder holds the results of an earlier command: the copy of the scenario that lies in it is not to be judged again.
fn holds_results(path: &Path) -> bool {
    path.join("scenario.yaml").exists() && path.join("report.html").exists()
}

/// Whether a file is a scenario by its name; JSON has to say so by its keys, for a folder holds other JSON: a baseline, results.
fn is_scenario(path: &Path) -> bool {
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => {
            let text = project().text(&typed(path)).unwrap_or_default();
            let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let has = |key| json.get(key).is_some_and(serde_json::Value::is_string);
            !Baseline::is_one(&text) && (has("extends") || has("scenario") && json.get("digest").is_none())
        }
        Some(ending) => ENDINGS.contains(&ending),
        None => false,
    }
}

/// The files that a file extends, one through the other.
fn chain(path: &Path) -> Vec<PathBuf> {
    let mut chain = Vec::new();
    let mut next = base(path);
    while let Some(base_path) = next.filter(|base| !chain.contains(base)) {
        next = base(&base_path);
        chain.push(base_path);
    }
    chain
}

/// The file that a file extends.
fn base(path: &Path) -> Option<PathBuf> {
    scenarios::overlay::extended(project(), &typed(path)).map(|base| plain(&project().path(&base)))
}

/// A path as it is seen from a folder, with forward slashes.
pub fn seen_from(folder: &Path, path: &Path) -> String {
    let (folder, path) = (plain(folder), plain(path));
    let (mut from, mut to) = (folder.components().peekable(), path.components().peekable());
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..".to_owned());
    up.chain(to.map(|part| part.as_os_str().to_string_lossy().into_owned())).collect::<Vec<_>>().join("/")
}
