//! The baseline of a check: read, compared with, and moved.

use super::CheckArgs;
use super::files::{Found, plain, seen_from};
use crate::output;
use crate::project::{project, typed};
use crate::refused;
use anyhow::{Result, anyhow, bail};
use scenarios::Files;
use scenarios::study::baseline::{Baseline, Tolerance, against, comparable};
use scenarios::study::interval::Confidence;
use sim_core::results::gate::CheckedFile;
use sim_core::visible::visible;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The baseline that the user names.
pub struct Baselined {
    path: PathBuf,
    stored: Baseline,
    moves: bool,
    tolerance: Tolerance,
}

/// Scenarios of the baseline that are not there.
#[derive(Default)]
pub struct Missing {
    /// A sentence for each that was to be judged, for it lies in a folder that the check was asked about: the check fails.
    pub not_judged: Vec<String>,
    /// A sentence for each of the others.
    pub notes: Vec<String>,
}

impl Baselined {
    /// The baseline that the command line names, if it names one.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(args: &CheckArgs) -> Result<Option<Self>> {
        let Some(path) = args.baseline.clone() else { return Ok(None) };
        let name = typed(&path);
        let stored = match project().text(&name) {
            Ok(text) => Baseline::parse(&text).map_err(|why| anyhow!("{name}: {why}"))?,
            Err(_) if args.update_baseline && !path.exists() => Baseline::default(),
            Err(_) if !path.exists() => {
                bail!("{name}: there is no such file\nhint: --update-baseline writes it");
            }
            Err(problem) => return Err(refused::value(&[&name], &problem)),
        };
        let tolerance = Tolerance(args.tolerance.map_or(0.0, sim_core::units::Probability::value));
        Ok(Some(Self { path, stored, moves: args.update_baseline, tolerance }))
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    fn key(&self, file: &str) -> String {
        seen_from(self.folder(), Path::new(file))
    }

    /// Compares all numbers with those stored. All intervals together hold at 95 %. A baseline that is moved is none to compare with.
    pub fn compare(&self, files: &mut [CheckedFile]) {
        if self.moves {
            return;
        }
        let stored = |file: &CheckedFile| self.stored.scenarios.get(&self.key(&file.file));
        let count = |file: &CheckedFile| Some(comparable(stored(file)?, &file.outcome.as_ref().ok()?.measured));
        let many = files.iter().filter_map(count).sum();
        let confidence = Confidence::AT_95.one_of(many);
        for file in files {
            let key = self.key(&file.file);
            if let (Ok(checked), Some(stored)) = (&mut file.outcome, self.stored.scenarios.get(&key)) {
                checked.against = against(stored, &checked.measured, checked.seed, confidence, self.tolerance);
            }
        }
    }

    /// Scenarios that are stored and were not found where the check looks, and those elsewhere whose files are gone. A baseline that is moved
    /// forgets them.
    pub fn missing(&self, found: &[Found], paths: &[PathBuf]) -> Missing {
        let mut missing = Missing::default();
        let found: BTreeSet<PathBuf> = found.iter().map(|found| plain(&found.path)).collect();
        let asked: Vec<PathBuf> = paths.iter().map(|path| plain(path)).collect();
        for key in self.stored.scenarios.keys() {
            let file = plain(&self.folder().join(key));
            let is_asked = !self.moves && asked.iter().any(|path| file.starts_with(path)) && !found.contains(&file);
            let (name, key) = (typed(&self.path), visible(key));
            if is_asked {
                missing
                    .not_judged
                    .push(format!("Not judged: {key}, which is in {name}; --update-baseline forgets it."));
            } else if !file.exists() {
                missing.notes.push(format!("{key} is in {name}, and its file is gone."));
            }
        }
        missing
    }

    /// Stores the numbers of now, if it is to be moved, and says so. What could not be run keeps what is stored.
    pub fn update(mut self, files: &[CheckedFile]) -> Result<Option<String>> {
        if !self.moves {
            return Ok(None);
        }
        let folder = self.folder().to_owned();
        self.stored.scenarios.retain(|key, _| exists(&folder, key));
        let (mut scenarios, mut numbers) = (0, 0);
        for file in files {
            if let Ok(checked) = &file.outcome {
                let key = self.key(&file.file);
                self.stored.put(&key, checked);
                scenarios += 1;
                numbers += checked.measured.len();
            }
        }
        output::write_whole(&self.path, self.stored.text().as_bytes())?;
        let s = if scenarios == 1 { "" } else { "s" };
        Ok(Some(format!("Baseline {}: {numbers} numbers of {scenarios} scenario{s} stored.", typed(&self.path))))
    }
}

/// Whether the file of a stored scenario is there.
fn exists(folder: &Path, key: &str) -> bool {
    plain(&folder.join(key)).exists()
}
