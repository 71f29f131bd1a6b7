//! The search for the cheapest setting that holds, on a lattice on which more is no worse.
//!
//! First the largest setting is tried: if that does not hold, nothing does. Then each knob is bisected with all others at their
//! largest, which gives a floor below which no setting can hold. Of the settings above it,
//! the one in the middle by cost is tried again and again: one that holds rules out all that are dearer, one that fails all that have
//! no more of anything, until none is left that could be cheaper. What an
//! unknown setting costs is taken from those that were tried, for bills grow with each knob on its own line.

use sim_core::results::Verdict;

/// Settings between the floor and the largest at most; of more, the search would not end.
const MOST: usize = 2_000_000;

/// What a trial says: the verdict, and what the setting costs.
pub type Trial<E> = Result<(Verdict, f64), E>;

/// What the search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The cheapest setting that is held; `None` where none is.
    pub answer: Option<Vec<usize>>,
    /// Below these places nothing holds, whatever the other knobs are.
    pub floor: Vec<usize>,
}

/// A search over knobs with so many values each, numbered from the smallest.
pub struct Search<'t, E> {
    sizes: Vec<usize>,
    /// Tries a setting; the search asks for each at most once.
    probe: &'t mut dyn FnMut(&[usize]) -> Trial<E>,
    tried: Vec<(Vec<usize>, Verdict, f64)>,
}

impl<'t, E> Search<'t, E> {
    /// A search that has tried nothing.
    pub fn new(sizes: Vec<usize>, probe: &'t mut dyn FnMut(&[usize]) -> Trial<E>) -> Self {
        Self { sizes, probe, tried: Vec::new() }
    }

    /// Whether a setting holds: known, or tried now.
    fn holds(&mut self, at: &[usize]) -> Result<bool, E> {
        if let Some((_, verdict, _)) = self.tried.iter().find(|(places, ..)| places == at) {
            return Ok(*verdict == Verdict::Held);
        }
        if self.is_ruled_out(at) {
            return Ok(false);
        }
        let (verdict, cost) = (self.probe)(at)?;
        self.tried.push((at.to_vec(), verdict, cost));
        Ok(verdict == Verdict::Held)
    }

    /// Whether a setting with no less of anything was not held.
    fn is_ruled_out(&self, at: &[usize]) -> bool {
        let no_less = |places: &[usize]| at.iter().zip(places).all(|(a, b)| a <= b);
        self.tried.iter().any(|(places, verdict, _)| *verdict != Verdict::Held && no_less(places))
    }

    /// The cheapest setting that holds. `floor` are places below which nothing holds, as a lighter load has shown.
    ///
    /// # Errors
    /// If a trial fails.
    pub fn cheapest(mut self, floor: &[usize]) -> Result<Found, E> {
        let top: Vec<usize> = self.sizes.iter().map(|size| size - 1).collect();
        let mut floor: Vec<usize> = floor.iter().zip(&top).map(|(f, t)| *f.min(t)).collect();
        if !self.holds(&top)? {
            return Ok(Found { answer: None, floor });
        }
        for (knob, least) in floor.iter_mut().enumerate() {
            *least = self.least(&top, knob, *least)?;
        }
        let answer = self.above(&floor, &top)?;
        Ok(Found { answer: Some(answer), floor })
    }

    /// The least place of a knob with which a setting that holds goes on to hold, from `from` on.
    fn least(&mut self, holding: &[usize], knob: usize, from: usize) -> Result<usize, E> {
        let mut at = holding.to_vec();
        let (mut low, mut high) = (from, holding[knob]);
        at[knob] = low;
        if low == high || self.holds(&at)? {
            return Ok(low);
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            at[knob] = middle;
            if self.holds(&at)? { high = middle } else { low = middle }
        }
        Ok(high)
    }

    /// The cheapest from the floor up.
    fn above(&mut self, floor: &[usize], top: &[usize]) -> Result<Vec<usize>, E> {
        let count = floor.iter().zip(top).try_fold(1_usize, |all, (f, t)| all.checked_mul(t - f + 1));
        if floor.len() == 1 || self.holds(floor)? {
            return Ok(floor.to_vec());
        }
        let slopes = self.slopes(floor);
        let cost = |at: &[usize]| at.iter().zip(&slopes).map(|(place, slope)| *place as f64 * slope).sum::<f64>();
        if count.is_none_or(|count| count > MOST) {
            return self.descend(top, floor, &slopes);
        }
        let mut open = lattice(floor, top);
        open.sort_by(|a, b| cost(a).total_cmp(&cost(b)).then_with(|| a.cmp(b)));
        let mut best = top.to_vec();
        loop {
            // What holds rules out all that is dearer, what does not all that has no more of anything.
            open.retain(|at| cost(at) < cost(&best) && !self.is_ruled_out(at));
            let Some(at) = open.get(open.len() / 2).cloned() else { return Ok(best) };
            if self.holds(&at)? {
                best = at;
            }
        }
    }

