//! Probes of which the run tells nothing, because they set out or are given up after its end.

use crate::compile::Compiled;
use sim_core::problem::{Problem, Problems};

/// Warns of a period and of a timeout that the run does not last.
pub fn check(compiled: &Compiled, problems: &mut Problems) {
    let length_ns = compiled.model.run.duration.ns();
    for probes in &compiled.model.probes {
        let late =
            [("every", probes.every_ns, "no probe sets out"), ("timeout", probes.timeout_ns, "no probe is ever lost")];
        for (key, _, what) in late.into_iter().filter(|(_, after_ns, _)| *after_ns >= length_ns) {
            problems.push(
                Problem::warning(format!("control.probes.{}.{key}", probes.name), format!("{what} in this run"))
                    .label(format!("the run ends after {}", compiled.model.run.duration))
                    .hint("write a shorter time, or a longer run.duration"),
            );
        }
    }
}
