//! The file in which a sweep keeps its finished points: `points.jsonl`, a head and one line a point, each behind its hash.
//!
//! A line is written, and forced to the disk, before the next point is begun to be kept. What a killed sweep leaves is therefore whole but
//! for at most its last line, which is cut off when the sweep goes on. The head says all about the sweep, so that a part that was
//! made elsewhere explains itself.

use crate::project::typed;
use crate::{asked, out_folder};
use anyhow::{Context, Result, bail};
use reports::Source;
use scenarios::study::sweep::Head;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sim_core::engine::rng::hash_name;
use sim_core::results::Point;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What the first line says that the file is.
const FORMAT: &str = "points of a sweep, format 1";

/// Name of the file in its folder.
pub const FILE: &str = out_folder::POINTS;

/// One part of a sweep that is spread over several machines, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// The whole sweep.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// The points of this part, of so many.
    pub fn points(self, all: u32) -> Vec<u32> {
        (0..self.len(all)).map(|place| self.point(place)).collect()
    }

    /// How many points this part has, of so many.
    fn len(self, all: u32) -> u32 {
        all.saturating_sub(self.number - 1).div_ceil(self.of)
    }

    /// The point at a place of this part.
    fn point(self, place: u32) -> u32 {
        self.number - 1 + place * self.of
    }
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct First {
    /// What this file is.
    pub windtunnel: String,
    /// Which part it holds.
    pub shard: Shard,
    /// All about the sweep.
    pub head: Head,
    /// The scenario, as reports show it.
    pub source: Source,
}

impl First {
    /// The first line of a part of a sweep.
    pub fn new(shard: Shard, head: Head, source: Source) -> Self {
        Self { windtunnel: FORMAT.into(), shard, head, source }
    }
}

/// A part that is being written.
pub struct Parts {
    file: File,
    path: PathBuf,
}

/// A line: the hash of the JSON, and the JSON.
fn line(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string(value)?;
    Ok(format!("{:016x} {json}\n", hash_name(&json)))
}

/// What a line holds; `None` where it is damaged.
fn unline<T: DeserializeOwned>(line: &str) -> Option<T> {
    let (hash, json) = line.split_once(' ')?;
    (hash == format!("{:016x}", hash_name(json))).then(|| serde_json::from_str(json).ok())?
}

/// A part as it was left: its first line, its points, and how many bytes of it are whole.
struct Left {
    first: First,
    points: Vec<Point>,
    whole: usize,
}

/// Reads a part; `None` where not even its first line is whole.
fn read(path: &Path, text: &str) -> Result<Option<Left>> {
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|l| l.ends_with('\n')).and_then(|l| unline::<First>(l.trim_end())) else {
        if text.contains('\n') {
            bail!("{} is no part of a sweep, or its first line is damaged", typed(path));
        }
        return Ok(None);
    };
    let Shard { number, of } = first.shard;
    let is_shard = 0 < number && number <= of && of <= first.head.points.max(1 << 20);
    let sound = if is_shard { first.head.check() } else { Err(format!("there is no part {number}/{of}")) };
    if first.windtunnel != FORMAT {
        bail!("{} holds {}, and this windtunnel reads {FORMAT}", typed(path), first.windtunnel);
    }
    if let Err(why) = sound {
        bail!("{} is no part of a sweep: {why}", typed(path));
    }
    let mut whole = text.find('\n').map_or(0, |end| end + 1);
    let mut points: Vec<Point> = Vec::new();
    let mut rest = lines.peekable();
    while let Some(line) = rest.next() {
        let point = line.ends_with('\n').then(|| unline::<Point>(line.trim_end())).flatten();
        let Some(point) = point else {
            if rest.peek().is_some() {
                bail!("line {} of {} is damaged", points.len() + 2, typed(path));
            }
            break;
        };
        let place = points.len() as u32;
        if let Err(why) = first.head.check_point(&point) {
            bail!("line {} of {} holds no point of this sweep: {why}", place + 2, typed(path));
        }
        if place >= first.shard.len(first.head.points) || first.shard.point(place) != point.number {
            bail!("line {} of {} holds point {} out of its order", points.len() + 2, typed(path), point.number);
        }
        whole += line.len();
        points.push(point);
    }
    Ok(Some(Left { first, points, whole }))
}

