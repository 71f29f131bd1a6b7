//! The program as a user runs it: exit codes, streams, and files that are whole or not there.

use super::program::{Folder, windtunnel};
use super::root;

/// A small scenario with a promise of availability.
pub(super) fn small(promise: &str, replications: u32) -> String {
    format!(
        "scenario: small\nquestion: does it hold?\nrun: {{duration: 1m, warm_up: 5s, replications: {replications}, seed: 1}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 50/s}}}}}}}}\n\
         services: {{web: {{workers: 4, endpoints: {{get: {{steps: [{{work: {{exponential: {{mean: 10ms}}}}}}]}}}}}}}}\n\
         promises: {{works: {{keep: {{latency: {{p99: {promise}}}}}, of: web.get}}}}\n\
         costs: {{nodes: {{meter: {{instances: {{of: web}}}}, price: $0.1/h}}}}\n"
    )
}

#[test]
fn run_writes_results_and_report_and_prints_a_summary() {
    let folder = Folder::new("run");
    folder.write("small.yaml", &small("1s", 40));
    let done = windtunnel(&["run", "small.yaml"], &folder.0);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(text.contains("HELD") && text.contains("does it hold?") && text.contains("report.html"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
    let out = folder.0.join("out/small");
    for file in [
        "results.json",
        "report.html",
        "report.md",
        "timeseries.csv",
        "scenario.yaml",
        "figures/latency.svg",
        "figures/latency.png",
    ] {
        assert!(out.join(file).metadata().is_ok_and(|m| m.len() > 100), "{file} is missing");
    }
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(!page.contains("http://") || page.matches("http://").count() == page.matches("http://www.w3.org").count());
    assert!(!page.contains("https://"), "the page asks the network");
    let left: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains(".part"))
        .collect();
    assert!(left.is_empty(), "temporary files are left");
    let results = std::fs::read(out.join("results.json")).unwrap();
    std::fs::remove_file(out.join("report.html")).unwrap();
    let again = windtunnel(&["report", "out/small"], &folder.0);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
    assert!(out.join("report.html").exists() && again.stderr.is_empty());
    assert_eq!(results, std::fs::read(out.join("results.json")).unwrap());
}

/// What the program advises is typed as it stands, so it has to run: also where a store is what is full.
#[test]
fn the_next_command_runs_whatever_is_full() {
    let folder = Folder::new("next");
    let called = small("1s", 2)
        .replace("workers: 4", "workers: unlimited")
        .replace("{work: {exponential: {mean: 10ms}}}", "{call: {to: db.read, timeout: 1s}}");
    let store = "stores: {db: {workers: 1, endpoints: {read: {access: read, steps: [{work: 50ms}]}}}}\n";
    for (file, text, advised) in [
        ("service.yaml", small("1s", 2).replace("10ms", "200ms"), "--set services.web.instances=2"),
        ("store.yaml", called + store, "--set stores.db.instances=2"),
    ] {
        folder.write(file, &text);
        let done = windtunnel(&["run", file], &folder.0);
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let next =
            said.lines().find_map(|line| line.strip_prefix("Next     windtunnel ")).unwrap_or_else(|| panic!("{said}"));
        assert!(next.ends_with(advised), "{said}");
        let again = windtunnel(&next.split(' ').collect::<Vec<_>>(), &folder.0);
        assert_eq!(again.status.code(), Some(0), "{next}: {}", String::from_utf8_lossy(&again.stderr));
    }
}

#[test]
fn precision_is_reached_or_said_to_be_missed() {
    let folder = Folder::new("precision");
    folder.write("small.yaml", &small("1s", 16));
    let run = |more: &[&str]| {
        let done = windtunnel(&[&["run", "small.yaml", "--plain", "--out", "out/small"], more].concat(), &folder.0);
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
        let results = std::fs::read_to_string(folder.0.join("out/small/results.json")).unwrap();
        (String::from_utf8_lossy(&done.stdout).replace('\n', " "), results)
    };
    let (text, results) = run(&["--precision", "5%", "--precision-of", "mean(web.get)"]);
    assert!(text.contains("Precise within 5 % after 16 replications; the widest, mean(web.get), "), "{text}");
    assert!(results.contains("\"reached\": true") && results.contains("\"replications\": 16"), "{results}");
    let (text, results) = run(&["--precision", "0.01%", "--precision-cap", "40"]);
    assert!(text.contains("Not precise within 0.01 % after 40 replications, the most allowed: works, "), "{text}");
    assert!(text.contains(" replications to reach it."), "{text}");
    let page = std::fs::read_to_string(folder.0.join("out/small/report.md")).unwrap();
    assert!(page.contains("--replications 16 --precision 0.01% --precision-cap 40"));
    let again = windtunnel(&["report", "out/small"], &folder.0);
    assert!(again.status.success() && again.stderr.is_empty(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(results, std::fs::read_to_string(folder.0.join("out/small/results.json")).unwrap());
    let check = windtunnel(&["check", "small.yaml", "--precision", "0.01%", "--precision-cap", "40"], &folder.0);
    assert!(String::from_utf8_lossy(&check.stdout).contains("\n  Not precise within 0.01 % after 40 replications"));
    for bad in
        [&["--precision", "2"][..], &["--precision-of", "p99(web.get)"], &["--precision", "2%", "--precision-of", "x"]]
    {
        assert_eq!(windtunnel(&[&["run", "small.yaml"], bad].concat(), &folder.0).status.code(), Some(2), "{bad:?}");
    }
    let unknown = windtunnel(&["run", "small.yaml", "--precision", "2%", "--precision-of", "p99(wbe.get)"], &folder.0);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean web.get?"));
}

#[test]
fn json_holds_the_keys_of_the_contract() {
    let folder = Folder::new("json");
    folder.write("small.yaml", &small("1s", 3));
    let done = windtunnel(&["run", "small.yaml", "--json", "--threads", "2"], &folder.0);
    let json: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    for key in ["scenario", "seed", "replications", "version", "digest", "simulated_s"] {
        assert!(!json[key].is_null(), "{key}");
    }
    let endpoint = &json["endpoints"]["web.get"];
    for key in ["requests", "availability", "goodput_per_s", "wrong"] {
        assert!(
            endpoint[key]["mean"].is_number() && endpoint[key]["low"].is_number() && endpoint[key]["high"].is_number(),
            "{key}"
        );
    }
    for key in ["mean", "p50", "p90", "p95", "p99", "p99.9"] {
        assert!(endpoint["latency_s"][key]["mean"].is_number(), "{key}");
    }
    for outcome in ["ok", "degraded", "error", "timeout", "rejected", "shed", "unreachable", "refused"] {
        assert!(endpoint["outcomes"][outcome]["mean"].is_number(), "{outcome}");
    }
    let service = &json["services"]["web"];
    assert!(service["utilisation"]["mean"].is_number() && service["queue_wait_s"]["p99"]["mean"].is_number());
    assert!(service["queue_length"]["mean"].is_number() && service["instances"]["mean"].is_number());
    let call = &json["calls"]["users->web.get"];
    for key in ["attempts", "retries", "rejected", "breaker_opened", "timeouts"] {
        assert!(call[key]["mean"].is_number(), "{key}");
    }
    let promise = &json["promises"][0];
    for key in ["name", "verdict", "probability", "observed"] {
        assert!(!promise[key].is_null(), "{key}");
    }
    assert!(json["cost"]["per_month"]["mean"].as_f64().is_some_and(|m| (m - 73.0).abs() < 1e-6));
    assert!(
        json["cost"]["items"][0]["name"] == "nodes" && json["wrongness"]["incidents"]["stale_read"]["mean"].is_number()
    );
}

#[test]
fn check_tells_held_broken_and_open_by_its_status() {
    let folder = Folder::new("check");
    folder.write("held.yaml", &small("1s", 40));
    folder.write("broken.yaml", &small("1ms", 40));
    folder.write("open.yaml", &small("1s", 3));
    for (file, status) in [("held.yaml", 0), ("broken.yaml", 1), ("open.yaml", 3), ("none.yaml", 2)] {
        let done = windtunnel(&["check", file, "--junit", "junit.xml"], &folder.0);
        assert_eq!(done.status.code(), Some(status), "{file}: {}", String::from_utf8_lossy(&done.stdout));
    }
    let all = windtunnel(&["check", "."], &folder.0);
    assert_eq!(all.status.code(), Some(1));
}

#[test]
fn bad_input_ends_with_2_and_writes_nothing() {
    let folder = Folder::new("bad");
    folder.write("empty.yaml", "");
    folder.write("unknown.yaml", &small("1s", 3).replace("workers", "wrokers"));
    folder.write("unit.yaml", &small("1s", 3).replace("50/s", "50"));
    folder.write("name.yaml", &small("1s", 3).replace("to: web.get", "to: wbe.get"));
    std::fs::write(folder.0.join("binary.yaml"), [0u8, 159, 146, 150, 0, 255]).unwrap();
    std::fs::create_dir(folder.0.join("folder.yaml")).unwrap();
    for file in ["empty.yaml", "unknown.yaml", "unit.yaml", "name.yaml", "binary.yaml", "folder.yaml", "none.yaml"] {
        let done = windtunnel(&["run", file], &folder.0);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{file}: {said}");
        assert!(said.contains("error") && !said.contains("panicked"), "{file}: {said}");
        assert!(done.stdout.is_empty(), "{file} printed results");
    }
    assert!(!folder.0.join("out").exists(), "something was written");
    let set = windtunnel(&["run", "unit.yaml", "--set", "nonsense"], &folder.0);
    assert_eq!(set.status.code(), Some(2));
}

#[test]
fn verify_prints_its_table_and_knows_its_cases() {
    let folder = Folder::new("verify");
    let done = windtunnel(&["verify", "erlang-b", "--plain"], &folder.0);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{text}");
    assert!(text.contains("HELD          rejected(centre.call) ") && text.contains(" 1.83846% ± 5%   1.8"), "{text}");
    assert!(text.contains("Erlang, 1917") && text.contains("2 cases in 1 scenario: 2 held.") && done.stderr.is_empty());
    let json = windtunnel(&["verify", "erlang-b", "--json", "--seed", "5"], &folder.0);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json[0]["case"], "queueing/erlang-b");
    assert!(json[0]["expectations"][0]["observed"]["mean"].as_f64().is_some_and(|m| (m - 0.0184).abs() < 0.002));
    let show = windtunnel(&["verify", "erlang-b", "--show"], &folder.0);
    folder.write("shown.yaml", &String::from_utf8_lossy(&show.stdout));
    assert_eq!(windtunnel(&["validate", "shown.yaml"], &folder.0).status.code(), Some(0));
    let list = windtunnel(&["verify", "--list"], &folder.0);
    assert!(String::from_utf8_lossy(&list.stdout).contains("queueing/mm1\n"));
    let unknown = windtunnel(&["verify", "erlnag-b"], &folder.0);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("did you mean erlang-b?") && unknown.stdout.is_empty());
}

#[test]
fn the_small_commands_answer() {
    let folder = Folder::new("small");
    for arguments in
        [vec!["schema"], vec!["explain"], vec!["explain", "poisson"], vec!["completions", "bash"], vec!["--help"]]
    {
        let done = windtunnel(&arguments, &folder.0);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}");
        assert!(done.stdout.len() > 200, "{arguments:?}");
    }
    assert_eq!(windtunnel(&["explain", "poisson-like"], &folder.0).status.code(), Some(2));
    assert_eq!(windtunnel(&["new", "mine.yaml"], &folder.0).status.code(), Some(0));
    assert_eq!(windtunnel(&["new", "mine.yaml"], &folder.0).status.code(), Some(2), "a file is not overwritten");
    let valid = windtunnel(&["validate", "mine.yaml"], &folder.0);
    assert_eq!(valid.status.code(), Some(0), "{}", String::from_utf8_lossy(&valid.stdout));
    let list = windtunnel(&["list"], root());
    assert!(String::from_utf8_lossy(&list.stdout).contains("\ncheckout\n"));
    let list = windtunnel(&["list", "scenarios/shipped/gate"], root());
    assert!(String::from_utf8_lossy(&list.stdout).starts_with("scenarios/shipped/gate/ledger-crash.yaml\n"));
}

