use serde::Deserialize;
use serde::Serialize;

/// A QR code: the text in it, and the picture drawn from that text alone.
///
/// The authority sends a picture as well; the one shown is our own, so that it is sharp at every size and nobody else's
/// bytes stand in a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct QrCode(String);

impl QrCode {
    /// Takes the text of a code; `None` if it is empty, holds control characters or does not fit into one code.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let plain = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
        plain.then_some(Self(text))
    }

    /// The text in the code.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The picture, with error correction M and the quiet zone of four modules that scanners need (ISO/IEC 18004).
    ///
    /// One path, so that it stays small; black on white whatever the colours of the page, because dark codes on light
    /// ground are what every scanner reads.
    pub fn svg(&self) -> String {
        let Ok(code) = qrcode::QrCode::with_error_correction_level(&self.0, qrcode::EcLevel::M) else {
            // `new` has seen to it that the text fits.
            return String::new();
        };
        let width = code.width();
        let side = width + 2 * QUIET;
        let colors = code.into_colors();
        let mut path = String::new();
        for (row, modules) in colors.chunks(width.max(1)).enumerate() {
            let mut column = 0;
            for run in modules.chunk_by(|one, next| one == next) {
                if run.first() == Some(&qrcode::Color::Dark) {
                    let (x, y, length) = (column + QUIET, row + QUIET, run.len());
                    path.push_str(&format!("M{x} {y}h{length}v1h-{length}z"));
                }
                column += run.len();
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
        )
    }
}

impl<'de> Deserialize<'de> for QrCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("no text of a QR code"))
    }
}

/// What fits at error correction M in the largest code (version 40).
const LONGEST: usize = 2_331;
const QUIET: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_of_a_code_is_refused() {
        assert!(QrCode::new("").is_none());
        assert!(QrCode::new("a\nb").is_none());
        assert!(QrCode::new("x".repeat(LONGEST + 1)).is_none());
        assert!(QrCode::new("x".repeat(LONGEST)).is_some());
    }

    /// Draws the path again and compares it with the code, module by module.
    #[test]
    fn the_picture_is_the_code_with_its_quiet_zone() {
        let code = QrCode::new("midflow: تجربة 123").unwrap();
        let drawn = code.svg();
        let modules = qrcode::QrCode::with_error_correction_level(code.text(), qrcode::EcLevel::M).unwrap();
        let width = modules.width();
        let side = width + 8;
        assert!(drawn.contains(&format!("viewBox=\"0 0 {side} {side}\"")));
        let path = drawn
            .rsplit_once("d=\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .unwrap()
            .0;
        let mut dark = std::collections::BTreeSet::new();
        for run in path.split('M').skip(1) {
            let (x, rest) = run.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (length, _) = rest.split_once('v').unwrap();
            let [x, y, length] = [x, y, length].map(|number| number.parse::<usize>().unwrap());
            dark.extend((x..x + length).map(|x| (x, y)));
        }
        for row in 0..side {
            for column in 0..side {
                let inside = (4..4 + width).contains(&row) && (4..4 + width).contains(&column);
                let expected = inside && modules[(column - 4, row - 4)] == qrcode::Color::Dark;
                assert_eq!(dark.contains(&(column, row)), expected, "{column} {row}");
            }
        }
    }

    #[test]
    fn the_largest_text_has_a_picture() {
        assert!(QrCode::new("x".repeat(LONGEST)).unwrap().svg().len() > 1_000);
    }
}
