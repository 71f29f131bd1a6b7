//! The topology of a scenario as a file in Terraform's JSON syntax.
//!
//! A part becomes what it is most like (`parts`): a function, a container or a virtual machine, a queue, a table, a cache. Who calls whom becomes
//! permissions (`links`): what a caller may do with which resource, the trigger by which a queue invokes a function, and which addresses may
//! connect. What a scenario does not know is a variable without a default, so that Terraform asks for it.

mod links;
mod parts;

use crate::Loaded;
use crate::study::system;
use parts::Part;
use serde_json::{Map, Value, json};
use sim_core::problem::Problem;
use sim_core::results::{NodeKind, System};

/// What the head of the file says.
const ABOUT: &str = "Made by `windtunnel export terraform`: the parts of a scenario, their sizes, and who may talk to whom. The work of requests, load, faults, \
     promises, scalers and costs have no place here. Variables without a default are what the scenario does not know.";

/// What was made of a scenario.
#[derive(Debug)]
pub struct Exported {
    /// The file.
    pub text: String,
    /// What is in it otherwise than in the scenario, because of what resources can be: the path of a part, and what became of it.
    pub notes: Vec<(String, String)>,
}

/// A Terraform file while it is made.
struct File {
    /// What became otherwise than it is in the scenario: the path of a part, and how.
    notes: Vec<(String, String)>,
    /// Resources by type and label.
    resources: Map<String, Value>,
    /// Data sources by type and label.
    data: Map<String, Value>,
    /// Variables by name.
    variables: Map<String, Value>,
}

/// Puts arguments under a type and a label.
fn put(all: &mut Map<String, Value>, of: &str, label: &str, arguments: Value) {
    if let Value::Object(all) = all.entry(of).or_insert_with(|| json!({})) {
        all.insert(label.to_owned(), arguments);
    }
}

impl File {
    /// A resource.
    fn resource(&mut self, of: &str, label: &str, arguments: Value) {
        put(&mut self.resources, of, label, arguments);
    }

    /// Tells that a part became otherwise than it is in the scenario.
    fn note(&mut self, path: &str, what: String) {
        self.notes.push((path.to_owned(), what));
    }

    /// A data source.
    fn data(&mut self, of: &str, label: &str, arguments: Value) {
        put(&mut self.data, of, label, arguments);
    }

    /// A variable that has to be given, as it stands in an argument.
    fn variable(&mut self, name: &str, of: &str, meaning: &str) -> String {
        self.variables.insert(name.to_owned(), json!({"type": of, "description": meaning}));
        format!("${{var.{name}}}")
    }

    /// The name of a resource in the account, behind a prefix, because names of some resources are taken by others or too short.
    fn named(&mut self, name: &str) -> String {
        format!("{}-{name}", self.variable("prefix", "string", "Begin of all names, as shop-prod"))
    }

    fn text(self) -> Result<String, serde_json::Error> {
        let notes = self.notes.iter().map(|(path, what)| format!("\n{path}: {what}."));
        let mut root = json!({
            "//": std::iter::once(ABOUT.to_owned()).chain(notes).collect::<String>(),
            "terraform": {
                "required_version": ">= 1.5",
                "required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5.0"}},
            },
            "provider": {"aws": {"region": "${var.region}"}},
            "variable": self.variables,
            "resource": self.resources,
        });
        if !self.data.is_empty() {
            root["data"] = Value::Object(self.data);
        }
        Ok(format!("{}\n", serde_json::to_string_pretty(&root)?))
    }
}

/// The label of a resource: a name, which must not begin with a digit there. No name begins with `_`, so that no two labels are the same.
fn label(name: &str) -> String {
    let is_digit = name.starts_with(|c: char| c.is_ascii_digit());
    if is_digit { format!("_{name}") } else { name.to_owned() }
}

/// The label of what links two parts; no name contains `--`.
fn pair(from: &str, to: &str) -> String {
    format!("{}--{to}", label(from))
}

/// The topology of a scenario in Terraform's JSON syntax.
///
/// # Errors
/// If a label `terraform` names no kind of resource, or a part cannot be what it names.
pub fn export(loaded: &Loaded) -> Result<Exported, Problem> {
    let system = system::written(loaded);
    let mut file = File { notes: Vec::new(), resources: Map::new(), data: Map::new(), variables: Map::new() };
    file.variable("region", "string", "The region of the provider");
    let parts: Vec<Option<Part>> =
        system.nodes.iter().map(|node| parts::of(node, loaded)).collect::<Result<_, Problem>>()?;
    if parts.iter().all(|part| part.is_none_or(Part::is_outside)) {
        return Err(Problem::error("", "the scenario has no part that could be a resource")
            .hint("parts with the label terraform: none are left out"));
    }
    let connects = connected(&system, &parts);
    for ((node, part), connects) in system.nodes.iter().zip(&parts).zip(connects) {
        if let Some(part) = part {
            parts::write(&mut file, node, *part, connects, loaded);
        }
    }
    links::write(&mut file, &system, &parts, loaded);
    let notes = file.notes.clone();
    let text = file.text().map_err(|error| Problem::error("", error.to_string()))?;
    Ok(Exported { text, notes })
}

/// Which nodes take part in connections between addresses, and so need a security group: who is called over the network, and who calls one of these.
fn connected(system: &System, parts: &[Option<Part>]) -> Vec<bool> {
    let mut connects: Vec<bool> = parts.iter().map(|part| part.is_some_and(Part::has_address)).collect();
    for call in &system.calls {
        if parts[call.to].is_some_and(Part::has_address) && parts[call.from].is_some_and(Part::runs) {
            connects[call.from] = true;
        }
    }
    debug_assert!(system.nodes.iter().zip(&connects).all(|(node, c)| !c || node.kind != NodeKind::Load));
    connects
}
