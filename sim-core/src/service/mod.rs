//! What instances are made of, as far as it can be chosen: in which order they serve those who wait.

pub mod discipline;

use crate::metrics::timed;

timed! {
    Node {
        QUEUE_WAIT = "queue_wait", "wait for a worker; in a queue, the wait of a message until it is handed to a consumer, once for each delivery";
    }
}
