//! Broken files are reported, never a panic: shipped scenarios are cut, flipped and thinned by a seeded loop.

use crate::files::{Files, Memory};
use crate::loaded::load;
use std::collections::BTreeMap;

/// A small generator of its own, so that the loop is the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % below.max(1)
    }
}

fn mangle(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = text.to_vec();
    match dice.roll(5) {
        0 => bytes.truncate(dice.roll(text.len())),
        1 => {
            for _ in 0..=dice.roll(8) {
                let at = dice.roll(bytes.len());
                bytes[at] ^= 1 << dice.roll(8);
            }
        }
        2 => {
            let mut lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
            lines.remove(dice.roll(lines.len()));
            bytes = lines.join(&b'\n');
        }
        3 => {
            let (from, to) = (dice.roll(text.len()), dice.roll(text.len()));
            let length = dice.roll(20).min(text.len() - from);
            let piece = text[from..from + length].to_vec();
            bytes.splice(to..to, piece);
        }
        _ => {
            let at = dice.roll(bytes.len());
            bytes[at] = b"{}[]:,&*!|>'\"%@`#-? \n0"[dice.roll(22)];
        }
    }
    bytes
}

#[test]
fn mangled_scenarios_never_panic() {
    let mut dice = Dice(20);
    for path in super::shipped::files() {
        let text = std::fs::read(&path).expect("can be read");
        for _ in 0..60 {
            let bytes = mangle(&text, &mut dice);
            let files = Memory(BTreeMap::from([("m.yaml".to_owned(), bytes)]));
            if let Err(report) = load(&files, "m.yaml", &[], None) {
                assert!(report.counts().0 > 0);
                let rendered = report.render(false);
                assert!(rendered.starts_with("error: ") || rendered.starts_with("warning: "), "{rendered}");
            }
            let _ = files.text("m.yaml");
        }
    }
}
