use super::hash::empty_root;
use super::hash::node_hash;
use super::tile::HEIGHT;
use crate::words::Digest;

/// A perfect subtree: its height above the leaves, and its place among those of its height. It never changes once all
/// of its leaves are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height above the leaves; 0 is a leaf.
    pub height: u8,
    /// Place among the subtrees of this height, from 0.
    pub index: u64,
}

impl Node {
    /// The perfect subtrees that cover the leaves from `from` up to `to`, the largest first. `from` has to be where a
    /// subtree of the RFC begins, which everything that RFC 6962 cuts off is.
    pub(super) fn cover(from: u64, to: u64) -> Vec<Self> {
        let mut nodes = Vec::new();
        let mut at = from;
        while at < to {
            let height = (to - at).ilog2();
            nodes.push(Self {
                height: u8::try_from(height).unwrap_or(u8::MAX),
                index: at >> height,
            });
            at += 1 << height;
        }
        nodes
    }

    /// The perfect subtrees that a tree of `size` leaves is made of, the largest first.
    pub fn of_tree(size: u64) -> Vec<Self> {
        Self::cover(0, size)
    }

    /// The root of a tree, from the hashes of [`Node::of_tree`] in their order.
    pub fn root_of_tree(hashes: &[Digest]) -> Digest {
        let mut from_right = hashes.iter().rev();
        match from_right.next() {
            None => empty_root(),
            Some(last) => from_right.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// The stored hashes that it is made of: the level of their tiles, the first one, and how many.
    pub const fn hashes(self) -> (u8, u64, u64) {
        let above = self.height % HEIGHT;
        (self.height / HEIGHT, self.index << above, 1 << above)
    }

    /// Its hash, from the hashes that [`Node::hashes`] names; `None` unless they are as many as there should be.
    pub fn from_hashes(self, hashes: &[Digest]) -> Option<Digest> {
        let (_, _, count) = self.hashes();
        if u64::try_from(hashes.len()) != Ok(count) {
            return None;
        }
        let mut level = hashes.to_vec();
        while level.len() > 1 {
            level = level
                .chunks_exact(2)
                .filter_map(|pair| Some(node_hash(pair.first()?, pair.get(1)?)))
                .collect();
        }
        level.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cover_is_made_of_perfect_subtrees_from_large_to_small() {
        let cover = |from, to| {
            Node::cover(from, to)
                .iter()
                .map(|node| (node.height, node.index))
                .collect::<Vec<_>>()
        };
        assert_eq!(cover(0, 7), [(2, 0), (1, 2), (0, 6)]);
        assert_eq!(cover(4, 7), [(1, 2), (0, 6)]);
        assert_eq!(cover(8, 16), [(3, 1)]);
        assert_eq!(cover(0, 0), []);
    }

    #[test]
    fn a_node_names_the_hashes_of_one_tile() {
        let node = |height, index| Node { height, index }.hashes();
        assert_eq!(node(0, 5), (0, 5, 1));
        assert_eq!(node(7, 3), (0, 384, 128));
        assert_eq!(node(8, 3), (1, 3, 1));
        assert_eq!(node(17, 1), (2, 2, 2));
    }
}
