//! The same file, seed and version give the same bytes on any number of threads, and nobody's numbers move for a stranger.

use super::{root, run};
use std::io::Write;

const CHECKOUT: &str = "scenarios/shipped/checkout.yaml";

fn results(sets: &[&str], threads: usize) -> String {
    let mut all = vec!["run.replications=6", "run.duration=8m"];
    all.extend(sets);
    reports::studies::run::json(&run(&root().join(CHECKOUT), &all, threads)).unwrap()
}

#[test]
fn threads_change_no_byte_and_seeds_do() {
    let one = results(&[], 1);
    assert_eq!(one, results(&[], 2));
    assert_eq!(one, results(&[], 5));
    assert_eq!(one, results(&[], 1));
    assert_ne!(one, results(&["run.seed=43"], 1));
}

#[test]
fn threads_change_no_byte_of_hedges_and_ejections() {
    let cases = [
        ("hedging", "policies.leaf.hedge={backup: {after: {percentile: p95}, extra_load: 4%}}"),
        ("hedging", "policies.leaf.hedge={tied: {after: {time: 0ms}}}"),
        ("slow-replica-outlier-ejection", "policies.catalog.hedge={speculative: {copies: 3}}"),
    ];
    for (name, hedge) in cases {
        let file = root().join(format!("scenarios/shipped/resilience/{name}.yaml"));
        let sets = ["run.replications=4", "run.duration=3m", hedge];
        let results = |threads| reports::studies::run::json(&run(&file, &sets, threads)).unwrap();
        let one = results(1);
        assert_eq!(one, results(3), "{hedge}");
        assert!(one.contains("\"hedge_wins\""), "{hedge}");
    }
}

#[test]
fn a_stranger_moves_nobody() {
    let text = std::fs::read_to_string(root().join(CHECKOUT)).unwrap();
    let more = text
        .replacen("load:\n", "load:\n  strangers: {to: island.get, arrive: {poisson: {rate: 50/s}}}\n", 1)
        .replacen(
            "services:\n",
            "services:\n  island: {workers: 8, endpoints: {get: {steps: [{work: {exponential: {mean: 5ms}}}]}}}\n",
            1,
        );
    assert_ne!(text, more);
    let folder = std::env::temp_dir().join(format!("windtunnel-stranger-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("checkout.yaml");
    std::fs::File::create(&path).unwrap().write_all(more.as_bytes()).unwrap();
    let sets = ["run.replications=3", "run.duration=6m"];
    let (alone, together) = (run(&root().join(CHECKOUT), &sets, 2), run(&path, &sets, 2));
    std::fs::remove_dir_all(&folder).unwrap();
    for (name, endpoint) in &alone.summary.endpoints {
        let with = &together.summary.endpoints[name];
        assert_eq!(endpoint.requests, with.requests, "{name}");
        assert_eq!(endpoint.availability, with.availability, "{name}");
        assert_eq!(endpoint.latency_s.map(|l| l.p99), with.latency_s.map(|l| l.p99), "{name}");
    }
}
