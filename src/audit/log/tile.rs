use crate::words::Digest;

/// Some hashes of one level, side by side, as C2SP `tlog-tiles` cuts a tree: a tile of level `n` holds up to 256 hashes
/// of perfect subtrees of height `8 n`. Level 0 is made of the leaves, which stand with their records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Which level, from 1.
    pub level: u8,
    /// Which tile of the level, from 0.
    pub number: u64,
    /// Its hashes from the left; fewer than 256 while the tile grows.
    pub hashes: Vec<Digest>,
}

impl Tile {
    /// The stored form: the hashes one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// Hashes from their stored form; `None` if it is cut off.
    pub fn hashes_from_bytes(bytes: &[u8]) -> Option<Vec<Digest>> {
        if !bytes.len().is_multiple_of(32) {
            return None;
        }
        bytes
            .chunks_exact(32)
            .map(|hash| <[u8; 32]>::try_from(hash).ok().map(Digest::from_bytes))
            .collect()
    }

    /// How many hashes of a level a tree of `size` leaves has.
    pub const fn hashes_of_level(level: u8, size: u64) -> u64 {
        match size.checked_shr(level as u32 * HEIGHT as u32) {
            Some(count) => count,
            None => 0,
        }
    }
}

/// The height of a tile: it holds two to the power of this many hashes.
pub(super) const HEIGHT: u8 = 8;

/// The most hashes of a tile.
pub(super) const WIDTH: u64 = 1 << HEIGHT;
