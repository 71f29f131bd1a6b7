//! A promise that holds over the whole run and not in the fault.

use super::Finding;
use crate::Source;
use crate::numbers::{estimate, plain};
use sim_core::results::{StudyResult, Unit, Verdict};

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    for promise in study.summary.promises.iter().filter(|p| p.verdict == Verdict::Held && p.unit == Unit::Seconds) {
        let bound = promise.promised?;
        let tail = study.tails.iter().find(|t| promise.says.contains(&t.name))?;
        let during = tail.curves.iter().find(|c| c.label == "during")?;
        let p99 = during.p99_s?;
        if promise.says.starts_with("p99 ") && p99.mean > bound {
            return Some(Finding {
                what: format!(
                    "\u{201c}{}\u{201d} holds because it looks at the whole run: in the fault alone p99 is {} against {}.",
                    promise.name,
                    estimate(&p99, Unit::Seconds),
                    plain(bound, Unit::Seconds)
                ),
                why: String::new(),
                command: None,
                figure: Some("tail".into()),
                weight: 5.0,
            });
        }
    }
    None
}
