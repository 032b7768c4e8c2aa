//! One way to write an archive: `ustar` with fixed owners, times and modes, so that every tool unpacks it and the same
//! members give the same bytes. What is not written that way is refused, to the last bit of its padding.

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its path: ASCII letters, digits, `.`, `-`, `_` and `/`, at most 100.
    pub name: String,
    /// Its content. May hold personal data.
    pub bytes: Vec<u8>,
}

/// The bytes are no archive of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the archive is not written as evidence is written, at byte {0}")]
pub struct ArchiveError(pub usize);

/// Writes an archive; `None` if a name or a size has no place in one.
pub fn pack(members: &[Member]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for member in members {
        out.extend(header(&member.name, member.bytes.len())?);
        out.extend(&member.bytes);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.resize(out.len().saturating_add(2 * BLOCK), 0);
    Some(out)
}

/// Reads an archive.
///
/// # Errors
/// Where it is not byte for byte what [`pack`] writes.
pub fn unpack(archive: &[u8]) -> Result<Vec<Member>, ArchiveError> {
    let mut members = Vec::new();
    let mut at = 0;
    loop {
        let wrong = ArchiveError(at);
        let block = archive.get(at..at.saturating_add(BLOCK)).ok_or(wrong)?;
        if block.iter().all(|byte| *byte == 0) {
            let rest = archive.get(at..).unwrap_or_default();
            let ends = rest.len() == 2 * BLOCK && rest.iter().all(|byte| *byte == 0);
            return if ends { Ok(members) } else { Err(wrong) };
        }
        let (name, size) = read_header(block).ok_or(wrong)?;
        if header(&name, size).as_deref() != Some(block) {
            return Err(wrong);
        }
        at = at.saturating_add(BLOCK);
        let end = at.checked_add(size).ok_or(wrong)?;
        let bytes = archive.get(at..end).ok_or(ArchiveError(at))?;
        let next = end.checked_next_multiple_of(BLOCK).ok_or(wrong)?;
        let padding = archive.get(end..next).ok_or(ArchiveError(end))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(ArchiveError(end));
        }
        members.push(Member {
            name,
            bytes: bytes.to_vec(),
        });
        at = next;
    }
}

fn header(name: &str, size: usize) -> Option<Vec<u8>> {
    if !is_name(name) || size > LARGEST {
        return None;
    }
    let mut block = vec![0; BLOCK];
    let mut put = |at: usize, text: &[u8]| {
        if let Some(place) = block.get_mut(at..at.saturating_add(text.len())) {
            place.copy_from_slice(text);
        }
    };
    put(0, name.as_bytes());
    put(100, b"0000644");
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, format!("{size:011o}").as_bytes());
    put(136, b"00000000000");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(329, b"0000000");
    put(337, b"0000000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    block.get_mut(148..156)?.copy_from_slice(sum.as_bytes());
    Some(block)
}

fn read_header(block: &[u8]) -> Option<(String, usize)> {
    let name = block.get(..100)?.split(|byte| *byte == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    let size = std::str::from_utf8(block.get(124..135)?).ok()?;
    Some((name.to_owned(), usize::from_str_radix(size, 8).ok()?))
}

fn is_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | '/');
    let parts_are_good = name
        .split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.'));
    name.len() <= 100 && name.chars().all(plain) && parts_are_good
}

const BLOCK: usize = 512;
/// Far more than any member has.
const LARGEST: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn members() -> Vec<Member> {
        [("a", 0), ("log/b.json", 511), ("c-d_e.f", 512), ("g", 1_300)]
            .map(|(name, size)| Member {
                name: name.to_owned(),
                bytes: vec![7; size],
            })
            .to_vec()
    }

    #[test]
    fn what_is_packed_is_unpacked_and_always_the_same() {
        let archive = pack(&members()).unwrap();
        assert_eq!(unpack(&archive), Ok(members()));
        assert_eq!(pack(&members()).unwrap(), archive);
        assert_eq!(archive.len() % BLOCK, 0);
    }

    // Only the content is left for others to check.
    #[test]
    fn every_changed_bit_outside_of_the_content_is_refused() {
        let archive = pack(&members()).unwrap();
        for at in 0..archive.len() {
            for bit in 0..8 {
                let mut changed = archive.clone();
                changed[at] ^= 1 << bit;
                if let Ok(read) = unpack(&changed) {
                    assert!(archive[at] == 7, "byte {at}, bit {bit}");
                    assert_ne!(read, members());
                }
            }
        }
        assert!(unpack(&archive[..archive.len() - 1]).is_err());
        assert!(unpack(&[archive.clone(), vec![0; BLOCK]].concat()).is_err());
    }

    #[test]
    fn names_that_lead_elsewhere_are_none() {
        for name in ["", "/a", "a//b", "../a", "a/../b", "a b", "ا", &"a".repeat(101)] {
            let member = Member {
                name: name.to_owned(),
                bytes: Vec::new(),
            };
            assert_eq!(pack(&[member]), None, "{name}");
        }
    }
}
