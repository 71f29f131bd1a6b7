//! Stock: how many things of each row are left, as far as the seller knows; and how many were really sold.
//!
//! A row's stock is counted in one of four ways. Where one place takes all writes, there is one counter. Where copies take writes by themselves
//! and merge now and then, each sells by what it knows, a counter for each copy of how many it has sold and had back (a convergent counter), so that
//! together they may sell more than there is. Where a quorum answers, each request sells by the count that it has read, and writes one more: two
//! that read at one time write the same. With escrow the right to sell is itself split: what a zone has no right to, it does not sell,
//! whatever it knows. What was really sold is beside all of these, and no seller reads it: it finds what was sold too often.
//!
//! All here is arithmetic; when copies merge and rights travel is in `world/data/stock`.
//!
//! # Source
//! Convergent counters: Shapiro, Preguica, Baquero and Zawirski, "Conflict-free Replicated Data Types", SSS 2011. Escrow: O'Neil, "The Escrow
//! Transactional Method", TODS 1986; rights that are lent between replicas: Balegas et al., "Extending Eventually Consistent Cloud Databases for
//! Enforcing Numeric Invariants" (bounded counters), SRDS 2015.

use crate::metrics::counters;
use std::collections::{BTreeMap, BTreeSet};

counters! {
    Service {
        SOLD = "sold", "things of a stock that were sold or reserved, including sales that were undone later";
        SOLD_OUT = "sold_out", "requests that are told that a stock is sold out";
        OVERSOLD = "oversold_things", "things that were sold though there were no more";
        EXPIRED = "expired_reservations", "reservations that nobody has confirmed in time";
        REFILLS = "escrow_refills", "times that a zone is given more rights to sell";
        REFILLS_LOST = "escrow_refills_lost", "messages about rights to sell that are lost on their way";
    }
}

/// What a store has to sell.
#[derive(Debug, Clone, PartialEq)]
pub struct Stock {
    /// How many of each row there are.
    pub amount: u64,
    /// How long what was taken is kept for a request that does not confirm it [ns]; `None` is sold at once.
    pub hold_ns: Option<u64>,
    /// How the right to sell is split; `None` is not at all.
    pub escrow: Option<Escrow>,
}

/// How the right to sell is split between zones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Escrow {
    /// How many of each row a zone may sell at first, and is given when it asks for more.
    pub share: u64,
    /// A zone that may sell fewer than this asks for more.
    pub refill_below: u64,
    /// Whether zones lend each other rights when the reserve is empty.
    pub lends: bool,
}

/// What became of a request for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It has it.
    Sold,
    /// The seller knows of none that is left.
    SoldOut,
    /// It was told that it has it, and there was none.
    Oversold,
}

/// What one copy has sold and had back of a row, as far as somebody knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    taken: u64,
    back: u64,
}

/// How the stock of one row is counted.
#[derive(Debug, Clone)]
enum Counted {
    /// By one counter of what is gone.
    Once(u64),
    /// By what each copy knows of each.
    Merged(Vec<Vec<Tally>>),
    /// By rights: of each zone, of the reserve, and on their way.
    Rights { zones: Vec<u64>, reserve: u64, on_way: u64 },
}

/// One row.
#[derive(Debug, Clone)]
struct StockRow {
    counted: Counted,
    /// What was really sold.
    sold: u64,
}

/// How the stock of a store is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// At one place.
    Once,
    /// By what each request reads before it writes.
    Seen,
    /// By copies that merge, of which the first so many are there at the start.
    Merged {
        /// How many there may be.
        copies: usize,
        /// How many of them are there at first.
        at_start: usize,
    },
    /// By rights of zones, of which the first so many have some at the start.
    Rights {
        /// How many zones there are.
        zones: usize,
        /// How many of them have rights at first.
        at_start: usize,
    },
}

