//! A message that is handed out again while its consumer is still at work on it.

use super::kind::{Kind, Told};
use super::scene::{Scene, time};
use super::waits::course;
use sim_core::ids::EndpointId;
use sim_core::problem::Severity;
use sim_core::service::disk::Device;
use sim_core::topology::{Node, Step};

/// A queue whose `visibility_timeout` is shorter than its consumer needs.
///
/// # When it speaks
/// The work and waits of the consumer's steps, that every message takes, have a mean above `visibility_timeout`; or one call that its reply waits
/// for may take longer with its attempts and the waits between them (as in `timeouts-in-the-wrong-order`), which happens whenever its callee hangs.
/// The message is then delivered a second time while the first delivery goes on.
///
/// # When it is silent
/// Where the work fits on average and each call for itself does in the worst case; for steps of which only some messages take part; and where there
/// is no second delivery.
///
/// # Source
/// Celery, "Visibility timeout"; Amazon SQS: set it to the longest time that processing takes.
pub const KIND: Kind = Kind {
    name: "visibility-too-short",
    severity: Severity::Warning,
    says: "A message is delivered again before its consumer can be done with it.",
    source: include_str!("visibility_too_short.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    for service in &scene.model.services {
        let Node::Queue(queue) = &service.node else { continue };
        for consumer in
            queue.consumers.iter().filter(|consumer| consumer.max_deliveries > 1 && consumer.renew_every.is_none())
        {
            let callee = scene.edge(consumer.edge).callee;
            let visible = consumer.visibility_timeout.ns() as f64;
            let at = &scene.model.endpoints[callee.index()];
            let disk = scene.model.services[at.service.index()].device.as_ref();
            let work = mean(disk, &at.steps);
            let slowest = slowest_call(scene, callee);
            let why = if work > visible {
                format!("its work takes {} on average", time(work))
            } else if let Some((called, longest)) = slowest.filter(|(_, longest)| *longest > visible) {
                format!("its call to {called} may take {}", time(longest))
            } else {
                continue;
            };
            let (name, visible) = (scene.endpoint(callee), consumer.visibility_timeout);
            told.tell(
                scene.key(consumer.edge, "visibility_timeout"),
                format!("messages of {} are delivered again while {name} is at work on them", service.name),
                format!("visible again after {visible}, and {why}"),
                "write a longer visibility_timeout".to_owned(),
            );
        }
    }
}

/// The mean of the work and waits that every request takes, and of what it does at the disk [ns].
fn mean(disk: Option<&Device>, steps: &[Step]) -> f64 {
    let of = |step: &Step| match step {
        Step::Work(time) | Step::Wait(time) => time.mean(),
        Step::Steps(steps) => mean(disk, steps),
        Step::Disk(work) => disk.filter(|_| work.is_awaited).map_or(0.0, |disk| disk.mean_ns(work)),
        Step::Call(_)
        | Step::Fallback { .. }
        | Step::Forward(_)
        | Step::Parallel { .. }
        | Step::Background(_)
        | Step::Choose(_)
        | Step::Lookup { .. }
        | Step::Invalidate { .. }
        | Step::Reply(_)
        | Step::Fail(..) => 0.0,
    };
    let ends = |step: &Step| matches!(step, Step::Reply(_) | Step::Forward(_));
    steps.iter().take_while(|step| !ends(step)).map(of).sum()
}

/// The call that may take the longest of those that a reply waits for [ns].
fn slowest_call<'a>(scene: &Scene<'a>, endpoint: EndpointId) -> Option<(&'a str, f64)> {
    let calls = scene.waited_calls(endpoint).into_iter().map(|call| scene.edge(call));
    let slow = calls.filter_map(|edge| Some((scene.endpoint(edge.callee), course(scene.model, edge)?.longest_ns())));
    slow.max_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(consumer: &str, steps: &str) -> Vec<String> {
        let text = format!(
            "load: {{users: {{to: jobs.send, arrive: {{poisson: {{rate: 1/s}}}}}}}}
queues: {{jobs: {{capacity: 100, consumers: {{w: {{to: worker.do, {consumer}}}}}}}}}
services:
  worker: {{workers: 4, machine: {{disk: {{fsync: 20s}}}}, endpoints: {{do: {{steps: [{steps}]}}}}}}
  files: {{workers: 4, endpoints: {{put: {{steps: [{{work: 1ms}}]}}}}}}
"
        );
        told("visibility-too-short", &text)
    }

    const PUT: &str = "{call: {to: files.put, timeout: 20s, retry: {max_attempts: 2, backoff: {fixed: {delay: 1s}}}}}";

    #[test]
    fn work_and_calls_that_outlast_the_visibility_are_told() {
        assert_eq!(
            found("visibility_timeout: 30s", "{work: {exponential: {mean: 40s}}}"),
            [
                "4:83 30s: messages of jobs are delivered again while worker.do is at work on them; visible again after 30s, and its work takes 40s on \
              average"
            ]
        );
        let at_disk = found("visibility_timeout: 30s", "{work: 12s}, {disk: {fsync: true}}");
        assert!(at_disk[0].ends_with("and its work takes 32s on average"), "{at_disk:?}");
        let call = found("visibility_timeout: 30s", PUT);
        assert!(call[0].ends_with("and its call to files.put may take 41s"), "{call:?}");
    }

    #[test]
    fn what_fits_is_not_told() {
        assert_eq!(found("visibility_timeout: 41s", PUT), [""; 0]);
        assert_eq!(found("visibility_timeout: 40s", "{work: {exponential: {mean: 40s}}}"), [""; 0]);
        assert_eq!(found("visibility_timeout: 30s, max_deliveries: 1", PUT), [""; 0]);
    }
}
