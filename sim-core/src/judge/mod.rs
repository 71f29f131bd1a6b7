//! What a finished run comes to: its metrics, its bill, and whether it keeps promises and clauses.
//!
//! The judge knows the model and the results, and nothing of how a run goes on; nothing below knows the judge.

mod bill;
mod breach;
mod calm;
mod cascade;
mod drained;
mod incidents;
mod marks;
mod modes;
mod promise;
mod records;
mod recovery;
mod run_metrics;
mod stages;
mod stretch;
#[cfg(test)]
pub(crate) mod testing;
mod up;
mod volume;

pub use bill::{Bill, ItemBill, bill, bill_against, spent_between};
pub use breach::Breached;
pub use calm::{calm, healthy, is_calm_healthy};
pub use promise::Judged;
pub use recovery::{Recovery, recovery};
pub use run_metrics::RunMetrics;
pub use stages::stages_of;
pub use stretch::Stretch;
pub use volume::{Volume, volume};
