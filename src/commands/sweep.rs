//! `sweep`: one system at many settings.

use super::Perform;
use super::load::{self, cores};
use super::{project, report_line, source, tell, typed};
use crate::arguments::StudyArgs;
use crate::asked;
use crate::complete;
use crate::interrupt::Stopped;
use crate::job_array;
use crate::out_folder;
use crate::output;
use crate::parts::{First, Parts, Shard};
use crate::progress::Progress;
use crate::refused::{self, Refused};
use crate::status::OK;
use anyhow::{Context, Result, bail};
use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use reports::answer;
use reports::studies::sweep::SweepAnswer;
use scenarios::study::sweep::{self, Origin, Sweep, SweepStudy};
use scenarios::study::{Stop, Study, Watch};
use scenarios::written::studies::StudySettings;
use scenarios::written::studies::knob::{Flow, OverSettings, RangeSettings, Scale};
use scenarios::written::studies::sweep::{DesignSettings, PointsSettings, RankOfSettings, RankSettings, SweepSettings};
use scenarios::{Loaded, Set, Studies};
use sim_core::expression::Value;
use sim_core::problem::Problems;
use sim_core::results::Point;
use sim_core::units::Count;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Simulate a system at many settings: where does it leave its promises, and which knob matters?
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The scenario file. What is varied stands in its studies, or in --set PATH=VALUES: a list 2,4,8, a range 500/s..2000/s:7 or
    /// 10ms..1s:5:log, or, of whole numbers, 2..8.
    #[arg(add = ArgValueCompleter::new(complete::scenarios))]
    pub file: PathBuf,
    /// A sweep of the file's studies.
    #[arg(long = "study", value_name = "NAME", add = ArgValueCompleter::new(complete::studies))]
    pub name: Option<String>,
    /// A metric to show of each point instead of the study's, as 'p99(gateway.checkout)'; may be given again.
    #[arg(long, value_name = "METRIC", value_parser = Value::parse)]
    pub show: Vec<Value>,
    /// How the points are chosen. Default: as the study says, or every combination.
    #[arg(long)]
    pub design: Option<DesignArg>,
    /// Settings to simulate at most, for designs that do not try every combination. Default: as the study says.
    #[arg(long)]
    pub points: Option<u64>,
    /// How the knobs are ranked. A grid ranks them by itself. Default: as the study says.
    #[arg(long)]
    pub rank: Option<RankArg>,
    /// For which metric they are ranked. Default: as the study says.
    #[arg(long, value_name = "METRIC", value_parser = Value::parse)]
    pub of: Option<Value>,
    /// Folder for points, results and report. Default: out/ and the names of file, study, variant and what is set. A sweep that was
    /// stopped goes on there.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Throw away the points that are in the folder already.
    #[arg(long)]
    pub fresh: bool,
    /// Run one part, as 2/8; `auto` or auto/8 takes its number from the job array of Slurm, Kubernetes or AWS Batch.
    #[arg(long, value_name = "PART")]
    pub shard: Option<String>,
    /// A variant of the scenario.
    #[arg(long, add = ArgValueCompleter::new(complete::variants))]
    pub variant: Option<String>,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// How each point is run.
    #[command(flatten)]
    pub study: StudyArgs,
}

/// How the points of a sweep are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DesignArg {
    /// Every combination.
    Grid,
    /// A Latin hypercube.
    LatinHypercube,
    /// A scrambled Sobol sequence.
    Sobol,
}

/// How knobs are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RankArg {
    /// Shares of the variance, by Saltelli's design.
    TotalSobol,
    /// Elementary effects: cheaper.
    Morris,
}

impl Perform for SweepArgs {
    fn scenarios(&mut self) -> Vec<&mut PathBuf> {
        vec![&mut self.file]
    }

