//! Infrastructure as code: the topology of a scenario as Terraform JSON, and a Terraform plan as a scenario.
//!
//! What crosses is what both know: parts, their sizes, and who may talk to whom. Work, load, faults and promises are the scenario's own, and images,
//! networks and accounts are Terraform's: what one side does not know is a variable of the other, or a place that is to be filled in, and never a
//! guess. The resources are those of the AWS provider; the plan reader knows deployments of Kubernetes too.

pub mod export;
pub mod import;
