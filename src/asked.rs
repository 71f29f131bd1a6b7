//! The command that a study was asked by: the name of its out folder, and `asked.json` in that folder. `report` reads the command there,
//! and a command that replaces the results names it.

use crate::arguments::{PrecisionArgs, StudyArgs};
use crate::out_folder;
use crate::output;
use crate::project::typed;
use crate::shell::quoted;
use anyhow::{Result, bail};
use reports::studies::sweep;
use serde::{Deserialize, Serialize};
use sim_core::engine::rng::hash_name;
use std::path::{Path, PathBuf};

/// Name of the file in the out folder.
pub const FILE: &str = "asked.json";

/// Characters of a setting in the name of a folder; longer ones are shortened.
const LONGEST: usize = 60;

/// A command on scenario files, with what changes its results. Folders, threads and forms of output are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// `run`, `compare` or `capacity`.
    pub command: String,
    /// The files, as the user typed them.
    pub files: Vec<String>,
    /// The variant and the values that were set, as arguments: ` --variant no-retry --set services.web.workers=2`.
    pub settings: String,
    /// All other arguments that change results.
    pub more: String,
    /// Whether the scenario in the folder has the lines of the file that was typed: nothing was set, and the file extends no other.
    #[serde(default)]
    pub as_written: bool,
}

impl Asked {
    /// What was asked of a command.
    pub fn new(command: &str, files: Vec<String>, variant: Option<&str>, sets: &[String], more: String) -> Self {
        Self { command: command.into(), files, settings: settings(variant, sets), more, as_written: false }
    }

    /// The command as it can be typed again.
    pub fn line(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| quoted(file)).collect();
        format!("windtunnel {} {}{}{}", self.command, files.join(" "), self.settings, self.more)
    }

    /// What stands in a folder; `None` where nothing does, or it cannot be read.
    pub fn of(folder: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(folder.join(FILE)).ok()?).ok()
    }

    /// Writes the files of a report and what was asked, and says in a line if they replace results of something else.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write_report(&self, folder: &Path, mut files: Vec<(String, Vec<u8>)>) -> Result<()> {
        let there = out_folder::results().any(|name| folder.join(name).exists());
        let before = Self::of(folder);
        if there && before.as_ref() != Some(self) {
            let held =
                before.as_ref().map_or_else(|| "other results".to_owned(), |b| format!("results of `{}`", b.line()));
            output::say(&format!("note: {} held {held}, which are replaced\n", typed(folder)));
        }
        files.insert(0, self.file()?);
        out_folder::replace(folder, files)
    }

    /// The file that says what was asked.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn file(&self) -> Result<(String, Vec<u8>)> {
        Ok((FILE.into(), (serde_json::to_string_pretty(self)? + "\n").into_bytes()))
    }
}

/// Whether the results of these files can be written into a folder: it holds no points of a sweep, which nothing else may replace, and none
/// of the files themselves.
///
/// # Errors
/// If not.
pub fn free(folder: &Path, files: &[PathBuf]) -> Result<()> {
    out_folder::spares(folder, files)?;
    if folder.join(out_folder::POINTS).exists() {
        bail!("{} holds the points of a sweep: name another folder with --out", typed(folder));
    }
    output::writable(folder)
}

/// Whether a folder is free for the points of a sweep: it has points already, or no results of another command.
///
/// # Errors
/// If it holds results of another command, which would stand beside the points until these are all there.
pub fn free_for_points(folder: &Path) -> Result<()> {
    let held = out_folder::results().any(|name| sweep::KIND.results != Some(name) && folder.join(name).exists());
    if folder.join(out_folder::POINTS).exists() || !held {
        return Ok(());
    }
    let of = Asked::of(folder).map_or_else(|| "of another command".into(), |asked| format!("of `{}`", asked.line()));
    bail!("{} holds results {of}: name another folder with --out", typed(folder))
}

/// The variant and the values that were set, as arguments.
pub fn settings(variant: Option<&str>, sets: &[String]) -> String {
    let variant = variant.map(|name| format!(" --variant {}", quoted(name)));
    let sets = sets.iter().map(|set| format!(" --set {}", quoted(set)));
    variant.into_iter().chain(sets).collect()
}

/// Seed and replications, as arguments.
pub fn study(args: &StudyArgs) -> String {
    let mut all = String::new();
    all.extend(args.seed.map(|seed| format!(" --seed {seed}")));
    all.extend(args.replications.map(|n| format!(" --replications {n}")));
    all
}

/// The precision, as arguments.
pub fn precision(args: &PrecisionArgs) -> String {
    let mut all = String::new();
    all.extend(args.precision.map(|within| format!(" --precision {within}")));
    all.extend(args.precision_of.iter().map(|of| format!(" --precision-of {}", quoted(&of.to_string()))));
    all.extend(args.precision_cap.map(|cap| format!(" --precision-cap {cap}")));
    all
}

