//! The bill: what was metered in a run, scaled to a month of 730 h, and what faults cause, counted by how often they happen.
//!
//! A run has a fault in it because somebody asks what it does, not because it happens so often: two minutes of brownout in a run of
//! fifteen must not be billed 2,920 times a month. So slices of the run within an incident are kept apart. The month is scaled from
//! all other slices. Sales and wrongness within an incident are given for one occurrence; in a year they count `frequency` times, if
//! the file says so, and not at all if it does not. Conditions without an end, faults at random and recurring ones are no incidents:
//! the run holds them in their true proportion. Where two incidents overlap, the first in the file has the slice.

use super::{CostItem, Group};
use crate::model::Model;
use crate::results::{RunResult, Slice, Span};

/// Seconds of a month of 730 h.
pub const MONTH_S: f64 = 730.0 * 3600.0;
/// Seconds of a year of 8760 h.
pub const YEAR_S: f64 = 8760.0 * 3600.0;

/// What one replication costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// The items, in the order of the file.
    pub items: Vec<ItemBill>,
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
    /// Money for one occurrence of each incident; `None` for infrastructure, and in a run without.
    pub per_incident: Option<f64>,
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

    /// Money for one occurrence of each incident, of all groups; `None` where there is none.
    pub fn per_incident(&self) -> Option<f64> {
        self.items.iter().filter_map(|item| item.per_incident).reduce(|a, b| a + b)
    }

    fn of(&self, group: Group) -> impl Iterator<Item = &ItemBill> {
        self.items.iter().filter(move |item| item.group == group)
    }
}

/// Where the time of a run belongs.
struct Shares {
    /// For each slice, the place in `incidents`; `None` is normal time.
    of_slice: Vec<Option<usize>>,
    incidents: Vec<Incident>,
    normal_s: f64,
}

/// An incident in this run.
struct Incident {
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

fn shares(run: &RunResult, model: &Model) -> Shares {
    let spans: Vec<(usize, &[Span])> = model
        .faults
        .iter()
        .zip(&run.faults)
        .enumerate()
        .filter(|(_, (fault, spans))| fault.is_incident() && !spans.is_empty())
        .map(|(id, (_, spans))| (id, spans.as_slice()))
        .collect();
    let holds = |spans: &[Span], slice: &Slice| {
        let from = slice.from_ns as i64;
        spans.iter().any(|span| span.from_ns <= from && from < span.to_ns)
    };
    let mut incidents: Vec<Incident> = spans
        .iter()
        .map(|(id, spans)| Incident {
            occurrences: spans.len() as f64,
            seconds: 0.0,
            per_year: model.faults[*id].per_year,
        })
        .collect();
    let mut normal_s = 0.0;
    let of_slice = run.slices.iter().map(|slice| {
        let place = spans.iter().position(|(_, spans)| holds(spans, slice));
        match place {
            Some(place) => incidents[place].seconds += seconds(slice),
            None => normal_s += seconds(slice),
        }
        place
    });
    Shares { of_slice: of_slice.collect(), incidents, normal_s }
}

/// The bill of one replication.
pub fn bill(run: &RunResult, model: &Model) -> Bill {
    let shares = shares(run, model);
    let items = model.costs.iter().map(|item| item_bill(run, model, item, &shares)).collect();
    Bill { items, normal_s: shares.normal_s }
}

fn item_bill(run: &RunResult, model: &Model, item: &CostItem, shares: &Shares) -> ItemBill {
    let mut in_incident = vec![0.0; shares.incidents.len()];
    let (mut normal, mut all, mut all_s) = (0.0, 0.0, 0.0);
    for (slice, place) in run.slices.iter().zip(&shares.of_slice) {
        let metered = item.metered(model, slice);
        all += metered;
        all_s += seconds(slice);
        match place {
            Some(place) => in_incident[*place] += metered,
            None => normal += metered,
        }
    }
    let infrastructure = item.group == Group::Infrastructure;
    // A run that is all incident still shows what its machines cost; of sales it knows no normal month.
    let (base, base_s) =
        if shares.normal_s <= 0.0 && infrastructure { (all, all_s) } else { (normal, shares.normal_s) };
    let a_second = if base_s > 0.0 { base / base_s } else { 0.0 };
    let per_month = item.money(a_second * MONTH_S);
    let (mut per_year, mut per_incident) = (12.0 * per_month, None);
    if !infrastructure {
        for (incident, metered) in shares.incidents.iter().zip(&in_incident) {
            let once = item.money(*metered) / incident.occurrences;
            per_incident = Some(per_incident.unwrap_or(0.0) + once);
            if let Some(times) = incident.per_year {
                let normal_meanwhile = item.money(a_second * incident.seconds / incident.occurrences);
                per_year += times * (once - normal_meanwhile);
            }
        }
    }
    ItemBill {
        group: item.group,
        metered: all,
        spent: item.money(all),
        metered_per_month: a_second * MONTH_S / item.shown_unit().1,
        per_month,
        per_year,
        per_incident,
    }
}

/// Money of one item between two times of a run [ns from 0]: what a time series of cost is made of.
pub fn spent_between(run: &RunResult, model: &Model, item: &CostItem, span: Span) -> f64 {
    item.money(run.slices_in(span).map(|slice| item.metered(model, slice)).sum())
}
