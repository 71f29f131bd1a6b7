//! `export`: the topology of a scenario for other programs.

use super::Perform;
use super::{load, typed};
use crate::complete;
use crate::output;
use crate::refused;
use crate::status::OK;
use anyhow::{Result, bail};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use scenarios::terraform;
use std::path::PathBuf;

/// Write the topology of a scenario for other programs: `terraform` is Terraform's JSON syntax.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// For which program.
    pub form: ForeignForm,
    /// The scenario file.
    #[arg(add = ArgValueCompleter::new(complete::scenarios))]
    pub file: PathBuf,
    /// The file to write, as main.tf.json, which must not exist yet. Default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A variant of the scenario.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Set a value of the file by its path, as services.api.instances=4.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// Programs that know systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ForeignForm {
    /// Terraform: its JSON syntax, and its plans in JSON.
    Terraform,
}

impl Perform for ExportArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.file]
    }

    fn run(&self) -> Result<u8> {
        let path = typed(&self.file);
        if let Some(out) = self.out.as_ref().filter(|out| out.exists()) {
            bail!("{} exists already, and what was changed there would be lost; name another file", typed(out));
        }
        let loaded = load::loaded(&path, &load::sets(&self.set)?, self.variant.as_deref());
        let loaded = loaded.map_err(|report| refused::scenario(&report))?;
        let exported = match self.form {
            ForeignForm::Terraform => terraform::export::export(&loaded),
        };
        let exported = exported.map_err(|problem| refused::value(&[&path, &problem.path], &problem))?;
        match &self.out {
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
}
