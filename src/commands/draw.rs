//! `draw`: a picture of the system of a scenario, without running it.

use super::{OK, complain, project, sets_of, typed};
use crate::cli::{DrawArgs, DrawFormat};
use crate::output;
use anyhow::{Result, bail};
use reports::figures::{picture::Pictures, system};
use scenarios::study;

pub fn run(args: &DrawArgs) -> Result<u8> {
    let loaded = match scenarios::load(project(), &typed(&args.file), &sets_of(&args.set)?, args.variant.as_deref()) {
        Ok(loaded) => loaded,
        Err(report) => return Ok(complain(&report)),
    };
    if !loaded.warnings.problems.is_empty() {
        output::say(&loaded.warnings.render(false));
    }
    let drawn = study::system::written(&loaded);
    let svg = || system::drawing(&drawn).standalone();
    let bytes = match format(args)? {
        DrawFormat::Svg => svg().into_bytes(),
        DrawFormat::Png => Pictures::new().png(&svg())?,
        DrawFormat::Mermaid => system::mermaid(&drawn).into_bytes(),
        DrawFormat::Dot => system::dot(&drawn).into_bytes(),
    };
    match &args.out {
        Some(file) => {
            output::write_whole(file, &bytes)?;
            output::say(&format!("Drawing  {}\n", typed(file)));
        }
        None => output::print(&String::from_utf8_lossy(&bytes))?,
    }
    Ok(OK)
}

/// The format that was asked for, else that of the file's ending, else SVG.
fn format(args: &DrawArgs) -> Result<DrawFormat> {
    let ending = args.out.as_ref().and_then(|file| file.extension()).and_then(|ending| ending.to_str());
    let by_ending = match ending {
        Some("png") => DrawFormat::Png,
        Some("mmd" | "mermaid") => DrawFormat::Mermaid,
        Some("dot" | "gv") => DrawFormat::Dot,
        _ => DrawFormat::Svg,
    };
    let format = args.format.unwrap_or(by_ending);
    if format == DrawFormat::Png && args.out.is_none() {
        bail!("a PNG picture needs a file: add --out system.png");
    }
    Ok(format)
}
