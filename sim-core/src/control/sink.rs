//! Between what is recorded and what can be read: agents that redact, a queue, and a sink that takes so many records a second.
//!
//! The request path never waits for any of it. The queue is fluid: what comes between two scrapes comes evenly, and goes as fast as the sink and the
//! agents let it. A scrape can be read when its last record has reached the sink, and `delay` later. What finds the queue full is lost, or what
//! waits longest, and nothing scales up what is lost: the readings are too small, as they are in life.
//!
//! Records have places in the order in which they entered. How many are lost between two scrapes is known with the second. Where those that wait
//! longest are lost, the sink has taken its part of that time first, so that no scrape that somebody may have read loses anything afterwards.

use crate::engine::rng::Stream;
use crate::problem::Problems;
use crate::results::PipelineCounts;
use crate::units::{Count, Probability, Rate, SimDuration};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

use super::overflow::OverflowSettings;
use super::thin::kept;

/// Where records of a telemetry pipeline go.
///
/// # What it models
/// A collector or a provider that takes so many records a second, and a bounded queue before it. Each attempt of a call that is recorded (`sample`)
/// makes one record; each running instance sends `series` more with each scrape. While the queue is long, readings are late; while it is full,
/// records are lost as `overflow` says, and readings are too small by that. A sink that is dead (`inject: crash`) or slow (`inject: slow`) makes all
/// that reads the pipeline blind or late.
///
/// No request waits for a sink or its queue, whatever `overflow` says: agents run beside the service. With `block` the queue takes nothing more, and
/// the agents keep what it has no room for, so that only they wait. What an agent keeps is handed on when its instance stops.
///
/// # When to use it
/// To ask what a slow or dead sink hides, and what a label too many does: with each value of it, each instance has another series.
///
/// # Knobs
/// - `rate`: how many records it takes, rate above 0; required
/// - `capacity`: how many records wait for it at most, number above 0; required
/// - `series`: records that each running instance sends with each scrape, number, default 0
/// - `overflow`: what becomes of records when the queue is full, default `drop_newest`
///   - `drop_newest`: the new ones are lost, so that what is there when the sink is back is old
///   - `drop_oldest`: the oldest are lost, so that what is there when the sink is back is new
///   - `block`: agents keep them, as many for each running instance as `buffer` says (number above 0, default 2048); what finds that full is lost
///
/// # Example
/// ```yaml
/// control:
///   telemetry:
///     traces: {every: 10s, sample: 10%, sink: {rate: 5k/s, capacity: 100k}}
/// ```
///
/// # Source
/// OpenTelemetry, "Resiliency", and its exporter's `sending_queue`: what does not fit is dropped, unless `block_on_overflow` lets those that send
/// wait; the `maxQueueSize` of a batch processor is 2048, and what is more is dropped. Fluentd's `overflow_action: drop_oldest_chunk`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinkSettings {
    /// How many records it takes.
    pub rate: Rate,
    /// How many records wait for it at most.
    pub capacity: Count,
    /// Records that each running instance sends with each scrape.
    #[serde(default)]
    pub series: Count,
    /// What becomes of records when the queue is full.
    #[serde(default)]
    pub overflow: OverflowSettings,
}

/// Agents take out what must never leave.
///
/// # What it models
/// With each instance runs an agent that redacts one record after another, before the queue to the sink. It delays no request; where instances make
/// more records than their agents redact, records wait as they do for a slow sink. Of `sensitive` records it misses what `covers` leaves.
///
/// # When to use it
/// Where records hold what must never leave, and to ask whether redaction keeps up.
///
/// # Knobs
/// - `work`: time that an agent takes for a record, duration above 0; required
/// - `covers`: the part of sensitive records that it finds, percentage, default 100%
///
/// # Example
/// ```yaml
/// control:
///   telemetry:
///     logs: {sensitive: 2%, redact: {work: 50us, covers: 99.9%}}
/// ```
///
/// # Source
/// OpenTelemetry, "Handling sensitive data" (attributes are redacted in the collector, before they are sent).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactSettings {
    /// Time that an agent takes for a record.
    pub work: SimDuration,
    /// The part of sensitive records that it finds.
    #[serde(default = "all")]
    pub covers: Probability,
}

fn all() -> Probability {
    Probability::ONE
}

