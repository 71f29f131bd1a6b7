//! `export`: the topology of a scenario for other programs.

use super::{load, typed};
use crate::cli::{ExportArgs, ForeignForm};
use crate::output;
use crate::refused;
use crate::status::OK;
use anyhow::{Result, bail};
use scenarios::terraform;

pub fn run(args: &ExportArgs) -> Result<u8> {
    let path = typed(&args.file);
    if let Some(out) = args.out.as_ref().filter(|out| out.exists()) {
        bail!("{} exists already, and what was changed there would be lost; name another file", typed(out));
    }
    let loaded = load::loaded(&path, &load::sets(&args.set)?, args.variant.as_deref());
    let loaded = loaded.map_err(|report| refused::scenario(&report))?;
    let exported = match args.form {
        ForeignForm::Terraform => terraform::export::export(&loaded),
    };
    let exported = exported.map_err(|problem| refused::value(&[&path, &problem.path], &problem))?;
    match &args.out {
        Some(file) => {
            output::write_whole(file, exported.text.as_bytes())?;
            if !output::is_quiet() {
                output::say(&format!("Wrote    {}\n", typed(file)));
            }
        }
        None => output::print(&exported.text)?,
    }
    if !output::is_quiet() {
        for (path, what) in &exported.notes {
            output::say(&format!("note: {path}: {what}\n"));
        }
    }
    Ok(OK)
}
