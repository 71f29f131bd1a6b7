//! `metastability`: where the system comes back by itself.

use super::Perform;
use super::question::About;
use super::{load, watched};
use crate::arguments::AskedArgs;
use crate::asked;
use crate::shell::quoted;
use anyhow::{Context, Result};
use clap::Args;
use reports::studies::metastability::MetastabilityAnswer;
use scenarios::study::metastability::MetastabilityStudy;
use scenarios::written::studies::metastability::MetastabilitySettings;
use std::path::PathBuf;

/// Map triggers against loads: where does the system come back by itself, and which trigger keeps it down for good?
#[derive(Debug, Args)]
pub struct MetastabilityArgs {
    /// The file and the study.
    #[command(flatten)]
    pub asked: AskedArgs,
}

impl Perform for MetastabilityArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.asked.file]
    }

    fn run(&self) -> Result<u8> {
        let about = About::load(&self.asked)?;
        let (path, loaded) = (&about.path, &about.loaded);
        let (name, study, ask) = about
            .study::<MetastabilitySettings>()?
            .with_context(|| format!("nothing is mapped: write a metastability study in the studies of {path}"))?;
        let plan = about.fits(load::plan_within(loaded, study, &self.asked.study))?;
        let named = asked::study(&self.asked.study);
        let more = self.asked.name.iter().map(|name| format!(" --study {}", quoted(name))).collect::<String>() + &named;
        let place = about.place("metastability", name, &named, more)?;
        let study = MetastabilityStudy { origin: about.origin(), loaded, study: name, ask: &ask, plan: &plan };
        let map = watched(study, "mapping", about.title(), path, "of a map that is not done nothing is kept.")?;
        place.put(&MetastabilityAnswer { map: &map, source: &place.source })
    }
}
