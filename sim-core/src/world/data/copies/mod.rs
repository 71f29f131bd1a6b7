//! The copies of a store with a primary: its log of writes, which copy has which of them, and which are lost when the primary is.
//!
//! A write goes to the primary at once, and to each copy that follows it after a lag of its own; writes overtake each other on the way. A copy that
//! is away (crashed, frozen, gone) gets nothing; when it is back it has all that it lacks after one more lag. While the primary is down nothing is on
//! its way: what a copy has not got by then it gets when the primary is back, or never, when another copy leads by then. Who leads next takes from
//! the other copies that follow what these have, so that a write is lost only if none of them has it.
//!
//! A copy to which the way from the primary is cut is up, gets nothing more and serves what it has. What was on its way still comes. When the way is
//! there again, it has all that it lacks after one more lag. It may lead as well, and what it and those that it hears lack then is lost.
//!
//! Only writes that some copy still lacks are kept, so memory follows the lag, and grows while a copy is cut off. Of a copy that is away only the
//! rows are kept that it lacks.

mod reach;
mod sessions;

pub(in crate::world) use sessions::Seen;
pub(super) use sessions::{Disorder, Session};

use crate::data::replication::{Commit, SessionGuarantee};
use crate::dist::{Distribution, Sampler};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::engine::table::Maybe;
use crate::ids::EdgeId;
use sessions::Before;
use std::collections::{BTreeMap, VecDeque};

/// When a copy has a write that it does not get because it is away.
const AWAY: u64 = u64::MAX;
/// When a copy has a write that it does not get because the primary is down.
const HALTED: u64 = u64::MAX - 1;
/// When a write was answered that was not.
const NEVER: u64 = u64::MAX;
/// How long an acknowledgement takes that does not come through.
const CUT: u64 = u64::MAX;

const LAG: u64 = 0x72;
const AGAIN: u64 = 0x75;

/// How many calls a write remembers by which it came.
pub(super) const CALLS: usize = 4;

/// A write in the log of a store, while copies take it in.
#[derive(Debug, Clone)]
struct Write {
    row: u64,
    /// When it was answered [ns].
    committed: u64,
    /// By copy: when it has the write [ns].
    applied: Vec<u64>,
    /// By copy: how long its acknowledgement takes [ns]; empty where none takes any time.
    backs: Vec<u64>,
    /// How many replicas it waits for.
    needs: u32,
    /// The flush of the primary's disk behind which it is safe there, by number.
    flush: u64,
    /// The calls by which it came, that to the store first.
    via: [Maybe<EdgeId>; CALLS],
    /// It was answered before the disk because somebody has set that while the run goes on.
    is_set: bool,
    /// A thing of a stock was sold, or is kept, by it.
    sells: bool,
    is_lost: bool,
    /// The session that made it; 0 of none.
    session: u64,
    /// What its session had written or read before, and some copy lacked then.
    after: Vec<Before>,
}

/// A write that is gone: one that was answered, or one by which a thing was sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    /// The row that is written, by its key.
    pub row: u64,
    /// The calls by which it came, that to the store first.
    pub via: [Maybe<EdgeId>; CALLS],
    /// It was answered before the disk because somebody has set that while the run goes on.
    pub is_set: bool,
    /// Whether it was answered.
    pub is_answered: bool,
    /// Its position, where a thing of a stock was sold by it.
    pub sold_at: Option<u64>,
}

/// One copy.
#[derive(Debug, Clone, Default)]
struct Copy {
    /// Whether it is up, and not frozen.
    is_up: bool,
    /// From when on it follows the primary [ns].
    follows_from: u64,
    /// Rows that it lacks because it was away, each since when [ns].
    lacks: BTreeMap<u64, u64>,
    /// Nothing comes through from the primary.
    is_cut: bool,
    /// It followed the primary when the way was last cut, and has been up since.
    followed: bool,
    /// Flushes that writes have asked of its disk without waiting.
    asked: u64,
    /// How many of them are done.
    flushed: u64,
}

impl Copy {
    /// Whether it has all but what is on its way, and what was written while it was cut off.
    fn has_followed(&self, now: u64) -> bool {
        self.is_up && (self.follows_from <= now || self.followed)
    }
}

/// How long the log is on its way to a copy, and the acknowledgement back [ns]; `None` where nothing comes through.
pub(super) type Legs = [Option<u64>; 2];

/// What copies hear of each other when another leads.
pub(super) struct Heard<'a> {
    /// Whether what the copy with this number sends comes to the one that leads.
    pub by: &'a dyn Fn(usize) -> bool,
    /// Whether what the one that leads sends comes to it.
    pub of: &'a dyn Fn(usize) -> bool,
}

