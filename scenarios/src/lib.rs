//! Turns scenario files into models and runs studies of them.

pub mod reader;
