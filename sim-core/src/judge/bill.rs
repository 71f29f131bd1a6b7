//! The bill: what was metered in a run, scaled to a month of 730 h, and what faults add, counted by how often they happen.
//!
//! A run has a fault in it because somebody asks what it does, not because it happens so often: two minutes of brownout in a run of
//! fifteen must not be billed 2,920 times a month. So the money of failures, slow answers and wrong replies is taken from two runs of
//! the same replication, on the same random numbers: with the incidents and without ([`super::calm()`]). The month is that of the run
//! without. An incident costs what the run with it has more, in its time and in its aftermath; in a year it counts `frequency` times, if the file
//! says so, and not at all if it does not. Machines and all else of the infrastructure are scaled from the slices outside of
//! incidents.
//!
//! Conditions without an end, faults at random and recurring ones are no incidents: the run holds them in their true proportion.
//! Where two incidents overlap, the first in the file has the slice; time in which none strikes is the aftermath of the one that
//! ended last.

use super::breach::{Breached, distinct};
use super::stretch::Stretch;
use crate::economics::{Bought, CostItem, Group, MONTH_S, Meter, YEAR_S};
use crate::ids::PromiseId;
use crate::model::Model;
use crate::observe::{Observed, cores_ns};
use crate::results::{RunResult, Slice, Span};
use crate::service::cpu;
use crate::units::SimDuration;

/// What one replication costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// The items, in the order of the file.
    pub items: Vec<ItemBill>,
    /// For each incident that struck, by its place among the faults: the money that one occurrence adds, of all items.
    pub incidents: Vec<(usize, f64)>,
    /// Each item that prices a broken promise, in the order of the file.
    pub breaches: Vec<Breached>,
    /// Measured time outside of incidents [s].
    pub normal_s: f64,
}

/// One item of a bill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ItemBill {
    /// Its group.
    pub group: Group,
    /// Metered in the whole run, in the meter's base unit.
    pub metered: f64,
    /// Money in the whole run.
    pub spent: f64,
    /// Metered in a month without incidents, in the unit of [`CostItem::shown_unit`].
    pub metered_per_month: f64,
    /// Money in a month without incidents.
    pub per_month: f64,
    /// Money in a year: twelve months, and what incidents with a frequency cause.
    pub per_year: f64,
    /// Money that one occurrence of each incident adds; `None` for infrastructure, and in a run without incidents. Below zero where
    /// less is lost than without them.
    pub per_incident: Option<f64>,
    /// Money in the whole run for cores that worked for nobody who waits; `None` where the item meters no instances whose cores are known.
    pub spent_for_nobody: Option<f64>,
}

impl Bill {
    /// Money in a month, of one group.
    pub fn per_month(&self, group: Group) -> f64 {
        self.of(group).map(|item| item.per_month).sum()
    }

    /// Money in a year, of one group.
    pub fn per_year(&self, group: Group) -> f64 {
        self.of(group).map(|item| item.per_year).sum()
    }

    /// Money in the run, of one group.
    pub fn spent(&self, group: Group) -> f64 {
        self.of(group).map(|item| item.spent).sum()
    }

    /// Money that one occurrence of each incident adds, of all groups; `None` where there is none.
    pub fn per_incident(&self) -> Option<f64> {
        self.items.iter().filter_map(|item| item.per_incident).reduce(|a, b| a + b)
    }

    fn of(&self, group: Group) -> impl Iterator<Item = &ItemBill> {
        self.items.iter().filter(move |item| item.group == group)
    }
}

impl CostItem {
    /// How it is priced: `4 x $0.17/h` for instances, else the price.
    pub fn priced_as(&self, model: &Model) -> String {
        let price = &self.price;
        match self.meter {
            Meter::Instances { bought: Bought::Reserved(count), .. } => format!("{count} x {price}, reserved"),
            Meter::Instances { bought: Bought::OnDemand, .. } => format!("{price}, on demand"),
            Meter::Instances { bought: Bought::Spot, .. } => format!("{price}, spot"),
            Meter::Instances { of, bought: Bought::All, .. } => {
                let service = &model.services[of.index()];
                let scaled = model.scalers.iter().any(|scaler| scaler.of == of);
                if scaled { price.to_string() } else { format!("{} x {price}", service.instances) }
            }
            Meter::Capital { over_s } => format!("{price} over {}", SimDuration::from_secs_f64(over_s)),
            _ => price.to_string(),
        }
    }
}

