//! What is exported is Terraform's JSON syntax: known resources with their arguments, labels that Terraform accepts, and references that lead
//! somewhere.

use super::super::program::Folder;
use super::SHOP;
use super::resources::problems;
use serde_json::Value;
use std::collections::BTreeSet;

pub fn exported(folder: &Folder, args: &[&str]) -> Value {
    let (status, out, told) = folder.run(&[&["export", "terraform"], args].concat());
    assert_eq!(status, 0, "{args:?}: {told}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
}

/// All resources and data sources: how they are referred to, type, label, arguments.
fn all(file: &Value) -> Vec<(String, &str, &str, &Value)> {
    let mut all = Vec::new();
    for (section, before) in [("resource", ""), ("data", "data.")] {
        for (kind, labels) in file.get(section).and_then(Value::as_object).into_iter().flatten() {
            for (label, arguments) in labels.as_object().unwrap() {
                all.push((format!("{before}{kind}.{label}"), kind.as_str(), label.as_str(), arguments));
            }
        }
    }
    all
}

/// All texts in a value.
fn texts<'v>(value: &'v Value, all: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => all.push(text),
        Value::Array(parts) => parts.iter().for_each(|part| texts(part, all)),
        Value::Object(parts) => parts.values().for_each(|part| texts(part, all)),
        _ => {}
    }
}

/// What is between `${` and `}` in a text.
fn templates(text: &str) -> Vec<&str> {
    text.split("${")
        .skip(1)
        .map(|rest| rest.split_once('}').unwrap_or_else(|| panic!("{text} is not closed")).0)
        .collect()
}

/// What is wrong with a file.
fn wrong(file: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for key in file.as_object().unwrap().keys() {
        if !["//", "terraform", "provider", "variable", "resource", "data"].contains(&key.as_str()) {
            wrong.push(format!("{key} is no block"));
        }
    }
    let everything = all(file);
    let mut there: BTreeSet<String> = everything.iter().map(|(name, ..)| name.clone()).collect();
    there.extend(file["variable"].as_object().unwrap().keys().map(|name| format!("var.{name}")));
    for (_, kind, label, arguments) in &everything {
        wrong.extend(problems(kind, label, arguments));
        let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
        if !label.starts_with(is_start) || label.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
        {
            wrong.push(format!("{label} is no label"));
        }
        let mut said = Vec::new();
        texts(arguments, &mut said);
        for template in said.into_iter().flat_map(templates) {
            if template == "element(var.subnets, count.index)" {
                continue;
            }
            let parts: Vec<&str> = template.split('.').collect();
            let name = match parts.as_slice() {
                ["var", name] => format!("var.{name}"),
                ["data", kind, label, _] => format!("data.{kind}.{label}"),
                [kind, label, _] => format!("{kind}.{label}"),
                _ => format!("{template}, of which the form is not known"),
            };
            if !there.contains(&name) {
                wrong.push(format!("{kind}.{label} refers to {name}"));
            }
        }
        // Texts that are JSON themselves.
        for key in ["assume_role_policy", "container_definitions", "redrive_policy"] {
            if let Some(text) = arguments.get(key).and_then(Value::as_str)
                && serde_json::from_str::<Value>(text).is_err()
            {
                wrong.push(format!("{kind}.{label}.{key} is no JSON: {text}"));
            }
        }
    }
    wrong
}

#[test]
fn every_shipped_scenario_is_exported_to_what_terraform_accepts() {
    let folder = Folder::new("export-all");
    let mut kinds = BTreeSet::new();
    for name in scenarios::builtin::shipped() {
        let file = exported(&folder, &[name]);
        assert_eq!(wrong(&file), Vec::<String>::new(), "{name}");
        kinds.extend(all(&file).into_iter().map(|(_, kind, ..)| kind.to_owned()));
    }
    folder.write("shop.yaml", SHOP);
    kinds.extend(all(&exported(&folder, &["shop.yaml"])).into_iter().map(|(_, kind, ..)| kind.to_owned()));
    let known: BTreeSet<String> = super::resources::KNOWN.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    assert_eq!(kinds, known, "every type that is known is used by some scenario");
}

