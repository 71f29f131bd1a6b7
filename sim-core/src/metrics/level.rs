//! Levels, as the families declare them, and how high each stood while a run goes on.
//!
//! A level goes up and down: places that are taken, breakers that are open. A family lists its levels in its own `mod.rs` by `levels!`, and
//! `crate::counters` joins the lists. Of a level expressions read the average over time and the highest that was reached. Nothing is kept of one that
//! never left 0.

use crate::ids::{GuardId, ProbeId, ServiceId};
use crate::units::Unit;
use std::collections::BTreeMap;

/// What goes up and down at what calls share, or at a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Its name in expressions, behind that of the service or call.
    pub name: &'static str,
    /// Of what it is.
    pub of: LevelOf,
    /// What one is: [`Unit::Count`] or [`Unit::Bytes`].
    pub unit: Unit,
    /// What is counted, for the reference: a phrase without a full stop.
    pub says: &'static str,
}

impl Level {
    /// A level of things that are counted.
    pub const fn new(of: LevelOf, name: &'static str, says: &'static str) -> Self {
        Self { name, of, unit: Unit::Count, says }
    }

    /// The same level, of bytes.
    #[must_use]
    pub const fn bytes(self) -> Self {
        Self { unit: Unit::Bytes, ..self }
    }
}

/// Of what a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelOf {
    /// The state that calls share, that of all caller instances added up.
    Calls,
    /// A service, all its instances added up.
    Service,
}

/// Declares the levels of a family: constants, and `LEVELS`, their list. After the text of a level comes `bytes` where it is one of bytes.
macro_rules! levels {
    ($($of:ident { $($level:ident = $name:literal, $says:literal $(, $property:ident)*;)+ })+) => {
        $($(
            #[doc = concat!("`", $name, "`: ", $says, ".")]
            pub const $level: $crate::metrics::Level =
                $crate::metrics::Level::new($crate::metrics::LevelOf::$of, $name, $says)$(.$property())*;
        )+)+
        /// The levels of the family.
        pub const LEVELS: &[$crate::metrics::Level] = &[$($($level),+),+];
    };
}
pub(crate) use levels;

/// A level, by its number among those of all families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LevelId(pub(crate) u8);

/// A level of the state that calls share, or of a service, whichever its declaration names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LevelAt {
    level: LevelId,
    at: u32,
}

impl LevelAt {
    /// A level of the state that calls share.
    pub fn calls(level: LevelId, guard: GuardId) -> Self {
        Self { level, at: guard.0 }
    }

    /// A level of a service.
    pub fn service(level: LevelId, service: ServiceId) -> Self {
        Self { level, at: service.0 }
    }

    /// A level of probes of one direction.
    pub fn probe(level: LevelId, way: ProbeId) -> Self {
        Self { level, at: way.0 }
    }

    /// The level.
    pub fn level(self) -> LevelId {
        self.level
    }

    fn index(self) -> usize {
        self.at as usize
    }
}

/// By level, and of what.
pub type ByLevel<T> = BTreeMap<LevelAt, T>;

/// How high a level stood over a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LevelSums {
    /// Its integral over time [ns].
    pub integral_ns: u128,
    /// The highest that the level was.
    pub most: u64,
    /// That at the end.
    pub now: u64,
}

impl LevelSums {
    /// Adds the next stretch of time.
    pub fn add(&mut self, next: &Self) {
        self.integral_ns += next.integral_ns;
        self.most = self.most.max(next.most);
        self.now = next.now;
    }

    /// Takes out a stretch of time that was added before; the highest stays.
    pub fn take_out(&mut self, first: &Self) {
        self.integral_ns -= first.integral_ns;
    }

    /// Adds what stood beside it over the same stretch. The highest is then that of the higher one.
    pub fn beside(&mut self, other: &Self) {
        self.integral_ns += other.integral_ns;
        self.most = self.most.max(other.most);
        self.now += other.now;
    }
}

