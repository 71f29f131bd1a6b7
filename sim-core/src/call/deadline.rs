//! Deadlines: a call and all that it causes has to be done by then.
//!
//! What a deadline is stands here, and its counter; the world hands it on from frame to frame (`world/calls/deadline.rs`).

use crate::metrics::counters;

counters! {
    CallSite {
        PASSED = "deadline_passed", "attempts that were not sent because their deadline had passed", sampled;
    }
}
