//! The system that was simulated, as a drawing shows it: loads, services, stores and queues, and who calls whom.

/// All nodes and the calls between them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct System {
    /// Load classes in the order of the file, then services, stores and queues in the order of their ids.
    pub nodes: Vec<SystemNode>,
    /// One for each caller and called endpoint, in the order in which the scenario has them.
    pub calls: Vec<SystemCall>,
    /// Whether rates and utilisation were simulated. If not, rates are what the written loads send, and no utilisation is known.
    pub simulated: bool,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A load class.
    Load,
    /// A service.
    Service,
    /// A store.
    Store,
    /// A queue.
    Queue,
    /// A cache.
    Cache,
}

impl NodeKind {
    /// In a word: `store`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Service => "service",
            Self::Store => "store",
            Self::Queue => "queue",
            Self::Cache => "cache",
        }
    }
}

/// A load class, service, store or queue.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemNode {
    /// Load, service, store or queue.
    pub kind: NodeKind,
    /// As the user wrote it.
    pub name: String,
    /// Instances at the start; 0 of a load.
    pub instances: u32,
    /// How many endpoints the scenario gives it.
    pub endpoints: usize,
    /// Share of workers held over the whole run, from 0 to 1; `None` where workers are unlimited or nothing was simulated.
    pub utilisation: Option<f64>,
    /// Mean number of requests or messages waiting; `None` of a load, or where nothing was simulated.
    pub waiting: Option<f64>,
    /// Names of the faults that strike instances of it.
    pub faults: Vec<String>,
}

/// Calls from one node to one endpoint of another.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemCall {
    /// Place of the caller in [`System::nodes`].
    pub from: usize,
    /// Place of the called node.
    pub to: usize,
    /// The endpoint that is called, without its service: `charge`.
    pub endpoint: String,
    /// Attempts a second, mean of the whole run; or, where nothing was simulated, the calls that the written loads bring about. `None` where
    /// the file alone does not say.
    pub per_s: Option<f64>,
    /// Names of the faults that strike messages of it on their way.
    pub faults: Vec<String>,
}
