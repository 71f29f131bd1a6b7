//! Scenarios at random: services that call each other, and load, faults and scalers on them.

use super::dice::Dice;
use super::{kinds, market};
use std::fmt::Write;

/// Services, of which a scenario has the first few.
pub const NAMES: [&str; 6] = ["web", "api", "auth", "cart", "stock", "ledger"];

/// A scenario as text, in parts.
pub struct Scenario {
    /// Sections of maps by name: name of the section, and its entries.
    sections: Vec<(&'static str, Vec<String>)>,
    head: String,
}

impl Scenario {
    /// The file.
    pub fn text(&self) -> String {
        let mut text = self.head.clone();
        for (section, entries) in &self.sections {
            if !entries.is_empty() {
                let _ = writeln!(text, "{section}:");
                entries.iter().for_each(|entry| text.push_str(entry));
            }
        }
        text
    }

    /// The file without its probes; `None` where it has none.
    pub fn without_probes(&self) -> Option<String> {
        let is_probe = |entry: &String| entry.starts_with("  probes:");
        let has = self.sections.iter().flat_map(|(_, entries)| entries).any(is_probe);
        let without = |(section, entries): &(&'static str, Vec<String>)| {
            (*section, entries.iter().filter(|entry| !is_probe(entry)).cloned().collect())
        };
        let (sections, head) = (self.sections.iter().map(without).collect(), self.head.clone());
        has.then(|| Self { sections, head }.text())
    }

    /// The file with a service, its load, its fault and its cost, none of which has to do with the others.
    pub fn with_strangers(&self) -> String {
        let mut sections = self.sections.clone();
        let more = [
            (
                "services",
                "  island: {workers: 3, endpoints: {get: {steps: [{work: {exponential: {mean: 9ms}}}, {call: {to: islet.put, timeout: 40ms, retry: {max_attempts: 2}}}]}}}\n",
            ),
            ("stores", "  islet: {workers: 2, endpoints: {put: {access: write, steps: [{work: 3ms}]}}}\n"),
            ("load", "  strangers: {to: island.get, arrive: {poisson: {rate: 70/s}}}\n"),
            ("faults", "  flood: {inject: {slow: {factor: 4}}, where: {service: islet}, at: 3s, for: 2s}\n"),
            ("costs", "  island-nodes: {meter: {instances: {of: island}}, price: $1/h}\n"),
        ];
        for (section, entry) in more {
            // First in its section, where it would shift numbers if they hung on places.
            let place = sections.iter_mut().find(|s| s.0 == section).expect("every section is there");
            place.1.insert(0, entry.to_owned());
        }
        Self { sections, head: self.head.clone() }.text()
    }
}

/// What a scenario is made of, while it is made.
struct Maker<'d> {
    dice: &'d mut Dice,
    /// Endpoints of each tier, as `service.endpoint`; a tier calls only those behind it.
    endpoints: Vec<Vec<String>>,
    queue: Option<String>,
    /// Whether the scenario has the key space `item`.
    keyed: bool,
    /// Whether it has the cache `memo` of values by key.
    cached: bool,
    /// Where those who miss a value of it wait for one who makes it, the tier whose steps look something up: what makes a value may not look it up,
    /// neither there nor in a tier that it calls.
    looks_up: Option<usize>,
    /// Whether the steps that are being written make a value.
    makes: bool,
    /// Calls that a request may still make, so that none becomes thousands.
    calls_left: usize,
}

