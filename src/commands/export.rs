//! `export`: the topology of a scenario for other programs.

use super::{load, typed};
use crate::cli::{ExportArgs, ForeignForm};
use crate::output;
use crate::refused;
use crate::status::OK;
use anyhow::Result;
use scenarios::terraform;

pub fn run(args: &ExportArgs) -> Result<u8> {
    let path = typed(&args.file);
    let loaded = load::loaded(&path, &load::sets(&args.set)?, args.variant.as_deref());
    let loaded = loaded.map_err(|report| refused::scenario(&report))?;
    let text = match args.form {
        ForeignForm::Terraform => terraform::export::export(&loaded),
    };
    let text = text.map_err(|problem| refused::value(&[&path, &problem.path], &problem))?;
    match &args.out {
        Some(file) => {
            output::write_whole(file, text.as_bytes())?;
            if !output::is_quiet() {
                output::say(&format!("Wrote    {}\n", typed(file)));
            }
        }
        None => output::print(&text)?,
    }
    Ok(OK)
}
