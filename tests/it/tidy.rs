//! What clippy cannot hold: the first line of files, their size, and that every kind is used by a shipped scenario.

use super::{files, load, root};
use scenarios::Disk;
use serde_json::Value;

#[test]
fn files_say_what_lives_in_them_and_stay_small() {
    for folder in ["src", "sim-core/src", "scenarios/src", "reports/src", "tests/it"] {
        for file in files(folder, "rs") {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//!"), "{} does not say what lives in it", file.display());
            assert!(text.lines().count() <= 600, "{} has {} lines", file.display(), text.lines().count());
            let unfinished = ["FIX", "ME"].concat();
            assert!(!text.contains(&unfinished), "{}", file.display());
        }
    }
}

/// A comment that is longer than a window is wide is not read.
#[test]
fn lines_of_comments_have_at_most_150_characters() {
    let mut found = Vec::new();
    for file in ["src", "sim-core/src", "scenarios/src", "reports/src", "tests/it"]
        .into_iter()
        .flat_map(|folder| files(folder, "rs"))
    {
        let text = std::fs::read_to_string(&file).unwrap();
        let is_long = |line: &&str| line.trim_start().starts_with("//") && line.chars().count() > 150;
        let long = text.lines().enumerate().filter(|(_, line)| is_long(line));
        found.extend(long.map(|(number, _)| format!("{}:{}", file.display(), number + 1)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A heading that runs on into its paragraph is none, and the page has no such section.
#[test]
fn headings_of_pages_stand_alone() {
    let headings = ["What it models", "When to use it", "Knobs", "Example", "Source"];
    let mut found = Vec::new();
    for file in ["sim-core/src", "scenarios/src"].into_iter().flat_map(|folder| files(folder, "rs")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let runs_on = |line: &&str| {
            let heading = line.trim_start().strip_prefix("/// # ");
            heading.is_some_and(|line| {
                headings.iter().any(|of| line.strip_prefix(of).is_some_and(|rest| rest.starts_with(' ')))
            })
        };
        let wrong = text.lines().enumerate().filter(|(_, line)| runs_on(line));
        found.extend(wrong.map(|(number, _)| format!("{}:{}", file.display(), number + 1)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn paths_in_the_architecture_exist() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for word in text.split('`').skip(1).step_by(2) {
        let is_path = word.contains('/') && !word.contains(' ') && word.contains("src")
            || word.starts_with("scenarios/")
            || word.starts_with("tests/");
        if is_path {
            assert!(root().join(word).exists(), "{word} is gone");
        }
    }
}

/// A scenario that nobody has looked at shows nothing, so each kind has one that asks a question of it.
#[test]
fn every_kind_has_a_shipped_scenario() {
    let mut used: Vec<Vec<String>> = Vec::new();
    for file in files("scenarios/shipped", "yaml") {
        let loaded = load(&file, &[]);
        let asks = !loaded.model.promises.is_empty() || !loaded.written.expect.is_empty();
        assert!(asks, "{} promises and expects nothing", file.display());
        for variant in ["base"].into_iter().chain(loaded.written.variants.names()) {
            let written = scenarios::load(&Disk, &file.to_string_lossy(), &[], Some(variant)).unwrap().written;
            words(&serde_json::to_value(&written).unwrap(), &mut Vec::new(), &mut used);
        }
    }
    let unused: Vec<String> = scenarios::reference::kinds()
        .iter()
        .filter(|kind| !used.iter().any(|path| is_used(kind.family, kind.name, path)))
        .map(|kind| format!("{}: {}", kind.family, kind.name))
        .collect();
    assert!(unused.is_empty(), "in no scenario under scenarios/shipped: {unused:?}");
}

/// The paths to all words of a scenario, the word last; places in lists are left out.
fn words(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                path.push(key.clone());
                found.push(path.clone());
                words(value, path, found);
                path.pop();
            }
        }
        Value::Array(list) => list.iter().for_each(|value| words(value, path, found)),
        Value::String(word) => found.push(path.iter().cloned().chain([word.clone()]).collect()),
        _ => {}
    }
}

/// Whether a path ends in a kind: in its name beneath its family, or where the language puts it otherwise.
fn is_used(family: &str, name: &str, path: &[String]) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    let within = |keys: &[&str]| above.last().is_some_and(|key| keys.contains(&key.as_str()));
    let somewhere_in = |section: &str| above.iter().any(|key| key == section);
    last == name
        && match family {
            // A distribution stands wherever a time may; what else has the name of one does not.
            "distribution" => !within(&["backoff"]) && !somewhere_in("keys"),
            "keys" => somewhere_in("keys"),
            "store" => somewhere_in("stores"),
            "topic" => somewhere_in("topics"),
            "step" => within(&["steps", "branches", "background"]),
            "schedule" => somewhere_in("faults"),
            "switch" => somewhere_in("switches"),
            "telemetry" => somewhere_in("telemetry"),
            // Their names are the keys.
            "ejection" | "locality" | "routes" => true,
            // A section of the file.
            "section" => above.is_empty(),
            _ => family == name || within(&[family]),
        }
}

/// Words that no text for users has: several words for "inconclusive", and words that nobody writes any more.
const BANNED: [&str; 10] = [
    "undecided",
    "not decided",
    "would settle",
    "if the share stays",
    "if the spread stays",
    "for ever",
    "oftener",
    "whoever",
    "who so",
    "hang on",
];

/// Texts for users are the strings of the program, its pages, and the questions and answers of scenarios. Comments are not read.
#[test]
fn texts_for_users_have_no_banned_word() {
    let mut found = Vec::new();
    let mut look = |file: &std::path::Path, number: usize, text: &str| {
        // Whole words: "for every" is not "for ever".
        let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        let text = format!(" {} ", words.join(" "));
        let banned = BANNED.iter().filter(|word| text.contains(&format!(" {word} ")));
        found.extend(banned.map(|word| format!("{}:{}: {word}", file.display(), number + 1)));
    };
    for folder in
        ["src", "reports/src", "scenarios/src", "sim-core/src/faults", "sim-core/src/call", "sim-core/src/data"]
    {
        for file in files(folder, "rs") {
            let text = std::fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                // What stands between quotes, where it is a sentence and no name.
                let code = !line.trim_start().starts_with("//");
                let strings = line.split('"').skip(1).step_by(2).filter(|text| code && text.contains(' '));
                strings.for_each(|string| look(&file, number, string));
            }
        }
    }
    let pages = files("docs", "md").into_iter().chain(files("scenarios/shipped", "yaml"));
    for file in pages.chain(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name))) {
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines().enumerate().for_each(|(number, line)| look(&file, number, line));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