/// What a write has to wait for before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// No copy is asked to agree.
    No,
    /// Until then [ns].
    Until(u64),
    /// Until more copies follow.
    ForCopies,
    /// It will never be answered: it is lost.
    Lost,
}

/// The copies of a store with a primary.
#[derive(Debug)]
pub(super) struct Copies {
    lag: Sampler,
    /// By copy: how much later it applies writes while a fault makes it lag.
    lag_factor: Vec<f64>,
    copies: Vec<Copy>,
    /// How many there are meant to be.
    number: u32,
    leader: usize,
    /// Grows with each change of what is on its way, for its draws.
    term: u64,
    /// What a write waits for from now on.
    commit: Commit,
    /// Whether somebody has set that while the run goes on.
    is_set: bool,
    /// The writes that some copy lacks, in the order of their positions.
    log: VecDeque<Write>,
    /// The position of the first of them.
    first: u64,
    /// Positions of the writes of each row that are in the log.
    rows: BTreeMap<u64, Vec<u64>>,
    /// For draws: the same whatever other stores there are.
    salt: u64,
    /// What sessions can rely on.
    guarantees: Vec<SessionGuarantee>,
    /// How old what replicas show is at least [ns], and the time that was closed before that was changed.
    closed: Option<(u64, u64)>,
}

impl Write {
    /// How long the acknowledgement of a copy takes [ns].
    fn back(&self, number: usize) -> u64 {
        self.backs.get(number).copied().unwrap_or_default()
    }
}

impl Copies {
    /// Of `places` that instances may take, the first `number` have the data.
    pub(super) fn new(places: usize, number: u32, lag: &Distribution, commit: Commit, salt: u64) -> Self {
        let copy = |place: usize| {
            let is_there = place < number as usize;
            Copy { is_up: is_there, follows_from: if is_there { 0 } else { AWAY }, ..Copy::default() }
        };
        Self {
            lag: lag.build(),
            lag_factor: vec![1.0; places],
            copies: (0..places).map(copy).collect(),
            number,
            leader: 0,
            term: 0,
            commit,
            is_set: false,
            log: VecDeque::new(),
            first: 0,
            rows: BTreeMap::new(),
            salt,
            guarantees: Vec::new(),
            closed: None,
        }
    }

    /// The instance that is the primary, by its number.
    pub(super) fn leader(&self) -> usize {
        self.leader
    }

    /// How many there are meant to be.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Whether a copy is up, and not frozen.
    pub(super) fn is_up(&self, number: usize) -> bool {
        self.copies[number].is_up
    }

    /// Copies apply writes so late from now on.
    pub(super) fn lag_changes(&mut self, lag: &Distribution) {
        self.lag = lag.build();
    }

    /// A copy applies writes so much later from now on.
    pub(super) fn set_lag_factor(&mut self, number: usize, factor: f64) {
        self.lag_factor[number] = factor;
    }

    /// A write waits for this from now on; whether somebody has set it while the run goes on.
    pub(super) fn commit_changes(&mut self, commit: Commit, is_set: bool) {
        (self.commit, self.is_set) = (commit, is_set);
    }

    /// Whether writes are answered before the disk.
    pub(super) fn is_asynchronous(&self) -> bool {
        self.commit == Commit::Asynchronous
    }

    /// The position of the write that comes next.
    pub(super) fn next_position(&self) -> u64 {
        self.first + self.log.len() as u64
    }

    /// What was sold by the write at a position is there again: that the write is lost takes nothing from anybody.
    pub(super) fn sale_is_over(&mut self, position: u64) {
        let place = position.checked_sub(self.first);
        place.and_then(|place| self.log.get_mut(place as usize)).into_iter().for_each(|write| write.sells = false);
    }

