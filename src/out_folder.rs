//! The out folder of a command. Its files are written aside, whole, and then put in the place of those of the command before, so that a folder
//! holds the results of one command, and an error or Ctrl-C loses none.
//!
//! `files.json` lists what a command wrote. By it the next one takes away what it does not write itself, and nothing else: a folder may hold
//! files of the user too.

use crate::output::{self, printable_file};
use crate::project::typed;
use crate::writing::writing;
use anyhow::{Context, Result, bail};
use reports::studies;
use scenarios::project::plain;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Name of the list of what a command wrote.
const LIST: &str = "files.json";

/// The files of the results of all studies, by which a folder is known.
pub fn results() -> impl Iterator<Item = &'static str> {
    studies::ALL.iter().filter_map(|kind| kind.results)
}

/// Name of the file of a sweep's points, of which its results are made. It is in no list: only `--fresh` throws it away.
pub const POINTS: &str = "points.jsonl";

/// Puts files in the place of those of the command before.
///
/// # Errors
/// If one cannot be written; then the folder is as it was.
pub fn replace(folder: &Path, mut files: Vec<(String, Vec<u8>)>) -> Result<()> {
    let _whole = writing();
    let mut names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    names.push(LIST.to_owned());
    names.sort();
    let list = serde_json::to_string_pretty(&names)? + "\n";
    // The page stays the last, so that a reader who finds it finds all.
    files.insert(0, (LIST.to_owned(), list.into_bytes()));
    let stale: Vec<PathBuf> =
        listed(folder).into_iter().filter(|path| !names.iter().any(|n| Path::new(n) == path)).collect();
    let aside = folder.join(format!(".new.{}.part", std::process::id()));
    let written = write_aside(folder, &aside, &files).and_then(|()| swap(folder, &aside, &files, &stale));
    let _ = fs::remove_dir_all(&aside);
    written
}

/// Takes the results of a command away, where the points of which they were made are thrown away.
pub fn clear(folder: &Path) {
    let _whole = writing();
    take_away(folder, &listed(folder));
}

fn write_aside(folder: &Path, aside: &Path, files: &[(String, Vec<u8>)]) -> Result<()> {
    let _ = fs::remove_dir_all(aside);
    for (name, bytes) in files {
        if folder.join(name).is_dir() {
            bail!("cannot write {}: it is a folder", typed(&folder.join(name)));
        }
        output::write_one(&aside.join(name), &printable_file(name, bytes))?;
    }
    Ok(())
}

fn swap(folder: &Path, aside: &Path, files: &[(String, Vec<u8>)], stale: &[PathBuf]) -> Result<()> {
    let parents = files.iter().filter_map(|(name, _)| folder.join(name).parent().map(Path::to_owned));
    for parent in parents {
        fs::create_dir_all(&parent).with_context(|| format!("cannot make the folder {}", typed(&parent)))?;
    }
    for (name, _) in files {
        let path = folder.join(name);
        fs::rename(aside.join(name), &path).with_context(|| format!("cannot write {}", typed(&path)))?;
    }
    take_away(folder, stale);
    Ok(())
}

/// What the command before wrote: by its list, or where it wrote none, its results.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(folder.join(LIST)).unwrap_or_default();
    let names: Vec<String> = serde_json::from_str(&text).unwrap_or_else(|_| results().map(str::to_owned).collect());
    // A list that somebody else wrote reaches nothing outside of the folder.
    let is_inside = |path: &PathBuf| path.components().all(|part| matches!(part, Component::Normal(_)));
    names.into_iter().map(PathBuf::from).filter(is_inside).collect()
}

/// Removes files, and the folders that are empty without them.
fn take_away(folder: &Path, paths: &[PathBuf]) {
    for path in paths {
        // A link to a folder elsewhere is not followed.
        let within =
            path.ancestors().skip(1).all(|above| !folder.join(above).is_symlink() || above.as_os_str().is_empty());
        if within && fs::remove_file(folder.join(path)).is_ok() {
            let above = path.ancestors().skip(1).take_while(|above| !above.as_os_str().is_empty());
            above.for_each(|above| drop(fs::remove_dir(folder.join(above))));
        }
    }
}

/// Whether results may be written into a folder: their copy of the scenario would be written over none of these files.
///
/// # Errors
/// If one of the scenarios is the file that would be replaced.
pub fn spares(folder: &Path, files: &[PathBuf]) -> Result<()> {
    let copy = plain(&folder.join("scenario.yaml"));
    match files.iter().find(|file| plain(file) == copy) {
        Some(file) => bail!("{} would be replaced by its own results: name another folder with --out", typed(file)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("windtunnel-out-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        /// All that lies in the folder, folders with a slash.
        fn all(&self) -> Vec<String> {
            let mut found = Vec::new();
            let mut folders = vec![self.0.clone()];
            while let Some(folder) = folders.pop() {
                for entry in fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    let name = path.strip_prefix(&self.0).unwrap().to_string_lossy().into_owned();
                    found.push(if path.is_dir() { format!("{name}/") } else { name });
                    folders.extend(path.is_dir().then_some(path));
                }
            }
            found.sort();
            found
        }

        fn read(&self, name: &str) -> String {
            fs::read_to_string(self.0.join(name)).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn files(names: &[&str], text: &str) -> Vec<(String, Vec<u8>)> {
        names.iter().map(|name| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn files_of_the_command_before_go_and_those_of_others_stay() {
        let folder = Folder::new("before");
        fs::write(folder.0.join("notes.md"), "mine").unwrap();
        replace(&folder.0, files(&["results.json", "figures/a.svg", "traces/x.csv"], "one")).unwrap();
        fs::write(folder.0.join("traces/mine.csv"), "mine").unwrap();
        replace(&folder.0, files(&["compare.json", "report.html"], "two")).unwrap();
        assert_eq!(
            folder.all(),
            ["compare.json", "files.json", "notes.md", "report.html", "traces/", "traces/mine.csv"]
        );
        assert_eq!((folder.read("compare.json"), folder.read("notes.md")), ("two".into(), "mine".into()));
        clear(&folder.0);
        assert_eq!(folder.all(), ["notes.md", "traces/", "traces/mine.csv"]);
    }

    #[test]
    fn where_one_cannot_be_written_all_are_as_they_were() {
        let folder = Folder::new("error");
        replace(&folder.0, files(&["results.json", "report.md", "journal.csv"], "one")).unwrap();
        fs::create_dir(folder.0.join("report.html")).unwrap();
        let before = folder.all();
        let error = replace(&folder.0, files(&["results.json", "report.md", "report.html"], "two")).unwrap_err();
        assert!(format!("{error:#}").contains("it is a folder"), "{error:#}");
        assert_eq!(folder.all(), before);
        assert_eq!((folder.read("results.json"), folder.read("report.md")), ("one".into(), "one".into()));
    }

    #[test]
    fn a_list_reaches_nothing_outside_of_the_folder() {
        let outside = Folder::new("outside");
        let folder = Folder::new("list");
        fs::write(outside.0.join("a.txt"), "mine").unwrap();
        let name = outside.0.file_name().unwrap().to_string_lossy().into_owned();
        let names =
            [format!("../{name}/a.txt"), outside.0.join("a.txt").to_string_lossy().into_owned(), "link/a.txt".into()];
        #[cfg(unix)]
        std::os::unix::fs::symlink(&outside.0, folder.0.join("link")).unwrap();
        fs::write(folder.0.join(LIST), serde_json::to_string(&names).unwrap()).unwrap();
        replace(&folder.0, files(&["report.md"], "two")).unwrap();
        assert_eq!(outside.read("a.txt"), "mine");
    }
}
