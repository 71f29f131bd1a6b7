//! `metastability`: where the system comes back by itself.

use super::{load, project, report_line, source, tell, typed, watched};
use crate::asked::{self, Asked};
use crate::cli::AskedArgs;
use crate::refused;
use crate::shell::quoted;
use crate::status::OK;
use anyhow::{Context, Result};
use reports::answer;
use reports::studies::metastability::MetastabilityAnswer;
use scenarios::Studies;
use scenarios::study::metastability::MetastabilityStudy;
use scenarios::study::sweep::Origin;
use scenarios::written::studies::metastability::MetastabilitySettings;

pub fn run(args: &AskedArgs) -> Result<u8> {
    let path = typed(&args.file);
    let (sets, variant) = (load::sets(&args.study.set)?, args.variant.as_deref());
    let loaded = load::loaded(&path, &sets, variant).map_err(|report| refused::scenario(&report))?;
    let found = load::study_of::<MetastabilitySettings>(&path, &loaded, args.name.as_deref())?;
    let (name, study, ask) =
        found.with_context(|| format!("nothing is mapped: write a metastability study in the studies of {path}"))?;
    let checked = scenarios::validate(project(), &path, &sets, variant, Studies::One(name));
    checked.map_err(|report| refused::scenario(&report))?;
    let plan = load::plan_within(&loaded, study, &args.study);
    load::fits(&loaded, &plan, &args.study)?;
    let set = &args.study.set[..];
    let more = args.name.iter().map(|name| format!(" --study {}", quoted(name))).collect::<String>();
    let more = more + &asked::study(&args.study);
    let folder = format!("{}-{name}", loaded.name);
    let out = args.out.clone().unwrap_or_else(|| asked::folder(&folder, variant, set, &asked::study(&args.study)));
    let repeated = Asked::new("metastability", vec![path.clone()], variant, set, more);
    asked::free(&out, std::slice::from_ref(&args.file))?;
    let origin = Origin { files: project(), path: &path, sets: &sets, variant };
    let study = MetastabilityStudy { origin, loaded: &loaded, study: name, ask: &ask, plan: &plan };
    let title = loaded.written.scenario.clone().unwrap_or_default();
    let map = watched(study, "mapping", &title, &path, "of a map that is not done nothing is kept.")?;
    let source = source(&loaded, repeated.settings.clone());
    let answer = MetastabilityAnswer { map: &map, source: &source };
    repeated.write_report(&out, answer::files(&answer)?)?;
    tell(&answer, args.json, &report_line(&out))?;
    Ok(OK)
}
