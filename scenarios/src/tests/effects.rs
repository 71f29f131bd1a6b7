//! Effects of messages: one that is delivered again is done again, however many others come between.

use super::read;
use sim_core::data::DUPLICATES;
use sim_core::ids::ServiceId;

#[test]
fn effects_of_messages_that_wait_to_be_delivered_again_are_remembered() {
    // 10,000 messages for 5000 workers, who need half a second more than they have: each message comes back behind all others, and is done
    // again at its second delivery. In between it waits in the queue, and nobody works on it.
    let text = "\
scenario: Messages that come back
question: How many are done twice?
run: {duration: 20s, warm_up: 0s}
load: {once: {to: front.put, arrive: {burst: {size: 10000, at: 1s}}}}
services:
  front: {workers: unlimited, endpoints: {put: {steps: [{call: {to: jobs.send}}]}}}
  worker: {instances: 1, workers: 5000, endpoints: {job: {effect: not_idempotent, steps: [{wait: 1500ms}]}}}
queues: {jobs: {consumers: {worker: {to: worker.job, visibility_timeout: 1s, max_deliveries: 2}}}}
";
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 5, 0);
    let worker = model.services.iter().position(|service| service.name == "worker").unwrap();
    assert_eq!(run.service(ServiceId(worker as u32), run.whole()).of(&DUPLICATES), 10_000);
}