/// What is between recording and reading, as meant; the default lets everything through at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// How many records the sink takes [1/s]; infinite without one.
    pub rate: f64,
    /// How many records wait for it at most; infinite without one.
    pub capacity: f64,
    /// What becomes of records when the queue is full.
    pub overflow: OverflowSettings,
    /// Records that each running instance sends with each scrape.
    pub series: u64,
    /// Time that an agent takes for a record [s]; 0 without redaction.
    pub work_s: f64,
    /// The part of records that tell what must never leave, after redaction.
    pub leaks: f64,
    /// Whether records are counted at all.
    pub counts: bool,
}

impl Default for Path {
    fn default() -> Self {
        let overflow = OverflowSettings::DropNewest;
        Self {
            rate: f64::INFINITY,
            capacity: f64::INFINITY,
            overflow,
            series: 0,
            work_s: 0.0,
            leaks: 0.0,
            counts: false,
        }
    }
}

impl SinkSettings {
    /// Problems of the settings.
    pub fn validate(&self, problems: &mut Problems) {
        if self.rate.per_second() <= 0.0 {
            problems.error("rate", "a sink that takes nothing shows nothing").hint =
                Some("write a rate such as 5k/s; a dead sink is a fault: inject: crash".into());
        }
        if self.capacity.get() == 0 {
            problems.error("capacity", "without a queue every record is lost").hint =
                Some("write a number such as 100k".into());
        }
        problems.at("overflow", |p| self.overflow.validate(p));
    }
}

impl RedactSettings {
    /// Problems of the settings; `sensitive` is the part of records that need it.
    pub fn validate(&self, sensitive: Probability, problems: &mut Problems) {
        if self.work.is_zero() {
            problems.error("work", "redaction that takes no time changes nothing but leaks").hint =
                Some("write a time such as 20us".into());
        }
        if sensitive.value() <= 0.0 && self.covers != Probability::ONE {
            problems.error("covers", "no record is sensitive, so that none is missed").hint =
                Some("write sensitive: and their part beside redact".into());
        }
    }
}

impl Path {
    /// As meant.
    pub fn compile(sink: Option<&SinkSettings>, redact: Option<&RedactSettings>, sensitive: Probability) -> Self {
        let misses = redact.map_or(1.0, |redact| 1.0 - redact.covers.value());
        Self {
            rate: sink.map_or(f64::INFINITY, |sink| sink.rate.per_second()),
            capacity: sink.map_or(f64::INFINITY, |sink| sink.capacity.get() as f64),
            overflow: sink.map_or(OverflowSettings::DropNewest, |sink| sink.overflow),
            series: sink.map_or(0, |sink| sink.series.get()),
            work_s: redact.map_or(0.0, |redact| redact.work.secs()),
            leaks: sensitive.value() * misses,
            counts: sink.is_some() || redact.is_some() || sensitive.value() > 0.0,
        }
    }
}

/// What a scrape put into a queue: the places of its records in the order in which they entered.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// When it was taken [ns].
    taken_ns: u64,
    /// Before its first record.
    from: f64,
    /// Behind its last.
    to: f64,
    /// How many of them are not lost.
    left: f64,
}

/// What becomes of records as a scrape is taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taken {
    /// The part of the new records that finds room and is not lost.
    pub part: f64,
    /// Of scrapes that wait still: when each was taken [ns], and which part of what was left of it is left now.
    pub earlier: Vec<(u64, f64)>,
}

/// The queue before a sink, while a run goes on.
#[derive(Debug, Clone)]
pub(super) struct SinkLine {
    path: Path,
    /// How many faults have killed the sink, and by what others have slowed it.
    dead: u32,
    slowed: Vec<f64>,
    /// Running instances at the last scrape: as many agents redact.
    agents: u64,
    /// Records that waited at the last scrape.
    waiting: f64,
    /// Records that were taken into the queue until then.
    entered: f64,
    /// From the last scrape to `at_ns`: stretches of one rate, with their length [s] and the records that can go on in each [1/s].
    stretches: Vec<(f64, f64)>,
    at_ns: u64,
    /// Scrapes whose records have not all gone on.
    marks: VecDeque<Mark>,
    /// Scrapes that may be read when `delay` is over: when they were taken [ns], and when their last record reached the sink [ns].
    there: VecDeque<(u64, u64)>,
    /// The newest scrape that may be read [ns].
    newest_ns: Option<u64>,
    /// Records that have reached the sink.
    arrived: f64,
    counts: PipelineCounts,
}

