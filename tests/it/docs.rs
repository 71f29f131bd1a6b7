//! Pages of the documentation, whose commands are run: what a page says that a command prints is what it prints.
//!
//! A block ```` ```console ```` holds commands, `$ windtunnel ..`, each followed by its standard output. The commands of a page are run by the shell,
//! one after the other, in a folder of its own with a copy of `scenarios/`, so that a later one finds what an earlier one wrote. `2>&1` shows
//! standard error too, `\` at the end of a line goes on in the next one, and a command that fails is followed by `$ echo $?`. A line `...` stands for
//! any lines. A block ```` ```yaml NAME ```` or ```` ```json NAME ```` is a file of that name in the folder. A picture `docs/SCENARIO-FIGURE.png` is
//! the figure that a command of the page has drawn. A block of no language is refused, for nobody would see whether it is true. `UPDATE=1 cargo test`
//! writes the pages and the pictures.

use super::program::Folder;
use super::{files, root};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A command of a page and the output that the page shows.
struct Shown {
    command: String,
    output: String,
}

/// Reads a block of commands.
fn shown(block: &str) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        match all.last_mut() {
            Some(last) if goes_on => last.command.push_str(&format!("\n{line}")),
            _ if line.starts_with("$ ") => all.push(Shown { command: line[2..].to_owned(), output: String::new() }),
            Some(last) => last.output.push_str(&format!("{line}\n")),
            None => panic!("a block of commands begins with $, and not with {line}"),
        }
        goes_on = line.ends_with('\\') && all.last().is_some_and(|last| last.output.is_empty());
    }
    all
}

/// Runs a command in the folder as a shell does, after one that ended with `status`: its own status and its standard output.
fn printed(command: &str, status: i32, folder: &Path) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_windtunnel")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("(exit {status})\n{command}")]).current_dir(folder);
    for variable in ["NO_COLOR", "TERM", "COLUMNS", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITLAB_CI", "CI"] {
        shell.env_remove(variable);
    }
    let done = shell.env("PATH", format!("{}:{path}", program.display())).output().unwrap();
    (done.status.code().unwrap_or(-1), String::from_utf8(done.stdout).unwrap())
}

/// Whether lines are those of a page, in which a line `...` stands for any.
fn fits(page: &[&str], lines: &[&str]) -> bool {
    match page.split_first() {
        None => lines.is_empty(),
        Some((&"...", rest)) => (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..])),
        Some((first, rest)) => lines.split_first().is_some_and(|(line, left)| line == first && fits(rest, left)),
    }
}

/// A block as it should be.
fn block(text: &str, folder: &Path) -> String {
    let mut made = String::new();
    let mut status = 0;
    for Shown { command, output } in shown(text) {
        assert!(
            status == 0 || command == "echo $?",
            "a command before `{command}` fails, and the page does not say so"
        );
        let (ended, real) = printed(&command, status, folder);
        let same = fits(&output.lines().collect::<Vec<_>>(), &real.lines().collect::<Vec<_>>());
        made.push_str(&format!("$ {command}\n{}", if same { output } else { real }));
        if !made.ends_with('\n') {
            made.push('\n');
        }
        status = ended;
    }
    assert!(status == 0, "the last command of a block fails, and the page does not say so:\n{text}");
    made
}

/// A page as it should be.
fn page(text: &str, folder: &Folder) -> String {
    let parts: Vec<&str> = text.split("```").collect();
    let made = parts.iter().enumerate().map(|(place, part)| {
        let (word, rest) = part.split_once('\n').unwrap_or((part, ""));
        match word.trim_end().strip_prefix("yaml ").or_else(|| word.trim_end().strip_prefix("json ")) {
            _ if place % 2 == 0 => (*part).to_owned(),
            Some(name) => {
                folder.write(name, rest);
                (*part).to_owned()
            }
            None if word == "console" => format!("console\n{}", block(rest, &folder.0)),
            None => (*part).to_owned(),
        }
    });
    made.collect::<Vec<_>>().join("```")
}

/// A folder with a copy of the scenarios.
fn copied(name: &str) -> Folder {
    let folder = Folder::new(name);
    for ending in ["yaml", "csv", "json"] {
        for file in files("scenarios/shipped", ending) {
            let to = folder.join(&file.strip_prefix(root()).unwrap().to_string_lossy());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&file, to).unwrap();
        }
    }
    folder
}

