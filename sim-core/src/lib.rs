//! The engine and the models of windtunnel.
//!
//! No files, environment, clock, threads or printing: a model and a seed go in, plain data comes out. `engine` knows nothing of
//! services; `world` routes requests; the families (`call`, `service`, `network`, `faults`, `control`, `data`, `runbook`,
//! `economics`) decide.

pub mod call;
pub mod control;
pub mod counters;
pub mod data;
pub mod deadlines;
pub mod deed;
pub mod dist;
pub mod economics;
pub mod engine;
pub mod experiment;
pub mod expression;
pub mod faults;
pub mod guarantees;
pub mod ids;
pub mod incident;
pub mod judge;
pub mod kind;
pub mod kinds;
pub mod live;
pub mod message;
pub mod metrics;
pub mod mode;
pub mod model;
pub mod names;
pub mod needed;
pub mod network;
pub mod observe;
pub mod outcome;
pub mod problem;
pub mod promise;
pub mod results;
pub mod runbook;
pub mod service;
pub mod slo;
pub mod switch;
pub mod topology;
pub mod units;
pub mod visible;
pub mod watched;
pub mod workload;
pub mod world;