    fn run(&self) -> Result<u8> {
        let (knobs, sets) = knobs(&self.study.set)?;
        let path = typed(&self.file);
        let variant = self.variant.as_deref();
        let loaded = load::loaded(&path, &sets, variant).map_err(|report| refused::scenario(&report))?;
        let (name, study, ask) = asked(self, &loaded, knobs)?;
        if !name.is_empty() {
            let checked = scenarios::validate(project(), &path, &sets, variant, Studies::One(&name));
            checked.map_err(|report| refused::scenario(&report))?;
        }
        let mut plan = load::plan(&loaded, &self.study);
        plan.replications = self.study.replications.unwrap_or_else(|| study.of_each(&plan));
        load::fits(&loaded, &plan, &self.study)?;
        let origin = Origin { files: project(), path: &path, sets: &sets, variant };
        let swept = Sweep::new(origin, &loaded, &name, &ask, &plan);
        let swept = swept.map_err(|problem| refused::value(&[&path, &problem.path], &problem))?;
        if let Err((at, report)) = swept.check() {
            output::say(&format!("error: the scenario cannot be run at {at}\n"));
            return Err(refused::scenario(&report));
        }
        let variable = |name: &str| std::env::var(name).ok();
        let shard = self.shard.as_ref().map_or(Ok(Shard::WHOLE), |text| job_array::shard(text, &variable))?;
        let out = folder(self, &loaded, &name, shard);
        let asked = asked::settings(self.variant.as_deref(), &fixed(&self.study.set));
        let first = First::new(shard, swept.head.clone(), source(&loaded, asked));
        out_folder::spares(&out, std::slice::from_ref(&self.file))?;
        let points = simulate(&swept, &first, &out, self)?;
        if shard == Shard::WHOLE {
            return finish(&first, points, &out, self.json);
        }
        print_part(shard, points.len(), swept.len(), &out, self.json)?;
        Ok(OK)
    }
}

/// Says that a part of a sweep is done. The answer is that of all parts, which `merge` gives.
fn print_part(shard: Shard, done: usize, all: u32, out: &Path, json: bool) -> Result<()> {
    let Shard { number, of } = shard;
    if json {
        let part =
            serde_json::json!({"part": number, "of": of, "points": done, "points_of_all": all, "folder": typed(out)});
        return output::print(&format!("{}\n", serde_json::to_string_pretty(&part)?));
    }
    if output::is_quiet() {
        return Ok(());
    }
    output::print(&format!(
        "Part {number}/{of} of the sweep is done: {done} of {all} points.\nNext     windtunnel merge PART.. --out DIR\n"
    ))
}

/// Where the results go.
fn folder(args: &SweepArgs, loaded: &Loaded, study: &str, shard: Shard) -> PathBuf {
    let name = if study.is_empty() { format!("{}-sweep", loaded.name) } else { format!("{}-{study}", loaded.name) };
    let fixed = fixed(&args.study.set);
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| asked::folder(&name, args.variant.as_deref(), &fixed, &asked::study(&args.study)));
    let part = format!("part-{}-of-{}", shard.number, shard.of);
    if shard == Shard::WHOLE || args.out.is_some() { out } else { out.join(part) }
}

/// Runs what is not done yet of a part, and gives all of its points.
fn simulate(swept: &Sweep<'_>, first: &First, out: &Path, args: &SweepArgs) -> Result<Vec<Point>> {
    let (mut parts, mut points) = Parts::open(out, first, args.fresh)?;
    let all = first.shard.points(swept.len());
    let left = &all[points.len()..];
    if !points.is_empty() && !left.is_empty() && !output::is_quiet() {
        output::say(&format!("going on: {} of {} points are done already\n", points.len(), all.len()));
    }
    let each = swept.head.replications;
    let title = format!("{} points, {each} replications each", all.len());
    let replications = all.len() as u32 * each;
    let bar = Progress::new("sweeping", &title, replications);
    let before = points.len() as u32 * each;
    let progress = |done: u32, _: u32| bar.at(before + done, replications);
    let mut failed = None;
    let mut fresh = Vec::new();
    let keep = |point: Point| {
        if let Err(error) = parts.keep(&point) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        fresh.push(point);
        ControlFlow::Continue(())
    };
    let threads = args.study.threads.map_or_else(cores, usize::from);
    let outcome = SweepStudy { sweep: swept, points: left, threads, keep }.run(&progress);
    bar.finish();
    match (failed, outcome) {
        (Some(error), _) => return Err(error),
        (None, Err(Stop::Report(_, report))) => {
            output::say(&Refused::from(&*report).to_string());
            bail!("a point of the sweep cannot be run; those that are done are kept");
        }
        (None, Err(Stop::Interrupted)) => {
            let (done, all) = (points.len() + fresh.len(), all.len());
            let kept = format!("{done} of {all} points are done and kept in {}, where the sweep goes on.", typed(out));
            return Err(Stopped::go_on(&kept).into());
        }
        (None, Err(Stop::Problem(problem))) => return Err(refused::value(&[&problem.path], &problem)),
        (None, Ok(())) => {}
    }
    points.extend(fresh);
    Ok(points)
}

