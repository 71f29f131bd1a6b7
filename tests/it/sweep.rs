//! Sweeps from the command line: points that survive a kill, parts that merge to the same bytes, refusals by name.

use super::program::Folder;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A small system with a promise that some settings break.
const SYSTEM: &str = "\
scenario: A desk with few clerks
question: How many clerks are enough?
run: {duration: 40s, warm_up: 5s, replications: 12, seed: 3}
load:
  visitors: {to: desk.ask, arrive: {poisson: {rate: 40/s}}}
services:
  desk:
    workers: 4
    queue: {capacity: 50}
    endpoints: {ask: {steps: [{work: {exponential: {mean: 50ms}}}]}}
promises:
  quick: {keep: {latency: {p95: 400ms}}, of: desk.ask}
costs:
  clerks: {meter: {instances: {of: desk}}, price: $20/h}
studies:
  ladder:
    ask:
      sweep:
        over:
          services.desk.workers: {range: {from: 1, to: 6}}
          load.visitors.arrive.poisson.rate: {list: [20/s, 40/s, 80/s]}
  which:
    ask:
      sweep:
        over:
          services.desk.workers: {range: {from: 2, to: 6}}
          load.visitors.arrive.poisson.rate: {range: {from: 20/s, to: 80/s}}
          services.desk.queue.capacity: {range: {from: 10, to: 1000, scale: log}}
        design: {sobol: {points: 40}}
        rank: {total_sobol: {of: p95(desk.ask)}}
    budget: {replications: 4}
";

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("desk.yaml", SYSTEM);
    folder
}

fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                all.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

/// Folders hold the same files with the same bytes.
fn same(a: &Path, b: &Path) {
    let (a, b) = (files_of(a), files_of(b));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for ((name, one), (_, other)) in a.iter().zip(&b) {
        assert!(one == other, "{name} differs");
    }
}

