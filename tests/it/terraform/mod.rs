//! Infrastructure as code: what is exported is what Terraform accepts, and plans become scenarios that hold what they tell and nothing else.

mod export;
mod hostile;
mod import;
mod links;
mod reads;
mod resources;
mod round;

/// A system with a part of each kind.
pub const SHOP: &str = "\
scenario: A shop
question: What does it become?
run: {duration: 1m}
load:
  users: {to: web.page, arrive: {poisson: {rate: 50/s}}}
  partners: {to: checkout.order, arrive: {poisson: {rate: 1/s}}}
services:
  web:
    instances: 3
    workers: 16
    machine: {cpu_limit: 500m, memory: {size: 1536MiB}}
    endpoints:
      page: {steps: [{call: {to: search.find}}, {call: {to: checkout.order}}, {lookup: {cache: sessions, miss: [{work: 1ms}]}}]}
  checkout:
    workers: 1
    instances: 40
    machine: {memory: {size: 512MiB}}
    endpoints: {order: {steps: [{work: 5ms}, {call: {to: orders.put}}, {call: {to: jobs.send}}]}}
  search:
    instances: 2
    workers: 8
    machine: {type: m5.large}
    endpoints: {find: {steps: [{work: 2ms}, {call: {to: orders.get}}, {call: {to: 2nd.get}}]}}
  mailer:
    workers: 1
    endpoints: {mail: {steps: [{wait: 20ms}]}}
stores:
  orders:
    workers: unlimited
    endpoints:
      get: {access: read, steps: [{wait: 2ms}]}
      put: {access: write, steps: [{wait: 4ms}]}
  2nd:
    workers: unlimited
    endpoints: {get: {access: update, steps: [{wait: 2ms}]}}
caches:
  sessions: {instances: 2, workers: 8, contents: {fixed: {hit_ratio: 90%}}, steps: [{work: 100us}]}
queues:
  jobs: {consumers: {mailer: {to: mailer.mail, visibility_timeout: 90s, max_deliveries: 3, dead_letter: dead}}}
  dead: {}
";

/// A plan of managed resources (type, name, key, values) with a configuration (mode, type, name, expressions).
pub fn plan_of(
    resources: &[(&str, &str, Option<&str>, serde_json::Value)],
    configuration: &[(&str, &str, &str, serde_json::Value)],
) -> Vec<u8> {
    use serde_json::json;
    let planned = resources.iter().map(|(kind, name, key, values)| {
        let mut one = json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name, "values": values});
        if let Some(key) = key {
            one["index"] = json!(key);
        }
        one
    });
    let configured = configuration.iter().map(
        |(mode, kind, name, expressions)| json!({"mode": mode, "type": kind, "name": name, "expressions": expressions}),
    );
    let plan = json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": planned.collect::<Vec<_>>()}},
        "configuration": {"root_module": {"resources": configured.collect::<Vec<_>>()}},
    });
    plan.to_string().into_bytes()
}
