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

/// What a resource cannot be is said at the part, on standard error and in the file, and nothing is said of what is as it was written.
#[test]
fn what_becomes_otherwise_is_said() {
    let folder = Folder::new("export-bounds");
    let text = "\
scenario: Bounds
question: What does not fit?
run: {duration: 10s}
load: {users: {to: big.get, arrive: {poisson: {rate: 1/s}}}}
services:
  big: {workers: 8, machine: {cores: 64, memory: {size: 200GiB}}, endpoints: {get: {steps: [{call: {to: jobs.send}}, {call: {to: code.get}}, {call: {to: small.get}}, {lookup: {cache: shared, miss: [{work: 1ms}]}}]}}}
  fits: {workers: 8, machine: {cores: 4, memory: {size: 8GiB}}, endpoints: {a: {steps: [{work: 1ms}]}, b: {steps: [{work: 1ms}]}, c: {steps: [{work: 1ms}]}}}
  code: {workers: 1, machine: {memory: {size: 20GiB}}, endpoints: {get: {steps: [{work: 1ms}]}}}
  small: {workers: 4, labels: {terraform: function}, machine: {memory: {size: 64MiB}}, endpoints: {get: {steps: [{work: 1ms}]}}}
caches:
  shared: {instances: 50, workers: 8, contents: {fixed: {hit_ratio: 90%}}, steps: [{work: 100us}]}
queues:
  dead: {}
  jobs:
    consumers:
      first: {to: fits.a, visibility_timeout: 90s}
      same: {to: fits.b, visibility_timeout: 90s}
      other: {to: fits.c, visibility_timeout: 24h, dead_letter: dead}
  slow: {consumers: {only: {to: fits.a, visibility_timeout: 24h}}}
";
    folder.write("bounds.yaml", text);
    let (status, out, told) = folder.run(&["export", "terraform", "bounds.yaml"]);
    assert_eq!(status, 0, "{told}");
    let file: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(wrong(&file), Vec::<String>::new());
    let expected = [
        "services.big: 64 cores and 204800 MiB become 16 cores and 122880 MiB: Fargate has no larger size",
        "services.code: 20480 MiB of memory become 10240: a function has from 128 to 10240 MiB",
        "services.small: 4 workers become one: an instance of a function handles one request at a time",
        "services.small: 64 MiB of memory become 128: a function has from 128 to 10240 MiB",
        "caches.shared: 50 instances become 40: a cluster of memcached has no more nodes",
        "queues.jobs: visibility timeout, deliveries and dead letters of its consumer other are left out: a queue has one of each, those of first",
        "queues.slow: the visibility timeout of 1d becomes 43200s: a queue hides messages for whole seconds, 12 h at most",
    ];
    let noted: BTreeSet<&str> = told.lines().filter_map(|line| line.strip_prefix("note: ")).collect();
    assert_eq!(noted, BTreeSet::from(expected), "{told}");
    let head = file["//"].as_str().unwrap();
    assert!(expected.iter().all(|note| head.contains(&format!("\n{note}."))), "{head}");
    let quiet = folder.run(&["export", "terraform", "bounds.yaml", "--quiet"]);
    assert!(!quiet.2.contains("note: "), "{}", quiet.2);
    // A shop says nothing of how large its containers are only where it does not.
    folder.write("shop.yaml", SHOP);
    let (_, _, told) = folder.run(&["export", "terraform", "shop.yaml"]);
    assert!(!told.contains("note: "), "{told}");
    folder.write("shop.yaml", &SHOP.replace("cpu_limit: 500m, ", ""));
    let (_, _, told) = folder.run(&["export", "terraform", "shop.yaml"]);
    assert!(told.contains("note: services.web: it says no cores, so it has the smallest size of Fargate that fits: 256 CPU units and 2048 MiB"), "{told}");
}

/// Texts of a scenario are texts in Terraform, whatever they contain, and a file that was changed by hand is not lost.
#[test]
fn texts_begin_no_templates_and_files_are_not_overwritten() {
    let folder = Folder::new("export-texts");
    folder.write("shop.yaml", &SHOP.replace("m5.large", "\"${file(1)}%{x}\""));
    let (status, _, told) = folder.run(&["export", "terraform", "shop.yaml", "--out", "main.tf.json"]);
    assert_eq!(status, 0, "{told}");
    let file = std::fs::read_to_string(folder.join("main.tf.json")).unwrap();
    assert!(file.contains(r#""instance_type": "$${file(1)}%%{x}""#), "{file}");
    let (status, _, told) = folder.run(&["export", "terraform", "shop.yaml", "--out", "main.tf.json"]);
    assert!(status == 2 && told.contains("main.tf.json exists already"), "{told}");
    assert_eq!(std::fs::read_to_string(folder.join("main.tf.json")).unwrap(), file);
}
