//! A QR code as the picture that the authority sends beside its text: a JPEG.
//!
//! A module is one block of eight by eight pixels, so each block has one colour and nothing but its mean has to be written:
//! the picture is exact, and a few hundred bytes long.

use qrcode::Color;
use qrcode::QrCode;

/// The picture of a text as a QR code (ITU-T T.81, baseline, grey); `None` for a text that no code holds.
pub(super) fn jpeg(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let side = width + 2 * QUIET;
    let dark = |row: usize, column: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < width);
        inside(row)
            .zip(inside(column))
            .is_some_and(|(row, column)| code[(column, row)] == Color::Dark)
    };
    let mut picture = header(u16::try_from(side * BLOCK).ok()?);
    let mut bits = Bits::default();
    let mut before = 0;
    for row in 0..side {
        for column in 0..side {
            let mean = if dark(row, column) { BLACK } else { WHITE };
            bits.difference(mean - before);
            before = mean;
        }
    }
    picture.extend(bits.finished());
    picture.extend(END);
    Some(picture)
}

/// Everything before the blocks.
fn header(side: u16) -> Vec<u8> {
    let [high, low] = side.to_be_bytes();
    let mut header = vec![0xff, 0xd8];
    header.extend(b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00");
    // One quantisation table: the mean of a block is told in eighths, as the transform scales it.
    header.extend([0xff, 0xdb, 0x00, 0x43, 0x00]);
    header.extend([8; 64]);
    header.extend([0xff, 0xc0, 0x00, 0x0b, 8, high, low, high, low, 1, 1, 0x11, 0]);
    // Means: no difference `0`, eight bits `10`, seven bits `110`.
    header.extend([
        0xff, 0xc4, 0x00, 0x16, 0x00, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    header.extend([0, 8, 7]);
    // Everything else: the end of the block `0`.
    header.extend([
        0xff, 0xc4, 0x00, 0x14, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    header.extend([0]);
    header.extend([0xff, 0xda, 0x00, 0x08, 1, 1, 0x00, 0, 63, 0]);
    header
}

/// Bits, most significant first, as entropy-coded data takes them.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    open: u8,
    count: u8,
}

impl Bits {
    /// The difference of one mean to the one before, and the end of its block.
    fn difference(&mut self, difference: i16) {
        match difference {
            0 => self.push(0b0, 1),
            // The first block only.
            WHITE => {
                self.push(0b110, 3);
                self.push(0b111_1111, 7);
            }
            up if up > 0 => {
                self.push(0b10, 2);
                self.push(0b1111_1111, 8);
            }
            _ => {
                self.push(0b10, 2);
                self.push(0b0000_0000, 8);
            }
        }
        self.push(0b0, 1);
    }

    fn push(&mut self, bits: u16, count: u8) {
        for at in (0..count).rev() {
            self.open = self.open << 1 | u8::from(bits >> at & 1 == 1);
            self.count += 1;
            if self.count == 8 {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        self.bytes.push(self.open);
        // A byte of ones is followed by a zero, so that it is no marker.
        if self.open == 0xff {
            self.bytes.push(0);
        }
        self.open = 0;
        self.count = 0;
    }

    fn finished(mut self) -> Vec<u8> {
        while self.count > 0 {
            self.push(1, 1);
        }
        self.bytes
    }
}

/// The width of the white border, in modules.
const QUIET: usize = 4;
/// The side of a block, in pixels.
const BLOCK: usize = 8;
/// The means, from the middle of the scale: their difference takes eight bits.
const WHITE: i16 = 127;
const BLACK: i16 = -128;
const END: [u8; 2] = [0xff, 0xd9];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_begins_and_ends_as_a_jpeg_and_is_small() {
        let picture = jpeg("midflow-sandbox-request:0123456789abcdef").unwrap();
        assert!(picture.starts_with(&[0xff, 0xd8, 0xff, 0xe0]));
        assert!(picture.ends_with(&END));
        assert!(picture.len() < 2_000, "{}", picture.len());
    }

    // The blocks read back are the modules of the code: the reader below shares nothing with the writer but the standard.
    #[test]
    fn every_module_is_read_back() {
        let text = "midflow-sandbox-request:fedcba9876543210";
        let picture = jpeg(text).unwrap();
        let code = QrCode::new(text).unwrap();
        let side = code.width() + 2 * QUIET;
        let at = picture.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap() + 10;
        let data = &picture[at..picture.len() - 2];
        let mut bits = data
            .iter()
            .scan(0_u8, |before, byte| {
                let stuffed = *before == 0xff && *byte == 0;
                *before = *byte;
                Some((!stuffed).then_some(*byte))
            })
            .flatten()
            .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1));
        let mut mean = 0_i32;
        for row in 0..side {
            for column in 0..side {
                let mut size = 0;
                if bits.next() == Some(1) {
                    size = if bits.next() == Some(1) {
                        assert_eq!(bits.next(), Some(0));
                        7
                    } else {
                        8
                    };
                }
                let value = (0..size).fold(0, |value, _| value << 1 | i32::from(bits.next().unwrap()));
                if size > 0 {
                    let positive = value >> (size - 1) == 1;
                    mean += if positive { value } else { value - (1 << size) + 1 };
                }
                assert_eq!(bits.next(), Some(0), "the end of the block");
                let inside = (QUIET..QUIET + code.width()).contains(&row)
                    && (QUIET..QUIET + code.width()).contains(&column);
                let dark = inside && code[(column - QUIET, row - QUIET)] == Color::Dark;
                assert_eq!(mean, if dark { -128 } else { 127 }, "{row}, {column}");
            }
        }
    }

    #[test]
    fn a_text_that_no_code_holds_has_no_picture() {
        assert!(jpeg(&"x".repeat(8_000)).is_none());
    }
}