impl SinkLine {
    /// A line where something is between; `None` where everything goes through at once and nothing is counted.
    pub fn new(path: &Path) -> Option<Self> {
        path.counts.then(|| Self {
            path: path.clone(),
            dead: 0,
            slowed: Vec::new(),
            // Before the first scrape nothing is known of them, and nothing has been recorded.
            agents: u64::MAX,
            waiting: 0.0,
            entered: 0.0,
            stretches: Vec::new(),
            at_ns: 0,
            marks: VecDeque::new(),
            there: VecDeque::new(),
            newest_ns: None,
            arrived: 0.0,
            counts: PipelineCounts::default(),
        })
    }

    /// Records a second that go on now.
    fn rate(&self) -> f64 {
        if self.dead > 0 {
            return 0.0;
        }
        let sink = self.slowed.iter().fold(self.path.rate, |rate, factor| rate / factor);
        if self.path.work_s > 0.0 { sink.min(self.agents as f64 / self.path.work_s) } else { sink }
    }

    /// A fault on the sink begins or ends: it is dead (`None`), or slower by a factor.
    pub fn is_struck(&mut self, now_ns: u64, slower: Option<f64>, begins: bool) {
        self.goes_on(now_ns);
        match (slower, begins) {
            (None, true) => self.dead += 1,
            (None, false) => self.dead = self.dead.saturating_sub(1),
            (Some(factor), true) => self.slowed.push(factor),
            (Some(factor), false) => {
                if let Some(place) = self.slowed.iter().position(|one| *one == factor) {
                    self.slowed.remove(place);
                }
            }
        }
    }

    /// How many records could have gone on since the last scrape.
    fn could(&self) -> f64 {
        self.stretches.iter().map(|(seconds, rate)| seconds * rate).sum()
    }

    /// Of so many records that come evenly between two scrapes while so many instances ran, how many are too many.
    fn overflow(&mut self, comes: f64, instances: u64) -> f64 {
        let seconds: f64 = self.stretches.iter().map(|(seconds, _)| seconds).sum();
        let room = self.path.capacity + self.path.overflow.buffer() as f64 * instances as f64;
        let mut over = 0.0;
        for (part, rate) in self.stretches.drain(..) {
            let left = (self.waiting + comes * part / seconds - rate * part).max(0.0);
            // What an agent has kept is handed on where its instance has stopped.
            let room = room.max(self.waiting - rate * part);
            over += (left - room).max(0.0);
            self.waiting = left.min(room);
        }
        over.min(comes).round()
    }

    /// So many records at the front of the queue are lost; of scrapes that wait, the part of each that is left, where some of it is lost.
    fn loses_oldest(&mut self, over: f64) -> Vec<(u64, f64)> {
        let behind = self.entered - self.waiting;
        let from = behind - over;
        let mut earlier = Vec::new();
        for mark in &mut self.marks {
            let lost = (mark.to.min(behind) - mark.from.max(from)).clamp(0.0, mark.left);
            if lost > 0.0 {
                // Less than half a record is none.
                let left = if mark.left - lost < 0.5 { 0.0 } else { mark.left - lost };
                earlier.push((mark.taken_ns, left / mark.left));
                mark.left = left;
            }
        }
        self.marks.retain(|mark| mark.left > 0.0);
        earlier
    }

    /// Time goes on to `now_ns`: scrapes whose last record has reached the sink may be read.
    fn goes_on(&mut self, now_ns: u64) {
        let (rate, since_ns) = (self.rate(), self.at_ns);
        let before = self.could();
        let seconds = now_ns.saturating_sub(since_ns) as f64 / 1e9;
        match self.stretches.last_mut() {
            _ if seconds <= 0.0 => {}
            Some((length, same)) if *same == rate => *length += seconds,
            _ => self.stretches.push((seconds, rate)),
        }
        self.at_ns = now_ns;
        let (entered, waiting, could) = (self.entered, self.waiting, self.could());
        let gone = |could: f64| entered - waiting + could.min(waiting);
        while let Some(&Mark { taken_ns, to, .. }) = self.marks.front().filter(|mark| mark.to <= gone(could) + 1e-6) {
            let missing = (to - gone(before)).max(0.0);
            let later_ns = if rate.is_finite() && rate > 0.0 { (missing / rate * 1e9).ceil() as u64 } else { 0 };
            self.there.push_back((taken_ns, since_ns.saturating_add(later_ns).max(taken_ns).min(now_ns)));
            self.marks.pop_front();
        }
    }