/// All levels that have ever left 0.
#[derive(Debug, Default)]
pub struct Levels {
    /// By level, by guard or service.
    levels: Vec<Vec<Option<Height>>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Height {
    now: u64,
    /// Since when it stands there [ns].
    since_ns: u64,
    /// Its integral over time until then [ns]. Bytes fill 64 bits within seconds.
    integral_ns: u128,
    /// The highest since the last cut.
    most: u64,
}

impl Height {
    fn advance(&mut self, now_ns: u64) {
        self.integral_ns += u128::from(self.now) * u128::from(now_ns - self.since_ns);
        self.since_ns = now_ns;
    }
}

impl Levels {
    /// A level goes from one height to another.
    ///
    /// # Panics
    /// In tests where it stands lower than what goes away.
    pub fn moves(&mut self, of: LevelAt, now_ns: u64, before: u64, after: u64) {
        if before == after {
            return;
        }
        let height = self.height(of);
        height.advance(now_ns);
        debug_assert!(height.now >= before, "{of:?} stands at {} and {before} go", height.now);
        height.now = (height.now + after).saturating_sub(before);
        height.most = height.most.max(height.now);
    }

    /// How high a level stands.
    pub fn now(&self, of: LevelAt) -> u64 {
        let places = self.levels.get(usize::from(of.level.0));
        places.and_then(|places| places.get(of.index())?.as_ref()).map_or(0, |height| height.now)
    }

    #[inline]
    fn height(&mut self, of: LevelAt) -> &mut Height {
        let level = usize::from(of.level.0);
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        let places = &mut self.levels[level];
        if places.len() <= of.index() {
            places.resize_with(of.index() + 1, || None);
        }
        places[of.index()].get_or_insert_with(Height::default)
    }

    /// How high each stood since `before`, integrals of a former reading, which become those of now. The highest is that since the last
    /// [`Self::cut`].
    pub fn since(&mut self, now_ns: u64, before: &mut ByLevel<u128>) -> ByLevel<LevelSums> {
        let mut since = ByLevel::new();
        for (level, places) in self.levels.iter_mut().enumerate() {
            for (at, height) in places.iter_mut().enumerate().filter_map(|(at, height)| Some((at, height.as_mut()?))) {
                height.advance(now_ns);
                let of = LevelAt { level: LevelId(level as u8), at: at as u32 };
                let former = before.insert(of, height.integral_ns).unwrap_or_default();
                let integral_ns = height.integral_ns - former;
                since.insert(of, LevelSums { integral_ns, most: height.most, now: height.now });
            }
        }
        since
    }

    /// The same, after which the highest of the next stretch is looked for.
    pub fn cut(&mut self, now_ns: u64, before: &mut ByLevel<u128>) -> ByLevel<LevelSums> {
        let since = self.since(now_ns, before);
        self.levels.iter_mut().flatten().flatten().for_each(|height| height.most = height.now);
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_cut_into_stretches() {
        let (mut levels, mut cuts, mut looks) = (Levels::default(), ByLevel::new(), ByLevel::new());
        assert!(levels.cut(5, &mut cuts).is_empty());
        let of = LevelAt::calls(LevelId(1), GuardId(3));
        levels.moves(of, 10, 0, 2);
        levels.moves(of, 10, 0, 1);
        levels.moves(of, 20, 2, 0);
        // 3 for 10 ns, then 1.
        let first = LevelSums { integral_ns: 40, most: 3, now: 1 };
        assert_eq!(levels.cut(30, &mut cuts), ByLevel::from([(of, first)]));
        assert_eq!(levels.since(40, &mut looks)[&of].integral_ns, 50);
        levels.moves(of, 40, 1, 0);
        let second = LevelSums { integral_ns: 10, most: 1, now: 0 };
        assert_eq!(levels.cut(60, &mut cuts), ByLevel::from([(of, second)]));
        assert_eq!(levels.since(70, &mut looks)[&of], LevelSums::default());
        let mut sum = first;
        sum.add(&second);
        assert_eq!(sum, LevelSums { integral_ns: 50, most: 3, now: 0 });
        sum.take_out(&first);
        assert_eq!(sum.integral_ns, 10);
        sum.beside(&first);
        assert_eq!((sum.integral_ns, sum.most, sum.now), (50, 3, 1));
    }
}
