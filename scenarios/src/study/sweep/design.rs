//! Which settings a sweep tries: each point is a place in the unit cube, one number from 0 to 1 a knob.
//!
//! `grid` is every combination. `latin_hypercube` (M. D. `McKay` et al. 1979) puts one point in each stratum of each knob.
//! `sobol` is an Owen-scrambled Sobol sequence. `saltelli` has, for each base sample, a point A, a point B, and for each knob the
//! point A with that knob from B (Saltelli et al., Computer Physics Communications 181, 2010). `morris` are trajectories on a grid of
//! four levels, on which one knob after the other moves by two thirds of its range (Morris, Technometrics 33, 1991).

use sim_core::engine::rng::Stream;

/// Levels of Morris' grid are thirds of the range.
const LEVELS: f64 = 3.0;
/// How far a knob moves, as a part of its range: p / (2 (p - 1)) for p = 4 levels.
pub const MORRIS_STEP: f64 = 2.0 / 3.0;

/// Places of `points` points in a Latin hypercube.
pub fn latin_hypercube(points: usize, knobs: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut draw = Stream::new(seed, 0, "sweep", "latin hypercube");
    let mut places = vec![vec![0.0; knobs]; points];
    for knob in 0..knobs {
        let mut strata: Vec<usize> = (0..points).collect();
        shuffle(&mut strata, &mut draw);
        for (place, stratum) in places.iter_mut().zip(strata) {
            place[knob] = (stratum as f64 + draw.unit()) / points as f64;
        }
    }
    places
}

/// Places of `points` points of a scrambled Sobol sequence.
pub fn sobol(points: usize, knobs: usize, seed: u64) -> Vec<Vec<f64>> {
    let scramble = (seed ^ (seed >> 32)) as u32;
    let at = |point: usize, knob: usize| f64::from(sobol_burley::sample(point as u32, knob as u32, scramble));
    (0..points).map(|point| (0..knobs).map(|knob| at(point, knob)).collect()).collect()
}

/// Base samples of a Saltelli design of at most `points` points: a power of two, for which the sequence is balanced. 0 is too few.
pub fn saltelli_base(points: usize, knobs: usize) -> usize {
    let most = points / (knobs + 2);
    if most == 0 { 0 } else { 1 << most.ilog2() }
}

/// Places of a Saltelli design: A, B, and A with each knob in turn from B, for each base sample.
pub fn saltelli(base: usize, knobs: usize, seed: u64) -> Vec<Vec<f64>> {
    let samples = sobol(base, 2 * knobs, seed);
    let mut places = Vec::with_capacity(base * (knobs + 2));
    for sample in samples {
        let (a, b) = sample.split_at(knobs);
        places.push(a.to_vec());
        places.push(b.to_vec());
        for knob in 0..knobs {
            let mut mixed = a.to_vec();
            mixed[knob] = b[knob];
            places.push(mixed);
        }
    }
    places
}

/// Trajectories of a Morris design of at most `points` points.
pub fn morris_trajectories(points: usize, knobs: usize) -> usize {
    points / (knobs + 1)
}

/// Places of a Morris design: `knobs + 1` points a trajectory. Which knob moves from one point to the next is seen from the places.
pub fn morris(trajectories: usize, knobs: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut draw = Stream::new(seed, 0, "sweep", "morris");
    let mut places = Vec::with_capacity(trajectories * (knobs + 1));
    for _ in 0..trajectories {
        // Two of the four levels can go up by the step, and the other two down.
        let mut at: Vec<f64> = (0..knobs).map(|_| (draw.unit() * 4.0).floor().min(3.0) / LEVELS).collect();
        let mut order: Vec<usize> = (0..knobs).collect();
        shuffle(&mut order, &mut draw);
        places.push(at.clone());
        for knob in order {
            at[knob] += if at[knob] < 0.5 { MORRIS_STEP } else { -MORRIS_STEP };
            places.push(at.clone());
        }
    }
    places
}

/// Fisher and Yates.
fn shuffle(items: &mut [usize], draw: &mut Stream) {
    for last in (1..items.len()).rev() {
        let other = ((draw.unit() * (last + 1) as f64) as usize).min(last);
        items.swap(last, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stratum_is_taken_once() {
        let places = latin_hypercube(40, 5, 7);
        for knob in 0..5 {
            let mut strata: Vec<usize> = places.iter().map(|p| (p[knob] * 40.0) as usize).collect();
            strata.sort_unstable();
            assert_eq!(strata, (0..40).collect::<Vec<_>>());
        }
        assert_ne!(places, latin_hypercube(40, 5, 8));
    }

    /// A scrambled Sobol sequence is a (0, m, 2)-net in its first two dimensions: each elementary interval has one point.
    #[test]
    fn sobol_points_are_balanced() {
        let places = sobol(64, 2, 3);
        for bits in 0..=6 {
            let (columns, rows) = (1 << bits, 64 >> bits);
            let mut taken = [false; 64];
            for place in &places {
                let cell =
                    (place[0] * f64::from(columns)) as usize * rows as usize + (place[1] * f64::from(rows)) as usize;
                assert!(!taken[cell], "two points in one of {columns} x {rows}");
                taken[cell] = true;
            }
        }
    }

    #[test]
    fn saltelli_changes_one_knob_at_a_time() {
        assert_eq!(saltelli_base(256, 4), 32);
        assert_eq!(saltelli_base(5, 4), 0);
        let places = saltelli(8, 3, 1);
        assert_eq!(places.len(), 40);
        for sample in places.chunks(5) {
            for knob in 0..3 {
                let differ: Vec<usize> = (0..3).filter(|k| sample[2 + knob][*k] != sample[0][*k]).collect();
                assert_eq!(differ, [knob]);
                assert_eq!(sample[2 + knob][knob], sample[1][knob]);
            }
        }
    }

    #[test]
    fn morris_moves_each_knob_once_by_two_thirds() {
        let places = morris(10, 4, 5);
        for trajectory in places.chunks(5) {
            let mut moved: Vec<usize> = trajectory
                .windows(2)
                .map(|pair| {
                    let differ: Vec<usize> = (0..4).filter(|k| pair[0][*k] != pair[1][*k]).collect();
                    assert_eq!(differ.len(), 1);
                    assert!(((pair[0][differ[0]] - pair[1][differ[0]]).abs() - MORRIS_STEP).abs() < 1e-12);
                    differ[0]
                })
                .collect();
            moved.sort_unstable();
            assert_eq!(moved, [0, 1, 2, 3]);
        }
        assert!(places.iter().flatten().all(|u| (-1e-12..=1.0 + 1e-12).contains(u)));
    }
}
