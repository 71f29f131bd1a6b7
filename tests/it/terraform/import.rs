//! Plans modelled on real ones, with modules, `count`, `for_each` and values that are not known yet.

use super::super::program::Folder;
use super::super::root;
use scenarios::terraform::import::{FILL_IN, Imported, import};

fn plan(name: &str) -> Vec<u8> {
    std::fs::read(root().join(format!("tests/it/terraform/plans/{name}.json"))).unwrap()
}

fn imported(name: &str) -> Imported {
    import(name, &plan(name)).unwrap_or_else(|problem| panic!("{name}: {}", problem.message))
}

/// The lines of an entry: from `name:` to the next line that is indented as much.
fn entry(text: &str, name: &str) -> String {
    let mut lines = text.lines().skip_while(|line| *line != format!("  {name}:"));
    let first = lines.next().unwrap_or_else(|| panic!("no {name}: {text}"));
    let rest: Vec<&str> = lines.take_while(|line| line.starts_with("    ")).collect();
    format!("{first}\n{}\n", rest.join("\n"))
}

#[test]
fn modules_and_keys_become_parts_with_their_links() {
    let text = imported("modules").text;
    // Counted machines are instances of one service; a module for each key is a part for each.
    let web = entry(&text, "web");
    assert!(web.contains("instances: 3") && web.contains("machine: {type: \"m5.large\"}"), "{web}");
    // Through a policy that is attached, a document, and an output of a module.
    assert!(web.contains("{to: orders.read}") && web.contains("{to: api.handle, timeout: 10s}"), "{web}");
    let email = entry(&text, "worker-email");
    assert!(email.contains("instances: 10\n") && email.contains("memory: {size: 512MiB}"), "{email}");
    assert!(email.contains("{to: orders.write}") && !email.contains("orders.read"), "{email}");
    // Known after the plan only: not guessed.
    assert!(entry(&text, "worker-sms").contains("instances: FILL_IN"), "{text}");
    // Each queue has the consumer of its own key.
    let queue = entry(&text, "jobs-email");
    assert!(queue.contains("to: worker-email.handle") && !queue.contains("worker-sms"), "{queue}");
    assert!(queue.contains("visibility_timeout: 120s") && queue.contains("dead_letter: dead"), "{queue}");
    assert!(queue.contains("max_deliveries: FILL_IN  # the plan does not know it yet"), "{queue}");
    // A reference with a key means that one; a name in the environment does not say what is done there.
    let api = entry(&text, "api");
    assert!(api.contains("{to: jobs-email.send}") && !api.contains("jobs-sms"), "{api}");
    assert!(text.contains("# api has to do with api-audit; the plan does not tell what it does there."), "{text}");
    // What is asked from outside has a load, whose rate nobody knows.
    assert!(text.contains("  to-api: {to: api.handle, timeout: 10s, arrive: {poisson: {rate: FILL_IN}}}"), "{text}");
    assert!(!text.contains("to-dead") && !text.contains("to-worker"), "{text}");
    assert!(text.contains("# read_capacity is 20"), "{text}");
    // What could not be followed is said at its place, and what is no part is counted.
    for lost in [
        "module.api.aws_iam_role_policy.lost.policy: local.orders_arn, which plans do not contain",
        "aws_sqs_queue.jobs, of which there are 2",
    ] {
        assert!(text.contains(lost), "{lost}: {text}");
    }
    assert!(text.contains("1 aws_s3_bucket"), "{text}");
}

#[test]
fn containers_databases_and_groups_have_their_sizes() {
    let text = imported("machines").text;
    let has = |name: &str, says: &[&str]| {
        says.iter().for_each(|says| assert!(entry(&text, name).contains(says), "{says}: {text}"));
    };
    has("shop", &["instances: 4", "cores: 600m, memory: {size: 1536MiB}"]);
    // One container without a limit leaves the pod without one.
    has("cron", &["instances: FILL_IN  # the plan does not know how many pods run"]);
    assert!(!entry(&text, "cron").contains("cores"), "{text}");
    has("main", &["machine: {type: \"db.r6g.large\"}", "access: FILL_IN"]);
    assert!(text.contains("# engine is postgres") && text.contains("# it has a standby in another zone"), "{text}");
    has("sessions", &["instances: 2", "cache.t4g.small", "hit_ratio: FILL_IN"]);
    has("batch", &["instances: FILL_IN", "c7g.xlarge"]);
    assert!(text.contains("# min_size is 2") && text.contains("# max_size is 10"), "{text}");
    has("api", &["instances: 6", "cores: 500m, memory: {size: 1024MiB}"]);
    // The task's environment names the database; a rule of addresses lets it reach the cache; a balancer is outside.
    assert!(text.contains("# api has to do with main") && text.contains("# shop has to do with main"), "{text}");
    has("api", &["lookup: {cache: sessions"]);
    assert!(text.contains("to-api: ") && !text.contains("to-main"), "{text}");
}

