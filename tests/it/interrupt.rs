//! Ctrl-C and SIGTERM: a run answers with what it has, a sweep goes on, others say what to type, and no file is half written.

#![cfg(target_os = "linux")]

use super::cli::small;
use super::program::Folder;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a test waits for anything. What takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// Waits until something is so of a process; one that takes too long is killed, and the test fails.
fn until(id: u32, what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        if begin.elapsed() > PATIENCE {
            let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
            panic!("after {PATIENCE:?} the program {what}");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A command that runs in a folder until it is stopped.
fn begun(folder: &Folder, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    command.args(arguments).current_dir(&folder.0).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // It catches signals once its study runs, and half a second of work are some replications.
    let id = child.id();
    until(id, "has not begun", || !child_runs(id) || catches(id) && worked_ticks(id) > 50);
    child
}

/// Whether a process catches Ctrl-C.
fn catches(id: u32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0").trim();
    u64::from_str_radix(mask, 16).unwrap_or(0) & 0b10 != 0
}

/// Processor time of a process [1/100 s].
fn worked_ticks(id: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().nth(11).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Exit status and both streams of what was stopped.
fn stopped(child: Child) -> (i32, String, String) {
    let id = child.id();
    let (ended, has_ended) = mpsc::channel();
    std::thread::spawn(move || ended.send(child.wait_with_output()));
    let output = has_ended.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        panic!("after {PATIENCE:?} the program has not stopped")
    });
    let Output { status, stdout, stderr } = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Files under a folder, by their names.
fn files(folder: &Path) -> Vec<String> {
    let Ok(all) = std::fs::read_dir(folder) else { return Vec::new() };
    all.map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path.to_string_lossy().into_owned()] })
        .collect()
}

#[test]
fn a_run_answers_with_the_replications_that_it_has() {
    let folder = Folder::new("interrupt-run");
    folder.write("small.yaml", &small("1s", 500_000));
    let child = begun(&folder, &["run", "small.yaml", "--threads", "2"]);
    signal(&child, "-INT");
    let (status, out, err) = stopped(child);
    assert_eq!(status, 130, "{out}{err}");
    assert!(err.contains("stopping when the replications that are running are done"), "{err}");
    let json = || std::fs::read_to_string(folder.join("out/small/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&json()).unwrap();
    let n = results["replications"].as_u64().unwrap();
    assert!(0 < n && n < 500_000, "{n}");
    assert_eq!(results["stopped_early"]["first"], 500_000);
    assert!(out.replace('\n', " ").contains(" of 500,000 replications: all numbers are of these."), "{out}");
    let page = std::fs::read_to_string(folder.join("out/small/report.md")).unwrap();
    assert!(page.contains("Stopped early, after "), "{page}");
    assert!(files(&folder.0).iter().all(|name| !name.contains(".part")), "{:?}", files(&folder.0));
    // They are the first ones, and the report made again is of them too.
    let (again, _, err) = folder.run(&["report", "out/small"]);
    assert_eq!((again, err.as_str()), (0, ""));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json()).unwrap(), results);
    let (_, first, _) = folder.run(&["run", "small.yaml", "--json", "--replications", &n.to_string()]);
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!((&first["digest"], &first["endpoints"]), (&results["digest"], &results["endpoints"]));
}

#[test]
fn a_second_time_ends_at_once_and_leaves_nothing() {
    let folder = Folder::new("interrupt-twice");
    // One replication takes longer than anybody waits.
    folder.write("small.yaml", &small("1s", 1).replace("duration: 1m", "duration: 90000m"));
    let child = begun(&folder, &["run", "small.yaml"]);
    signal(&child, "-INT");
    signal(&child, "-TERM");
    // Signals of one kind that come together are one: the last has to be another.
    let id = child.id();
    until(id, "does not end", || {
        signal_quietly(id);
        !child_runs(id)
    });
    let (status, out, _) = stopped(child);
    assert_eq!((status, out.as_str()), (130, ""));
    assert_eq!(files(&folder.0).len(), 1, "{:?}", files(&folder.0));
}