/// Where a page is not what is printed, if it is not.
fn differs(path: &Path) -> Option<String> {
    let stored = std::fs::read_to_string(path).unwrap();
    if !stored.contains("```console\n") {
        return None;
    }
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let folder = copied(&format!("page-{name}"));
    let made = page(&stored, &folder);
    let picture = pictures(&stored).find_map(|picture| differs_from_drawn(&picture, &folder.0));
    if picture.is_some() || stored == made {
        return picture;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &made).unwrap();
        return None;
    }
    let first = made.lines().zip(stored.lines()).position(|(a, b)| a != b).unwrap_or(0);
    let line = |text: &str| text.lines().nth(first).unwrap_or_default().to_owned();
    Some(format!("{name}:{}\n  says   {}\n  prints {}", first + 1, line(&stored), line(&made)))
}

/// The pictures of a page, as paths of the project.
fn pictures(page: &str) -> impl Iterator<Item = String> {
    page.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(path, _)| path.to_owned())
        .filter(|p| Path::new(p).extension().is_some_and(|ending| ending == "png"))
}

/// What is wrong with a picture of a page, if it is not the one that the commands of the page have drawn.
fn differs_from_drawn(picture: &str, folder: &Path) -> Option<String> {
    let stem = Path::new(picture).file_stem().unwrap().to_string_lossy().into_owned();
    let figure = |(at, _)| folder.join(format!("out/{}/figures/{}.png", &stem[..at], &stem[at + 1..]));
    let Some(drawn) = stem.match_indices('-').map(figure).find(|path| path.exists()) else {
        return Some(format!("{picture}: no command of the page draws it"));
    };
    let (drawn, stored) = (std::fs::read(drawn).unwrap(), root().join(picture));
    // Bytes depend on the compressor, which is another one where polars is built too; pixels do not.
    let pixels = |bytes: &[u8]| resvg::tiny_skia::Pixmap::decode_png(bytes).unwrap();
    if std::fs::read(&stored).is_ok_and(|bytes| pixels(&bytes) == pixels(&drawn)) {
        return None;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(stored, drawn).unwrap();
        return None;
    }
    Some(format!("{picture} is not what the program draws"))
}

/// Blocks of a page that show something and do not say in what language, so that no test looks at them.
fn unmarked(page: &str) -> Vec<usize> {
    let mut inside = false;
    let fences = page.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("```"));
    let opening = fences.filter(|_| {
        inside = !inside;
        inside
    });
    opening
        .filter(|(_, line)| matches!(line.trim().trim_start_matches('`').trim(), "" | "text" | "txt"))
        .map(|(place, _)| place + 1)
        .collect()
}

#[test]
fn every_block_of_output_is_run() {
    let mut pages = files("docs", "md");
    pages.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    for path in pages {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(unmarked(&text), Vec::<usize>::new(), "blocks of no language in {}", path.display());
        // An indented block is for what is typed, and not for what is printed.
        let printed = text.lines().find(|line| line.starts_with("    $ ") || line.starts_with("    Report   "));
        assert_eq!(printed, None, "{}", path.display());
    }
    assert_eq!(unmarked("a\n```\nHELD\n```\n```console\n$ a\n```\n```text\n"), [2, 8]);
}

#[test]
fn pages_show_real_output() {
    let mut pages = files("docs", "md");
    pages.push(root().join("README.md"));
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let all: Vec<_> = pages.iter().map(|path| scope.spawn(|| differs(path))).collect();
        all.into_iter().filter_map(|page| page.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "not what is printed (UPDATE=1 writes it):\n{}", wrong.join("\n"));
}

#[test]
fn a_page_that_is_not_true_is_found() {
    let folder = copied("page-of-its-own");
    let text = "A page.\n```yaml a.yaml\nscenario: a\n```\n```console\n$ cat \\\n  a.yaml\nscenario: b\n$ windtunnel merge 2>&1 | head -n 1\n...\n\
                $ windtunnel run nothing.yaml\n$ echo $?\n0\n```\nIts end.\n";
    let made = page(text, &folder);
    assert_eq!(made, text.replace("scenario: b", "scenario: a").replace("$?\n0", "$?\n2"));
    assert!(fits(&["a", "...", "d"], &["a", "b", "c", "d"]) && !fits(&["a", "...", "d"], &["a", "b"]));
}

#[test]
fn the_cookbook_has_each_recipe_of_its_first_table() {
    let page = std::fs::read_to_string(root().join("docs/COOKBOOK.md")).unwrap();
    let titles = page.lines().filter_map(|line| line.strip_prefix("## "));
    let anchors: BTreeSet<String> = titles
        .map(|title| title.to_lowercase().replace(' ', "-").replace(|c: char| !c.is_alphanumeric() && c != '-', ""))
        .collect();
    let linked: Vec<&str> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(linked.len() > 15, "{linked:?}");
    let dead: Vec<_> = linked.iter().filter(|link| !anchors.contains(**link)).collect();
    assert!(dead.is_empty(), "{dead:?} lead nowhere; there are {anchors:?}");
}
