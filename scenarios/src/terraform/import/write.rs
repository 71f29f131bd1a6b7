//! The scenario of a plan, as a text with comments. Where the plan does not tell, `FILL_IN` stands, which no key of the language accepts: so the
//! scenario is refused, at each of these places, until somebody has filled them in.

use super::links::{Does, Links};
use super::parts::{Part, Sort, unique};
use super::plan::Plan;
use super::{Gap, Imported};
use std::collections::{BTreeMap, BTreeSet};

/// What stands where the plan does not tell.
pub const FILL_IN: &str = "FILL_IN";

/// The text while it is written.
struct Text<'w> {
    text: String,
    /// Lines of the text.
    lines: usize,
    gaps: Vec<Gap>,
    plan: &'w Plan<'w>,
    parts: &'w [Part<'w>],
    links: &'w Links,
}

/// The scenario of a plan.
pub(super) fn write(name: &str, plan: &Plan, parts: &[Part], links: &Links) -> Imported {
    let mut text = Text { text: String::new(), lines: 0, gaps: Vec::new(), plan, parts, links };
    text.head(name);
    text.loads();
    for (section, sorts) in [
        ("services", &[Sort::Function, Sort::Service][..]),
        ("stores", &[Sort::Store][..]),
        ("caches", &[Sort::Cache][..]),
        ("queues", &[Sort::Queue][..]),
    ] {
        text.section(section, sorts);
    }
    Imported { text: text.text, gaps: text.gaps }
}

/// A size of memory as a scenario writes it.
fn memory(bytes: u64) -> String {
    if bytes.is_multiple_of(1 << 20) { format!("{}MiB", bytes >> 20) } else { format!("{bytes}B") }
}

/// A comment in one line.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A word of the plan as a text of YAML, quoted, so that nothing in it is read as YAML.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

