//! Text from outside does nothing but stand there: no line that begins with a command, no control character, no letters in another order.

use crate::cli::small;
use crate::program::Folder;
use sim_core::visible::is_hidden;
use std::path::Path;

/// What hostile texts hold, one after the other.
const HOSTILE: [&str; 8] = [
    "a\n::error file=x,line=1::pwned",
    "::set-output name=x::y",
    "##[error]pwned and ##vso[task.complete]pwned",
    "\u{1b}[31mRED\u{1b}[0m\u{1b}]0;pwned\u{7}",
    "\u{9b}31m\u{0}\u{8}\u{7f}\r\t",
    "\u{202e}gnikcatta\u{202c}\u{2066}x\u{2069}\u{200f}\u{61c}",
    "\u{2028}::warning::pwned\u{2029}\u{85}::debug::pwned\u{feff}",
    "<script>alert(1)</script>|`*_[a](b)&amp;",
];

/// A text in quotes, with the escapes that JSON and YAML share.
fn quoted(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_ascii() && !c.is_control() => c.to_string(),
        c => format!("\\u{:04x}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// A scenario whose texts hold it.
fn with_texts(hostile: &str, replications: u32) -> String {
    let quoted = quoted(&format!("{hostile} {hostile}"));
    let mut file = small("1ms", replications);
    file = file.replace("scenario: small", &format!("scenario: {quoted}"));
    file = file.replace("question: does it hold?", &format!("question: {quoted}\nanswer: {quoted}\nsource: {quoted}"));
    file = file.replace("{workers: 4,", &format!("{{labels: {{x: {quoted}}}, workers: 4,"));
    file + "variants: {other: {services.web.workers: 3}}\n"
}

/// A scenario whose names hold it.
fn with_names(hostile: &str) -> String {
    let (name, reference) = (quoted(hostile), quoted(&format!("{hostile}.{hostile}")));
    format!(
        "scenario: s\nquestion: q?\nrun: {{duration: 1s, replications: 2}}\nload: {{{name}: {{to: {reference}, arrive: {{poisson: {{rate: 50/s}}}}}}}}\n\
         services: {{{name}: {{workers: 4, {name}: 1, endpoints: {{{name}: {{steps: [{{work: 5 ms}}, {{call: {{to: {reference}}}}}]}}}}}}}}\n\
         promises: {{{name}: {{keep: {{availability: 99%}}, of: {reference}}}}}\nexpect: [{name}]\nvariants: {{{name}: {{{name}: {name}}}}}\n"
    )
}

/// Nothing of the text is hidden, and no line begins with a command that the program does not mean.
fn is_plain(text: &str, annotations: bool, from: &str) {
    for line in text.lines() {
        assert!(!line.contains(is_hidden), "{from}: {line:?}");
        let own = annotations && (line.starts_with("::error file=") || line.starts_with("::warning file="));
        assert!(own || !line.trim_start().starts_with("::"), "{from}: {line:?}");
        // In data, marks within a line are data.
        let is_data = [".json", ".sarif", ".csv", ".xml"].iter().any(|ending| from.ends_with(ending));
        assert!(is_data || !line.contains("##[") && !line.contains("##vso["), "{from}: {line:?}");
        // A command ends at its first "::" after the properties, in which no colon stands.
        assert!(!own || line[2..].split("::").next().is_some_and(|head| head.contains(",title=")), "{from}: {line:?}");
    }
}

/// All files that a command left, but for the scenario's own text, and pages and figures, which escape markup.
fn files_are_plain(folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            match ending.as_str() {
                "png" | "parquet" => {}
                "html" | "svg" => {
                    let page = String::from_utf8(bytes).unwrap();
                    assert!(!page.contains("<script>alert") && !page.contains('\u{1b}'), "{}", path.display());
                }
                "yaml" | "jsonl" => assert!(std::str::from_utf8(&bytes).is_ok()),
                _ => is_plain(std::str::from_utf8(&bytes).unwrap(), false, &path.display().to_string()),
            }
        }
    }
}

