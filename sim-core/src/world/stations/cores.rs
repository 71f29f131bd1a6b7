//! Cores that the work of one instance shares: processor sharing in virtual time.
//!
//! With `n` pieces of work on `c` cores each advances at `min(1, c / n)` of full speed, divided by the instance's slow-down. Virtual
//! time is how far each piece has advanced; a piece is done when virtual time reaches what it stood at on its arrival plus its work.
//! A piece that finds a core for itself gets an event of its own, which is exact as long as no more pieces than cores come; when more
//! have come, it comes up early. A piece that shares from the beginning has none: the instance has one event for them all, set for the
//! piece that is done first where that has no event of its own to come. An event that comes up early sets the next one. So an
//! arrival makes an event only if it has a core for itself or will be done first.

use crate::engine::calendar::{Calendar, Key, NEVER};
use crate::engine::math::whole_ns;
use crate::engine::rng::{Keyed, mix};
use crate::service::cpu::{Quota, Throttled};
use crate::topology::Service;

/// Keeps the draw of when periods of a CPU limit begin apart from others.
const PHASE: u64 = 0xa2;

/// A frozen instance goes on at a millionth of its speed, so that what is left of its work keeps its size.
pub(in crate::world) const STANDSTILL: f64 = 1e6;

/// The cores of an instance, where its work shares them or a limit can stop it. `key` is the instance's, for draws.
pub(super) fn shared(settings: &Service, beyond: bool, key: u64) -> Option<Box<Cores>> {
    let shares = settings.cores.filter(|cores| beyond || !settings.workers.is_some_and(|w| cores.is_one_each(w)));
    let Some(limit) = settings.cpu_limit else { return shares.map(|cores| Box::new(Cores::new(cores.get(), None))) };
    // The periods of containers begin at times of their own. Without `cores` all that has work to do runs at once.
    let phase = Keyed::new(mix(key, PHASE)).unit() * limit.period.ns() as f64;
    let cores = settings.cores.map_or(f64::INFINITY, crate::units::Cores::get);
    Some(Box::new(Cores::new(cores, Some(Quota::new(limit, phase as u64)))))
}

/// Work on shared cores.
#[derive(Debug)]
pub struct Cores {
    cores: f64,
    /// Cores that one piece has if it is alone: the inverse of their number, for the shares.
    share: f64,
    /// Virtual time [ns of work].
    virtual_ns: f64,
    /// When virtual time was last brought up to date [ns].
    updated: u64,
    /// Slow-down that applies since then.
    slow: f64,
    /// By how much longer it takes because processor time is stolen, a part of `slow`.
    stolen: f64,
    /// How much longer than at full speed each piece takes now.
    stretch: f64,
    /// The inverse of that.
    speed: f64,
    /// Pieces of work that are wanted.
    active: u32,
    /// By the virtual time at which they are done, whose bits are in order as it is not negative; then by sequence.
    pieces: Calendar,
    /// Number of the pending event for all; 0 if there is none.
    armed_seq: u64,
    /// When the pending event comes up [ns].
    armed_at: u64,
    /// Events of their own of pieces up to this number may come up late, because the instance has become faster.
    distrusted: u64,
    /// No piece is done before this one, for which an event is pending.
    soonest: Key,
    /// CPU time used since the last reading [ns of one core].
    used: f64,
    /// Pieces of those that are wanted by nobody who waits.
    in_vain: u32,
    /// CPU time that they have used, and that was not taken yet [ns of one core].
    used_in_vain: f64,
    /// What limits the CPU time of all pieces together.
    quota: Option<Box<Quota>>,
}

impl Cores {
    /// So many idle cores, whole or not; as many as there is work where they are infinite.
    pub fn new(cores: f64, quota: Option<Quota>) -> Self {
        Self {
            cores,
            share: 1.0 / cores,
            virtual_ns: 0.0,
            updated: 0,
            slow: 1.0,
            stolen: 1.0,
            stretch: 1.0,
            speed: 1.0,
            active: 0,
            pieces: Calendar::default(),
            armed_seq: 0,
            armed_at: u64::MAX,
            distrusted: 0,
            soonest: NEVER,
            used: 0.0,
            in_vain: 0,
            used_in_vain: 0.0,
            quota: quota.map(Box::new),
        }
    }

    /// A machine with so many cores takes the place of one on which nothing is at work.
    pub fn becomes(&mut self, cores: f64) {
        debug_assert_eq!(self.active, 0, "work stays on a machine that goes");
        (self.cores, self.share) = (cores, 1.0 / cores);
        self.set_speed();
    }

    /// The number of pieces or the slow-down has changed.
    fn set_speed(&mut self) {
        self.stretch = if f64::from(self.active) <= self.cores {
            self.slow
        } else {
            f64::from(self.active) * self.share * self.slow
        };
        self.speed = 1.0 / self.stretch;
    }

