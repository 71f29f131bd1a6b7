//! Which planned resources are parts of a scenario, and how large they are.

use super::plan::{Plan, Resource, Scope, list};
use super::refer::{From, Meant, follow};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a resource is in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A service whose instances handle one request at a time.
    Function,
    /// A service.
    Service,
    /// A store.
    Store,
    /// A cache.
    Cache,
    /// A queue.
    Queue,
}

/// The types of resources that are parts.
pub(super) const KNOWN: [(&str, Sort); 13] = [
    ("aws_autoscaling_group", Sort::Service),
    ("aws_db_instance", Sort::Store),
    ("aws_dynamodb_table", Sort::Store),
    ("aws_ecs_service", Sort::Service),
    ("aws_elasticache_cluster", Sort::Cache),
    ("aws_elasticache_replication_group", Sort::Cache),
    ("aws_instance", Sort::Service),
    ("aws_lambda_function", Sort::Function),
    ("aws_sqs_queue", Sort::Queue),
    ("kubernetes_deployment", Sort::Service),
    ("kubernetes_deployment_v1", Sort::Service),
    ("kubernetes_stateful_set", Sort::Service),
    ("kubernetes_stateful_set_v1", Sort::Service),
];

/// A part of the scenario.
#[derive(Debug)]
pub(super) struct Part<'p> {
    /// Its name in the scenario.
    pub name: String,
    pub sort: Sort,
    /// The planned resources that it is: several where machines of one kind are counted.
    pub of: Vec<usize>,
    /// The address that people know it by.
    pub address: &'p str,
    pub size: Size,
}

/// What a plan says of the size of a part; `None` is what it does not say.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Size {
    pub instances: Option<u64>,
    /// Why it does not say how many instances there are.
    pub why: &'static str,
    /// Type of machine.
    pub machine: Option<String>,
    /// Cores, as a scenario writes them.
    pub cores: Option<String>,
    /// Memory [MiB].
    pub memory_mib: Option<u64>,
    /// How long a request may take [s].
    pub timeout_s: Option<u64>,
    /// What is known besides and has no place in a scenario, in words.
    pub besides: Vec<String>,
}

/// The parts of a plan, in its order.
pub(super) fn of<'p>(plan: &Plan<'p>) -> Vec<Part<'p>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut names = BTreeSet::new();
    let mut machines: BTreeMap<(Scope, &str, Option<String>), usize> = BTreeMap::new();
    for (place, resource) in plan.resources.iter().enumerate() {
        let Some((_, sort)) = KNOWN.iter().find(|(kind, _)| *kind == resource.kind) else { continue };
        let size = size(plan, resource);
        // Machines of one block and one type are instances of one service.
        if resource.kind == "aws_instance" {
            let block = (resource.scope.clone(), resource.name, size.machine.clone());
            if let Some(part) = machines.get(&block) {
                let part = &mut parts[*part];
                part.of.push(place);
                part.size.instances = Some(part.of.len() as u64);
                continue;
            }
            machines.insert(block, parts.len());
        }
        let name = unique(&named(resource), &mut names);
        parts.push(Part { name, sort: *sort, of: vec![place], address: resource.address, size });
    }
    parts
}

/// Names of blocks that say nothing, so that the module's name stands alone.
const PLAIN: [&str; 4] = ["this", "main", "default", "self"];

/// The name of a resource: its modules, its block and its key, as a name of a scenario.
fn named(resource: &Resource) -> String {
    let mut words: Vec<&str> = Vec::new();
    for step in &resource.scope {
        words.extend([step.name.as_str()].into_iter().chain(step.key.as_deref()));
    }
    if words.is_empty() || !PLAIN.contains(&resource.name) {
        words.push(resource.name);
    }
    if resource.kind != "aws_instance" {
        words.extend(resource.key.as_deref());
    }
    let joined = words.join("-");
    // Names have single `-` and `_` in between.
    let within = |part: &str| part.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    let parts = joined.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(within);
    let name = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if name.is_empty() { "part".to_owned() } else { name }
}

/// A name that no other part has, of at most 64 letters.
fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let cut = |most: usize| name.chars().take(most).collect::<String>().trim_end_matches(['-', '_']).to_owned();
    let mut wanted = cut(64);
    let mut number = 2_u32;
    while !taken.insert(wanted.clone()) {
        wanted = format!("{}-{number}", cut(56));
        number += 1;
    }
    wanted
}

fn size(plan: &Plan, resource: &Resource) -> Size {
    match resource.kind {
        "aws_lambda_function" => function(resource),
        "aws_ecs_service" => container(plan, resource),
        "aws_instance" => Size { instances: Some(1), machine: owned(resource, "instance_type"), ..Size::default() },
        "aws_autoscaling_group" => group(plan, resource),
        "aws_db_instance" => database(resource),
        "aws_dynamodb_table" => table(resource),
        "aws_elasticache_cluster" => cache(resource, "num_cache_nodes"),
        "aws_elasticache_replication_group" => cache(resource, "num_cache_clusters"),
        "aws_sqs_queue" => Size::default(),
        _ => deployment(resource),
    }
}

fn owned(resource: &Resource, key: &str) -> Option<String> {
    resource.text(key).map(str::to_owned)
}

