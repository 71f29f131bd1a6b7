//! Pinned: one connection, which stays where it is.

use crate::engine::rng::Keyed;
use crate::problem::Problems;
use crate::units::SimDuration;
use serde::{Deserialize, Serialize};

/// Each caller instance keeps its connection to one instance.
///
/// # What it models
/// One long-lived connection, as a gRPC or other HTTP/2 client has through a Kubernetes service: the instance is chosen by chance when
/// the connection is made, and all calls go there. Instances that come later get nothing. The connection is made anew when the instance
/// goes away (it is scaled down, or its health check fails), and when it refuses or resets a call; a timeout does not break it. A load
/// class is one caller, and so one connection.
///
/// With `max_age` a connection is closed when it is that old, a tenth more or less by chance, and the next call makes a new one to an instance that
/// is chosen by chance again: so clients find instances that came after them. The call waits for nothing: a connection is made in no time.
///
/// # When to use it
/// To see what an autoscaler does for clients that balance connections, not requests.
///
/// # Knobs
/// - `max_age`: how old a connection becomes, duration, default forever
///
/// # Example
/// ```yaml
/// balance: {pinned: {max_age: 5m}}
/// ```
///
/// # Source
/// gRPC `pick_first`, the default, and `max_connection_age` of its servers (proposal A9, 10 % of jitter); cilium/cilium issue 12551,
/// knative/serving issue 6681.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PinnedSettings {
    /// How old a connection becomes; none is forever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<SimDuration>,
}

impl PinnedSettings {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if self.max_age.is_some_and(SimDuration::is_zero) {
            problems.error("max_age", "a connection of no age carries no call").hint =
                Some("write a time such as 5m, or round_robin instead of pinned".into());
        }
    }

    pub(super) fn build(&self) -> Pinned {
        Pinned { max_age_ns: self.max_age.map(SimDuration::ns), ..Pinned::default() }
    }
}

/// Where the connection goes.
#[derive(Debug, Clone, Default)]
pub struct Pinned {
    place: Option<u32>,
    max_age_ns: Option<u64>,
    /// When the connection is closed for its age [ns].
    closes_ns: u64,
}

/// The age of a connection is longer or shorter by so much at most.
const JITTER: f64 = 0.1;

impl Pinned {
    /// The place among the candidates; `place_of` tells the place of each in its service.
    pub(super) fn pick(
        &mut self,
        candidates: usize,
        place_of: impl Fn(usize) -> u32,
        draw: &mut Keyed,
        now_ns: u64,
    ) -> usize {
        let is_old = self.max_age_ns.is_some() && now_ns >= self.closes_ns;
        let place = self.place.filter(|_| !is_old);
        if let Some(kept) = place.and_then(|place| (0..candidates).find(|&at| place_of(at) == place)) {
            return kept;
        }
        let picked = super::random::pick(candidates, draw);
        if let Some(max_age_ns) = self.max_age_ns {
            let age_ns = max_age_ns as f64 * (1.0 - JITTER + 2.0 * JITTER * draw.unit());
            self.closes_ns = now_ns.saturating_add(age_ns as u64);
        }
        picked
    }

    /// A call goes to a place: there is the connection now.
    pub(super) fn sent(&mut self, place: u32) {
        self.place = Some(place);
    }

    /// A call to a place was refused or reset.
    pub(super) fn broken(&mut self, place: u32) {
        if self.place == Some(place) {
            self.place = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::mix;

    fn pick(pinned: &mut Pinned, places: &[u32], key: u64) -> u32 {
        let place = places[pinned.pick(places.len(), |at| places[at], &mut Keyed::new(mix(key, 1)), key)];
        pinned.sent(place);
        place
    }

    #[test]
    fn stays_until_the_instance_is_gone_or_the_connection_breaks() {
        let mut pinned = Pinned::default();
        let first = pick(&mut pinned, &[0, 1, 2], 0);
        assert!((1..100).all(|key| pick(&mut pinned, &[0, 1, 2, 3, 4], key) == first));
        let rest: Vec<u32> = (0..5).filter(|place| *place != first).collect();
        let second = pick(&mut pinned, &rest, 100);
        assert_ne!(second, first);
        assert_eq!(pick(&mut pinned, &[0, 1, 2, 3, 4], 101), second);
        pinned.broken(first);
        assert_eq!(pick(&mut pinned, &[0, 1, 2, 3, 4], 102), second);
        pinned.broken(second);
        let anew: Vec<u32> = (0..50).map(|key| pick(&mut pinned.clone(), &[0, 1, 2, 3, 4], key)).collect();
        assert!((0..5).all(|place| anew.contains(&place)), "{anew:?}");
    }

    #[test]
    fn an_old_connection_is_made_anew_anywhere() {
        let settings: PinnedSettings = serde_json::from_str(r#"{"max_age": "100ns"}"#).unwrap();
        let mut pinned = settings.build();
        let places: Vec<u32> = (0..10_000).map(|now| pick(&mut pinned, &[0, 1, 2, 3], now)).collect();
        // It stays for 90 to 110 ns each time, and three times in four it goes elsewhere.
        let moves: Vec<usize> = (1..places.len()).filter(|&at| places[at] != places[at - 1]).collect();
        assert!((60..=90).contains(&moves.len()), "{}", moves.len());
        assert!(moves.windows(2).all(|pair| pair[1] - pair[0] >= 90), "{moves:?}");
        assert!((0..4).all(|place| places.contains(&place)));
    }
}
