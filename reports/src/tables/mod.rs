//! Files for other programs: tidy series as CSV and Parquet, verdicts as `JUnit` XML.

pub mod capacity;
pub mod columns;
pub mod compare;
pub mod journal;
pub mod junit;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod series;
pub mod sweep;