/// A finished part in a folder.
///
/// # Errors
/// If the folder holds none, it is damaged, or it is not finished.
pub fn finished(folder: &Path) -> Result<(First, Vec<Point>)> {
    let path = folder.join(FILE);
    let text =
        text(&path).with_context(|| format!("{} holds no part of a sweep: cannot read {FILE}", typed(folder)))?;
    let Some(left) = read(&path, &text)? else { bail!("{} holds no point", typed(&path)) };
    let wanted = left.first.shard.len(left.first.head.points) as usize;
    if left.points.len() < wanted {
        let Shard { number, of } = left.first.shard;
        let (have, folder) = (left.points.len(), typed(folder));
        bail!(
            "{folder} is not finished: it has {have} of the {wanted} points of part {number}/{of}; run it again to go on"
        );
    }
    let version = &left.first.head.version;
    if version != env!("CARGO_PKG_VERSION") {
        let (folder, own) = (typed(folder), env!("CARGO_PKG_VERSION"));
        bail!("{folder} was made by windtunnel {version}, and this is {own}: run the sweep again");
    }
    Ok((left.first, left.points))
}

/// Whether a folder has no points, or those of this sweep, so that a merge may write its own there.
///
/// # Errors
/// If it holds points that cannot be read, or those of another sweep.
pub fn may_replace(folder: &Path, first: &First) -> Result<()> {
    let path = folder.join(FILE);
    asked::free_for_points(folder)?;
    if !path.exists() {
        return Ok(());
    }
    let text = text(&path)?;
    match read(&path, &text)? {
        Some(left) if left.first.head == first.head => Ok(()),
        Some(left) => bail!("{} holds {}; name another folder with --out", typed(folder), differs(&left.first, first)),
        None => bail!("{} cannot be read; name another folder with --out", typed(&path)),
    }
}

/// The text of a file of points: a file, and no device.
fn text(path: &Path) -> Result<String> {
    let is_file = std::fs::metadata(path).is_ok_and(|about| about.is_file());
    if !is_file {
        bail!("{} is no file", typed(path));
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", typed(path)))
}

impl Parts {
    /// Opens the part in a folder, and gives the points that it has already. `fresh` throws away what is there.
    ///
    /// # Errors
    /// If another process writes it, it is damaged, or it belongs to another sweep.
    pub fn open(folder: &Path, first: &First, fresh: bool) -> Result<(Self, Vec<Point>)> {
        asked::free_for_points(folder)?;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", typed(folder)))?;
        let path = folder.join(FILE);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.with_context(|| format!("cannot write {}", typed(&path)))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => bail!("{} is being written by another sweep", typed(&path)),
            // Where a file system has no locks, the sweep does without.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        let mut text = String::new();
        if !fresh {
            file.read_to_string(&mut text).with_context(|| format!("cannot read {}", typed(&path)))?;
        }
        let mut parts = Self { file, path };
        match read(&parts.path, &text)? {
            Some(left) if left.first.head == first.head && left.first.shard == first.shard => {
                parts.cut(left.whole)?;
                Ok((parts, left.points))
            }
            Some(left) => {
                let why = differs(&left.first, first);
                bail!("{} holds {why}; name another folder with --out, or throw it away with --fresh", typed(folder));
            }
            None => {
                // What was made of points that are thrown away goes with them.
                out_folder::clear(folder);
                parts.cut(0)?;
                parts.append(&line(first)?)?;
                Ok((parts, Vec::new()))
            }
        }
    }

    /// Keeps a point.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&mut self, point: &Point) -> Result<()> {
        self.append(&line(point)?)
    }

    fn append(&mut self, line: &str) -> Result<()> {
        let _whole = crate::writing::writing();
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("cannot write {}", typed(&self.path)))
    }

    fn cut(&mut self, at: usize) -> Result<()> {
        let cut = self.file.set_len(at as u64).and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.map(|_| ()).with_context(|| format!("cannot write {}", typed(&self.path)))
    }
}

/// What a folder holds instead.
fn differs(there: &First, wanted: &First) -> String {
    let Shard { number, of } = there.shard;
    if there.head.fingerprint == wanted.head.fingerprint {
        format!("part {number}/{of} of this sweep")
    } else if there.head.version != wanted.head.version {
        format!("a sweep of windtunnel {}", there.head.version)
    } else {
        "another sweep, or one of another state of the scenario".into()
    }
}

/// All bytes of a finished file: as if one process had run the whole sweep.
///
/// # Errors
/// Never for points of a sweep.
pub fn whole(first: &First, points: &[Point]) -> Result<String> {
    let mut text = line(first)?;
    for point in points {
        text.push_str(&line(point)?);
    }
    Ok(text)
}
