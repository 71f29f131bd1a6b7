//! Registers of which the last writer wins: which writes are lost when copies meet, and by whose clock.

use super::run;
use sim_core::data::{Cause, LOST_WRITES, Wrongness};
use sim_core::model::Model;
use sim_core::results::RunResult;

/// Two copies that merge each second, and a writer at each every second.
fn written(merge: &str, rest: &str) -> (Model, RunResult) {
    let writers = ["a", "b"].map(|zone| {
        format!(
            "  in-{zone}: {{to: kv.put, from: {zone}, locality: {{prefer: zone}}, timeout: 300ms, arrive: {{constant: {{rate: 1/s}}}}}}\n"
        )
    });
    run(&format!(
        "scenario: Registers\nquestion: Which writes are lost?\nrun: {{duration: 100s, warm_up: 0s}}\nregions: {{here: {{zones: [a, b]}}}}\nload:\n{}\
         stores:\n  kv: {{instances: 2, zones: [a, b], workers: unlimited, replication: {{merge: {{{merge}}}}}, \
         endpoints: {{put: {{access: write, steps: [{{work: 1ms}}]}}, get: {{access: read, steps: [{{work: 1ms}}]}}}}}}\n{rest}",
        writers.concat()
    ))
}

/// How many writes of each writer were lost.
fn lost((model, run): &(Model, RunResult)) -> [u64; 2] {
    let of = |name: &str| {
        let edge = model.edges.iter().position(|edge| edge.name == name).unwrap();
        let wrong = run.slices.iter().flat_map(|slice| &slice.wrong);
        let lost = wrong.filter(|(at, kind, _)| at.index() == edge && *kind == Wrongness::LostWrite as u8);
        lost.map(|(.., counts)| counts.arose).sum()
    };
    let lost = [of("in-a->kv.put"), of("in-b->kv.put")];
    let store = model.services.iter().position(|service| service.name == "kv").unwrap();
    assert_eq!(run.service(store.into(), run.whole()).of(&LOST_WRITES), lost[0] + lost[1]);
    let listed: u64 =
        run.wrong.causes.iter().filter(|((_, cause), _)| *cause == Cause::Overwritten).map(|(_, n)| n).sum();
    assert_eq!(listed, lost[0] + lost[1]);
    lost
}

#[test]
fn of_two_writes_at_one_time_one_is_lost() {
    assert_eq!(lost(&written("", "")), [0, 0], "what converges is not lost");
    let [first, second] = lost(&written("conflicts: last_writer_wins", ""));
    assert!((98..=100).contains(&(first + second)), "{first} {second}: one of two in each second");
    // Copies that merge more often than anybody writes know each other's writes, but for those of the same instant.
    let (_, often) = written("conflicts: last_writer_wins, every: 1ms", "");
    assert!(often.service(0.into(), often.whole()).of(&LOST_WRITES) <= 100);
}

/// A clock that is behind loses all that its copy takes while the other one writes, and one that is ahead loses the other's.
#[test]
fn a_wrong_clock_loses_what_is_written_last() {
    let skew = |offset: &str| {
        let fault = format!(
            "faults: {{skew: {{inject: {{clock_skew: {{offset: {offset}}}}}, where: {{service: kv, instances: [1]}}, at: 0s}}}}\n"
        );
        lost(&written("conflicts: last_writer_wins", &fault))
    };
    let (behind, ahead) = (skew("-5s"), skew("5s"));
    assert!(behind[0] == 0 && behind[1] >= 94, "{behind:?}");
    assert!(ahead[1] == 0 && ahead[0] >= 94, "{ahead:?}");
}

/// Copies that are cut off from each other lose what one side has written, all at once when they meet.
#[test]
fn a_cut_loses_what_one_side_has_written() {
    let cut = "faults: {cut: {inject: partition, where: {between: [a, b]}, at: 20s, for: 30s}}\n";
    let ran = written("conflicts: last_writer_wins", cut);
    let sum: u64 = lost(&ran).iter().sum();
    assert!((96..=102).contains(&sum), "{sum}: 30 of those and one in each other second");
    let during: u64 = ran.1.service(0.into(), super::between(21, 49)).of(&LOST_WRITES);
    assert_eq!(during, 0, "nobody knows of the other side");
}
