//! The engine and the models of windtunnel.
//!
//! No files, environment, clock, threads or printing: a model and a seed go in, plain data comes out. `engine` knows nothing of
//! services; `world` routes requests; the families (`call`, `network`, `faults`, `control`, `data`, `economics`) decide.

pub mod call;
pub mod dist;
pub mod engine;
pub mod kinds;
pub mod metrics;
pub mod outcome;
pub mod problem;
pub mod units;
