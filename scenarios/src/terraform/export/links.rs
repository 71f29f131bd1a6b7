//! Who talks to whom: permissions, triggers, and which addresses may connect.

use super::parts::Part;
use super::{File, label, pair};
use crate::Loaded;
use serde_json::json;
use sim_core::results::{NodeKind, System, SystemCall};
use sim_core::topology::Access;
use std::collections::{BTreeMap, BTreeSet};

/// What a consumer of a queue does with it.
const CONSUMES: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

/// The links between the parts of a system.
pub(super) fn write(file: &mut File, system: &System, parts: &[Option<Part>], loaded: &Loaded) {
    let mut allowed: BTreeMap<(usize, usize), BTreeSet<&str>> = BTreeMap::new();
    let mut done: BTreeSet<(usize, usize)> = BTreeSet::new();
    for call in &system.calls {
        let (Some(from), Some(to)) = (parts[call.from], parts[call.to]) else { continue };
        if from == Part::Queue {
            // Dead letters are an argument of the queue.
            if to.runs() {
                consumes(file, system, call, to, &mut allowed);
            }
            continue;
        }
        match to {
            Part::Queue if from.runs() => allowed.entry((call.from, call.to)).or_default().extend(["sqs:SendMessage"]),
            Part::Table if from.runs() => {
                allowed.entry((call.from, call.to)).or_default().extend(touches(system, call, loaded));
            }
            Part::Function if from.runs() => {
                allowed.entry((call.from, call.to)).or_default().extend(["lambda:InvokeFunction"]);
            }
            Part::Function => outside(file, &system.nodes[call.to].name),
            to if to.has_address() && done.insert((call.from, call.to)) => connects(file, system, call, from),
            _ => {}
        }
    }
    for ((from, to), actions) in allowed {
        let of = if parts[from].is_some_and(Part::runs) { from } else { to };
        let other = if of == from { to } else { from };
        policy(file, system, parts, (of, other), &actions);
    }
}

/// A queue invokes a function, or a container or machine polls it.
fn consumes(
    file: &mut File,
    system: &System,
    call: &SystemCall,
    to: Part,
    allowed: &mut BTreeMap<(usize, usize), BTreeSet<&str>>,
) {
    let (queue, consumer) = (&system.nodes[call.from].name, &system.nodes[call.to].name);
    allowed.entry((call.from, call.to)).or_default().extend(CONSUMES);
    if to == Part::Function {
        let arguments = json!({
            "event_source_arn": format!("${{aws_sqs_queue.{}.arn}}", label(queue)),
            "function_name": format!("${{aws_lambda_function.{}.arn}}", label(consumer)),
            "batch_size": 1,
        });
        file.resource("aws_lambda_event_source_mapping", &pair(queue, consumer), arguments);
    }
}

/// What a call does with a table.
fn touches(system: &System, call: &SystemCall, loaded: &Loaded) -> Vec<&'static str> {
    let store = loaded.written.stores.get(&system.nodes[call.to].name);
    let access = store.and_then(|store| store.endpoints.get(&call.endpoint)).map(|endpoint| endpoint.access);
    let (reads, writes) = (["dynamodb:GetItem", "dynamodb:Query"], ["dynamodb:PutItem", "dynamodb:UpdateItem"]);
    match access {
        Some(Access::Read) => reads.to_vec(),
        Some(Access::Write) => writes.to_vec(),
        Some(Access::Update | Access::CompareAndSet) => [reads, writes].concat(),
        None => Vec::new(),
    }
}

/// Users invoke a function at an address of its own.
fn outside(file: &mut File, function: &str) {
    let label = label(function);
    let arguments = json!({
        "function_name": format!("${{aws_lambda_function.{label}.function_name}}"),
        "authorization_type": "AWS_IAM",
    });
    file.resource("aws_lambda_function_url", &label, arguments);
}

/// A caller may open connections to a part with an address.
fn connects(file: &mut File, system: &System, call: &SystemCall, from: Part) {
    let (caller, callee) = (&system.nodes[call.from].name, &system.nodes[call.to].name);
    let mut arguments = json!({
        "security_group_id": format!("${{aws_security_group.{}.id}}", label(callee)),
        "ip_protocol": "-1",
    });
    if from.is_outside() {
        let users = file.variable("users_cidr", "string", "The addresses from which users come");
        arguments["cidr_ipv4"] = json!(users);
    } else {
        arguments["referenced_security_group_id"] = json!(format!("${{aws_security_group.{}.id}}", label(caller)));
    }
    file.resource("aws_vpc_security_group_ingress_rule", &pair(caller, callee), arguments);
}

/// What the role of a part may do with another part.
fn policy(
    file: &mut File,
    system: &System,
    parts: &[Option<Part>],
    (of, other): (usize, usize),
    actions: &BTreeSet<&str>,
) {
    let target = &system.nodes[other];
    let kind = match (target.kind, parts[other]) {
        (NodeKind::Queue, _) => "aws_sqs_queue",
        (NodeKind::Store, _) => "aws_dynamodb_table",
        _ => "aws_lambda_function",
    };
    let resource = format!("${{{kind}.{}.arn}}", label(&target.name));
    let name = &system.nodes[of].name;
    // A part may both consume and fill a queue.
    let sends = actions.contains("sqs:SendMessage");
    let link = pair(name, &if sends { format!("{}--sends", target.name) } else { target.name.clone() });
    // A document of its own, because a plan shows the actions of a document, and not those of a text that is known after the plan only.
    let statement = json!({"actions": actions, "resources": [resource]});
    file.data("aws_iam_policy_document", &link, json!({"statement": [statement]}));
    let arguments = json!({
        "name": target.name,
        "role": format!("${{aws_iam_role.{}.id}}", label(name)),
        "policy": format!("${{data.aws_iam_policy_document.{link}.json}}"),
    });
    file.resource("aws_iam_role_policy", &link, arguments);
}
