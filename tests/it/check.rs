//! `check` as a gate, from the outside: files, exit codes, budgets, the baseline, and what other programs read.

use super::cli::small;
use super::program::{Folder, windtunnel};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn text(of: &[u8]) -> String {
    String::from_utf8_lossy(of).into_owned()
}

fn check(arguments: &[&str], folder: &Folder) -> (i32, String) {
    let done = windtunnel(&[&["check"], arguments].concat(), &folder.0);
    let said = format!("{}{}", text(&done.stdout), text(&done.stderr));
    assert!(!said.contains("panicked"), "{said}");
    (done.status.code().unwrap(), said)
}

fn json(arguments: &[&str], folder: &Folder) -> Value {
    let done = windtunnel(&[&["check", "--json"], arguments].concat(), &folder.0);
    serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", text(&done.stdout), text(&done.stderr)))
}

/// A scenario of one endpoint whose requests take 10 ms on average, with clauses.
fn with(clauses: &[&str], replications: u32) -> String {
    let list: String = clauses.iter().map(|clause| format!("  - {clause}\n")).collect();
    small("1s", replications).replace("promises: {works", "promises: {quick") + "expect:\n" + &list
}

#[test]
fn clear_cases_end_early_and_close_ones_spend_the_budget() {
    let folder = Folder::new("gate-early");
    folder.write("clear.yaml", &with(&["mean(web.get) < 100ms"], 64));
    folder.write("broken.yaml", &small("1ms", 64));
    folder.write("close.yaml", &with(&["mean(web.get) < 10.02ms"], 64));
    let of = |file: &str, more: &[&str]| json(&[&[file], more].concat(), &folder)[0].clone();
    let broken = of("broken.yaml", &[]);
    assert_eq!((&broken["verdict"], &broken["ended"]), (&"broken".into(), &"certain".into()));
    assert!(broken["replications"].as_u64().unwrap() <= 8, "{}", broken["replications"]);
    let clear = of("clear.yaml", &["--budget", "500"]);
    assert_eq!((&clear["verdict"], &clear["any_time"]), (&"held".into(), &true.into()));
    // All runs keep the promise: by the bet, 42 of them show that 90 % do.
    assert_eq!(clear["replications"], 42, "{clear}");
    let close = of("close.yaml", &["--budget", "100"]);
    assert_eq!(
        (&close["verdict"], &close["ended"], &close["replications"]),
        (&"inconclusive".into(), &"spent".into(), &100.into())
    );
    let all = of("broken.yaml", &["--run-all"]);
    assert_eq!(
        (&all["verdict"], &all["ended"], &all["replications"]),
        (&"broken".into(), &"complete".into(), &64.into())
    );
    let (status, said) = check(&["close.yaml", "--budget", "100"], &folder);
    assert_eq!(status, 3, "{said}");
    assert!(said.contains("100 of 100 replications were run; 1 spent the budget before all was certain."), "{said}");
    assert!(said.contains(" Run 822 replications to decide.\n"), "{said}");
    let (status, said) = check(&["clear.yaml", "--budget", "500"], &folder);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("42 of 500 replications were run; 1 scenario was certain before the last."), "{said}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = Folder::new("gate-threads");
    folder.write("a.yaml", &with(&["p99(web.get) < 60ms", "mean(web.get) < 10.5ms"], 200));
    let of = |threads: &str| json(&["a.yaml", "--budget", "400", "--threads", threads], &folder);
    assert_eq!(of("1"), of("2"));
    assert_eq!(of("1"), of("7"));
}

#[test]
fn the_study_of_the_file_is_the_gate() {
    let folder = Folder::new("gate-study");
    let study =
        "studies:\n  gate: {ask: {gate: {stop_when_certain: true}}, confidence: 90%, budget: {replications: 300}}\n";
    folder.write("a.yaml", &(small("1s", 8) + study));
    let checked = &json(&["a.yaml"], &folder)[0];
    assert_eq!(
        (&checked["confidence"], &checked["most"], &checked["ended"]),
        (&0.9.into(), &300.into(), &"certain".into())
    );
    folder.write("b.yaml", &(small("1s", 8) + &study.replace("true", "false").replace("300", "50")));
    let checked = &json(&["b.yaml"], &folder)[0];
    assert_eq!((&checked["replications"], &checked["ended"]), (&50.into(), &"complete".into()));
    assert_eq!(json(&["a.yaml", "--budget", "60", "--confidence", "99%"], &folder)[0]["confidence"], 0.99);
}

#[test]
fn without_data_nothing_is_held() {
    let folder = Folder::new("gate-nothing");
    folder.write("a.yaml", &with(&["p99(web.get) from 50m to 51m < 1s"], 12));
    let (status, said) = check(&["a.yaml", "--budget", "60"], &folder);
    assert!(status == 3 && said.contains("no data"), "{said}");
}