/// The stock of a store.
#[derive(Debug)]
pub struct Shelf {
    stock: Stock,
    counting: Counting,
    rows: BTreeMap<u64, StockRow>,
    /// By copy that merges: whether it is there.
    is_there: Vec<bool>,
    /// Rows of which copies know different things.
    open: BTreeSet<u64>,
}

impl Shelf {
    /// All is there.
    pub fn new(stock: &Stock, counting: Counting) -> Self {
        let is_there = match counting {
            Counting::Merged { copies, at_start } => (0..copies).map(|copy| copy < at_start).collect(),
            Counting::Once | Counting::Seen | Counting::Rights { .. } => Vec::new(),
        };
        Self { stock: stock.clone(), counting, rows: BTreeMap::new(), is_there, open: BTreeSet::new() }
    }

    /// How it is counted.
    pub fn counting(&self) -> Counting {
        self.counting
    }

    /// What there is to sell.
    pub fn stock(&self) -> &Stock {
        &self.stock
    }

    /// Rights are split so from now on: what zones have stays theirs.
    pub fn splits(&mut self, escrow: Escrow) {
        self.stock.escrow = Some(escrow);
    }

    fn row(&mut self, row: u64) -> &mut StockRow {
        let (amount, counting) = (self.stock.amount, self.counting);
        let escrow = self.stock.escrow;
        self.rows.entry(row).or_insert_with(|| {
            let counted = match counting {
                Counting::Once | Counting::Seen => Counted::Once(0),
                Counting::Merged { copies, .. } => Counted::Merged(vec![vec![Tally::default(); copies]; copies]),
                Counting::Rights { zones, at_start } => {
                    let share = escrow.map_or(0, |escrow| escrow.share).min(amount / at_start.max(1) as u64);
                    let first = |zone: usize| if zone < at_start { share } else { 0 };
                    let zones: Vec<u64> = (0..zones).map(first).collect();
                    Counted::Rights { reserve: amount - zones.iter().sum::<u64>(), zones, on_way: 0 }
                }
            };
            StockRow { counted, sold: 0 }
        })
    }

    /// A request takes one thing of a row, at a copy or in a zone.
    pub fn takes(&mut self, row: u64, place: usize) -> Taken {
        let amount = self.stock.amount;
        let at = self.row(row);
        let is_there = match &mut at.counted {
            Counted::Once(gone) => {
                let is_there = *gone < amount;
                *gone += u64::from(is_there);
                is_there
            }
            Counted::Merged(known) => {
                let own = &mut known[place];
                let gone: u64 = own.iter().map(|tally| tally.taken.saturating_sub(tally.back)).sum();
                let is_there = gone < amount;
                own[place].taken += u64::from(is_there);
                is_there
            }
            Counted::Rights { zones, .. } => {
                let is_there = zones[place] > 0;
                zones[place] -= u64::from(is_there);
                is_there
            }
        };
        if !is_there {
            return Taken::SoldOut;
        }
        at.sold += 1;
        let taken = if at.sold > amount { Taken::Oversold } else { Taken::Sold };
        if matches!(at.counted, Counted::Merged(_)) {
            self.open.insert(row);
        }
        self.check(row);
        taken
    }

    /// A request takes one thing of a row of which it has read that so many are gone.
    pub fn takes_seen(&mut self, row: u64, gone: u64) -> Taken {
        let amount = self.stock.amount;
        if gone >= amount {
            return Taken::SoldOut;
        }
        let at = self.row(row);
        at.sold += 1;
        if at.sold > amount { Taken::Oversold } else { Taken::Sold }
    }

    /// A thing that was taken at a copy or in a zone is back there.
    pub fn comes_back(&mut self, row: u64, place: usize) {
        let at = self.row(row);
        at.sold = at.sold.saturating_sub(1);
        match &mut at.counted {
            Counted::Once(gone) => *gone = gone.saturating_sub(1),
            Counted::Merged(known) => known[place][place].back += 1,
            Counted::Rights { zones, .. } => zones[place] += 1,
        }
        if matches!(at.counted, Counted::Merged(_)) {
            self.open.insert(row);
        }
        self.check(row);
    }

