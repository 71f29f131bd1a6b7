//! What a drawing of a system holds: every node once, every call, and nothing that cannot be read.

use super::*;
use crate::figures::escape;
use crate::studies::run::sample;

/// The texts of a drawing, in their order.
fn texts(svg: &str) -> Vec<String> {
    svg.split("<text ").skip(1).filter_map(|t| Some(t.split_once('>')?.1.split("</text>").next()?.to_owned())).collect()
}

#[test]
fn every_node_is_one_box_and_every_caller_and_callee_are_joined() {
    for (seed, count) in [(1, 2), (2, 10), (3, 30), (4, 60), (5, 80)] {
        let system = testing::random(seed, count);
        let drawing = drawing(&system);
        let mut pairs: Vec<(usize, usize)> = system.calls.iter().map(|call| (call.from, call.to)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        for svg in [&drawing.wide, &drawing.narrow] {
            assert_eq!(svg.matches("class=\"node\"").count(), count, "seed {seed}");
            assert_eq!(svg.matches("class=\"call\"").count(), pairs.len(), "seed {seed}");
        }
        for node in system.nodes.iter().filter(|node| node.name.len() < 12) {
            let times = texts(&drawing.wide).iter().filter(|text| **text == escape(&node.name)).count();
            assert_eq!(times, 1, "seed {seed}: {}", node.name);
        }
    }
}

#[test]
fn the_sample_shows_rates_kinds_utilisation_and_what_the_fault_strikes() {
    let texts = texts(&drawing(&sample::system()).wide);
    for wanted in
        ["shoppers", "load", "827/s", "58\u{a0}% busy", "fault brownout", "store, 1 instance", "queue", "10/s"]
    {
        assert!(texts.iter().any(|text| text == wanted), "{wanted} is missing in {texts:?}");
    }
}

#[test]
fn calls_to_several_endpoints_of_one_node_have_a_line_each() {
    let mut system = sample::system();
    system.nodes[3].endpoints = 5;
    let of =
        |system: &System| all_calls(system, &groups::groups(system).0).into_iter().find(|c| c.to == 3).expect("a call");
    assert_eq!(of(&system).lines, ["save 560/s", "read 560/s"]);
    for endpoint in ["list", "count"] {
        system.calls.push(SystemCall { endpoint: endpoint.into(), ..system.calls[2].clone() });
    }
    assert_eq!(of(&system).lines, ["save 560/s", "read 560/s", "2 more 1,120/s"]);
    system.calls.iter_mut().for_each(|call| call.per_s = None);
    assert_eq!(of(&system).lines, ["save", "read", "2 more "]);
}

#[test]
fn texts_lie_within_boxes_and_the_drawing() {
    for seed in 0..12 {
        let system = testing::random(seed, 25);
        for most in [168.0, 112.0] {
            for group in &groups::groups(&system).0 {
                let shown = shown(&system, group, most);
                let wide = size(&shown).0;
                assert!(shown.lines.iter().all(|line| width_of(line) <= wide - 10.0), "{shown:?}");
            }
        }
    }
}

#[test]
fn large_systems_say_that_they_are_drawn_as_groups() {
    let system = testing::random(9, 200);
    let drawing = drawing(&system);
    let groups = groups::groups(&system).0.len();
    assert_eq!(drawing.wide.matches("class=\"node\"").count(), groups);
    assert!(
        texts(&drawing.wide).join(" ").contains(&format!("drawn as {groups} groups")),
        "{:?}",
        texts(&drawing.wide)
    );
    let tables = tables(&system);
    assert_eq!((tables[0].rows.len(), tables[1].rows.len()), (200, system.calls.len()));
}

#[test]
fn the_same_system_gives_the_same_drawing() {
    for (seed, count) in [(1, 12), (2, 60), (3, 200)] {
        let once = drawing(&testing::random(seed, count)).wide;
        let again = std::thread::spawn(move || drawing(&testing::random(seed, count)).wide).join().expect("a drawing");
        assert_eq!(once, again);
    }
}

#[test]
fn rates_are_short() {
    let all: Vec<String> = [0.0, 0.004, 0.25, 3.13, 12.7, 12_345.6].map(rate).into();
    assert_eq!(all, ["0/s", "<0.01/s", "0.25/s", "3.1/s", "13/s", "12,346/s"]);
}