/// A valid scenario.
pub fn scenario(seed: u64) -> Scenario {
    let mut dice = Dice::new(seed);
    let (tiers, seconds) = (dice.number(1, 6) as usize, dice.number(10, 25));
    let mut maker = Maker {
        dice: &mut dice,
        endpoints: Vec::new(),
        queue: None,
        keyed: false,
        cached: false,
        looks_up: None,
        makes: false,
        calls_left: 7,
    };
    maker.keyed = maker.dice.chance(50);
    maker.cached = maker.keyed && maker.dice.chance(40);
    if maker.cached && maker.dice.chance(60) {
        maker.looks_up = Some(maker.dice.below(tiers));
    }
    for name in &NAMES[..tiers] {
        let count = maker.dice.number(1, 2) as usize;
        maker.endpoints.push(["get", "put"][..count].iter().map(|e| format!("{name}.{e}")).collect());
    }
    let (mut queues, mut services, mut stores) = (Vec::new(), Vec::new(), Vec::new());
    if tiers > 1 && maker.dice.chance(35) {
        queues.push(maker.queue());
        maker.queue = Some("jobs".into());
    }
    // From the last, so that the first has what calls are left.
    for (tier, name) in NAMES[..tiers].iter().enumerate().rev() {
        let is_store = tier > 0 && tier + 1 == tiers && maker.dice.chance(40);
        let node = maker.node(tier, name, is_store);
        if is_store { stores.push(node) } else { services.push(node) }
    }
    let head = maker.head(seconds);
    let load = (0..maker.dice.number(1, 3)).map(|number| maker.load(number, seconds)).collect();
    let names: Vec<String> = NAMES[..tiers].iter().map(ToString::to_string).collect();
    let endpoint = |maker: &mut Maker| maker.endpoints[maker.dice.below(tiers)][0].clone();
    let faults = (0..maker.dice.below(4)).map(|number| {
        let callee = endpoint(&mut maker);
        format!("  f{number}: {}\n", kinds::fault(maker.dice, &names, &callee, seconds))
    });
    let faults: Vec<String> = faults.collect();
    let costs = names
        .iter()
        .enumerate()
        .map(|(i, name)| format!("  {name}-nodes: {{meter: {{instances: {{of: {name}}}}}, price: $0.{}/h}}\n", i + 1));
    let mut costs: Vec<String> = costs.collect();
    costs.push(
        "  lost: {meter: {failures: {of: web.get}}, price: $3}\n  licence: {meter: flat, price: $400/month}\n".into(),
    );
    let mut control = Vec::new();
    if maker.dice.chance(40) {
        let (of, queue) = (names[maker.dice.below(tiers)].clone(), maker.queue.clone());
        let scaler = kinds::scaler(maker.dice, &of, queue.as_deref());
        control.push(format!("  telemetry: {{metrics: {{every: 2s, delay: 1s}}}}\n  scalers: {{{of}: {scaler}}}\n"));
    }
    let keys = if maker.keyed { vec![format!("  item: {}\n", kinds::keys(maker.dice))] } else { Vec::new() };
    let caches = if maker.cached {
        vec![format!("  memo: {}\n", kinds::cache(maker.dice, maker.looks_up.is_some()))]
    } else {
        Vec::new()
    };
    let flush = maker.cached && maker.dice.chance(40);
    let faults: Vec<String> = if flush {
        [faults, vec!["  flushed: {inject: flush, where: {service: memo}, at: 4s, every: 5s}\n".to_owned()]].concat()
    } else {
        faults
    };
    let mut load: Vec<String> = load;
    let (topics, sagas) = workflows(&mut maker, tiers, &mut load);
    // Made last too.
    if maker.dice.chance(40) {
        let (every, timeout) = (maker.dice.number(1, 4), *maker.dice.pick(&["1ms", "20ms", "3s"]));
        control.push(format!("  probes: {{ways: {{between: [za, zb], every: {every}s, timeout: {timeout}}}}}\n"));
    }
    let keyed = maker.keyed;
    levels(&mut dice, (&mut load, &mut services, &mut stores));
    let (mut faults, of) = (faults, (&mut load, &mut services, &mut stores));
    let mut of = market::Sections { load: of.0, services: of.1, stores: of.2, faults: &mut faults };
    market::sells(&mut dice, keyed, seconds, &mut of);
    let sections = vec![
        ("caches", caches),
        ("load", load),
        ("services", services),
        ("stores", stores),
        ("queues", queues),
        ("topics", topics),
        ("sagas", sagas),
        ("keys", keys),
        ("faults", faults),
        ("control", control),
        ("costs", costs),
    ];
    Scenario { sections, head }
}

