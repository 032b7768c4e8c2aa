use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::LogKey;
use super::key::VerifierKey;

/// A signed note, as C2SP `signed-note` has it: a text, an empty line, and signature lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A line under a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: String,
    /// The first four bytes, which tell keys of one name apart.
    pub id: [u8; 4],
    /// The rest: the signature, or what stands for it.
    pub bytes: Vec<u8>,
}

/// The text is no signed note, or not one of the key that is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It has not the form of a note.
    #[error("this is no signed note")]
    Form,
    /// No line is of the key that is trusted.
    #[error("the note is not signed by the key that is trusted")]
    Unsigned,
    /// A line poses as one of the key that is trusted.
    #[error("the signature on the note is not that of the key that it names")]
    Forged,
}

impl Note {
    /// Signs a text, which has to end with a newline.
    pub fn sign(text: String, key: &LogKey) -> Self {
        let mut note = Self {
            text,
            signatures: Vec::new(),
        };
        note.add_signature(key);
        note
    }

    /// Signs the text of this note, beside those who have.
    pub fn add_signature(&mut self, key: &LogKey) {
        self.add(NoteSignature {
            name: key.verifier().name().to_owned(),
            id: key.verifier().id(),
            bytes: key.sign(self.text.as_bytes()).to_vec(),
        });
    }

    /// Reads a note; its signatures are not verified by that.
    ///
    /// # Errors
    /// When it has not the form of a note.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > LONGEST || note.chars().any(|letter| letter < ' ' && letter != '\n') {
            return Err(NoteError::Form);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Form)?;
        let signatures = NoteSignature::parse_lines(lines)?;
        Ok(Self {
            text: format!("{text}\n"),
            signatures,
        })
    }

    /// The text, up to its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines under the text.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The same text with some of the lines, each once.
    #[must_use]
    pub fn with_lines(&self, wanted: impl Fn(&NoteSignature) -> bool) -> Self {
        let mut kept = Self {
            text: self.text.clone(),
            signatures: Vec::new(),
        };
        let lines = self.signatures.iter().filter(|line| wanted(line));
        lines.for_each(|line| kept.add(line.clone()));
        kept
    }

    /// Adds a line that is not there yet.
    pub fn add(&mut self, signature: NoteSignature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// Checks that the key has signed the text.
    ///
    /// # Errors
    /// When it has not, or somebody has put something else in its place.
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        let mut lines = self.lines_of(key).peekable();
        if lines.peek().is_none() {
            return Err(NoteError::Unsigned);
        }
        let good = lines.all(|line| key.verifies(self.text.as_bytes(), &line.bytes));
        good.then_some(()).ok_or(NoteError::Forged)
    }

    /// The lines that name a key.
    pub(super) fn lines_of<'a>(&'a self, key: &'a VerifierKey) -> impl Iterator<Item = &'a NoteSignature> {
        let id = key.id();
        self.signatures
            .iter()
            .filter(move |line| line.name == key.name() && line.id == id)
    }
}

impl NoteSignature {
    /// Reads signature lines, without the newline at the end of the last.
    ///
    /// # Errors
    /// When a line is none.
    pub fn parse_lines(lines: &str) -> Result<Vec<Self>, NoteError> {
        lines.split('\n').map(Self::parse).collect()
    }

    fn parse(line: &str) -> Result<Self, NoteError> {
        let rest = line.strip_prefix("\u{2014} ").ok_or(NoteError::Form)?;
        let (name, signature) = rest.split_once(' ').ok_or(NoteError::Form)?;
        let bytes = STANDARD.decode(signature).map_err(|_| NoteError::Form)?;
        let (id, rest) = bytes.split_first_chunk().ok_or(NoteError::Form)?;
        if name.is_empty() || name.contains(|letter: char| letter == '+' || letter.is_whitespace()) {
            return Err(NoteError::Form);
        }
        Ok(Self {
            name: name.to_owned(),
            id: *id,
            bytes: rest.to_vec(),
        })
    }
}

impl std::fmt::Display for NoteSignature {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = [&self.id[..], &self.bytes].concat();
        write!(out, "\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(out, "{signature}")?;
        }
        Ok(())
    }
}

/// Room for many signatures, and no more than that.
const LONGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::log::key::tests::pkcs8;

    fn key() -> LogKey {
        LogKey::of_log("sp.example/test", &pkcs8(1)).unwrap()
    }

    #[test]
    fn a_note_is_read_back_and_verified() {
        let note = Note::sign("a\n\nb\n".to_owned(), &key());
        let text = note.to_string();
        assert!(text.starts_with("a\n\nb\n\n\u{2014} sp.example/test "));
        let read = Note::parse(&text).unwrap();
        assert_eq!(read, note);
        assert_eq!(read.verify(key().verifier()), Ok(()));
        let other = LogKey::of_log("sp.example/test", &pkcs8(2)).unwrap();
        assert_eq!(read.verify(other.verifier()), Err(NoteError::Unsigned));
    }

    // An act is signed by several, one after the other.
    #[test]
    fn a_note_is_signed_by_several() {
        let other = LogKey::of_log("sp.example/other", &pkcs8(2)).unwrap();
        let mut note = Note::sign("a\nb\n".to_owned(), &key());
        assert_eq!(note.verify(other.verifier()), Err(NoteError::Unsigned));
        for _ in 0..2 {
            note.add_signature(&other);
            note = Note::parse(&note.to_string()).unwrap();
        }
        assert_eq!((note.text(), note.signatures().len()), ("a\nb\n", 2));
        for key in [key(), other] {
            assert_eq!(note.verify(key.verifier()), Ok(()));
        }
    }

    // Every bit of a note: it is no note any more, or not that of the key.
    #[test]
    fn a_changed_note_is_refused() {
        let text = Note::sign("sp.example/test\n5\n".to_owned(), &key()).to_string();
        let mut tried = 0;
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(bytes) else {
                    continue;
                };
                let accepted = Note::parse(&changed).and_then(|note| note.verify(key().verifier()));
                assert!(accepted.is_err(), "{changed}");
                tried += 1;
            }
        }
        assert!(tried > 500);
    }

    // A forged line beside a good one: whoever reads must not choose.
    #[test]
    fn a_line_that_poses_as_the_keys_is_refused_even_beside_a_good_one() {
        let mut note = Note::sign("a\n".to_owned(), &key());
        let mut forged = note.signatures()[0].clone();
        forged.bytes[0] ^= 1;
        note.add(forged);
        assert_eq!(note.verify(key().verifier()), Err(NoteError::Forged));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for text in [
            "",
            "a",
            "a\n",
            "a\n\n",
            "a\n\nb\n",
            "a\n\n\u{2014} x\n",
            "a\n\n\u{2014} x AAAA",
            "a\u{1}\n\n\u{2014} x AAAA\n",
        ] {
            assert_eq!(Note::parse(text), Err(NoteError::Form), "{text:?}");
        }
    }
}
