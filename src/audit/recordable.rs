/// A text may not go into a record; says which, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unrecordable(String);

/// A name or a reference, as it goes into the record: short, readable as it is, and no place for a civil number, since records
/// are never erased. `what` names it in the error.
///
/// # Errors
/// When it may not go into a record.
pub fn recordable(what: &str, text: &str) -> Result<String, Unrecordable> {
    let text = text.trim();
    let refuse = |why: &str| Err(Unrecordable(format!("{what} {why}")));
    if text.is_empty() {
        return refuse("is missing");
    }
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return refuse("is one line of at most 100 characters");
    }
    if text.chars().any(deceives) {
        return refuse(
            "holds letters that nobody sees, or that turn the direction of others; leave them out",
        );
    }
    let mut run = 0;
    for letter in text.chars() {
        // Typed in groups, a number is a number too.
        if letter.is_numeric() {
            run += 1;
        } else if !matches!(letter, ' ' | '-') {
            run = 0;
        }
        if run >= CIVIL_NO_DIGITS {
            return refuse(
                "holds as many digits as a civil number; records are never erased, so leave it out",
            );
        }
    }
    Ok(text.to_owned())
}

/// Letters with which a text reads otherwise than it is: people sign what they read.
pub(super) fn deceives(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{180B}'..='\u{180F}')
        || matches!(letter, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(
            letter,
            '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        )
        || matches!(letter, '\u{FFF0}'..='\u{FFFD}' | '\u{E0000}'..='\u{E0FFF}')
}

const LONGEST: usize = 100;
const CIVIL_NO_DIGITS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    // Law 13: what is recorded is never erased, so no civil number may get into it.
    #[test]
    fn no_civil_number_gets_into_a_record() {
        for bad in [
            "399123100017",
            "about 3991 2310 0017",
            "399-123-100-017",
            "٣٩٩١٢٣١٠٠٠١٧",
            "",
            "  ",
            "two\nlines",
            &"a".repeat(101),
            "a\u{202E}b",
            "a\u{200B}b",
            "a\u{2067}b",
            "a\u{FEFF}b",
            "a\u{FFFD}b",
        ] {
            assert!(recordable("the reference", bad).is_err(), "{bad}");
        }
        for good in ["case 2026/4711", "طلب رقم ٤٧١١", "12345678901"] {
            assert!(recordable("the reference", good).is_ok(), "{good}");
        }
    }
}
