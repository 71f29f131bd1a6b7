//! The kernel: time, the calendar of events, random numbers, arithmetic and the digest of a run. Not one word about services.

pub mod calendar;
pub mod digest;
pub mod math;
pub mod quick;
pub mod rng;
pub(crate) mod table;
