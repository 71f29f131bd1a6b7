//! What a search judges at each setting or load: promises, which most runs have to keep, and invariants, which every single run has to keep.

use super::anytime::AnyTime;
use super::interval::Critical;
use super::judge::NEEDED;
use super::one::One;
use super::sweep::judged;
use super::verdicts::Verdicts;
use crate::Loaded;
use sim_core::results::{Judge, Judgement, Verdict};

/// A promise or an invariant.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    /// A promise, by its place in the model.
    Promise(usize),
    /// An invariant, by its place among the clauses.
    Invariant(usize),
}

impl Wanted {
    /// All promises and invariants of a scenario, with what is said of each.
    pub fn all(loaded: &Loaded) -> impl Iterator<Item = (Self, Judge)> {
        let (promises, first) = (loaded.model.promises.len(), loaded.written.expect.len());
        let (promised, others): (Vec<_>, Vec<_>) =
            judged(loaded).into_iter().enumerate().partition(|(place, _)| *place < promises);
        let promised = promised.into_iter().map(|(place, judge)| (Self::Promise(place), judge));
        let invariants = others.into_iter().map(|(_, judge)| judge).filter(|judge| judge.invariant);
        let invariants = invariants.enumerate().map(move |(place, judge)| (Self::Invariant(first + place), judge));
        promised.chain(invariants)
    }

    /// Whether a replication keeps it; `None` without data.
    pub fn kept(self, one: &One) -> Option<bool> {
        match self {
            Self::Promise(place) => one.promises[place].map(|judged| judged.kept),
            Self::Invariant(place) => one.clauses[place].1,
        }
    }

    /// Whether so many of the replications that could be judged break it for good: one that breaks an invariant does.
    pub fn is_broken(self, kept: u32, judged: u32) -> bool {
        matches!(self, Self::Invariant(_)) && kept < judged
    }

    /// What so many replications that keep it come to.
    pub fn verdict(self, kept: u32, judged: u32, bounds: &AnyTime) -> Verdict {
        if self.is_broken(kept, judged) { Verdict::Broken } else { by_share(kept, judged, bounds) }
    }

    /// What was seen of each of these.
    pub fn judgements(all: &[Self], verdicts: &Verdicts, loaded: &Loaded, seed: u64) -> Vec<Judgement> {
        let promises = verdicts.of_promises(loaded, Critical::Fixed);
        let is_needed = all.iter().any(|wanted| matches!(wanted, Self::Invariant(_)));
        let clauses = if is_needed { verdicts.of_clauses(loaded, Critical::Fixed, seed) } else { Vec::new() };
        let of = |wanted: &Self| match wanted {
            Self::Promise(place) => Judgement::from(&promises[*place]),
            Self::Invariant(place) => Judgement::from(&clauses[*place]),
        };
        all.iter().map(of).collect()
    }
}

/// The verdict by bounds that hold whenever one looks.
pub fn by_share(kept: u32, judged: u32, bounds: &AnyTime) -> Verdict {
    match bounds.share(kept, judged) {
        Some(share) if share.low >= NEEDED => Verdict::Held,
        Some(share) if share.high < NEEDED => Verdict::Broken,
        _ => Verdict::Inconclusive,
    }
}