/// What an item has used of a run, slice by slice. Whether the run breaks a promise is found out once.
struct Used<'m> {
    item: &'m CostItem,
    model: &'m Model,
    /// Periods of a broken promise in a second [s⁻¹]; 0 of all other items, and where it is kept.
    broken_per_s: f64,
}

impl<'m> Used<'m> {
    fn of(run: &RunResult, model: &'m Model, item: &'m CostItem) -> Self {
        let broken_per_s = match item.meter {
            Meter::Breach { promise, period_s } if breaks(run, model, promise) => 1.0 / period_s,
            _ => 0.0,
        };
        Self { item, model, broken_per_s }
    }

    /// In the meter's base unit.
    fn in_slice(&self, slice: &Slice) -> f64 {
        match self.item.meter {
            Meter::Breach { .. } => seconds(slice) * self.broken_per_s,
            _ => self.item.metered(self.model, slice),
        }
    }
}

/// Whether a run breaks a promise; one without data is not broken.
fn breaks(run: &RunResult, model: &Model, promise: PromiseId) -> bool {
    model.promises[promise.index()].judge(run, model).is_some_and(|judged| !judged.kept)
}

/// Where the time of a run belongs.
struct Shares {
    /// For each slice of the run, where it belongs.
    of_slice: Vec<Part>,
    incidents: Vec<Incident>,
    normal_s: f64,
}

/// Where a slice belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Before any incident.
    Before,
    /// In this incident, by its place in `Shares::incidents`.
    Within(usize),
    /// After this one, while none strikes.
    After(usize),
}

/// An incident in this run.
struct Incident {
    /// Its place among the faults.
    fault: usize,
    /// Occurrences in measured time.
    occurrences: f64,
    /// Time of all of them [s].
    seconds: f64,
    /// How often a year in life.
    per_year: Option<f64>,
}

fn seconds(slice: &Slice) -> f64 {
    (slice.to_ns - slice.from_ns) as f64 / 1e9
}

/// The incidents that struck: by their places in the file, and when.
fn struck<'r>(run: &'r RunResult, model: &Model) -> Vec<(usize, &'r [Span])> {
    let faults = model.faults.iter().zip(&run.faults).enumerate();
    let incidents = faults.filter(|(_, (fault, spans))| fault.is_incident() && !spans.is_empty());
    incidents.map(|(id, (_, spans))| (id, spans.as_slice())).collect()
}

/// Where the time from `from_ns` on belongs.
fn part(struck: &[(usize, &[Span])], from_ns: u64) -> Part {
    let from = from_ns as i64;
    let holds = |spans: &[Span]| spans.iter().any(|span| span.from_ns <= from && from < span.to_ns);
    if let Some(place) = struck.iter().position(|(_, spans)| holds(spans)) {
        return Part::Within(place);
    }
    let ended = |spans: &[Span]| spans.iter().map(|span| span.to_ns).filter(|to| *to <= from).max();
    let last = struck.iter().enumerate().filter_map(|(place, (_, spans))| Some((ended(spans)?, place)));
    last.max().map_or(Part::Before, |(_, place)| Part::After(place))
}

fn shares(run: &RunResult, model: &Model) -> Shares {
    let struck = struck(run, model);
    let incident = |(id, spans): &(usize, &[Span])| Incident {
        fault: *id,
        occurrences: spans.len() as f64,
        seconds: 0.0,
        per_year: model.faults[*id].per_year,
    };
    let mut incidents: Vec<Incident> = struck.iter().map(incident).collect();
    let mut normal_s = 0.0;
    let of_slice = run.slices.iter().map(|slice| {
        let part = part(&struck, slice.from_ns);
        match part {
            Part::Within(place) => incidents[place].seconds += seconds(slice),
            Part::Before | Part::After(_) => normal_s += seconds(slice),
        }
        part
    });
    Shares { of_slice: of_slice.collect(), incidents, normal_s }
}

/// The bill of one replication by itself: without a run to compare with, an incident adds what its time cost above the rest of the
/// run. Of infrastructure it is the same as [`bill_against`].
pub fn bill(run: &RunResult, model: &Model) -> Bill {
    bill_against(run, None, model)
}

