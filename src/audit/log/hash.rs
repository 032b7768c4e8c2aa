use sha2::Digest as _;
use sha2::Sha256;

use crate::words::Digest;

/// The hash of a leaf, RFC 6962 section 2.1: a zero byte stands before the entry, so that no entry can pose as a node.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    finish(Sha256::new().chain_update([0]).chain_update(entry))
}

/// The hash of a node over its two children.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut both = [1; 65];
    let (front, back) = both.split_at_mut(33);
    if let Some(place) = front.get_mut(1..) {
        place.copy_from_slice(left.as_bytes());
    }
    back.copy_from_slice(right.as_bytes());
    Digest::of(&both)
}

/// The root of a tree without leaves.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

fn finish(hasher: Sha256) -> Digest {
    Digest::from_bytes(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    // The values were computed with another program: `printf '\0' | sha256sum`, `printf '' | sha256sum`, and
    // `printf '\1<both>' | sha256sum`.
    #[test]
    fn leaves_and_nodes_are_hashed_as_rfc_6962_says() {
        assert_eq!(
            empty_root().to_string(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(
            leaf_hash(b"").to_string(),
            "sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        let (left, right) = (Digest::from_bytes([1; 32]), Digest::from_bytes([2; 32]));
        let both = [&[1][..], &[1; 32], &[2; 32]].concat();
        assert_eq!(node_hash(&left, &right), Digest::of(&both));
    }
}
