/// The candidate that somebody most likely meant; `None` if none is near.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    meant(word, candidates).map(|found| found.word)
}

/// What somebody most likely meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meant<'a> {
    /// The candidate.
    pub word: &'a str,
    /// Whether it can be put in unasked: the words differ in case, hyphens or underscores only, or in one or two
    /// letters of a longer word while every other candidate is far away.
    pub certain: bool,
}

/// The candidate that somebody most likely meant, and whether that is certain; `None` if none is near.
pub fn meant<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Meant<'a>> {
    let wanted = normalized(word);
    let length = wanted.chars().count();
    let mut all: Vec<(usize, usize, &str)> = candidates
        .into_iter()
        .map(|candidate| {
            let near = normalized(candidate);
            let longer = near.chars().count().max(length);
            (strsim::osa_distance(&wanted, &near), longer, candidate)
        })
        .collect();
    all.sort_unstable_by_key(|(distance, _, candidate)| (*distance, *candidate));
    all.dedup_by_key(|(_, _, candidate)| *candidate);
    // Half of a word of two letters is another word.
    let allowed = |longer: usize| if longer <= 2 { 0 } else { (longer / 3).max(1) };
    let near = |(distance, longer, _): &&(usize, usize, &str)| *distance <= allowed(*longer);
    let (distance, _, word) = *all.iter().find(near)?;
    let next = all
        .iter()
        .find(|(_, _, other)| *other != word)
        .map_or(usize::MAX, |(other, ..)| *other);
    let certain = match distance {
        0 => next > 0,
        1 => length >= 4 && next >= 3,
        2 => length >= 8 && next >= 5,
        _ => false,
    };
    Some(Meant { word, certain })
}

/// Spelling that people mix up freely: case, hyphens, underscores, spaces.
fn normalized(word: &str) -> String {
    // A word longer than any name of ours is not worth comparing.
    word.chars()
        .take(LONGEST)
        .filter(|letter| !matches!(letter, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let words = ["auth_push", "auth_qr", "sign", "notify", "verify_qr"];
        for (word, meant) in [
            ("auth_pusj", Some("auth_push")),
            ("authPush", Some("auth_push")),
            ("auth-qr", Some("auth_qr")),
            ("sgin", Some("sign")),
            ("AUTH_PUSH", Some("auth_push")),
            ("payment", None),
            ("", None),
        ] {
            assert_eq!(suggest(word, words), meant, "{word}");
        }
    }

    #[test]
    fn a_clear_meaning_is_certain_and_another_is_not() {
        let words = ["name_ar", "name_en", "civil_no", "nationality", "min", "max"];
        for (word, certain) in [
            ("civil_n", true),
            ("CivilNo", true),
            ("nationalty", true),
            ("natoinalty", true),
            ("name_an", false),
            ("mix", false),
            ("mn", false),
        ] {
            let found = meant(word, words).unwrap();
            assert_eq!(found.certain, certain, "{word} {found:?}");
        }
    }

    #[test]
    fn the_nearest_wins_and_ties_are_stable() {
        assert_eq!(suggest("name_a", ["name_en", "name_ar"]), Some("name_ar"));
        assert_eq!(suggest("axe", ["abe", "aae"]), Some("aae"));
        assert_eq!(suggest("fr", ["ar", "en"]), None);
    }
}
