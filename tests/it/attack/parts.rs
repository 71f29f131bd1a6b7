//! Sweep parts whose lines have the right hash and the wrong contents.

use crate::program::Folder;
use crate::swarm::dice::Dice;
use serde_json::Value;
use sim_core::engine::rng::hash_name;

const SYSTEM: &str = "\
scenario: Clerks
question: How many are enough?
run: {duration: 5s, warm_up: 1s, replications: 3, seed: 3}
load:
  visitors: {to: desk.ask, arrive: {poisson: {rate: 20/s}}}
services:
  desk: {workers: 4, endpoints: {ask: {steps: [{work: 50ms}]}}}
promises:
  quick: {keep: {latency: {p95: 400ms}}, of: desk.ask}
";

/// The lines of a part, as JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line.split_once(' ').unwrap().1).unwrap()).collect()
}

/// A part of these lines, with the hashes that fit them.
fn hashed(lines: &[Value]) -> String {
    let line = |value: &Value| {
        let json = value.to_string();
        format!("{:016x} {json}\n", hash_name(&json))
    };
    lines.iter().map(line).collect()
}

/// Changes one value somewhere in it.
fn change(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let at = dice.below(map.len());
            if dice.below(40) == 0 {
                let key = map.keys().nth(at).unwrap().clone();
                map.remove(&key);
                return;
            }
            change(map.values_mut().nth(at).unwrap(), dice);
        }
        Value::Array(all) if !all.is_empty() => {
            let at = dice.below(all.len());
            match dice.below(8) {
                0 => drop(all.remove(at)),
                1 => all.push(all[at].clone()),
                2 => all.clear(),
                _ => change(&mut all[at], dice),
            }
        }
        other => {
            let any: [Value; 16] = [
                0.into(),
                1.into(),
                (-1).into(),
                2.into(),
                7.into(),
                u32::MAX.into(),
                u64::MAX.into(),
                1e308.into(),
                (-1e308).into(),
                1e-320.into(),
                0.5.into(),
                Value::Null,
                true.into(),
                "".into(),
                "\u{1b}[31mx".into(),
                Value::Array(Vec::new()),
            ];
            *other = any[dice.below(16)].clone();
        }
    }
}

/// `SWARM=3000` tries as many; each number is a seed of its own.
#[test]
fn wrong_contents_behind_right_hashes_are_refused() {
    let folder = Folder::new("attack-parts");
    folder.write("desk.yaml", SYSTEM);
    let knobs = ["--set", "services.desk.workers=1,2", "--set", "load.visitors.arrive.poisson.rate=20/s,40/s"];
    let sobol = ["--rank", "total-sobol", "--of", "p95(desk.ask)", "--points", "8"];
    let ranges = ["--set", "services.desk.workers=1..4", "--set", "load.visitors.arrive.poisson.rate=20/s..40/s"];
    for (name, arguments) in [("grid", [&knobs[..], &[]].concat()), ("sobol", [&ranges[..], &sobol].concat())] {
        let (status, _, err) = folder.run(&[&["sweep", "desk.yaml", "--out", name], &arguments[..]].concat());
        assert_eq!(status, 0, "{err}");
        let whole = std::fs::read_to_string(folder.join(name).join("points.jsonl")).unwrap();
        std::fs::create_dir_all(folder.join("right")).unwrap();
        folder.write("right/points.jsonl", &hashed(&lines(&whole)));
        assert_eq!(folder.run(&["report", "right"]).0, 0, "{name}: what is right is read");
        let mut refused = 0;
        for seed in 0..std::env::var("SWARM").ok().and_then(|n| n.parse().ok()).unwrap_or(120_u64) {
            let mut dice = Dice::new(seed);
            let mut wrong = lines(&whole);
            let at = if dice.below(2) == 0 { 0 } else { dice.below(wrong.len()) };
            change(&mut wrong[at], &mut dice);
            std::fs::create_dir_all(folder.join("wrong")).unwrap();
            folder.write("wrong/points.jsonl", &hashed(&wrong));
            folder.write("wrong/report.html", "kept");
            let (status, out, err) = folder.run(&["report", "wrong"]);
            assert!(status == 0 || status == 2, "{name}, seed {seed}: {status}\n{out}{err}");
            assert!(!err.contains("panicked"), "{name}, seed {seed}: {err}");
            let page = std::fs::read_to_string(folder.join("wrong/report.html")).unwrap();
            assert_eq!(status == 2, page == "kept", "{name}, seed {seed}: what is not read is not written over");
            refused += u32::from(status == 2);
            std::fs::remove_dir_all(folder.join("wrong")).unwrap();
        }
        assert!(refused > 40, "{name}: {refused}");
    }
}

#[test]
fn sizes_are_believed_only_where_they_fit() {
    let folder = Folder::new("attack-sizes");
    folder.write("desk.yaml", SYSTEM);
    let (status, _, err) = folder.run(&["sweep", "desk.yaml", "--out", "o", "--set", "services.desk.workers=1,2"]);
    assert_eq!(status, 0, "{err}");
    let whole = std::fs::read_to_string(folder.join("o/points.jsonl")).unwrap();
    let cases: [(&str, Value); 8] = [
        ("/shard/of", 0.into()),
        ("/shard/number", 0.into()),
        ("/shard/number", 3.into()),
        ("/head/points", u32::MAX.into()),
        ("/head/points", 0.into()),
        ("/head/replications", 0.into()),
        ("/head/knobs", Value::Array(Vec::new())),
        ("/windtunnel", "points of a sweep, format 2".into()),
    ];
    for (place, value) in cases {
        let mut wrong = lines(&whole);
        *wrong[0].pointer_mut(place).unwrap() = value.clone();
        folder.write("o/points.jsonl", &hashed(&wrong));
        for arguments in [&["report", "o"][..], &["merge", "o", "--out", "m"]] {
            let (status, out, err) = folder.run(arguments);
            assert_eq!(status, 2, "{place} {value}: {out}{err}");
            assert!(err.starts_with("error: ") && !err.contains("panicked"), "{place} {value}: {err}");
        }
    }
    assert!(!folder.join("m").exists());
}
