//! MTOM: an XML document and its binary parts in one MIME message (RFC 2387, W3C MTOM and XOP).
//!
//! What is kept of an exchange is its body, so a body has to be readable by itself: the boundary is taken from its first
//! line, where every sender of MTOM writes it, and the first part is the root, as RFC 2387 has it without `start`.

use bytes::Bytes;

/// The document of a body: its root part where the body has several, else all of it.
pub(crate) fn root_part(body: &[u8]) -> Option<&[u8]> {
    parts(body).map(|parts| parts.first().copied().unwrap_or(body))
}

/// The exact bytes of the parts of a body, the root first; none where it is no message of several parts. `None` if it is
/// one and broken.
fn parts(body: &[u8]) -> Option<Vec<&[u8]>> {
    let Some(boundary) = boundary(body) else {
        return Some(Vec::new());
    };
    let delimiter = [b"--", boundary].concat();
    let start = find(body, &delimiter)?;
    let mut rest = body.get(start + delimiter.len()..)?;
    let separator = [b"\r\n", delimiter.as_slice()].concat();
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        if parts.len() >= MAX_PARTS {
            return None;
        }
        let part = rest.strip_prefix(b"\r\n")?;
        let end = find(part, &separator)?;
        parts.push(read_part(part.get(..end)?)?);
        rest = part.get(end + separator.len()..)?;
    }
    (!parts.is_empty()).then_some(parts)
}

/// One root part and nothing else, under a boundary that does not stand in it.
pub(super) fn wrap(root: &str, boundary: &str) -> Bytes {
    Bytes::from(format!(
        "--{boundary}\r\nContent-ID: <{ROOT_ID}>\r\nContent-Transfer-Encoding: 8bit\r\n\
         Content-Type: application/xop+xml;charset=utf-8;type=\"text/xml\"\r\n\r\n{root}\r\n--{boundary}--\r\n"
    ))
}

/// The boundary of a body that [`wrap`] made, or that anybody sent; `None` if the body is no message of several parts.
pub(super) fn boundary(body: &[u8]) -> Option<&[u8]> {
    let body = body.strip_prefix(b"\r\n").unwrap_or(body);
    let line = body.strip_prefix(b"--")?;
    let end = find(line, b"\r\n")?;
    let boundary = line.get(..end)?;
    let plain = (1..=MAX_BOUNDARY).contains(&boundary.len()) && boundary.iter().all(u8::is_ascii_graphic);
    plain.then_some(boundary)
}

fn read_part(part: &[u8]) -> Option<&[u8]> {
    if let Some(bytes) = part.strip_prefix(b"\r\n") {
        return Some(bytes);
    }
    let end = find(part, b"\r\n\r\n")?;
    let headers = std::str::from_utf8(part.get(..end)?).ok()?.to_ascii_lowercase();
    let encoded = headers.split("\r\n").any(|line| {
        line.starts_with("content-transfer-encoding:")
            && (line.contains("base64") || line.contains("quoted-printable"))
    });
    // MTOM carries bytes as they are; an encoded part would be read as something that it is not.
    part.get(end + 4..).filter(|_| !encoded)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// The `Content-ID` of the root.
pub(super) const ROOT_ID: &str = "root@midflow";
const MAX_PARTS: usize = 8;
const MAX_BOUNDARY: usize = 70;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The shape that WCF writes: a line break first, a boundary with a `uuid:`, bytes in a part of their own.
    const WCF: &str = "\r\n--uuid:6a+id=1\r\nContent-ID: <http://tempuri.org/0>\r\nContent-Transfer-Encoding: 8bit\r\n\
                       Content-Type: application/xop+xml;charset=utf-8;type=\"text/xml\"\r\n\r\n<a/>\r\n\
                       --uuid:6a+id=1\r\nContent-ID: <1@x>\r\nContent-Transfer-Encoding: binary\r\n\r\n\u{1}\r\n--\u{2}\r\n\
                       --uuid:6a+id=1--";

    #[test]
    fn the_parts_of_a_message_are_its_exact_bytes() {
        let parts = parts(WCF.as_bytes()).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0], b"<a/>");
        assert_eq!(parts[1], b"\x01\r\n--\x02");
        assert_eq!(root_part(WCF.as_bytes()), Some(&b"<a/>"[..]));
        assert_eq!(root_part(b"<a/>"), Some(&b"<a/>"[..]));
    }

    #[test]
    fn what_is_wrapped_is_read_again() {
        let body = wrap("<a>ف</a>", "midflow-1");
        assert_eq!(boundary(&body), Some(&b"midflow-1"[..]));
        assert_eq!(root_part(&body), Some("<a>ف</a>".as_bytes()));
    }

    #[test]
    fn a_broken_message_is_no_message() {
        for bad in [
            "--b\r\n\r\n<a/>",
            "--b\r\nContent-ID: <1>\r\n<a/>\r\n--b--",
            "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nPGEvPg==\r\n--b--",
            "--b\r\n",
        ] {
            assert!(parts(bad.as_bytes()).is_none(), "{bad}");
        }
        let many = format!("{}--b--", "--b\r\n\r\nx\r\n".repeat(20));
        assert!(parts(many.as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in r"(\r\n|-|b|<a/>|Content-ID: <1>|:){0,40}") {
            let _ = parts(text.as_bytes());
            let _ = parts(format!("--b\r\n{text}").as_bytes());
        }
    }
}