/// The bill of one replication; `calm` is the same replication without incidents.
pub fn bill_against(run: &RunResult, calm: Option<&RunResult>, model: &Model) -> Bill {
    let shares = shares(run, model);
    let incidents = shares.incidents.iter().map(|incident| (incident.fault, 0.0)).collect();
    let items = Vec::with_capacity(model.costs.len());
    let mut all = Bill { items, incidents, breaches: Vec::new(), normal_s: shares.normal_s };
    for (place, item) in model.costs.iter().enumerate() {
        let (bill, once) = item_bill(run, calm, model, item, &shares);
        all.items.push(bill);
        all.breaches.extend(Breached::of(place, item, bill.metered_per_month > 0.0, &once));
        all.incidents.iter_mut().zip(once).for_each(|((_, sum), once)| *sum += once);
    }
    all
}

/// The bill of an item, and what one occurrence of each incident adds; nothing of infrastructure.
fn item_bill(
    run: &RunResult,
    calm: Option<&RunResult>,
    model: &Model,
    item: &CostItem,
    shares: &Shares,
) -> (ItemBill, Vec<f64>) {
    let infrastructure = item.group == Group::Infrastructure;
    let (mut normal, mut all, mut all_s) = (0.0, 0.0, 0.0);
    let used = Used::of(run, model, item);
    for (slice, part) in run.slices.iter().zip(&shares.of_slice) {
        let metered = used.in_slice(slice);
        all += metered;
        all_s += seconds(slice);
        if !matches!(part, Part::Within(_)) {
            normal += metered;
        }
    }
    let calm = calm.filter(|_| !infrastructure);
    let (base, base_s) = match calm {
        Some(calm) => {
            let used = Used::of(calm, model, item);
            (calm.slices.iter().map(|s| used.in_slice(s)).sum(), calm.slices.iter().map(seconds).sum())
        }
        // A run that is all incident still shows what its machines cost; of sales it knows no normal month.
        None if shares.normal_s <= 0.0 && infrastructure => (all, all_s),
        None => (normal, shares.normal_s),
    };
    let a_second = if base_s > 0.0 { base / base_s } else { 0.0 };
    let per_month = item.money(a_second * MONTH_S);
    let added = match calm {
        _ if infrastructure => Vec::new(),
        Some(calm) => added_to(run, calm, model, item, shares.incidents.len()),
        None => added_alone(run, model, item, shares, a_second),
    };
    let money = |metered: f64| if metered < 0.0 { -item.money(-metered) } else { item.money(metered) };
    let once: Vec<f64> =
        shares.incidents.iter().zip(added).map(|(i, metered)| money(metered) / i.occurrences).collect();
    let a_year: f64 = shares.incidents.iter().zip(&once).map(|(i, once)| i.per_year.unwrap_or(0.0) * once).sum();
    let price = item.money(1.0);
    let a_year = match item.meter {
        Meter::Breach { period_s, .. } if price > 0.0 => price * distinct(YEAR_S / period_s, a_year / price),
        _ => a_year,
    };
    let bill = ItemBill {
        group: item.group,
        metered: all,
        spent: item.money(all),
        metered_per_month: a_second * MONTH_S / item.shown_unit().1,
        per_month,
        per_year: 12.0 * per_month + a_year,
        per_incident: (!once.is_empty()).then(|| once.iter().sum()),
        spent_for_nobody: spent_for_nobody(model, item, &Stretch::new(run, vec![run.whole()])),
    };
    (bill, once)
}

/// What each incident has metered more than the run without, in its time and after it. Where a bound has stopped one of
/// both, only the time that both have seen counts.
fn added_to(run: &RunResult, calm: &RunResult, model: &Model, item: &CostItem, incidents: usize) -> Vec<f64> {
    if let Meter::Breach { promise, .. } = item.meter {
        return breached(run, calm, model, promise);
    }
    let struck = struck(run, model);
    let end = run.measured_ns.min(calm.measured_ns);
    let mut added = vec![0.0; incidents];
    for (of, sign) in [(run, 1.0), (calm, -1.0)] {
        for slice in of.slices.iter().filter(|slice| slice.to_ns <= end) {
            if let Part::Within(place) | Part::After(place) = part(&struck, slice.from_ns) {
                added[place] += sign * item.metered(model, slice);
            }
        }
    }
    added
}

/// Periods of a promise that incidents break: one, where the run without them keeps it. Of several incidents the first is the one that
/// breaks it, because a period is broken once.
fn breached(run: &RunResult, calm: &RunResult, model: &Model, promise: PromiseId) -> Vec<f64> {
    let count = |run: &RunResult| f64::from(u8::from(breaks(run, model, promise)));
    let more = count(run) - count(calm);
    (0..struck(run, model).len()).map(|place| if place == 0 { more } else { 0.0 }).collect()
}

