use super::hash::empty_root;
#[cfg(test)]
use super::hash::leaf_hash;
use super::hash::node_hash;
use super::node::Node;
use crate::words::Digest;

/// Which perfect subtrees have to be read to prove that a leaf is in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionPlan(Plan);

/// Which perfect subtrees have to be read to prove that a tree has grown out of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyPlan(Plan);

/// A proof does not show what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such leaf or tree.
    #[error("a tree of {size} leaves has no place {place}")]
    Place {
        /// What was asked for.
        place: u64,
        /// The size of the tree.
        size: u64,
    },
    /// Hashes are missing or too many.
    #[error("the proof has not as many hashes as it needs")]
    Length,
    /// It leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Each step of the path is made of the subtrees of one part of the tree, from the left.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan(Vec<Vec<Node>>);

impl InclusionPlan {
    /// For the leaf at `index`, from 0, of a tree of `size` leaves.
    ///
    /// # Errors
    /// When the tree has no such leaf.
    pub fn new(index: u64, size: u64) -> Result<Self, ProofError> {
        if index >= size {
            return Err(ProofError::Place { place: index, size });
        }
        let mut steps = Vec::new();
        path(index, 0, size, &mut steps);
        Ok(Self(Plan(steps)))
    }

    /// The subtrees to be read.
    pub fn nodes(&self) -> Vec<Node> {
        self.0.nodes()
    }

    /// The proof, RFC 6962 section 2.1.1, from the hashes of [`InclusionPlan::nodes`] in their order.
    ///
    /// # Errors
    /// When hashes are missing.
    pub fn proof(&self, hashes: &[Digest]) -> Result<Vec<Digest>, ProofError> {
        self.0.proof(hashes)
    }
}

impl ConsistencyPlan {
    /// From a tree of `earlier` leaves to one of `size`.
    ///
    /// # Errors
    /// When the earlier tree is the larger one.
    pub fn new(earlier: u64, size: u64) -> Result<Self, ProofError> {
        if earlier > size {
            return Err(ProofError::Place { place: earlier, size });
        }
        let mut steps = Vec::new();
        if earlier > 0 {
            grown(earlier, 0, size, true, &mut steps);
        }
        Ok(Self(Plan(steps)))
    }

    /// The subtrees to be read.
    pub fn nodes(&self) -> Vec<Node> {
        self.0.nodes()
    }

    /// The proof, RFC 6962 section 2.1.2, from the hashes of [`ConsistencyPlan::nodes`] in their order.
    ///
    /// # Errors
    /// When hashes are missing.
    pub fn proof(&self, hashes: &[Digest]) -> Result<Vec<Digest>, ProofError> {
        self.0.proof(hashes)
    }
}

impl Plan {
    fn nodes(&self) -> Vec<Node> {
        self.0.iter().flatten().copied().collect()
    }

    fn proof(&self, mut hashes: &[Digest]) -> Result<Vec<Digest>, ProofError> {
        let mut proof = Vec::new();
        for step in &self.0 {
            let (of_step, rest) = hashes.split_at_checked(step.len()).ok_or(ProofError::Length)?;
            hashes = rest;
            let mut from_right = of_step.iter().rev();
            let last = from_right.next().ok_or(ProofError::Length)?;
            proof.push(from_right.fold(*last, |right, left| node_hash(left, &right)));
        }
        Ok(proof)
    }
}

/// `PATH(m, D[from:to])` of RFC 6962.
fn path(index: u64, from: u64, to: u64, steps: &mut Vec<Vec<Node>>) {
    if to - from < 2 {
        return;
    }
    let middle = from + split(to - from);
    if index < middle {
        path(index, from, middle, steps);
        steps.push(Node::cover(middle, to));
    } else {
        path(index, middle, to, steps);
        steps.push(Node::cover(from, middle));
    }
}

/// `SUBPROOF(m, D[from:to], known)` of RFC 6962; `end` is where the earlier tree ends.
fn grown(end: u64, from: u64, to: u64, known: bool, steps: &mut Vec<Vec<Node>>) {
    if end == to {
        if !known {
            steps.push(Node::cover(from, to));
        }
        return;
    }
    let middle = from + split(to - from);
    if end <= middle {
        grown(end, from, middle, known, steps);
        steps.push(Node::cover(middle, to));
    } else {
        grown(end, middle, to, false, steps);
        steps.push(Node::cover(from, middle));
    }
}

