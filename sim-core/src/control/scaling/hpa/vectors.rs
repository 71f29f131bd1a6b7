//! The vectors of Kubernetes' own tests (`vectors.json`): of the replica calculator, of the policies, and of stabilization.

use super::behaviour::Behaviour;
use super::replicas::{Proposal, Resource, by_pods, by_resource, by_value};
use super::{DirectionSettings, Memory, Tolerances, Youth, behaviour};
use crate::control::pods::{Phase, Pod};
use crate::results::Held;
use serde_json::Value;

const SECOND: u64 = 1_000_000_000;
/// Now, in all of them [ns]: late enough for what is ten thousand seconds old.
const NOW_NS: u64 = 100_000 * SECOND;
const TOLERANCES: Tolerances = Tolerances { up: 0.1, down: 0.1 };

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn count(value: &Value) -> u32 {
    number(value) as u32
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().map_or(Vec::new(), |all| all.iter().map(number).collect())
}

/// The pods of a vector: as many samples as there are come first, and all have started a minute ago, within their initialization.
fn pods(vector: &Value) -> Vec<Pod> {
    let samples =
        if vector["pod_usage_milli"].is_null() { &vector["levels_milli"] } else { &vector["pod_usage_milli"] };
    let (samples, ready) = (list(samples), list(&vector["ready"]));
    let all = list(&vector["pod_request_milli"]).len().max(count(&vector["current"]) as usize);
    let phase = |place: usize| match vector["phase"][place].as_str() {
        Some("Pending") => Phase::Pending,
        Some("Failed") => Phase::Ended,
        _ => Phase::Running,
    };
    let pod = |place: usize| Pod {
        phase: phase(place),
        is_ready: ready.get(place).is_none_or(|ready| *ready > 0.0),
        started_ns: NOW_NS - 60 * SECOND,
        turned_ns: NOW_NS - 60 * SECOND,
        sample: samples.get(place).map(|milli| milli / 1_000.0),
    };
    (0..all).map(pod).collect()
}

fn replicas(vector: &Value) -> u32 {
    let (current, pods) = (count(&vector["current"]), pods(vector));
    let target = |key: &str| number(&vector[key]) / 1_000.0;
    let proposal = match vector["kind"].as_str().unwrap() {
        "cpu_utilization" => {
            let youth = Youth { cpu_initialization_ns: 120 * SECOND, initial_readiness_ns: 10 * SECOND };
            // Requests differ in one vector, whose sum is that of equal ones.
            let requests = list(&vector["pod_request_milli"]);
            let request = requests.iter().sum::<f64>() / requests.len() as f64 / 1_000.0;
            let target_percent = number(&vector["target_pct"]) as i64;
            let of = Resource { request, target_percent, cpu: Some((youth, NOW_NS - 30 * SECOND)) };
            by_resource(current, &pods, of, TOLERANCES, NOW_NS)
        }
        "pods_metric" => by_pods(current, &pods, target("target_milli"), TOLERANCES, NOW_NS),
        "object_value" => by_value(current, &pods, target("value_milli"), target("target_milli"), TOLERANCES),
        other => panic!("{other} is no kind of metric"),
    };
    match proposal {
        Proposal::Replicas(replicas) => replicas,
        Proposal::Near | Proposal::Unsure => current,
        Proposal::NoData => panic!("no data"),
    }
}

#[test]
fn the_replica_calculator_finds_what_that_of_kubernetes_finds() {
    let vectors = vectors();
    let all = vectors["replica_calculator"].as_array().unwrap();
    assert_eq!(all.len(), 17);
    for vector in all {
        assert_eq!(replicas(vector), count(&vector["expect_replicas"]), "{}", vector["test"]);
    }
}