/// What each incident has metered in its time more than as much time outside of all.
fn added_alone(run: &RunResult, model: &Model, item: &CostItem, shares: &Shares, a_second: f64) -> Vec<f64> {
    let used = Used::of(run, model, item);
    let mut added: Vec<f64> = shares.incidents.iter().map(|incident| -a_second * incident.seconds).collect();
    for (slice, part) in run.slices.iter().zip(&shares.of_slice) {
        if let Part::Within(place) = part {
            added[*place] += used.in_slice(slice);
        }
    }
    added
}

/// Money of an item for the cores that worked for nobody who waits, at the price of the instances that have them. `None` where the item meters no
/// instances whose cores are known.
pub fn spent_for_nobody(model: &Model, item: &CostItem, seen: &dyn Observed) -> Option<f64> {
    let Meter::Instances { of, .. } = item.meter else { return None };
    let counts = seen.service(of);
    let cores_ns = cores_ns(model, of, &counts, |level| seen.level(level));
    let cpu_s = counts.of(&cpu::CPU_FOR_NOBODY_NS) as f64 / 1e9;
    (cores_ns > 0).then(|| item.money(cpu_s * counts.instances_ns as f64 / cores_ns as f64))
}

/// Money of one item between two times of a run [ns from 0]: what a time series of cost is made of.
pub fn spent_between(run: &RunResult, model: &Model, item: &CostItem, span: Span) -> f64 {
    let used = Used::of(run, model, item);
    item.money(run.slices_in(span).map(|slice| used.in_slice(slice)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::place;
    use crate::data::{CONSENSUS_BYTES, Wrongness};
    use crate::economics::CostSettings;
    use crate::judge::RunMetrics;
    use crate::judge::testing::{SECOND, System, calls};
    use crate::results::WrongCounts;
    use crate::units::Bytes;
    use serde_json::json;

    fn near(found: f64, expect: f64) {
        assert!((found / expect - 1.0).abs() < 1e-9, "{found}, expected {expect}");
    }

    // CATALOGUE E4, payments: 4,368.32 + 5,295.42 + 2,250.00 + 1,203.00 = 13,116.74 $ a month;
    // E5: 172.8 M payments a day, 0.01 % wrong.
    fn payments() -> (System, RunResult) {
        let mut system = System::new(100);
        let (payment, ledger) = (system.service("payment", 11), system.service("ledger", 9));
        let charge = system.endpoint(payment, "charge");
        let users = system.load("payers", charge);
        system.model.services[ledger.index()].disk = Bytes::new(2_000_000_000_000);
        system.cost("app-nodes", json!({"meter": {"instances": {"of": "payment"}}, "price": "$0.544/h"}));
        system.cost("database-nodes", json!({"meter": {"instances": {"of": "ledger"}}, "price": "$0.806/h"}));
        system.cost("database-disks", json!({"meter": {"storage": {"of": "ledger"}}, "price": "$0.125/GB/month"}));
        let across = json!({"transfer": {"of": "ledger", "across": "regions"}});
        system.cost("consensus", json!({"meter": across, "price": "$0.02/GiB"}));
        let wrong = json!({"wrongness": {"kind": "duplicate_effect"}});
        system.cost("direct", json!({"meter": wrong, "price": "$50"}));
        system.cost("fines", json!({"meter": wrong, "price": "$10k"}));
        let churn = json!({"wrongness": {"kind": "duplicate_effect", "percent": "10%"}});
        system.cost("churn", json!({"meter": churn, "price": "$500"}));
        let mut run = system.run(10);
        for slice in &mut run.slices {
            slice.services[payment.index()].paid_ns = u128::from(11 * 10 * SECOND);
            slice.services[ledger.index()].paid_ns = u128::from(9 * 10 * SECOND);
            // 2,000 TPS x 2 KiB x 3 regions x 2 round trips.
            slice.services[ledger.index()][place(&CONSENSUS_BYTES)] = 10 * 2_000 * 2048 * 3 * 2;
            slice.edges[users.index()] = calls(20_000, 0);
            slice.wrong = vec![(users, Wrongness::DuplicateEffect as u8, WrongCounts { arose: 2, passed_on: 0 })];
        }
        (system, run)
    }

    #[test]
    fn payments_cost_what_the_worked_example_says() {
        let (system, run) = payments();
        let bill = bill(&run, &system.model);
        for (item, expect) in bill.items.iter().zip([4_368.32, 5_295.42, 2_250.00, 1_203.00]) {
            assert!((item.per_month - expect).abs() < 0.005, "{}, expected {expect}", item.per_month);
        }
        assert!((bill.per_month(Group::Infrastructure) - 13_116.74).abs() < 0.005);
        near(bill.items[0].metered_per_month, 11.0 * 730.0);
        near(bill.items[2].metered_per_month, 18_000.0);
        assert!((bill.items[3].metered_per_month - 60_150.0).abs() < 1.0);
    }

    #[test]
    fn wrong_payments_cost_what_the_worked_example_says() {
        let (system, run) = payments();
        let bill = bill(&run, &system.model);
        for (item, expect) in bill.items[4..].iter().zip([315.36e6, 63.072e9, 315.36e6]) {
            near(item.per_year, expect);
        }
        let metrics = RunMetrics::new(&run, &system.model, &system.names);
        for text in ["cost(infrastructure) == $13116.74/month", "cost(fines) == $63.072G/year"] {
            let clause = crate::expression::Clause::parse(text).unwrap();
            assert_eq!(clause.kept(&|_| Some(&metrics)), Some(true), "{text}");
        }
    }

    // CATALOGUE E4, feed: 2,628,000 + 14,086.08 + 2,978.40 + 65,700 = 2,710,764.48 $ a month, at one request in 1,000.
    #[test]
    fn a_thinned_feed_costs_what_the_worked_example_says() {
        let mut system = System::new(100);
        system.model.topology.run.one_of = 1_000;
        let [feed, edge, posts] = [("feed", 60), ("edge", 72), ("posts", 12)].map(|(name, n)| system.service(name, n));
        let (read, get, put) =
            (system.endpoint(feed, "read"), system.endpoint(posts, "read"), system.endpoint(posts, "write"));
        let sites = [(read, 1_000_000), (get, 50_000), (put, 10_000)]
            .map(|(of, a_second)| (system.load(&format!("to-{}", of.index()), of), a_second / 1_000 * 10));
        let asked = |of: &str| json!({"requests": {"of": of}});
        let rented = |of: &str| json!({"instances": {"of": of}});
        for (name, meter, price) in [
            ("delivery", asked("feed.read"), "$0.01/10k"),
            ("caches", rented("edge"), "$0.268/h"),
            ("apps", rented("feed"), "$0.068/h"),
            ("reads", asked("posts.read"), "$0.25/1M"),
            ("writes", asked("posts.write"), "$1.25/1M"),
        ] {
            system.cost(name, json!({"meter": meter, "price": price}));
        }
        let mut run = system.run(10);
        for slice in &mut run.slices {
            for (service, instances) in [(feed, 60), (edge, 72)] {
                slice.services[service.index()].paid_ns = u128::from(instances * 10 * SECOND);
            }
            sites.iter().for_each(|(site, requests)| slice.edges[site.index()] = calls(*requests, 0));
        }
        let bill = bill(&run, &system.model);
        for (item, expect) in bill.items.iter().zip([2_628_000.0, 14_086.08, 2_978.40, 32_850.0, 32_850.0]) {
            assert!((item.per_month - expect).abs() < 0.005, "{}, expected {expect}", item.per_month);
        }
        assert!((bill.per_month(Group::Infrastructure) - 2_710_764.48).abs() < 0.005);
    }

    // CATALOGUE E4, analytics: 1,103.76 + 7,680 + 20,000 + 186.15 = 28,969.91 $ a month.
    #[test]
    fn a_warehouse_costs_what_the_worked_example_says() {
        let mut system = System::new(100);
        let [ingest, ..] =
            [("ingest", 6), ("warehouse", 1), ("coordinator", 3)].map(|(name, n)| system.service(name, n));
        for (name, meter, price) in [
            ("nodes", json!({"instances": {"of": "ingest"}}), "$0.252/h"),
            ("batch", json!({"credits": {"of": "warehouse", "rate": "16/h", "active": "240h/month"}}), "$2"),
            ("storage", json!({"storage": {"of": "warehouse", "size": "500TB"}}), "$40/TB/month"),
            ("coordinators", json!({"instances": {"of": "coordinator"}}), "$0.085/h"),
            ("real-time", json!({"credits": {"of": "warehouse", "rate": "64/h", "active": "720h/month"}}), "$2"),
        ] {
            system.cost(name, json!({"meter": meter, "price": price}));
        }
        let mut run = system.run(10);
        for slice in &mut run.slices {
            for (place, instances) in [6, 1, 3].into_iter().enumerate() {
                slice.services[ingest.index() + place].paid_ns = u128::from(instances * 10 * SECOND);
            }
        }
        let bill = bill(&run, &system.model);
        for (item, expect) in bill.items.iter().zip([1_103.76, 7_680.0, 20_000.0, 186.15, 92_160.0]) {
            assert!((item.per_month - expect).abs() < 0.005, "{}, expected {expect}", item.per_month);
        }
    }

    /// A run of 900 s with 120 s of fault: 10 failures outside, 1,000 in it and 30 after it. Without the fault 10, 4 and 0.
    fn brownout(per_year: Option<f64>, paired: bool) -> ItemBill {
        let mut system = System::new(900);
        let gateway = system.service("gateway", 4);
        let checkout = system.endpoint(gateway, "checkout");
        let users = system.load("shoppers", checkout);
        system.fault("brownout", 300, 120, per_year);
        system.cost("lost", json!({"meter": {"failures": {"of": "gateway.checkout"}}, "price": "$38"}));
        let with = |failures: [u64; 4]| {
            let mut run = system.run(60);
            for (slice, failed) in [0, 5, 6, 7].into_iter().zip(failures) {
                run.slices[slice].edges[users.index()] = calls(0, failed);
            }
            run
        };
        let (run, calm) = (with([10, 600, 400, if paired { 30 } else { 0 }]), with([10, 4, 0, 0]));
        bill_against(&run, paired.then_some(&calm), &system.model).items[0]
    }

    #[test]
    fn a_brownout_of_two_minutes_is_not_billed_every_quarter_of_an_hour() {
        let month = 38.0 * 10.0 / 780.0 * MONTH_S;
        let once = 38.0 * (1_000.0 - 10.0 * 120.0 / 780.0);
        let unknown = brownout(None, false);
        near(unknown.per_month, month);
        near(unknown.per_year, 12.0 * month);
        near(unknown.per_incident.unwrap(), once);
        let known = brownout(Some(4.0), false);
        near(known.per_month, month);
        near(known.per_year, 38.0 * 10.0 / 780.0 * (YEAR_S - 4.0 * 120.0) + 4.0 * 38_000.0);
    }

    #[test]
    fn an_incident_costs_what_it_adds_to_the_same_run_without_it() {
        let month = 38.0 * 14.0 / 900.0 * MONTH_S;
        let once = 38.0 * (1_000.0 + 30.0 - 4.0);
        let known = brownout(Some(4.0), true);
        near(known.per_month, month);
        near(known.per_incident.unwrap(), once);
        near(known.per_year, 12.0 * month + 4.0 * once);
        near(brownout(None, true).per_year, 12.0 * month);
    }

    #[test]
    fn each_moment_belongs_to_one_incident() {
        let span = |from_ns, to_ns| Span { from_ns, to_ns };
        let (first, second) = ([span(10, 20), span(50, 60)], [span(15, 30)]);
        let struck: Vec<(usize, &[Span])> = vec![(0, &first), (3, &second)];
        let parts = [(9, Part::Before), (10, Part::Within(0)), (19, Part::Within(0)), (20, Part::Within(1))];
        let later = [(30, Part::After(1)), (49, Part::After(1)), (50, Part::Within(0)), (60, Part::After(0))];
        for (at, expect) in parts.into_iter().chain(later) {
            assert_eq!(part(&struck, at), expect, "at {at}");
        }
    }

    #[test]
    fn price_and_meter_must_fit() {
        for (meter, price) in [
            (json!({"instances": {"of": "a"}}), "$3"),
            (json!({"storage": {"of": "a"}}), "$3/h"),
            (json!({"transfer": {"across": "zones"}}), "$3/GB/month"),
            (json!({"requests": {"of": "a.b"}}), "$3/GB"),
            (json!({"flat": {}}), "$3"),
        ] {
            let settings: CostSettings = serde_json::from_value(json!({"meter": meter, "price": price})).unwrap();
            let mut problems = crate::problem::Problems::new();
            settings.validate(&mut problems);
            assert_eq!(problems.into_vec()[0].path, "price", "{meter} for {price}");
        }
    }

    #[test]
    fn a_run_that_is_all_incident_still_pays_its_machines() {
        let mut system = System::new(60);
        let api = system.service("api", 1);
        system.fault("down", 0, 60, None);
        system.cost("nodes", json!({"meter": {"instances": {"of": "api"}}, "price": "$1/h"}));
        let mut run = system.run(60);
        run.slices[0].services[api.index()].paid_ns = u128::from(60 * SECOND);
        near(bill(&run, &system.model).items[0].per_month, 730.0);
    }
}