impl Text<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines += 1 + line.matches('\n').count();
    }

    /// A line with something to be filled in, and why.
    fn gap(&mut self, path: String, line: &str, why: &str) {
        self.line(&format!("{line}  # {}", comment(why)));
        self.another_gap(path, why);
    }

    /// Something more to be filled in within the last line.
    fn another_gap(&mut self, path: String, why: &str) {
        self.gaps.push(Gap { path, line: self.lines, why: why.to_owned() });
    }

    /// What is read, what is not, and what could not be followed.
    fn head(&mut self, name: &str) {
        self.line(&format!(
            "# Made by `windtunnel import terraform` of a plan of Terraform {}.",
            comment(self.plan.made_by)
        ));
        self.line("# Parts, sizes and links are the plan's. FILL_IN stands where the plan does not tell, and is refused until it is filled in.");
        let parts: BTreeSet<usize> = self.parts.iter().flat_map(|part| part.of.iter().copied()).collect();
        let mut left: BTreeMap<&str, u32> = BTreeMap::new();
        for (place, resource) in self.plan.resources.iter().enumerate() {
            if !parts.contains(&place) {
                *left.entry(resource.kind).or_default() += 1;
            }
        }
        if !left.is_empty() {
            let all: Vec<String> = left.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            self.line(&format!("# Not parts of a scenario: {}.", comment(&all.join(", "))));
        }
        let links = self.links;
        for (at, lost) in &links.lost {
            self.line(&format!("# Not followed, at {}: {}.", comment(at), comment(lost)));
        }
        self.line(&format!("scenario: {}", quoted(&format!("The system of {name}"))));
        self.line("question: Does what is planned carry its load?");
        self.line("run: {duration: 10m, warm_up: 1m, replications: 30}");
    }

    /// Loads: on all that is asked from outside, or on all that nobody asks.
    fn loads(&mut self) {
        let asked: BTreeSet<usize> =
            self.links.all.iter().filter(|(_, does)| !does.contains(&Does::Consumes)).map(|((_, to), _)| *to).collect();
        let consumers: BTreeSet<usize> = self
            .links
            .all
            .iter()
            .filter(|(_, does)| does.contains(&Does::Consumes))
            .map(|((from, _), _)| *from)
            .collect();
        let dead: BTreeSet<usize> = self.links.dead_letters.values().copied().collect();
        let nobody = |part: &usize| !asked.contains(part) && !consumers.contains(part) && !dead.contains(part);
        let can = |part: &usize| matches!(self.parts[*part].sort, Sort::Function | Sort::Service | Sort::Queue);
        let entries: Vec<usize> = (0..self.parts.len()).filter(|part| self.links.entries.contains(part)).collect();
        let outside: Vec<usize> =
            (0..self.parts.len()).filter(|part| can(part) && (entries.contains(part) || nobody(part))).collect();
        let unasked = self.unasked(&outside);
        self.line("\nload:");
        let mut taken: BTreeSet<String> = self.parts.iter().map(|part| part.name.clone()).collect();
        for part in outside {
            let part = &self.parts[part];
            let (name, endpoint) = (&part.name, if part.sort == Sort::Queue { "send" } else { "handle" });
            let load = unique(&format!("to-{name}"), &mut taken);
            let path = format!("load.{load}.arrive.poisson.rate");
            let timeout = timeout(part);
            let line =
                format!("  {load}: {{to: {name}.{endpoint}{timeout}, arrive: {{poisson: {{rate: {FILL_IN}}}}}}}");
            self.gap(path, &line, "requests a second from outside");
        }
        if let Some(names) = unasked {
            let load = unique("to-others", &mut taken);
            let line = format!("  {load}: {{to: {FILL_IN}, arrive: {{poisson: {{rate: {FILL_IN}}}}}}}");
            let why = format!("which part is asked from outside: no load reaches {names}");
            self.gap(format!("load.{load}.to"), &line, &why);
            self.another_gap(format!("load.{load}.arrive.poisson.rate"), "requests a second from outside");
        }
    }

    /// The names of the parts that run or queue and that no load reaches, as where two functions only call each other; all parts where nothing runs.
    fn unasked(&self, outside: &[usize]) -> Option<String> {
        let mut open = outside.to_vec();
        let mut reached = BTreeSet::new();
        let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for ((from, to), does) in &self.links.all {
            let is_sent = does.iter().any(|does| *does != Does::Consumes);
            next.entry(*from).or_default().extend(is_sent.then_some(*to));
            next.entry(*to).or_default().extend(does.contains(&Does::Consumes).then_some(*from));
        }
        for (from, to) in &self.links.dead_letters {
            next.entry(*from).or_default().push(*to);
        }
        while let Some(part) = open.pop() {
            if reached.insert(part) {
                open.extend(next.get(&part).into_iter().flatten());
            }
        }
        let runs = |part: &usize| outside.is_empty() || !matches!(self.parts[*part].sort, Sort::Store | Sort::Cache);
        let unasked = (0..self.parts.len()).filter(|part| !reached.contains(part)).filter(runs);
        let names: Vec<&str> = unasked.map(|part| self.parts[part].name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    fn section(&mut self, section: &str, sorts: &[Sort]) {
        let parts = self.parts;
        let all: Vec<usize> = (0..parts.len()).filter(|part| sorts.contains(&parts[*part].sort)).collect();
        if all.is_empty() {
            return;
        }
        self.line(&format!("\n{section}:"));
        for part in all {
            let address = comment(parts[part].address);
            self.line(&format!("  # {address}"));
            for known in &parts[part].size.besides {
                self.line(&format!("  # {}", comment(known)));
            }
            self.line(&format!("  {}:", parts[part].name));
            if parts[part].sort == Sort::Queue {
                self.queue(part);
            } else {
                self.node(section, part);
            }
        }
    }

    /// What has instances.
    fn node(&mut self, section: &str, part: usize) {
        let parts = self.parts;
        let (name, sort, size) = (&parts[part].name, parts[part].sort, &parts[part].size);
        match size.instances {
            Some(count) if count > 0 => self.line(&format!("    instances: {count}")),
            Some(_) => self.gap(
                format!("{section}.{name}.instances"),
                &format!("    instances: {FILL_IN}"),
                "the plan has 0 of it",
            ),
            None => self.gap(format!("{section}.{name}.instances"), &format!("    instances: {FILL_IN}"), size.why),
        }
        if sort == Sort::Function {
            self.line("    workers: 1");
        } else {
            self.gap(
                format!("{section}.{name}.workers"),
                &format!("    workers: {FILL_IN}"),
                "how many requests an instance handles at a time",
            );
        }
        let mut machine: Vec<String> = Vec::new();
        machine.extend(size.machine.as_ref().map(|kind| format!("type: {}", quoted(kind))));
        machine.extend(size.cores.as_ref().map(|cores| format!("cores: {cores}")));
        machine.extend(size.memory.map(|bytes| format!("memory: {{size: {}}}", memory(bytes))));
        if !size.cores_why.is_empty() {
            machine.push(format!("cores: {FILL_IN}"));
            let line = format!("    machine: {{{}}}", machine.join(", "));
            self.gap(format!("{section}.{name}.machine.cores"), &line, &size.cores_why);
        } else if !machine.is_empty() {
            self.line(&format!("    machine: {{{}}}", machine.join(", ")));
        }
        match sort {
            Sort::Store => self.store(part),
            Sort::Cache => self.cache(part),
            _ => self.service(part),
        }
    }

    fn service(&mut self, part: usize) {
        let parts = self.parts;
        let name = parts[part].name.clone();
        let path = format!("services.{name}.endpoints.handle.steps");
        self.line("    endpoints:\n      handle:\n        steps:");
        self.gap(format!("{path}.0.work"), &format!("          - work: {FILL_IN}"), "the work of a request");
        let links = self.links;
        let from = |(pair, _): &(&(usize, usize), &BTreeSet<Does>)| pair.0 == part;
        let mut step = 1;
        for ((_, to), all) in links.all.iter().filter(from) {
            for does in all {
                let Some(call) = self.call(*to, *does) else { continue };
                let line =
                    format!("          - choose: [{{probability: {FILL_IN}, steps: [{{{call}}}]}}, {{steps: []}}]");
                let at = format!("{path}.{step}.choose.0");
                self.gap(format!("{at}.probability"), &line, "which share of requests does this");
                if parts[*to].sort == Sort::Cache {
                    let path = format!("{at}.steps.0.lookup.miss.0.work");
                    self.another_gap(path, "what is done where the cache has nothing");
                }
                step += 1;
            }
            if all.contains(&Does::Touches) {
                let line = format!(
                    "        # {name} has to do with {}; the plan does not tell what it does there.",
                    self.parts[*to].name
                );
                self.line(&line);
            }
        }
    }

    /// A step that asks a part; `None` if nothing is asked.
    fn call(&self, to: usize, does: Does) -> Option<String> {
        let part = &self.parts[to];
        let endpoint = match (part.sort, does) {
            (Sort::Store, Does::Reads) => "read",
            (Sort::Store, Does::Writes) => "write",
            (Sort::Queue, Does::Asks) => "send",
            (Sort::Cache, Does::Asks) => {
                return Some(format!("lookup: {{cache: {}, miss: [{{work: {FILL_IN}}}]}}", part.name));
            }
            (Sort::Function | Sort::Service, Does::Asks) => "handle",
            (Sort::Store, Does::Asks) => "ask",
            _ => return None,
        };
        Some(format!("call: {{to: {}.{endpoint}{}}}", part.name, timeout(part)))
    }

    fn store(&mut self, part: usize) {
        let name = self.parts[part].name.clone();
        let all: BTreeSet<Does> =
            self.links.all.iter().filter(|((_, to), _)| *to == part).flat_map(|(_, does)| does.clone()).collect();
        self.line("    endpoints:");
        for (does, endpoint, access) in
            [(Does::Reads, "read", "read"), (Does::Writes, "write", "write"), (Does::Asks, "ask", FILL_IN)]
        {
            if all.contains(&does) {
                self.endpoint(&name, endpoint, access);
            }
        }
        if !all.iter().any(|does| matches!(does, Does::Reads | Does::Writes | Does::Asks)) {
            self.endpoint(&name, "ask", FILL_IN);
        }
    }

    /// An endpoint of a store.
    fn endpoint(&mut self, name: &str, endpoint: &str, access: &str) {
        let path = format!("stores.{name}.endpoints.{endpoint}");
        self.line(&format!("      {endpoint}:"));
        if access == FILL_IN {
            self.gap(format!("{path}.access"), &format!("        access: {FILL_IN}"), "read, write or update");
        } else {
            self.line(&format!("        access: {access}"));
        }
        self.gap(format!("{path}.steps.0.wait"), &format!("        steps: [{{wait: {FILL_IN}}}]"), "how long it takes");
    }

    fn cache(&mut self, part: usize) {
        let path = format!("caches.{}", self.parts[part].name);
        let line = format!("    contents: {{fixed: {{hit_ratio: {FILL_IN}}}}}");
        self.gap(format!("{path}.contents.fixed.hit_ratio"), &line, "the share of hits, or keyed contents");
        self.gap(format!("{path}.steps.0.work"), &format!("    steps: [{{work: {FILL_IN}}}]"), "the work of a lookup");
    }

    fn queue(&mut self, part: usize) {
        let (parts, links) = (self.parts, self.links);
        let name = &parts[part].name;
        let consumers: Vec<usize> = links
            .all
            .iter()
            .filter(|((_, to), does)| *to == part && does.contains(&Does::Consumes))
            .map(|((from, _), _)| *from)
            .collect();
        if consumers.is_empty() {
            self.line("    consumers: {}");
            return;
        }
        self.line("    consumers:");
        let queue = &self.plan.resources[parts[part].of[0]];
        let visible = queue.number("visibility_timeout_seconds");
        for consumer in consumers {
            let consumer = &parts[consumer].name;
            let path = format!("queues.{name}.consumers.{consumer}");
            self.line(&format!("      {consumer}:\n        to: {consumer}.handle"));
            match visible {
                Some(seconds) if seconds > 0 => self.line(&format!("        visibility_timeout: {seconds}s")),
                _ => self.gap(
                    format!("{path}.visibility_timeout"),
                    &format!("        visibility_timeout: {FILL_IN}"),
                    "when a message is handed out again",
                ),
            }
            match links.deliveries.get(&part) {
                Some(count) => self.line(&format!("        max_deliveries: {count}")),
                None => {
                    let why = if links.dead_letters.contains_key(&part) {
                        "the plan does not know it yet"
                    } else {
                        "the queue has no redrive policy: a message comes back until it expires"
                    };
                    self.gap(format!("{path}.max_deliveries"), &format!("        max_deliveries: {FILL_IN}"), why);
                }
            }
            if let Some(dead) = links.dead_letters.get(&part) {
                self.line(&format!("        dead_letter: {}", parts[*dead].name));
            }
        }
    }
}

/// How long a part works on a request at most, behind where it is asked; nothing where the plan says nothing.
fn timeout(part: &Part) -> String {
    part.size.timeout_s.filter(|s| *s > 0).map_or_else(String::new, |s| format!(", timeout: {s}s"))
}