/// The rules of a vector, written as a user would.
fn rules(vector: &Value) -> Option<DirectionSettings> {
    let policies: Vec<Value> = vector["policies"]
        .as_array()?
        .iter()
        .map(|policy| {
            let every = format!("{}s", policy["period_s"]);
            match policy["type"].as_str().unwrap() {
                "Pods" => serde_json::json!({"count": policy["value"], "every": every}),
                _ => serde_json::json!({"percent": format!("{}%", policy["value"]), "every": every}),
            }
        })
        .collect();
    let select = vector["select"].as_str().unwrap().to_lowercase();
    Some(serde_json::from_value(serde_json::json!({"policies": policies, "select": select})).unwrap())
}

fn events(vector: &Value) -> Vec<(u64, u32)> {
    let event = |event: &Value| (NOW_NS - number(&event["age_s"]) as u64 * SECOND, count(&event["change"]));
    vector.as_array().map_or(Vec::new(), |all| all.iter().map(event).collect())
}

/// The behaviour of two directions; of none, what Kubernetes has by default.
fn both(up: Option<DirectionSettings>, down: Option<DirectionSettings>) -> Behaviour {
    behaviour(Some(&up.unwrap_or_default()), Some(&down.unwrap_or_default())).unwrap()
}

#[test]
fn policies_allow_what_those_of_kubernetes_allow() {
    let vectors = vectors();
    let all = vectors["behavior_rate_limits"].as_array().unwrap();
    assert_eq!(all.len(), 13);
    for vector in all {
        let behaviour = both(rules(&vector["scale_up"]), rules(&vector["scale_down"]));
        let memory = Memory {
            recommendations: Vec::new(),
            added: events(&vector["scale_up_events"]),
            taken: events(&vector["scale_down_events"]),
        };
        let bounds = (count(&vector["min"]), count(&vector["max"]));
        let (current, desired) = (count(&vector["current"]), count(&vector["desired"]));
        let (found, by) = memory.limit(NOW_NS, current, desired, bounds, &behaviour);
        let condition = match vector["condition"].as_str().unwrap() {
            "DesiredWithinRange" => Held::OnTarget,
            "TooFewReplicas" | "TooManyReplicas" => Held::Bounds,
            _ => Held::Policies,
        };
        assert_eq!((found, by), (count(&vector["expect"]), condition), "{}", vector["test"]);
    }
}

#[test]
fn recommendations_are_stabilized_as_those_of_kubernetes() {
    let vectors = vectors();
    let all = vectors["stabilization"].as_array().unwrap();
    assert_eq!(all.len(), 5);
    for vector in all {
        let mut behaviour = both(None, None);
        behaviour.up.stabilization_ns = number(&vector["up_window_s"]) as u64 * SECOND;
        behaviour.down.stabilization_ns = number(&vector["down_window_s"]) as u64 * SECOND;
        let of = |one: &Value| (NOW_NS - number(&one["age_s"]) as u64 * SECOND, count(&one["replicas"]));
        let recommendations = vector["recommendations"].as_array().unwrap().iter().map(of).collect();
        let mut memory = Memory { recommendations, ..Memory::default() };
        let (current, desired) = (count(&vector["current"]), count(&vector["desired"]));
        let found = memory.stabilize(NOW_NS, current, desired, &behaviour);
        assert_eq!(found, count(&vector["expect"]), "{}", vector["test"]);
        // What was recommended is remembered as it was, not as it was stabilized.
        assert_eq!(memory.recommendations.last(), Some(&(NOW_NS, desired)));
    }
}

/// Replicas by CPU of pods of one core: of each when it started and became ready [s ago], and its usage.
fn by_cpu(current: u32, pods: &[(u64, u64, Option<f64>)], target_percent: i64) -> Proposal {
    let pods: Vec<Pod> = pods
        .iter()
        .map(|&(started_s, turned_s, sample)| Pod {
            phase: if started_s == turned_s && sample.is_none() { Phase::Pending } else { Phase::Running },
            is_ready: started_s != turned_s || sample.is_some(),
            started_ns: NOW_NS - started_s * SECOND,
            turned_ns: NOW_NS - turned_s * SECOND,
            sample,
        })
        .collect();
    let youth = Youth { cpu_initialization_ns: 300 * SECOND, initial_readiness_ns: 30 * SECOND };
    let of = Resource { request: 1.0, target_percent, cpu: Some((youth, NOW_NS - 15 * SECOND)) };
    by_resource(current, &pods, of, TOLERANCES, NOW_NS)
}

