//! What belongs to a program that is installed: scenarios inside, `validate` of all that may be checked, the version, manual pages and completions.

use super::cli::small;
use super::program::Folder;
use super::root;
use std::path::Path;
use std::process::Command;

/// What the program prints where all goes well.
fn said(folder: &Folder, arguments: &[&str]) -> String {
    let (status, out, err) = folder.run(arguments);
    assert_eq!((status, err.as_str()), (0, ""), "{arguments:?}: {out}");
    out
}

#[test]
fn built_in_scenarios_are_listed_shown_and_run_from_any_folder() {
    let folder = Folder::new("builtin");
    let list = said(&folder, &["list"]);
    assert!(list.starts_with("answers/checkout-capacity\n") && list.contains("\ncheckout\n"), "{list}");
    let file = root().join("scenarios/shipped/queueing/help-desk.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(said(&folder, &["show", "help-desk"]), format!("# scenarios/shipped/queueing/help-desk.yaml\n{text}"));
    // By its name, and by the path that it has in the project, it is the same system as its file.
    let digest = |scenario: &str| {
        // A folder of its own: over the results of another one the program says that it replaces them.
        let out = format!("o{}", scenario.len());
        let json = said(&folder, &["run", scenario, "--replications", "2", "--out", &out, "--json"]);
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["digest"].clone()
    };
    let of_file = digest(&file.to_string_lossy());
    assert_eq!((digest("help-desk"), digest("scenarios/shipped/queueing/help-desk.yaml")), (of_file.clone(), of_file));
    for scenario in ["bad-day", "answers/checkout-gate", "queueing/mm1", "scenarios/shipped/experiments/bad-day.yaml"] {
        assert!(said(&folder, &["validate", scenario]).contains(" is valid: "), "{scenario}");
    }
    let all = said(&folder, &["validate", "scenarios/shipped/experiments"]);
    assert!(all.contains("bad-day.yaml is valid") && all.lines().count() >= 6, "{all}");
}

/// A command that reads a scenario and does not look its name up inside of the program would say that there is no such file.
#[test]
fn every_command_that_reads_a_scenario_takes_built_in_names() {
    let folder = Folder::new("builtin-everywhere");
    let help = said(&folder, &["--help"]);
    let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let mut reading = Vec::new();
    for name in commands.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()) {
        let usage = if matches!(name, "" | "help") { String::new() } else { said(&folder, &[name, "--help"]) };
        let usage = usage.lines().find(|line| line.starts_with("Usage: ")).unwrap_or_default();
        if !["<FILE>", "<FILES>", "<PATHS>"].iter().any(|file| usage.contains(file)) {
            continue;
        }
        // A section that does not exist ends it before anything is run.
        let (mut status, mut out, mut err) = folder.run(&[name, "checkout", "--set", "nothing.here=1"]);
        if err.contains("unexpected argument") {
            (status, out, err) = folder.run(&[name, "checkout"]);
        }
        assert!(
            !out.contains("there is no such file") && !err.contains("there is no such file"),
            "{name} {status}: {out}{err}"
        );
        reading.push(name);
    }
    assert!(reading.len() >= 6 && reading.contains(&"run"), "{reading:?}");
}

#[test]
fn a_file_wins_over_a_built_in_scenario_and_names_are_hinted_at() {
    let folder = Folder::new("builtin-names");
    for (arguments, hint) in [
        (["run", "chekcout"], "did you mean the built-in checkout?"),
        (["show", "hegding"], "did you mean resilience/hedging?"),
        (["validate", "resilience/hegding.yaml"], "did you mean the built-in resilience/hedging?"),
    ] {
        let (status, out, err) = folder.run(&arguments);
        assert_eq!(status, 2, "{arguments:?}");
        assert!(err.contains(hint) || out.contains(hint), "{arguments:?}: {out}{err}");
    }
    // After a copy was made, the bare word is not the built-in scenario any more.
    folder.write("checkout.yaml", &small("1s", 2));
    let (status, _, err) = folder.run(&["run", "checkout"]);
    assert_eq!(status, 2);
    assert!(err.contains("did you mean checkout.yaml?"), "{err}");
    assert!(said(&folder, &["validate", "checkout.yaml"]).contains("1 service,"));
}