#[test]
fn reports_are_made_again_of_what_extends_and_of_what_was_set() {
    let folder = Folder::new("report-extends");
    folder.write("base.yaml", &small("1s", 2));
    folder.write("over.yaml", "extends: base.yaml\nscenario: over\nservices: {web: {workers: 2}}\nvariants: {one: {services.web.workers: 1}}\n");
    let run = ["run", "over.yaml", "--variant", "one", "--set", "load.users.arrive.poisson.rate=20/s", "--out", "o"];
    let (status, _, err) = folder.run(&run);
    assert_eq!(status, 0, "{err}");
    let page = || std::fs::read_to_string(folder.join("o/results.json")).unwrap();
    let before = page();
    let (status, _, err) = folder.run(&["report", "o"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(page(), before);
    let (status, _, err) = folder.run(&["sweep", "over.yaml", "--set", "services.web.workers=1,2", "--out", "s"]);
    assert_eq!(status, 0, "{err}");
    std::fs::remove_file(folder.join("s/sweep.json")).unwrap();
    let (status, _, err) = folder.run(&["report", "s"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(folder.join("s/sweep.json").exists());
}

/// A finding is said where it stands, in the report too, also when that is made again, and changes no status.
#[test]
fn findings_are_said_by_validate_and_in_the_report_of_a_run() {
    let folder = Folder::new("findings");
    let call = "retry: {max_attempts: 3}, timeout: 2s, total_timeout: 1s";
    let text = small("1s", 2).replacen("to: web.get", &format!("to: web.get, {call}"), 1);
    folder.write("small.yaml", &text);
    let line = 1 + text[..text.find(call).unwrap()].matches('\n').count();
    let (status, out, err) = folder.run(&["validate", "small.yaml"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.starts_with("warning[retry-never-comes]: a timeout of users->web.get is never tried again"), "{out}");
    assert!(out.contains(&format!("small.yaml:{line}:")) && out.contains("small.yaml is valid: "), "{out}");
    let json: serde_json::Value = serde_json::from_str(&folder.run(&["validate", "small.yaml", "--json"]).1).unwrap();
    assert_eq!((&json[0]["name"], &json[0]["line"]), (&"retry-never-comes".into(), &line.into()));
    let (status, out, err) = folder.run(&["run", "small.yaml", "--out", "o", "--plain"]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("\nKnown without a run\n- A timeout of users->web.get is never tried again"), "{out}");
    assert!(!err.contains("retry-never-comes"), "{err}");
    let report = |file: &str| std::fs::read_to_string(folder.join(&format!("o/{file}"))).unwrap();
    let (page, markdown) = (report("report.html"), report("report.md"));
    for text in [&page, &markdown] {
        assert!(text.contains("Known without a run") && text.contains(&format!("small.yaml:{line}:")), "{text}");
    }
    assert_eq!(folder.run(&["report", "o"]).0, 0);
    assert!(
        page == report("report.html") && markdown == report("report.md"),
        "the report is another when it is made again"
    );
}
