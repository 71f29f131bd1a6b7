//! Data and the guarantees about it: what repeated work does, how replies can be wrong, which keys are asked for.

mod effect;
pub mod keys;
mod wrongness;

pub use effect::{ALL, DeduplicatedSettings, Effect};
pub use keys::{KeySampler, KeysSettings};
pub use wrongness::{Wrongness, WrongnessKind};
