//! Batches of messages, counted exactly: each message is a call with an outcome of its own, and each delivery of a batch is one attempt.

use super::workflows::Ran;
use sim_core::call::retry::RETRIES;
use sim_core::data::MESSAGES_LOST;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, ServiceCounts};

/// 100 messages at once, for a consumer with these settings and these steps. What was counted at its call site, and at the queue.
fn of_batches(section: &str, consumer: &str, steps: &str) -> (EdgeCounts, ServiceCounts) {
    let ran = Ran::of(&format!(
        "load: {{users: {{to: jobs.send, arrive: {{burst: {{size: 100, at: 1s}}}}}}}}\n\
         services: {{a: {{workers: 50, endpoints: {{do: {{steps: [{steps}]}}}}}}}}\n\
         {section}consumers: {{x: {{to: a.do{consumer}}}}}}}}}\n"
    ));
    let (model, run) = (&ran.loaded.model, &ran.run);
    let site = model.edges.iter().position(|edge| edge.name == "jobs->a.do").expect("the consumer's call");
    let queue = model.services.iter().position(|service| service.name == "jobs").expect("the queue");
    (run.edge(EdgeId(site as u32), run.whole()), run.service(ServiceId(queue as u32), run.whole()))
}

const QUEUE: &str = "queues: {jobs: {";
const TOPIC: &str = "topics: {jobs: {partitions: 1, ";

#[test]
fn each_message_of_a_batch_is_a_call() {
    for section in [QUEUE, TOPIC] {
        for (batch, size) in
            [("", 1), (", batch: {count: 10, max_wait: 5s}", 10), (", batch: {count: 7, max_wait: 5s}", 7)]
        {
            let deliveries = 100_u64.div_ceil(size);
            let (calls, _) = of_batches(section, batch, "{work: 1ms}");
            assert_eq!((calls.calls, calls.call_outcomes[Outcome::Ok as usize]), (100, 100), "{section} of {size}");
            assert_eq!((calls.attempts, calls.of(&RETRIES)), (deliveries, 0), "{section} of {size}");

            let fails = format!("{batch}, max_deliveries: 3");
            let (calls, queue) = of_batches(section, &fails, "{work: 1ms}, {fail: {probability: 100%}}");
            let ended = (calls.call_outcomes[Outcome::Error as usize], calls.call_outcomes.iter().sum());
            assert_eq!((calls.calls, ended), (100, (100, 100)), "{section} of {size}");
            assert_eq!(queue.of(&MESSAGES_LOST), 100, "{section} of {size}");
            // Each message has its three deliveries, whichever batches it is in.
            assert!(calls.attempts >= 300_u64.div_ceil(size), "{section} of {size}: {} deliveries", calls.attempts);
            assert_eq!(calls.attempts, calls.outcomes[Outcome::Error as usize]);
        }
    }
}

#[test]
fn a_message_that_is_worked_on_in_a_batch_does_not_wait() {
    for section in [QUEUE, TOPIC] {
        for batch in ["", ", batch: {count: 100, max_wait: 5s}"] {
            let (calls, queue) = of_batches(section, &format!("{batch}, visibility_timeout: 1h"), "{work: 30m}");
            // A partition hands over one message or batch at a time.
            let handed = if section == TOPIC && batch.is_empty() {
                1
            } else if batch.is_empty() {
                50
            } else {
                calls.calls
            };
            assert_eq!(calls.calls, handed, "{section}{batch}");
            assert_eq!(queue.unserved, 100 - handed, "{section}{batch}");
        }
    }
}
