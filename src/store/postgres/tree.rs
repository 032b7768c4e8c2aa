use sqlx::postgres::PgArguments;

use super::Postgres;
use crate::audit::log::Edge;
use crate::audit::log::Node;
use crate::audit::log::Tile;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::words::Digest;

/// The right edge of the tree as this process has last seen it: what is there already is not read again.
#[derive(Clone, Default)]
pub(super) struct Tree {
    edge: Edge,
    /// The leaf of the last record, by which it shows whether the database still is the one that was seen.
    last: Option<Digest>,
}

/// Hashes of one level that stand side by side: the level, the first one, and how many.
type Part = (u8, u64, u64);

impl Postgres {
    /// Takes in what was recorded since the last call, by whichever replica, and writes down the hashes that have become
    /// whole. All of it follows from the leaves, so it does not matter who does it, nor whether two do.
    pub(super) async fn fold(&self) -> Result<Edge, StoreError> {
        let mut known = self.tree.lock().await;
        let mut tree = match known.take() {
            Some(tree) => tree,
            None => self.stored_tree().await?,
        };
        loop {
            let Some(leaves) = self.leaves_from(&tree).await? else {
                // The end of the log is not the one that was seen: a standby was promoted which did not have it, or an older
                // copy was put there. What this node has promised is compared by whoever signs.
                tree = self.stored_tree().await?;
                continue;
            };
            // The last leaf of the tree was read again and is not among them.
            let is_last = leaves.len() + usize::from(tree.last.is_some()) < LEAVES_AT_A_TIME;
            let before = tree.edge.size();
            for leaf in leaves {
                tree.edge.append(leaf);
                tree.last = Some(leaf);
            }
            self.keep_hashes(tree.edge.take_tiles(), before).await?;
            if is_last {
                let edge = tree.edge.clone();
                *known = Some(tree);
                return Ok(edge);
            }
        }
    }

    /// The hashes of perfect subtrees, from what is written down.
    pub(super) async fn nodes(&self, nodes: &[Node]) -> Result<Vec<Digest>, StoreError> {
        let parts: Vec<Part> = nodes.iter().map(|node| node.hashes()).collect();
        let hashes = self.parts(&parts).await?;
        nodes
            .iter()
            .zip(&hashes)
            .map(|(node, hashes)| {
                node.from_hashes(hashes).ok_or_else(|| {
                    self.damaged(
                        StoreErrorKind::Rule,
                        "its log has no such part yet",
                        "ask again in a second; if that does not help, run `midflow audit verify`",
                    )
                })
            })
            .collect()
    }

    /// The tree as far as its hashes are written down.
    async fn stored_tree(&self) -> Result<Tree, StoreError> {
        let whole = "SELECT coalesce(max(place) + 1, 0) AS whole FROM log_hashes WHERE level = 1";
        let mut counts = self
            .all(whole, PgArguments::default(), |row| row.count("whole"))
            .await?;
        let size = counts.pop().unwrap_or(0).saturating_mul(WIDTH);
        let parts: Vec<Part> = Edge::parts(size).collect();
        let levels = self.parts(&parts).await?;
        let edge = Edge::restore(size, &levels).map_err(|error| {
            self.damaged(
                StoreErrorKind::Corrupt,
                format!("its log is damaged: {error}"),
                "keep the database for examination, run `midflow audit verify`, and restore the last backup",
            )
        })?;
        let last = match size.checked_sub(1) {
            None => None,
            Some(index) => self
                .parts(&[(0, index, 1)])
                .await?
                .pop()
                .unwrap_or_default()
                .pop(),
        };
        if size > 0 && last.is_none() {
            return Err(self.missing(size));
        }
        Ok(Tree { edge, last })
    }

