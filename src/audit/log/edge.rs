use super::hash::empty_root;
use super::hash::node_hash;
use super::tile::HEIGHT;
use super::tile::Tile;
use super::tile::WIDTH;
use crate::words::Digest;

/// The right edge of the tree: all that is needed to add leaves and to name the root, whatever the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// The roots of the perfect subtrees that the tree is made of, the largest first: one for each bit of `size`.
    peaks: Vec<Digest>,
    /// The tile of each level from 1 that still grows.
    growing: Vec<Tile>,
    /// Tiles that have changed since [`Edge::take_tiles`], each once.
    changed: Vec<Tile>,
}

/// Stored hashes that don't fit the size of the tree they are said to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tree of {size} leaves needs {expected} hashes of level {level} at its edge, and {found} are stored"
)]
pub struct EdgeError {
    level: u8,
    size: u64,
    expected: u64,
    found: usize,
}

impl Edge {
    /// Which stored hashes the edge of a tree of `size` leaves is restored from, by level from 0: the first one of the
    /// level's last tile that is not full, and how many.
    pub fn parts(size: u64) -> impl Iterator<Item = (u8, u64, u64)> {
        (0..=TOP_LEVEL)
            .map(move |level| (level, Tile::hashes_of_level(level, size)))
            .take_while(|(_, count)| *count > 0)
            .map(|(level, count)| (level, count - count % WIDTH, count % WIDTH))
    }

    /// The edge of a tree of `size` leaves, from stored hashes: for each level from 0, those of its last tile that is
    /// not full. More than are needed may be handed in, for a tree that has grown meanwhile.
    ///
    /// # Errors
    /// When hashes are missing.
    pub fn restore(size: u64, levels: &[Vec<Digest>]) -> Result<Self, EdgeError> {
        let mut edge = Self {
            size,
            ..Self::default()
        };
        for level in (0..=TOP_LEVEL).rev() {
            let count = Tile::hashes_of_level(level, size);
            let expected = count % WIDTH;
            let stored = levels.get(usize::from(level)).map_or(&[][..], Vec::as_slice);
            let Some(hashes) = usize::try_from(expected).ok().and_then(|n| stored.get(..n)) else {
                return Err(EdgeError {
                    level,
                    size,
                    expected,
                    found: stored.len(),
                });
            };
            let mut small = Self::default();
            for hash in hashes {
                small.append(*hash);
            }
            edge.peaks.extend(small.peaks);
            if level > 0 && !hashes.is_empty() {
                edge.growing.insert(
                    0,
                    Tile {
                        level,
                        number: count / WIDTH,
                        hashes: hashes.to_vec(),
                    },
                );
            }
        }
        Ok(edge)
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Digest) {
        let mut hash = leaf;
        let (mut height, mut index) = (0, self.size);
        while index & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            index >>= 1;
            height += 1;
            if height % HEIGHT == 0 {
                self.keep(height / HEIGHT, index, hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }

    /// The tiles that have grown since the last call, to be stored in place of their earlier forms.
    pub fn take_tiles(&mut self) -> Vec<Tile> {
        std::mem::take(&mut self.changed)
    }

    fn keep(&mut self, level: u8, index: u64, hash: Digest) {
        let number = index / WIDTH;
        let growing = self
            .growing
            .iter_mut()
            .find(|tile| (tile.level, tile.number) == (level, number));
        let tile = match growing {
            Some(tile) => {
                tile.hashes.push(hash);
                tile.clone()
            }
            None => {
                let tile = Tile {
                    level,
                    number,
                    hashes: vec![hash],
                };
                self.growing.retain(|old| old.level != level);
                self.growing.push(tile.clone());
                tile
            }
        };
        let before = self
            .changed
            .iter_mut()
            .find(|old| (old.level, old.number) == (level, number));
        match before {
            Some(before) => *before = tile,
            None => self.changed.push(tile),
        }
    }
}

/// 8 levels of tiles hold more leaves than a number of 64 bits counts.
const TOP_LEVEL: u8 = 7;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::audit::log::leaf_hash;
    use crate::audit::log::proof::naive;

    fn leaves(count: u64) -> Vec<Digest> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    #[test]
    fn the_root_is_that_of_the_definition_at_every_size() {
        let leaves = leaves(300);
        let mut edge = Edge::default();
        assert_eq!(edge.root(), naive::root(&[]));
        for (at, leaf) in leaves.iter().enumerate() {
            edge.append(*leaf);
            assert_eq!(edge.root(), naive::root(&leaves[..=at]), "{at}");
        }
        assert_eq!(edge.size(), 300);
    }

    #[test]
    fn tiles_hold_the_roots_of_full_subtrees_and_only_grow() {
        let leaves = leaves(256 * 258 + 7);
        let mut edge = Edge::default();
        let mut kept: BTreeMap<(u8, u64), Tile> = BTreeMap::new();
        for leaf in &leaves {
            edge.append(*leaf);
            for tile in edge.take_tiles() {
                let before = kept.insert((tile.level, tile.number), tile.clone());
                assert!(before.is_none_or(|before| tile.hashes.starts_with(&before.hashes)));
            }
        }
        assert_eq!(kept.len(), 3);
        assert_eq!(kept[&(1, 0)].hashes.len(), 256);
        assert_eq!(kept[&(1, 1)].hashes.len(), 2);
        assert_eq!(kept[&(1, 0)].hashes[3], naive::root(&leaves[768..1_024]));
        assert_eq!(kept[&(2, 0)].hashes, [naive::root(&leaves[..65_536])]);
        let tile = &kept[&(1, 0)];
        assert_eq!(Tile::hashes_from_bytes(&tile.to_bytes()).unwrap(), tile.hashes);
        assert!(Tile::hashes_from_bytes(&tile.to_bytes()[1..]).is_none());
    }

    #[test]
    fn an_edge_is_restored_from_what_is_stored_of_it() {
        let leaves = leaves(256 * 257 + 40);
        let mut edge = Edge::default();
        let mut level_1 = Vec::new();
        for (at, leaf) in leaves.iter().enumerate() {
            edge.append(*leaf);
            edge.take_tiles();
            let size = at + 1;
            if size % 256 == 0 {
                level_1.push(naive::root(&leaves[size - 256..size]));
            }
            if size % 97 == 0 || size > 65_500 {
                let tail = leaves[size - size % 256..size].to_vec();
                let full = level_1.len() - level_1.len() % 256;
                let level_2 = level_1.chunks_exact(256).map(naive::root_of_nodes).collect();
                let stored = [tail, level_1[full..].to_vec(), level_2];
                let restored = Edge::restore(size as u64, &stored).unwrap();
                assert_eq!((restored.size(), restored.root()), (edge.size(), edge.root()));
                let mut both = (edge.clone(), restored);
                for leaf in &leaves[..600] {
                    both.0.append(*leaf);
                    both.1.append(*leaf);
                }
                assert_eq!(both.0.root(), both.1.root());
                assert_eq!(both.0.take_tiles(), both.1.take_tiles());
            }
        }
        assert!(Edge::restore(3, &[leaves[..2].to_vec()]).is_err());
    }
}
