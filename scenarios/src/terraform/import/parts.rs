//! Which planned resources are parts of a scenario, and how large they are.

use super::plan::{Plan, Resource, Scope, list};
use super::quantity::{bytes, millicores, sum};
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

impl Sort {
    /// What it is, for people.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Service => "service",
            Self::Store => "store",
            Self::Cache => "cache",
            Self::Queue => "queue",
        }
    }
}

/// A type of resources that are parts.
pub(super) struct Known {
    pub kind: &'static str,
    pub sort: Sort,
    /// What its size is read from, for people.
    pub arguments: &'static str,
    size: fn(&Plan, &Resource) -> Size,
}

const fn known(kind: &'static str, sort: Sort, arguments: &'static str, size: fn(&Plan, &Resource) -> Size) -> Known {
    Known { kind, sort, arguments, size }
}

/// What is read of a deployment of Kubernetes.
const POD: &str = "spec: replicas, limits of cpu and memory";

/// The types of resources that are parts.
pub(super) const KNOWN: [Known; 13] = [
    known("aws_autoscaling_group", Sort::Service, "desired_capacity, min_size, max_size, launch_template", group),
    known("aws_db_instance", Sort::Store, "instance_class, engine, multi_az, replicate_source_db", |_, db| {
        database(db)
    }),
    known("aws_dynamodb_table", Sort::Store, "read_capacity, write_capacity", |_, table| capacity(table)),
    known("aws_ecs_service", Sort::Service, "desired_count, task_definition, load_balancer", container),
    known("aws_elasticache_cluster", Sort::Cache, "num_cache_nodes, node_type", |_, one| cache(one, "num_cache_nodes")),
    known("aws_elasticache_replication_group", Sort::Cache, "num_cache_clusters, node_type", |_, one| {
        cache(one, "num_cache_clusters")
    }),
    known("aws_instance", Sort::Service, "instance_type", |_, one| machine(one)),
    known("aws_lambda_function", Sort::Function, "reserved_concurrent_executions, memory_size, timeout", |_, one| {
        function(one)
    }),
    known("aws_sqs_queue", Sort::Queue, "visibility_timeout_seconds, redrive_policy", |_, _| Size::default()),
    known("kubernetes_deployment", Sort::Service, POD, |_, one| deployment(one)),
    known("kubernetes_deployment_v1", Sort::Service, POD, |_, one| deployment(one)),
    known("kubernetes_stateful_set", Sort::Service, POD, |_, one| deployment(one)),
    known("kubernetes_stateful_set_v1", Sort::Service, POD, |_, one| deployment(one)),
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
    /// Why the cores that it says are none of a scenario; empty where it says none, or good ones.
    pub cores_why: String,
    /// Memory [B].
    pub memory: Option<u64>,
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
        let Some(known) = KNOWN.iter().find(|known| known.kind == resource.kind) else { continue };
        let size = (known.size)(plan, resource);
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
        parts.push(Part { name, sort: known.sort, of: vec![place], address: resource.address, size });
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

/// A name that is not taken yet, of at most 64 letters.
pub(super) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let cut = |most: usize| name.chars().take(most).collect::<String>().trim_end_matches(['-', '_']).to_owned();
    let mut wanted = cut(64);
    let mut number = 2_u32;
    while !taken.insert(wanted.clone()) {
        wanted = format!("{}-{number}", cut(56));
        number += 1;
    }
    wanted
}

fn owned(resource: &Resource, key: &str) -> Option<String> {
    resource.text(key).map(str::to_owned)
}

fn machine(resource: &Resource) -> Size {
    Size { instances: Some(1), machine: owned(resource, "instance_type"), ..Size::default() }
}

fn function(resource: &Resource) -> Size {
    Size {
        // -1 is "not reserved": as many as the account has left.
        instances: resource.number("reserved_concurrent_executions").filter(|n| *n > 0),
        why: "the plan reserves no concurrency: how many instances run at most",
        memory: resource.number("memory_size").and_then(mebibytes),
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

/// MiB in bytes; `None` if no scenario can have so many.
fn mebibytes(mib: u64) -> Option<u64> {
    mib.checked_mul(1 << 20).filter(|bytes| *bytes > 0)
}

/// CPU units of ECS in thousandths of a core: 1024 units are one core. `None` if no machine has so many.
fn of_units(units: u64) -> Option<u64> {
    Some(units.checked_mul(1000)? / 1024)
}

/// The cores of `milli` thousandths, and why they are none of a scenario. `written` is what the plan says, `None` where it says nothing.
fn cores(written: Option<&str>, milli: Option<u64>) -> (Option<String>, String) {
    match (written, milli.filter(|milli| (1..=MOST_MILLICORES).contains(milli))) {
        (None, _) => (None, String::new()),
        (Some(_), Some(milli)) if milli % 1000 == 0 => (Some((milli / 1000).to_string()), String::new()),
        (Some(_), Some(milli)) => (Some(format!("{milli}m")), String::new()),
        (Some(written), None) => {
            (None, format!("the plan says {written}, which is no number of cores that a machine can have"))
        }
    }
}

/// Thousandths of a core that a scenario can give a machine at most.
const MOST_MILLICORES: u64 = u32::MAX as u64;

fn container(plan: &Plan, resource: &Resource) -> Size {
    let task = referred(plan, resource, "task_definition", "aws_ecs_task_definition");
    let units = task.and_then(|task| task.number("cpu"));
    let written = units.map(|units| format!("{units} CPU units"));
    let (cores, cores_why) = cores(written.as_deref(), units.and_then(of_units));
    Size {
        instances: resource.number("desired_count"),
        why: "the plan does not know how many tasks run",
        cores,
        cores_why,
        memory: task.and_then(|task| task.number("memory")).and_then(mebibytes),
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

fn capacity(resource: &Resource) -> Size {
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
    let (cpu, memory) = (limits("cpu").filter(known), limits("memory").filter(known));
    let milli = cpu.as_ref().and_then(|all| sum(all, millicores));
    let (cores, cores_why) = cores(cpu.map(|all| all.join(" and ")).as_deref(), milli);
    let held = memory.as_ref().and_then(|all| sum(all, bytes)).filter(|bytes| *bytes > 0);
    let odd = memory.filter(|_| held.is_none());
    Size {
        instances: replicas,
        why: "the plan does not know how many pods run",
        cores,
        cores_why,
        memory: held,
        besides: odd.map(|all| format!("its limit of memory is {}", all.join(" and "))).into_iter().collect(),
        ..Size::default()
    }
}
