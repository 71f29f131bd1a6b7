//! `merge`: the parts of a sweep put together.

use super::Perform;
use super::{sweep, typed};
use crate::output;
use crate::parts::{self, FILE, First, Shard};
use anyhow::{Result, bail};
use clap::Args;
use sim_core::results::Point;
use std::path::PathBuf;

/// Put the parts of a sweep together that ran elsewhere.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// The folders of all parts.
    #[arg(required = true)]
    pub folders: Vec<PathBuf>,
    /// Folder for the whole.
    #[arg(long)]
    pub out: PathBuf,
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Perform for MergeArgs {
    fn run(&self) -> Result<u8> {
        let mut found: Vec<(PathBuf, First, Vec<Point>)> = Vec::new();
        for folder in &self.folders {
            let (first, points) = parts::finished(folder)?;
            found.push((folder.clone(), first, points));
        }
        fit(&found)?;
        let head = found[0].1.head.clone();
        let first = First::new(Shard::WHOLE, head, found[0].1.source.clone());
        parts::may_replace(&self.out, &first)?;
        output::writable(&self.out)?;
        let mut points: Vec<Point> = found.into_iter().flat_map(|(_, _, points)| points).collect();
        points.sort_unstable_by_key(|point| point.number);
        output::write_whole(&self.out.join(FILE), parts::whole(&first, &points)?.as_bytes())?;
        sweep::finish(&first, points, &self.out, self.json)
    }
}

/// Whether these are the parts of one sweep, each of them once.
fn fit(found: &[(PathBuf, First, Vec<Point>)]) -> Result<()> {
    let (folder, one, _) = &found[0];
    let folder = typed(folder);
    for (other, first, _) in &found[1..] {
        let other = typed(other);
        if first.head.fingerprint != one.head.fingerprint || first.head != one.head {
            bail!("{other} is a part of another sweep than {folder}, or of another state of the scenario");
        }
        if first.shard.of != one.shard.of {
            bail!("{other} is a part of {} and {folder} one of {}", first.shard.of, one.shard.of);
        }
        if first.source != one.source {
            bail!("{other} was made from another file than {folder}");
        }
    }
    let of = one.shard.of;
    for number in 1..=of {
        let here: Vec<String> = found.iter().filter(|f| f.1.shard.number == number).map(|f| typed(&f.0)).collect();
        match here.as_slice() {
            [_] => {}
            [] => bail!("part {number}/{of} is missing"),
            more => bail!("part {number}/{of} is there more than once: {}", more.join(", ")),
        }
    }
    Ok(())
}