    /// The counter has lost the write of a sale that was made: it counts as there what is sold.
    pub fn forgets(&mut self, row: u64) {
        if let Counted::Once(gone) = &mut self.row(row).counted {
            *gone = gone.saturating_sub(1);
        }
    }

    /// A copy is there from now on and knows what a peer knows, or goes and has told it.
    pub fn copy_changes(&mut self, copy: usize, is_there: bool, peer: Option<usize>) {
        // Rights are at zones, whatever copies there are.
        let Some(at) = self.is_there.get_mut(copy) else { return };
        *at = is_there;
        // It may lack what the others have agreed on long ago.
        self.open.extend(self.rows.keys().copied());
        self.merges(
            &peer.map(|peer| if is_there { (peer, copy) } else { (copy, peer) }).into_iter().collect::<Vec<_>>(),
        );
    }

    /// Copies merge: of each pair `from -> to` that can speak, the second knows what the first knew before.
    pub fn merges(&mut self, pairs: &[(usize, usize)]) {
        let mut settled = Vec::new();
        for &row in &self.open {
            let Some(StockRow { counted: Counted::Merged(known), .. }) = self.rows.get_mut(&row) else { continue };
            let before = known.clone();
            for &(from, to) in pairs {
                for (mine, theirs) in known[to].iter_mut().zip(&before[from]) {
                    mine.taken = mine.taken.max(theirs.taken);
                    mine.back = mine.back.max(theirs.back);
                }
            }
            let mut there = known.iter().zip(&self.is_there).filter(|(_, is)| **is).map(|(view, _)| view);
            let first = there.next();
            if there.all(|view| Some(view) == first) {
                settled.push(row);
            }
        }
        self.open.retain(|row| !settled.contains(row));
    }

    /// Whether a zone has so few rights that it asks for more.
    pub fn wants_more(&mut self, row: u64, zone: usize) -> bool {
        let Some(escrow) = self.stock.escrow else { return false };
        matches!(&self.row(row).counted, Counted::Rights { zones, .. } if zones[zone] < escrow.refill_below.max(1))
    }

    /// The reserve gives rights to a zone, which are on their way then: how many.
    pub fn gives_from_reserve(&mut self, row: u64) -> u64 {
        let Some(escrow) = self.stock.escrow else { return 0 };
        let Counted::Rights { reserve, on_way, .. } = &mut self.row(row).counted else { return 0 };
        let given = escrow.share.max(1).min(*reserve);
        (*reserve, *on_way) = (*reserve - given, *on_way + given);
        self.check(row);
        given
    }

    /// The zone of those named that has most rights, if any of them has two or more: that could lend.
    pub fn richest(&mut self, row: u64, among: impl Iterator<Item = usize>) -> Option<usize> {
        let Counted::Rights { zones, .. } = &self.row(row).counted else { return None };
        among.filter(|zone| zones[*zone] > 1).max_by_key(|zone| (zones[*zone], usize::MAX - *zone))
    }

    /// A zone gives half of its rights away, which are on their way then: how many.
    pub fn lends(&mut self, row: u64, zone: usize) -> u64 {
        let Counted::Rights { zones, on_way, .. } = &mut self.row(row).counted else { return 0 };
        let given = zones[zone] / 2;
        (zones[zone], *on_way) = (zones[zone] - given, *on_way + given);
        self.check(row);
        given
    }

    /// A zone gives all of its rights away, which are on their way then: how many.
    pub fn gives_all(&mut self, row: u64, zone: usize) -> u64 {
        let Counted::Rights { zones, on_way, .. } = &mut self.row(row).counted else { return 0 };
        let given = std::mem::take(&mut zones[zone]);
        *on_way += given;
        self.check(row);
        given
    }

    /// Whether anything was ever asked of a row.
    pub fn knows(&self, row: u64) -> bool {
        self.rows.contains_key(&row)
    }

