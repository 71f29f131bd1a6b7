//! Turns scenario files into models and runs studies of them.

pub mod files;
pub mod overlay;
pub mod reader;
