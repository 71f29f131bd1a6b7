//! A hedge that waits longer than its attempt may take.

use super::kind::{Kind, Told};
use super::scene::{Scene, time};
use super::waits::course;
use sim_core::call::hedge::{After, HedgeSettings};
use sim_core::problem::Severity;

/// A hedged call whose next copy is sent after a set time, at which the first has timed out already.
///
/// # When it speaks
/// `after: {time}` of a backup or tied hedge >= the call's `timeout` or `total_timeout`, where its caller lets an attempt wait with that wait: no
/// copy is ever sent, and the call is as slow as without.
///
/// # When it is silent
/// Where the hedge waits for a percentile, which follows what was seen; where it is sent at once; where the timeout is drawn; and where an
/// experiment sets values or scales.
///
/// # Source
/// J. Dean, L. A. Barroso, "The Tail at Scale", 2013: a hedged request is sent once the first has been outstanding for the 95th percentile.
pub const KIND: Kind = Kind {
    name: "hedge-never-sent",
    severity: Severity::Warning,
    says: "A hedge waits for as long as the call's timeout or longer, so that it is never sent.",
    source: include_str!("hedge_never_sent.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    for (id, edge) in scene.edges() {
        let after = match &edge.hedge {
            Some(HedgeSettings::Backup(hedge)) => hedge.after,
            Some(HedgeSettings::Tied(hedge)) => hedge.after,
            Some(HedgeSettings::Speculative(_)) | None => continue,
        };
        let (After::Time(after), Some(course)) = (after, course(scene.model, edge)) else { continue };
        let ends = course.first_ends_ns();
        if !scene.changes_while_it_runs() && after.ns() as f64 >= ends {
            let patience = time(ends);
            told.tell(
                scene.key(id, "hedge"),
                format!("the hedge of {} is never sent", edge.name),
                format!("it waits {after}, and the call ends after {patience}"),
                format!("let it wait less than {patience}, as after: {{percentile: p95}} does"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(keys: &str) -> Vec<String> {
        let text = format!(
            "load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 1/s}}}}, {keys}}}}}
services: {{web: {{instances: 2, workers: 4, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}
"
        );
        told("hedge-never-sent", &text)
    }

    #[test]
    fn a_copy_that_waits_for_the_timeout_is_told() {
        assert_eq!(
            found("timeout: 200ms, hedge: {backup: {after: {time: 200ms}}}"),
            ["3:77 hedge: the hedge of users->web.get is never sent; it waits 200ms, and the call ends after 200ms"]
        );
        assert_eq!(found("total_timeout: 1s, hedge: {tied: {after: {time: 2s}}}").len(), 1);
    }

    #[test]
    fn a_copy_that_comes_in_time_or_by_percentile_is_not() {
        assert_eq!(found("timeout: 200ms, hedge: {backup: {after: {time: 199ms}}}"), [""; 0]);
        assert_eq!(found("timeout: 200ms, hedge: {backup: {after: {percentile: p95}}}"), [""; 0]);
        assert_eq!(found("hedge: {backup: {after: {time: 9s}}}"), [""; 0]);
        // An attempt that waits for a connection is hedged meanwhile.
        assert_eq!(
            found("timeout: 200ms, pool: {connections: 2, max_wait: 1s}, hedge: {backup: {after: {time: 300ms}}}"),
            [""; 0]
        );
        assert_eq!(
            found("timeout: 200ms, pool: {connections: 2, max_wait: 50ms}, hedge: {backup: {after: {time: 300ms}}}")
                .len(),
            1
        );
    }
}