#[test]
fn what_a_plan_does_not_tell_is_refused_at_its_place_until_it_is_filled_in() {
    let folder = Folder::new("import");
    for name in ["modules", "machines"] {
        std::fs::write(folder.0.join("plan.json"), plan(name)).unwrap();
        let out = format!("{name}.yaml");
        let (status, printed, told) = folder.run(&["import", "terraform", "plan.json", "--out", &out]);
        assert_eq!((status, printed.as_str()), (0, ""), "{told}");
        let text = std::fs::read_to_string(folder.0.join(&out)).unwrap();
        let gaps = imported(name).gaps;
        let without_comments: usize =
            text.lines().map(|line| line.split('#').next().unwrap().matches(FILL_IN).count()).sum();
        assert!(!gaps.is_empty() && gaps.len() == without_comments, "{} of {without_comments}: {text}", gaps.len());
        let (status, refused, _) = folder.run(&["validate", &out]);
        assert_eq!(status, 2, "{refused}");
        for gap in &gaps {
            assert!(told.contains(&format!("{out}:{} {}: {}", gap.line, gap.path, gap.why)), "{told}");
            assert!(
                refused.contains(&format!("{out}:{}:", gap.line)),
                "line {} ({}) is not refused: {refused}",
                gap.line,
                gap.path
            );
        }
        // A second import would lose what was filled in.
        let (status, _, told) = folder.run(&["import", "terraform", "plan.json", "--out", &out]);
        assert!(status == 2 && told.contains("exists already"), "{told}");
    }
}

#[test]
fn what_is_no_plan_is_refused() {
    let folder = Folder::new("import-bad");
    let deep = format!(
        "{}{}",
        r#"{"format_version":"1.2","planned_values":{"root_module":{"child_modules":[{"address":"module.a","#, ""
    );
    let nested = (0..40).fold(String::from("{}"), |inner, _| format!(r#"{{"child_modules":[{inner}]}}"#));
    let nested = format!(r#"{{"format_version":"1.2","planned_values":{{"root_module":{nested}}}}}"#);
    let of = |modules: &str| format!(r#"{{"format_version":"1.2","planned_values":{{"root_module":{modules}}}}}"#);
    for (text, says) in [
        ("", "this is no JSON"),
        ("resource \"aws_sqs_queue\" \"q\" {}", "this is no JSON"),
        (deep.as_str(), "this is no JSON"),
        ("[]", "it has no format_version"),
        (r#"{"format_version":"2.0"}"#, "the plan has format 2.0"),
        (r#"{"format_version":"1.0","values":{}}"#, "this is a state and no plan"),
        (r#"{"format_version":"1.0"}"#, "it has no planned_values"),
        (r#"{"format_version":"1.2","errored":true}"#, "it ended with an error"),
        (&of(r#"{"resources":[{"mode":"managed"}]}"#), "a planned resource has no address"),
        (&of(r#"{"child_modules":[{"address":"nonsense"}]}"#), "is no address of a module"),
        (&of("{}"), "the plan has 0 resources"),
        (&nested, "more than 32 deep"),
    ] {
        folder.write("plan.json", text);
        let (status, out, told) = folder.run(&["import", "terraform", "plan.json"]);
        assert_eq!((status, out.as_str()), (2, ""), "{text}: {told}");
        assert!(told.contains("plan.json: ") && told.contains(says) && told.contains("hint: "), "{says}: {told}");
    }
    let (status, _, told) = folder.run(&["import", "terraform", "nowhere.json"]);
    assert!(status == 2 && told.contains("nowhere.json"), "{told}");
}

/// Modules whose outputs and variables refer to each other in a circle end, and what is not known in a plan is not made up.
#[test]
fn circles_end_and_hostile_names_stay_names() {
    let plan = r#"{"format_version":"1.2","planned_values":{"root_module":{
        "resources":[{"address":"aws_sqs_queue.q","mode":"managed","type":"aws_sqs_queue","name":"q: {a: b}\n  evil","values":{}},
                     {"address":"aws_lambda_event_source_mapping.m","mode":"managed","type":"aws_lambda_event_source_mapping","name":"m","values":{}}],
        "child_modules":[{"address":"module.a","resources":[]}]}},
        "configuration":{"root_module":{"resources":[{"mode":"managed","type":"aws_lambda_event_source_mapping","name":"m",
            "expressions":{"event_source_arn":{"references":["module.a.x"]},"function_name":{"references":["module.a.x"]}}}],
        "module_calls":{"a":{"expressions":{"v":{"references":["module.a.x"]}},"module":{"outputs":{"x":{"expression":{"references":["var.v"]}}}}}}}}}"#;
    let text = import("x: \"y\"\n", plan.as_bytes()).unwrap().text;
    assert!(text.contains("  q-a-b-evil:\n") && !text.contains("\n  evil"), "{text}");
    assert!(text.contains(r#"scenario: "The system of x: \"y\"\n""#), "{text}");
}