    fn update(&mut self, now_ns: u64) {
        let from_ns = std::mem::replace(&mut self.updated, now_ns);
        let passed = (now_ns - from_ns) as f64;
        if self.active > 0 {
            let busy = self.busy();
            let passed = match &mut self.quota {
                Some(quota) => {
                    let ran = quota.run(from_ns, now_ns, busy / self.stolen);
                    // What is frozen spends nothing, and so is never throttled.
                    if busy > 0.0 { ran } else { passed }
                }
                None => passed,
            };
            self.virtual_ns += passed * self.speed;
            self.used += passed * busy;
            if self.in_vain > 0 {
                self.used_in_vain += passed * busy * f64::from(self.in_vain) / f64::from(self.active);
            }
        } else if let Some(quota) = &mut self.quota {
            quota.run(from_ns, now_ns, 0.0);
        }
    }

    /// Cores that are at work.
    fn busy(&self) -> f64 {
        if self.slow < STANDSTILL { f64::from(self.active).min(self.cores) } else { 0.0 }
    }

    /// Whether one more piece has a core for itself, and nothing can make it stand still.
    pub fn has_room(&self) -> bool {
        f64::from(self.active) + 1.0 <= self.cores && self.quota.is_none()
    }

    /// Adds work [ns at full speed] for a frame that waits for `seq`. Tells whether it will be done first, so that an event has to be
    /// pending for it.
    #[inline]
    pub fn add(&mut self, now_ns: u64, work_ns: f64, frame: u32, seq: u64) -> bool {
        self.update(now_ns);
        if self.active == 0 {
            // Idle: start virtual time afresh, so that it stays small and exact.
            self.virtual_ns = 0.0;
            self.pieces.clear();
            self.soonest = NEVER;
        }
        self.active += 1;
        self.set_speed();
        let key = Key::new((self.virtual_ns + work_ns).to_bits(), seq, 0, frame);
        self.pieces.push_key(key);
        let is_first = key < self.soonest;
        if is_first {
            self.soonest = key;
        }
        is_first
    }

    /// A piece is no longer wanted; its entry is skipped when it comes up.
    pub fn remove(&mut self, now_ns: u64) {
        self.update(now_ns);
        self.active -= 1;
        self.set_speed();
    }

    /// All work is gone: the instance crashed.
    pub fn clear(&mut self, now_ns: u64) {
        self.update(now_ns);
        self.active = 0;
        self.in_vain = 0;
        self.set_speed();
        self.pieces.clear();
        self.soonest = NEVER;
        if let Some(quota) = &mut self.quota {
            quota.begins_anew();
        }
    }

    /// One piece more is in vain, or one less.
    pub fn in_vain(&mut self, now_ns: u64, more: i32) {
        self.update(now_ns);
        self.in_vain = self.in_vain.saturating_add_signed(more);
    }

    /// Takes the whole nanoseconds of CPU time that were used in vain; call [`Self::take_used`] before, which brings them up to date.
    pub fn take_in_vain(&mut self) -> u64 {
        let whole = self.used_in_vain.floor();
        self.used_in_vain -= whole;
        whole as u64
    }

    /// From now on work is slower by another factor, of which stolen time is a part: what is stolen spends no quota. `seq` is a new number: events
    /// that were made before it are not relied upon.
    pub fn set_slow(&mut self, now_ns: u64, (slow, stolen): (f64, f64), seq: u64) {
        self.update(now_ns);
        (self.slow, self.stolen) = (slow, stolen);
        self.distrusted = seq;
        self.set_speed();
    }

    /// Takes the next frame whose work is done, if any; then call [`Self::wants_event`]. `live` tells whether a frame still waits for a number.
    #[inline]
    pub fn pop_done(&mut self, now_ns: u64, live: impl Fn(u32, u64) -> bool) -> Option<u32> {
        self.update(now_ns);
        let first = self.first(live)?;
        // Half a nanosecond of rounding: events are at whole ones.
        if f64::from_bits(first.time()) > self.virtual_ns + 0.5 {
            return None;
        }
        self.pieces.pop();
        self.active -= 1;
        self.set_speed();
        Some(first.index())
    }

    /// The piece that is done first.
    #[inline]
    fn first(&mut self, live: impl Fn(u32, u64) -> bool) -> Option<Key> {
        loop {
            let first = self.pieces.peek()?;
            if live(first.index(), first.sequence()) {
                return Some(first);
            }
            self.pieces.pop();
        }
    }

