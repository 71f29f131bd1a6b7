//! Drawings of systems: what `draw` writes, and that a study draws the system of its file with the rates that it simulated.

use super::program::{Folder, windtunnel};
use super::{files, load, root, run};
use scenarios::study::system::written;
use sim_core::results::NodeKind;

const SYSTEM: &str = "scenario: shop\nquestion: how does it look?\n\
    run: {duration: 60s, warm_up: 5s, replications: 4, seed: 3}\n\
    load:\n  shoppers: {to: web.get, arrive: {poisson: {rate: 100/s}}}\n  desk: {to: office.look, arrive: {closed: {users: 3, think: 1s}}}\n\
    services:\n  web:\n    workers: 500\n    endpoints:\n      get:\n        steps:\n          - {fail: {probability: 20%, outcome: error}}\n          \
    - choose:\n              - {probability: 25%, steps: [{call: {to: db.read}}]}\n              - {steps: [{parallel: {repeat: {count: 2}, branches: [{call: {to: web.price}}]}}]}\n          \
    - {call: {to: jobs.send}}\n      price: {steps: [{work: 1ms}]}\n  office: {workers: 4, endpoints: {look: {steps: [{call: {to: db.read}}]}}}\n  \
    mailer: {workers: 4, endpoints: {mail: {effect: idempotent, steps: [{work: 2ms}]}}}\n\
    stores:\n  db: {workers: 4, endpoints: {read: {access: read, steps: [{work: 1ms}]}}}\n\
    queues:\n  jobs: {consumers: {mailer: {to: mailer.mail, visibility_timeout: 10s}}}\n\
    faults:\n  slow-db: {inject: {slow: {factor: 2}}, where: {service: db}, at: 10s, for: 10s}\n  lossy: {inject: {loss: {probability: 1%}}, where: {from: web, to: jobs}, at: 10s, for: 10s}\n\
    promises: {works: {keep: {latency: {p99: 1s}}, of: web.get}}\n";

#[test]
fn rates_of_the_file_are_those_of_its_loads_and_no_others() {
    let folder = Folder::new("draw-rates");
    folder.write("shop.yaml", SYSTEM);
    let system = written(&load(&folder.join("shop.yaml"), &[]));
    let name = |place: usize| system.nodes[place].name.as_str();
    let rate = |from: &str, to: &str, endpoint: &str| {
        let found =
            system.calls.iter().find(|c| (name(c.from), name(c.to), c.endpoint.as_str()) == (from, to, endpoint));
        found.unwrap_or_else(|| panic!("no call {from}->{to}.{endpoint}")).per_s
    };
    let near = |found: Option<f64>, wanted: f64| assert!(found.is_some_and(|f| (f - wanted).abs() < 1e-6), "{found:?}");
    near(rate("shoppers", "web", "get"), 100.0);
    // A fifth ends before.
    near(rate("web", "db", "read"), 20.0);
    near(rate("web", "web", "price"), 120.0);
    near(rate("web", "jobs", "send"), 80.0);
    near(rate("jobs", "mailer", "mail"), 80.0);
    // Users who wait for their replies have no rate of their own.
    assert_eq!((rate("desk", "office", "look"), rate("office", "db", "read")), (None, None));
    let struck: Vec<&str> = system.nodes.iter().filter(|n| !n.faults.is_empty()).map(|n| n.name.as_str()).collect();
    assert_eq!(struck, ["db"]);
    let lossy: Vec<&str> = system.calls.iter().filter(|c| c.faults == ["lossy"]).map(|c| c.endpoint.as_str()).collect();
    assert_eq!(lossy, ["send"]);
}

#[test]
fn a_study_draws_its_file_with_what_it_simulated() {
    let folder = Folder::new("draw-study");
    folder.write("shop.yaml", SYSTEM);
    let path = folder.join("shop.yaml");
    let (drawn, study) = (written(&load(&path, &[])), run(&path, &[], 2));
    let system = &study.system;
    assert!(system.simulated && !drawn.simulated);
    let names = |of: &sim_core::results::System| {
        of.nodes.iter().map(|n| (n.name.clone(), n.faults.clone())).collect::<Vec<_>>()
    };
    assert_eq!(names(system), names(&drawn));
    assert_eq!(system.calls.len(), drawn.calls.len());
    for (a, b) in system.calls.iter().zip(&drawn.calls) {
        let simulated = a.per_s.expect("a rate");
        if let Some(expected) = b.per_s {
            assert!((simulated / expected - 1.0).abs() < 0.1, "{}: {simulated} instead of {expected}", a.endpoint);
        }
    }
    let db = system.nodes.iter().find(|n| n.name == "db").expect("the store");
    let summary = study.summary.services["db"].utilisation.expect("workers");
    assert_eq!((db.kind, db.utilisation), (NodeKind::Store, Some(summary.mean)));
}

#[test]
fn every_shipped_system_is_drawn_in_every_format() {
    let folder = Folder::new("draw-formats");
    for file in ["checkout", "scaling/queue-workers", "yardstick/big", "resilience/social-network-kills"] {
        let path = root().join("scenarios/shipped").join(format!("{file}.yaml"));
        let path = path.to_string_lossy();
        let out = |format: &str| {
            let done = windtunnel(&["draw", &path, "--format", format], &folder.0);
            assert_eq!(done.status.code(), Some(0), "{file}: {}", String::from_utf8_lossy(&done.stderr));
            assert_eq!(
                done.stdout,
                windtunnel(&["draw", &path, "--format", format], &folder.0).stdout,
                "{file} {format}"
            );
            String::from_utf8(done.stdout).unwrap()
        };
        let (svg, mermaid, dot) = (out("svg"), out("mermaid"), out("dot"));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{file}");
        for service in &load(std::path::Path::new(&*path), &[]).model.services {
            let head = format!("\"{}<br>", service.name);
            assert!(
                mermaid.contains(&head) && dot.contains(&format!("\"{}\\n", service.name)),
                "{file}: {}",
                service.name
            );
        }
    }
    assert!(files("scenarios/shipped", "yaml").iter().all(|file| !written(&load(file, &[])).nodes.is_empty()));
}

#[test]
fn a_drawing_is_written_to_a_file_in_the_form_of_its_ending() {
    let folder = Folder::new("draw-files");
    folder.write("shop.yaml", SYSTEM);
    for (name, begin) in
        [("a.svg", &b"<svg "[..]), ("a.png", b"\x89PNG"), ("a.mmd", b"flowchart"), ("a.dot", b"digraph")]
    {
        let (status, out, _) = folder.run(&["draw", "shop.yaml", "--out", name]);
        assert_eq!((status, out.as_str()), (0, ""));
        assert!(std::fs::read(folder.join(name)).unwrap().starts_with(begin), "{name}");
    }
    for name in ["a.pdf", "a.jpeg", "a", "a.svg.gz"] {
        let (status, _, said) = folder.run(&["draw", "shop.yaml", "--out", name]);
        assert!(status == 2 && said.contains("known endings: .svg .png .mmd .mermaid .dot .gv"), "{name}: {said}");
        assert!(!folder.join(name).exists(), "{name}");
    }
    assert_eq!(folder.run(&["draw", "shop.yaml", "--out", "a.txt", "--format", "dot"]).0, 0, "what is named is meant");
    let (status, _, said) = folder.run(&["draw", "shop.yaml", "--format", "png"]);
    assert!(status == 2 && said.contains("--out"), "{said}");
    let (status, _, said) = folder.run(&["draw", "shop.yaml", "--set", "services.web.workers=0"]);
    assert!(status == 2 && said.contains("workers"), "{said}");
}
