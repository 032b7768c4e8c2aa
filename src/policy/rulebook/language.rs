use super::shipped;

/// Faults that the language finds and that break a rule: those at some keys, or with some codes, or both.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) struct Language {
    /// Keys; faults at or below one of them. `*` is one part of a path, or its end; `**` any number. None: everywhere.
    pub(in crate::policy) keys: Vec<String>,
    /// Codes. None: all.
    pub(in crate::policy) codes: Vec<String>,
    /// Only in services that declare this capability.
    pub(in crate::policy) capability: Option<&'static str>,
}

/// The requirements that a fault breaks, by its code and the key it is about.
pub(in crate::policy) fn of_language(code: &str, path: &str, declares: impl Fn(&str) -> bool) -> Vec<String> {
    let path = plain(path);
    // A row of the subscription form is described with the keys of a service.
    let path = path.strip_prefix("services.").unwrap_or(&path);
    let mut ids: Vec<String> = Vec::new();
    for rule in &shipped().rules {
        let Some(language) = &rule.check.language else {
            continue;
        };
        if language.matches(code, path, &declares) {
            for id in rule.ids() {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
    }
    ids
}

/// The requirements that a fault breaks by its code alone, wherever it stands.
pub fn requirements_of(code: &str) -> Vec<String> {
    of_language(code, "", |_| false)
}

impl Language {
    fn matches(&self, code: &str, path: &str, declares: &impl Fn(&str) -> bool) -> bool {
        let at_key = self.keys.is_empty() || self.keys.iter().any(|key| is_below(path, key));
        let of_code = self.codes.is_empty() || self.codes.iter().any(|known| known == code);
        at_key && of_code && self.capability.is_none_or(declares)
    }
}

/// A path without the numbers of list entries.
fn plain(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            _ if !inside => out.push(letter),
            _ => {}
        }
    }
    out
}

fn is_below(path: &str, pattern: &str) -> bool {
    let path: Vec<_> = path.split('.').collect();
    let pattern: Vec<_> = pattern.split('.').collect();
    starts_with(&path, &pattern)
}

fn starts_with(path: &[&str], pattern: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, _) => true,
        (Some((&"**", rest)), _) => {
            starts_with(path, rest)
                || path
                    .split_first()
                    .is_some_and(|(_, below)| starts_with(below, pattern))
        }
        (Some((wanted, rest)), Some((part, below))) => {
            let fits = match wanted.strip_suffix('*') {
                Some(beginning) => part.starts_with(beginning),
                None => wanted == part,
            };
            fits && starts_with(below, rest)
        }
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_match_themselves_and_what_is_below() {
        for (path, pattern, matches) in [
            ("audience.size", "audience", true),
            ("audience", "audience.size", false),
            ("fields.name_ar.reason", "fields.*.reason", true),
            ("fields.name_ar", "fields.*.reason", false),
            ("fields.age_over_18.from", "fields.age_over_*", true),
            ("fields.name_ar.reason", "fields.age_over_*", false),
            ("environments.production.verify", "**.verify", true),
            ("verify", "**.verify", true),
            ("outcomes.other.not_enrolled.say", "outcomes.other", true),
            ("outcomes.others", "outcomes.other", false),
            ("", "audience", false),
        ] {
            assert_eq!(is_below(path, pattern), matches, "{path} {pattern}");
        }
        assert_eq!(plain("notices.steps[2].ar"), "notices.steps.ar");
    }
}
