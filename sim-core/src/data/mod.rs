//! Data and the guarantees about it: what repeated work does, how replies can be wrong, which keys are asked for.

pub mod cache;
mod effect;
pub mod keys;
mod wrongness;

pub use effect::{ALL, DeduplicatedSettings, Effect};
pub use keys::{KeySampler, KeysOfRequests, KeysSettings};
pub use wrongness::{Wrongness, WrongnessKind};

use crate::metrics::{counters, timed};

counters! {
    Service {
        MESSAGES_LOST = "messages_lost", "messages of a queue that are lost after their last delivery; dead letters are not lost", unlisted;
        CONSENSUS_BYTES = "consensus_bytes", "bytes that a store sends across regions to agree on writes", bytes, unlisted;
        DUPLICATES = "duplicates", "effects that are applied more than once", unlisted;
    }
}

timed! {
    Queue {
        AGE = "age", "time from sending a message until it is done, all its deliveries included";
    }
}
