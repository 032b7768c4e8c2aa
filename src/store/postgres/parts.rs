use std::sync::OnceLock;

/// What a batch has something for. The statement is made of these parts alone: one that writes nothing still takes the server
/// as long as a few rows, since it is made ready, locks its table and is taken down again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(usize);

impl Parts {
    pub(super) const NEW_FLOWS: Self = Self(1);
    pub(super) const NEXT_FLOWS: Self = Self(1 << 1);
    pub(super) const NOTICES: Self = Self(1 << 2);
    pub(super) const EXCHANGES: Self = Self(1 << 3);
    pub(super) const KEYS: Self = Self(1 << 4);
    pub(super) const DOCUMENTS: Self = Self(1 << 5);

    /// With this part too, if the batch has something for it.
    pub(super) const fn with(self, part: Self, has: bool) -> Self {
        if has { Self(self.0 | part.0) } else { self }
    }

    /// The statement. There are few of them, and the server keeps each prepared.
    pub(super) fn statement(self) -> &'static str {
        static TEXTS: [OnceLock<String>; 1 << NAMES.len()] = [const { OnceLock::new() }; 1 << NAMES.len()];
        match TEXTS.get(self.0) {
            Some(text) => text.get_or_init(|| self.text()),
            None => BATCH,
        }
    }

    fn text(self) -> String {
        let mut text = String::with_capacity(BATCH.len());
        let mut is_left_out = false;
        for line in BATCH.lines() {
            if let Some(name) = line.strip_prefix("-- [") {
                let place = NAMES.iter().position(|known| *known == name);
                is_left_out = place.is_some_and(|place| self.0 & (1 << place) == 0);
            } else if line == "-- ]" {
                is_left_out = false;
            } else if !is_left_out && !line.starts_with("--") {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

/// The names of the parts in the order of their bits.
const NAMES: [&str; 6] = [
    "new flows",
    "next flows",
    "notices",
    "exchanges",
    "keys",
    "documents and destroyed keys",
];
const BATCH: &str = include_str!("batch.sql");

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: usize = (1 << NAMES.len()) - 1;

    #[test]
    fn each_part_stands_where_it_is_asked_for_and_nowhere_else() {
        let tables = [
            (Parts::NEW_FLOWS, "INSERT INTO flows"),
            (Parts::NEXT_FLOWS, "next_flows AS ("),
            (Parts::NOTICES, "INSERT INTO deliveries"),
            (Parts::EXCHANGES, "INSERT INTO exchanges"),
            (Parts::KEYS, "INSERT INTO data_keys"),
            (Parts::DOCUMENTS, "INSERT INTO document_uses"),
        ];
        for parts in (0..=ALL).map(Parts) {
            let text = parts.statement();
            for (part, table) in tables {
                assert_eq!(text.contains(table), parts.0 & part.0 != 0, "{parts:?} {table}");
            }
            // What makes it a batch is always there.
            for always in [
                "whole(",
                "UPDATE log SET",
                "INSERT INTO records",
                "SELECT before FROM head",
            ] {
                assert!(text.contains(always), "{parts:?}");
            }
            assert!(!text.contains("--"));
        }
    }

    // A part whose name were misspelt here or there would stand in every statement, or in none.
    #[test]
    fn every_part_of_the_file_has_a_name() {
        let mut open = None;
        let mut found = std::collections::BTreeSet::new();
        for line in BATCH.lines() {
            if let Some(name) = line.strip_prefix("-- [") {
                assert!(NAMES.contains(&name), "{name}");
                assert_eq!(open.replace(name), None, "parts don't stand in one another");
                found.insert(name);
            } else if line.starts_with("-- ]") {
                assert!(line == "-- ]" && open.take().is_some());
            }
        }
        assert_eq!((open, found.len()), (None, NAMES.len()));
        let whole: String = Parts(ALL).text();
        let unmarked: String = BATCH
            .lines()
            .filter(|line| !line.starts_with("--"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(whole, unmarked);
    }

    #[test]
    fn a_part_is_added_where_there_is_something_for_it() {
        let parts = Parts::default()
            .with(Parts::KEYS, true)
            .with(Parts::NOTICES, false);
        assert_eq!(parts, Parts::KEYS);
    }
}