/// The largest power of two below `count`, which is at least 2.
const fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// Checks that `leaf` stands at `index` of the tree of `size` leaves that has this root.
///
/// # Errors
/// When the proof does not show that.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Place { place: index, size });
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for other in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(other, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, other);
        }
        at >>= 1;
        last >>= 1;
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// Checks that the tree of `size` leaves and `root` begins with the tree of `earlier` leaves and `earlier_root`.
///
/// # Errors
/// When the proof does not show that.
pub fn verify_consistency(
    earlier: u64,
    earlier_root: &Digest,
    size: u64,
    root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if earlier > size {
        return Err(ProofError::Place { place: earlier, size });
    }
    if earlier == 0 || earlier == size {
        let same = if earlier == 0 {
            *earlier_root == empty_root()
        } else {
            earlier_root == root
        };
        return match (proof.is_empty(), same) {
            (true, true) => Ok(()),
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
        };
    }
    let (mut at, mut last) = (earlier - 1, size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let mut proof = proof.iter();
    // The earlier tree is itself one subtree, and its root known, exactly if its size is a power of two.
    let first = if earlier.is_power_of_two() {
        *earlier_root
    } else {
        *proof.next().ok_or(ProofError::Length)?
    };
    let (mut old, mut new) = (first, first);
    for other in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            old = node_hash(other, &old);
            new = node_hash(other, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, other);
        }
        at >>= 1;
        last >>= 1;
    }
    match (last, old == *earlier_root && new == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// The tree as its definition in RFC 6962 has it, for comparison.
#[cfg(test)]
pub(super) mod naive {
    use super::*;

    pub(crate) fn root(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(usize::try_from(split(leaves.len() as u64)).unwrap());
                node_hash(&root(left), &root(right))
            }
        }
    }

    pub(crate) fn root_of_nodes(nodes: &[Digest]) -> Digest {
        root(nodes)
    }

    fn of_node(leaves: &[Digest], node: Node) -> Digest {
        let width = 1_usize << node.height;
        let from = usize::try_from(node.index).unwrap() * width;
        root(&leaves[from..from + width])
    }

    pub(crate) fn hashes(leaves: &[Digest], nodes: &[Node]) -> Vec<Digest> {
        nodes.iter().map(|node| of_node(leaves, *node)).collect()
    }
}

/// The entries of the test vectors that Certificate Transparency's own tests use.
#[cfg(test)]
pub(super) fn vector_leaves() -> Vec<Digest> {
    let entries: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    entries.iter().map(|entry| leaf_hash(entry)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inclusion(leaves: &[Digest], index: u64) -> Vec<Digest> {
        let plan = InclusionPlan::new(index, leaves.len() as u64).unwrap();
        plan.proof(&naive::hashes(leaves, &plan.nodes())).unwrap()
    }

    fn consistency(leaves: &[Digest], earlier: u64) -> Vec<Digest> {
        let plan = ConsistencyPlan::new(earlier, leaves.len() as u64).unwrap();
        plan.proof(&naive::hashes(leaves, &plan.nodes())).unwrap()
    }

    // The roots of the reference tree of Certificate Transparency, as its own tests have them.
    #[test]
    fn the_known_roots_come_out() {
        let leaves = vector_leaves();
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (at, root) in roots.iter().enumerate() {
            assert_eq!(naive::root(&leaves[..=at]).to_string(), format!("sha256:{root}"));
        }
    }

    // Every leaf of every tree up to 70 leaves: the proof holds, and no changed one does.
    #[test]
    fn inclusion_is_proved_for_every_leaf_and_nothing_else() {
        let all: Vec<Digest> = (0_u8..70).map(|n| leaf_hash(&[n])).collect();
        for size in 1..=all.len() {
            let leaves = &all[..size];
            let (root, size) = (naive::root(leaves), size as u64);
            for index in 0..size {
                let leaf = leaves[usize::try_from(index).unwrap()];
                let proof = inclusion(leaves, index);
                assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
                let other = leaf_hash(b"other");
                let wrong = |leaf, index, size, proof: &[Digest], root| {
                    assert!(verify_inclusion(leaf, index, size, proof, root).is_err());
                };
                wrong(&other, index, size, &proof, &root);
                wrong(&leaf, (index + 1) % size.max(2), size, &proof, &root);
                wrong(&leaf, index, size, &proof, &other);
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at] = other;
                    wrong(&leaf, index, size, &changed, &root);
                    wrong(&leaf, index, size, &proof[..at], &root);
                }
                let longer = [proof.as_slice(), &[root]].concat();
                wrong(&leaf, index, size, &longer, &root);
            }
            assert!(InclusionPlan::new(size, size).is_err());
        }
    }

    #[test]
    fn consistency_is_proved_between_any_two_trees_and_nothing_else() {
        let all: Vec<Digest> = (0_u8..66).map(|n| leaf_hash(&[n])).collect();
        for size in 0..=all.len() {
            let leaves = &all[..size];
            let root = naive::root(leaves);
            for earlier in 0..=size {
                let before = naive::root(&leaves[..earlier]);
                let proof = consistency(leaves, earlier as u64);
                let verify = |before, root, proof: &[Digest]| {
                    verify_consistency(earlier as u64, before, size as u64, root, proof)
                };
                assert_eq!(verify(&before, &root, &proof), Ok(()), "{earlier} of {size}");
                let other = leaf_hash(b"other");
                assert!(verify(&other, &root, &proof).is_err());
                // Every tree has grown out of the empty one.
                assert!(earlier == 0 || verify(&before, &other, &proof).is_err());
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at] = other;
                    assert!(verify(&before, &root, &changed).is_err());
                    assert!(verify(&before, &root, &proof[..at]).is_err());
                }
                let longer = [proof.as_slice(), &[other]].concat();
                assert!(verify(&before, &root, &longer).is_err());
            }
            assert!(ConsistencyPlan::new(size as u64 + 1, size as u64).is_err());
        }
    }
}
