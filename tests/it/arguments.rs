//! Arguments act or are refused: none is accepted and forgotten. The warnings of a scenario are shown by every command that simulates it.

use super::cli::small;
use super::program::{Folder, with};
use serde_json::Value;

/// A small scenario with a service that nobody calls, of which the program warns, two promises, and a study of each kind.
fn studied() -> String {
    small("1s", 4).replace("promises: {", "promises: {quick: {keep: {latency: {p50: 1s}}, of: web.get}, ")
        + "variants: {one: {services.web.workers: 1}}\n\
           studies:\n\
           \x20 sizes: {ask: {sweep: {over: {services.web.workers: {list: [1, 2]}, services.web.instances: {list: [1, 2]}}}}}\n\
           \x20 search: {ask: {capacity: {find: {services.web.instances: {range: {from: 1, to: 2}}}}}, budget: {replications: 3}}\n\
           \x20 gate: {ask: {gate: {}}, budget: {replications: 50}}\n"
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let (status, out, err) = folder.run(&[arguments, &["--json"]].concat());
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {status} {error}: {err}"))
}

#[test]
fn the_command_line_takes_the_place_of_what_a_study_of_the_file_says() {
    let folder = Folder::new("arguments-sweep");
    folder.write("small.yaml", &studied());
    let sweep =
        |more: &[&str]| json(&folder, &[&["sweep", "small.yaml", "--replications", "2", "--fresh"], more].concat());
    let shown = |result: &Value| {
        result["shown"].as_array().map(|all| all.iter().map(|one| one["name"].clone()).collect::<Vec<_>>())
    };
    let usual = sweep(&[]);
    assert_eq!(usual["points"].as_array().unwrap().len(), 4);
    let asked = sweep(&["--show", "p90(web.get)"]);
    assert_ne!(usual, asked);
    assert!(
        asked.to_string().contains("p90(web.get)") && !usual.to_string().contains("p90(web.get)"),
        "{:?}",
        shown(&asked)
    );
    let spread = sweep(&["--study", "sizes", "--design", "latin-hypercube", "--points", "3"]);
    assert_eq!(spread["points"].as_array().unwrap().len(), 3);
    let ranked = sweep(&["--rank", "morris", "--of", "mean(web.get)", "--points", "12"]);
    assert!(ranked.to_string().contains("mean(web.get)"), "{ranked}");
    for (more, why) in [
        (&["--points", "3"][..], "--points belongs to a design"),
        (&["--rank", "morris"], "give both"),
        (&["--of", "mean(web.get)"], "give both"),
        (&["--show", "p90(wbe.get)"], "did you mean web.get?"),
    ] {
        let (status, _, err) = folder.run(&[&["sweep", "small.yaml", "--out", "none"], more].concat());
        assert_eq!((status, err.contains(why)), (2, true), "{more:?}: {err}");
    }
    let search = |more: &[&str]| json(&folder, &[&["capacity", "small.yaml", "--no-knee"], more].concat());
    assert_eq!(search(&[])["levels"].as_array().unwrap().len(), 1);
    assert_eq!(search(&["--study", "search", "--at-load", "100%,150%"])["levels"].as_array().unwrap().len(), 2);
    let promises = |result: &Value| result["promises"].as_array().unwrap().len();
    assert_eq!((promises(&search(&[])), promises(&search(&["--promise", "quick"]))), (2, 1));
    let (status, _, err) = folder.run(&["capacity", "small.yaml", "--survive", "zone"]);
    assert_eq!((status, err.contains("in one zone")), (2, true), "{err}");
    // A number of replications takes the place of the budget of the study: four times as many, or as many as could hold anything.
    let budget = |result: &Value| result["budget"].as_u64().unwrap();
    assert_eq!((budget(&search(&[])), budget(&search(&["--replications", "20"]))), (3, 80));
}

#[test]
fn what_would_do_nothing_is_refused() {
    let folder = Folder::new("arguments-refused");
    folder.write("small.yaml", &studied());
    folder.write("plain.yaml", &small("1s", 4));
    folder.write("base.json", "");
    let precise = ["--precision", "5%"];
    for command in [
        &["sweep", "small.yaml"][..],
        &["capacity", "small.yaml"],
        &["compare", "small.yaml", "small.yaml"],
        &["check", "small.yaml", "--baseline", "base.json"],
        &["check", "small.yaml", "--run-all"],
        &["check", "small.yaml", "--budget", "5"],
    ] {
        let (status, out, err) = folder.run(&[command, &precise].concat());
        assert_eq!((status, out.as_str()), (2, ""), "{command:?}");
        assert!(err.contains("--precision"), "{command:?}: {err}");
    }
    for (command, why) in [
        (&["check", "plain.yaml", "--confidence", "99%"][..], "--confidence is that of verdicts within a budget"),
        (&["check", "plain.yaml", "--baseline", "b.json", "--update-baseline", "--tolerance", "2%"], "--tolerance"),
        (&["capacity", "small.yaml", "--no-knee", "--up-to", "500%"], "--up-to"),
        (&["capacity", "small.yaml", "--budget", "5", "--replications", "5"], "--replications"),
        (&["verify", "--list", "--markdown"], "--markdown"),
        (&["verify", "--list", "--seed", "1"], "--seed"),
        (&["verify", "--list", "--threads", "1"], "--threads"),
        (&["verify", "mm1", "--show", "--seed", "1"], "--seed"),
        (&["verify", "mm1", "--show", "--quiet"], "--quiet"),
        (&["explain", "poisson", "--quiet"], "--quiet"),
        (&["show", "checkout", "--quiet"], "--quiet"),
        (&["schema", "--quiet"], "--quiet"),
        (&["completions", "bash", "--quiet"], "--quiet"),
    ] {
        let (status, out, err) = folder.run(command);
        assert_eq!(status, 2, "{command:?}: {out}");
        assert!(err.contains(why), "{command:?}: {err}");
    }
    assert!(!folder.join("out").exists(), "nothing was written");
}

