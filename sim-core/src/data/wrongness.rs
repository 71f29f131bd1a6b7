//! Every way in which a reply can look right and be wrong, counted by kind.
//!
//! The number of a kind is what results and slices carry; the word is what files and results show. What makes a reply wrong is
//! decided where it happens (retries, replicas, queues, faults), never here.

use serde::{Deserialize, Serialize};

/// A kind of wrongness; the number stands in results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Wrongness {
    /// A read from a copy that was behind, and was acted upon.
    StaleRead = 0,
    /// An effect that happened more than once for one request.
    DuplicateEffect = 1,
    /// A write that was acknowledged and is gone.
    LostWrite = 2,
    /// A message that nobody could handle and nobody kept.
    LostMessage = 3,
    /// A saga of which some steps stand and some do not.
    HalfFinished = 4,
    /// More was sold than there was.
    Oversold = 5,
    /// A write that is gone because an action had let its store answer before the disk.
    WrongMode = 6,
    /// A record whose content is not what was written.
    CorruptRecord = 7,
    /// A sum that is not what it should be.
    WrongAmount = 8,
}

impl Wrongness {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::StaleRead,
        Self::DuplicateEffect,
        Self::LostWrite,
        Self::LostMessage,
        Self::HalfFinished,
        Self::Oversold,
        Self::WrongMode,
        Self::CorruptRecord,
        Self::WrongAmount,
    ];

    /// The word in files and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::StaleRead => "stale_read",
            Self::DuplicateEffect => "duplicate_effect",
            Self::LostWrite => "lost_write",
            Self::LostMessage => "lost_message",
            Self::HalfFinished => "half_finished",
            Self::Oversold => "oversold",
            Self::WrongMode => "wrong_mode",
            Self::CorruptRecord => "corrupt_record",
            Self::WrongAmount => "wrong_amount",
        }
    }

    /// Whether it lies in the data that an instance has, so that reading that finds it.
    pub fn is_in_data(self) -> bool {
        matches!(self, Self::CorruptRecord | Self::WrongAmount)
    }

    /// The kind of a number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// Why an answer is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A replica that was behind its primary was read.
    Replica,
    /// The copies of a quorum that answered had not got a write yet.
    Quorum,
    /// A write on which regions had agreed had not come to the region that was read.
    Region,
    /// Copies that merge had not merged yet.
    Merge,
    /// A cache held a value that had been written since, or had expired.
    Cache,
    /// A caller gave an answer again that it had kept.
    Kept,
    /// A call was made again, or a message was delivered again, and its effect had been applied.
    Again,
    /// A primary crashed before a replica had a write that was answered.
    Failover,
    /// Another copy took a write at the same time, or by a clock that is ahead, and the last writer won.
    Overwritten,
    /// A write was answered before the disk had it, because an action had set that.
    BeforeDisk,
    /// A message was delivered as often as it may be.
    Deliveries,
    /// Copies sold things by themselves that others had sold.
    SoldByCopies,
    /// Several requests had read the same count of a quorum, and each sold by it.
    SoldAtOnce,
    /// A primary had lost sales in a failover, and sold those things again.
    SoldAgain,
    /// A compensation has failed for good, and the saga was left to people.
    LeftToPeople,
    /// A saga ended though a step of it stands that nothing undoes, or one does not that should.
    NotUndone,
    /// A step of a saga was done, or undone, when the saga had ended without hearing of it.
    AfterTheEnd,
    /// A fault, or a bad version, made it wrong.
    Fault,
}

impl Cause {
    /// The words in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Replica => "replica behind its primary",
            Self::Quorum => "quorum without the write",
            Self::Region => "region without the write",
            Self::Merge => "copies not merged yet",
            Self::Cache => "old value of a cache",
            Self::Kept => "answer kept by the caller",
            Self::Again => "made again",
            Self::Failover => "failover",
            Self::Overwritten => "overwritten by a later writer",
            Self::BeforeDisk => "answered before the disk",
            Self::Deliveries => "last delivery failed",
            Self::SoldByCopies => "sold by several copies",
            Self::SoldAtOnce => "sold at one time by one count",
            Self::SoldAgain => "sales lost in a failover",
            Self::LeftToPeople => "compensation failed",
            Self::NotUndone => "step that nothing undoes",
            Self::AfterTheEnd => "done after the saga ended",
            Self::Fault => "fault or bad version",
        }
    }
}

/// One kind of wrongness, or all of them: what promises and costs ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WrongnessKind {
    /// All kinds together.
    Any,
    /// A read from a copy that was behind, and was acted upon.
    StaleRead,
    /// An effect that happened more than once for one request.
    DuplicateEffect,
    /// A write that was acknowledged and is gone.
    LostWrite,
    /// A message that nobody could handle and nobody kept.
    LostMessage,
    /// A saga of which some steps stand and some do not.
    HalfFinished,
    /// More was sold than there was.
    Oversold,
    /// A write that is gone because an action had let its store answer before the disk.
    WrongMode,
    /// A record whose content is not what was written.
    CorruptRecord,
    /// A sum that is not what it should be.
    WrongAmount,
}

impl WrongnessKind {
    /// The one kind, or `None` for all.
    pub fn one(self) -> Option<Wrongness> {
        Wrongness::ALL.into_iter().find(|kind| Self::from(*kind) == self)
    }

    /// Whether this asks for `kind`.
    pub fn takes(self, kind: Wrongness) -> bool {
        self.one().is_none_or(|one| one == kind)
    }

    /// The word in files.
    pub fn name(self) -> &'static str {
        self.one().map_or("any", Wrongness::name)
    }
}

impl From<Wrongness> for WrongnessKind {
    fn from(kind: Wrongness) -> Self {
        match kind {
            Wrongness::StaleRead => Self::StaleRead,
            Wrongness::DuplicateEffect => Self::DuplicateEffect,
            Wrongness::LostWrite => Self::LostWrite,
            Wrongness::LostMessage => Self::LostMessage,
            Wrongness::HalfFinished => Self::HalfFinished,
            Wrongness::Oversold => Self::Oversold,
            Wrongness::WrongMode => Self::WrongMode,
            Wrongness::CorruptRecord => Self::CorruptRecord,
            Wrongness::WrongAmount => Self::WrongAmount,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_word_agree_with_the_file() {
        for (number, kind) in Wrongness::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            assert_eq!(Wrongness::from_number(number as u8), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(serde_json::to_value(WrongnessKind::from(kind)).unwrap(), kind.name());
            assert_eq!(WrongnessKind::from(kind).one(), Some(kind));
        }
        assert_eq!(Wrongness::from_number(9), None);
    }

    #[test]
    fn any_takes_all() {
        assert!(Wrongness::ALL.into_iter().all(|k| WrongnessKind::Any.takes(k)));
        assert!(!WrongnessKind::StaleRead.takes(Wrongness::LostWrite));
    }
}
