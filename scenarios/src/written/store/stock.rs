//! What a store has to sell, and how the right to sell it is split.

use super::{Conflicts, ReplicationSettings};
use serde::{Deserialize, Serialize};
use sim_core::data::stock::{Escrow, Stock};
use sim_core::problem::Problems;
use sim_core::units::{Count, Probability, SimDuration};

/// How many things of each row there are.
///
/// # What it models
/// A request to an endpoint with `access: update` takes one thing of its row. Where none is left, as far as the seller knows, it is told so: its
/// answer is degraded, `sold_out` counts it, and nothing is written. A store with one copy, a primary or a consensus counts at one place, and sells
/// what there is. Copies that merge sell by what they know. At a quorum a request reads how many are gone and then writes one more, without
/// comparing: what several read at one time, or what a read misses, is sold more than once. A primary that has lost sales in a failover sells those
/// things once more. What was really sold is counted beside all of them: a sale of what was sold before is counted as `oversold`.
///
/// With `hold` what is taken is a reservation. The same request confirms it by an endpoint of the store with `access: write`, which ends with an
/// error where nothing is kept for the request any more. What nobody confirms in time is there again, where it was taken; so is at once what is
/// only kept when its primary loses it, and what was taken for a request that was never answered. A primary that may not write takes nothing.
///
/// Not modelled: orders of several things, and things that come back by other ways. A confirmation whose own write is lost stays confirmed.
///
/// # When to use it
/// For tickets, seats, goods and coupons: how many are promised that nobody has.
///
/// # Knobs
/// - `amount`: how many of each row there are, count, required; without `key` at the store there is one row
/// - `hold`: how long what was taken is kept for a request that does not confirm it, duration, default none: sold at once
///
/// # Example
/// ```yaml
/// stores:
///   seats:
///     workers: 16
///     stock: {amount: 5k, hold: 5m}
///     endpoints: {take: {access: update, steps: [{work: 3ms}]}, pay: {access: write, steps: [{work: 3ms}]}}
/// ```
///
/// # Source
/// Reservations as Helland, "Life beyond Distributed Transactions", CIDR 2007 (tentative operations, confirmed or cancelled).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StockSettings {
    /// How many of each row there are.
    pub amount: Count,
    /// How long what was taken is kept for a request that does not confirm it; default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<SimDuration>,
}

/// Between what the right to sell is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// The zones in which the store stands.
    #[default]
    Zone,
}

/// The right to sell is split between the zones of a store, so that each sells by itself and no more than there is.
///
/// # What it models
/// Each zone in which an instance stands at the start begins with the right to sell `percent` of the stock of a row; the rest is the reserve, in
/// the first zone of the store. When the last instance of a zone is scaled in, what the zone may sell goes to the first zone. A sale takes a
/// right of the zone of its instance, and asks nobody. A zone that has less than `refill_below` of its first rights asks the reserve for as many
/// again. When the reserve is empty, zones lend each other (`federation`): the first zone gives half of what it has, and then the zone that has most.
///
/// The messages take the time of `network`, and may be lost by it and by faults. A question that is lost is asked again after a second, and rights
/// that are lost on their way are sent again. Rights are at one place at any time, so that there is never more sold than there is, whatever is cut
/// off; but a zone that is cut off may be sold out while others still have some.
///
/// All but `split` may be set while a run goes on. What a zone may sell stays its own; what it is given from then on is of the new size, and rows
/// that nobody has asked for yet are split anew.
///
/// # When to use it
/// For stock that is sold in several places which have to go on without each other.
///
/// # Knobs
/// - `split`: between what, `zone`, default zone
/// - `percent`: what each zone may sell at first, percentage, default what there is, divided evenly
/// - `refill_below`: a zone with less than this part of its first rights asks for more, percentage, default 10%
/// - `federation`: whether zones lend each other rights when the reserve is empty, default true
///
/// # Example
/// ```yaml
/// stores:
///   seats:
///     instances: 3
///     zones: [a, b, c]
///     workers: 16
///     replication: {merge: {every: 1s}}
///     stock: {amount: 5k}
///     escrow: {split: zone, percent: 30%, refill_below: 10%}
///     endpoints: {take: {access: update, steps: [{work: 3ms}]}}
/// ```
///
/// # Source
/// O'Neil, "The Escrow Transactional Method", TODS 1986; Balegas et al., "Extending Eventually Consistent Cloud Databases for Enforcing Numeric
/// Invariants", SRDS 2015 (bounded counters, which lend each other rights).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EscrowSettings {
    /// Between what; default zone.
    pub split: Split,
    /// What each may sell at first; default what there is, divided evenly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<Probability>,
    /// Who has less than this part of its first rights asks for more; default 10%.
    pub refill_below: Probability,
    /// Whether they lend each other when the reserve is empty; default true.
    pub federation: bool,
}

impl Default for EscrowSettings {
    fn default() -> Self {
        let tenth = Probability::new(0.1).expect("a tenth is a share");
        Self { split: Split::Zone, percent: None, refill_below: tenth, federation: true }
    }
}

/// The stock of a store that is copied in this way and stands in so many zones, as meant.
pub fn compile(
    stock: StockSettings,
    escrow: Option<EscrowSettings>,
    replication: Option<&ReplicationSettings>,
    zones: u64,
    problems: &mut Problems,
) -> Stock {
    let amount = stock.amount.get();
    if amount == 0 {
        problems.error("stock.amount", "nothing to sell is always sold out").hint = Some("write at least 1".into());
    }
    if stock.hold.is_some_and(SimDuration::is_zero) {
        problems.error("stock.hold", "what is kept for no time cannot be confirmed").hint =
            Some("write a time such as 5m, or leave hold out".into());
    }
    if matches!(replication, Some(ReplicationSettings::Quorum(_))) && stock.hold.is_some() && escrow.is_none() {
        problems.error("stock.hold", "copies of a quorum keep no reservations together").hint =
            Some("leave hold out, or write escrow: {split: zone}".into());
    }
    if matches!(replication, Some(ReplicationSettings::Merge(merge)) if merge.conflicts == Conflicts::LastWriterWins) {
        problems.error("stock", "a register of which the last writer wins counts nothing together").hint =
            Some("leave conflicts out at merge".into());
    }
    let one_place = matches!(replication, Some(ReplicationSettings::Primary(_) | ReplicationSettings::Consensus(_)));
    if escrow.is_some() && one_place {
        problems.error("escrow", "all sales of this store are counted at one place already").hint =
            Some("write replication: {merge: {every: 1s}}, or leave escrow out".into());
    }
    if escrow.is_some() && zones < 2 {
        problems.error("escrow", "there is one zone, and nothing to split").hint =
            Some("write zones: [a, b] at the store".into());
    }
    let escrow = escrow.map(|escrow| {
        let share = match escrow.percent {
            None => amount / zones.max(1),
            Some(percent) => (percent.value() * amount as f64).floor() as u64,
        };
        let promised = escrow.percent.map_or(0.0, |percent| percent.value() * zones as f64);
        if promised > 1.0 + 1e-9 {
            let problem = problems.error("escrow.percent", format!("{zones} zones may sell more than there is"));
            problem.hint = Some(format!("write at most {}%", 100 / zones.max(1)));
        }
        let refill_below = (escrow.refill_below.value() * share as f64).ceil() as u64;
        Escrow { share, refill_below, lends: escrow.federation }
    });
    Stock { amount, hold_ns: stock.hold.map(SimDuration::ns), escrow }
}
