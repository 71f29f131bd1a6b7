//! Messages to which nothing happens but that time passes: nearly all, in nearly all models.
//!
//! What a call site, a distance and a named link come to is put together here once, so that such a message touches few lines of the cache, makes no
//! draw and has no [`super::fate::Fate`]. Where anything else may happen to a message it takes the way of all, [`World::transmit`], which would do to
//! a plain one exactly what is done here (`what_nothing_happens_to_is_sent_as_all_else`).
//!
//! What goes over one link in one direction arrives in the order in which it set out, as long as the link takes the same time for all. So it waits in
//! a lane of the link and not in the heap of events. What would arrive before the last one in the lane, because the link has changed or the message
//! has no size and did not wait, goes to the heap.

use crate::dist::Sampler;
use crate::engine::calendar::{LaneId, Lanes};
use crate::engine::math::whole_ns;
use crate::engine::rng::Keyed;
use crate::engine::table::Table;
use crate::ids::{Caller, EdgeId, ZoneId};
use crate::model::Model;

/// Who sends the requests of a call site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// A load class in a zone.
    Zone(ZoneId),
    /// An instance of a service, which waits for the answer.
    Instance,
    /// Users who stand nowhere, a queue or a scaler.
    Other,
}

/// What messages of a call site need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    pub(super) sender: Sender,
    /// Sizes on the way there and back [bytes].
    pub(super) bytes: [u64; 2],
}

/// All call sites, and the lanes of what is on its way.
#[derive(Debug, Default)]
pub(super) struct Undisturbed {
    pub(super) sites: Table<EdgeId, Site>,
    /// By the place of a quality.
    pub(super) lanes: Vec<LaneId>,
}

impl Undisturbed {
    pub(super) fn new(model: &Model, lanes: &mut Lanes) -> Self {
        let site = |edge: &crate::topology::Edge| Site {
            sender: match edge.caller {
                Caller::Load(load) => model.loads[load.index()].zone.map_or(Sender::Other, Sender::Zone),
                Caller::Endpoint(_) => Sender::Instance,
                Caller::Queue(_) | Caller::Scaler(_) => Sender::Other,
            },
            bytes: [edge.size.0.get(), edge.size.1.get()],
        };
        let ways = 3 + 2 * model.network.links.len();
        Self {
            sites: model.edges.iter().map(site).collect::<Vec<_>>().into(),
            lanes: (0..ways).map(|_| lanes.of_times()).collect(),
        }
    }
}

/// How long every message is on the way over a link, where that is the same for all and none is lost [ns].
pub(super) fn always_takes(quality: &crate::network::LinkQuality, latency: &Sampler) -> Option<u64> {
    let is_plain = quality.loss.value() == 0.0 && quality.tcp().is_none() && quality.buffer.is_none();
    // What is constant makes no draw.
    (is_plain && latency.is_constant().is_some()).then(|| whole_ns(latency.sample(&mut Keyed::new(0))))
}
