//! What every form for a terminal is made of. The forms themselves stand with their studies.
//!
//! Text is made, nothing is printed. Colour adds escape codes and changes no character; `plain` draws bars in ASCII. No line is longer
//! than the width (`fit`).

pub mod fit;
mod style;
pub mod table;
pub mod text;

pub use style::{Style, say};