#[test]
fn a_precision_takes_the_place_of_the_budget_of_the_file() {
    let folder = Folder::new("arguments-precise");
    folder.write("small.yaml", &studied());
    let checked = json(&folder, &["check", "small.yaml", "--precision", "50%"]);
    assert!(checked[0]["precision"]["within"].is_number(), "{checked}");
    assert_eq!(json(&folder, &["check", "small.yaml", "--confidence", "99%"])[0]["confidence"], 0.99);
}

#[test]
fn quiet_leaves_out_all_but_names() {
    let folder = Folder::new("arguments-quiet");
    folder.write("small.yaml", &small("1s", 4));
    for command in [
        &["new", "mine.yaml"][..],
        &["draw", "small.yaml", "--out", "a.svg"],
        &["man", "pages"],
        &["new", "--from", "checkout"],
    ] {
        let done = folder.run(&[command, &["--quiet"]].concat());
        assert_eq!(done, (0, String::new(), String::new()), "{command:?}");
    }
    let (_, names, _) = folder.run(&["list", "--quiet"]);
    assert!(names.lines().count() >= 30 && names.lines().any(|line| line == "checkout"), "{names}");
    assert!(names.lines().all(|line| !line.contains(' ') && !line.is_empty()), "{names}");
    let (_, names, _) = folder.run(&["verify", "--list", "-q"]);
    assert!(names.lines().any(|line| line == "queueing/mm1") && !names.contains(' '), "{names}");
}

#[test]
fn every_command_shows_the_warnings_of_a_scenario_once_and_in_colour() {
    let folder = Folder::new("arguments-warn");
    let lonely = "services: {idle: {workers: 1, endpoints: {get: {steps: [{work: 1ms}]}}}, ";
    folder.write("small.yaml", &studied().replace("services: {", lonely));
    for command in [
        &["run", "small.yaml", "--replications", "2"][..],
        &["check", "small.yaml"],
        &["compare", "small.yaml", "--variants", "base,one", "--replications", "2"],
        &["sweep", "small.yaml", "--replications", "2"],
        &["capacity", "small.yaml", "--no-knee"],
        &["draw", "small.yaml"],
    ] {
        let done = with(&[command, &["--color", "always", "--quiet"]].concat(), &folder.0, &[]);
        let err = String::from_utf8(done.stderr).unwrap();
        assert_eq!(err.matches("no load reaches idle").count(), 1, "{command:?}: {err}");
        assert!(err.contains("\x1b["), "{command:?}: {err}");
    }
}

#[test]
fn what_is_advised_repeats_every_argument_as_a_shell_reads_it() {
    let folder = Folder::new("arguments-again");
    folder.write("my own.yaml", &studied());
    let search = [
        "capacity",
        "my own.yaml",
        "--for",
        "services.web.instances=1..2",
        "--budget",
        "4",
        "--up-to",
        "150%",
        "--out",
        "o",
    ];
    let (status, _, err) = folder.run(&search);
    assert_eq!(status, 0, "{err}");
    let (_, _, err) = folder.run(&["report", "o"]);
    let again = "windtunnel capacity 'my own.yaml' --for services.web.instances=1..2 --budget 4 --up-to 150%\n";
    assert!(err.ends_with(again), "{err}");
    let compared = [
        "compare",
        "my own.yaml",
        "--variants",
        "base,one",
        "--show",
        "p99(web.get)",
        "--replications",
        "2",
        "--out",
        "c",
    ];
    let (status, _, err) = folder.run(&compared);
    assert_eq!(status, 0, "{err}");
    let (_, _, err) = folder.run(&["report", "c"]);
    let again = "windtunnel compare 'my own.yaml' --variants base,one --show 'p99(web.get)' --replications 2\n";
    assert!(err.ends_with(again), "{err}");
}

#[test]
fn a_size_that_is_searched_may_be_written_as_any_count() {
    let folder = Folder::new("arguments-count");
    let search = |workers: &str| {
        folder.write("small.yaml", &small("1s", 4).replace("workers: 4", &format!("workers: {workers}")));
        folder.run(&["capacity", "small.yaml", "--for", "services.web.workers", "--budget", "2", "--no-knee", "-q"])
    };
    let (status, _, err) = search("1k");
    assert_eq!(status, 0, "{err}");
    let (status, _, err) = search("18446744073709551615");
    assert!(status == 2 && err.contains("is more than 10000; say what is searched"), "{status}: {err}");
}
