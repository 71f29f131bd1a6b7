//! PNG pictures of the SVG figures, at twice their size, with a font that comes by a crate.

use crate::ReportError;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::Arc;

/// Pixels for each unit of the drawing.
const SCALE: f32 = 2.0;

/// Makes pictures; the font is read once.
#[derive(Debug)]
pub struct Pictures {
    fonts: Arc<fontdb::Database>,
}

impl Default for Pictures {
    fn default() -> Self {
        Self::new()
    }
}

impl Pictures {
    /// Reads the font: the condensed one, whose widths are near those of the fonts that browsers take.
    pub fn new() -> Self {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(dejavu::sans_condensed::regular().to_vec());
        fonts.load_font_data(dejavu::sans_condensed::bold().to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        Self { fonts: Arc::new(fonts) }
    }

    /// The picture of a drawing.
    ///
    /// # Errors
    /// If the drawing is no SVG.
    pub fn png(&self, svg: &str) -> Result<Vec<u8>, ReportError> {
        let failed = |why: String| ReportError::Picture(why);
        let options =
            Options { fontdb: Arc::clone(&self.fonts), font_family: "DejaVu Sans".into(), ..Options::default() };
        let tree = Tree::from_str(svg, &options).map_err(|e| failed(e.to_string()))?;
        let size = tree.size();
        let (width, height) = ((size.width() * SCALE).ceil() as u32, (size.height() * SCALE).ceil() as u32);
        let mut pixels = Pixmap::new(width, height).ok_or_else(|| failed("an empty drawing".into()))?;
        resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
        pixels.encode_png().map_err(|e| failed(e.to_string()))
    }
}
