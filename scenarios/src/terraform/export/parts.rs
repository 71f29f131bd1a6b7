//! What each part of a scenario becomes.
//!
//! A service whose machine has a type is a virtual machine of that type. One that says how many cores it has, or handles several requests at a time,
//! is a container. One that has one worker and says nothing of cores is a function: an instance of a function handles one request at a time. The
//! label `terraform: function`, `container`, `instance` or `none` says otherwise.

use super::{File, label};
use crate::Loaded;
use crate::written::node::{MachineSettings, NodeKeys, Workers};
use crate::written::queue::ConsumerSettings;
use serde_json::{Value, json};
use sim_core::problem::{Problem, nearest};
use sim_core::results::{NodeKind, SystemNode};
use sim_core::units::Cores;

/// What a part becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Users, who are outside.
    Outside,
    /// `aws_lambda_function`.
    Function,
    /// `aws_ecs_service` on Fargate.
    Container,
    /// `aws_instance`.
    Instance,
    /// `aws_sqs_queue`.
    Queue,
    /// `aws_dynamodb_table`.
    Table,
    /// `aws_elasticache_cluster`.
    Cache,
}

/// The kinds of resources that a service can be, by the word of its label.
const KINDS: [(&str, Option<Part>); 4] = [
    ("function", Some(Part::Function)),
    ("container", Some(Part::Container)),
    ("instance", Some(Part::Instance)),
    ("none", None),
];

impl Part {
    pub(super) fn is_outside(self) -> bool {
        self == Self::Outside
    }

    /// Whether it is reached at an address of the network.
    pub(super) fn has_address(self) -> bool {
        matches!(self, Self::Container | Self::Instance | Self::Cache)
    }

    /// Whether it runs code of its own, and so has a role.
    pub(super) fn runs(self) -> bool {
        matches!(self, Self::Function | Self::Container | Self::Instance)
    }

    /// Who takes on its role.
    fn principal(self) -> &'static str {
        match self {
            Self::Container => "ecs-tasks.amazonaws.com",
            Self::Instance => "ec2.amazonaws.com",
            _ => "lambda.amazonaws.com",
        }
    }
}

/// The keys of a node, with the defaults of the file.
fn keys<'a>(node: &SystemNode, loaded: &'a Loaded) -> Option<NodeKeys<'a>> {
    let written = &loaded.written;
    let name = node.name.as_str();
    let keys = match node.kind {
        NodeKind::Service => written.services.get(name)?.node_keys(),
        NodeKind::Store => written.stores.get(name)?.node_keys(),
        NodeKind::Cache => written.caches.get(name)?.node_keys(),
        NodeKind::Load | NodeKind::Queue => return None,
    };
    Some(keys.over(written.defaults.service.node_keys()))
}

/// What a node becomes; `None` if it is left out.
pub(super) fn of(node: &SystemNode, loaded: &Loaded) -> Result<Option<Part>, Problem> {
    let keys = keys(node, loaded);
    let wanted = keys.and_then(|keys| keys.labels).and_then(|labels| labels.get("terraform"));
    let asked = match wanted {
        None => None,
        Some(word) => Some(asked(node, word)?),
    };
    let own = match node.kind {
        NodeKind::Load => Part::Outside,
        NodeKind::Queue => Part::Queue,
        NodeKind::Store => Part::Table,
        // A cache without steps lies in the memory of its callers.
        NodeKind::Cache if node.instances == 0 => return Ok(None),
        NodeKind::Cache => Part::Cache,
        NodeKind::Service => return Ok(asked.unwrap_or_else(|| Some(service(&keys.unwrap_or_default())))),
    };
    match asked {
        Some(Some(_)) => {
            Err(Problem::error(path(node), "only a service can be a function, a container or an instance")
                .hint("terraform: none leaves it out"))
        }
        Some(None) => Ok(None),
        None => Ok(Some(own)),
    }
}

/// Where a node stands.
fn place(node: &SystemNode) -> String {
    let section = match node.kind {
        NodeKind::Store => "stores",
        NodeKind::Cache => "caches",
        NodeKind::Queue => "queues",
        NodeKind::Load => "load",
        NodeKind::Service => "services",
    };
    format!("{section}.{}", node.name)
}

/// Where the label of a node stands.
fn path(node: &SystemNode) -> String {
    format!("{}.labels.terraform", place(node))
}