    /// The leaves after the end of the tree, at most so many. The last one of the tree is read again; none where it is not
    /// what it was.
    async fn leaves_from(&self, tree: &Tree) -> Result<Option<Vec<Digest>>, StoreError> {
        let size = tree.edge.size();
        let from = i64::try_from(size.max(1)).unwrap_or(i64::MAX);
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, from)?;
        self.bind(
            &mut arguments,
            i64::try_from(LEAVES_AT_A_TIME).unwrap_or(i64::MAX),
        )?;
        let rows = self
            .all(LEAVES, arguments, |row| {
                Ok((row.count("seq")?, row.digest("leaf")?))
            })
            .await?;
        let mut rows = rows.into_iter();
        if let Some(last) = tree.last
            && rows.next() != Some((size, last))
        {
            return Ok(None);
        }
        let mut leaves = Vec::new();
        for (seq, leaf) in rows {
            let expected = size + u64::try_from(leaves.len()).unwrap_or(u64::MAX) + 1;
            if seq != expected {
                return Err(self.missing(expected));
            }
            leaves.push(leaf);
        }
        Ok(Some(leaves))
    }

    /// Writes down the hashes of full subtrees that a tree has got since it had this size.
    async fn keep_hashes(&self, tiles: Vec<Tile>, before: u64) -> Result<(), StoreError> {
        if self.lease.is_none() {
            // Whoever only reads leaves that to the others.
            return Ok(());
        }
        let (mut levels, mut places, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for tile in &tiles {
            let known = Tile::hashes_of_level(tile.level, before);
            for (place, hash) in (tile.number * WIDTH..).zip(&tile.hashes) {
                if place >= known {
                    levels.push(i64::from(tile.level));
                    places.push(i64::try_from(place).unwrap_or(i64::MAX));
                    hashes.push(hash.as_bytes().as_slice());
                }
            }
        }
        if hashes.is_empty() {
            return Ok(());
        }
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, levels)?;
        self.bind(&mut arguments, places)?;
        self.bind(&mut arguments, hashes)?;
        self.write(
            "INSERT INTO log_hashes (level, place, hash)
                SELECT r.* FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS r ON CONFLICT DO NOTHING",
            arguments,
        )
        .await
    }

    /// The hashes of each part, as far as they are there.
    async fn parts(&self, parts: &[Part]) -> Result<Vec<Vec<Digest>>, StoreError> {
        let mut found = vec![Vec::new(); parts.len()];
        for (statement, of_leaves) in [(LEAVES_OF, true), (HASHES_OF, false)] {
            let (mut asked, mut levels, mut from, mut upto) =
                (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (at, (level, first, count)) in (0_i64..).zip(parts) {
                if (*level == 0) == of_leaves && *count > 0 {
                    asked.push(at);
                    levels.push(i64::from(*level));
                    from.push(i64::try_from(*first).unwrap_or(i64::MAX));
                    upto.push(i64::try_from(first.saturating_add(*count)).unwrap_or(i64::MAX));
                }
            }
            if asked.is_empty() {
                continue;
            }
            let mut arguments = PgArguments::default();
            self.bind(&mut arguments, asked)?;
            self.bind(&mut arguments, levels)?;
            self.bind(&mut arguments, from)?;
            self.bind(&mut arguments, upto)?;
            let rows = self
                .all(statement, arguments, |row| {
                    Ok((row.count("asked")?, row.digest("hash")?))
                })
                .await?;
            for (asked, hash) in rows {
                let place = usize::try_from(asked).ok().and_then(|at| found.get_mut(at));
                if let Some(hashes) = place {
                    hashes.push(hash);
                }
            }
        }
        Ok(found)
    }

    fn missing(&self, seq: u64) -> StoreError {
        self.damaged(
            StoreErrorKind::Corrupt,
            format!("record {seq} of its log is missing"),
            "keep the database for examination, run `midflow audit verify`, and restore the last backup",
        )
    }

    fn damaged(&self, kind: StoreErrorKind, cause: impl Into<String>, remedy: &'static str) -> StoreError {
        StoreError::of_server(kind, &self.place, cause, remedy)
    }
}

const LEAVES: &str = "SELECT seq, leaf FROM records WHERE seq >= $1 ORDER BY seq LIMIT $2";
/// The leaf at place n of the tree is that of record n + 1.
const LEAVES_OF: &str = "SELECT a.asked, r.leaf AS hash
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS a (asked, level, first, after)
        JOIN records AS r ON r.seq > a.first AND r.seq <= a.after
    ORDER BY a.asked, r.seq";
const HASHES_OF: &str = "SELECT a.asked, h.hash
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS a (asked, level, first, after)
        JOIN log_hashes AS h ON h.level = a.level AND h.place >= a.first AND h.place < a.after
    ORDER BY a.asked, h.place";
const LEAVES_AT_A_TIME: usize = 8_192;
const WIDTH: u64 = 256;
