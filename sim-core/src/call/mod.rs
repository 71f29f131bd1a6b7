//! Everything between a caller and a callee, one folder a mechanism, one kind a file.
//!
//! All of it are pure state machines: they are told the time and what happened, and know no engine, so that published test vectors
//! run against them directly. The world asks them; it never looks inside.

pub mod activator;
pub mod balance;
pub mod breaker;
pub mod deadline;
pub mod doorman;
pub mod ejection;
pub mod fallback;
pub mod hedge;
pub mod limit;
pub mod locality;
pub mod pool;
pub mod rate_limit;
pub mod retry;
pub mod throttle;
pub mod time_window;
