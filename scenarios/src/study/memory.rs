//! How much memory a study takes, before it runs: so that it is refused with a word where the machine would run out of it.

use super::Plan;
use super::replicate::AHEAD;
use crate::Loaded;
use sim_core::problem::Problem;
use sim_core::units::Bytes;
use sim_core::world::Memory;

/// The program and its libraries, and what a small scenario takes.
const ITSELF: u64 = 32 << 20;

/// What a study takes [bytes]: on each thread one replication with those of its `variants`, one after the other, and the results that wait
/// to be merged.
pub fn needed(loaded: &Loaded, variants: &[(String, Loaded)], plan: &Plan) -> u64 {
    let all = || std::iter::once(loaded).chain(variants.iter().map(|(_, variant)| variant));
    let threads = plan.threads.max(1).min(plan.replications.max(1) as usize) as u64;
    let waiting = u64::from(AHEAD).min(u64::from(plan.replications));
    let one = |loaded: &Loaded| Memory::of(&loaded.model);
    let at_once = all().map(|loaded| one(loaded).total()).max().unwrap_or(0);
    let results: u64 = all().map(|loaded| one(loaded).results).fold(0, u64::saturating_add);
    let a_thread = at_once.saturating_add(results.saturating_mul(1 + waiting));
    let merged = one(loaded).results.saturating_add(one(loaded).call_sites);
    ITSELF.saturating_add(threads.saturating_mul(a_thread)).saturating_add(merged)
}

/// Why a study does not fit into `limit`; `None` if it does.
pub fn refused(loaded: &Loaded, variants: &[(String, Loaded)], plan: &Plan, limit: Bytes) -> Option<Problem> {
    let needed = needed(loaded, variants, plan);
    if needed <= limit.get() {
        return None;
    }
    let parts = Memory::of(&loaded.model).parts();
    let (what, _) = parts.into_iter().max_by_key(|(_, bytes)| *bytes)?;
    let threads = plan.threads.max(1);
    let message = format!("this needs about {} of memory, and {} are allowed", round(needed), round(limit.get()));
    let problem = Problem::error("", message).label(format!("most of it for {what}, on {threads} threads"));
    Some(
        problem.hint(format!("use fewer threads, a smaller system, or allow more: --memory {}", round(needed / 4 * 5))),
    )
}

/// A size in the unit that people use: `12.3GiB`, `640MiB`.
fn round(bytes: u64) -> String {
    let mib = bytes.div_ceil(1 << 20);
    if mib < 10_240 { format!("{mib}MiB") } else { format!("{}GiB", mib.div_ceil(1024)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory as Files, load};

    fn study(instances: u64, threads: usize) -> (Loaded, Plan) {
        let text = format!(
            "scenario: a\nquestion: b\nload:\n  users: {{to: a.get, arrive: {{poisson: {{rate: 1/s}}}}}}\n\
             services:\n  a: {{instances: {instances}, workers: 1, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}\n"
        );
        let loaded =
            load(&Files::of("a.yaml", &text), "a.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
        let plan = Plan::of(&loaded, threads);
        (loaded, plan)
    }

    #[test]
    fn memory_grows_with_instances_and_threads() {
        let bytes = |instances, threads| {
            let (loaded, plan) = study(instances, threads);
            needed(&loaded, &[], &plan)
        };
        assert!(bytes(1, 1) < 64 << 20, "{}", bytes(1, 1));
        let (small, large) = (bytes(1, 1), bytes(100_000, 1));
        let each = (large - small) / 99_999;
        assert!((150..1000).contains(&each), "{each} bytes an instance");
        assert_eq!(bytes(100_000, 4) - bytes(100_000, 3), bytes(100_000, 3) - bytes(100_000, 2));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_word() {
        let (loaded, plan) = study(100_000, 8);
        assert_eq!(refused(&loaded, &[], &plan, Bytes::new(1 << 40)), None);
        let problem = refused(&loaded, &[], &plan, Bytes::new(1 << 20)).unwrap();
        assert!(problem.message.ends_with("MiB of memory, and 1MiB are allowed"), "{problem:?}");
        assert_eq!(problem.label.as_deref(), Some("most of it for instances, on 8 threads"));
        let hint = problem.hint.unwrap();
        let allowed = Bytes::parse(hint.rsplit(' ').next().unwrap()).unwrap();
        assert_eq!(refused(&loaded, &[], &plan, allowed), None, "the hint helps");
    }
}
