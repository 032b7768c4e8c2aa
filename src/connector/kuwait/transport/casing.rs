use super::settings::TemplateCasing;

impl TemplateCasing {
    /// A name of the authority in this casing.
    pub(super) fn write(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Camel => camel(name),
            Self::Snake => snake(name),
        }
    }
}

/// The rule of .NET's web services: the capitals that a name begins with become small, but for one that begins a word.
fn camel(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let capitals = letters.iter().take_while(|letter| letter.is_uppercase()).count();
    let small = if capitals == letters.len() {
        capitals
    } else {
        capitals.saturating_sub(1).max(1)
    };
    letters
        .into_iter()
        .enumerate()
        .map(|(at, letter)| {
            if at < small {
                letter.to_ascii_lowercase()
            } else {
                letter
            }
        })
        .collect()
}

fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if begins {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_wrappers_write_them() {
        for (name, in_camel, in_snake) in [
            ("PersonCivilNo", "personCivilNo", "person_civil_no"),
            (
                "ServiceDescriptionEN",
                "serviceDescriptionEN",
                "service_description_en",
            ),
            (
                "AuthenticationReasonAr",
                "authenticationReasonAr",
                "authentication_reason_ar",
            ),
            ("SPCallbackURL", "spCallbackURL", "sp_callback_url"),
            ("QRData", "qrData", "qr_data"),
            ("Challenge", "challenge", "challenge"),
            ("ID", "id", "id"),
        ] {
            assert_eq!(TemplateCasing::Pascal.write(name), name);
            assert_eq!(TemplateCasing::Camel.write(name), in_camel);
            assert_eq!(TemplateCasing::Snake.write(name), in_snake);
        }
    }
}
