//! The network: every message between a caller and a callee, health checks included, passes through it, in its direction.

mod cards;
mod carriage;
mod carry;
mod check;
mod ends;
mod fate;
mod handshake;
mod message;
mod meters;
mod plainly;
mod probes;
mod probing;
mod resolve;
mod routes;
mod streams;
mod undisturbed;
mod wire;
mod within;

pub(in crate::world) use message::{Departure, Message};
pub(in crate::world) use routes::Due;
pub(in crate::world) use streams::Stand;
pub(in crate::world) use wire::{EdgeEffect, EdgeFault, Network};
