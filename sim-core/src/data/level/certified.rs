//! Values whose level is part of their type, so that what raises a level without a gate does not compile.
//!
//! A [`Certified`] value is as large as the value alone, and all that is done here is done by the compiler. The engine keeps the versions that
//! requests have read in it (`world/guarantee`): what was read at a copy is `Certified<_, Eventual>` whatever the copy promises, and only
//! [`gate`] makes more of it.
//!
//! A level may be lowered, and a value that is made of two has the weaker of their levels:
//!
//! ```
//! use sim_core::data::level::certified::{Certified, Eventual, SnapshotIsolation, StrictSerializable};
//! let balance = Certified::<u64, StrictSerializable>::from_authority(70);
//! let limit = Certified::<u64, SnapshotIsolation>::from_authority(50);
//! let both: Certified<(u64, u64), SnapshotIsolation> = balance.with(limit);
//! let weak: Certified<(u64, u64), Eventual> = both.lowered();
//! assert_eq!(*weak, (70, 50));
//! ```
//!
//! A level is not raised by assignment, as there is nothing that would do it:
//!
//! ```compile_fail,E0308
//! use sim_core::data::level::certified::{Certified, Eventual, StrictSerializable};
//! let read = Certified::<u64, Eventual>::from_authority(70);
//! let strict: Certified<u64, StrictSerializable> = read;
//! ```
//!
//! Nor by "lowering" it to a stronger one:
//!
//! ```compile_fail,E0277
//! use sim_core::data::level::certified::{Certified, Eventual, StrictSerializable};
//! let read = Certified::<u64, Eventual>::from_authority(70);
//! let strict = read.lowered::<StrictSerializable>();
//! ```
//!
//! Nor by adding a strong value to a weak one:
//!
//! ```compile_fail,E0308
//! use sim_core::data::level::certified::{Certified, Eventual, StrictSerializable};
//! let strong = Certified::<u64, StrictSerializable>::from_authority(70);
//! let weak = Certified::<u64, Eventual>::from_authority(50);
//! let both: Certified<(u64, u64), StrictSerializable> = strong.with(weak);
//! ```
//!
//! Nor by making one by hand, because its fields are private:
//!
//! ```compile_fail,E0451
//! use sim_core::data::level::certified::{Certified, StrictSerializable};
//! let strict = Certified::<u64, StrictSerializable> { value: 70, level: std::marker::PhantomData };
//! ```
//!
//! What needs a level says so in its signature, and does not take less:
//!
//! ```compile_fail,E0277
//! use sim_core::data::level::certified::{AtLeast, Certified, Eventual, SnapshotIsolation};
//! fn transfer<L: AtLeast<SnapshotIsolation>>(from: Certified<u64, L>) -> u64 {
//!     *from
//! }
//! transfer(Certified::<u64, Eventual>::from_authority(70));
//! ```

use super::Level;
use std::marker::PhantomData;
use std::ops::Deref;

/// A level as a type.
pub trait GuaranteeLevel: Copy {
    /// The level.
    const LEVEL: Level;
}

/// This level suffices where `L` is asked for.
pub trait AtLeast<L: GuaranteeLevel>: GuaranteeLevel {}

/// The weaker of this level and `L`.
pub trait With<L: GuaranteeLevel>: GuaranteeLevel {
    /// The weaker of the two.
    type Weaker: GuaranteeLevel;
}

macro_rules! levels {
    ($($level:ident: $($below:ident)*;)*) => {$(
        #[doc = concat!("[`Level::", stringify!($level), "`] as a type.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $level;
        impl GuaranteeLevel for $level {
            const LEVEL: Level = Level::$level;
        }
        impl AtLeast<$level> for $level {}
        impl With<$level> for $level {
            type Weaker = $level;
        }
        $(
            impl AtLeast<$below> for $level {}
            impl With<$below> for $level {
                type Weaker = $below;
            }
            impl With<$level> for $below {
                type Weaker = $below;
            }
        )*
    )*};
}

levels! {
    Eventual: ;
    ReadCommitted: Eventual;
    SnapshotIsolation: ReadCommitted Eventual;
    Serializable: SnapshotIsolation ReadCommitted Eventual;
    StrictSerializable: Serializable SnapshotIsolation ReadCommitted Eventual;
}

/// A value of which a reader may believe what its level says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Certified<T, L> {
    value: T,
    level: PhantomData<L>,
}

const _: () = assert!(size_of::<Certified<u64, StrictSerializable>>() == size_of::<u64>(), "a level takes no room");

impl<T, L: GuaranteeLevel> Certified<T, L> {
    /// A value as the authority has just given it at this level. Everything else is made of such values.
    #[inline(always)]
    pub fn from_authority(value: T) -> Self {
        Self { value, level: PhantomData }
    }

    /// The level.
    pub fn level(&self) -> Level {
        L::LEVEL
    }

    /// The same value for whom less is enough.
    #[inline(always)]
    #[must_use]
    pub fn lowered<W: GuaranteeLevel>(self) -> Certified<T, W>
    where
        L: AtLeast<W>,
    {
        Certified { value: self.value, level: PhantomData }
    }

    /// This value and another: of the weaker level.
    #[inline(always)]
    #[must_use]
    pub fn with<U, M: GuaranteeLevel>(self, other: Certified<U, M>) -> Certified<(T, U), L::Weaker>
    where
        L: With<M>,
    {
        Certified { value: (self.value, other.value), level: PhantomData }
    }

    /// What is made of the value has its level.
    #[inline(always)]
    #[must_use]
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Certified<U, L> {
        Certified { value: of(self.value), level: PhantomData }
    }
}

impl<T, L> Deref for Certified<T, L> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// What was read is not what the authority has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict<T, L> {
    /// What the authority has.
    pub authority: Certified<T, L>,
}

/// Compares what was read with what the authority gives at a level: they agree, and what was read has this level from now on, or there is a
/// conflict. This is the only way up.
///
/// # Errors
/// [`Conflict`] where they differ, with what the authority has.
#[inline(always)]
#[expect(clippy::needless_pass_by_value, reason = "what was read is not to be used beside what the authority has")]
pub fn gate<T: PartialEq, W: GuaranteeLevel, L: GuaranteeLevel>(
    read: Certified<T, W>,
    authority: Certified<T, L>,
) -> Result<Certified<T, L>, Conflict<T, L>> {
    if read.value == authority.value { Ok(authority) } else { Err(Conflict { authority }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_compose_as_levels_do() {
        fn check<A: With<B>, B: With<A>>() {
            assert_eq!(<A as With<B>>::Weaker::LEVEL, A::LEVEL.with(B::LEVEL));
            assert_eq!(<B as With<A>>::Weaker::LEVEL, B::LEVEL.with(A::LEVEL));
        }
        macro_rules! all {
            ($($level:ident)*) => {$(
                check::<$level, Eventual>();
                check::<$level, ReadCommitted>();
                check::<$level, SnapshotIsolation>();
                check::<$level, Serializable>();
                check::<$level, StrictSerializable>();
            )*};
        }
        all!(Eventual ReadCommitted SnapshotIsolation Serializable StrictSerializable);
    }

    #[test]
    fn a_gate_upgrades_what_is_still_so_and_tells_of_a_conflict_else() {
        let read = Certified::<u64, Eventual>::from_authority(3);
        let now = |version| Certified::<u64, StrictSerializable>::from_authority(version);
        let upgraded = gate(read, now(3)).expect("the same version");
        assert_eq!((*upgraded, upgraded.level()), (3, Level::StrictSerializable));
        assert_eq!(gate(read, now(4)).unwrap_err().authority, now(4));
    }
}
