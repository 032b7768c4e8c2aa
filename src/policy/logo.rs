use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The media type and the bytes of a logo that can be shown; `None` for any other.
pub fn shown_logo<'a>(name: &str, text: &'a str) -> Option<(&'static str, Cow<'a, [u8]>)> {
    let bytes = bytes(name, text);
    let kind = if name.ends_with(".svg") {
        "image/svg+xml"
    } else {
        "image/png"
    };
    examine(name, &bytes).is_ok().then_some((kind, bytes))
}

/// The bytes of a logo. Texts stand in a catalog as they are, anything else as base64.
pub(super) fn bytes<'a>(name: &str, text: &'a str) -> Cow<'a, [u8]> {
    if name.ends_with(".svg") {
        return Cow::Borrowed(text.as_bytes());
    }
    Cow::Owned(STANDARD.decode(text.trim()).unwrap_or_default())
}

/// Whether a logo can be shown; else why not, as the end of a sentence that begins with the file.
pub(super) fn examine(name: &str, bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > MOST_BYTES {
        return Err(format!(
            "has {} bytes; at most {MOST_BYTES} are taken",
            bytes.len()
        ));
    }
    if name.ends_with(".svg") {
        return examine_svg(bytes);
    }
    let (width, height) = png_size(bytes).ok_or("is not a PNG image")?;
    let fits = |side: u32| (SHORTEST_SIDE..=LONGEST_SIDE).contains(&side);
    if fits(width) && fits(height) {
        Ok(())
    } else {
        Err(format!(
            "has {width} x {height} pixels; each side takes {SHORTEST_SIDE} to {LONGEST_SIDE}"
        ))
    }
}

/// An image that loads or runs something is more than an image.
fn examine_svg(bytes: &[u8]) -> Result<(), String> {
    let text = str::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let lower = text.to_ascii_lowercase();
    if !lower.contains("<svg") {
        return Err("is not an SVG image".to_owned());
    }
    let active = [
        "<script",
        "<foreignobject",
        "javascript:",
        "<!entity",
        "<iframe",
        "onload",
        "onclick",
    ];
    if let Some(found) = active.iter().find(|word| lower.contains(**word)) {
        return Err(format!(
            "holds `{}`; a logo is a picture and nothing else",
            found.trim_start_matches('<')
        ));
    }
    Ok(())
}

/// Width and height from the first chunk of a PNG.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes
        .strip_prefix(b"\x89PNG\r\n\x1a\n")?
        .get(4..)?
        .strip_prefix(b"IHDR")?;
    let number = |at: usize| {
        let four: [u8; 4] = header.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(four))
    };
    Some((number(0)?, number(4)?))
}

const MOST_BYTES: usize = 256 * 1024;
const SHORTEST_SIDE: u32 = 64;
const LONGEST_SIDE: u32 = 2_048;

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    #[test]
    fn pictures_are_taken() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"4\"/></svg>";
        assert_eq!(examine("logo.svg", &bytes("logo.svg", svg)), Ok(()));
        let coded = STANDARD.encode(png(256, 128));
        assert_eq!(examine("logo.png", &bytes("logo.png", &coded)), Ok(()));
    }

    #[test]
    fn anything_else_is_not() {
        for (name, bytes, why) in [
            ("logo.svg", b"<html></html>".to_vec(), "is not an SVG image"),
            (
                "logo.svg",
                b"<svg><script>x</script></svg>".to_vec(),
                "holds `script`",
            ),
            ("logo.svg", b"<svg onload='x'/>".to_vec(), "holds `onload`"),
            ("logo.svg", vec![0xff], "is not UTF-8"),
            ("logo.png", b"<svg/>".to_vec(), "is not a PNG"),
            ("logo.png", png(16, 256), "has 16 x 256 pixels"),
            ("logo.png", vec![0; 300 * 1024], "has 307200 bytes"),
            ("logo.png", Vec::new(), "is not a PNG"),
        ] {
            let found = examine(name, &bytes).unwrap_err();
            assert!(found.contains(why), "{found}");
        }
    }
}