/// What a label asks for.
fn asked(node: &SystemNode, word: &str) -> Result<Option<Part>, Problem> {
    if let Some((_, part)) = KINDS.iter().find(|(known, _)| *known == word) {
        return Ok(*part);
    }
    let problem = Problem::error(path(node), format!("\"{word}\" is no kind of resource"));
    let near = nearest(word, KINDS.iter().map(|(known, _)| *known)).map(|near| format!("did you mean {near}?"));
    Err(problem.hint(near.unwrap_or_else(|| "write function, container, instance or none".into())))
}

/// What a service without a label becomes.
fn service(keys: &NodeKeys) -> Part {
    let one_worker = matches!(keys.workers, Some(Workers::Limited(n)) if n.get() == 1);
    // A function has memory, and as much processor as goes with it.
    match keys.machine {
        Some(MachineSettings { kind: Some(_), .. }) => Part::Instance,
        None | Some(MachineSettings { cores: None, cpu_limit: None, .. }) if one_worker => Part::Function,
        _ => Part::Container,
    }
}

/// The resources of a part.
pub(super) fn write(file: &mut File, node: &SystemNode, part: Part, connects: bool, loaded: &Loaded) {
    let machine = keys(node, loaded).and_then(|keys| keys.machine);
    if connects {
        group(file, node);
    }
    if part.runs() {
        role(file, node, part, connects);
    }
    match part {
        Part::Outside => {}
        Part::Function => {
            one_at_a_time(file, node, loaded);
            function(file, node, machine, connects);
        }
        Part::Container => container(file, node, machine),
        Part::Instance => instance(file, node, machine),
        Part::Queue => queue(file, node, loaded),
        Part::Table => table(file, node),
        Part::Cache => cache(file, node, machine),
    }
}

/// The variable that holds the image of a part.
fn image(file: &mut File, node: &SystemNode) -> String {
    file.variable(&format!("{}_image", label(&node.name)), "string", &format!("The image of {}", node.name))
}

fn subnets(file: &mut File) -> String {
    file.variable("subnets", "list(string)", "The subnets in which parts run")
}

/// The security group of a part, with all ways out.
fn group(file: &mut File, node: &SystemNode) {
    let (label, name) = (label(&node.name), file.named(&node.name));
    let vpc = file.variable("vpc_id", "string", "The network in which parts run");
    file.resource("aws_security_group", &label, json!({"name": name, "vpc_id": vpc}));
    file.resource(
        "aws_vpc_security_group_egress_rule",
        &label,
        json!({"security_group_id": format!("${{aws_security_group.{label}.id}}"), "cidr_ipv4": "0.0.0.0/0", "ip_protocol": "-1"}),
    );
}

/// The identity as which a part does what `links` allow it.
fn role(file: &mut File, node: &SystemNode, part: Part, connects: bool) {
    let (label, name) = (label(&node.name), file.named(&node.name));
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": part.principal()}}],
    });
    file.resource("aws_iam_role", &label, json!({"name": name, "assume_role_policy": trust.to_string()}));
    if part == Part::Instance {
        let role = format!("${{aws_iam_role.{label}.name}}");
        file.resource("aws_iam_instance_profile", &label, json!({"name": name, "role": role}));
    }
    // A function in a network makes interfaces there, which its role has to allow.
    let managed = match part {
        Part::Function if connects => "service-role/AWSLambdaVPCAccessExecutionRole",
        Part::Function => "service-role/AWSLambdaBasicExecutionRole",
        _ => return,
    };
    let arguments = json!({
        "role": format!("${{aws_iam_role.{label}.name}}"),
        "policy_arn": format!("arn:aws:iam::aws:policy/{managed}"),
    });
    file.resource("aws_iam_role_policy_attachment", &label, arguments);
}

/// MiB that a function has at least and at most.
const FUNCTION_MIB: (u64, u64) = (128, 10_240);

/// Tells of a function that is to handle several requests at a time.
fn one_at_a_time(file: &mut File, node: &SystemNode, loaded: &Loaded) {
    let several = match keys(node, loaded).and_then(|keys| keys.workers) {
        Some(Workers::Limited(n)) if n.get() == 1 => return,
        Some(Workers::Limited(n)) => format!("{n} workers become one"),
        Some(Workers::Unlimited) | None => "its workers become one".to_owned(),
    };
    file.note(&place(node), format!("{several}: an instance of a function handles one request at a time"));
}

