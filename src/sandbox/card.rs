//! The codes that citizens' cards show, so that an officer can scan them: each names one moment of one card.

use std::collections::HashMap;
use std::collections::VecDeque;

use super::draws::Draws;
use crate::words::QrCode;
use crate::words::Timestamp;

/// The codes that were shown last, by their text.
#[derive(Default)]
pub(super) struct ShownCards {
    by_text: HashMap<String, ShownCard>,
    order: VecDeque<String>,
}

/// One code of one card.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ShownCard {
    pub(super) code: QrCode,
    pub(super) civil_no: String,
    pub(super) at: Timestamp,
}

impl ShownCards {
    /// The code that a card shows now. It is a new one after a while, so that a picture of it grows stale.
    pub(super) fn show(&mut self, civil_no: &str, draws: &Draws, now: Timestamp) -> Option<ShownCard> {
        let current = self
            .order
            .iter()
            .rev()
            .filter_map(|text| self.by_text.get(text))
            .find(|shown| shown.civil_no == civil_no && now.since(shown.at) < RENEWED_AFTER);
        if let Some(current) = current {
            return Some(current.clone());
        }
        let text = format!("midflow-sandbox-card:{}", draws.id().simple());
        let shown = ShownCard {
            code: QrCode::new(text.clone())?,
            civil_no: civil_no.to_owned(),
            at: now,
        };
        self.order.push_back(text.clone());
        self.by_text.insert(text, shown.clone());
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_text.remove(&oldest);
        }
        Some(shown)
    }

    /// The card behind a scanned text.
    pub(super) fn find(&self, text: &str) -> Option<&ShownCard> {
        self.by_text.get(text)
    }
}

const RENEWED_AFTER: std::time::Duration = std::time::Duration::from_secs(60);
const KEPT: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_shows_another_code_after_a_minute() {
        let mut cards = ShownCards::default();
        let draws = Draws::default();
        let start = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
        let at = |seconds| start.plus(std::time::Duration::from_secs(seconds));
        let first = cards.show("399123100017", &draws, at(0)).unwrap();
        assert!(cards.show("399123100017", &draws, at(59)).unwrap() == first);
        assert!(cards.show("399123100025", &draws, at(1)).unwrap() != first);
        let second = cards.show("399123100017", &draws, at(60)).unwrap();
        assert!(second != first);
        assert!(
            cards
                .find(first.code.text())
                .is_some_and(|found| found.at == at(0))
        );
        assert!(cards.find("x").is_none());
    }
}