/// A topic and a saga at some tiers behind the first, or nothing, and who begins them. Made last, so that all else is as it is without them.
fn workflows(maker: &mut Maker<'_>, tiers: usize, load: &mut Vec<String>) -> (Vec<String>, Vec<String>) {
    if tiers < 3 || !maker.dice.chance(40) {
        return (Vec::new(), Vec::new());
    }
    let endpoint = |maker: &mut Maker<'_>| {
        let tier = 1 + maker.dice.below(tiers - 1);
        maker.endpoints[tier][0].clone()
    };
    let batch = *maker.dice.pick(&["", ", batch: {count: 3, max_wait: 50ms}", ", renew_every: 200ms"]);
    let (first, second) = (endpoint(maker), endpoint(maker));
    let topic = format!(
        "  events: {{partitions: {}, rebalance: {{takes: 200ms, session_timeout: 1s}}, consumers: {{one: {{to: {first}, visibility_timeout: 1s\
         {batch}}}, other: {{to: {second}, visibility_timeout: 2s, max_deliveries: 2}}}}}}\n",
        maker.dice.number(1, 8)
    );
    let coordination = *maker.dice.pick(&[
        "{orchestrated: {by: web, takes_over: 1s}}",
        "{choreographed: {over: events}}",
        "{two_phase_commit: {by: web, prepare_timeout: 500ms, takes_over: 1s}}",
    ]);
    let steps: Vec<String> = (0..maker.dice.number(1, 3))
        .map(|step| format!("{{name: s{step}, action: {}, compensation: {}}}", endpoint(maker), endpoint(maker)))
        .collect();
    let saga = format!(
        "  workflow: {{coordination: {coordination}, each: {{timeout: 500ms, retry: {{max_attempts: {}, backoff: {{fixed: {{delay: 100ms}}}}}}}}, \
         steps: [{}], compensation_failed: {{repair: {{takes: 500ms}}}}}}\n",
        maker.dice.number(1, 3),
        steps.join(", ")
    );
    let rate = maker.dice.number(1, 20);
    load.push(format!("  begins: {{to: workflow.start, arrive: {{poisson: {{rate: {rate}/s}}}}}}\n"));
    load.push(format!("  tells: {{to: events.send, arrive: {{poisson: {{rate: {rate}/s}}}}}}\n"));
    (vec![topic], vec![saga])
}

/// Levels that loads and calls ask for, that services require and provide, and closed timestamps; or nothing. Made last of all.
fn levels(dice: &mut Dice, (load, services, stores): (&mut [String], &mut [String], &mut [String])) {
    if !dice.chance(40) {
        return;
    }
    const LEVELS: [&str; 5] =
        ["strict_serializable", "serializable", "snapshot_isolation", "read_committed", "eventual"];
    for entry in load.iter_mut().filter(|entry| entry.starts_with("  users")) {
        if dice.chance(60) {
            *entry = entry.replacen("{to: ", &format!("{{level: {}, to: ", dice.pick(&LEVELS)), 1);
        }
    }
    for node in services.iter_mut().chain(stores.iter_mut()) {
        // A message has no level of its own, and a gate or a call has one.
        if dice.chance(25)
            && let Some((before, after)) = node.split_once("{call: {to: ")
            && after.split(['}', ',']).next().and_then(|to| to.rsplit_once('.')).is_none_or(|(_, asks)| asks != "send")
        {
            *node = format!("{before}{{call: {{level: {}, to: {after}", dice.pick(&LEVELS));
        }
        if dice.chance(25) {
            let required = *dice.pick(&LEVELS[..4]);
            *node = node.replacen(": {steps: [", &format!(": {{requires: {required}, steps: ["), 1);
        }
    }
    for store in stores.iter_mut().filter(|store| store.contains("primary: {lag") && !store.contains("reads: primary"))
    {
        if dice.chance(40) {
            *store = store.replacen("primary: {lag", "primary: {closed_timestamp_lag: 500ms, lag", 1);
        }
    }
}