fn function(resource: &Resource) -> Size {
    Size {
        // -1 is "not reserved": as many as the account has left.
        instances: resource.number("reserved_concurrent_executions").filter(|n| *n > 0),
        why: "the plan reserves no concurrency: how many instances run at most",
        memory_mib: resource.number("memory_size"),
        timeout_s: resource.number("timeout"),
        ..Size::default()
    }
}

/// The resource of a type to which an argument of another refers.
fn referred<'r, 'p>(
    plan: &'r Plan<'p>,
    resource: &Resource<'p>,
    argument: &str,
    kind: &str,
) -> Option<&'r Resource<'p>> {
    let expression = plan.expressions(&resource.scope, "managed", resource.kind, resource.name)?.get(argument)?;
    let mut meant = Meant::default();
    follow(plan, expression, From { scope: &resource.scope, key: resource.key.as_ref() }, &mut meant);
    meant.resources.iter().map(|place| &plan.resources[*place]).find(|found| found.kind == kind)
}

/// CPU units of ECS as cores: 1024 are one.
fn cores(units: u64) -> String {
    match units {
        whole if whole % 1024 == 0 => (whole / 1024).to_string(),
        part => format!("{}m", part * 1000 / 1024),
    }
}

fn container(plan: &Plan, resource: &Resource) -> Size {
    let task = referred(plan, resource, "task_definition", "aws_ecs_task_definition");
    Size {
        instances: resource.number("desired_count"),
        why: "the plan does not know how many tasks run",
        cores: task.and_then(|task| task.number("cpu")).filter(|units| *units > 0).map(cores),
        memory_mib: task.and_then(|task| task.number("memory")),
        ..Size::default()
    }
}

fn group(plan: &Plan, resource: &Resource) -> Size {
    let by_template = || {
        let template = referred(plan, resource, "launch_template", "aws_launch_template")?;
        owned(template, "instance_type")
    };
    let bound = |key: &str| resource.number(key).map(|n| format!("{key} is {n}"));
    Size {
        instances: resource.number("desired_capacity"),
        why: "the plan does not know how many machines run",
        machine: by_template(),
        besides: ["min_size", "max_size"].into_iter().filter_map(bound).collect(),
        ..Size::default()
    }
}

fn database(resource: &Resource) -> Size {
    let engine = resource.text("engine").map(|engine| format!("engine is {engine}"));
    let standby = resource.value("multi_az") == Some(&Value::Bool(true));
    let replica = resource.text("replicate_source_db").map(|of| format!("it is a read replica of {of}"));
    Size {
        instances: Some(1),
        machine: owned(resource, "instance_class"),
        besides: engine
            .into_iter()
            .chain(standby.then(|| "it has a standby in another zone".to_owned()))
            .chain(replica)
            .collect(),
        ..Size::default()
    }
}

fn table(resource: &Resource) -> Size {
    let units = |key: &str| resource.number(key).filter(|n| *n > 0).map(|n| format!("{key} is {n}"));
    Size {
        instances: Some(1),
        besides: ["read_capacity", "write_capacity"].into_iter().filter_map(units).collect(),
        ..Size::default()
    }
}

fn cache(resource: &Resource, count: &str) -> Size {
    Size {
        instances: resource.number(count),
        why: "the plan does not know how many nodes there are",
        machine: owned(resource, "node_type"),
        ..Size::default()
    }
}

/// The first block of a kind within a value; providers keep blocks as lists.
fn block<'v>(value: Option<&'v Value>, key: &str) -> Option<&'v Value> {
    list(value?.get(key)).next()
}

/// A limit of a container of Kubernetes.
fn limit<'v>(container: &'v Value, key: &str) -> Option<&'v str> {
    block(Some(container), "resources")?.get("limits")?.get(key)?.as_str()
}

fn deployment(resource: &Resource) -> Size {
    let spec = list(resource.value("spec")).next();
    let pod = block(block(spec, "template"), "spec");
    let containers: Vec<&Value> = list(pod.and_then(|pod| pod.get("container"))).collect();
    let limits = |key: &str| containers.iter().map(|container| limit(container, key)).collect::<Option<Vec<&str>>>();
    let replicas = spec.and_then(|spec| spec.get("replicas"));
    let replicas = replicas.and_then(|n| n.as_u64().or_else(|| n.as_str()?.parse().ok()));
    let known = |all: &Vec<&str>| !all.is_empty();
    let cpu = limits("cpu").filter(known).and_then(|all| all.into_iter().map(millicores).sum::<Option<u64>>());
    Size {
        instances: replicas,
        why: "the plan does not know how many pods run",
        cores: cpu.map(|milli| if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }),
        memory_mib: limits("memory").filter(known).and_then(|all| all.into_iter().map(mebibytes).sum::<Option<u64>>()),
        ..Size::default()
    }
}

/// A quantity of processors of Kubernetes, in thousandths: `500m`, `2`.
fn millicores(text: &str) -> Option<u64> {
    match text.strip_suffix('m') {
        Some(milli) => milli.parse().ok(),
        None => text.parse::<f64>().ok().filter(|n| (0.0..1e6).contains(n)).map(|n| (n * 1000.0).round() as u64),
    }
}

/// A quantity of memory of Kubernetes, in whole MiB: `512Mi`, `2Gi`.
fn mebibytes(text: &str) -> Option<u64> {
    let units = [("Gi", 1024), ("Mi", 1)];
    let (number, factor) = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}
