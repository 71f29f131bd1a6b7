//! Storage: bytes kept for a time.

use super::meter::Meter;
use crate::ids::ServiceId;
use crate::names::Names;
use crate::problem::Problems;
use crate::results::Slice;
use crate::topology::Service;
use crate::topology::Topology;
use crate::units::Bytes;
use serde::{Deserialize, Serialize};

/// Bytes kept on the disks of instances, or of a given size.
///
/// # What it models
/// The disk of each instance that is paid for, or a size in all that does not change.
///
/// # When to use it
/// For disks, buckets and backups with a price for bytes and time.
///
/// # Knobs
/// - `of`: service or store; required
/// - `size`: bytes in all; default the disk of each instance (`machine.disk.size`)
///
/// # Example
/// ```yaml
/// costs:
///   disks: {meter: {storage: {of: ledger}}, price: $0.125/GB/month}
/// ```
///
/// # Source
/// Price lists of public clouds: a gigabyte and month of a volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageSettings {
    /// Whose disks.
    pub of: String,
    /// Bytes in all, instead of the disk of each instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Bytes>,
}

impl StorageSettings {
    pub(super) fn compile(&self, names: &Names, services: &[Service], problems: &mut Problems) -> Option<Meter> {
        let of = names.service("of", &self.of, problems)?;
        let disk = services.get(of.index()).map_or(0, |service| service.disk.get());
        if self.size.is_none() && disk == 0 {
            problems.error("of", format!("nothing says how much {} keeps", self.of)).hint =
                Some("write machine: {disk: {size: 100GB}} there, or size: 100GB here".into());
            return None;
        }
        Some(Meter::Storage { of, size: self.size })
    }
}

/// What one slice has used [bytes s].
pub(super) fn metered(topology: &Topology, slice: &Slice, of: ServiceId, size: Option<Bytes>) -> f64 {
    match size {
        Some(size) => size.get() as f64 * (slice.to_ns - slice.from_ns) as f64 / 1e9,
        None => topology.services[of.index()].disk.get() as f64 * (slice.services[of.index()].paid_ns as f64 / 1e9),
    }
}
