//! What the commands share that answer a question about one file: `capacity`, `knee`, `metastability` and `decide`.

use super::{load, project, report_line, source, tell, typed};
use crate::arguments::AskedArgs;
use crate::asked::{self, Asked};
use crate::refused;
use crate::status::OK;
use anyhow::Result;
use reports::answer::{self, Reported};
use scenarios::study::Plan;
use scenarios::study::sweep::Origin;
use scenarios::written::studies::StudySettings;
use scenarios::written::studies::question::Commanded;
use scenarios::{Loaded, Set, Studies};
use std::path::PathBuf;

/// The file that a question is about, with what the command line sets in it.
pub struct About<'a> {
    pub args: &'a AskedArgs,
    pub path: String,
    pub sets: Vec<Set>,
    pub loaded: Loaded,
}

impl<'a> About<'a> {
    /// Loads the file.
    ///
    /// # Errors
    /// If it is no scenario.
    pub fn load(args: &'a AskedArgs) -> Result<Self> {
        let (path, sets) = (typed(&args.file), load::sets(&args.study.set)?);
        let loaded = load::loaded(&path, &sets, args.variant.as_deref());
        let loaded = loaded.map_err(|report| refused::scenario(&report))?;
        Ok(Self { args, path, sets, loaded })
    }

    /// The variant that is asked about; `None` for the file as it is.
    pub fn variant(&self) -> Option<&'a str> {
        self.args.variant.as_deref()
    }

    /// Where the values of the file are looked up.
    pub fn origin(&self) -> Origin<'_> {
        Origin { files: project(), path: &self.path, sets: &self.sets, variant: self.variant() }
    }

    /// The study that is meant of those that ask this question, with its name and what it asks; `None` where the file has none.
    ///
    /// # Errors
    /// If it is not clear which, or if what it asks has problems.
    pub fn study<Q: Commanded>(&self) -> Result<Option<(&str, &StudySettings, Q)>> {
        let found = load::study_of(&self.path, &self.loaded, self.args.name.as_deref())?;
        if let Some((name, ..)) = &found {
            let checked = scenarios::validate(project(), &self.path, &self.sets, self.variant(), Studies::One(name));
            checked.map_err(|report| refused::scenario(&report))?;
        }
        Ok(found)
    }

    /// Whether a plan fits into the file's runs.
    ///
    /// # Errors
    /// If not.
    pub fn fits(&self, plan: Plan) -> Result<Plan> {
        load::fits(&self.loaded, &plan, &self.args.study)?;
        Ok(plan)
    }

    /// The title of the scenario.
    pub fn title(&self) -> &str {
        self.loaded.written.scenario.as_deref().unwrap_or_default()
    }

    /// Where the answer to `command` goes; `named` are the arguments that its folder is named by, and `more` all that change the answer.
    ///
    /// # Errors
    /// If the folder holds what may not be replaced.
    pub fn place(&self, command: &str, study: &str, named: &str, more: String) -> Result<AnswerPlace> {
        let set = &self.args.study.set[..];
        let folder = format!("{}-{study}", self.loaded.name);
        let out = self.args.out.clone().unwrap_or_else(|| asked::folder(&folder, self.variant(), set, named));
        asked::free(&out, std::slice::from_ref(&self.args.file))?;
        let asked = Asked::new(command, vec![self.path.clone()], self.variant(), set, more);
        Ok(AnswerPlace { source: source(&self.loaded, asked.settings.clone()), asked, out, json: self.args.json })
    }
}

/// Where an answer goes.
pub struct AnswerPlace {
    pub source: reports::Source,
    asked: Asked,
    out: PathBuf,
    json: bool,
}

impl AnswerPlace {
    /// Writes the report of an answer, and prints it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, answer: &impl Reported) -> Result<u8> {
        self.asked.write_report(&self.out, answer::files(answer)?)?;
        tell(answer, self.json, &report_line(&self.out))?;
        Ok(OK)
    }
}
