/// The candidate that somebody most likely meant; `None` if none is near.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = normalized(word);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let near = normalized(candidate);
            let distance = strsim::osa_distance(&wanted, &near);
            let allowed = (near.chars().count().max(wanted.chars().count()) / 3).max(1);
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .map(|(_, candidate)| candidate)
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
    fn the_nearest_wins_and_ties_are_stable() {
        assert_eq!(suggest("name_a", ["name_en", "name_ar"]), Some("name_ar"));
        assert_eq!(suggest("ax", ["ab", "aa"]), Some("aa"));
    }
}
