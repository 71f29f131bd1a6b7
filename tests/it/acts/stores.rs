//! What stores do beside copying: what becomes of writes at one time, and what they sell.

use super::{Act, act};

/// A store whose copies merge, with few rows that are written often.
const STORE_THAT_MERGES: &str = "keys.row: {uniform: {count: 10}}\n\
    stores.db: {instances: 3, workers: 100, key: row, replication: {merge: {every: 2s}}, \
    endpoints: {read: {access: read, steps: [{wait: 1ms}]}, write: {access: write, steps: [{wait: 1ms}]}}}\n\
    load.writers: {to: db.write, arrive: {poisson: {rate: 20/s}}}\n\
    services.web.endpoints.get.steps: [{call: {to: db.read}}]";
/// A store of which requests take something.
const STORE_THAT_SELLS: &str = "stores.db: {workers: 100, endpoints: {take: {access: update, steps: [{wait: 1ms}]}}}\n\
    services.web.endpoints.get.steps: [{call: {to: db.take}}]";
/// The same whose copies sell by themselves for a while.
const STORE_SOLD_TWICE: &str = "regions: {here: {zones: [a, b, c]}}\n\
    stores.db: {instances: 3, zones: [a, b, c], workers: 100, replication: {merge: {every: 10s}}, stock: {amount: 500}, \
    endpoints: {take: {access: update, steps: [{wait: 1ms}]}}}\n\
    services.web.endpoints.get.steps: [{call: {to: db.take}}]";

/// The rows.
pub(super) const ACTS: &[Act] = &[
    act(
        "conflicts last_writer_wins",
        STORE_THAT_MERGES,
        "stores.db.replication.merge.conflicts: last_writer_wins",
        "lost_writes(db) in on > lost_writes(db) + 100",
    ),
    act("store stock", STORE_THAT_SELLS, "stores.db.stock: {amount: 100}", "degraded(web.get) in on > 50%"),
    act(
        "store escrow",
        STORE_SOLD_TWICE,
        "stores.db.escrow: {percent: 30%}",
        "oversold(web.get) in on < 0.1 * oversold(web.get)",
    ),
];
