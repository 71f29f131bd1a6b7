//! Systems for tests.

use sim_core::results::{NodeKind, System, SystemCall, SystemNode};

/// A node of which nothing was simulated.
pub fn node(kind: NodeKind, name: &str) -> SystemNode {
    let endpoints = usize::from(kind != NodeKind::Load);
    let instances = u32::from(kind != NodeKind::Load);
    SystemNode { kind, name: name.into(), instances, endpoints, utilisation: None, waiting: None, faults: Vec::new() }
}

/// A call ten times a second.
pub fn call(from: usize, to: usize) -> SystemCall {
    SystemCall { from, to, endpoint: "get".into(), per_s: Some(10.0), faults: Vec::new() }
}

/// `count` nodes with random calls, faults, names of all lengths, several endpoints, circles, and some that nothing calls.
pub fn random(seed: u64, count: usize) -> System {
    let mut state = seed.wrapping_mul(7919).wrapping_add(11);
    let mut next = |most: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % most.max(1)
    };
    let mut system = System { simulated: true, ..System::default() };
    for place in 0..count {
        let kind = match next(10) {
            _ if place == 0 => NodeKind::Load,
            0 => NodeKind::Load,
            1..=6 => NodeKind::Service,
            7 | 8 => NodeKind::Store,
            _ => NodeKind::Queue,
        };
        let name =
            ["api", "orders-of-all-customers-in-the-archive", "a_b", "Zahlungsabwicklungsdienstleister", "x"][next(5)];
        let mut node = node(kind, &format!("{name}{place}"));
        node.endpoints = usize::from(kind != NodeKind::Load) * (1 + next(4));
        node.utilisation = (kind == NodeKind::Service).then(|| next(101) as f64 / 100.0);
        node.waiting = (kind != NodeKind::Load).then(|| next(2000) as f64 / 10.0);
        node.faults = (0..next(8).saturating_sub(5)).map(|fault| format!("outage-{fault}")).collect();
        system.nodes.push(node);
    }
    let called: Vec<usize> = (0..count).filter(|place| system.nodes[*place].kind != NodeKind::Load).collect();
    for _ in 0..called.len() + called.len() / 2 {
        let (from, to) = (next(count), called[next(called.len())]);
        for endpoint in 0..=next(system.nodes[to].endpoints) {
            let endpoint = format!("endpoint{endpoint}");
            if system.calls.iter().any(|c| (c.from, c.to, &c.endpoint) == (from, to, &endpoint)) {
                continue;
            }
            let per_s = (next(9) > 0).then(|| next(100_000) as f64 / 37.0);
            let faults = (0..next(12).saturating_sub(10)).map(|_| "loss".to_owned()).collect();
            system.calls.push(SystemCall { from, to, endpoint, per_s, faults });
        }
    }
    system
}