    /// When the next piece will be done if nothing changes, if an event has to be made for it: there is none pending, or only a
    /// later one. Call [`Self::arm`] with its number. `own` is when the event of a frame's own comes up or came up; 0 if it never
    /// had one.
    #[inline]
    pub fn wants_event(&mut self, live: impl Fn(u32, u64) -> bool, own: impl Fn(u32) -> u64) -> Option<u64> {
        let Some(first) = self.first(live) else {
            self.soonest = NEVER;
            return None;
        };
        self.soonest = first;
        if own(first.index()) > self.updated && first.sequence() > self.distrusted {
            return None;
        }
        let wait = f64::from_bits(first.time()) - self.virtual_ns;
        let at = if wait > 0.5 {
            let runs = wait * self.stretch;
            let takes = match &self.quota {
                Some(quota) if self.busy() > 0.0 => quota.takes(self.updated, runs, self.busy() / self.stolen),
                _ => runs,
            };
            // Not before the next nanosecond, so that time goes on.
            self.updated.saturating_add(whole_ns(takes).max(1))
        } else {
            self.updated
        };
        (self.armed_seq == 0 || at < self.armed_at).then_some(at)
    }

    /// An event was made.
    pub fn arm(&mut self, at_ns: u64, seq: u64) {
        self.armed_at = at_ns;
        self.armed_seq = seq;
    }

    /// An event came up: perhaps the pending one.
    pub fn came_up(&mut self, seq: u64) {
        if seq == self.armed_seq {
            self.disarm();
        }
    }

    /// The pending event counts no more.
    pub fn disarm(&mut self) {
        self.armed_seq = 0;
        self.armed_at = u64::MAX;
    }

    /// For how long nothing can run because the quota of the present period is spent [ns].
    pub fn stands_still_for(&mut self, now_ns: u64) -> u64 {
        self.update(now_ns);
        self.quota.as_ref().map_or(0, |quota| quota.stands_still_for(now_ns))
    }

    /// CPU time used since the last reading [ns of one core].
    pub fn take_used(&mut self, now_ns: u64) -> u64 {
        self.update(now_ns);
        let whole = self.used.floor();
        self.used -= whole;
        whole as u64
    }

    /// What was seen of the quota since the last reading, where there is one.
    pub fn take_throttled(&mut self) -> Option<Throttled> {
        self.quota.as_mut().map(|quota| quota.take_seen())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: u64 = 1 << 28;

    fn wants(cores: &mut Cores) -> Option<u64> {
        cores.wants_event(|_, _| true, |_| 0)
    }

    #[test]
    fn two_pieces_share_one_core() {
        let mut cores = Cores::new(1.0, None);
        assert!(cores.has_room());
        cores.add(0, 100.0, 1, STEP);
        assert!(!cores.has_room());
        cores.add(50, 100.0, 2, 2 * STEP);
        // The first has 50 left when the second comes: both at half speed, done at 150; then 50 left alone: 200.
        assert_eq!(wants(&mut cores), Some(150));
        assert_eq!(cores.pop_done(150, |_, _| true), Some(1));
        assert_eq!(cores.pop_done(150, |_, _| true), None);
        assert_eq!(wants(&mut cores), Some(200));
        assert_eq!(cores.pop_done(200, |_, _| true), Some(2));
        assert_eq!(cores.take_used(200), 200);
    }

    #[test]
    fn as_many_cores_as_pieces_slow_nobody() {
        let mut cores = Cores::new(2.0, None);
        cores.add(0, 100.0, 1, STEP);
        cores.add(0, 70.0, 2, 2 * STEP);
        assert_eq!(wants(&mut cores), Some(70));
        assert_eq!(cores.pop_done(70, |_, _| true), Some(2));
        assert_eq!(wants(&mut cores), Some(100));
    }

    #[test]
    fn a_piece_with_an_event_of_its_own_to_come_wants_no_other() {
        let mut cores = Cores::new(1.0, None);
        cores.add(0, 100.0, 1, STEP);
        assert_eq!(cores.wants_event(|_, _| true, |_| 100), None);
        // A second one slows it: at 100 it is not done, and now the instance's event is wanted.
        cores.add(40, 500.0, 2, 2 * STEP);
        assert_eq!(cores.pop_done(100, |_, _| true), None);
        assert_eq!(cores.wants_event(|_, _| true, |_| 100), Some(160));
        // After a change of speed its own event is not relied upon.
        let mut cores = Cores::new(1.0, None);
        cores.add(0, 100.0, 1, STEP);
        cores.set_slow(50, (0.5, 1.0), 2 * STEP);
        assert_eq!(cores.wants_event(|_, _| true, |_| 100), Some(75));
    }

    #[test]
    fn a_slow_down_stretches_what_is_left() {
        let mut cores = Cores::new(1.0, None);
        cores.add(0, 100.0, 1, STEP);
        cores.set_slow(50, (2.0, 1.0), 2 * STEP);
        assert_eq!(wants(&mut cores), Some(150));
    }

    #[test]
    fn what_is_no_longer_wanted_gives_its_share_back() {
        let mut cores = Cores::new(1.0, None);
        cores.add(0, 100.0, 1, STEP);
        cores.add(0, 50.0, 2, 2 * STEP);
        cores.remove(20);
        let live = |frame: u32, _| frame == 1;
        assert_eq!(cores.wants_event(live, |_| 0), Some(110));
        assert_eq!(cores.pop_done(110, live), Some(1));
    }
}
