//! What becomes of one message, which is known as it sets out.

use super::carriage::Stalled;
use super::message::Message;
use crate::ids::{InstanceId, ZoneId};
use crate::network::tcp::Tcp;
use crate::outcome::Outcome;
use crate::world::together::First;
/// What happens to one message.
#[derive(Default)]
pub(super) struct Fate {
    pub(super) delay: u64,
    pub(super) lost: bool,
    /// How long anything that sets out now is on the way, without the time until it is sent [ns].
    pub(super) there: u64,
    /// The place of its link, and the zones from which and to which it goes; `None` where it crosses none.
    pub(super) link: Option<(usize, (ZoneId, ZoneId))>,
    /// The transport with which it set out.
    pub(super) tcp: Option<Tcp>,
    /// Chance that a segment is lost, where a transport carries the message.
    pub(super) segment_loss: Option<f64>,
    /// What is left to be sent after the delay.
    pub(super) stalled: Option<Box<Stalled>>,
    pub(super) fails: First<Outcome>,
    /// The instance whose network card it comes to, where that has one, and what it is.
    pub(super) card: Option<(InstanceId, Message)>,
    /// Kinds of wrongness, one bit each.
    pub(super) wrong: u16,
}