#[test]
fn a_grid_says_how_far_each_setting_holds() {
    let at = folder("sweep-grid");
    let (status, out, err) = at.run(&["sweep", "desk.yaml", "--study", "ladder", "--replications", "40", "--plain"]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("Share of runs that keep every promise"), "{out}");
    // One clerk has a capacity of 20/s, six of 120/s: the ends of the table are certain.
    let row = |workers: &str| {
        let row = out.lines().find(|line| line.trim_start().starts_with(workers)).unwrap_or_else(|| panic!("{out}"));
        row.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("1 "), ["1", "0", "B", "0", "B", "0", "B"]);
    assert_eq!(row("6 "), ["6", "100", "H", "100", "H", "100", "H"]);
    assert!(out.contains("Held from services.desk.workers=2 on with load.visitors.arrive.poisson.rate=20/s"), "{out}");
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(at.join("out/desk-ladder.replications-40/sweep.json")).unwrap()).unwrap();
    assert_eq!(json["points"].as_array().unwrap().len(), 18);
    let csv = std::fs::read_to_string(at.join("out/desk-ladder.replications-40/sweep.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 18 * 40);
}

#[test]
fn points_share_their_random_numbers() {
    let at = folder("sweep-common");
    let args =
        ["sweep", "desk.yaml", "--set", "services.desk.queue.capacity=40,50", "--show", "rps(desk.ask)", "--out", "o"];
    let (status, _, err) = at.run(&args);
    assert_eq!(status, 0, "{err}");
    let csv = std::fs::read_to_string(at.join("o/sweep.csv")).unwrap();
    let rates: Vec<&str> = csv.lines().skip(1).map(|line| line.split(',').nth(4).unwrap()).collect();
    assert_eq!(rates[..12], rates[12..], "the same arrivals at both points");
    assert_ne!(rates[0], rates[1], "other arrivals in other replications");
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let at = folder("sweep-threads");
    for threads in ["1", "3"] {
        let out = format!("t{threads}");
        let (status, _, err) = at.run(&["sweep", "desk.yaml", "--study", "which", "--threads", threads, "--out", &out]);
        assert_eq!(status, 0, "{err}");
    }
    same(&at.join("t1"), &at.join("t3"));
}

#[test]
fn parts_merge_to_the_bytes_of_the_whole() {
    let at = folder("sweep-parts");
    let sweep = |more: &[&str]| {
        let args: Vec<&str> = ["sweep", "desk.yaml", "--study", "which"].iter().chain(more).copied().collect();
        let (status, _, err) = at.run(&args);
        assert_eq!(status, 0, "{err}");
    };
    sweep(&["--out", "whole"]);
    for part in ["1", "2", "3"] {
        sweep(&["--shard", &format!("{part}/3"), "--out", &format!("p{part}")]);
    }
    let (status, _, err) = at.run(&["merge", "p2", "p3", "p1", "--out", "merged"]);
    assert_eq!(status, 0, "{err}");
    same(&at.join("whole"), &at.join("merged"));
    // A program that reads what is printed finds JSON, also of a part.
    let part = ["sweep", "desk.yaml", "--study", "which", "--shard", "2/3", "--out", "p2"];
    let (_, out, _) = at.run(&[&part[..], &["--json"]].concat());
    let told: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
    assert_eq!((&told["part"], &told["of"], &told["folder"]), (&2.into(), &3.into(), &"p2".into()));
    assert!(0 < told["points"].as_u64().unwrap() && told["points"].as_u64() < told["points_of_all"].as_u64(), "{told}");

    let refused = |args: &[&str], why: &str| {
        let (status, _, err) = at.run(args);
        assert_eq!(status, 2, "{args:?}");
        assert!(err.contains(why), "{err}");
        assert!(!at.join("no").exists(), "nothing is half-written");
    };
    refused(&["merge", "p1", "p3", "--out", "no"], "part 2/3 is missing");
    refused(&["merge", "p1", "p2", "p3", "p2", "--out", "no"], "part 2/3 is there more than once: p2, p2");
    sweep(&["--shard", "2/3", "--out", "foreign", "--seed", "9"]);
    refused(&["merge", "p1", "foreign", "p3", "--out", "no"], "foreign is a part of another sweep than p1");
    sweep(&["--shard", "2/4", "--out", "quarter"]);
    refused(&["merge", "p1", "quarter", "p3", "--out", "no"], "quarter is a part of 4 and p1 one of 3");
    refused(&["merge", "p1", "nowhere", "--out", "no"], "nowhere holds no part of a sweep");
    let path = at.join("p3/points.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let cut = text.trim_end().rfind('\n').unwrap() + 1;
    std::fs::write(&path, &text[..cut + 20]).unwrap();
    refused(&["merge", "p1", "p2", "p3", "--out", "no"], "p3 is not finished: it has 12 of the 13 points");
    std::fs::write(&path, text.replacen("\"number\":5", "\"number\":6", 1)).unwrap();
    refused(&["merge", "p1", "p2", "p3", "--out", "no"], "is damaged");
}

#[test]
fn killed_sweeps_go_on_where_they_stopped() {
    let at = folder("sweep-killed");
    let args = ["sweep", "desk.yaml", "--study", "ladder", "--set", "run.duration=4m"];
    let (status, ..) = at.run(&[&args[..], &["--out", "whole"]].concat());
    assert_eq!(status, 0);
    let points = at.join("killed/points.jsonl");
    let lines = || std::fs::read_to_string(&points).map_or(0, |text| text.matches('\n').count());
    let mut kills = 0;
    for wait in [30, 90, 50, 140, 70, 110, 200, 60, 40, 120] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_windtunnel"))
            .args([&args[..], &["--out", "killed"]].concat())
            .current_dir(&at.0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let before = lines();
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        assert!(lines() >= before, "a finished point was lost");
    }
    assert!(kills > 0, "the sweep was done before it was killed once");
    let (status, _, err) = at.run(&[&args[..], &["--out", "killed"]].concat());
    assert_eq!(status, 0, "{err}");
    same(&at.join("whole"), &at.join("killed"));
    // A last line that was cut in the middle is written again.
    let text = std::fs::read_to_string(&points).unwrap();
    std::fs::write(&points, &text[..text.len() - 7]).unwrap();
    let (status, _, err) = at.run(&[&args[..], &["--out", "killed"]].concat());
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("17 of 18 points are done already"), "{err}");
    same(&at.join("whole"), &at.join("killed"));
}

#[test]
fn another_sweep_is_not_written_into_a_folder() {
    let at = folder("sweep-other");
    let set = |workers: &str| format!("services.desk.workers={workers}");
    let run = |workers: &str, more: &[&str]| {
        let set = set(workers);
        let args: Vec<&str> = ["sweep", "desk.yaml", "--set", &set, "--out", "o"].iter().chain(more).copied().collect();
        at.run(&args)
    };
    assert_eq!(run("2,3", &[]).0, 0);
    let (status, _, err) = run("2,4", &[]);
    assert_eq!(status, 2);
    assert!(err.contains("o holds another sweep"), "{err}");
    assert_eq!(run("2,4", &["--fresh"]).0, 0);
    assert_eq!(run("2,4", &[]).0, 0);
}

#[test]
fn what_cannot_be_swept_is_said() {
    let at = folder("sweep-wrong");
    for (args, why) in [
        (&["--set", "services.dsk.workers=1,2"][..], "did you mean desk?"),
        (&["--set", "services.desk.workers=0,2"], "cannot be run at services.desk.workers=0"),
        (&["--set", "load.visitors.arrive.poisson.rate=20/s..80ms:3"], "two measures"),
        (&["--set", "load.visitors.arrive.poisson.rate=20/s..80/s"], "how many values"),
        (&["--study", "latter"], "sweeps here: ladder, which"),
        (&[], "name one of ladder, which"),
        (&["--set", "services.desk.workers=1..4", "--rank", "morris"], "give both"),
        (&["--set", "services.desk.workers=1..4", "--show", "p99(dsk.ask)"], "did you mean desk.ask?"),
        (&["--study", "which", "--shard", "4/3"], "there is no part 4 of 3"),
        (&["--study", "which", "--shard", "auto"], "no job of an array"),
    ] {
        let all: Vec<&str> = ["sweep", "desk.yaml"].iter().chain(args).copied().collect();
        let (status, out, err) = at.run(&all);
        assert_eq!((status, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(why), "{args:?}: {err}");
        assert!(!at.join("out").exists(), "{args:?} wrote something");
    }
}

#[test]
fn knobs_of_a_study_are_checked_at_their_places() {
    let at = folder("sweep-validate");
    let with = |from: &str, to: &str| at.write("wrong.yaml", &SYSTEM.replacen(from, to, 1));
    let both = |why: &[&str]| {
        let (status, out, _) = at.run(&["validate", "wrong.yaml"]);
        assert_eq!(status, 2, "{out}");
        why.iter().for_each(|why| assert!(out.contains(why), "{out}"));
        let (status, _, err) = at.run(&["sweep", "wrong.yaml", "--study", "ladder"]);
        assert_eq!(status, 2, "{err}");
        why.iter().for_each(|why| assert!(err.contains(why), "{err}"));
        // A run does not need its studies, and another study not this one.
        let (status, _, err) = at.run(&["run", "wrong.yaml", "--replications", "2"]);
        assert_eq!(status, 0, "{err}");
        assert_eq!(at.run(&["sweep", "wrong.yaml", "--study", "which", "--shard", "1/80", "--fresh"]).0, 0);
    };
    let line = 1 + SYSTEM.lines().position(|line| line.contains("services.desk.workers: {range")).unwrap();
    with("services.desk.workers: {range: {from: 1,", "services.dsk.workers: {range: {from: 1,");
    both(&["did you mean desk?", &format!("--> wrong.yaml:{line}:20")]);
    with("services.desk.workers: {range: {from: 1,", "services.desk.wrokers: {range: {from: 1,");
    both(&["did you mean workers?", &format!("--> wrong.yaml:{line}:25")]);
    with("{range: {from: 1, to: 6}}", "{list: [1, 0, many, 6]}");
    both(&[&format!("--> wrong.yaml:{line}:45"), &format!("--> wrong.yaml:{line}:48"), "2 errors"]);
    with("{list: [20/s, 40/s, 80/s]}", "{list: [20/s, 40ms]}");
    both(&[&format!("--> wrong.yaml:{}:60", line + 1), "1 error"]);
}

#[test]
fn validate_looks_at_variants_and_values() {
    let at = folder("validate-set");
    at.write("two.yaml", &format!("{SYSTEM}variants:\n  many: {{services.desk.workers: 40}}\n"));
    let (status, out, _) = at.run(&["validate", "two.yaml", "--variant", "many", "--set", "run.seed=5"]);
    assert_eq!(status, 0, "{out}");
    let (status, out, _) = at.run(&["validate", "two.yaml", "--variant", "mny"]);
    assert!(status == 2 && out.contains("did you mean many?"), "{out}");
    let (status, out, _) = at.run(&["validate", "two.yaml", "--set", "services.desk.workers=0"]);
    assert!(status == 2 && out.contains("--set:1:23"), "{out}");
    assert_eq!(at.run(&["validate", "two.yaml", "--set", "run.seed"]).0, 2);
}

#[test]
fn results_are_printed_as_json() {
    let at = folder("sweep-json");
    let json = |args: &[&str]| -> serde_json::Value {
        let (status, out, err) = at.run(args);
        assert_eq!(status, 0, "{err}");
        serde_json::from_str(&out).unwrap()
    };
    let sweep = ["sweep", "desk.yaml", "--set", "services.desk.workers=2,6", "--replications", "4", "--json"];
    let whole = json(&[&sweep[..], &["--out", "whole"]].concat());
    assert_eq!(whole["points"].as_array().unwrap().len(), 2);
    assert_eq!(whole["points"][1]["settings"][0]["text"], "6");
    for part in ["1/2", "2/2"] {
        let out = format!("p{}", &part[..1]);
        assert_eq!(at.run(&[&sweep[..], &["--shard", part, "--out", &out]].concat()).0, 0);
    }
    assert_eq!(json(&["merge", "p1", "p2", "--out", "merged", "--json"]), whole);
    same(&at.join("whole"), &at.join("merged"));
}

#[test]
fn designs_place_their_points() {
    let at = folder("sweep-designs");
    let sweep = |more: &[&str]| -> serde_json::Value {
        let knobs = ["--set", "services.desk.queue.capacity=10..409", "--set", "services.desk.workers=1..4"];
        let all = [&["sweep", "desk.yaml", "--json", "--fresh", "--replications", "2"], &knobs[..], more].concat();
        let (status, out, err) = at.run(&all);
        assert_eq!(status, 0, "{err}");
        serde_json::from_str(&out).unwrap()
    };
    let values = |result: &serde_json::Value, knob: usize| -> Vec<u64> {
        let points = result["points"].as_array().unwrap();
        let mut all: Vec<u64> =
            points.iter().map(|p| p["settings"][knob]["text"].as_str().unwrap().parse().unwrap()).collect();
        all.sort_unstable();
        all
    };
    // Forty points of 400 values are one in each ten, and ten at each of four.
    let cube = sweep(&["--design", "latin-hypercube", "--points", "40"]);
    assert_eq!(values(&cube, 0).iter().map(|v| (v - 10) / 10).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    assert_eq!(values(&cube, 1), [1, 2, 3, 4].into_iter().flat_map(|v| [v; 10]).collect::<Vec<u64>>());
    // Of workers and the queue, workers decide how many are turned away from a desk with one to four of them.
    let morris = sweep(&["--rank", "morris", "--of", "availability(desk.ask)", "--points", "30"]);
    assert_eq!(morris["points"].as_array().unwrap().len(), 30);
    let ranking = &morris["rankings"][0];
    assert_eq!((&ranking["of"], &ranking["method"]), (&"availability(desk.ask)".into(), &"morris".into()));
    assert_eq!(ranking["knobs"][0]["path"], "services.desk.workers");
    let size = |place: usize| ranking["knobs"][place]["total"]["mean"].as_f64().unwrap();
    assert!(size(0) > 5.0 * size(1), "{ranking}");
}

#[test]
fn a_head_that_was_torn_is_written_again_and_a_damaged_one_refused() {
    let at = folder("sweep-torn");
    let args = ["sweep", "desk.yaml", "--set", "services.desk.workers=2,6", "--replications", "2", "--out", "o"];
    assert_eq!(at.run(&args).0, 0);
    let path = at.join("o/points.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &whole[..200]).unwrap();
    assert_eq!(at.run(&args).0, 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole);
    std::fs::write(&path, whole.replacen("A desk", "A disk", 1)).unwrap();
    let (status, _, err) = at.run(&args);
    assert!(status == 2 && err.contains("its first line is damaged"), "{err}");
}
