use std::fmt::Write as _;
use std::time::Duration;

use super::log::LogKey;
use super::log::Note;
use super::log::NoteSignature;
use super::recordable::deceives;
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

/// When an act was written, and until when it may be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActStamp {
    /// When it was written; what came later is not meant by it.
    pub written: Timestamp,
    /// Until when it may be carried out.
    pub until: Timestamp,
}

/// What the first lines of an act say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActHeader {
    /// What shall be done.
    pub what: String,
    /// In which log: its public key.
    pub log: String,
    /// When it was written, and until when it may be carried out.
    pub stamp: ActStamp,
}

impl ActHeader {
    /// Reads the first lines of an act; `None` where the text is none.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        Some(Self {
            what: value(FIRST)?.to_owned(),
            log: value("log")?.to_owned(),
            stamp: ActStamp {
                written: Timestamp::parse(value("written")?)?,
                until: Timestamp::parse(value("until")?)?,
            },
        })
    }
}

/// An act as it goes from hand to hand: the text, what opens its hashes, and the signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActNote {
    stamp: ActStamp,
    opening: Opening,
    note: Note,
}

/// What is hashed together with whatever may not be read out of an act. It stands under the act and is never recorded: once
/// the file is gone, nobody can try out whom the act was about, not even whoever holds the node's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening([u8; 32]);

/// The text is no act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no act; one begins with `midflow act`, and is changed by nothing but `midflow act sign`")]
pub struct NotAnAct;

impl Opening {
    /// Of random bytes, drawn for one act alone.
    pub const fn new(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As it stands under the act, in the form of a signature line, which readers of signed notes pass over.
    fn line(self) -> NoteSignature {
        NoteSignature {
            name: OPENING.to_owned(),
            id: [0; 4],
            bytes: self.0.to_vec(),
        }
    }

    fn of_line(line: &NoteSignature) -> Option<Self> {
        let is_one = line.name == OPENING && line.id == [0; 4];
        is_one.then(|| line.bytes.as_slice().try_into().ok().map(Self))?
    }
}

impl ActNote {
    /// An act that nobody has signed yet.
    ///
    /// # Errors
    /// When it could not be read again: it is too long, or a value holds letters with which it reads otherwise than it is.
    pub fn new(act: &Act, opening: Opening) -> Result<Self, NotAnAct> {
        Self::read(&format!("{}\n{}\n", act.text, opening.line()))
    }

    /// Reads an act, whether anybody has signed it or not. No signature is verified by that.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, NotAnAct> {
        let note = Note::parse(text).map_err(|_| NotAnAct)?;
        // People sign what they read, names under it included.
        let shown = note
            .text()
            .lines()
            .chain(note.signatures().iter().map(|line| line.name.as_str()));
        if shown.flat_map(str::chars).any(deceives) {
            return Err(NotAnAct);
        }
        let ActHeader { stamp, .. } = ActHeader::read(note.text()).ok_or(NotAnAct)?;
        let opening = note.signatures().iter().find_map(Opening::of_line);
        Ok(Self {
            stamp,
            opening: opening.ok_or(NotAnAct)?,
            note,
        })
    }

    /// When it was written, and until when it may be carried out.
    pub const fn stamp(&self) -> &ActStamp {
        &self.stamp
    }

    /// What opens its hashes.
    pub const fn opening(&self) -> &Opening {
        &self.opening
    }

    /// What is signed.
    pub fn text(&self) -> &str {
        self.note.text()
    }

    /// The names under it; whose they are is not known by that.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let lines = self.note.signatures().iter();
        lines
            .filter(|line| Opening::of_line(line).is_none())
            .map(|line| line.name.as_str())
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
    pub fn new(now: Timestamp) -> Self {
        Self {
            written: now,
            until: now.plus(LONGEST),
        }
    }

    /// Whether the act may be carried out for no longer than an act may be.
    pub(super) fn is_short(&self) -> bool {
        self.written <= self.until && self.until.since(self.written) <= LONGEST
    }
}

impl Act {
    /// What is done in the log with this public key.
    pub fn new(what: &str, log: &str, stamp: &ActStamp) -> Self {
        let text = String::new();
        Self { text }
            .with(FIRST, what)
            .with("log", log)
            .with("written", &stamp.written.to_string())
            .with("until", &stamp.until.to_string())
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

/// A week: time for a second person to come back from leave, and no more.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);
const FIRST: &str = "midflow act";
const OPENING: &str = "opening";
const NOTHING: &str = "nothing";

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> ActStamp {
        ActStamp::new(Timestamp::parse("2026-11-28T10:00:00.5Z").unwrap())
    }

    // R003-75
    #[test]
    fn an_act_says_what_where_and_until_when() {
        let act = Act::new("release", "sp.example/test", &stamp()).with("hold", "3");
        let text = "midflow act release\nlog sp.example/test\nwritten 2026-11-28T10:00:00.500000Z\n\
                    until 2026-12-05T10:00:00.500000Z\nhold 3\n";
        assert_eq!(act.text(), text);
        let opening = Opening::new([7; 32]);
        let note = ActNote::new(&act, opening).unwrap();
        let file = note.to_string();
        assert!(
            file.starts_with(&format!("{text}\n\u{2014} opening AAAAAAc")),
            "{file}"
        );
        let read = ActNote::read(&file).unwrap();
        assert_eq!(
            (read.text(), read.stamp(), read.opening()),
            (text, &stamp(), &opening)
        );
        assert_eq!(read.names().count(), 0);
        assert!(stamp().is_short());
    }

    #[test]
    fn what_is_no_act_is_refused() {
        let act = Act::new("release", "a", &stamp());
        let good = ActNote::new(&act, Opening::new([7; 32])).unwrap().to_string();
        assert!(ActNote::read(&good).is_ok());
        for bad in [
            "".to_owned(),
            "sp.example/test\n5\n".to_owned(),
            act.text().to_owned(),
            good.replace("act", "deed"),
            good.replace("2026-12", "2026-13"),
            good.replace("opening", "closing"),
            good.replace("log", "logs"),
            good.replace("\nlog", "\n\nlog"),
        ] {
            assert_eq!(ActNote::read(&bad), Err(NotAnAct), "{bad}");
        }
        let endless = act.with("reference", &"a".repeat(70_000));
        assert_eq!(ActNote::new(&endless, Opening::new([7; 32])), Err(NotAnAct));
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
    fn what_would_be_shown_otherwise_than_it_is_signed_is_no_act() {
        let good = ActNote::new(
            &Act::new("erase", "a", &stamp()).with("reference", "case 5"),
            Opening::new([7; 32]),
        );
        let good = good.unwrap().to_string();
        for letter in ['\u{9B}', '\u{202E}', '\u{200B}', '\u{3164}', '\u{E0041}'] {
            let inside = good.replace("case 5", &format!("case{letter}5"));
            assert_eq!(ActNote::read(&inside), Err(NotAnAct), "{letter:?}");
            let name = format!("{good}\u{2014} a{letter}b AAAAAAAA\n");
            assert_eq!(ActNote::read(&name), Err(NotAnAct), "{letter:?}");
        }
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