#[test]
fn others_are_judged_where_one_cannot_run() {
    let folder = Folder::new("gate-others");
    folder.write("a.yaml", &small("1s", 60));
    folder.write("b.yaml", &small("1s", 3).replace("workers", "wrokers"));
    let (status, said) = check(&[".", "--junit", "out/junit.xml", "--annotations", "github"], &folder);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("NOT RUN       ./b.yaml") && said.contains("HELD          ./a.yaml"), "{said}");
    assert!(said.contains("::error file=./b.yaml,line=5,endLine=5,col="), "{said}");
    assert!(said.contains("2 scenarios: 1 not run, 1 held."), "{said}");
    let junit = std::fs::read_to_string(folder.0.join("out/junit.xml")).unwrap();
    assert!(junit.contains("tests=\"2\"") && junit.contains("errors=\"1\""), "{junit}");
}

#[test]
fn a_folder_is_its_scenarios_and_nothing_else() {
    let folder = Folder::new("gate-folder");
    let base = small("1s", 60).replace("scenario: small\nquestion: does it hold?\n", "");
    folder.write("base.yaml", &base);
    folder.write("over.yaml", "extends: base.yaml\nscenario: over\nquestion: does it?\n");
    folder.write("results.json", "{\"digest\": \"0\", \"scenario\": \"x\"}");
    folder.write("package.json", "{\"name\": \"x\"}");
    folder.write("plain.json", "{\"extends\": \"base.yaml\", \"scenario\": \"j\", \"question\": \"q?\"}");
    folder.write(".hidden.yaml", "nonsense");
    let (status, said) = check(&[".", "--baseline", "main.json", "--update-baseline"], &folder);
    assert!(status == 0 && said.contains("2 scenarios: 2 held."), "{said}");
    let (status, said) = check(&[".", "--baseline", "main.json"], &folder);
    assert!(status == 0 && said.contains("2 scenarios: 2 held."), "{said}");
    // Who names the base wants it judged.
    assert_eq!(check(&["base.yaml"], &folder).0, 2);
    let empty = Folder::new("gate-empty");
    assert_eq!(check(&["."], &empty).0, 2);
}

#[test]
fn results_of_earlier_commands_are_not_judged_again() {
    let folder = Folder::new("gate-results");
    folder.write("a.yaml", &small("1s", 4));
    windtunnel(&["run", "a.yaml"], &folder.0);
    assert!(folder.join("out/a/scenario.yaml").exists());
    let files = |paths: &[&str]| json(paths, &folder).as_array().unwrap().len();
    assert_eq!(files(&["."]), 1);
    // A folder that is named is meant.
    assert_eq!(files(&["out/a"]), 1);
}

#[test]
fn positions_point_into_the_file_that_wrote_the_promise() {
    let folder = Folder::new("gate-places");
    folder.write("system.yaml", &small("1ms", 12));
    folder.write("over.yaml", "extends: system.yaml\nexpect:\n  - mean(web.get) < 1ms\n  - mean(web.get) > 1ms\n");
    let (status, said) = check(&["over.yaml", "--sarif", "out.sarif", "--annotations", "github"], &folder);
    assert_eq!(status, 1, "{said}");
    assert!(
        said.contains("::error file=system.yaml,line=6,endLine=6,col=12,endColumn=17,title=Broken%3A works::"),
        "{said}"
    );
    assert!(
        said.contains(
            "::error file=over.yaml,line=3,endLine=3,col=5,endColumn=24,title=Not expected%3A mean(web.get) < 1ms::"
        ),
        "{said}"
    );
    let sarif: Value = serde_json::from_str(&std::fs::read_to_string(folder.0.join("out.sarif")).unwrap()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    let place = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!((&place["artifactLocation"]["uri"], &place["region"]["startLine"]), (&"over.yaml".into(), &3.into()));
    assert_eq!(results[1]["ruleId"], "windtunnel/expect");
}

#[test]
fn github_gets_annotations_and_a_summary() {
    let folder = Folder::new("gate-github");
    folder.write("a.yaml", &small("1ms", 12));
    let summary = folder.0.join("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let run = |more: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
        command.args(["check", "a.yaml"]).args(more).current_dir(&folder.0);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary).output().unwrap()
    };
    let done = run(&["--markdown", "page.md"]);
    assert!(text(&done.stdout).contains("\n::error file=a.yaml,line=6,"), "{}", text(&done.stdout));
    let page = std::fs::read_to_string(folder.0.join("page.md")).unwrap();
    assert!(
        page.contains("## windtunnel: A promise is broken") && page.contains("- **Broken** `a.yaml:6` `works`: "),
        "{page}"
    );
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), format!("before\n{page}"));
    let done = run(&["--json"]);
    assert!(serde_json::from_slice::<Value>(&done.stdout).is_ok() && text(&done.stderr).contains("::error "));
    assert!(!text(&run(&["--annotations", "none"]).stdout).contains("::error"));
}

