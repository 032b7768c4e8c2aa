/// A character that may not stand in anything a citizen reads, because it changes what is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unsafe {
    /// It reorders the text around it.
    #[error("a character that changes the writing direction")]
    Direction,
    /// It takes no room.
    #[error("an invisible character")]
    Invisible,
    /// It is a control character, a line break included.
    #[error("a control character")]
    Control,
    /// It is not a character of any language: private use, unassigned or a replacement.
    #[error("a character without a meaning of its own")]
    Meaningless,
    /// It looks like a Latin letter and stands in one word with Latin letters.
    #[error("a letter that looks like a Latin one")]
    LookAlike,
}

/// The first character of a text that is unsafe to show, with its place in characters from 0 (threat: a text
/// that reads differently on the phone than in the request).
pub fn first_unsafe(text: &str) -> Option<(usize, Unsafe)> {
    let single = text
        .chars()
        .enumerate()
        .find_map(|(at, letter)| classify(letter).map(|kind| (at, kind)));
    let mixed = first_look_alike(text).map(|at| (at, Unsafe::LookAlike));
    match (single, mixed) {
        (Some(a), Some(b)) => Some(if a.0 <= b.0 { a } else { b }),
        (a, b) => a.or(b),
    }
}

fn classify(letter: char) -> Option<Unsafe> {
    match letter {
        // Nearly everything that is ever written.
        ' '..='~' | '\u{0620}'..='\u{06FF}' => None,
        // Marks, embeddings, overrides and isolates of the bidirectional algorithm.
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            Some(Unsafe::Direction)
        }
        // Soft hyphen, joiners, zero-width spaces, fillers, variation selectors, invisible operators, tags.
        '\u{00AD}'
        | '\u{034F}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200D}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206A}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}' => Some(Unsafe::Invisible),
        '\u{2028}' | '\u{2029}' => Some(Unsafe::Control),
        '\u{E000}'..='\u{F8FF}'
        | '\u{FDD0}'..='\u{FDEF}'
        | '\u{FFF0}'..='\u{FFFF}'
        | '\u{F0000}'..='\u{10FFFF}' => Some(Unsafe::Meaningless),
        other if other.is_control() => Some(Unsafe::Control),
        _ => None,
    }
}

/// The first letter of another script in a word that also has Latin letters, where that script has letters
/// which look Latin.
fn first_look_alike(text: &str) -> Option<usize> {
    if !text.chars().any(looks_latin) {
        return None;
    }
    let mut at = 0;
    for word in text.split_inclusive(|letter: char| !is_alphanumeric(letter)) {
        let latin = word.chars().any(|letter| letter.is_ascii_alphabetic());
        if latin && let Some(offset) = word.chars().position(looks_latin) {
            return Some(at + offset);
        }
        at += word.chars().count();
    }
    None
}

/// [`char::is_alphanumeric`], quick for the letters of our two languages: texts are looked at more often than read.
pub(super) fn is_alphanumeric(letter: char) -> bool {
    match letter {
        '\0'..='\u{7F}' => letter.is_ascii_alphanumeric(),
        '\u{0620}'..='\u{0657}' | '\u{0660}'..='\u{0669}' => true,
        _ => letter.is_alphanumeric(),
    }
}

const fn looks_latin(letter: char) -> bool {
    matches!(letter,
        // Greek and Coptic, Cyrillic, Armenian, Cherokee.
        '\u{0370}'..='\u{058F}' | '\u{13A0}'..='\u{13FF}' | '\u{1C80}'..='\u{1C8F}' | '\u{1F00}'..='\u{1FFF}'
        | '\u{2C80}'..='\u{2CFF}' | '\u{2DE0}'..='\u{2DFF}' | '\u{A640}'..='\u{A69F}' | '\u{AB70}'..='\u{ABBF}'
        // Full-width forms and mathematical letters.
        | '\u{FF21}'..='\u{FF5A}' | '\u{1D400}'..='\u{1D7FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_way_knows_the_same_letters() {
        for letter in '\0'..=char::MAX {
            assert_eq!(is_alphanumeric(letter), letter.is_alphanumeric(), "{letter:?}");
        }
    }

    #[test]
    fn arabic_and_english_are_safe() {
        for text in [
            "تجديد رخصة القيادة",
            "Licence 123-456 (renewal), 50% off!",
            "الرخصة ABC 12",
            "قَبُول",
            "Ελλάδα",
            "",
        ] {
            assert_eq!(first_unsafe(text), None, "{text}");
        }
    }

    // R000-079, threat B-02: what the person reads is what was asked.
    #[test]
    fn characters_that_change_what_is_seen_are_found() {
        for (text, at, kind) in [
            ("pay \u{202E}01", 4, Unsafe::Direction),
            ("\u{2067}x", 0, Unsafe::Direction),
            ("a\u{200F}", 1, Unsafe::Direction),
            ("a\u{061C}", 1, Unsafe::Direction),
            ("a\u{200B}b", 1, Unsafe::Invisible),
            ("a\u{FEFF}", 1, Unsafe::Invisible),
            ("a\u{00AD}b", 1, Unsafe::Invisible),
            ("a\u{E0041}", 1, Unsafe::Invisible),
            ("a\nb", 1, Unsafe::Control),
            ("a\u{0}", 1, Unsafe::Control),
            ("a\u{2028}b", 1, Unsafe::Control),
            ("a\u{85}", 1, Unsafe::Control),
            ("\u{E000}", 0, Unsafe::Meaningless),
            ("\u{FFFD}", 0, Unsafe::Meaningless),
            ("one p\u{0430}ypal", 5, Unsafe::LookAlike),
            ("\u{FF41}bc", 0, Unsafe::LookAlike),
        ] {
            assert_eq!(first_unsafe(text), Some((at, kind)), "{text:?}");
        }
    }

    #[test]
    fn the_first_of_several_is_named() {
        assert_eq!(first_unsafe("p\u{0430}y\u{202E}"), Some((1, Unsafe::LookAlike)));
        assert_eq!(first_unsafe("\u{202E}p\u{0430}y"), Some((0, Unsafe::Direction)));
    }
}