    /// Counts so many records that came since the last scrape; how many of them are too many.
    fn counts_in(&mut self, now_ns: u64, comes: f64, instances: u64) -> f64 {
        self.goes_on(now_ns);
        let waited = self.waiting;
        let over = self.overflow(comes, instances);
        self.counts.records += (comes - over) as u64;
        self.counts.dropped += over as u64;
        self.arrived += (waited + comes - over - self.waiting).max(0.0);
        self.counts.arrived = self.arrived.round() as u64;
        over
    }

    /// A scrape is taken in which `attempts` were recorded while so many instances ran: what becomes of its records, and of those before it.
    pub fn takes(&mut self, now_ns: u64, attempts: u64, instances: u64, stream: &mut Stream) -> Taken {
        let comes = attempts as f64 + self.path.series as f64 * instances as f64;
        let keeps_newest = self.path.overflow == OverflowSettings::DropOldest;
        let over = self.counts_in(now_ns, comes, instances);
        let enter = if keeps_newest { comes } else { comes - over };
        let from = self.entered;
        self.entered += enter;
        // Agents are as many as instances run now.
        self.agents = instances;
        let entered = if comes > 0.0 { enter / comes } else { 1.0 };
        if self.path.leaks > 0.0 {
            self.counts.leaked += kept((attempts as f64 * entered).round() as u64, self.path.leaks, stream);
        }
        if entered <= 0.0 {
            return Taken { part: 0.0, earlier: Vec::new() };
        }
        // What has no records is there with what came before it.
        self.marks.push_back(Mark { taken_ns: now_ns, from, to: self.entered, left: enter.max(1.0) });
        let mut earlier = if keeps_newest && over > 0.0 { self.loses_oldest(over) } else { Vec::new() };
        let of_new = earlier.pop_if(|(taken_ns, _)| *taken_ns == now_ns).map_or(1.0, |(_, part)| part);
        self.goes_on(now_ns);
        Taken { part: entered * of_new, earlier }
    }

    /// When the newest scrape was taken that can be read by `now_ns` [ns], if any can.
    pub fn delivered_ns(&mut self, now_ns: u64, delay_ns: u64) -> Option<u64> {
        self.goes_on(now_ns);
        while let Some(&(taken_ns, _)) = self.there.front().filter(|(_, there_ns)| there_ns + delay_ns <= now_ns) {
            self.newest_ns = Some(taken_ns);
            self.there.pop_front();
        }
        self.newest_ns
    }

    /// What was counted up to the last scrape.
    pub fn counts(&self) -> PipelineCounts {
        self.counts
    }

