//! Plans that nobody would write by hand: chains and sizes without end, names that collide, circles. Each ends in a scenario whose gaps are said.

use super::super::program::Folder;
use super::plan_of;
use scenarios::terraform::import::{FILL_IN, Imported, import};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;

const LAMBDA: &str = "aws_lambda_function";

fn imported(resources: &[(&str, &str, Option<&str>, Value)], configuration: &[(&str, &str, &str, Value)]) -> Imported {
    import("p", &plan_of(resources, configuration)).unwrap_or_else(|problem| panic!("{}", problem.message))
}

fn refers(to: &str) -> Value {
    json!({"references": [to]})
}

#[test]
fn a_chain_of_references_ends() {
    let names: Vec<String> = (0..20_001).map(|n| format!("d{n}")).collect();
    let links: Vec<Value> = names[1..].iter().map(|next| json!({"q": refers(&format!("data.x.{next}.y"))})).collect();
    let mut configuration = vec![("managed", LAMBDA, "a", json!({"role": refers("data.x.d0.y")}))];
    configuration.extend(names.iter().zip(links).map(|(name, link)| ("data", "x", name.as_str(), link)));
    let text = imported(&[(LAMBDA, "a", None, json!({}))], &configuration).text;
    assert!(text.contains("aws_lambda_function.a.role: what lies behind more than 256 references"), "{text}");
}

#[test]
fn sizes_without_end_are_gaps_or_comments() {
    let pod = |limits: Value| json!({"spec": [{"replicas": "3", "template": [{"spec": [{"container": [{"resources": [{"limits": limits}]}]}]}]}]});
    let twice = |limit: &str| {
        let one = json!({"resources": [{"limits": {"cpu": limit, "memory": limit}}]});
        json!({"spec": [{"template": [{"spec": [{"container": [one, one]}]}]}]})
    };
    let of = |name: &str, values: Value| {
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        ("kubernetes_deployment", name, None, values)
    };
    let mut resources = vec![of("twice", twice(&(u64::MAX / 2 + 1).to_string()))];
    // Cores that no machine has are to be filled in.
    for (name, cpu) in [("none", "0"), ("nothing", "0m"), ("words", "x"), ("most", "9e15")] {
        resources.push(of(name, pod(json!({"cpu": cpu}))));
    }
    // All suffixes of memory that Kubernetes has; what is no memory is said.
    let sizes = [
        ("ki", "512Ki", "size: 524288B"),
        ("g", "1G", "size: 1000000000B"),
        ("e", "1e3", "size: 1000B"),
        ("m", "128M", "size: 128000000B"),
        ("ti", "1Ti", "size: 1048576MiB"),
        ("plain", "1073741824", "size: 1024MiB"),
        ("odd", "1GB", "# its limit of memory is 1GB"),
        ("zero", "0", "# its limit of memory is 0"),
    ];
    resources.extend(sizes.iter().map(|(name, memory, _)| of(name, pod(json!({"cpu": "500m", "memory": memory})))));
    resources.push(("aws_ecs_service", "tasks", None, json!({"desired_count": 2})));
    resources.push((
        "aws_ecs_task_definition",
        "tasks",
        None,
        json!({"cpu": u64::MAX.to_string(), "memory": u64::MAX.to_string()}),
    ));
    resources.push((LAMBDA, "code", None, json!({"memory_size": u64::MAX})));
    let task = json!({"task_definition": refers("aws_ecs_task_definition.tasks.arn")});
    let made = imported(&resources, &[("managed", "aws_ecs_service", "tasks", task)]);
    for (name, _, says) in sizes {
        assert!(made.text.contains(says), "{name}: {}", made.text);
    }
    let gaps: BTreeSet<&str> = made.gaps.iter().filter_map(|gap| gap.path.strip_suffix(".machine.cores")).collect();
    let expected =
        ["services.most", "services.none", "services.nothing", "services.tasks", "services.twice", "services.words"];
    assert_eq!(gaps, BTreeSet::from(expected), "{}", made.text);
}

#[test]
fn loads_have_names_of_their_own() {
    let long = "a".repeat(61);
    let (one, two) = (format!("{long}-one"), format!("{long}-two"));
    let names = ["api", "to-api", one.as_str(), two.as_str(), "to-others"];
    let resources: Vec<_> = names.iter().map(|name| (LAMBDA, *name, None, json!({}))).collect();
    let text = imported(&resources, &[]).text;
    let keys: Vec<&str> = text.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).collect();
    let keys: Vec<&str> = keys.into_iter().filter_map(|line| line.trim().split_once(':').map(|(key, _)| key)).collect();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 2 * names.len(), "{keys:?}");
    let folder = Folder::new("import-names");
    folder.write("s.yaml", &text);
    let (_, refused, _) = folder.run(&["validate", "s.yaml"]);
    assert!(!refused.contains("twice") && !refused.contains("duplicate"), "{refused}");
}

/// Functions that only call each other are asked from outside somewhere, and the plan does not tell where.
#[test]
fn a_circle_of_functions_has_a_load_to_be_filled_in() {
    let calls =
        |other: &str| json!({"environment": [{"variables": refers(&format!("aws_lambda_function.{other}.arn"))}]});
    let lambdas =
        |names: &[&'static str]| names.iter().map(|name| (LAMBDA, *name, None, json!({}))).collect::<Vec<_>>();
    let configuration = [("managed", LAMBDA, "a", calls("b")), ("managed", LAMBDA, "b", calls("a"))];
    for (names, loads) in [(vec!["a", "b"], 1), (vec!["a", "b", "c"], 2)] {
        let made = imported(&lambdas(&names), &configuration);
        let gap =
            made.gaps.iter().find(|gap| gap.path == "load.to-others.to").unwrap_or_else(|| panic!("{}", made.text));
        assert!(gap.why.ends_with("no load reaches a, b"), "{}", gap.why);
        assert_eq!(made.text.matches("arrive:").count(), loads, "{}", made.text);
        let line = made.text.lines().nth(gap.line - 1).unwrap();
        assert_eq!(line.split('#').next().unwrap().matches(FILL_IN).count(), 2, "{line}");
    }
    // What each of them reaches has no need of it.
    let made = imported(&lambdas(&["a", "b"]), &configuration[..1]);
    assert!(!made.text.contains("to-others"), "{}", made.text);
}

/// Each resource is looked up and each line counted once: ten times as large takes ten times as long, and not a hundred times.
#[test]
fn a_large_plan_is_imported_in_little_time() {
    let names: Vec<String> = (0..3000).map(|n| format!("f{n}")).collect();
    let resources: Vec<_> = names.iter().map(|name| (LAMBDA, name.as_str(), None, json!({}))).collect();
    let role = json!({"role": refers("aws_iam_role.r.arn")});
    let configuration: Vec<_> = names.iter().map(|name| ("managed", LAMBDA, name.as_str(), role.clone())).collect();
    let plan = plan_of(&resources, &configuration);
    let began = Instant::now();
    let gaps = import("p", &plan).unwrap().gaps.len();
    assert!(gaps > 3000 && began.elapsed().as_secs_f64() < 3.0, "{:?}", began.elapsed());
}
