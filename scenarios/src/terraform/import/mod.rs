//! A Terraform plan as a scenario: its parts, their sizes and their links are the plan's, and what the plan does not tell is to be filled in.
//!
//! `plan` reads the plan, `refer` follows what its expressions refer to, `parts` finds what runs and how large it is, `quantity` reads its limits,
//! `links` finds who talks to whom, `policies` what they may do, `write` makes the text, and `resources` tells people what of a plan is read.

mod links;
mod parts;
mod plan;
mod policies;
mod quantity;
mod refer;
mod resources;
mod write;

pub use resources::text as resources;
use serde_json::Value;
use sim_core::problem::Problem;
pub use write::FILL_IN;

/// A scenario that was made of a plan.
#[derive(Debug)]
pub struct Imported {
    /// The scenario.
    pub text: String,
    /// What has to be filled in, in the order of the text.
    pub gaps: Vec<Gap>,
}

/// A place of the scenario that has to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Its path: `services.api.workers`.
    pub path: String,
    /// Its line, the first is 1.
    pub line: usize,
    /// What is missing.
    pub why: String,
}

/// The scenario of a plan, as `terraform show -json` prints it; `name` is how people call the plan.
///
/// # Errors
/// If the text is no plan, or the plan has no resource that a scenario knows.
pub fn import(name: &str, text: &[u8]) -> Result<Imported, Problem> {
    let json: Value = serde_json::from_slice(text).map_err(|error| {
        Problem::error("", format!("this is no JSON: {error}"))
            .hint("terraform plan -out=tfplan && terraform show -json tfplan > plan.json")
    })?;
    let plan = plan::Plan::of(&json)?;
    let parts = parts::of(&plan);
    if parts.is_empty() {
        let known: Vec<&str> = parts::KNOWN.iter().map(|known| known.kind).collect();
        let planned = plan.resources.len();
        return Err(Problem::error(
            "",
            format!("the plan has {planned} resources, and none of them is a part of a scenario"),
        )
        .hint(format!("parts are {}", known.join(", "))));
    }
    let links = links::of(&plan, &parts);
    Ok(write::write(name, &plan, &parts, &links))
}
