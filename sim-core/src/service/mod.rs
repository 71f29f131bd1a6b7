//! What instances are made of, as far as it can be chosen: in which order they serve those who wait.

pub mod discipline;