    /// The rows of which a zone has rights.
    pub fn rows_of(&self, zone: usize) -> Vec<u64> {
        let has = |row: &StockRow| matches!(&row.counted, Counted::Rights { zones, .. } if zones[zone] > 0);
        self.rows.iter().filter(|(_, row)| has(row)).map(|(row, _)| *row).collect()
    }

    /// Rights that were on their way come to a zone.
    pub fn arrive(&mut self, row: u64, zone: usize, rights: u64) {
        if let Counted::Rights { zones, on_way, .. } = &mut self.row(row).counted {
            (zones[zone], *on_way) = (zones[zone] + rights, *on_way - rights);
        }
        self.check(row);
    }

    /// Rights are neither made nor lost: what was sold, what may be sold and what is on its way add up to what there was.
    fn check(&self, row: u64) {
        let at = &self.rows[&row];
        if let Counted::Rights { zones, reserve, on_way } = &at.counted {
            let all = zones.iter().sum::<u64>() + reserve + on_way + at.sold;
            assert!(all == self.stock.amount, "{all} rights to sell {} things", self.stock.amount);
        }
    }

    /// How many of a row were really sold.
    pub fn sold(&self, row: u64) -> u64 {
        self.rows.get(&row).map_or(0, |row| row.sold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(amount: u64, counting: Counting) -> Shelf {
        let escrow = Some(Escrow { share: amount * 3 / 10, refill_below: amount * 3 / 100, lends: true });
        let escrow = escrow.filter(|_| matches!(counting, Counting::Rights { .. }));
        Shelf::new(&Stock { amount, hold_ns: None, escrow }, counting)
    }

    #[test]
    fn one_counter_sells_what_there_is() {
        let mut shelf = shelf(3, Counting::Once);
        let taken: Vec<Taken> = (0..5).map(|_| shelf.takes(7, 0)).collect();
        assert_eq!(taken, [Taken::Sold, Taken::Sold, Taken::Sold, Taken::SoldOut, Taken::SoldOut]);
        shelf.comes_back(7, 0);
        assert_eq!((shelf.takes(7, 0), shelf.takes(8, 0)), (Taken::Sold, Taken::Sold));
    }

    #[test]
    fn who_sells_by_what_it_has_read_sells_twice_what_two_have_read() {
        let mut shelf = shelf(2, Counting::Seen);
        let taken: Vec<Taken> = [0, 1, 1, 2].map(|gone| shelf.takes_seen(7, gone)).to_vec();
        assert_eq!(taken, [Taken::Sold, Taken::Sold, Taken::Oversold, Taken::SoldOut]);
    }

    #[test]
    fn a_counter_that_forgets_sales_sells_them_again() {
        let mut shelf = shelf(3, Counting::Once);
        (0..3).for_each(|_| assert!(shelf.takes(7, 0) == Taken::Sold));
        shelf.forgets(7);
        assert_eq!((shelf.takes(7, 0), shelf.takes(7, 0), shelf.sold(7)), (Taken::Oversold, Taken::SoldOut, 4));
    }

    #[test]
    fn copies_that_have_not_merged_sell_the_same_things_and_agree_afterwards() {
        let mut shelf = shelf(4, Counting::Merged { copies: 3, at_start: 3 });
        let mut sold = [0; 3];
        for _ in 0..4 {
            for (copy, sold) in sold.iter_mut().enumerate() {
                *sold += u32::from(shelf.takes(7, copy) != Taken::SoldOut);
            }
        }
        assert_eq!((sold, shelf.sold(7)), ([4, 4, 4], 12), "each has sold all that there is");
        shelf.merges(&[(0, 1), (1, 0), (1, 2), (2, 1)]);
        assert!(!shelf.open.is_empty(), "the first knows nothing of the third");
        shelf.merges(&[(0, 1), (1, 0), (1, 2), (2, 1)]);
        assert!(shelf.open.is_empty(), "what two do not tell each other they hear of the third");
        assert_eq!(shelf.takes(7, 0), Taken::SoldOut);
    }

    #[test]
    fn a_copy_that_is_not_there_keeps_no_row_open_and_begins_with_what_a_peer_knows() {
        let mut shelf = shelf(4, Counting::Merged { copies: 3, at_start: 2 });
        (0..3).for_each(|_| assert!(shelf.takes(7, 0) == Taken::Sold));
        shelf.merges(&[(0, 1), (1, 0)]);
        assert!(shelf.open.is_empty(), "both that are there know it");
        shelf.copy_changes(2, true, Some(1));
        assert_eq!((shelf.takes(7, 2), shelf.takes(7, 2)), (Taken::Sold, Taken::SoldOut));
        shelf.copy_changes(2, false, Some(0));
        assert_eq!(
            (shelf.takes(7, 0), shelf.sold(7)),
            (Taken::SoldOut, 4),
            "what the third has sold it has told the first"
        );
    }

    #[test]
    fn merging_is_commutative_associative_and_idempotent() {
        let takes = |order: &[(usize, usize)]| {
            let mut shelf = shelf(100, Counting::Merged { copies: 3, at_start: 3 });
            for (copy, times) in [(0, 3), (1, 5), (2, 7)] {
                (0..times).for_each(|_| assert!(shelf.takes(7, copy) == Taken::Sold));
            }
            shelf.comes_back(7, 2);
            order.iter().for_each(|pair| shelf.merges(&[*pair]));
            let Counted::Merged(known) = &shelf.rows[&7].counted else { unreachable!() };
            known[0].clone()
        };
        let once = takes(&[(1, 0), (2, 0)]);
        assert_eq!(once.iter().map(|tally| tally.taken - tally.back).sum::<u64>(), 14);
        assert_eq!(once, takes(&[(2, 0), (1, 0)]));
        assert_eq!(once, takes(&[(2, 1), (1, 0)]));
        assert_eq!(once, takes(&[(1, 0), (2, 0), (1, 0), (2, 0)]));
    }

    #[test]
    fn zones_sell_what_they_have_a_right_to_and_no_more() {
        let mut shelf = shelf(100, Counting::Rights { zones: 3, at_start: 3 });
        let sells = |shelf: &mut Shelf, zone: usize| (0..200).filter(|_| shelf.takes(7, zone) == Taken::Sold).count();
        assert_eq!(sells(&mut shelf, 0), 30);
        assert!(shelf.wants_more(7, 0) && !shelf.wants_more(7, 1));
        let given = shelf.gives_from_reserve(7);
        assert_eq!((given, shelf.gives_from_reserve(7)), (10, 0), "a tenth is in reserve");
        shelf.arrive(7, 0, given);
        assert_eq!(sells(&mut shelf, 0), 10);
        assert_eq!(shelf.richest(7, [1, 2].into_iter()), Some(1));
        let lent = shelf.lends(7, 1);
        shelf.arrive(7, 0, lent);
        assert_eq!([0, 1, 2].map(|zone| sells(&mut shelf, zone)), [15, 15, 30]);
        assert_eq!((shelf.sold(7), shelf.richest(7, 0..3)), (100, None));
    }

    #[test]
    fn zones_that_are_empty_have_no_rights_and_those_that_are_left_give_theirs_back() {
        let mut shelf = shelf(100, Counting::Rights { zones: 3, at_start: 2 });
        let sells = |shelf: &mut Shelf, zone: usize| (0..200).filter(|_| shelf.takes(7, zone) == Taken::Sold).count();
        assert_eq!((sells(&mut shelf, 0), sells(&mut shelf, 2), shelf.rows_of(1)), (30, 0, vec![7]));
        let given = shelf.gives_all(7, 1);
        shelf.arrive(7, 0, given);
        assert_eq!((given, shelf.rows_of(1), sells(&mut shelf, 0)), (30, vec![], 30));
    }
}