/// Runs a command and looks at both streams.
fn walk(at: &Folder, arguments: &[&str], annotations: bool) -> i32 {
    let (status, out, err) = at.run(arguments);
    let from = arguments.join(" ");
    is_plain(&out, annotations, &from);
    is_plain(&err, false, &from);
    assert!((0..=3).contains(&status) && !err.contains("panicked"), "{from}: {status} {err}");
    status
}

#[test]
fn hostile_texts_are_shown_and_do_nothing() {
    for (number, hostile) in HOSTILE.iter().enumerate() {
        let at = Folder::new(&format!("attack-texts-{number}"));
        at.write("a.yaml", &with_texts(hostile, 4));
        let ran = |arguments: &[&str]| {
            let status = walk(&at, arguments, false);
            assert!(status != 2, "{hostile:?}: {arguments:?}: {}", at.run(arguments).2);
        };
        ran(&["validate", "a.yaml"]);
        ran(&["validate", "--json", "a.yaml"]);
        ran(&["list", "."]);
        ran(&["list", ".", "--json"]);
        ran(&["run", "a.yaml", "--out", "o/run"]);
        ran(&["run", "a.yaml", "--json", "--variant", "other", "--out", "o/other"]);
        ran(&["report", "o/run"]);
        ran(&["report", "o/other"]);
        ran(&["sweep", "a.yaml", "--set", "services.web.workers=2,3", "--out", "o/sweep", "--replications", "2"]);
        ran(&["report", "o/sweep"]);
        ran(&["merge", "o/sweep", "--out", "o/merged", "--json"]);
        ran(&["compare", "a.yaml", "--variants", "base,other", "--out", "o/compare"]);
        ran(&[
            "capacity",
            "a.yaml",
            "--for",
            "services.web.workers=1..2",
            "--no-knee",
            "--budget",
            "8",
            "--out",
            "o/capacity",
        ]);
        let all = ["--junit", "o/j.xml", "--sarif", "o/s.sarif", "--markdown", "o/m.md", "--annotations", "github"];
        let status =
            walk(&at, &[&["check", "a.yaml", "--baseline", "b.json", "--update-baseline"], &all[..]].concat(), true);
        assert_ne!(status, 2);
        files_are_plain(&at.join("o"));
    }
}

#[test]
fn hostile_names_are_shown_and_do_nothing() {
    for (number, hostile) in HOSTILE.iter().enumerate() {
        let at = Folder::new(&format!("attack-names-{number}"));
        at.write("a.yaml", &with_names(hostile));
        let inside: String = hostile.chars().filter(|c| !['\0', '/'].contains(c)).collect();
        let file = format!("{inside}.yaml");
        at.write(&file, &small("1ms", 4));
        at.write("broken.yaml", &format!("a: {{\n# {hostile}\nb: [{hostile}\n"));
        at.write("extends.yaml", &format!("extends: {}\n", quoted(hostile)));
        let dashed = [&file[..]];
        for name in ["a.yaml", "broken.yaml", "extends.yaml"].iter().chain(&dashed) {
            for command in [
                &["validate"][..],
                &["validate", "--json"],
                &["run", "--out", "o/run"],
                &["sweep"],
                &["capacity"],
                &["compare"],
            ] {
                walk(&at, &[command, &["--", name]].concat(), false);
            }
            walk(
                &at,
                &[
                    "check",
                    "--annotations",
                    "github",
                    "--sarif",
                    "o/s.sarif",
                    "--junit",
                    "o/j.xml",
                    "--markdown",
                    "o/m.md",
                    "--",
                    name,
                ],
                true,
            );
        }
        walk(&at, &["check", "--annotations", "github", "."], true);
        walk(&at, &["list", "."], false);
        let set = format!("{inside}=1");
        walk(&at, &["run", "broken.yaml", "--set", &set], false);
        walk(&at, &["run", "--variant", &inside, "--", &file], false);
        walk(&at, &["explain", "--", &inside], false);
        walk(&at, &["verify", "--", &inside], false);
        walk(&at, &["report", "--", &inside], false);
        walk(&at, &["new", "--", &file], false);
        walk(&at, &[&inside], false);
        walk(&at, &["run", "--no-such-option", &inside], false);
        if at.join("o").exists() {
            files_are_plain(&at.join("o"));
        }
    }
}
