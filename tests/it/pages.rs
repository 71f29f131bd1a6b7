//! Pages of docs/ that show what the program prints: each block after `<!-- output: COMMAND -->` is the real output.

use super::program::Folder;
use super::{files, root};
use std::process::Command;

const MARK: &str = "<!-- output: ";

/// A page with the blocks after its marks replaced by what the commands print, in a folder that has the shipped scenarios of the project.
fn with_output(text: &str, folder: &Folder) -> String {
    let mut page = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        let (before, from) = rest.split_at(at);
        let (mark, after) = from.split_once(" -->\n").unwrap();
        let after = after.strip_prefix("```\n").unwrap_or_else(|| panic!("no block after {mark}"));
        let (_, behind) = after.split_once("```\n").unwrap();
        page += &format!("{before}{mark} -->\n```\n{}```\n", printed(&mark[MARK.len()..], folder));
        rest = behind;
    }
    page + rest
}

/// The command and what it prints.
fn printed(command: &str, folder: &Folder) -> String {
    let words = split(command);
    assert_eq!(words[0], "windtunnel", "{command}");
    let mut program = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    for variable in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR"] {
        program.env_remove(variable);
    }
    let done = program.args(&words[1..]).current_dir(&folder.0).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stderr), String::from_utf8_lossy(&done.stdout));
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("$ {command}\n\n{}\n", lines.join("\n"))
}

/// Copies the shipped scenarios, with all that they name.
fn ship(folder: &Folder) {
    for ending in ["yaml", "csv"] {
        for path in files("scenarios/shipped", ending) {
            let to = folder.0.join(path.strip_prefix(root()).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(path, to).unwrap();
        }
    }
}

/// Words, of which those in single quotes may hold blanks.
fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in command.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn pages_show_what_the_program_prints() {
    for path in files("docs", "md") {
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains(MARK) {
            let folder = Folder::new(&format!("pages-{}", path.file_stem().unwrap().to_string_lossy()));
            ship(&folder);
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            super::generated::check(&name, &with_output(&text, &folder));
        }
    }
}
