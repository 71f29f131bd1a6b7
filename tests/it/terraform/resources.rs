//! The arguments of the resources that an export uses, as the provider documents them (registry.terraform.io, hashicorp/aws 5 and 6): which are
//! required, which may be there, and what blocks hold. Only what is used or near to it is written down.

use serde_json::{Map, Value};

/// What an argument may be.
#[derive(Clone, Copy)]
pub enum Is {
    Text,
    Number,
    /// A list of texts, or a reference to one.
    Texts,
    /// A map of texts.
    Map,
    /// A block, or several.
    Block(&'static [Argument]),
}

/// An argument: its name, whether it is required, and what it is.
pub type Argument = (&'static str, bool, Is);

const NETWORK: &[Argument] =
    &[("subnets", true, Is::Texts), ("security_groups", false, Is::Texts), ("assign_public_ip", false, Is::Text)];
const VPC: &[Argument] = &[("subnet_ids", true, Is::Texts), ("security_group_ids", true, Is::Texts)];
const ATTRIBUTE: &[Argument] = &[("name", true, Is::Text), ("type", true, Is::Text)];
const STATEMENT: &[Argument] = &[
    ("sid", false, Is::Text),
    ("effect", false, Is::Text),
    ("actions", false, Is::Texts),
    ("resources", false, Is::Texts),
];
const RULE: &[Argument] = &[
    ("security_group_id", true, Is::Text),
    ("ip_protocol", true, Is::Text),
    ("cidr_ipv4", false, Is::Text),
    ("cidr_ipv6", false, Is::Text),
    ("from_port", false, Is::Number),
    ("to_port", false, Is::Number),
    ("referenced_security_group_id", false, Is::Text),
];

/// Resources and data sources by type.
pub const KNOWN: &[(&str, &[Argument])] = &[
    (
        "aws_dynamodb_table",
        &[
            ("name", true, Is::Text),
            ("hash_key", true, Is::Text),
            ("attribute", true, Is::Block(ATTRIBUTE)),
            ("billing_mode", false, Is::Text),
            ("read_capacity", false, Is::Number),
            ("write_capacity", false, Is::Number),
        ],
    ),
    ("aws_ecs_cluster", &[("name", true, Is::Text)]),
    (
        "aws_ecs_service",
        &[
            ("name", true, Is::Text),
            ("cluster", false, Is::Text),
            ("task_definition", false, Is::Text),
            ("desired_count", false, Is::Number),
            ("launch_type", false, Is::Text),
            ("network_configuration", false, Is::Block(NETWORK)),
        ],
    ),
    (
        "aws_ecs_task_definition",
        &[
            ("family", true, Is::Text),
            ("container_definitions", true, Is::Text),
            ("cpu", false, Is::Text),
            ("memory", false, Is::Text),
            ("network_mode", false, Is::Text),
            ("requires_compatibilities", false, Is::Texts),
            ("execution_role_arn", false, Is::Text),
            ("task_role_arn", false, Is::Text),
        ],
    ),
    (
        "aws_elasticache_cluster",
        &[
            ("cluster_id", true, Is::Text),
            ("engine", false, Is::Text),
            ("node_type", false, Is::Text),
            ("num_cache_nodes", false, Is::Number),
            ("subnet_group_name", false, Is::Text),
            ("security_group_ids", false, Is::Texts),
        ],
    ),
    ("aws_iam_instance_profile", &[("name", false, Is::Text), ("role", false, Is::Text)]),
    ("aws_iam_policy_document", &[("statement", false, Is::Block(STATEMENT))]),
    ("aws_iam_role", &[("assume_role_policy", true, Is::Text), ("name", false, Is::Text)]),
    ("aws_iam_role_policy", &[("role", true, Is::Text), ("policy", true, Is::Text), ("name", false, Is::Text)]),
    ("aws_iam_role_policy_attachment", &[("role", true, Is::Text), ("policy_arn", true, Is::Text)]),
    (
        "aws_instance",
        &[
            ("count", false, Is::Number),
            ("ami", false, Is::Text),
            ("instance_type", false, Is::Text),
            ("subnet_id", false, Is::Text),
            ("vpc_security_group_ids", false, Is::Texts),
            ("iam_instance_profile", false, Is::Text),
            ("tags", false, Is::Map),
        ],
    ),
    (
        "aws_lambda_event_source_mapping",
        &[("function_name", true, Is::Text), ("event_source_arn", false, Is::Text), ("batch_size", false, Is::Number)],
    ),
    (
        "aws_lambda_function",
        &[
            ("function_name", true, Is::Text),
            ("role", true, Is::Text),
            ("package_type", false, Is::Text),
            ("image_uri", false, Is::Text),
            ("memory_size", false, Is::Number),
            ("reserved_concurrent_executions", false, Is::Number),
            ("timeout", false, Is::Number),
            ("vpc_config", false, Is::Block(VPC)),
        ],
    ),
    ("aws_lambda_function_url", &[("function_name", true, Is::Text), ("authorization_type", true, Is::Text)]),
    ("aws_security_group", &[("name", false, Is::Text), ("vpc_id", false, Is::Text)]),
    (
        "aws_sqs_queue",
        &[
            ("name", false, Is::Text),
            ("visibility_timeout_seconds", false, Is::Number),
            ("redrive_policy", false, Is::Text),
        ],
    ),
    ("aws_vpc_security_group_egress_rule", RULE),
    ("aws_vpc_security_group_ingress_rule", RULE),
];

/// What is wrong with a resource.
pub fn problems(of: &str, label: &str, arguments: &Value) -> Vec<String> {
    let at = format!("{of}.{label}");
    let Some((_, known)) = KNOWN.iter().find(|(kind, _)| *kind == of) else {
        return vec![format!("{at}: no such type")];
    };
    match arguments.as_object() {
        Some(arguments) => of_block(&at, known, arguments),
        None => vec![format!("{at} is no map")],
    }
}

fn of_block(at: &str, known: &[Argument], arguments: &Map<String, Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, required, _) in known {
        if *required && !arguments.contains_key(*name) {
            wrong.push(format!("{at}: {name} is required"));
        }
    }
    for (name, value) in arguments {
        match known.iter().find(|(known, _, _)| known == name) {
            None => wrong.push(format!("{at}: {name} is no argument")),
            Some((_, _, is)) => wrong.extend(of_value(&format!("{at}.{name}"), *is, value)),
        }
    }
    wrong
}

fn of_value(at: &str, is: Is, value: &Value) -> Vec<String> {
    let is_reference = value.as_str().is_some_and(|text| text.starts_with("${") && text.ends_with('}'));
    let fits = match is {
        Is::Text => value.is_string(),
        Is::Number => value.is_u64() || is_reference,
        Is::Texts => is_reference || value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
        Is::Map => value.as_object().is_some_and(|all| all.values().all(Value::is_string)),
        Is::Block(known) => {
            let one = |block: &Value| {
                block.as_object().map_or_else(|| vec![format!("{at} is no block")], |b| of_block(at, known, b))
            };
            return value.as_array().map_or_else(|| one(value), |all| all.iter().flat_map(one).collect());
        }
    };
    if fits { Vec::new() } else { vec![format!("{at} is {value}")] }
}
