//! `import`: a scenario of what another program plans.

use super::Perform;
use super::export::ForeignForm;
use super::typed;
use crate::named::STDIN;
use crate::output;
use crate::refused;
use crate::status::OK;
use anyhow::{Result, bail};
use clap::Args;
use scenarios::files::MOST_BYTES;
use scenarios::terraform::import::{Imported, import, resources};
use scenarios::{Disk, Files};
use std::fmt::Write;
use std::path::PathBuf;

/// Make a scenario of what other programs plan: `terraform` is a plan, as `terraform show -json` prints it.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Of which program.
    pub form: ForeignForm,
    /// The plan, in JSON; - is standard input.
    #[arg(required_unless_present = "resources")]
    pub plan: Option<PathBuf>,
    /// List which resources are read, and which of their arguments.
    #[arg(long, conflicts_with_all = ["plan", "out"])]
    pub resources: bool,
    /// The scenario file to write, which must not exist yet. Default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Perform for ImportArgs {
    fn run(&self) -> Result<u8> {
        let Some(plan) = &self.plan else {
            return output::print(&resources()).map(|()| OK);
        };
        let is_input = plan.as_os_str() == "-";
        let path = if is_input { STDIN.to_owned() } else { typed(plan) };
        if let Some(out) = self.out.as_ref().filter(|out| out.exists()) {
            bail!("{} exists already, and what was filled in there would be lost; name another file", typed(out));
        }
        let text = if is_input {
            output::standard_input(MOST_BYTES)?
        } else {
            Disk.read(&path).map_err(|problem| refused::value(&[&path], &problem))?
        };
        let stem = plan.file_stem().filter(|_| !is_input);
        let name = stem.map_or_else(|| "the plan".to_owned(), |name| name.to_string_lossy().into_owned());
        let imported = match self.form {
            ForeignForm::Terraform => import(&name, &text),
        };
        let imported = imported.map_err(|problem| refused::value(&[&path], &problem))?;
        match &self.out {
            Some(file) => {
                output::write_whole(file, imported.text.as_bytes())?;
                if !output::is_quiet() {
                    output::say(&format!("Wrote    {}\n", typed(file)));
                }
            }
            None => output::print(&imported.text)?,
        }
        if !output::is_quiet() {
            let file = self.out.as_ref().map_or_else(|| "line ".to_owned(), |file| format!("{}:", typed(file)));
            output::say(&missing(&imported, &file));
        }
        Ok(OK)
    }
}

/// What has to be filled in, a line each, behind the `file` in which it is.
fn missing(imported: &Imported, file: &str) -> String {
    let count = imported.gaps.len();
    let mut text = format!("{count} place{} to be filled in:\n", if count == 1 { "" } else { "s" });
    for gap in &imported.gaps {
        let _ = writeln!(text, "  {file}{} {}: {}", gap.line, gap.path, gap.why);
    }
    text
}
