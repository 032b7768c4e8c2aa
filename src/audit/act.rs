use std::fmt::Write as _;
use std::time::Duration;

use super::log::LogKey;
use super::log::Note;
use crate::words::Digest;
use crate::words::Timestamp;

/// An act that takes two persons, as they sign it (R003-75): the text of a signed note (C2SP `signed-note`) that says what
/// is done in which log, and until when it may be carried out.
///
/// Each line is a name and a value. Whoever is asked to carry the act out writes the text again from what is asked, so
/// nothing in it is believed that was not signed, and nothing is done that was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    text: String,
}

/// When an act was written, until when it may be carried out, and what makes it differ from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActStamp {
    /// When it was written; what came later is not meant by it.
    pub written: Timestamp,
    /// Until when it may be carried out.
    pub until: Timestamp,
    /// Drawn for this act alone. What may not be read out of an act is hashed together with it.
    pub nonce: [u8; 16],
}

/// An act as it goes from hand to hand: the text, and the signatures under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActNote {
    stamp: ActStamp,
    note: Note,
}

/// The text is no act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no act; one begins with `midflow act`, and is changed by nothing but `midflow act sign`")]
pub struct NotAnAct;

impl ActNote {
    /// Reads an act, whether anybody has signed it or not. No signature is verified by that.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, NotAnAct> {
        let note = Note::parse(text).or_else(|_| Note::unsigned(text));
        let note = note.map_err(|_| NotAnAct)?;
        let stamp = ActStamp::read(note.text()).ok_or(NotAnAct)?;
        Ok(Self { stamp, note })
    }

    /// When it was written, and until when it may be carried out.
    pub const fn stamp(&self) -> &ActStamp {
        &self.stamp
    }

    /// What is signed.
    pub fn text(&self) -> &str {
        self.note.text()
    }

    /// Those whose names stand under it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.note.signatures().iter().map(|line| line.name.as_str())
    }

    /// Signs it, beside those who have.
    pub fn sign(&mut self, key: &LogKey) {
        self.note.add_signature(key);
    }

    pub(super) const fn note(&self) -> &Note {
        &self.note
    }
}

impl std::fmt::Display for ActNote {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.note.fmt(out)
    }
}

impl ActStamp {
    /// For an act that is written now.
    pub fn new(now: Timestamp, nonce: [u8; 16]) -> Self {
        Self {
            written: now,
            until: now.plus(LONGEST),
            nonce,
        }
    }

    /// Reads the stamp of an act; `None` where the text is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        value(FIRST)?;
        value("log")?;
        let written = Timestamp::parse(value("written")?)?;
        let until = Timestamp::parse(value("until")?)?;
        let mut nonce = [0; 16];
        hex::decode_to_slice(value("nonce")?, &mut nonce).ok()?;
        Some(Self {
            written,
            until,
            nonce,
        })
    }

    /// Whether the act may be carried out for no longer than an act may be.
    pub(super) fn is_short(&self) -> bool {
        self.until.since(self.written) <= LONGEST
    }
}

impl Act {
    /// What is done in the log of this name.
    pub fn new(what: &str, log: &str, stamp: &ActStamp) -> Self {
        let text = String::new();
        Self { text }
            .with(FIRST, what)
            .with("log", log)
            .with("written", &stamp.written.to_string())
            .with("until", &stamp.until.to_string())
            .with("nonce", &hex::encode(stamp.nonce))
    }

    /// The same with one more line.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        // A value can neither begin a line of its own nor change the order in which its line is read.
        let value: String = value
            .chars()
            .map(|letter| if deceives(letter) { '\u{FFFD}' } else { letter })
            .collect();
        let _ = writeln!(self.text, "{name} {value}");
        self
    }

    /// The text that is signed; it ends with a newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// By which records name it.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// The first line in which another text differs: what stands there, and what should.
    pub(super) fn differs<'a>(&'a self, signed: &'a str) -> Option<(&'a str, &'a str)> {
        let (mut asked, mut signed) = (self.text.lines(), signed.lines());
        loop {
            match (signed.next(), asked.next()) {
                (None, None) => return None,
                (signed, asked) if signed == asked => {}
                (signed, asked) => return Some((signed.unwrap_or(NOTHING), asked.unwrap_or(NOTHING))),
            }
        }
    }
}

/// Letters that end a line, or turn the direction of what follows: people sign what they read.
fn deceives(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{2028}' | '\u{2029}' | '\u{200E}' | '\u{200F}' | '\u{061C}'
        )
        || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A week: time for a second person to come back from leave, and no more.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);
const FIRST: &str = "midflow act";
const NOTHING: &str = "nothing";

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> ActStamp {
        ActStamp::new(Timestamp::parse("2026-11-28T10:00:00.5Z").unwrap(), [7; 16])
    }

    // R003-75
    #[test]
    fn an_act_says_what_where_and_until_when() {
        let act = Act::new("release", "sp.example/test", &stamp()).with("hold", "3");
        assert_eq!(
            act.text(),
            "midflow act release\nlog sp.example/test\nwritten 2026-11-28T10:00:00.500000Z\nuntil 2026-12-05T10:00:00.500000Z\n\
             nonce 07070707070707070707070707070707\nhold 3\n"
        );
        assert_eq!(ActStamp::read(act.text()), Some(stamp()));
        assert!(stamp().is_short());
    }

    #[test]
    fn what_is_no_act_has_no_stamp() {
        let good = Act::new("release", "a", &stamp());
        for bad in [
            "",
            "sp.example/test\n5\n",
            good.text().replace("act", "deed").as_str(),
            good.text().replace("2026-12", "2026-13").as_str(),
            good.text().replace("nonce 07", "nonce 7").as_str(),
            good.text().replace("log", "logs").as_str(),
        ] {
            assert_eq!(ActStamp::read(bad), None, "{bad}");
        }
    }

    // Who signs reads one line a value, in the order in which it is written.
    #[test]
    fn a_value_stays_on_its_line_and_in_its_order() {
        let act = Act::new("erase", "a", &stamp());
        for value in [
            "a\nhold 3",
            "a\rb",
            "a\u{202E}b",
            "a\u{2067}b",
            "a\u{2028}b",
            "a\u{0}b",
        ] {
            let line = act.clone().with("reference", value);
            let (_, last) = line.text().split_once("reference ").unwrap();
            assert_eq!(last.lines().count(), 1, "{value:?}");
            assert!(last.contains('\u{FFFD}'), "{value:?}");
        }
        let arabic = act.with("reference", "طلب رقم ٤٧١١");
        assert!(arabic.text().ends_with("reference طلب رقم ٤٧١١\n"));
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        let of = |reference: &str| Act::new("erase", "a", &stamp()).with("reference", reference);
        let (asked, signed) = (of("18"), of("17"));
        assert_eq!(asked.differs(asked.text()), None);
        assert_eq!(
            asked.differs(signed.text()),
            Some(("reference 17", "reference 18"))
        );
        let longer = of("18").with("hold", "3");
        assert_eq!(asked.differs(longer.text()), Some(("hold 3", NOTHING)));
        assert_eq!(longer.differs(asked.text()), Some((NOTHING, "hold 3")));
    }
}
