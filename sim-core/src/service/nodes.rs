//! What goes up and down of the nodes behind instances. What they are is said by the scaler that provides them (`control/scaling/cluster.rs`).

use crate::metrics::levels;

levels! {
    Service {
        NODES = "nodes", "nodes that are ready for instances of a service behind which a cluster stands";
        PENDING = "pending_instances", "instances that were ordered and wait for a place on a node";
    }
}