#[test]
fn parts_have_their_sizes_and_links_their_permissions() {
    let folder = Folder::new("export-shop");
    folder.write("shop.yaml", SHOP);
    let file = exported(&folder, &["shop.yaml"]);
    assert_eq!(wrong(&file), Vec::<String>::new());
    let at = |path: &str| file.pointer(&format!("/resource/{path}")).unwrap_or_else(|| panic!("{path}: {file:#}"));
    assert_eq!(at("aws_lambda_function/checkout/reserved_concurrent_executions"), 40);
    assert_eq!(at("aws_lambda_function/checkout/memory_size"), 512);
    assert_eq!(at("aws_ecs_service/web/desired_count"), 3);
    assert_eq!(at("aws_ecs_task_definition/web/cpu"), "512");
    assert_eq!(at("aws_ecs_task_definition/web/memory"), "2048", "the least that holds 1.5 GiB");
    assert_eq!(
        (at("aws_instance/search/count"), at("aws_instance/search/instance_type")),
        (&2.into(), &"m5.large".into())
    );
    assert_eq!(at("aws_elasticache_cluster/sessions/num_cache_nodes"), 2);
    assert_eq!(at("aws_sqs_queue/jobs/visibility_timeout_seconds"), 90);
    let redrive: Value = serde_json::from_str(at("aws_sqs_queue/jobs/redrive_policy").as_str().unwrap()).unwrap();
    assert_eq!(
        (&redrive["maxReceiveCount"], &redrive["deadLetterTargetArn"]),
        (&3.into(), &"${aws_sqs_queue.dead.arn}".into())
    );
    assert_eq!(at("aws_lambda_event_source_mapping/jobs--mailer/function_name"), "${aws_lambda_function.mailer.arn}");
    let caller = "aws_vpc_security_group_ingress_rule/web--search/referenced_security_group_id";
    assert_eq!(at(caller), "${aws_security_group.web.id}");
    let actions = |link: &str| file["data"]["aws_iam_policy_document"][link]["statement"][0]["actions"].clone();
    assert_eq!(actions("checkout--orders"), serde_json::json!(["dynamodb:PutItem", "dynamodb:UpdateItem"]));
    assert_eq!(actions("search--orders"), serde_json::json!(["dynamodb:GetItem", "dynamodb:Query"]));
    assert_eq!(actions("checkout--jobs--sends"), serde_json::json!(["sqs:SendMessage"]));
    // What the scenario does not know has no default, so that Terraform asks.
    let variables = file["variable"].as_object().unwrap();
    assert!(
        variables.values().all(|variable| variable.get("default").is_none() && variable["description"].is_string())
    );
    assert!(variables.contains_key("checkout_image") && variables.contains_key("sessions_type"), "{variables:?}");
}

#[test]
fn labels_say_what_a_part_becomes_and_what_is_left_out() {
    let folder = Folder::new("export-labels");
    let with = |label: &str| {
        SHOP.replace("    instances: 40\n", &format!("    instances: 40\n    labels: {{terraform: {label}}}\n"))
    };
    folder.write("container.yaml", &with("container"));
    assert!(exported(&folder, &["container.yaml"])["resource"]["aws_ecs_service"]["checkout"].is_object());
    folder.write("none.yaml", &with("none"));
    let file = exported(&folder, &["none.yaml"]);
    assert!(!file.to_string().contains("checkout"), "{file:#}");
    assert_eq!(wrong(&file), Vec::<String>::new());
    for (label, says) in
        [("functoin", "did you mean function?"), ("lorry", "write function, container, instance or none")]
    {
        folder.write("wrong.yaml", &with(label));
        let (status, _, told) = folder.run(&["export", "terraform", "wrong.yaml"]);
        assert_eq!(status, 2);
        assert!(told.contains("services.checkout.labels.terraform") && told.contains(says), "{told}");
    }
    let (status, _, told) = folder.run(&["export", "terraform", "nowhere.yaml"]);
    assert_eq!((status, told.contains("nowhere.yaml")), (2, true));
}
