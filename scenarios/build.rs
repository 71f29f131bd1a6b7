//! Puts the truth suite, the shipped scenarios and the measured systems into the program: a list of the files under `truth/`, one of those under
//! `shipped/` and one of those under `measured/`, each with its text.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let home = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    let truth = listed(&home.join("truth"), &["yaml"], |name, path| {
        let name = name.trim_end_matches(".yaml");
        format!("    Case {{ name: {name:?}, text: include_str!({path:?}) }},")
    });
    let shipped = listed(&home.join("shipped"), &["yaml", "csv"], |name, path| {
        format!("    File {{ path: {:?}, text: include_str!({path:?}) }},", format!("scenarios/shipped/{name}"))
    });
    let measured = listed(&home.join("measured"), &["yaml"], |name, path| {
        let name = name.trim_end_matches(".yaml");
        // Beside the scenario lies the table of what was measured.
        let facts = format!("{}csv", path.trim_end_matches("yaml"));
        println!("cargo::rerun-if-changed={facts}");
        format!("    System {{ name: {name:?}, scenario: include_str!({path:?}), facts: include_str!({facts:?}) }},")
    });
    for (name, list) in [("truth.rs", truth), ("shipped.rs", shipped), ("measured.rs", measured)] {
        std::fs::write(out.join(name), list).expect("cargo's own folder can be written");
    }
}

/// The files of a folder with one of these endings, as a list of Rust, in the order of their names.
fn listed(folder: &Path, endings: &[&str], entry: impl Fn(&str, &str) -> String) -> String {
    let mut files = vec![];
    gather(folder, endings, &mut files);
    let name = |file: &PathBuf| {
        let within = file.strip_prefix(folder).expect("it was found there");
        within.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    files.sort_by_key(|file| name(&file.with_extension("")));
    let mut list = String::from("&[\n");
    for file in &files {
        writeln!(list, "{}", entry(&name(file), &file.to_string_lossy())).expect("text grows");
    }
    list.push(']');
    list
}

/// The files of a folder and of the folders in it; cargo looks at each folder for new ones.
fn gather(folder: &Path, endings: &[&str], files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in std::fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, endings, files);
        } else if path.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)) {
            files.push(path);
        }
    }
}