    /// A session writes a row at the primary, and `sells` a thing of it; `legs` are by copy, and empty where nothing lies between them: the position
    /// of the write, and whether replicas have to hold it back.
    pub(super) fn write(
        &mut self,
        (row, sells, session): (u64, bool, Session<'_>),
        (key, now): (u64, u64),
        via: [Maybe<EdgeId>; CALLS],
        legs: &[Legs],
    ) -> (u64, bool) {
        self.trim(now);
        let after = self.before(row, session, now);
        let mut draw = Keyed::new(mix(key, LAG));
        let mut applied = Vec::with_capacity(self.copies.len());
        for (number, copy) in self.copies.iter_mut().enumerate() {
            if number == self.leader {
                applied.push(now);
                continue;
            }
            // Drawn for copies that are away too, so that their fate changes no draw of the others.
            let comes = now + whole_ns(self.lag.sample(&mut draw) * self.lag_factor[number]);
            let there = legs.get(number).map_or(Some(0), |legs| legs[0]);
            applied.push(match (copy.follows_from, there) {
                (AWAY, _) | (_, None) => AWAY,
                (from, Some(there)) => comes.saturating_add(there).min(HALTED - 1).max(from),
            });
        }
        let mut is_held_back = false;
        if !after.is_empty() {
            for (number, at) in
                applied.iter_mut().enumerate().filter(|(number, at)| *number != self.leader && **at < HALTED)
            {
                let earliest = self.not_before(&after, number);
                is_held_back |= earliest > *at;
                *at = earliest.max(*at);
            }
        }
        let needs = self.commit.replicas(self.number);
        let committed = if needs == 0 { now } else { NEVER };
        let flush = if self.commit == Commit::Asynchronous { self.copies[self.leader].asked } else { 0 };
        let is_set = self.is_set && self.commit == Commit::Asynchronous;
        let backs = legs.iter().map(|legs| legs[1].unwrap_or(CUT)).collect();
        let (session, is_lost) = (session.id, false);
        self.log.push_back(Write {
            row,
            committed,
            applied,
            backs,
            needs,
            flush,
            via,
            is_set,
            sells,
            is_lost,
            session,
            after,
        });
        let position = self.next_position() - 1;
        self.rows.entry(row).or_default().push(position);
        (position, is_held_back)
    }

    /// What the write at a position waits for now; where that is nothing, it is answered.
    pub(super) fn answers(&mut self, position: u64, now: u64) -> Wait {
        // What is no longer in the log has enough acknowledgements.
        let Some(place) = position.checked_sub(self.first) else { return Wait::No };
        let leader = self.leader;
        let write = &mut self.log[place as usize];
        if write.is_lost {
            return Wait::Lost;
        }
        let others = write.applied.iter().enumerate().filter(|(number, at)| *number != leader && **at < HALTED);
        let heard = others.filter(|(number, _)| write.back(*number) != CUT);
        let mut comes: Vec<u64> = heard.map(|(number, at)| at.saturating_add(write.back(number))).collect();
        comes.sort_unstable();
        match (write.needs as usize).checked_sub(1).map(|last| comes.get(last).copied()) {
            Some(None) => Wait::ForCopies,
            Some(Some(at)) if at > now => Wait::Until(at),
            _ => {
                write.committed = write.committed.min(now);
                if self.closed.is_some() {
                    self.commits_before(place as usize, now);
                }
                Wait::No
            }
        }
    }

    /// Whether a read at a copy, of a request that has come at `since`, misses a write that was answered before [ns].
    pub(super) fn is_stale(&self, row: u64, number: usize, since: u64, now: u64) -> bool {
        let copy = &self.copies[number];
        let lacks = || copy.lacks.get(&row).is_some_and(|&lacked| lacked <= since);
        (copy.follows_from > now && lacks()) || self.lacking(row, number, now).any(|write| write.committed <= since)
    }

    /// How many writes of a row a copy lacks.
    pub(super) fn behind(&self, row: u64, number: usize, now: u64) -> u64 {
        self.lacking(row, number, now).count() as u64
    }

    fn lacking(&self, row: u64, number: usize, now: u64) -> impl Iterator<Item = &Write> {
        let positions = self.rows.get(&row).into_iter().flatten();
        let writes = positions.map(|position| &self.log[(position - self.first) as usize]);
        let closed = self.closed_at(now).filter(|_| number != self.leader);
        writes.filter(move |write| Self::lacks(write, number, closed, now))
    }

    /// The primary's disk, or that of a copy, is asked for a flush that no write waits for.
    pub(super) fn asks_flush(&mut self, number: usize) {
        self.copies[number].asked += 1;
    }

    /// Such a flush is done.
    pub(super) fn flushed(&mut self, number: usize) {
        let copy = &mut self.copies[number];
        copy.flushed = (copy.flushed + 1).min(copy.asked);
    }

    /// A copy that does not lead crashes, freezes or goes: it gets nothing more.
    pub(super) fn goes_away(&mut self, number: usize, now: u64) {
        let copy = &mut self.copies[number];
        (copy.is_up, copy.followed) = (false, false);
        if copy.follows_from <= now {
            copy.lacks.clear();
        }
        copy.follows_from = AWAY;
        copy.asked = copy.flushed;
        for write in self.log.iter_mut().filter(|write| !write.is_lost && write.applied[number] > now) {
            write.applied[number] = AWAY;
        }
    }

    /// A copy is up again. Where the primary is, and comes through to it, it has all that it lacks after one more lag: when that is [ns].
    pub(super) fn comes_back(&mut self, number: usize, now: u64) -> Option<u64> {
        self.copies[number].is_up = true;
        (self.copies[self.leader].is_up && !self.copies[number].is_cut).then(|| self.catches_up(number, now))
    }

    fn catches_up(&mut self, number: usize, now: u64) -> u64 {
        self.term += 1;
        if self.copies[number].follows_from <= now {
            self.copies[number].lacks.clear();
        }
        let mut draw = Keyed::new(mix(self.salt, mix(AGAIN ^ self.term, number as u64)));
        let from = now + whole_ns(self.lag.sample(&mut draw) * self.lag_factor[number]);
        // What was on its way when it was cut off came before what it lacks.
        let on_its_way = self.log.iter().map(|write| write.applied[number]).filter(|&at| at < HALTED).max();
        let from = from.max(on_its_way.unwrap_or(0));
        self.follows(number, from);
        from
    }

    /// A copy follows the primary from then on [ns], and has all that it lacks by then.
    fn follows(&mut self, number: usize, from: u64) {
        self.copies[number].follows_from = from;
        for write in self.log.iter_mut().filter(|write| write.applied[number] >= HALTED) {
            write.applied[number] = from;
        }
    }

    /// The primary crashes or freezes: nothing is on its way any more.
    pub(super) fn halts(&mut self, now: u64) {
        let leader = self.leader;
        (self.copies[leader].is_up, self.copies[leader].followed) = (false, false);
        for write in &mut self.log {
            let late = |(number, at): &(usize, &mut u64)| *number != leader && **at > now && **at < HALTED;
            write.applied.iter_mut().enumerate().filter(late).for_each(|(_, at)| *at = HALTED);
        }
        for (number, copy) in self.copies.iter_mut().enumerate() {
            // Who was about to catch up does not.
            if number != leader && copy.follows_from > now {
                copy.follows_from = AWAY;
            }
        }
    }

    /// The primary is back before another leads: what was on its way sets out again. Writes that neither its disk nor a copy has are lost.
    pub(super) fn resumes(&mut self, now: u64, kept_memory: bool) -> Vec<Lost> {
        let leader = self.leader;
        self.copies[leader].is_up = true;
        let flushed = self.copies[leader].flushed;
        let lost = if kept_memory {
            Vec::new()
        } else {
            self.loses(|write, has| write.flush > flushed && !has(write), now, |_| true)
        };
        if !kept_memory {
            self.copies[leader].asked = flushed;
            self.stands(now);
        }
        self.sets_out_again(now);
        lost
    }

    /// Another copy leads from now on. What neither it nor a copy that follows, and that it hears, has is lost.
    pub(super) fn leads(&mut self, number: usize, now: u64, heard: &Heard<'_>) -> Vec<Lost> {
        let before = self.leader;
        let was_up = self.copies[before].is_up;
        let lost = if was_up && !self.copies[number].is_cut {
            Vec::new()
        } else {
            self.loses(|write, has| !has(write), now, |copy| copy == number || (heard.by)(copy))
        };
        self.leader = number;
        for write in self.log.iter_mut().filter(|write| !write.is_lost) {
            write.applied[number] = write.applied[number].min(now);
        }
        self.stands(now);
        let leader = &mut self.copies[number];
        (leader.is_cut, leader.follows_from) = (false, leader.follows_from.min(now));
        for copy in (0..self.copies.len()).filter(|copy| *copy != number) {
            let is_cut = !(heard.of)(copy);
            if is_cut {
                self.is_reached(copy, true, now);
            }
            self.copies[copy].is_cut = is_cut;
        }
        if !was_up {
            let copy = &mut self.copies[before];
            (copy.follows_from, copy.asked) = (AWAY, copy.flushed);
        }
        self.copies[number].lacks.clear();
        self.sets_out_again(now);
        lost
    }

    /// Nobody waits any more for the writes that the primary has when it begins to lead: they stand.
    fn stands(&mut self, now: u64) {
        for write in self.log.iter_mut().filter(|write| !write.is_lost) {
            (write.flush, write.committed) = (0, write.committed.min(now));
            write.backs.clear();
        }
    }

    /// Writes that are lost where no copy that follows has them, and more is true.
    fn loses(
        &mut self,
        is_lost: impl Fn(&Write, &dyn Fn(&Write) -> bool) -> bool,
        now: u64,
        is_heard: impl Fn(usize) -> bool,
    ) -> Vec<Lost> {
        let (copies, leader) = (&self.copies, self.leader);
        let has = |write: &Write| {
            let others = write.applied.iter().zip(copies).enumerate().filter(|(number, _)| *number != leader);
            others.into_iter().any(|(number, (at, copy))| *at <= now && copy.has_followed(now) && is_heard(number))
        };
        let mut lost = Vec::new();
        let first = self.first;
        for (place, write) in self.log.iter_mut().enumerate().filter(|(_, write)| !write.is_lost) {
            if is_lost(write, &has) {
                write.is_lost = true;
                let is_answered = write.committed != NEVER;
                let sold_at = write.sells.then_some(first + place as u64);
                if is_answered || write.sells {
                    lost.push(Lost { row: write.row, via: write.via, is_set: write.is_set, is_answered, sold_at });
                }
            }
        }
        let log = &self.log;
        self.rows.retain(|_, positions| {
            positions.retain(|position| !log[(position - first) as usize].is_lost);
            !positions.is_empty()
        });
        lost
    }

    /// The primary is up: all that copies lack is on its way to those that are up.
    fn sets_out_again(&mut self, now: u64) {
        self.term += 1;
        let (leader, first) = (self.leader, self.first);
        for place in 0..self.log.len() {
            let write = &self.log[place];
            if write.is_lost {
                continue;
            }
            let mut draw = Keyed::new(mix(self.salt ^ self.term, mix(AGAIN, first + place as u64)));
            for number in 0..self.copies.len() {
                let write = &self.log[place];
                if number == leader || write.applied[number] != HALTED {
                    continue;
                }
                // Drawn for copies that are cut off too, as for each write.
                let comes = now + whole_ns(self.lag.sample(&mut draw) * self.lag_factor[number]);
                let earliest = self.not_before(&write.after, number);
                self.log[place].applied[number] = if self.copies[number].is_cut { AWAY } else { comes.max(earliest) };
            }
        }
        for number in 0..self.copies.len() {
            let copy = &self.copies[number];
            let lacks = || self.log.iter().any(|write| !write.is_lost && write.applied[number] == AWAY);
            if number != leader && copy.is_up && !copy.is_cut && (copy.follows_from == AWAY || lacks()) {
                self.catches_up(number, now);
            }
        }
    }

    /// The copy that can lead and lacks the fewest writes, of those that are `able`; one that is cut off only where no other can.
    pub(super) fn next_leader(&self, now: u64, able: impl Fn(usize) -> bool) -> Option<usize> {
        let lacks =
            |number: usize| self.log.iter().filter(|write| !write.is_lost && write.applied[number] > now).count();
        let others = (0..self.copies.len()).filter(|number| *number != self.leader);
        let can = others.filter(|number| self.copies[*number].has_followed(now)).filter(|number| able(*number));
        can.min_by_key(|number| (self.copies[*number].is_cut, lacks(*number), *number))
    }

    /// When the last copy that is about to catch up will have done so [ns].
    pub(super) fn all_follow_by(&self, now: u64) -> Option<u64> {
        self.copies.iter().map(|copy| copy.follows_from).filter(|&from| from > now && from < HALTED).min()
    }

    /// Forgets the writes that all copies have that will ever get them. Of those that a copy lacks which is away the rows are kept.
    fn trim(&mut self, now: u64) {
        let (leader, flushed) = (self.leader, self.copies[self.leader].flushed);
        let closed = self.closed_at(now);
        while let Some(write) = self.log.front() {
            let others = || write.applied.iter().enumerate().filter(|(number, _)| *number != leader);
            let have = others().filter(|(number, at)| at.saturating_add(write.back(*number)) <= now).count();
            let is_kept_for = |number: usize| self.copies[number].is_up && self.copies[number].is_cut;
            // A write that waits for more copies is kept until they are back.
            let is_over = others().all(|(number, &at)| at <= now || at == AWAY && !is_kept_for(number))
                && have >= write.needs as usize
                && (write.flush <= flushed || have > 0)
                // What replicas do not show yet they lack.
                && closed.is_none_or(|closed| write.committed <= closed);
            if !(write.is_lost || is_over) {
                break;
            }
            let Some(write) = self.log.pop_front() else { break };
            if !write.is_lost {
                if let Some(positions) = self.rows.get_mut(&write.row) {
                    positions.retain(|&position| position != self.first);
                    if positions.is_empty() {
                        self.rows.remove(&write.row);
                    }
                }
                for (copy, _) in self.copies.iter_mut().zip(&write.applied).filter(|(_, at)| **at == AWAY) {
                    copy.lacks.entry(write.row).or_insert(write.committed.min(now));
                }
            }
            self.first += 1;
        }
    }
}
