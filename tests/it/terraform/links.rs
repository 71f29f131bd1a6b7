//! Links are those that a plan tells: of a policy each statement with its own actions, of a rule its own groups, of keys those that are known.

use super::plan_of;
use scenarios::terraform::import::import;
use serde_json::{Value, json};

fn text(resources: &[(&str, &str, Option<&str>, Value)], configuration: &[(&str, &str, &str, Value)]) -> String {
    import("p", &plan_of(resources, configuration)).unwrap_or_else(|problem| panic!("{}", problem.message)).text
}

fn refers(to: &[&str]) -> Value {
    json!({"references": to})
}

const TABLE: &str = "aws_dynamodb_table";
const QUEUE: &str = "aws_sqs_queue";
const LAMBDA: &str = "aws_lambda_function";
const DOCUMENT: &str = "aws_iam_policy_document";

/// A function with a role, tables and queues, and its policy, which is `policy` and refers to `references`.
fn with_policy(policy: Option<&Value>, references: &[&str], documents: &[(&str, Value)]) -> String {
    let values = policy.map_or_else(|| json!({}), |policy| json!({"policy": policy.to_string()}));
    let parts = [
        (LAMBDA, "api", None, json!({"reserved_concurrent_executions": 4})),
        (TABLE, "catalog", None, json!({"name": "shop-catalog"})),
        (TABLE, "audit", None, json!({"arn": "arn:aws:dynamodb:eu-west-1:1:table/audit"})),
        (TABLE, "ledger", None, json!({"name": "ledger"})),
        (QUEUE, "inbox", None, json!({"visibility_timeout_seconds": 30})),
        (QUEUE, "outbox", None, json!({})),
        ("aws_iam_role", "r", None, json!({})),
        ("aws_iam_role_policy", "p", None, values),
    ];
    let mut configuration = vec![
        ("managed", LAMBDA, "api", json!({"role": refers(&["aws_iam_role.r.arn", "aws_iam_role.r"])})),
        (
            "managed",
            "aws_iam_role_policy",
            "p",
            json!({"role": refers(&["aws_iam_role.r.id"]), "policy": refers(references)}),
        ),
    ];
    configuration.extend(documents.iter().map(|(name, statements)| ("data", DOCUMENT, *name, statements.clone())));
    text(&parts, &configuration)
}

fn statement(effect: Option<&str>, actions: &[&str], resources: &[&str]) -> Value {
    let mut statement = json!({"actions": {"constant_value": actions}, "resources": refers(resources)});
    if let Some(effect) = effect {
        statement["effect"] = json!({"constant_value": effect});
    }
    statement
}

#[test]
fn a_statement_allows_its_own_actions_on_its_own_resources() {
    let inner = json!({"statement": [
        statement(None, &["dynamodb:GetItem"], &["aws_dynamodb_table.catalog.arn", "aws_dynamodb_table.catalog"]),
        statement(Some("Allow"), &["dynamodb:PutItem"], &["aws_dynamodb_table.audit.arn"]),
    ]});
    let outer = json!({
        "source_policy_documents": refers(&["data.aws_iam_policy_document.inner.json"]),
        "statement": [
            statement(None, &["sqs:ReceiveMessage", "sqs:DeleteMessage"], &["aws_sqs_queue.inbox.arn"]),
            statement(None, &["sqs:SendMessage"], &["aws_sqs_queue.outbox.arn"]),
            statement(Some("Deny"), &["dynamodb:PutItem"], &["aws_dynamodb_table.ledger.arn"]),
        ],
    });
    let text = with_policy(None, &["data.aws_iam_policy_document.outer.json"], &[("inner", inner), ("outer", outer)]);
    for says in ["{to: catalog.read}", "{to: audit.write}", "{to: outbox.send}"] {
        assert!(text.contains(says), "{says}: {text}");
    }
    for never in ["catalog.write", "audit.read", "ledger.", "call: {to: inbox", "Not followed"] {
        assert!(!text.contains(never), "{never}: {text}");
    }
    assert!(text.contains("consumers:\n      api:") && text.contains("  outbox:\n    consumers: {}"), "{text}");
    assert!(text.contains("  ledger:\n"), "{text}");
}

#[test]
fn a_wildcard_means_all_that_begin_so() {
    let of = |actions: &[&str], table: &str| {
        with_policy(
            None,
            &["data.aws_iam_policy_document.d.json"],
            &[("d", json!({"statement": [statement(None, actions, &[table])]}))],
        )
    };
    let table = "aws_dynamodb_table.ledger.arn";
    let text = of(&["dynamodb:GetItem", "dynamodb:Put*"], table);
    assert!(text.contains("to: ledger.read") && text.contains("to: ledger.write"), "{text}");
    let text = of(&["dynamodb:Batch*"], table);
    assert!(text.contains("to: ledger.read") && text.contains("to: ledger.write"), "{text}");
    let text = of(&["dynamodb:Get*"], table);
    assert!(text.contains("to: ledger.read") && !text.contains("to: ledger.write"), "{text}");
    let text = of(&["sqs:Send*"], "aws_sqs_queue.outbox.arn");
    assert!(text.contains("to: outbox.send"), "{text}");
}

#[test]
fn a_statement_of_a_text_about_all_resources_is_about_each() {
    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:eu-west-1:1:table/ledger"},
        {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"},
    ]});
    let text = with_policy(Some(&policy), &["aws_dynamodb_table.ledger.arn"], &[]);
    assert!(text.contains("to: ledger.read") && text.contains("to: ledger.write"), "{text}");
}

