//! A service whose workers are all held.

use super::Finding;
use crate::Source;
use crate::numbers::{clock, grouped};
use sim_core::results::StudyResult;

pub fn look(study: &StudyResult, source: &Source) -> Option<Finding> {
    let mut worst: Option<(f64, usize, &str, f64)> = None;
    for series in &study.service_series {
        for (window, (used, queue)) in series.utilisation.iter().zip(&series.queue_length).enumerate() {
            let used = used.map_or(0.0, |u| u.mean);
            if used > 0.97 && queue.mean > 1.0 && worst.is_none_or(|w| queue.mean > w.3) {
                worst = Some((used, window, &series.name, queue.mean));
            }
        }
    }
    let (used, window, name, queue) = worst?;
    let service = study.service_series.iter().find(|s| s.name == name)?;
    let double = (service.instances[window].mean * 2.0).round().max(2.0);
    // A scaler would overrule a number of instances.
    let command =
        (!service.scaled).then(|| format!("windtunnel run {} --set services.{name}.instances={double}", source.file));
    let at = clock(study.windows.get(window)?.from_s);
    Some(Finding {
        what: format!(
            "{name} runs out of workers: at {at}, {:.0}\u{a0}% of them are held and {} requests wait.",
            used * 100.0,
            grouped(queue, 0)
        ),
        why: "A worker is held while a callee is awaited, so a slow callee fills its callers.".into(),
        command,
        figure: Some("instances".into()),
        weight: 9.0,
    })
}
