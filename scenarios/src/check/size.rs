//! More of anything than the engine can tell apart, or than anybody means: instances, users, branches, strikes of a fault.
//!
//! The engine relies on these bounds. How much memory a run takes is another question, asked before it runs (`study/memory.rs`).

use crate::compile::Compiled;
use crate::numbers::grouped;
use sim_core::faults::Schedule;
use sim_core::model::Model;
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{MOST_IN_FLIGHT, MOST_INSTANCES, Step};
use sim_core::workload::Arrival;

/// Instances of one service.
const MOST_OF_ONE: u64 = 100_000;
/// Links and routes between two places that the engine can number: each has two directions in 16 bits.
const MOST_LINKS: usize = 32_000;
/// Branches of one `choose` that the engine can number.
const MOST_CHOICES: usize = 65_000;
/// Strikes of one fault at set times.
const MOST_STRIKES: u64 = 100_000;

/// Finds what is too large.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    instances(compiled, problems);
    users(model, problems);
    if model.network.links.len() + model.network.routes.len() > MOST_LINKS {
        problems.error("network", format!("more than {} links and routes are too many", thousands(MOST_LINKS as u64)));
    }
    for (endpoint, path) in model.endpoints.iter().zip(&compiled.paths.endpoints) {
        if most_choices(&endpoint.steps) > MOST_CHOICES {
            problems.error(path, format!("a choice between more than {} is too large", thousands(MOST_CHOICES as u64)));
        }
    }
    strikes(model, problems);
}

fn instances(compiled: &Compiled, problems: &mut Problems) {
    let model = &compiled.model;
    let most = |place: usize| {
        let service = &model.services[place];
        // A service that has too many by itself is told so at its own place.
        u64::from(service.max_instances.max(service.instances)).min(MOST_OF_ONE)
    };
    let all: u64 = (0..model.services.len()).map(most).sum();
    let greatest = (0..model.services.len()).max_by_key(|&place| (most(place), usize::MAX - place));
    if let Some(place) = greatest.filter(|_| all > MOST_INSTANCES) {
        let problem = Problem::error(&compiled.paths.services[place], "all services together have too many instances")
            .label(format!("{} of {}", thousands(most(place)), thousands(all)))
            .hint(format!(
                "at most {} can be simulated, those that scalers may add included",
                thousands(MOST_INSTANCES)
            ));
        problems.push(problem);
    }
}

fn users(model: &Model, problems: &mut Problems) {
    let users = model.loads.iter().map(|load| match load.arrival {
        Arrival::Closed { users, .. } => u64::from(users),
        _ => 0,
    });
    let all: u64 = users.sum();
    if all > MOST_IN_FLIGHT {
        let problem = problems.error("load", format!("{} closed users are too many", thousands(all)));
        problem.label = Some(format!("at most {} can be simulated", thousands(MOST_IN_FLIGHT)));
    }
}

/// The branches of the greatest choice.
fn most_choices(steps: &[Step]) -> usize {
    let of = |step: &Step| match step {
        Step::Choose(arms) => arms.iter().map(|(_, steps)| most_choices(steps)).max().unwrap_or(0).max(arms.len()),
        Step::Parallel { branches, .. } => branches.iter().map(|steps| most_choices(steps)).max().unwrap_or(0),
        Step::Background(steps)
        | Step::Steps(steps)
        | Step::Lookup { miss: steps, .. }
        | Step::Fallback { otherwise: steps, .. } => most_choices(steps),
        _ => 0,
    };
    steps.iter().map(of).max().unwrap_or(0)
}

fn strikes(model: &Model, problems: &mut Problems) {
    for fault in &model.faults {
        let Schedule::Fixed { at_ns, every_ns: Some(every), times, .. } = fault.schedule else { continue };
        let left = (model.run.duration.ns() as i64).saturating_sub(at_ns).max(0) as u64;
        let count = (left / every.max(1)).saturating_add(1).min(times.map_or(u64::MAX, u64::from));
        if count > MOST_STRIKES {
            let path = match fault.experiment {
                Some(_) => "experiments".to_owned(),
                None => format!("faults.{}.every", fault.name),
            };
            let problem = Problem::error(path, format!("the fault strikes {} times in a run", thousands(count)))
                .label(format!("at most {} times", thousands(MOST_STRIKES)))
                .hint("give a longer period, or `random` with its mtbf");
            problems.push(problem);
        }
    }
}

fn thousands(number: u64) -> String {
    grouped(&number.to_string())
}
