use crate::words::Challenge;
use crate::words::Text;

/// The reason as the phone shows it: the service's own words, and then the digits to compare.
///
/// The app may or may not show `Challenge` by itself, so the digits stand in the text too (R000-080). This is
/// the one place of that sentence. In Arabic the two groups are joined by a no-break space: Unicode takes that for
/// part of a number, while a plain space would show the groups in the wrong order (`52 83`).
pub(super) fn with_challenge(reason: &Text, challenge: &Challenge) -> Text {
    let digits = challenge.grouped();
    Text::new(
        format!(
            "{} رمز المطابقة: {}",
            sentence(&reason.ar),
            digits.replace(' ', "\u{a0}")
        ),
        format!("{} Code to compare: {digits}", sentence(&reason.en)),
    )
}

/// The text with a full stop, unless it ends with a mark of its own.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '؟', ':', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // R000-080: the challenge is in the reason, in both languages.
    #[test]
    fn the_digits_follow_the_reason_in_both_languages() {
        let challenge = Challenge::from_random(8352_u64.to_be_bytes());
        let reason = Text::new("الدخول لتجديد الرخصة 4711", "Sign in to renew licence 4711?");
        let text = with_challenge(&reason, &challenge);
        assert_eq!(text.ar, "الدخول لتجديد الرخصة 4711. رمز المطابقة: 83\u{a0}52");
        assert_eq!(text.en, "Sign in to renew licence 4711? Code to compare: 83 52");
    }
}
