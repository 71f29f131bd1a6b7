//! A comparison as CSV: a line a system and number, promises as the share of runs that keep them.

use crate::columns::quoted;
use sim_core::results::Estimate;
use sim_core::results::compare::{Change, Comparison};
use std::fmt::Write;

/// The table, with a head.
pub fn csv(comparison: &Comparison) -> String {
    let mut out = "a,b,of,name,unit,a_mean,a_low,a_high,b_mean,b_low,b_high,difference,difference_low,difference_high,change,pairs\n".to_owned();
    for compared in &comparison.against {
        let systems = format!("{},{}", quoted(&name(&comparison.a)), quoted(&name(&compared.b)));
        for row in &compared.rows {
            let unit = serde_json::to_value(row.unit).unwrap_or_default();
            let numbers = [row.a, row.b, row.difference].map(three).join(",");
            let (unit, change) = (unit.as_str().unwrap_or_default(), word(row.change));
            let _ =
                writeln!(out, "{systems},number,{},{unit},{numbers},{change},{}", quoted(&row.name), row.pairs.len());
        }
        for row in &compared.promises {
            let numbers = [row.a, row.b, row.difference].map(three).join(",");
            let change = word(row.change);
            let _ = writeln!(
                out,
                "{systems},kept,{},share,{numbers},{change},{}",
                quoted(&row.name),
                comparison.replications
            );
        }
    }
    out
}

fn name(system: &sim_core::results::compare::System) -> String {
    system.variant.as_ref().map_or_else(|| system.name.clone(), |variant| format!("{} with {variant}", system.name))
}

fn three(e: Option<Estimate>) -> String {
    e.map_or_else(|| ",,".to_owned(), |e| format!("{},{},{}", e.mean, e.low, e.high))
}

fn word(change: Option<Change>) -> &'static str {
    match change {
        None => "",
        Some(Change::Same) => "same",
        Some(Change::NoneSeen) => "none_seen",
        Some(Change::Better) => "better",
        Some(Change::Worse) => "worse",
    }
}
