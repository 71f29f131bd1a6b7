//! Which resources of a plan are read, and which of their arguments: for people, as the program prints it. A test holds that it is whole.

use super::links::{OWNS, SPEAKS};
use super::parts::KNOWN;
use std::fmt::Write;

/// A type of resources that is no part of a scenario, and from which links are read.
struct Linking {
    kind: &'static str,
    /// What it tells.
    tells: &'static str,
    arguments: &'static str,
}

const fn linking(kind: &'static str, tells: &'static str, arguments: &'static str) -> Linking {
    Linking { kind, tells, arguments }
}

/// Types from which links are read.
const LINKING: [Linking; 15] = [
    linking(
        "data.aws_iam_policy_document",
        "what a policy allows",
        "statement, source_policy_documents, override_policy_documents",
    ),
    linking("aws_ecs_task_definition", "size and role of a task", "cpu, memory, task_role_arn, container_definitions"),
    linking("aws_iam_instance_profile", "the role of a machine", "role"),
    linking("aws_iam_policy", "what a policy allows", "policy"),
    linking("aws_iam_role", "who may do it", ""),
    linking("aws_iam_role_policy", "what a role may do", "role, policy"),
    linking("aws_iam_role_policy_attachment", "what a role may do", "role, policy_arn"),
    linking("aws_lambda_event_source_mapping", "who takes from a queue", "event_source_arn, function_name"),
    linking("aws_lambda_function_url", "what is asked from outside", "function_name"),
    linking("aws_lambda_permission", "what is asked from outside", "function_name"),
    linking(
        "aws_launch_template",
        "type and role of a machine",
        "instance_type, iam_instance_profile, vpc_security_group_ids",
    ),
    linking("aws_security_group", "who may connect", "ingress"),
    linking(
        "aws_security_group_rule",
        "who may connect",
        "type, security_group_id, source_security_group_id, cidr_blocks, ipv6_cidr_blocks",
    ),
    linking("aws_sqs_queue_redrive_policy", "where dead letters go", "queue_url, redrive_policy"),
    linking(
        "aws_vpc_security_group_ingress_rule",
        "who may connect",
        "security_group_id, referenced_security_group_id, cidr_ipv4, cidr_ipv6",
    ),
];

/// What is read of a plan.
pub fn text() -> String {
    let mut text = String::from("Parts of the scenario, and what their sizes are read from:\n");
    for known in &KNOWN {
        let _ = writeln!(text, "  {:34} {:9} {}", known.kind, known.sort.word(), known.arguments);
    }
    text.push_str("\nLinks between them are read from:\n");
    for Linking { kind, tells, arguments } in &LINKING {
        let _ = writeln!(text, "{}", format!("  {kind:36} {tells:27} {arguments}").trim_end());
    }
    let _ = writeln!(text, "\nWhat a part runs as, and where it stands: {}.", OWNS.join(", "));
    let _ = writeln!(text, "What a part is told of others: {}, container_definitions.", SPEAKS.join(", "));
    text
}
