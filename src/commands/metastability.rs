//! `metastability`: where the system comes back by itself.

use super::question::About;
use super::{load, watched};
use crate::asked;
use crate::cli::AskedArgs;
use crate::shell::quoted;
use anyhow::{Context, Result};
use reports::studies::metastability::MetastabilityAnswer;
use scenarios::study::metastability::MetastabilityStudy;
use scenarios::written::studies::metastability::MetastabilitySettings;

pub fn run(args: &AskedArgs) -> Result<u8> {
    let about = About::load(args)?;
    let (path, loaded) = (&about.path, &about.loaded);
    let (name, study, ask) = about
        .study::<MetastabilitySettings>()?
        .with_context(|| format!("nothing is mapped: write a metastability study in the studies of {path}"))?;
    let plan = about.fits(load::plan_within(loaded, study, &args.study))?;
    let named = asked::study(&args.study);
    let more = args.name.iter().map(|name| format!(" --study {}", quoted(name))).collect::<String>() + &named;
    let place = about.place("metastability", name, &named, more)?;
    let study = MetastabilityStudy { origin: about.origin(), loaded, study: name, ask: &ask, plan: &plan };
    let map = watched(study, "mapping", about.title(), path, "of a map that is not done nothing is kept.")?;
    place.put(&MetastabilityAnswer { map: &map, source: &place.source })
}
