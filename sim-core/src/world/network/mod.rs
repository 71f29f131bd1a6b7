//! The network: every message between a caller and a callee, health checks included, passes through it, in its direction.

mod check;
mod ends;
mod wire;

pub(in crate::world) use wire::{Departure, EdgeEffect, EdgeFault, Message, Network};