#[test]
fn the_baseline_fails_what_is_worse_and_nothing_that_has_not_changed() {
    let folder = Folder::new("gate-baseline");
    let clauses = ["p99(web.get) < 1s", "mean(web.get) < 1s", "goodput(web.get) > 1/s with probability 90%"];
    folder.write("a.yaml", &with(&clauses, 60));
    let (status, said) = check(&["a.yaml", "--baseline", "main.json"], &folder);
    assert!(status == 2 && said.contains("there is no such file\nhint: --update-baseline writes it"), "{said}");
    let (status, said) = check(&["a.yaml", "--baseline", "sub/main.json", "--update-baseline"], &folder);
    assert!(status == 0 && said.contains("Baseline sub/main.json: 5 numbers of 1 scenario stored."), "{said}");
    let stored = std::fs::read_to_string(folder.0.join("sub/main.json")).unwrap();
    assert!(stored.contains("\"../a.yaml\"") && !stored.contains(&*folder.0.to_string_lossy()), "{stored}");
    for more in [&[][..], &["--threads", "3"]] {
        let (status, said) = check(&[&["a.yaml", "--baseline", "sub/main.json"], more].concat(), &folder);
        assert!(status == 0 && said.contains("Against sub/main.json: 5 the same."), "{said}");
    }
    // Another seed is another study of the same system: it never fails either.
    for seed in 2..8 {
        let seed = seed.to_string();
        assert_eq!(check(&["a.yaml", "--baseline", "sub/main.json", "--seed", &seed], &folder).0, 0);
    }
    // A twentieth slower is seen only because both see the same arrivals.
    let slower = [
        "a.yaml",
        "--baseline",
        "sub/main.json",
        "--set",
        "services.web.endpoints.get.steps.0.work.exponential.mean=10.5ms",
    ];
    let (status, said) = check(&slower, &folder);
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("\n  WORSE         mean(web.get) < 1s  "), "{said}");
    assert!(said.contains("Exit status 1: a number is worse than in the baseline."), "{said}");
    assert_eq!(check(&[&slower[..], &["--tolerance", "10%"]].concat(), &folder).0, 0);
    let (_, said) = check(
        &[
            "a.yaml",
            "--baseline",
            "sub/main.json",
            "--set",
            "services.web.endpoints.get.steps.0.work.exponential.mean=9ms",
        ],
        &folder,
    );
    assert!(said.contains("Against sub/main.json: ") && said.contains(" better"), "{said}");
    let after = std::fs::read_to_string(folder.0.join("sub/main.json")).unwrap();
    assert_eq!(stored, after, "comparing writes nothing");
}

#[test]
fn scenarios_that_are_new_or_gone_are_said() {
    let folder = Folder::new("gate-new");
    folder.write("a.yaml", &small("1s", 60));
    folder.write("b.yaml", &small("1s", 60));
    assert_eq!(check(&["b.yaml", "--baseline", "main.json", "--update-baseline"], &folder).0, 0);
    std::fs::remove_file(folder.0.join("b.yaml")).unwrap();
    let (status, said) = check(&["a.yaml", "--baseline", "main.json"], &folder);
    assert!(status == 0 && said.contains("Against main.json: not in it."), "{said}");
    assert!(said.contains("b.yaml is in main.json, and its file is gone."), "{said}");
    // A promise that loses its data is not held by the numbers of yesterday.
    folder.write("c.yaml", &with(&["p99(web.get) from 10s to 20s < 1s"], 60));
    assert_eq!(check(&["c.yaml", "--baseline", "main.json", "--update-baseline"], &folder).0, 0);
    let stored = std::fs::read_to_string(folder.0.join("main.json")).unwrap();
    assert!(stored.contains("c.yaml") && !stored.contains("b.yaml"), "{stored}");
    std::fs::write(folder.0.join("main.json"), "{\"windtunnel_baseline\": 9}").unwrap();
    assert_eq!(check(&["a.yaml", "--baseline", "main.json"], &folder).0, 2);
}

#[test]
fn money_over_time_can_be_expected() {
    let folder = Folder::new("gate-money");
    folder.write("a.yaml", &with(&["cost(infrastructure) < $80/month", "cost(wrongness) < $1k/month"], 60));
    let checked = &json(&["a.yaml"], &folder)[0];
    assert_eq!(checked["verdict"], "held", "{checked}");
    let cost = &checked["expectations"][0];
    assert_eq!(cost["unit"], "money_per_month");
    assert!(
        (cost["observed"]["mean"].as_f64().unwrap() - 73.0).abs() < 1e-6 && cost["promised"].as_f64().unwrap() > 79.9
    );
}

#[test]
fn bad_arguments_end_with_2() {
    let folder = Folder::new("gate-bad");
    folder.write("a.yaml", &small("1s", 3));
    for bad in [
        &["--budget", "0"][..],
        &["--confidence", "0.95"],
        &["--confidence", "20%"],
        &["--budget", "5", "--replications", "6"],
        &["--update-baseline"],
        &["--annotations", "gitlab"],
    ] {
        assert_eq!(check(&[&["a.yaml"], bad].concat(), &folder).0, 2, "{bad:?}");
    }
    assert!(!Path::new(&folder.0.join("out")).exists());
}
