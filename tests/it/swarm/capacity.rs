//! What theory says of one station: more of it is never worse; and of a search for capacity: its answer contradicts no row.
//!
//! For one queue served first come, first served, more workers or shorter work make no wait of any request longer, whatever the
//! arrivals and the work are, as long as each request keeps its own (Kiefer and Wolfowitz 1955; Wolff 1977). Draws are keyed by the
//! request, so here it holds not on average but for each run, to the nanosecond.

use super::dice::Dice;
use super::{kinds, simulate, swarm};
use reports::studies::capacity::findings;
use scenarios::Memory;
use scenarios::study::capacity::{CapacityAsk, CapacityStudy};
use scenarios::study::sweep::Origin;
use scenarios::study::{Plan, Study};
use scenarios::written::studies::capacity::CapacitySettings;
use scenarios::written::studies::question::Variant;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::results::{CapacityLevel, CapacityResult, Knee, RunResult, Tried, Verdict};
use std::ops::ControlFlow;

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

/// A small study of one or two knobs, whose costs may fall where there is more, and whose load may be of users who wait for their
/// answers.
fn study(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let rate = dice.number(20, 90);
    let (arrive, users) = if dice.chance(30) {
        (format!("{{closed: {{users: {}}}}}", dice.number(2, 12)), true)
    } else {
        (format!("{{poisson: {{rate: {rate}/s}}}}"), false)
    };
    let keep = match dice.below(4) {
        0 => format!("{{availability: {}%}}", ["90", "99", "99.9"][dice.below(3)]),
        1 => format!("{{latency: {{p95: {}ms}}}}", dice.number(30, 300)),
        2 => format!("{{goodput: {}/s}}", dice.number(5, 60)),
        _ => format!("{{latency: {{p50: {}ms}}}}", dice.number(15, 60)),
    };
    let retries = if dice.chance(50) { ", retry: {max_attempts: 3}" } else { "" };
    let calls = if dice.chance(50) { format!("${}/1k", dice.number(1, 40)) } else { "$0.01/1k".to_owned() };
    let nodes = dice.number(0, 200);
    let two = if dice.chance(40) { ", services.web.workers: {range: {from: 1, to: 3}}" } else { "" };
    let users = if users && dice.chance(40) {
        "load.users.arrive.closed.users: {range: {from: 1, to: 9}}"
    } else {
        "services.web.instances: {range: {from: 1, to: 6}}"
    };
    format!(
        "scenario: A small study\nquestion: What is enough?\nrun: {{duration: 10s, warm_up: 1s, replications: 4, seed: {seed}}}\n\
         load: {{users: {{to: web.get, arrive: {arrive}, timeout: 400ms{retries}}}}}\n\
         services:\n  web: {{instances: 2, workers: 1, queue: {{capacity: 200}}, endpoints: {{get: {{steps: [{{work: {{exponential: {{mean: {}ms}}}}}}]}}}}}}\n\
         promises:\n  first: {{keep: {keep}, of: web.get}}\n  works: {{keep: {{availability: 95%}}, of: web.get}}\n\
         costs:\n  nodes: {{meter: {{instances: {{of: web}}}}, price: ${nodes}/h}}\n  calls: {{meter: {{requests: {{of: web.get}}}}, price: {calls}}}\n\
         studies: {{small: {{ask: {{capacity: {{find: {{{users}{two}}}}}}}, budget: {{replications: {}}}}}}}\n",
        dice.number(8, 60),
        [8, 24, 48][dice.below(3)]
    )
}

fn searched(text: &str) -> CapacityResult {
    let loaded = super::read(text);
    let files = Memory::of("swarm.yaml", text);
    let (name, study) = loaded.written.studies.iter().next().expect("has one");
    let ask = CapacitySettings::of(&study.ask).expect("asks for capacity").clone();
    let budget = study.budget.as_ref().map_or(8, |budget| budget.replications.get_u32());
    let asked = CapacityAsk { study: name.to_owned(), ask, confidence: 0.95, budget, knee: Some(4.0) };
    let origin = Origin { files: &files, path: "swarm.yaml", sets: &[], variant: None };
    let study = CapacityStudy { origin, loaded: &loaded, asked: &asked, plan: &Plan::of(&loaded, 2) };
    study.run(&|_, _| ControlFlow::Continue(())).unwrap_or_else(|stop| panic!("{stop:?}"))
}