fn function(file: &mut File, node: &SystemNode, machine: Option<&MachineSettings>, connects: bool) {
    let label = label(&node.name);
    let mut arguments = json!({
        "function_name": file.named(&node.name),
        "role": format!("${{aws_iam_role.{label}.arn}}"),
        "package_type": "Image",
        "image_uri": image(file, node),
        "reserved_concurrent_executions": node.instances,
    });
    if let Some(memory) = machine.and_then(|machine| machine.memory) {
        let (wanted, (least, most)) = (mebibytes(memory.size.get()), FUNCTION_MIB);
        let given = wanted.clamp(least, most);
        if given != wanted {
            file.note(
                &place(node),
                format!("{wanted} MiB of memory become {given}: a function has from {least} to {most} MiB"),
            );
        }
        arguments["memory_size"] = json!(given);
    }
    if let Some(cores) = machine.and_then(|machine| machine.cpu_limit.or(machine.cores)) {
        file.note(&place(node), format!("its {cores} cores are left out: a function has processors by its memory"));
    }
    if connects {
        let group = format!("${{aws_security_group.{label}.id}}");
        arguments["vpc_config"] = json!({"subnet_ids": subnets(file), "security_group_ids": [group]});
    }
    file.resource("aws_lambda_function", &label, arguments);
}

/// Whole MiB that hold so many bytes.
fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// CPU units of Fargate, and the least and the most MiB that go with them.
const FARGATE: [(u64, u64, u64); 7] = [
    (256, 512, 2048),
    (512, 1024, 4096),
    (1024, 2048, 8192),
    (2048, 4096, 16_384),
    (4096, 8192, 30_720),
    (8192, 16_384, 61_440),
    (16_384, 32_768, 122_880),
];

/// The smallest size of Fargate that has so many CPU units and MiB, or the largest that there is. Memory comes in steps of 1 GiB, of 4 GiB with 8
/// CPUs, and of 8 GiB with 16; 512 MiB come with the smallest alone.
pub(super) fn fargate(units: u64, memory: u64) -> (u64, u64) {
    let fits = FARGATE.iter().find(|(cpu, _, most)| *cpu >= units && *most >= memory);
    let (cpu, least, most) = *fits.unwrap_or(&FARGATE[FARGATE.len() - 1]);
    let step = match cpu {
        8192 => 4096,
        16_384 => 8192,
        _ => 1024,
    };
    let whole = if memory <= least { least } else { memory.div_ceil(step) * step };
    (cpu, whole.clamp(least, most))
}

fn container(file: &mut File, node: &SystemNode, machine: Option<&MachineSettings>) {
    let (label, name) = (label(&node.name), file.named(&node.name));
    let cores = machine.and_then(|machine| machine.cpu_limit.or(machine.cores)).map_or(0.0, Cores::get);
    let memory = machine.and_then(|machine| machine.memory).map_or(0, |memory| mebibytes(memory.size.get()));
    let units = (cores * 1024.0).ceil() as u64;
    let (cpu, mebibytes) = fargate(units, memory);
    if units > cpu || memory > mebibytes {
        let given = format!("{} cores and {mebibytes} MiB", cpu / 1024);
        file.note(&place(node), format!("{cores} cores and {memory} MiB become {given}: Fargate has no larger size"));
    } else if units == 0 {
        let given = format!("{cpu} CPU units and {mebibytes} MiB");
        file.note(&place(node), format!("it says no cores, so it has the smallest size of Fargate that fits: {given}"));
    }
    let execution = file.variable("execution_role_arn", "string", "The role that pulls images and writes logs");
    let definition = json!([{"name": node.name, "image": image(file, node), "essential": true}]);
    let cluster = file.named("cluster");
    file.resource("aws_ecs_cluster", "this", json!({"name": cluster}));
    file.resource(
        "aws_ecs_task_definition",
        &label,
        json!({
            "family": name,
            "requires_compatibilities": ["FARGATE"],
            "network_mode": "awsvpc",
            "cpu": cpu.to_string(),
            "memory": mebibytes.to_string(),
            "execution_role_arn": execution,
            "task_role_arn": format!("${{aws_iam_role.{label}.arn}}"),
            "container_definitions": definition.to_string(),
        }),
    );
    let network = json!({"subnets": subnets(file), "security_groups": [format!("${{aws_security_group.{label}.id}}")]});
    file.resource(
        "aws_ecs_service",
        &label,
        json!({
            "name": name,
            "cluster": "${aws_ecs_cluster.this.id}",
            "task_definition": format!("${{aws_ecs_task_definition.{label}.arn}}"),
            "desired_count": node.instances,
            "launch_type": "FARGATE",
            "network_configuration": network,
        }),
    );
}

