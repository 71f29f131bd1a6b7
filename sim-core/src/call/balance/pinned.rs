//! Pinned: one connection, which stays where it is.

use crate::engine::rng::Keyed;
use serde::{Deserialize, Serialize};

/// Each caller instance keeps its connection to one instance.
///
/// # What it models
/// One long-lived connection, as a gRPC or other HTTP/2 client has through a Kubernetes service: the instance is chosen by chance when
/// the connection is made, and all calls go there. Instances that come later get nothing. The connection is made anew when the instance
/// goes away (it is scaled down, or its health check fails), and when it refuses or resets a call; a timeout does not break it. A load
/// class is one caller, and so one connection.
///
/// It differs from gRPC in this: a connection is made in no time, and it is never closed for its age (`max_connection_age`).
///
/// # When to use it
/// To see what an autoscaler does for clients that balance connections, not requests.
///
/// # Knobs
/// none
///
/// # Example
/// ```yaml
/// balance: pinned
/// ```
///
/// # Source
/// gRPC `pick_first`, the default; cilium/cilium issue 12551, knative/serving issue 6681.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PinnedSettings {}

/// Where the connection goes.
#[derive(Debug, Clone, Default)]
pub struct Pinned {
    place: Option<u32>,
}

impl Pinned {
    /// The place among the candidates; `place_of` tells the place of each in its service.
    pub(super) fn pick(&self, candidates: usize, place_of: impl Fn(usize) -> u32, draw: &mut Keyed) -> usize {
        let kept = self.place.and_then(|place| (0..candidates).find(|&at| place_of(at) == place));
        kept.unwrap_or_else(|| super::random::pick(candidates, draw))
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
        let place = places[pinned.pick(places.len(), |at| places[at], &mut Keyed::new(mix(key, 1)))];
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
}
