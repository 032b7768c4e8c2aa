/// A placeholder picture as PNG: a grey head and shoulders, drawn here. Nobody's photo.
pub(super) fn placeholder() -> Vec<u8> {
    let mut rows = Vec::with_capacity(HEIGHT * (1 + WIDTH / 8));
    for y in 0..HEIGHT {
        rows.push(0); // this row is not filtered
        for byte in 0..WIDTH / 8 {
            let bits = (0..8).fold(0_u8, |bits, bit| {
                bits << 1 | u8::from(is_drawn(byte * 8 + bit, y))
            });
            rows.push(bits);
        }
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(to_u32(WIDTH).to_be_bytes());
    header.extend(to_u32(HEIGHT).to_be_bytes());
    header.extend([1, 3, 0, 0, 0]); // one bit a pixel, palette
    chunk(&mut png, *b"IHDR", &header);
    chunk(&mut png, *b"PLTE", &[0xe8, 0xe4, 0xda, 0x6b, 0x62, 0x74]);
    chunk(&mut png, *b"IDAT", &stored(&rows));
    chunk(&mut png, *b"IEND", &[]);
    png
}

/// A circle for the head above half an ellipse for the shoulders.
fn is_drawn(x: usize, y: usize) -> bool {
    let x = i64::from(to_u32(x)) - 24;
    let y = i64::from(to_u32(y));
    let head = x * x + (y - 22) * (y - 22) <= 100;
    let shoulders = x * x * 24 * 24 + (y - 60) * (y - 60) * 19 * 19 <= 19 * 19 * 24 * 24;
    head || shoulders
}

fn chunk(png: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    png.extend(to_u32(data.len()).to_be_bytes());
    let start = png.len();
    png.extend(name);
    png.extend(data);
    let crc = crc32(png.get(start..).unwrap_or_default());
    png.extend(crc.to_be_bytes());
}

/// A zlib stream (RFC 1950) with one stored block: so small a picture needs no compression.
fn stored(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(data);
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

const WIDTH: usize = 48;
const HEIGHT: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_those_of_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn the_picture_is_small_and_has_a_head() {
        let png = placeholder();
        assert!(png.starts_with(b"\x89PNG") && png.len() < 600, "{}", png.len());
        assert!(is_drawn(24, 22) && is_drawn(24, 59) && !is_drawn(0, 0) && !is_drawn(24, 34));
    }
}