    /// What is counted by now, `part` of the way from the last scrape to the next, with `attempts` recorded since. Nothing is drawn: of what leaks
    /// since that scrape the mean is counted.
    pub fn counts_now(&self, now_ns: u64, part: f64, attempts: u64, instances: u64) -> PipelineCounts {
        let mut ahead = self.clone();
        let comes = attempts as f64 + self.path.series as f64 * instances as f64 * part;
        let over = ahead.counts_in(now_ns, comes, instances);
        let keeps_newest = self.path.overflow == OverflowSettings::DropOldest;
        let entered = if keeps_newest || comes <= 0.0 { 1.0 } else { 1.0 - over / comes };
        ahead.counts.leaked += (attempts as f64 * entered * self.path.leaks).round() as u64;
        ahead.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const MS: u64 = 1_000_000;

    fn line(rate: f64, capacity: f64) -> SinkLine {
        SinkLine::new(&Path { rate, capacity, counts: true, ..Path::default() }).unwrap()
    }

    fn take(line: &mut SinkLine, second: u64, attempts: u64) -> f64 {
        line.takes(second * SECOND, attempts, 4, &mut Stream::new(1, 0, "main", "sampling")).part
    }

    #[test]
    fn a_sink_that_keeps_up_delays_nothing() {
        let mut line = line(100.0, 1_000.0);
        for second in [10, 20, 30] {
            assert_eq!(take(&mut line, second, 1_000), 1.0);
            assert_eq!(line.delivered_ns(second * SECOND, 0), Some(second * SECOND));
        }
        assert_eq!(line.counts(), PipelineCounts { records: 3_000, arrived: 3_000, ..PipelineCounts::default() });
    }

    /// 200/s come to a sink of 100/s: after 10 s 1 000 wait, and the first scrape is there 10 s later.
    #[test]
    fn what_waits_is_late_by_the_records_before_it_over_the_rate() {
        let mut line = line(100.0, 10_000.0);
        take(&mut line, 10, 2_000);
        assert_eq!(line.delivered_ns(19 * SECOND, 0), None);
        assert_eq!(line.delivered_ns(20 * SECOND, 0), Some(10 * SECOND));
        take(&mut line, 20, 2_000);
        // 4 000 have come, 100 a second have gone: the last of them goes at 40 s.
        assert_eq!(line.delivered_ns(40 * SECOND - MS, 0), Some(10 * SECOND));
        assert_eq!(line.delivered_ns(40 * SECOND, 0), Some(20 * SECOND));
        assert_eq!(line.counts().dropped, 0);
    }

    #[test]
    fn reading_in_between_changes_nothing() {
        for overflow in [OverflowSettings::DropNewest, OverflowSettings::DropOldest] {
            let path = Path { overflow, ..line(150.0, 800.0).path };
            let (mut read, mut unread) = (SinkLine::new(&path).unwrap(), SinkLine::new(&path).unwrap());
            let takes = |line: &mut SinkLine, second: u64| {
                let attempts = 900 + second * 20;
                line.takes(second * SECOND, attempts, 4, &mut Stream::new(1, 0, "main", "sampling"))
            };
            for second in 1..=60_u64 {
                read.delivered_ns(second * SECOND, 0);
                if second.is_multiple_of(10) {
                    assert_eq!(takes(&mut read, second), takes(&mut unread, second), "{overflow:?} at {second} s");
                }
            }
            assert_eq!(read.delivered_ns(70 * SECOND, 0), unread.delivered_ns(70 * SECOND, 0));
            assert_eq!(read.counts(), unread.counts());
        }
    }

    /// The queue holds 500; a dead sink takes nothing, so that of 2 000 in 10 s a quarter enters and then nothing.
    #[test]
    fn a_dead_sink_fills_its_queue_and_then_all_is_lost() {
        let mut line = line(1_000.0, 500.0);
        take(&mut line, 10, 2_000);
        line.is_struck(10 * SECOND, None, true);
        assert_eq!(take(&mut line, 20, 2_000), 0.25);
        assert_eq!(take(&mut line, 30, 2_000), 0.0);
        assert_eq!(line.delivered_ns(30 * SECOND, 0), Some(10 * SECOND));
        line.is_struck(35 * SECOND, None, false);
        // 500 wait; they are gone half a second after it lives again.
        assert_eq!(line.delivered_ns(35 * SECOND + SECOND / 2 - 2 * MS, 0), Some(10 * SECOND));
        assert_eq!(line.delivered_ns(35 * SECOND + SECOND / 2, 0), Some(20 * SECOND));
        // Of the 2 000 half come while it is dead and the queue full, and half afterwards.
        assert_eq!(take(&mut line, 40, 2_000), 0.5);
        let counts = PipelineCounts { records: 3_500, dropped: 4_500, leaked: 0, arrived: 3_500 };
        assert_eq!(line.counts(), counts);
    }

    /// The same queue that loses what waits longest: as many are lost, and the newest are there half a second after the sink lives again.
    #[test]
    fn a_queue_that_drops_the_oldest_has_the_newest() {
        let path = Path { overflow: OverflowSettings::DropOldest, ..line(1_000.0, 500.0).path };
        let mut line = SinkLine::new(&path).unwrap();
        let taken = |line: &mut SinkLine, second: u64| {
            line.takes(second * SECOND, 2_000, 4, &mut Stream::new(1, 0, "main", "sampling"))
        };
        assert_eq!(taken(&mut line, 10).part, 1.0);
        line.is_struck(10 * SECOND, None, true);
        // Of each 2 000 the last 500 are there, until the next come.
        assert_eq!(taken(&mut line, 20), Taken { part: 0.25, earlier: vec![] });
        assert_eq!(taken(&mut line, 30), Taken { part: 0.25, earlier: vec![(20 * SECOND, 0.0)] });
        assert_eq!(line.delivered_ns(30 * SECOND, 0), Some(10 * SECOND));
        line.is_struck(35 * SECOND, None, false);
        assert_eq!(line.delivered_ns(35 * SECOND + SECOND / 2, 0), Some(30 * SECOND));
        assert_eq!(taken(&mut line, 40), Taken { part: 0.5, earlier: vec![] });
        let counts = PipelineCounts { records: 3_500, dropped: 4_500, leaked: 0, arrived: 3_500 };
        assert_eq!(line.counts(), counts);
    }

    /// Half of what comes is too much: half of each scrape is lost, its oldest half where the queue holds one scrape.
    #[test]
    fn a_sink_of_half_the_rate_loses_half_of_each_scrape() {
        for overflow in [OverflowSettings::DropNewest, OverflowSettings::DropOldest] {
            let path = Path { overflow, leaks: 1.0, ..line(100.0, 1_000.0).path };
            let mut line = SinkLine::new(&path).unwrap();
            let mut stream = Stream::new(1, 0, "main", "sampling");
            let mut left = std::collections::BTreeMap::new();
            for second in (10..=100_u64).step_by(10) {
                let taken = line.takes(second * SECOND, 2_000, 4, &mut stream);
                left.insert(second * SECOND, taken.part);
                for (taken_ns, part) in taken.earlier {
                    *left.get_mut(&taken_ns).unwrap() *= part;
                }
            }
            let middle: Vec<f64> = left.range(30 * SECOND..=80 * SECOND).map(|(_, part)| *part).collect();
            assert!(middle.iter().all(|part| (part - 0.5).abs() < 1e-9), "{overflow:?}: {middle:?}");
            let counts = line.counts();
            assert_eq!(counts.arrived, 10_000, "{overflow:?}");
            assert_eq!(counts.records + counts.dropped, 20_000, "{overflow:?}");
            assert_eq!(counts.records - counts.arrived, 1_000, "{overflow:?}: the queue is full");
            // What is new always enters a queue that drops the oldest, and has left its agent then.
            let entered = if overflow == OverflowSettings::DropOldest { 20_000 } else { counts.records };
            assert_eq!(counts.leaked, entered, "{overflow:?}");
        }
    }

    /// The queue holds 500, and each of four agents 250.
    #[test]
    fn agents_keep_what_the_queue_has_no_room_for() {
        let block = super::super::overflow::BlockSettings { buffer: Count::new(250) };
        let path = Path { overflow: OverflowSettings::Block(block), ..line(1_000.0, 500.0).path };
        let mut line = SinkLine::new(&path).unwrap();
        take(&mut line, 10, 0);
        line.is_struck(10 * SECOND, None, true);
        assert_eq!(take(&mut line, 20, 2_000), 0.75);
        assert_eq!(take(&mut line, 30, 2_000), 0.0);
        // Two instances stop: what their agents kept is not lost, and nothing more finds room.
        let taken = line.takes(40 * SECOND, 2_000, 2, &mut Stream::new(1, 0, "main", "sampling"));
        assert_eq!(taken.part, 0.0);
        assert_eq!((line.counts().records, line.waiting), (1_500, 1_500.0));
    }

    /// Four agents of 10 ms redact 400 a second, whatever the sink takes.
    #[test]
    fn agents_that_do_not_keep_up_make_records_wait() {
        let path = Path { work_s: 0.01, leaks: 0.5, counts: true, ..Path::default() };
        let mut line = SinkLine::new(&path).unwrap();
        take(&mut line, 10, 0);
        take(&mut line, 20, 8_000);
        assert_eq!(line.delivered_ns(30 * SECOND - 3 * MS, 0), Some(10 * SECOND));
        assert_eq!(line.delivered_ns(30 * SECOND, 0), Some(20 * SECOND));
        let leaked = line.counts().leaked as f64;
        assert!((leaked / 4_000.0 - 1.0).abs() < 0.05, "{leaked} of 8 000 leaked, half expected");
    }

    #[test]
    fn each_series_of_each_instance_is_a_record() {
        let path = Path { series: 250, ..line(1e6, 1e6).path };
        let mut line = SinkLine::new(&path).unwrap();
        take(&mut line, 10, 0);
        assert_eq!(line.counts().records, 4 * 250);
    }
}
