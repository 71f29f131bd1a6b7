//! Exit statuses, as `--help` lists them.

/// The command is done; for `check` and `verify`: everything is held.
pub const OK: u8 = 0;
/// A promise is broken, a number is worse than the baseline's, or a case of the truth suite is missed.
pub const BROKEN: u8 = 1;
/// The command could not run.
pub const CANNOT: u8 = 2;
/// Something that was to be judged is inconclusive.
pub const INCONCLUSIVE: u8 = 3;
/// The command was stopped by Ctrl-C or SIGTERM.
pub const STOPPED: u8 = 130;
