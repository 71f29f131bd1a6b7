//! Puts the truth suite into the program: a list of the files under `truth/`, each with its text.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let truth = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("truth");
    let mut files = vec![];
    gather(&truth, &mut files);
    let name = |file: &PathBuf| {
        let within = file.strip_prefix(&truth).expect("it was found there").with_extension("");
        within.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    files.sort_by_key(name);
    let mut list = String::from("&[\n");
    for file in &files {
        let name = name(file);
        writeln!(list, "    Case {{ name: {name:?}, text: include_str!({:?}) }},", file.to_string_lossy())
            .expect("text grows");
    }
    list.push(']');
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    std::fs::write(out.join("truth.rs"), list).expect("cargo's own folder can be written");
}

/// Scenario files of a folder and the folders in it; cargo looks at each folder for new ones.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in std::fs::read_dir(folder).expect("the suite's folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            files.push(path);
        }
    }
}