#[test]
fn copies_bring_what_they_need_and_nothing_is_overwritten() {
    let folder = Folder::new("new-from");
    let told = said(&folder, &["new", "--from", "bad-day"]);
    assert!(told.starts_with("Wrote bad-day.yaml, with kill-30-percent.yaml and system.yaml, and "), "{told}");
    assert!(said(&folder, &["validate", "bad-day.yaml"]).contains("bad-day.yaml is valid"));
    // What both need is there already, and the same.
    said(&folder, &["new", "mine.yaml", "--from", "kill-80-percent"]);
    said(&folder, &["validate", "mine.yaml"]);
    said(&folder, &["new", "--from", "help-desk"]);
    assert!(folder.join("newsletter.csv").exists());
    said(&folder, &["validate", "help-desk.yaml"]);
    let (status, _, err) = folder.run(&["new", "--from", "bad-day"]);
    assert_eq!((status, err.contains("bad-day.yaml exists already")), (2, true), "{err}");
    // So can every built-in scenario that needs other files.
    let needy: Vec<&str> = scenarios::builtin::shipped()
        .filter(|name| !scenarios::builtin::needs(&scenarios::builtin::find(name).unwrap()).is_empty())
        .collect();
    assert!(needy.len() >= 3, "{needy:?}");
    for name in needy {
        let own = Folder::new("new-needs");
        said(&own, &["new", "copy.yaml", "--from", name]);
        said(&own, &["validate", "copy.yaml"]);
    }
    // Nor does a file replace one that is written beside it: what it extends, its trace, the schema.
    for (file, from) in [
        ("checkout.yaml", "answers/checkout-gate"),
        ("./checkout.yaml", "answers/checkout-gate"),
        ("newsletter.csv", "help-desk"),
        ("windtunnel.schema.json", "checkout"),
    ] {
        let own = Folder::new("new-over");
        let (status, _, err) = own.run(&["new", file, "--from", from]);
        assert_eq!(
            (status, err.contains("written beside the scenario; name another file")),
            (2, true),
            "{file}: {err}"
        );
        assert!(std::fs::read_dir(&own.0).unwrap().next().is_none(), "{file}: nothing is written");
    }
    // What is advised can be typed.
    let spaces = said(&folder, &["new", "my own.yaml"]);
    assert!(spaces.ends_with("Next     windtunnel run 'my own.yaml'\n"), "{spaces}");
    let pages = said(&folder, &["man", "my pages"]);
    assert!(pages.ends_with("Next     man 'my pages/windtunnel.1'\n"), "{pages}");
    std::fs::write(folder.join("system.yaml"), "mine").unwrap();
    let (status, _, err) = folder.run(&["new", "other.yaml", "--from", "bad-day"]);
    assert_eq!((status, err.contains("system.yaml exists already")), (2, true), "{err}");
    assert!(
        !folder.join("other.yaml").exists() && std::fs::read_to_string(folder.join("system.yaml")).unwrap() == "mine"
    );
}

