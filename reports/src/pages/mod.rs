//! What each kind of report says: one kind a file.

pub mod run;
