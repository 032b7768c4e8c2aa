use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::callback::Seen;
use crate::words::Digest;

/// Reads base64 in its one canonical form; line breaks, which .NET can insert, are skipped.
///
/// `None` for anything else, and for more than `most` bytes.
pub(super) fn decode(text: &str, most: usize) -> Option<Vec<u8>> {
    if is_too_long(text, most) {
        return None;
    }
    // A line break is no letter of base64, and there are hardly ever any: they are looked for only where reading fails.
    let bytes = STANDARD.decode(text).or_else(|fault| {
        if !text.contains(LINE_BREAKS) {
            return Err(fault);
        }
        STANDARD.decode(text.replace(LINE_BREAKS, ""))
    });
    bytes.ok().filter(|bytes| bytes.len() <= most)
}

/// What stands under a name that carries base64. It is decoded once, however many ask for its bytes.
pub(super) enum Blob<'n> {
    /// As [`Seen::Absent`].
    Absent,
    /// A text, of base64 or not.
    Text(BlobText<'n>),
    /// As [`Seen::Odd`].
    Odd,
}

/// A text that should be base64.
pub(super) struct BlobText<'n> {
    text: &'n str,
    bytes: Option<Vec<u8>>,
    digest: Digest,
}

impl<'n> Blob<'n> {
    /// Reads what was seen.
    pub(super) fn read(seen: Seen<'n>) -> Self {
        let text = match seen {
            Seen::Absent => return Self::Absent,
            Seen::Odd => return Self::Odd,
            Seen::Text(text) => text,
        };
        let bytes = decode(text, usize::MAX);
        let digest = Digest::of(bytes.as_deref().unwrap_or(text.as_bytes()));
        Self::Text(BlobText { text, bytes, digest })
    }

    /// The digest of the text, if there is one.
    pub(super) fn digest(&self) -> Option<Digest> {
        match self {
            Self::Text(text) => Some(text.digest()),
            Self::Absent | Self::Odd => None,
        }
    }
}

impl BlobText<'_> {
    /// The bytes, as [`decode`] gives them.
    pub(super) fn bytes(&self, most: usize) -> Option<&[u8]> {
        let bytes = self.bytes.as_deref().filter(|bytes| bytes.len() <= most);
        bytes.filter(|_| !is_too_long(self.text, most))
    }

    /// The digest of the bytes, so that a certificate's is its fingerprint; of the text if it is no base64.
    pub(super) const fn digest(&self) -> Digest {
        self.digest
    }
}

/// Whether a text is too long for so many bytes, with room for line breaks.
const fn is_too_long(text: &str, most: usize) -> bool {
    text.len() > most.saturating_mul(2)
}

const LINE_BREAKS: [char; 2] = ['\r', '\n'];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Line breaks are looked for only after a failure, so wherever one stands it has to lead to one.
        #[test]
        fn a_line_break_never_reads_as_base64(bytes: Vec<u8>, at: prop::sample::Index, line_break in "\r|\n|\r\n") {
            let mut text = STANDARD.encode(&bytes);
            text.insert_str(at.index(text.len() + 1), &line_break);
            prop_assert!(STANDARD.decode(&text).is_err());
            prop_assert_eq!(decode(&text, bytes.len() + 2), Some(bytes));
        }

        #[test]
        fn a_blob_has_the_bytes_of_its_text(text in "[A-Za-z+/\r\n]{0,24}={0,2}", most in 0_usize..20) {
            let Blob::Text(blob) = Blob::read(Seen::Text(&text)) else {
                panic!("it is a text");
            };
            prop_assert_eq!(blob.bytes(most).map(<[u8]>::to_vec), decode(&text, most));
        }
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        for bad in ["AA", "AB==", "AA=", "A A=", "AA==\u{a0}", "AA-_", "=\n="] {
            assert_eq!(decode(bad, 16), None, "{bad}");
        }
        assert_eq!(decode("", 0), Some(Vec::new()));
        assert_eq!(decode("AAAA", 2), None);
        assert_eq!(decode("A\nA\n=\n=\n", 1), None);
        assert_eq!(decode("A\r\nA==", 4), Some(vec![0]));
    }

    #[test]
    fn what_is_no_text_has_no_digest_and_what_is_no_base64_that_of_its_text() {
        assert_eq!(Blob::read(Seen::Absent).digest(), None);
        assert_eq!(Blob::read(Seen::Odd).digest(), None);
        assert_eq!(Blob::read(Seen::Text("AA==")).digest(), Some(Digest::of(&[0])));
        assert_eq!(
            Blob::read(Seen::Text("no base64")).digest(),
            Some(Digest::of(b"no base64"))
        );
    }
}
