//! Turns scenario files into models and runs studies of them.

pub mod builtin;
pub mod check;
pub mod compile;
pub mod describe;
mod elsewhere;
pub mod explain;
pub mod files;
pub mod findings;
pub mod loaded;
pub mod measured;
mod numbers;
pub mod overlay;
pub mod profiles;
pub mod project;
pub mod reader;
pub mod reference;
pub mod schema;
mod sections;
mod sets;
pub mod study;
pub mod suite;
pub mod terraform;
pub mod traces;
pub mod written;

pub use builtin::Builtin;
pub use files::{Disk, Files, Memory};
pub use loaded::{Loaded, Studies, load, validate};
pub use overlay::Set;
pub use project::Project;
pub use reader::Report;

#[cfg(test)]
mod tests;