/// The type of a machine, or a variable for it.
fn machine_type(file: &mut File, node: &SystemNode, machine: Option<&MachineSettings>) -> String {
    // What begins a template in Terraform is text in a scenario.
    let literal = |kind: &String| kind.replace("${", "$${").replace("%{", "%%{");
    let written = machine.and_then(|machine| machine.kind.as_ref()).map(literal);
    let variable = format!("{}_type", label(&node.name));
    written.unwrap_or_else(|| file.variable(&variable, "string", &format!("The type of machine of {}", node.name)))
}

fn instance(file: &mut File, node: &SystemNode, machine: Option<&MachineSettings>) {
    let label = label(&node.name);
    subnets(file);
    let ami = file.variable(&format!("{label}_ami"), "string", &format!("The machine image of {}", node.name));
    let arguments = json!({
        "count": node.instances,
        "ami": ami,
        "instance_type": machine_type(file, node, machine),
        "subnet_id": "${element(var.subnets, count.index)}",
        "vpc_security_group_ids": [format!("${{aws_security_group.{label}.id}}")],
        "iam_instance_profile": format!("${{aws_iam_instance_profile.{label}.name}}"),
        "tags": {"Name": file.named(&node.name)},
    });
    file.resource("aws_instance", &label, arguments);
}

/// Seconds for which a queue of SQS hides a message at most.
const HIDDEN_S: u64 = 43_200;

fn queue(file: &mut File, node: &SystemNode, loaded: &Loaded) {
    let mut arguments = json!({"name": file.named(&node.name)});
    // A queue has one visibility timeout and one place for dead letters: those of its first consumer.
    let mut consumers = loaded.written.queues.get(&node.name).into_iter().flat_map(|queue| queue.consumers.iter());
    if let Some((name, first)) = consumers.next() {
        let (wanted, given) = (first.visibility_timeout, seconds(first.visibility_timeout.ns()).min(HIDDEN_S));
        if wanted.ns() != given * 1_000_000_000 {
            let bound = "a queue hides messages for whole seconds, 12 h at most";
            file.note(&place(node), format!("the visibility timeout of {wanted} becomes {given}s: {bound}"));
        }
        arguments["visibility_timeout_seconds"] = json!(given);
        if let Some(dead) = &first.dead_letter {
            let policy = json!({
                "deadLetterTargetArn": format!("${{aws_sqs_queue.{}.arn}}", label(dead)),
                "maxReceiveCount": first.max_deliveries.get(),
            });
            arguments["redrive_policy"] = Value::String(policy.to_string());
        }
        let says = |consumer: &ConsumerSettings| {
            (consumer.visibility_timeout, consumer.dead_letter.clone(), consumer.max_deliveries)
        };
        for (other, _) in consumers.filter(|(_, consumer)| says(consumer) != says(first)) {
            let what = "visibility timeout, deliveries and dead letters";
            file.note(
                &place(node),
                format!("{what} of its consumer {other} are left out: a queue has one of each, those of {name}"),
            );
        }
    }
    file.resource("aws_sqs_queue", &label(&node.name), arguments);
}

/// Whole seconds that hold so many nanoseconds.
fn seconds(ns: u64) -> u64 {
    ns.div_ceil(1_000_000_000)
}

fn table(file: &mut File, node: &SystemNode) {
    if node.instances > 1 {
        let says = format!("its {} instances become a table, of which nobody sees the machines", node.instances);
        file.note(&place(node), says);
    }
    let arguments = json!({
        "name": file.named(&node.name),
        "billing_mode": "PAY_PER_REQUEST",
        "hash_key": "id",
        "attribute": [{"name": "id", "type": "S"}],
    });
    file.resource("aws_dynamodb_table", &label(&node.name), arguments);
}

/// Nodes of a cluster of memcached at most.
const CACHE_NODES: u32 = 40;

fn cache(file: &mut File, node: &SystemNode, machine: Option<&MachineSettings>) {
    let label = label(&node.name);
    let nodes = node.instances.min(CACHE_NODES);
    if nodes < node.instances {
        let what = format!("{} instances become {nodes}: a cluster of memcached has no more nodes", node.instances);
        file.note(&place(node), what);
    }
    let group = file.variable("cache_subnet_group", "string", "The subnet group of caches");
    let arguments = json!({
        "cluster_id": file.named(&node.name.to_lowercase().replace('_', "-")),
        "engine": "memcached",
        "node_type": machine_type(file, node, machine),
        "num_cache_nodes": nodes,
        "subnet_group_name": group,
        "security_group_ids": [format!("${{aws_security_group.{label}.id}}")],
    });
    file.resource("aws_elasticache_cluster", &label, arguments);
}