/// The out folder of what is called `name`: each setting has its own, `out/checkout.gateway-instances-8`. `more` are the arguments of
/// [`study`] and [`precision`].
pub fn folder(name: &str, variant: Option<&str>, sets: &[String], more: &str) -> PathBuf {
    let mut parts: Vec<(String, bool)> = variant.map(slug).into_iter().collect();
    parts.extend(sets.iter().map(|set| slug(set.strip_prefix("services.").unwrap_or(set))));
    parts.extend(more.split(" --").skip(1).map(|argument| slug(&argument.replacen(' ', "=", 1))));
    if parts.is_empty() {
        return PathBuf::from("out").join(name);
    }
    let exact = parts.iter().all(|(_, exact)| *exact);
    let text = parts.into_iter().map(|(part, _)| part).collect::<Vec<_>>().join(".");
    if exact && text.len() <= LONGEST {
        return PathBuf::from("out").join(format!("{name}.{text}"));
    }
    let hash = hash_name(&(settings(variant, sets) + more)) >> 32;
    let short: String = text.chars().take(LONGEST - 9).collect();
    PathBuf::from("out").join(format!("{name}.{}-{hash:08x}", short.trim_end_matches(['-', '.'])))
}

/// A setting as it can stand in the name of a folder, and whether all of it can be read there.
fn slug(text: &str) -> (String, bool) {
    let (path, value) = text.split_once('=').unwrap_or((text, ""));
    let mut exact = true;
    let mut slug = path.replace('.', "-");
    slug.push_str(if value.is_empty() { "" } else { "-" });
    for c in value.chars() {
        match c {
            '/' => slug.push('-'),
            '%' => slug.push_str("pct"),
            c => slug.push(c),
        }
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut clean = String::new();
    for c in slug.chars() {
        if allowed(c) {
            clean.push(c);
        } else {
            exact = false;
            if !clean.ends_with('-') {
                clean.push('-');
            }
        }
    }
    (clean.trim_matches('-').to_owned(), exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variant: Option<&str>, sets: &[&str], args: &StudyArgs) -> String {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        folder("checkout", variant, &sets, &study(args)).to_string_lossy().replace('\\', "/")
    }

    #[test]
    fn each_setting_has_a_folder_of_its_own() {
        let none = StudyArgs::default();
        assert_eq!(of(None, &[], &none), "out/checkout");
        assert_eq!(of(Some("no-retry"), &[], &none), "out/checkout.no-retry");
        assert_eq!(of(None, &["services.gateway.instances=8"], &none), "out/checkout.gateway-instances-8");
        assert_eq!(
            of(Some("a"), &["stores.db.workers=4", "load.users.arrive.poisson.rate=5/s"], &none),
            "out/checkout.a.stores-db-workers-4.load-users-arrive-poisson-rate-5-s"
        );
        let asked = StudyArgs { seed: Some(7), replications: Some(100), ..StudyArgs::default() };
        assert_eq!(of(None, &[], &asked), "out/checkout.seed-7.replications-100");
        let threads = StudyArgs { threads: Some(3), ..StudyArgs::default() };
        assert_eq!(of(None, &[], &threads), "out/checkout", "threads change no result");
        let precise = PrecisionArgs { precision: sim_core::units::Probability::new(0.02), ..PrecisionArgs::default() };
        assert_eq!(folder("checkout", None, &[], &precision(&precise)), Path::new("out/checkout.precision-2pct"));
    }

    #[test]
    fn what_is_long_or_cannot_be_read_in_a_name_has_a_hash() {
        let none = StudyArgs::default();
        let a = of(None, &["policies.card={timeout: 5s}"], &none);
        let b = of(None, &["policies.card=[timeout, 5s]"], &none);
        assert!(a.starts_with("out/checkout.policies-card-timeout-5s-") && a != b, "{a} {b}");
        let long = |n: u32| of(None, &[&"services.x.y.z=1".repeat(9), &format!("services.a.workers={n}")], &none);
        assert!(long(1).len() <= "out/checkout.".len() + LONGEST && long(1) != long(2), "{}", long(1));
        assert_eq!(long(1), long(1));
        assert!(!of(None, &["a.b=../../x"], &none).contains("/x"));
    }

    #[test]
    fn commands_can_be_typed_again() {
        let sets = ["a.b={c: 1}".to_owned(), "x.y='2'".to_owned()];
        let asked = Asked::new("run", vec!["my file.yaml".into()], Some("v"), &sets, " --seed 2".into());
        assert_eq!(
            asked.line(),
            r"windtunnel run 'my file.yaml' --variant v --set 'a.b={c: 1}' --set 'x.y='\''2'\''' --seed 2"
        );
    }
}
