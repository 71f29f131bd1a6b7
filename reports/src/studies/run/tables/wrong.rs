//! The first wrong answers as CSV: one a row.

use crate::columns::quoted;
use sim_core::results::StudyResult;
use std::fmt::Write;

/// The first hundred wrong answers of all replications, and the first ten of each kind and cause.
pub fn csv(study: &StudyResult) -> String {
    let mut out = String::from(
        "replication,at_s,kind,cause,call,request,key,level,version,hlc_ns,hlc_logical,transaction,linearised_ns,chain\n",
    );
    for wrong in &study.summary.wrongness.first {
        let read = wrong.read.as_ref();
        let number = |of: Option<u64>| of.map_or_else(String::new, |number| number.to_string());
        let chain: Vec<String> = wrong.chain.iter().map(|(store, level)| format!("{store} {level}")).collect();
        let _ = writeln!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            wrong.replication,
            wrong.at_s,
            wrong.kind,
            wrong.cause,
            quoted(&wrong.call),
            wrong.request.as_deref().unwrap_or_default(),
            number(wrong.key),
            wrong.level.unwrap_or_default(),
            number(read.map(|read| read.version)),
            number(read.map(|read| read.at.wall_ns)),
            number(read.map(|read| u64::from(read.at.logical))),
            number(read.map(|read| read.transaction)),
            number(read.and_then(|read| read.linearised_ns)),
            quoted(&chain.join(" > ")),
        );
    }
    out
}
