//! Data and the guarantees about it: what repeated work does, how replies can be wrong, which keys are asked for.

pub mod cache;
mod effect;
pub mod gate;
pub mod keys;
pub mod level;
pub mod replication;
pub mod state;
pub mod stock;
mod wrongness;

pub use effect::{ALL, DeduplicatedSettings, Effect, KeyStoreSettings, WhenDown};
pub use keys::{KeySampler, KeysOfRequests, KeysSettings};
pub use wrongness::{Cause, Wrongness, WrongnessKind};

use crate::metrics::{counters, levels, timed};

counters! {
    CallSite {
        EFFECTS = "effects", "effects that calls have applied at their endpoint: those of an idempotent endpoint once for each call, those of others each time; counted where anything in the file asks for it", unlisted;
    }
    Service {
        MESSAGES_LOST = "messages_lost", "messages of a queue that are lost after their last delivery; dead letters are not lost";
        REDRIVEN = "redriven", "messages that go back from a dead-letter queue to the queue from which they came";
        CONSENSUS_BYTES = "consensus_bytes", "bytes that a store sends across regions to agree on writes", bytes;
        FAILOVERS = "failovers", "times that a replica of a store becomes its primary";
        LOST_WRITES = "lost_writes", "writes that a store has answered and that are gone: its primary crashed before others had them, or the last writer has won";
        TOO_FEW_COPIES = "too_few_copies", "reads and writes of a quorum store that fail because fewer copies of their row are up than have to answer";
        OWN_WRITES_MISSED = "own_writes_missed", "reads that lack a write of their own session, which `read_your_writes` prevents";
        READS_WENT_BACK = "reads_went_back", "reads that lack a write which their session had read before, which `monotonic_reads` prevents";
        WRITES_OUT_OF_ORDER = "writes_out_of_order", "reads that see a write and lack an earlier one of the same session, which `monotonic_writes` prevents";
        WRITES_BEFORE_READS = "writes_before_reads", "reads that see a write and lack one that its session had read before it, which `writes_follow_reads` prevents";
        HELD_BACK = "held_back", "writes that replicas apply later than they come, because `monotonic_writes` or `writes_follow_reads` orders them";
        KEPT_FROM_COPIES = "kept_from_copies", "reads, and where copies merge writes, that a session guarantee or a closed timestamp keeps from copies which lack what they need";
        FENCED = "fenced_writes", "writes that come to an instance which is not the primary any more, and fail there";
        UNCHECKED = "unchecked", "requests that are worked on though the store of idempotency keys did not answer, so that nobody knows whether they were done before";
        DUPLICATES = "duplicates", "effects that are applied more than once";
    }
}

timed! {
    Node {
        COMMIT = "commit_wait", "wait of a write for the replicas that `commit` asks for";
    }
    Queue {
        AGE = "age", "time from sending a message until it is done, all its deliveries included";
    }
}

levels! {
    Service {
        NO_PRIMARY = "no_primary", "1 while nobody takes the writes of a store with a primary, else 0";
    }
}
