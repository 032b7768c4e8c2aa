use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Reads base64 in its one canonical form; line breaks, which .NET can insert, are skipped.
///
/// `None` for anything else, and for more than `most` bytes.
pub(super) fn decode(text: &str, most: usize) -> Option<Vec<u8>> {
    if text.len() > most.saturating_mul(2) {
        return None;
    }
    let bytes = if text.contains(['\r', '\n']) {
        let joined: String = text
            .chars()
            .filter(|letter| !matches!(letter, '\r' | '\n'))
            .collect();
        STANDARD.decode(joined)
    } else {
        STANDARD.decode(text)
    };
    bytes.ok().filter(|bytes| bytes.len() <= most)
}
