//! Counters, as the families declare them, and the counts of a subject.
//!
//! A family lists its counters in its own `mod.rs` by `counters!`. `crate::counters` joins the lists of all families, from which the place
//! of a counter in a [`Tally`] follows at compile time. What a counter is called, what it counts, and who may read it stands in its
//! declaration alone.

use crate::units::Unit;

/// A counter: how often something happened at a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Its name in expressions and results.
    pub name: &'static str,
    /// At what it is counted.
    pub of: Counted,
    /// What one is: [`Unit::Count`] or [`Unit::Bytes`].
    pub unit: Unit,
    /// What it counts, for the reference: a phrase without a full stop.
    pub says: &'static str,
    /// Whether telemetry delivers it, so that alerts and scalers may read it.
    pub is_delivered: bool,
    /// Whether it counts requests, of which a sampling pipeline records a part.
    pub is_sampled: bool,
    /// Whether it counts what users do, so that it is asked of a load class and not of one call.
    pub is_of_users: bool,
    /// Where `results.json` has it.
    pub listed: Listed,
    /// Whether it is counted at named links and routes too.
    pub is_of_links: bool,
}

/// At what a counter is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// A call site: what a caller counts of the calls that it makes.
    CallSite,
    /// A service, store or queue.
    Service,
}

/// Where `results.json` has a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// At a subject where it was counted in at least one replication.
    WhereCounted,
    /// Under a field of its own, which the summary has at 0 too.
    InAField,
    /// Nowhere: expressions alone read it.
    Nowhere,
}

impl Counter {
    /// A counter of things that telemetry delivers and does not sample.
    pub const fn new(of: Counted, name: &'static str, says: &'static str) -> Self {
        let listed = Listed::WhereCounted;
        let (is_of_users, is_of_links) = (false, false);
        Self {
            name,
            of,
            unit: Unit::Count,
            says,
            is_delivered: true,
            is_sampled: false,
            is_of_users,
            listed,
            is_of_links,
        }
    }

    /// The same counter, of bytes.
    #[must_use]
    pub const fn bytes(self) -> Self {
        Self { unit: Unit::Bytes, ..self }
    }

    /// The same counter, which telemetry does not deliver.
    #[must_use]
    pub const fn hidden(self) -> Self {
        Self { is_delivered: false, ..self }
    }

    /// The same counter, as one of requests.
    #[must_use]
    pub const fn sampled(self) -> Self {
        Self { is_sampled: true, ..self }
    }

    /// The same counter, as one of what users do.
    #[must_use]
    pub const fn of_users(self) -> Self {
        Self { is_of_users: true, ..self }
    }

    /// The same counter, for which the summary has a field.
    #[must_use]
    pub const fn in_a_field(self) -> Self {
        Self { listed: Listed::InAField, ..self }
    }

    /// The same counter, which is counted at named links and routes too.
    #[must_use]
    pub const fn at_links(self) -> Self {
        Self { is_of_links: true, ..self }
    }

    /// The same counter, which `results.json` does not have.
    #[must_use]
    pub const fn unlisted(self) -> Self {
        Self { listed: Listed::Nowhere, ..self }
    }
}

/// Declares the counters of a family: constants, and `COUNTERS`, their list. After the text of a counter come the properties in which it
/// differs from [`Counter::new`].
///
/// ```text
/// counters! {
///     CallSite {
///         OPENED = "breaker_opened", "openings of the breakers of all caller instances", in_a_field;
///     }
/// }
/// ```
macro_rules! counters {
    ($($of:ident { $($counter:ident = $name:literal, $says:literal $(, $property:ident)*;)+ })+) => {
        $($(
            #[doc = concat!("`", $name, "`: ", $says, ".")]
            pub const $counter: $crate::metrics::Counter =
                $crate::metrics::Counter::new($crate::metrics::Counted::$of, $name, $says)$(.$property())*;
        )+)+
        /// The counters of the family.
        pub const COUNTERS: &[$crate::metrics::Counter] = &[$($($counter),+),+];
    };
}
pub(crate) use counters;

/// The place of a counter among those of its kind of subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterPlace(pub(crate) usize);

impl CounterPlace {
    /// Where the counter stands in the list of its kind of subject.
    pub fn index(self) -> usize {
        self.0
    }
}

/// What all counters of one kind of subject have counted at one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally<const N: usize>([u64; N]);

impl<const N: usize> Default for Tally<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> std::ops::Index<CounterPlace> for Tally<N> {
    type Output = u64;

    #[inline(always)]
    fn index(&self, place: CounterPlace) -> &u64 {
        &self.0[place.0]
    }
}

impl<const N: usize> std::ops::IndexMut<CounterPlace> for Tally<N> {
    #[inline(always)]
    fn index_mut(&mut self, place: CounterPlace) -> &mut u64 {
        &mut self.0[place.0]
    }
}

impl<const N: usize> Tally<N> {
    /// The counts, in the order of the counters.
    pub fn all(&self) -> &[u64; N] {
        &self.0
    }

    /// The counts, in the order of the counters, to be changed.
    pub fn all_mut(&mut self) -> &mut [u64; N] {
        &mut self.0
    }
}
