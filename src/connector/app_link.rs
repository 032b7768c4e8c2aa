/// A link that opens the authority's app on the same device, made from the settings of the connector: the authority's URL
/// scheme is not public (R000-075).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppLink(String);

impl AppLink {
    /// Fills the text of the QR code into a template such as `app://auth?request={qr}&return={return_url}`.
    pub fn new(template: &str, qr: &str) -> Self {
        Self(template.replace(QR, &escaped(qr)))
    }

    /// The link, with the address that the app goes back to.
    pub fn returning_to(&self, url: &str) -> String {
        self.0.replace(RETURN_URL, &escaped(url))
    }

    /// Whether a text can be the template of a link: a scheme that no browser runs as a script or opens as a file, and a
    /// place for the code.
    pub fn is_template(text: &str) -> bool {
        let Some((scheme, rest)) = text.split_once(':') else {
            return false;
        };
        let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let harmless = !FORBIDDEN.iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>`".contains(&byte));
        named && harmless && plain && rest.contains(QR)
    }
}

/// Percent-encoded, so that nothing of a value can be read as a part of the link.
fn escaped(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

const QR: &str = "{qr}";
const RETURN_URL: &str = "{return_url}";
const FORBIDDEN: [&str; 6] = ["javascript", "data", "vbscript", "file", "blob", "about"];

#[cfg(test)]
mod tests {
    use super::*;

    // R000-075: what stands in the link can't break out of its place.
    #[test]
    fn values_are_escaped_and_stay_in_their_places() {
        let link = AppLink::new(
            "hawyti-test://auth?code={qr}&back={return_url}",
            "a&b={return_url} ش",
        );
        assert_eq!(
            link.returning_to("https://x.example/f/1?a=b"),
            "hawyti-test://auth?code=a%26b%3D%7Breturn_url%7D%20%D8%B4&back=https%3A%2F%2Fx.example%2Ff%2F1%3Fa%3Db"
        );
    }

    #[test]
    fn a_template_names_a_harmless_scheme_and_the_place_of_the_code() {
        for good in [
            "app://auth?c={qr}",
            "https://app.example/{qr}?r={return_url}",
            "a+b-c.d:{qr}",
        ] {
            assert!(AppLink::is_template(good), "{good}");
        }
        for bad in [
            "",
            "{qr}",
            "app://auth",
            "javascript:alert({qr})",
            "JavaScript:{qr}",
            "data:text/html,{qr}",
            "1app:{qr}",
            "app://a b{qr}",
            "app://\"{qr}",
        ] {
            assert!(!AppLink::is_template(bad), "{bad}");
        }
    }
}