// kubernetes/kubernetes issue 78761: 4, 8, 16, ... 200 within 75 s, where starting pods counted.
#[test]
fn a_scale_up_while_pods_start_does_not_run_away() {
    let old = (900, 890, Some(1.0));
    assert_eq!(by_cpu(4, &[old; 4], 50), Proposal::Replicas(8));
    let starting = [vec![old; 4], vec![(20, 20, None); 4]].concat();
    // Half of what is wanted starts: with 0 for each of them the target is met, and nothing more is ordered.
    assert_eq!(by_cpu(8, &starting, 50), Proposal::Near);
    // As soon as they are ready and were seen through a whole window, they count.
    let seen = [vec![(900, 890, Some(0.5)); 4], vec![(60, 20, Some(0.5)); 4]].concat();
    assert_eq!(by_cpu(8, &seen, 50), Proposal::Near);
    assert_eq!(by_cpu(8, &[vec![old; 4], vec![(60, 20, Some(1.0)); 4]].concat(), 50), Proposal::Replicas(16));
    // A young pod whose window began before it was ready does not.
    assert_eq!(by_cpu(8, &[vec![old; 4], vec![(60, 10, Some(1.0)); 4]].concat(), 50), Proposal::Near);
    // An old one does, however recently it turned.
    assert_eq!(by_cpu(8, &[vec![old; 4], vec![(600, 10, Some(1.0)); 4]].concat(), 50), Proposal::Replicas(16));
}

#[test]
fn on_the_way_down_missing_pods_count_as_full_and_unready_ones_not_at_all() {
    let old = (900, 890, Some(0.2));
    assert_eq!(by_cpu(10, &[old; 10], 50), Proposal::Replicas(4));
    // Four of ten have crashed and are not seen: 6 x 0.2 + 4 x 1.0 of 10 is 52 %.
    let crashed = [vec![old; 6], vec![(900, 30, None); 4]].concat();
    assert_eq!(by_cpu(10, &crashed, 50), Proposal::Near);
    assert_eq!(by_cpu(10, &crashed, 40), Proposal::Unsure);
    assert_eq!(by_cpu(10, &crashed, 80), Proposal::Replicas(7));
    let starting = [vec![old; 6], vec![(20, 20, None); 4]].concat();
    assert_eq!(by_cpu(10, &starting, 50), Proposal::Replicas(3));
    assert_eq!(by_cpu(10, &[(20, 20, None); 10], 50), Proposal::NoData);
}

#[test]
fn disabled_and_min_hold_a_direction_back() {
    let direction = |json: Value| serde_json::from_value::<DirectionSettings>(json).unwrap();
    let two = |select: &str| {
        direction(serde_json::json!({"select": select, "policies": [
            {"percent": "100%", "every": "60s"}, {"count": 2, "every": "60s"}]}))
    };
    let limit = |select: &str, desired: u32| {
        Memory::default().limit(NOW_NS, 10, desired, (1, 100), &both(Some(two(select)), Some(two(select))))
    };
    assert_eq!(limit("min", 50), (12, Held::Policies));
    assert_eq!(limit("max", 50), (20, Held::Policies));
    assert_eq!(limit("disabled", 50), (10, Held::Policies));
    assert_eq!(limit("min", 1), (8, Held::Policies));
    assert_eq!(limit("disabled", 1), (10, Held::Policies));
}

#[test]
fn without_behaviour_at_most_twice_as_many_or_four_are_asked_for() {
    let mut memory = Memory::default();
    assert_eq!(memory.stabilize_without_behaviour(NOW_NS, 8, 300 * SECOND), 8);
    assert_eq!(memory.stabilize_without_behaviour(NOW_NS + 60 * SECOND, 3, 300 * SECOND), 8);
    assert_eq!(memory.stabilize_without_behaviour(NOW_NS + 301 * SECOND, 2, 300 * SECOND), 3);
}
