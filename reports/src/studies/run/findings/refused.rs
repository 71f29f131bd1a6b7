//! Endpoints that refuse requests, because what these carry is of a weaker level than they require.

use crate::Source;
use crate::numbers::grouped;
use crate::page::finding::Finding;
use sim_core::results::{EndpointSummary, StudyResult};

/// Fewer refusals are what a gate or a requirement is there for: the odd stale read.
const WORTH: f64 = 0.05;

fn share(endpoint: &EndpointSummary) -> f64 {
    let all: f64 = endpoint.outcomes.values().map(|outcome| outcome.mean).sum();
    let refused = endpoint.outcomes.get("refused").map_or(0.0, |refused| refused.mean);
    if all > 0.0 { refused / all } else { 0.0 }
}

pub fn look(study: &StudyResult, _: &Source) -> Option<Finding> {
    let refuse = study.summary.endpoints.iter().filter(|(_, endpoint)| share(endpoint) >= WORTH);
    // Who asks for what is refused has nothing else to answer: the refusal begins behind it.
    let order = |(_, endpoint): &(&String, &EndpointSummary)| (share(endpoint), !endpoint.entry);
    let (name, endpoint) = refuse.max_by(|a, b| order(a).0.total_cmp(&order(b).0).then(order(a).1.cmp(&order(b).1)))?;
    Some(Finding {
        what: format!("{name} refuses {}\u{a0}% of its requests.", grouped(share(endpoint) * 100.0, 0)),
        why: "What they carry is of a weaker level than is required there: a read on the way has come from a copy, a cache or a store that gives no \
              more. A stronger read, a gate before it, or a weaker requirement lets them pass."
            .into(),
        command: Some("windtunnel explain requires".into()),
        figure: None,
        weight: 70.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::results::Estimate;

    fn said(refused: f64, behind: f64) -> Option<String> {
        let mut study = sample::study();
        let endpoint = study.summary.endpoints.get_mut("gateway.checkout").unwrap();
        endpoint.outcomes =
            [("ok", 100.0 - refused), ("refused", refused)].map(|(o, n)| (o, Estimate::exact(n))).into();
        let mut inner = endpoint.clone();
        inner.entry = false;
        inner.outcomes = [("ok", 100.0 - behind), ("refused", behind)].map(|(o, n)| (o, Estimate::exact(n))).into();
        study.summary.endpoints.insert("audit.post".into(), inner);
        look(&study, &sample::source()).map(|finding| finding.what)
    }

    #[test]
    fn who_refuses_much_is_told_from_where_it_begins() {
        assert_eq!(said(100.0, 100.0).unwrap(), "audit.post refuses 100\u{a0}% of its requests.");
        assert_eq!(said(30.0, 0.0).unwrap(), "gateway.checkout refuses 30\u{a0}% of its requests.");
    }

    #[test]
    fn the_odd_refusal_is_not() {
        assert_eq!(said(1.0, 2.0), None);
        assert_eq!(look(&sample::study(), &sample::source()).map(|finding| finding.what), None);
    }
}
