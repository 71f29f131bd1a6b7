//! What theory says of one station: more of it is never worse.
//!
//! For one queue served first come, first served, more workers or shorter work make no wait of any request longer, whatever the
//! arrivals and the work are, as long as each request keeps its own (Kiefer and Wolfowitz 1955; Wolff 1977). Draws are keyed by the
//! request, so here it holds not on average but for each run, to the nanosecond.

use super::dice::Dice;
use super::{kinds, simulate, swarm};
use sim_core::model::{EdgeId, ServiceId};
use sim_core::results::RunResult;

/// A station with so many workers, whose work is slowed by a factor, and that fails by chance.
fn station(seed: u64, more: u64, factor: &str, fails: u64) -> String {
    let mut dice = Dice::new(seed);
    let (workers, rate) = (dice.number(1, 9), dice.number(20, 200));
    // About 85 % busy.
    let work = kinds::distribution(&mut dice, 850_000 * workers / rate);
    let arrive = match dice.below(3) {
        0 => format!("{{poisson: {{rate: {rate}/s}}}}"),
        1 => format!("{{constant: {{rate: {rate}/s}}}}"),
        _ => format!("{{renewal: {{between: {}}}}}", kinds::distribution(&mut dice, 1_000_000 / rate)),
    };
    let shape = if dice.chance(40) { format!(", shape: [{}]", kinds::shape(&mut dice, 30)) } else { String::new() };
    format!(
        "scenario: Station\nquestion: Is more never worse?\nrun: {{duration: 30s, warm_up: 0s, bounds: {{backlog: 200k}}}}\n\
         load: {{users: {{to: web.get, arrive: {arrive}{shape}}}}}\n\
         services:\n  web: {{workers: {}, queue: {{capacity: 1M}}, endpoints: {{get: {{steps: [{{work: {work}}}, {{fail: {{probability: {fails}%}}}}]}}}}}}\n\
         faults: {{pace: {{inject: {{slow: {{factor: {factor}}}}}, where: {{service: web}}}}}}\n",
        workers + more
    )
}

fn waiting_ns(text: &str) -> u128 {
    let (_, run) = simulate(text);
    assert_eq!(run.stopped, None);
    run.service(ServiceId(0), run.whole()).queue_ns
}

#[test]
fn more_workers_never_wait_longer() {
    swarm(
        "capacity::more_workers_never_wait_longer",
        25,
        |seed| station(seed, 0, "0.95", 1),
        |seed| {
            let waits: Vec<u128> = [0, 1, 3].iter().map(|more| waiting_ns(&station(seed, *more, "0.95", 1))).collect();
            assert!(waits.is_sorted_by(|few, many| few >= many), "{waits:?}");
        },
    );
}

#[test]
fn faster_work_never_waits_longer() {
    swarm(
        "capacity::faster_work_never_waits_longer",
        25,
        |seed| station(seed, 0, "0.95", 1),
        |seed| {
            let waits: Vec<u128> = ["1.1", "0.95", "0.8"].iter().map(|f| waiting_ns(&station(seed, 0, f, 1))).collect();
            assert!(waits.is_sorted_by(|slow, fast| slow >= fast), "{waits:?}");
        },
    );
}

#[test]
fn a_greater_chance_of_failure_fails_more() {
    swarm(
        "capacity::a_greater_chance_of_failure_fails_more",
        15,
        |seed| station(seed, 0, "0.95", 5),
        |seed| {
            let failed = |run: &RunResult| run.edge(EdgeId(0), run.whole()).outcomes[2..].iter().sum::<u64>();
            let all = [1, 5, 20].map(|fails| failed(&simulate(&station(seed, 0, "0.95", fails)).1));
            assert!(all.is_sorted() && all[0] < all[2], "{all:?}");
        },
    );
}