impl Maker<'_> {
    fn head(&mut self, seconds: u64) -> String {
        let warm_up = *self.dice.pick(&["0s", "3s"]);
        let mut text = format!(
            "scenario: Swarm\nquestion: Do the laws hold?\nrun: {{duration: {seconds}s, warm_up: {warm_up}, replications: 2, \
             bounds: {{backlog: 50k, events: 4M}}}}\nregions: {{here: {{zones: [za, zb]}}}}\n"
        );
        if self.dice.chance(50) {
            let between = kinds::distribution(self.dice, 500);
            let body = *self.dice.pick(&[
                "",
                ", bandwidth: 20Mbps",
                ", bandwidth: 2Mbps, buffer: 20kB",
                ", loss: 2%",
                ", loss: 2%, transport: {tcp: {rto_min: 20ms}}",
                ", loss: 20%, bandwidth: 10Mbps, transport: {tcp: {rto_min: 5ms, retries: 2}}",
            ]);
            let _ = writeln!(
                text,
                "network: {{within_zone: {{latency: 100us}}, between_zones: {{latency: {between}{body}}}}}"
            );
        }
        text
    }

    fn node(&mut self, tier: usize, name: &str, is_store: bool) -> String {
        let workers = if self.dice.chance(8) { "unlimited".into() } else { self.dice.number(1, 12).to_string() };
        let mut text = format!("  {name}:\n    instances: {}\n    workers: {workers}\n", self.dice.number(1, 4));
        if self.dice.chance(50) {
            text.push_str("    zones: [za, zb]\n");
        }
        if workers != "unlimited" && self.dice.chance(50) {
            let wait = *self.dice.pick(&[
                "",
                ", max_wait: 50ms",
                ", discipline: lifo",
                ", discipline: priority",
                ", discipline: priority, max_wait: 50ms",
                ", discipline: {adaptive_lifo: {above: 3}}",
                ", discipline: deadline",
                ", discipline: {codel: {target: 2ms, interval: 20ms}}",
            ]);
            let _ = writeln!(text, "    queue: {{capacity: {}{wait}}}", *self.dice.pick(&["0", "5", "100", "10k"]));
        }
        if self.dice.chance(25) {
            let _ = writeln!(text, "    admission: {}", kinds::admission(self.dice));
        }
        if self.dice.chance(20) {
            let memory = *self.dice.pick(&["", "", ", memory: {size: 100MiB, base: 4MiB, per_request: 8MiB}"]);
            let disk = *self.dice.pick(&[
                "",
                ", disk: {fsync: {exponential: {mean: 2ms}}, throughput: 20MB/s}",
                ", disk: {fsync: 3ms, throughput: 2MB/s, group_commit: {}}",
            ]);
            let nic = *self.dice.pick(&[
                "",
                "",
                ", nic: {ring: 2, packet_time: 300us}",
                ", nic: {ring: 64, packet_time: 10us, stalls: {every: 20ms, for: {exponential: {mean: 1ms}}}}",
            ]);
            let _ = writeln!(text, "    machine: {{cores: {}{memory}{disk}{nic}}}", self.dice.number(1, 4));
        }
        if self.dice.chance(20) {
            text.push_str("    async: true\n");
        }
        if self.dice.chance(25) {
            let _ = writeln!(text, "    start_up: {}", kinds::distribution(self.dice, 900_000));
        }
        if self.dice.chance(20) {
            text.push_str("    health: {every: 1s, unhealthy_after: 2, healthy_after: 1}\n");
        }
        if is_store && self.dice.chance(60) && text.contains("instances: 3") {
            let reads = *self.dice.pick(&["", ", reads: primary", ", reads: replica"]);
            let kept = *self.dice.pick(&[
                "",
                ", commit: one_replica, failover: {detect: 2s, takes: 1s}",
                ", commit: majority",
                ", commit: all, failover: {}",
                ", failover: {detect: 500ms, takes: {exponential: {mean: 3s}}}",
            ]);
            let quorum = *self.dice.pick(&["", "", "read: 1, write: 1", "read: 2, write: 2", "read: 1, write: 3"]);
            if quorum.is_empty() && reads != ", reads: primary" && self.dice.chance(30) {
                let four = "read_your_writes, monotonic_reads, monotonic_writes, writes_follow_reads";
                let kept = *self.dice.pick(&["read_your_writes, monotonic_reads", four]);
                let _ = writeln!(text, "    session_guarantees: [{kept}]");
            }
            let _ = if quorum.is_empty() {
                writeln!(text, "    replication: {{primary: {{lag: {{exponential: {{mean: 30ms}}}}{reads}{kept}}}}}")
            } else {
                let legs = "{write: {exponential: {mean: 20ms}}, ack: 1ms, read: {exponential: {mean: 2ms}}}";
                writeln!(text, "    replication: {{quorum: {{{quorum}, legs: {legs}}}}}")
            };
        }
        if is_store && self.keyed {
            text.push_str("    key: item\n");
        }
        text.push_str("    endpoints:\n");
        for endpoint in self.endpoints[tier].clone() {
            let (_, short) = endpoint.split_once('.').expect("has a service");
            let mut steps = self.steps(tier, 0);
            if text.contains("disk:") {
                let asked = *self.dice.pick(&["fsync: true, write: 4kB", "read: 8kB", "write: 16kB"]);
                steps.insert(1, format!("{{disk: {{{asked}}}}}"));
            }
            if self.dice.chance(15) {
                steps.extend(self.forward(tier));
            }
            let is = if is_store {
                format!("access: {}, ", *self.dice.pick(&["read", "write", "update", "compare_and_set"]))
            } else {
                (*self.dice.pick(&["", "effect: not_idempotent, ", "effect: idempotent, "])).to_owned()
            };
            let _ = writeln!(text, "      {short}: {{{is}steps: [{}]}}", steps.join(", "));
        }
        text
    }

    /// Steps of an endpoint, or of a group in it.
    fn steps(&mut self, tier: usize, depth: usize) -> Vec<String> {
        let mean = self.dice.number(200, 8000);
        let mut steps = vec![format!("{{work: {}}}", kinds::distribution(self.dice, mean))];
        for _ in 0..self.dice.number(0, 2) {
            let step = self.step(tier, depth);
            steps.push(step);
        }
        steps
    }

    fn step(&mut self, tier: usize, depth: usize) -> String {
        let may_wait = self.looks_up.is_some_and(|only| only != tier || self.makes);
        if self.cached && self.dice.chance(30) {
            if may_wait || self.dice.chance(20) {
                return "{invalidate: memo}".into();
            }
            let made = std::mem::replace(&mut self.makes, true);
            let miss = if depth < 2 { self.steps(tier, depth + 1).join(", ") } else { self.call(tier) };
            self.makes = made;
            return format!("{{lookup: {{cache: memo, miss: [{miss}]}}}}");
        }
        match self.dice.below(if depth < 2 { 10 } else { 4 }) {
            0 => format!("{{wait: {}}}", kinds::distribution(self.dice, 5000)),
            1..=4 => self.call(tier),
            5 => {
                let repeated = self.calls_left > 3 && self.dice.chance(25);
                let (count, repeat) = if repeated { (1, ", repeat: {count: 3}") } else { (self.dice.number(2, 3), "") };
                let branches: Vec<String> = (0..count).map(|_| self.call(tier)).collect();
                if repeated {
                    self.calls_left = self.calls_left.saturating_sub(2);
                }
                let need = *self.dice.pick(&["", ", need: {count: 1}", ", need: {percent: 60%}"]);
                format!("{{parallel: {{branches: [{}]{repeat}{need}}}}}", branches.join(", "))
            }
            6 => {
                let (some, rest) = (self.steps(tier, depth + 1), self.steps(tier, depth + 1));
                let percent = self.dice.number(1, 99);
                let (some, rest) = (some.join(", "), rest.join(", "));
                format!("{{choose: [{{probability: {percent}%, steps: [{some}]}}, {{steps: [{rest}]}}]}}")
            }
            7 => format!("{{fail: {{probability: {}%}}}}", *self.dice.pick(&["0.5", "5"])),
            8 => format!("{{background: [{}]}}", self.steps(tier, depth + 1).join(", ")),
            _ => format!("{{steps: [{}]}}", self.steps(tier, depth + 1).join(", ")),
        }
    }

    /// A call of a tier behind, or of the queue.
    fn call(&mut self, tier: usize) -> String {
        let behind = tier + 1 + self.dice.below(self.endpoints.len().saturating_sub(tier + 1));
        if behind >= self.endpoints.len() || self.calls_left == 0 {
            return "{work: 100us}".into();
        }
        self.calls_left -= 1;
        let (to, mut settings) = match &self.queue {
            Some(queue) if tier == 0 && self.dice.chance(30) => (format!("{queue}.send"), "timeout: 1s".to_owned()),
            _ => (self.dice.pick(&self.endpoints[behind]).clone(), kinds::call(self.dice)),
        };
        if !settings.contains("fallback")
            && to.rsplit_once('.').is_none_or(|(_, endpoint)| endpoint != "send")
            && self.dice.chance(15)
        {
            let other = self.dice.pick(&self.endpoints[behind]).clone();
            let fallback = match self.dice.below(3) {
                0 => "fallback: {cached: {max_age: 500ms}}".to_owned(),
                1 => format!("fallback: {{latency: 2ms, call: {{to: {other}, timeout: 50ms, fallback: {{}}}}}}"),
                _ => {
                    let mut own = kinds::call(self.dice);
                    if !own.is_empty() {
                        own.insert_str(0, ", ");
                    }
                    format!("fallback: {{outcome: degraded, call: {{to: {other}{own}}}}}")
                }
            };
            settings = if settings.is_empty() { fallback } else { format!("{settings}, {fallback}") };
        }
        if !settings.is_empty() {
            settings.insert_str(0, ", ");
        }
        format!("{{call: {{to: {to}{settings}}}}}")
    }

    /// Hands the request over to a tier behind, if there is one.
    fn forward(&mut self, tier: usize) -> Option<String> {
        let behind = tier + 1 + self.dice.below(self.endpoints.len().saturating_sub(tier + 1));
        if self.calls_left == 0 {
            return None;
        }
        let to = self.endpoints.get(behind)?;
        self.calls_left -= 1;
        Some(format!("{{forward: {{to: {}}}}}", self.dice.pick(to)))
    }

    /// A queue whose messages the last tier works on.
    fn queue(&mut self) -> String {
        let to = self.endpoints.last().expect("has tiers")[0].clone();
        let dead = self.dice.chance(40);
        let letter = if dead { ", dead_letter: dead" } else { "" };
        let timeout = *self.dice.pick(&["100ms", "2s", "30s"]);
        let consumer = format!("{{to: {to}, visibility_timeout: {timeout}, max_deliveries: 3{letter}}}");
        let queue = format!("  jobs: {{capacity: {}, consumers: {{c: {consumer}}}}}\n", *self.dice.pick(&["50", "1M"]));
        if dead { queue + "  dead: {}\n" } else { queue }
    }

    fn load(&mut self, number: u64, seconds: u64) -> String {
        let to = self.dice.pick(&self.endpoints[0]).clone();
        let rate = self.dice.number(5, 120);
        let arrive = kinds::arrivals(self.dice, rate);
        let shape = if self.dice.chance(40) && !arrive.starts_with("{closed") && !arrive.starts_with("{burst") {
            format!(", shape: [{}]", kinds::shape(self.dice, seconds))
        } else {
            String::new()
        };
        let mut settings = kinds::call(self.dice);
        if !settings.is_empty() {
            settings.insert_str(0, ", ");
        }
        let priority = *self.dice.pick(&["", ", priority: critical_plus", ", priority: sheddable"]);
        format!("  users{number}: {{to: {to}, arrive: {arrive}{shape}{priority}{settings}}}\n")
    }
}