/// Writes the results of a finished sweep and prints its answer.
pub fn finish(first: &First, points: Vec<Point>, out: &Path, json: bool) -> Result<u8> {
    let result = sweep::answer(&first.head, points);
    let answer = SweepAnswer { sweep: &result, source: &first.source };
    out_folder::replace(out, answer::files(&answer)?)?;
    tell(&answer, json, &format!("{}Table    {}\n", report_line(out), typed(&out.join("sweep.csv"))))?;
    Ok(OK)
}

/// What `--set` sets to the same value at every point.
fn fixed(texts: &[String]) -> Vec<String> {
    let is_fixed =
        |text: &&String| Set::parse(text).is_some_and(|set| over(&set.value).is_ok_and(|over| over.is_none()));
    texts.iter().filter(is_fixed).cloned().collect()
}

/// The values of `--set`: those that are varied, and those that are the same at every point.
fn knobs(texts: &[String]) -> Result<(Vec<(String, OverSettings)>, Vec<Set>)> {
    let (mut knobs, mut sets) = (Vec::new(), Vec::new());
    for text in texts {
        let Some(set) = Set::parse(text) else {
            bail!(
                "--set {text}: expected PATH=VALUES, such as services.api.instances=2,4,8 or load.users.arrive.poisson.rate=500/s..2000/s:7"
            );
        };
        match over(&set.value).with_context(|| format!("--set {text}"))? {
            Some(over) => knobs.push((set.path, over)),
            None => sets.push(set),
        }
    }
    Ok((knobs, sets))
}

/// A range `FROM..TO`, `FROM..TO:POINTS` or `FROM..TO:POINTS:log`, a list `A,B,C`; `None` is a single value.
pub fn over(value: &str) -> Result<Option<OverSettings>> {
    if let Some((from, rest)) = value.split_once("..") {
        let mut rest = rest.split(':');
        let to = rest.next().unwrap_or_default();
        let (mut points, mut scale) = (None, Scale::Linear);
        for word in rest {
            match word.trim() {
                "log" => scale = Scale::Log,
                "linear" => scale = Scale::Linear,
                number => {
                    let number = number.parse::<u64>().ok();
                    points =
                        Some(Count::new(number.context("expected a range such as 500/s..2000/s:7 or 10ms..1s:5:log")?));
                }
            }
        }
        let end = |text: &str| Flow::new(text.trim());
        return Ok(Some(OverSettings::Range(RangeSettings { from: end(from), to: end(to), points, scale })));
    }
    let parts = listed(value);
    Ok((parts.len() > 1).then(|| OverSettings::List(parts.into_iter().map(Flow::new).collect())))
}

/// Splits at commas that stand in no brackets and no quotes.
fn listed(value: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quote) = (vec![String::new()], 0_i32, None);
    for character in value.chars() {
        match (character, quote) {
            ('"' | '\'', None) => quote = Some(character),
            (c, Some(q)) if c == q => quote = None,
            ('{' | '[' | '(', None) => depth += 1,
            ('}' | ']' | ')', None) => depth -= 1,
            (',', None) if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).collect()
}