#[test]
fn a_text_that_is_known_is_read_statement_by_statement() {
    let all = ["aws_dynamodb_table.catalog.arn", "aws_dynamodb_table.audit.arn", "aws_dynamodb_table.ledger.arn"];
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:eu-west-1:1:table/shop-catalog"},
        {"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": ["arn:aws:dynamodb:eu-west-1:1:table/audit"]},
        {"Effect": "Deny", "Action": ["dynamodb:*"], "Resource": ["arn:aws:dynamodb:eu-west-1:1:table/ledger"]},
    ]});
    let text = with_policy(Some(&policy), &all, &[]);
    assert!(text.contains("{to: catalog.read}") && text.contains("{to: audit.write}"), "{text}");
    for never in ["catalog.write", "audit.read", "ledger.", "has to do with"] {
        assert!(!text.contains(never), "{never}: {text}");
    }
    // One statement alone speaks of all.
    let one = json!({"Statement": {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": ["a", "b"]}});
    let text = with_policy(Some(&one), &all[..2], &[]);
    assert!(text.contains("{to: catalog.read}") && text.contains("{to: audit.read}"), "{text}");
    // Of a text that is made of others, nobody knows the statements.
    let text = with_policy(None, &all[..2], &[]);
    assert!(text.contains("api has to do with catalog") && !text.contains("{to: catalog"), "{text}");
    let lost = "Not followed, at aws_iam_role_policy.p.policy: which actions are allowed";
    assert!(text.contains(lost), "{text}");
}

#[test]
fn a_computed_effect_or_action_is_not_guessed() {
    let mut computed = statement(None, &["dynamodb:GetItem"], &["aws_dynamodb_table.catalog.arn"]);
    computed["effect"] = refers(&["var.effect"]);
    let not = json!({"not_actions": {"constant_value": ["dynamodb:PutItem"]}, "resources": refers(&["aws_dynamodb_table.audit.arn"])});
    let document = json!({"statement": [computed, not]});
    let text = with_policy(None, &["data.aws_iam_policy_document.d.json"], &[("d", document)]);
    for name in ["catalog", "audit"] {
        assert!(text.contains(&format!("api has to do with {name};")), "{text}");
    }
    assert!(!text.contains("catalog.read") && text.contains("which actions are allowed"), "{text}");
}

/// What `each.value` is, a plan does not tell: the key is not taken for it.
#[test]
fn a_value_of_each_is_not_its_key() {
    let mapping = "aws_lambda_event_source_mapping";
    let of = |kind: &'static str, name: &'static str| ["a", "b"].map(|key| (kind, name, Some(key), json!({})));
    let resources: Vec<_> = of(LAMBDA, "w").into_iter().chain(of(QUEUE, "q")).chain(of(mapping, "m")).collect();
    let with = |queue: &[&str]| {
        let function = refers(&["aws_lambda_function.w", "each.key"]);
        text(
            &resources,
            &[("managed", mapping, "m", json!({"function_name": function, "event_source_arn": refers(queue)}))],
        )
    };
    let known = with(&["aws_sqs_queue.q", "each.key"]);
    assert!(known.contains("  q-a:\n    consumers:\n      w-a:") && !known.contains("Not followed"), "{known}");
    for queue in [
        vec!["aws_sqs_queue.q", "each.value.queue", "each.value"],
        vec!["aws_sqs_queue.q", "each.value"],
        vec!["aws_sqs_queue.q", "each.value", "each.key"],
    ] {
        let text = with(&queue);
        assert!(text.contains("aws_sqs_queue.q, of which there are 2"), "{queue:?}: {text}");
        assert!(!text.contains("visibility_timeout"), "{queue:?}: {text}");
    }
}

#[test]
fn rules_within_a_group_are_read() {
    const MACHINE: &str = "aws_instance";
    const GROUP: &str = "aws_security_group";
    let parts = |ingress: Value| {
        [
            (MACHINE, "web", None, json!({"instance_type": "m5.large"})),
            (MACHINE, "app", None, json!({"instance_type": "m5.large"})),
            (GROUP, "web", None, json!({"ingress": [{"cidr_blocks": ["0.0.0.0/0"], "from_port": 443}]})),
            (GROUP, "app", None, json!({"ingress": ingress})),
        ]
    };
    let in_group = |name: &str| json!({"vpc_security_group_ids": refers(&[&format!("aws_security_group.{name}.id")])});
    // A plan has the references of all rules together, or those of each.
    for ingress in [
        refers(&["aws_security_group.web.id", "aws_security_group.web"]),
        json!([{"security_groups": refers(&["aws_security_group.web.id"])}]),
    ] {
        let configuration = [
            ("managed", MACHINE, "web", in_group("web")),
            ("managed", MACHINE, "app", in_group("app")),
            ("managed", GROUP, "app", json!({"ingress": ingress})),
        ];
        let text = text(&parts(json!([])), &configuration);
        assert!(text.contains("{call: {to: app.handle}}"), "{text}");
        assert!(text.contains("  to-web: {") && !text.contains("to-app"), "{text}");
    }
    // What is open to the addresses of version 6 alone is open.
    let text = text(&parts(json!([{"ipv6_cidr_blocks": ["::/0"]}])), &[("managed", MACHINE, "app", in_group("app"))]);
    assert!(text.contains("  to-app: {"), "{text}");
}

#[test]
fn a_key_with_quotes_and_brackets_in_it_is_a_key() {
    let plan = json!({"format_version": "1.2", "planned_values": {"root_module": {"child_modules": [{
        "address": r#"module.a["x\"]y"]"#,
        "resources": [{"address": "q", "mode": "managed", "type": QUEUE, "name": "this", "values": {}}],
    }]}}});
    let text = import("p", plan.to_string().as_bytes()).unwrap().text;
    assert!(text.contains("  a-x-y:\n"), "{text}");
}