/// What an answer says, by all rows that were computed.
fn contradicts_no_row(level: &CapacityLevel) {
    let cost = |t: &Tried| t.cost_per_month.mean;
    let held = level.tried.iter().filter(|t| t.verdict == Verdict::Held);
    let Some(answer) = level.answer.map(|at| &level.tried[at]) else {
        assert_eq!(held.count(), 0, "a row is held, and there is no answer");
        return;
    };
    assert_eq!(answer.verdict, Verdict::Held);
    assert!(!answer.extra, "the answer stands on the ladder");
    held.for_each(|t| {
        assert!(cost(answer) <= cost(t), "{} is held and costs {}, not {}", t.settings[0].text, cost(t), cost(answer));
    });
    if let Some(cheaper) = level.cheaper.map(|at| &level.tried[at]) {
        assert!(cheaper.verdict == Verdict::Broken && cost(cheaper) < cost(answer));
        let case = cheaper.cases.iter().find(|c| c.verdict == Verdict::Broken).expect("a case is broken");
        let broken = &case.promises[case.binding.expect("a promise binds")];
        assert!(broken.kept < broken.judged, "what it is said to break is kept in all runs");
        let between = |t: &&Tried| t.verdict == Verdict::Broken && cost(t) > cost(cheaper) && cost(t) < cost(answer);
        assert_eq!(level.tried.iter().filter(between).count(), 0, "another broken one is nearer");
    }
    for at in &level.undecided {
        assert!(level.tried[*at].verdict == Verdict::Inconclusive && cost(&level.tried[*at]) < cost(answer));
    }
    if level.rises {
        let less = |a: &Tried, b: &Tried| a.places.iter().zip(&b.places).all(|(a, b)| a <= b);
        for t in level.tried.iter().filter(|t| less(answer, t)) {
            assert!(t.verdict != Verdict::Broken, "more is said to be no worse");
        }
    }
}

fn knee_contradicts_no_point(knee: &Knee) {
    let verdict = |load: f64| knee.points.iter().find(|p| p.load == load).map(|p| p.verdict);
    if let Some(to) = knee.holds_to {
        let from = knee.holds_from.unwrap_or(0.0);
        for point in knee.points.iter().filter(|p| (from..=to).contains(&p.load)) {
            assert_eq!(point.verdict, Verdict::Held, "load {} within {from} to {to}", point.load);
        }
        if let Some(lower) = knee.holds_from {
            assert!(knee.points.iter().any(|p| p.load < lower && p.verdict != Verdict::Held));
        }
    }
    if let Some(at) = knee.breaks_at {
        assert_eq!(verdict(at), Some(Verdict::Broken));
        assert!(knee.holds_to.is_none_or(|to| to < at));
    }
    let most = knee.points.iter().map(|p| p.goodput_per_s.mean).fold(0.0, f64::max);
    let widest = knee.points.iter().map(|p| p.concurrency.mean).fold(0.0, f64::max);
    if let Some(law) = &knee.scalability {
        assert!(law.peak_per_s.is_none_or(|x| x <= most * 1.000_001), "{law:?} beyond {most}");
        assert!(law.peak_concurrency.is_none_or(|n| n <= widest * 1.000_001), "{law:?} beyond {widest}");
    }
}

/// The sentences of the report: what they call broken, inconclusive or the cheapest is so in the rows.
fn sentences_contradict_no_row(result: &CapacityResult) {
    let level = &result.levels[0];
    let told: Vec<String> = findings::told(result).into_iter().map(|found| found.what).collect();
    for (says, verdict) in [("Even ", Verdict::Broken), ("Even ", Verdict::Inconclusive)] {
        let word = if verdict == Verdict::Broken { " breaks " } else { " is inconclusive" };
        for sentence in told.iter().filter(|s| s.starts_with(says) && s.contains(word)) {
            assert_eq!(level.tried[0].verdict, verdict, "{sentence}");
        }
    }
    if let Some(at) = level.cheaper {
        let case = level.tried[at].cases.iter().find(|c| c.verdict == Verdict::Broken).expect("is broken");
        let name = &result.promises[case.binding.expect("binds")].name;
        let binds = told.iter().find(|s| s.starts_with("What binds is "));
        assert!(binds.is_none_or(|s| s.starts_with(&format!("What binds is {name}:"))), "{binds:?}, and {name} breaks");
    }
    for sentence in told.iter().filter(|s| s.contains(" requests/s (") && s.contains("; at ")) {
        let rates: Vec<&str> = sentence.split(" requests/s").filter_map(|part| part.split(' ').next_back()).collect();
        assert!(rates.len() < 2 || rates[0] != rates[1], "from a load to the same: {sentence}");
    }
}

#[test]
fn an_answer_contradicts_no_row() {
    swarm("capacity::an_answer_contradicts_no_row", 24, study, |seed| {
        let result = searched(&study(seed));
        result.levels.iter().for_each(contradicts_no_row);
        result.knee.iter().for_each(knee_contradicts_no_point);
        sentences_contradict_no_row(&result);
    });
}
