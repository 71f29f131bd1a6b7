//! The network: every message between a caller and a callee passes through it, in its direction.

mod wire;

pub(in crate::world) use wire::{Departure, EdgeEffect, EdgeFault, Message, Network};
