//! What is kept of probes while a run goes on; what happens to them is in [`super::probes`].

use std::collections::VecDeque;

/// All probes that are on their way, and where they go.
#[derive(Debug, Default)]
pub(super) struct Probing {
    /// By the place of the probes.
    pub(super) of: Vec<Matrix>,
}

/// The probes between some sites.
#[derive(Debug)]
pub(super) struct Matrix {
    /// By direction: the place of its link, or of its route.
    pub(super) links: Vec<u16>,
    /// By direction: begin of its draws.
    pub(super) keys: Vec<u64>,
    /// Rounds that have set out.
    pub(super) rounds: u64,
    /// Of the rounds whose timeout is not over, the oldest first, by direction: how long its probe is on its way [ns], if it arrives in time.
    pub(super) under_way: VecDeque<Vec<Option<u64>>>,
}

impl Matrix {
    /// Probes between some sites, of which none has set out.
    pub(super) fn new(links: Vec<u16>, keys: Vec<u64>) -> Self {
        Self { links, keys, rounds: 0, under_way: VecDeque::new() }
    }
}
