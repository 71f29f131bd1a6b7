//! What instances are made of, as far as it can be chosen: whom they let in, in which order they serve those who wait, how much of a processor
//! and of memory they may use, and how their disks and network cards work.

pub mod admission;
pub mod cpu;
pub mod discipline;
pub mod disk;
pub mod memory;
pub mod nic;
pub mod nodes;
pub mod shed;
pub mod sizes;

use crate::metrics::timed;

timed! {
    Node {
        QUEUE_WAIT = "queue_wait", "wait for a worker; in a queue, the wait of a message until it is handed to a consumer, once for each delivery";
    }
}