/// The study that is meant, with its name and what it asks: of the file, or of the command line, which also takes the place of what the
/// file's study says.
fn asked(
    args: &SweepArgs,
    loaded: &Loaded,
    knobs: Vec<(String, OverSettings)>,
) -> Result<(String, StudySettings, SweepSettings)> {
    let by_arguments = !knobs.is_empty();
    if by_arguments && args.name.is_some() {
        bail!("--study and --set with several values are two ways to say what is varied: keep one");
    }
    let (name, mut study, written) = if by_arguments {
        let (design, over) = (DesignSettings::Grid, knobs.into_iter().collect());
        let ask = SweepSettings { over, show: Vec::new(), design, rank: None };
        (String::new(), StudySettings { ask: ask.clone().into(), confidence: None, budget: None }, ask)
    } else {
        let file = typed(&args.file);
        let found = load::study_of::<SweepSettings>(&file, loaded, args.name.as_deref())?;
        let (name, study, ask) = found.with_context(|| {
            format!(
                "nothing is varied: say what with --set services.api.instances=2,4,8, or write a sweep in the studies of {file}"
            )
        })?;
        (name.to_owned(), study.clone(), ask)
    };
    let ask = overridden(written, args)?;
    study.ask = ask.clone().into();
    let mut problems = Problems::new();
    study.validate(&mut problems);
    refused::first_of(problems, "ask.sweep.")?;
    Ok((name, study, ask))
}

/// What a sweep asks, where the command line says nothing else.
fn overridden(mut ask: SweepSettings, args: &SweepArgs) -> Result<SweepSettings> {
    if !args.show.is_empty() {
        ask.show.clone_from(&args.show);
    }
    let of = args.of.as_ref().or(ask.rank.as_ref().map(RankSettings::of)).cloned();
    let kind = args.rank.or(ask.rank.as_ref().map(|rank| match rank {
        RankSettings::TotalSobol(_) => RankArg::TotalSobol,
        RankSettings::Morris(_) => RankArg::Morris,
    }));
    ask.rank = match (kind, of) {
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => bail!("--rank says how knobs are ranked and --of for what: give both"),
        (Some(RankArg::TotalSobol), Some(of)) => Some(RankSettings::TotalSobol(RankOfSettings { of })),
        (Some(RankArg::Morris), Some(of)) => Some(RankSettings::Morris(RankOfSettings { of })),
    };
    let points = |otherwise: u64| {
        let points = args.points.or(ask.design.points()).unwrap_or(otherwise);
        PointsSettings { points: Count::new(points) }
    };
    let design = args.design.unwrap_or(match ask.design {
        DesignSettings::Grid if ask.rank.is_some() => DesignArg::Sobol,
        DesignSettings::Grid => DesignArg::Grid,
        DesignSettings::LatinHypercube(_) => DesignArg::LatinHypercube,
        DesignSettings::Sobol(_) => DesignArg::Sobol,
    });
    ask.design = match design {
        DesignArg::Grid if args.points.is_some() => {
            bail!("--points belongs to a design: add --design sobol or --design latin-hypercube")
        }
        DesignArg::Grid if ask.rank.is_some() => {
            bail!("a grid ranks its knobs by itself: leave out --rank or --design")
        }
        DesignArg::Grid => DesignSettings::Grid,
        DesignArg::LatinHypercube => DesignSettings::LatinHypercube(points(64)),
        DesignArg::Sobol => DesignSettings::Sobol(points(256)),
    };
    Ok(ask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_outside_of_brackets() {
        assert_eq!(listed("2, 4,8"), ["2", "4", "8"]);
        assert_eq!(listed("{time: 5s, x: 1},[1, 2]"), ["{time: 5s, x: 1}", "[1, 2]"]);
        assert_eq!(listed("\"a,b\""), ["\"a,b\""]);
    }

    #[test]
    fn single_values_are_no_knobs() {
        assert_eq!(over("4").unwrap(), None);
        assert_eq!(over("[1, 2]").unwrap(), None);
        let Some(OverSettings::Range(range)) = over("10ms..1s:5:log").unwrap() else { panic!("a range") };
        assert_eq!((range.points, range.scale), (Some(Count::new(5)), Scale::Log));
        assert!(over("1..2:many").is_err());
    }
}
