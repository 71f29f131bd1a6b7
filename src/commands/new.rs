//! `new`: a scenario file to begin with.

use super::{OK, typed};
use crate::cli::NewArgs;
use crate::output;
use anyhow::{Result, bail};

pub fn run(args: &NewArgs) -> Result<u8> {
    if args.file.exists() {
        bail!("{} exists already; name another file", typed(&args.file));
    }
    output::write_whole(&args.file, scenarios::describe::TEMPLATE.as_bytes())?;
    let file = typed(&args.file);
    output::print(&format!("Wrote {file}\nNext     windtunnel run {file}\n"))?;
    Ok(OK)
}
