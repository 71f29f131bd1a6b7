//! What travels: messages, between whom, and what becomes of them as they set out.

use super::ends::Way;
use crate::ids::EdgeId;
use crate::world::stations::CheckerId;

/// Between whom a message travels.
#[derive(Debug, Clone, Copy)]
pub(super) enum Parties {
    /// A caller and a callee.
    Call(EdgeId),
    /// A checker and an instance.
    Check(CheckerId),
}

/// A message of a call, or of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) enum Message {
    /// A request, which looks for a worker when it arrives.
    Request,
    /// A message of a queue: the consumer's instance keeps a worker for it from the moment at which it is sent.
    Delivery,
    /// The answer to a request or a delivery, with its outcome.
    Reply(u8),
    /// A health check, which takes a worker of the instance for no time.
    Check,
    /// The answer to it, with its outcome.
    CheckReply(u8),
}

impl Message {
    /// Whether it is of a health check, which has no size.
    pub(super) fn is_check(self) -> bool {
        matches!(self, Self::Check | Self::CheckReply(_))
    }

    pub(super) fn way(self) -> Way {
        match self {
            Self::Request | Self::Delivery | Self::Check => Way::There,
            Self::Reply(_) | Self::CheckReply(_) => Way::Back,
        }
    }
}

/// What became of a message as it set out.
pub(in crate::world) enum Departure {
    /// Nothing comes of it at once: it is on its way, waits for a worker, is lost, or its refusal is on the way back.
    Away,
    /// It has arrived at once, and has a worker.
    Runs,
    /// The attempt, or the check, has ended for its caller, with this outcome: the answer has arrived at once, or a fault ends the call.
    Ends(u8),
}
