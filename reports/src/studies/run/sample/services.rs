//! Invented results: the services of the brown-out over time.

use super::{WINDOWS, near, offered, series};
use sim_core::results::{Estimate, ServiceSeries, SizeSeries};

/// Instances on the larger machines.
fn larger(i: usize) -> f64 {
    (i.saturating_sub(60) as f64).min(6.0)
}

pub(super) fn services() -> Vec<ServiceSeries> {
    let running = |i: usize| if (69..140).contains(&i) { 8.0 } else { 4.0 };
    let wanted = |i: usize| if (63..132).contains(&i) { 8.0 } else { 4.0 };
    let flat = |x: f64| vec![Estimate::exact(x); WINDOWS];
    let size = |name: &str, running: fn(usize) -> f64| SizeSeries {
        name: name.into(),
        running: (0..WINDOWS).map(|i| Estimate::exact(running(i))).collect(),
    };
    vec![
        ServiceSeries {
            name: "gateway".into(),
            section: "services",
            instances: (0..WINDOWS).map(|i| near(running(i), 0.0)).collect(),
            instances_range: (0..WINDOWS)
                .map(|i| if i == 69 { (4.0, 8.0) } else { (running(i), running(i)) })
                .collect(),
            wanted: (0..WINDOWS).map(|i| Estimate::exact(wanted(i))).collect(),
            desired: (0..WINDOWS).map(|i| Estimate::exact(wanted(i))).collect(),
            starting: (0..WINDOWS).map(|i| Estimate::exact(wanted(i) - running(i).min(wanted(i)))).collect(),
            offered_per_s: series(offered, 0.005),
            queue_length: (0..WINDOWS)
                .map(|i| if i == 60 || i == 61 { near(880.0, 12.0) } else { Estimate::exact(0.0) })
                .collect(),
            utilisation: (0..WINDOWS).map(|i| Some(near(if i == 60 || i == 61 { 1.0 } else { 0.3 }, 0.0))).collect(),
            tree_amplification: Vec::new(),
            hit_ratio: Vec::new(),
            fills_from: Vec::new(),
            scaled: true,
            sizes: Vec::new(),
        },
        ServiceSeries {
            name: "payment".into(),
            section: "services",
            instances: flat(6.0),
            instances_range: vec![(6.0, 6.0); WINDOWS],
            wanted: flat(6.0),
            desired: flat(6.0),
            starting: flat(0.0),
            offered_per_s: series(offered, 0.005),
            queue_length: flat(0.0),
            utilisation: vec![Some(Estimate::exact(0.4)); WINDOWS],
            tree_amplification: (0..WINDOWS)
                .map(|i| Some(if i == 60 || i == 61 { near(1.9, 0.05) } else { Estimate::exact(1.0) }))
                .collect(),
            hit_ratio: Vec::new(),
            fills_from: Vec::new(),
            scaled: false,
            sizes: vec![size("m.small", |i| 6.0 - larger(i)), size("m.large", larger)],
        },
    ]
}
