//! A freeze: instances stop in the middle of their work, and go on when it is over.

use serde::{Deserialize, Serialize};

/// Instances stop in the middle of their work, answer nothing, and go on where they were when the fault is over.
///
/// # What it models
/// A stop-the-world pause, a stalled virtual machine, a process under a debugger: connections stay open, so callers see silence. New requests queue
/// up; nothing is lost but time. Where the machine has a `nic`, its host handles no packet either: what comes waits in the ring, and is dropped where
/// that is full.
///
///
/// With `where: {control: NAME}` a pipeline of telemetry delivers nothing more, and all who read it see what was delivered last; or a scaler
/// decides nothing.
///
/// # When to use it
/// For long garbage collections, live migrations and hung dependencies.
///
/// # Knobs
/// - none
///
/// # Example
/// ```yaml
/// faults:
///   hiccup: {inject: freeze, where: {service: db}, at: 5m, for: 2s}
/// ```
///
/// # Source
/// Bronson et al., Metastable failures in distributed systems, `HotOS` 2021.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreezeSettings {}