#[test]
fn standard_input_and_folders_are_validated() {
    let folder = Folder::new("validate");
    let piped = |text: &str| {
        folder.write("in", text);
        let input = std::fs::File::open(folder.join("in")).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
        let done = program.args(["validate", "-"]).current_dir(&folder.0).stdin(input).output().unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stdout).unwrap())
    };
    let (status, out) = piped(&small("1s", 2));
    assert_eq!((status, out.starts_with("standard input is valid: 1 service")), (0, true), "{out}");
    let (status, out) = piped(&small("1s", 2).replace("workers", "wrokers"));
    assert_eq!(status, 2);
    assert!(out.contains("standard input:5:") && out.contains("did you mean workers?"), "{out}");
    folder.write("base.yaml", &small("1s", 2));
    let (status, out) = piped("extends: base.yaml\nservices: {web: {workers: 2}}\n");
    assert_eq!(status, 0, "{out}");

    // A plan too, as `terraform show -json` prints it.
    let plan = std::fs::File::open(root().join("tests/it/terraform/plans/machines.json")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    let done = program.args(["import", "terraform", "-"]).current_dir(&folder.0).stdin(plan).output().unwrap();
    let out = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success() && out.contains("\nscenario: \"The system of the plan\"\n"), "{out}");

    std::fs::create_dir(folder.join("all")).unwrap();
    folder.write("all/whole.yaml", &small("1s", 2));
    folder.write("all/part.yaml", "services: {web: {workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}}\n");
    folder.write("all/over.yaml", &small("1s", 2).replace("services", "extends: part.yaml\nservices"));
    folder.write("all/compose.yml", "version: 3\nimage: nginx\n");
    folder.write("all/package.json", "{\"name\": \"x\"}\n");
    let out = said(&folder, &["validate", "all"]);
    let lines: Vec<&str> =
        out.lines().map(|line| line.split(['.', ' ']).find(|word| word.starts_with("all/")).unwrap()).collect();
    assert_eq!(lines, ["all/compose", "all/over", "all/part", "all/whole"], "{out}");
    assert!(out.contains("Left out: all/compose.yml, which has no section of a scenario."), "{out}");
    assert!(out.contains("Left out: all/part.yaml, which others extend and which is no whole scenario."), "{out}");
    // What was named itself is judged, whatever it is.
    assert_eq!(folder.run(&["validate", "all/compose.yml"]).0, 2);
    folder.write("all/bad.yaml", "services: {web: {wrokers: 4}}\n");
    let (status, out, _) = folder.run(&["validate", "all"]);
    assert!(status == 2 && out.contains("all/whole.yaml is valid") && out.contains("wrokers"), "{out}");
}

#[test]
fn a_value_for_a_wrong_section_hints_at_the_right_one() {
    let folder = Folder::new("set-section");
    folder.write(
        "small.yaml",
        &small("1s", 2).replace(
            "services: {web",
            "stores: {db: {workers: 1, endpoints: {read: {access: read, steps: [{work: 1ms}]}}}}\nservices: {web",
        ),
    );
    for (set, hint) in
        [("services.db.workers=4", "stores.db.workers"), ("web.machine.cores=2", "services.web.machine.cores")]
    {
        let (status, out, _) = folder.run(&["validate", "small.yaml", "--set", set]);
        assert_eq!(status, 2, "{out}");
        assert!(out.contains(&format!("did you mean {hint}?")), "{out}");
    }
    said(&folder, &["validate", "small.yaml", "--set", "services.web.machine.cores=2"]);
}

#[test]
fn the_version_names_the_commit_and_results_do_not() {
    let folder = Folder::new("version");
    let version = said(&folder, &["--version"]);
    let number = env!("CARGO_PKG_VERSION");
    assert!(version.starts_with(&format!("windtunnel {number}")), "{version}");
    let head = Command::new("git").args(["rev-parse", "--short=10", "HEAD"]).current_dir(root()).output();
    let is_checkout = root().join(".git").exists() && std::env::var_os("WINDTUNNEL_COMMIT").is_none();
    if let Some(head) = head.ok().filter(|head| head.status.success() && is_checkout) {
        let commit = String::from_utf8(head.stdout).unwrap();
        let shown = version.trim().split(['(', ')']).nth(1).unwrap().trim_end_matches("-dirty");
        assert_eq!(shown, commit.trim());
    }
    folder.write("small.yaml", &small("1s", 2));
    let json: serde_json::Value = serde_json::from_str(&said(&folder, &["run", "small.yaml", "--json"])).unwrap();
    assert_eq!(json["version"], number);
}

