/// Several values as one, to be sealed together: of each whether it is there, its length and its bytes.
pub fn join(parts: &[Option<&[u8]>]) -> Vec<u8> {
    let size: usize = parts.iter().map(|part| 5 + part.map_or(0, <[u8]>::len)).sum();
    let mut joined = Vec::with_capacity(size);
    for part in parts {
        let Some(bytes) = part else {
            joined.push(0);
            continue;
        };
        joined.push(1);
        // No value is longer than a message that is let in, which is far below this limit.
        joined.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        joined.extend_from_slice(bytes);
    }
    joined
}

/// Takes what was joined apart again; `None` if it does not hold `N` values.
pub fn split<const N: usize>(mut joined: &[u8]) -> Option<[Option<&[u8]>; N]> {
    let mut parts = [None; N];
    for part in &mut parts {
        let (there, rest) = joined.split_first()?;
        joined = rest;
        match there {
            0 => {}
            1 => {
                let (size, rest) = joined.split_first_chunk::<4>()?;
                let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
                let (bytes, rest) = rest.split_at_checked(size)?;
                *part = Some(bytes);
                joined = rest;
            }
            _ => return None,
        }
    }
    joined.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::proptest;

    use super::*;

    proptest! {
        #[test]
        fn what_is_joined_comes_apart(a in any::<Option<Vec<u8>>>(), b in any::<Option<Vec<u8>>>()) {
            let joined = join(&[a.as_deref(), b.as_deref()]);
            assert_eq!(split::<2>(&joined), Some([a.as_deref(), b.as_deref()]));
            assert_eq!(split::<1>(&joined), None);
            assert_eq!(split::<3>(&joined), None);
        }

        #[test]
        fn nonsense_is_refused_calmly(bytes in any::<Vec<u8>>()) {
            if let Some(parts) = split::<2>(&bytes) {
                assert_eq!(join(&parts), bytes);
            }
        }
    }
}
