//! `draw`: a picture of the system of a scenario, without running it.

use super::Perform;
use super::{load, typed};
use crate::complete;
use crate::output;
use crate::refused;
use crate::status::OK;
use anyhow::{Context, Result, bail};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use reports::figures::{picture::Pictures, system};
use scenarios::study;
use std::path::Path;
use std::path::PathBuf;

/// Endings of files, and the forms that they stand for.
const ENDINGS: [(&str, DrawFormat); 6] = [
    ("svg", DrawFormat::Svg),
    ("png", DrawFormat::Png),
    ("mmd", DrawFormat::Mermaid),
    ("mermaid", DrawFormat::Mermaid),
    ("dot", DrawFormat::Dot),
    ("gv", DrawFormat::Dot),
];

/// Draw the system of a scenario, without running it.
#[derive(Debug, Args)]
pub struct DrawArgs {
    /// The scenario file.
    #[arg(add = ArgValueCompleter::new(complete::scenarios))]
    pub file: PathBuf,
    /// The file to write. Default: standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The form of the drawing. Default: that of the ending of --out (.svg, .png, .mmd, .mermaid, .dot, .gv); svg without --out.
    #[arg(long, value_enum)]
    pub format: Option<DrawFormat>,
    /// A variant of the scenario.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Set a value of the file by its path, as services.api.instances=4.
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// Forms of a drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DrawFormat {
    /// A vector picture.
    Svg,
    /// A picture in pixels.
    Png,
    /// Text from which Mermaid draws, as GitHub does in Markdown.
    Mermaid,
    /// Text from which Graphviz draws.
    Dot,
}

impl Perform for DrawArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.file]
    }

    fn run(&self) -> Result<u8> {
        let format = format(self)?;
        let loaded = load::loaded(&typed(&self.file), &load::sets(&self.set)?, self.variant.as_deref());
        let loaded = loaded.map_err(|report| refused::scenario(&report))?;
        let drawn = study::system::written(&loaded);
        let svg = || system::drawing(&drawn).standalone();
        let bytes = match format {
            DrawFormat::Svg => svg().into_bytes(),
            DrawFormat::Png => Pictures::new().png(&svg())?,
            DrawFormat::Mermaid => system::mermaid(&drawn).into_bytes(),
            DrawFormat::Dot => system::dot(&drawn).into_bytes(),
        };
        match &self.out {
            Some(file) => {
                output::write_whole(file, &bytes)?;
                if !output::is_quiet() {
                    output::say(&format!("Drawing  {}\n", typed(file)));
                }
            }
            None => output::print(&String::from_utf8_lossy(&bytes))?,
        }
        Ok(OK)
    }
}

/// The format that was asked for, else that of the file's ending, else SVG.
fn format(args: &DrawArgs) -> Result<DrawFormat> {
    match (args.format, &args.out) {
        (Some(DrawFormat::Png), None) => bail!("a PNG picture needs a file: add --out system.png"),
        (Some(format), _) => Ok(format),
        (None, None) => Ok(DrawFormat::Svg),
        (None, Some(file)) => by_ending(file),
    }
}

/// The format that the ending of a file stands for.
fn by_ending(file: &Path) -> Result<DrawFormat> {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let found = ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, format)| *format);
    found.with_context(|| {
        let known: Vec<String> = ENDINGS.iter().map(|(ending, _)| format!(".{ending}")).collect();
        format!(
            "{}: no drawing has this ending; known endings: {}\nhint: name the form with --format",
            typed(file),
            known.join(" ")
        )
    })
}
