//! What the user names as a scenario: a file; where there is none, a scenario inside of the program; or `-`, which is standard input.
//!
//! A file always wins, also one that only lacks its ending: after `new --from checkout` the word `checkout` is not the built-in scenario
//! any more: the user has left out the ending of `checkout.yaml`.

use scenarios::builtin;
use scenarios::project::ENDINGS;
use std::path::Path;

/// The name under which the text of standard input is read.
pub const STDIN: &str = "standard input";

/// The path of the built-in scenario that is meant, if no file is.
pub fn builtin_of(named: &Path) -> Option<String> {
    let text = named.to_str()?;
    let is_file = named.exists() || ENDINGS.iter().any(|e| Path::new(&format!("{text}.{e}")).exists());
    if is_file { None } else { builtin::find(text) }
}