/// Every command has a page with all its options.
#[test]
fn manual_pages_have_all_commands_and_options() {
    let folder = Folder::new("man");
    said(&folder, &["man", "pages"]);
    let page = |name: &str| {
        std::fs::read_to_string(folder.join(&format!("pages/{name}.1"))).unwrap_or_else(|_| panic!("no page {name}"))
    };
    let main = page("windtunnel");
    let help = said(&folder, &["--help"]);
    let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    let names: Vec<&str> = commands
        .lines()
        .filter(|line| !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 17, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        assert!(main.contains(&format!("windtunnel\\-{name}")), "{name} is not in the list of commands");
        let (own, help) = (page(&format!("windtunnel-{name}")), said(&folder, &[name, "--help"]));
        assert!(own.contains(".TH windtunnel-") && own.contains(".SH OPTIONS") || name == "schema", "{name}");
        for option in help
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("--"))
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        {
            assert!(own.contains(&format!("\\-\\-{}", option.replace('-', "\\-"))), "{name}: --{option}");
        }
    }
}

#[test]
fn shells_complete_commands_words_scenarios_and_variants() {
    let folder = Folder::new("complete");
    folder.write(
        "own.yaml",
        &format!(
            "{}variants: {{calm: {{}}, busy: {{}}}}\nstudies: {{night: {{ask: {{gate: {{}}}}}}}}\n",
            small("1s", 2)
        ),
    );
    let complete = |line: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
        let done = program
            .env("COMPLETE", "fish")
            .args(["--", "windtunnel"])
            .args(line)
            .current_dir(&folder.0)
            .output()
            .unwrap();
        assert!(done.status.success(), "{line:?}");
        let words = String::from_utf8(done.stdout).unwrap();
        words.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(complete(&["swe"]), ["sweep"]);
    assert_eq!(complete(&["explain", "poiss"]), ["poisson"]);
    assert_eq!(complete(&["explain", "breaker.co"]), ["breaker.consecutive", "breaker.count"]);
    assert_eq!(complete(&["show", "checko"]), ["checkout"]);
    assert_eq!(complete(&["run", "o"]), ["own.yaml"]);
    assert_eq!(complete(&["check", "resilience/hed"]), ["resilience/hedging"]);
    assert_eq!(complete(&["run", "own.yaml", "--variant", ""]), ["base", "calm", "busy"]);
    assert_eq!(complete(&["run", "checkout", "--variant", "q"]), ["quick-breaker"]);
    assert_eq!(complete(&["sweep", "own.yaml", "--study", "n"]), ["night"]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(said(&folder, &["completions", shell]).contains("COMPLETE"), "{shell}");
    }
    folder.write("complete.bash", &said(&folder, &["completions", "bash"]));
    assert!(Command::new("bash").args(["-n", "complete.bash"]).current_dir(&folder.0).status().unwrap().success());
}

/// `--version` calls a build changed if something that is compiled differs from the commit: all folders of the workspace are looked at.
#[test]
fn the_version_looks_at_every_package_of_the_workspace() {
    let script = std::fs::read_to_string(root().join("build.rs")).unwrap();
    let compiled = script.split("const COMPILED").nth(1).and_then(|rest| rest.split("];").next()).unwrap();
    let listed: Vec<&str> = compiled.split('"').skip(1).step_by(2).collect();
    assert!(listed.iter().all(|path| root().join(path).exists()), "{listed:?}");
    let lock = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let packages = lock.split("path = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let folders: Vec<&str> = packages.filter(|path| root().join(path).join("Cargo.toml").exists()).collect();
    assert!(folders.len() >= 3, "{folders:?}");
    for folder in folders {
        for path in [format!("{folder}/src"), format!("{folder}/Cargo.toml")] {
            assert!(listed.iter().any(|one| Path::new(&path).starts_with(one)), "{path} is in none of {listed:?}");
        }
    }
    assert!(["src", "Cargo.toml", "Cargo.lock", "build.rs"].iter().all(|path| listed.contains(path)), "{listed:?}");
}