/// Whether a process has not ended.
fn child_runs(id: u32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    text.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X']) && !rest.trim().is_empty())
}

fn signal_quietly(id: u32) {
    let _ = Command::new("kill").args(["-INT", &id.to_string()]).stderr(Stdio::null()).status();
}

#[test]
fn after_the_last_replication_it_says_that_results_are_written() {
    let folder = Folder::new("interrupt-late");
    folder.write("small.yaml", &small("1s", 40));
    // A pipe as the summary of the job: the program waits there with its results until somebody reads.
    assert!(Command::new("mkfifo").arg(folder.join("summary")).status().unwrap().success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    command.args(["check", "small.yaml", "--junit", "j.xml"]).current_dir(&folder.0);
    command.env("GITHUB_STEP_SUMMARY", folder.join("summary")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let id = child.id();
    until(id, "has written no results", || !child_runs(id) || folder.join("j.xml").exists());
    signal(&child, "-INT");
    let (said, hears) = mpsc::channel();
    let err = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || err.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
    let mut lines = std::iter::from_fn(|| hears.recv_timeout(PATIENCE).ok());
    let line = lines.find(|line| line.contains("Ctrl-C again stops at once")).unwrap();
    assert_eq!(line, "all replications are done, and what they gave is being written; Ctrl-C again stops at once");
    assert!(std::fs::read_to_string(folder.join("summary")).unwrap().contains("Every promise is held"));
    let (status, out, _) = stopped(child);
    assert_eq!(status, 0, "what is done is not stopped: {out}");
}

#[test]
fn a_sweep_keeps_its_points_and_others_say_what_to_type() {
    let folder = Folder::new("interrupt-others");
    folder.write("small.yaml", &small("1s", 60));
    folder.write("long.yaml", &small("1s", 400_000));
    let sweep = ["sweep", "small.yaml", "--set", "services.web.workers=1..3000", "--replications", "2"];
    let child = begun(&folder, &sweep);
    // A busy machine may take a while for the first point, and the head alone is written before it.
    let kept = folder.join("out/small-sweep.replications-2/points.jsonl");
    let has_points = || std::fs::read_to_string(&kept).is_ok_and(|text| text.lines().count() > 1);
    until(child.id(), "has kept no point", has_points);
    signal(&child, "-TERM");
    let (status, out, err) = stopped(child);
    assert_eq!((status, out.as_str()), (130, ""), "{err}");
    let says = " of 3000 points are done and kept in out/small-sweep.replications-2, where the sweep goes on.\n";
    assert!(err.contains(says), "{err}");
    assert!(
        err.ends_with("Go on    windtunnel sweep small.yaml --set services.web.workers=1..3000 --replications 2\n"),
        "{err}"
    );
    let points = std::fs::read_to_string(&kept).unwrap();
    assert!(points.ends_with('\n') && points.lines().count() > 1, "{points}");
    // What it advises does not throw these points away, also where the sweep was a fresh one.
    let child = begun(&folder, &[&sweep[..], &["--fresh"]].concat());
    signal(&child, "-INT");
    let (_, _, err) = stopped(child);
    assert!(err.ends_with(&format!("Go on    windtunnel {}\n", sweep.join(" "))), "{err}");
    for (command, kept) in [
        (
            &["check", "long.yaml", "--run-all", "--junit", "j.xml"][..],
            "nothing is written, and the baseline is as it was.",
        ),
        (&["compare", "long.yaml", "long.yaml"], "nothing is kept."),
        (&["verify"], "nothing is kept."),
    ] {
        let child = begun(&folder, command);
        signal(&child, "-INT");
        let (status, out, err) = stopped(child);
        assert_eq!((status, out.as_str()), (130, ""), "{command:?}: {err}");
        assert!(err.contains(kept), "{command:?}: {err}");
        assert!(err.ends_with(&format!("Again    windtunnel {}\n", command.join(" "))), "{err}");
    }
    assert!(!folder.join("j.xml").exists() && !folder.join("out/long-against-long").exists());
}
