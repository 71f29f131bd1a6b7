//! Who sends requests: how many, when, from where and for whom.

use crate::ids::{EdgeId, ZoneId};
use crate::workload::{Arrival, ComplaintSettings, Priority, Shape};

/// A load class.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// As the user wrote it.
    pub name: String,
    /// Share of each endpoint, adding up to 1.
    pub mix: Vec<(f64, EdgeId)>,
    /// When requests come.
    pub arrival: Arrival,
    /// How the rate changes over time; the factors multiply.
    pub shape: Vec<Shape>,
    /// Where the users are.
    pub zone: Option<ZoneId>,
    /// How important its requests are.
    pub priority: Priority,
    /// For whom they are: the number of its tenant, 0 for those of nobody.
    pub tenant: u32,
    /// How many users there are, for the share of them that is affected; `None` where nobody says.
    pub population: Option<u64>,
    /// How users who were hurt complain; `None` where nobody does.
    pub complaints: Option<ComplaintSettings>,
}