    /// What one place more of each knob costs: from the trials in which only that knob was less than at the top; where they cost
    /// the same, or nothing is priced, each place counts one.
    fn slopes(&self, floor: &[usize]) -> Vec<f64> {
        let top = &self.tried[0];
        let slope = |knob: usize| {
            let alone = |places: &[usize]| {
                places.iter().zip(&top.0).enumerate().all(|(k, (a, b))| if k == knob { a < b } else { a == b })
            };
            let (places, _, cost) = self.tried.iter().find(|(places, ..)| alone(places))?;
            Some((top.2 - cost) / (top.0[knob] - places[knob]) as f64)
        };
        let slopes: Vec<f64> = (0..floor.len()).map(|knob| slope(knob).unwrap_or(0.0)).collect();
        let dearest = slopes.iter().fold(0.0_f64, |most, slope| most.max(*slope));
        if dearest <= 0.0 {
            return vec![1.0; slopes.len()];
        }
        // What costs nothing is still not wanted for its own sake.
        slopes.into_iter().map(|slope| slope.max(dearest * 1e-6)).collect()
    }

    /// Too many settings to look at each: the dearest knob goes down as far as it can, then the next. No setting near is cheaper.
    fn descend(&mut self, top: &[usize], floor: &[usize], slopes: &[f64]) -> Result<Vec<usize>, E> {
        let mut order: Vec<usize> = (0..top.len()).collect();
        order.sort_by(|a, b| slopes[*b].total_cmp(&slopes[*a]));
        let mut at = top.to_vec();
        for knob in order {
            at[knob] = self.least(&at, knob, floor[knob])?;
        }
        Ok(at)
    }
}

/// All settings between two corners.
fn lattice(floor: &[usize], top: &[usize]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for (from, to) in floor.iter().zip(top) {
        let with =
            |begun: &Vec<usize>| (*from..=*to).map(|place| [begun.as_slice(), &[place]].concat()).collect::<Vec<_>>();
        all = all.iter().flat_map(with).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches a system that holds where `holds` says; the answer, and how many settings were tried.
    fn search(sizes: &[usize], prices: &[f64], holds: impl Fn(&[usize]) -> bool) -> (Option<Vec<usize>>, usize) {
        let mut tried: Vec<Vec<usize>> = Vec::new();
        let mut probe = |at: &[usize]| -> Trial<()> {
            assert!(!tried.iter().any(|t| t == at), "{at:?} is tried twice");
            tried.push(at.to_vec());
            let cost = at.iter().zip(prices).map(|(place, price)| 10.0 + *place as f64 * price).sum();
            Ok((if holds(at) { Verdict::Held } else { Verdict::Broken }, cost))
        };
        let found = Search::new(sizes.to_vec(), &mut probe).cheapest(&vec![0; sizes.len()]).unwrap();
        (found.answer, tried.len())
    }

    #[test]
    fn one_knob_is_bisected() {
        for least in 0..100 {
            let (answer, tried) = search(&[100], &[1.0], |at| at[0] >= least);
            assert_eq!(answer, Some(vec![least]));
            assert!(tried <= 9, "{tried} trials");
        }
        assert_eq!(search(&[100], &[1.0], |_| false), (None, 1));
    }

    #[test]
    fn the_cheapest_of_two_is_found_where_one_replaces_the_other() {
        // A product has to be large enough: many of the cheap one stand for few of the dear one.
        for (prices, need) in [([1.0, 1.0], 400), ([1.0, 9.0], 400), ([5.0, 2.0], 37), ([1.0, 1.0], 1)] {
            let holds = |at: &[usize]| (at[0] + 1) * (at[1] + 1) >= need;
            let cost = |at: &[usize]| at[0] as f64 * prices[0] + at[1] as f64 * prices[1];
            let all = lattice(&[0, 0], &[59, 59]);
            let least = all.iter().filter(|at| holds(at)).map(|at| cost(at)).fold(f64::INFINITY, f64::min);
            let (answer, tried) = search(&[60, 60], &prices, holds);
            assert!((cost(&answer.unwrap()) - least).abs() < 1e-9);
            eprintln!("TRIED {tried}");
            assert!(tried < 90, "{tried} trials of 3600");
        }
    }

    #[test]
    fn independent_knobs_take_as_many_trials_as_their_bisections() {
        let (answer, tried) = search(&[60, 80, 20], &[3.0, 1.0, 2.0], |at| at[0] >= 17 && at[1] >= 44 && at[2] >= 3);
        assert_eq!(answer, Some(vec![17, 44, 3]));
        assert!(tried < 26, "{tried} trials");
    }

    #[test]
    fn without_prices_the_smallest_is_found() {
        let (answer, _) = search(&[30, 30], &[0.0, 0.0], |at| at[0] + at[1] >= 20 && at[0] >= 4);
        assert_eq!(answer.map(|a| a.iter().sum::<usize>()), Some(20));
    }

    #[test]
    fn too_many_to_look_at_each_are_descended() {
        let sizes = [1000, 1000, 1000];
        let (answer, tried) = search(&sizes, &[1.0, 5.0, 2.0], |at| at[0] >= 100 && at[1] >= 7 && at[2] + at[0] >= 900);
        assert_eq!(answer, Some(vec![900, 7, 0]));
        assert!(tried < 60, "{tried} trials");
    }
}
