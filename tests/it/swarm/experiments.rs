//! Experiments at random on random scenarios: whatever is done to a system, its runs keep the laws, and what is not run moves nobody.

use super::dice::Dice;
use super::keeps;
use super::scenario::scenario;
use super::{read, simulate, swarm};
use sim_core::ids::EdgeId;
use sim_core::results::Course;

/// A random scenario with an experiment, which begins only if such a condition holds.
fn with_experiment(seed: u64, steady_state: &str) -> String {
    let text = scenario(seed).text();
    let model = read(&text).model;
    let mut dice = Dice::new(seed ^ 0xe59e);
    let seconds = model.run.duration.secs() as u64;
    let with_instances = model.services.iter().filter(|service| service.node.stands_alone());
    let names: Vec<&str> = with_instances.map(|service| service.name.as_str()).collect();
    let actions: Vec<String> = (0..dice.number(1, 6)).map(|_| action(&mut dice, &names, seconds / 2)).collect();
    let rollback: Vec<String> = (0..dice.number(0, 3)).map(|_| format!("{{{}}}", deed(&mut dice, &names))).collect();
    let abort = if dice.chance(50) { "abort_when: [error_rate(web.get) over 1s > 20%], " } else { "" };
    format!(
        "{text}experiments:\n  try:\n    {{at: {}s, for: {}s, every: {}ms, {abort}steady_state: [{steady_state}], hypothesis: [rps(web) > 0/s],\n\
         actions: [{}], rollback: [{}]}}\n",
        dice.number(1, seconds / 3),
        seconds / 2,
        dice.number(100, 900),
        actions.join(", "),
        rollback.join(", "),
    )
}

fn action(dice: &mut Dice, names: &[&str], seconds: u64) -> String {
    let at = dice.number(0, seconds * 900);
    if dice.chance(40) {
        return format!("{{{}, at: {at}ms}}", deed(dice, names));
    }
    let inject =
        dice.pick(&["crash", "{crash: {callers_see: silence}}", "freeze", "restart", "{slow: {factor: 3}}", "fail"]);
    let length = if dice.chance(50) { format!(", for: {}ms", dice.number(1, seconds * 100)) } else { String::new() };
    format!("{{inject: {inject}, where: {}, at: {at}ms{length}}}", target(dice, names))
}

fn target(dice: &mut Dice, names: &[&str]) -> String {
    let narrowed = dice.pick(&["", ", count: 1", ", percent: 50%", ", instances: [0]"]);
    format!("{{service: {}{narrowed}}}", dice.pick(names))
}

fn deed(dice: &mut Dice, names: &[&str]) -> String {
    let what = match dice.below(3) {
        0 => format!("do: {{scale: {{set: {}}}}}, where: {{service: {}}}", dice.number(1, 5), dice.pick(names)),
        1 => format!("do: drain, where: {}", target(dice, names)),
        _ => format!("do: restart, where: {}", target(dice, names)),
    };
    if dice.chance(50) { format!("{what}, takes: {}ms", dice.number(1, 2_000)) } else { what }
}

#[test]
fn what_is_done_to_a_system_keeps_the_laws() {
    let text = |seed| with_experiment(seed, "rps(web) >= 0/s");
    swarm("experiments::what_is_done_to_a_system_keeps_the_laws", 60, text, |seed| {
        let (model, run) = simulate(&text(seed));
        assert_ne!(run.experiments[0].course, Course::NotRun);
        keeps::check(&model, &run);
    });
}

#[test]
fn what_is_not_run_moves_nobody() {
    let text = |seed| with_experiment(seed, "rps(web) < 0/s");
    swarm("experiments::what_is_not_run_moves_nobody", 20, text, |seed| {
        let (model, with) = simulate(&text(seed));
        let (_, without) = simulate(&scenario(seed).text());
        for edge in (0..model.edges.len()).map(EdgeId::from) {
            assert_eq!(with.edge(edge, with.whole()), without.edge(edge, without.whole()));
        }
        assert!(!with.experiments[0].course.has_run());
    });
}
