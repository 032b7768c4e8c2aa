use std::borrow::Cow;

use serde::Deserialize;
use serde::Serialize;

use crate::connector::kuwait::callback::Callback;
use crate::connector::kuwait::callback::Part;

/// Which bytes of a callback the authority's stamp covers. Not known publicly, so it is named in the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StampRule {
    /// The exact bytes of the values of `RequestDetails`, `ResultDetails` and `PersonalData` as they stand in
    /// the body, joined by one line feed each; a missing member is empty.
    RawMembers,
    /// The exact bytes of the body up to the last `,"Signature":`. `Signature` must then be the last member,
    /// because nothing behind it is covered.
    RawPrefix,
    /// The canonical form (RFC 8785) of one object with the three members; a missing member is left out.
    Jcs,
}

impl StampRule {
    /// The bytes that the stamp must cover.
    ///
    /// Two different readings never share these bytes: the parts of `raw-members` are whole JSON values that
    /// start with `{` or are `null` or empty, so the line feeds between them can't be moved.
    pub(super) fn covered<'a>(self, callback: &Callback<'a>) -> Result<Cow<'a, [u8]>, &'static str> {
        match self {
            Self::RawMembers => Ok(Cow::Owned(
                members(callback)
                    .map(|(_, part)| callback.exact(part).unwrap_or_default())
                    .join(&b'\n'),
            )),
            Self::RawPrefix => raw_prefix(callback).map(Cow::Borrowed),
            Self::Jcs => jcs(callback).map(Cow::Owned),
        }
    }
}

impl StampRule {
    /// The bytes that the stamp of one value must cover: the value as it stands, or its canonical form. There is no
    /// prefix of a body here, so `raw-prefix` takes the value as it stands too.
    pub(super) fn covered_value(self, value: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
        const FAULT: &str = "the value has no canonical form";
        match self {
            Self::RawMembers | Self::RawPrefix => Ok(Cow::Borrowed(value)),
            Self::Jcs => {
                let value: serde_json::Value = serde_json::from_slice(value).map_err(|_| FAULT)?;
                let canonical = serde_json_canonicalizer::to_vec(&value).map_err(|_| FAULT)?;
                Ok(Cow::Owned(canonical))
            }
        }
    }
}

fn members<'c, 'a>(callback: &'c Callback<'a>) -> [(&'static str, &'c Part<'a>); 3] {
    [
        ("RequestDetails", &callback.request),
        ("ResultDetails", &callback.result),
        ("PersonalData", &callback.personal),
    ]
}

fn raw_prefix<'a>(callback: &Callback<'a>) -> Result<&'a [u8], &'static str> {
    let body = callback.bytes();
    if !callback.signature_is_last {
        return Err("`Signature` is not the last member, so something behind it would not be covered");
    }
    let found = body
        .windows(SEPARATOR.len())
        .rposition(|window| window == SEPARATOR)
        .ok_or("the body has no `,\"Signature\":`")?;
    // The last such bytes must be the member itself, not a text or an inner member that looks like it.
    if callback.signature.key_at() != Some(found + 1) {
        return Err("the last `,\"Signature\":` is not the stamp");
    }
    body.get(..found).ok_or("the body has no `,\"Signature\":`")
}

fn jcs(callback: &Callback<'_>) -> Result<Vec<u8>, &'static str> {
    const FAULT: &str = "the members have no canonical form";
    let mut whole = serde_json::Map::new();
    for (name, part) in members(callback) {
        if let Some(exact) = callback.exact(part) {
            let value = serde_json::from_slice(exact).map_err(|_| FAULT)?;
            whole.insert(name.to_owned(), value);
        }
    }
    serde_json_canonicalizer::to_vec(&whole).map_err(|_| FAULT)
}

const SEPARATOR: &[u8] = b",\"Signature\":";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::kuwait::json::KeyMatching;

    fn covered(rule: StampRule, body: &str) -> Result<String, &'static str> {
        let callback = Callback::parse(body.as_bytes(), KeyMatching::Exact).ok().unwrap();
        rule.covered(&callback)
            .map(|bytes| String::from_utf8(bytes.into_owned()).unwrap())
    }

    const BODY: &str = concat!(
        r#"{"MIDAuthSignResponse": {"PersonalData" : {"B":"é", "A":1.0},"#,
        "\n",
        r#"  "ResultDetails":{"R": 10},"RequestDetails": {"Q":"\u0041"} ,"Signature":{"SignatureData":"x"}}}"#
    );

    #[test]
    fn raw_members_are_the_exact_values_in_a_fixed_order() {
        assert_eq!(
            covered(StampRule::RawMembers, BODY).unwrap(),
            "{\"Q\":\"\\u0041\"}\n{\"R\": 10}\n{\"B\":\"é\", \"A\":1.0}"
        );
        let without = r#"{"MIDAuthSignResponse":{"RequestDetails":{"a":1},"ResultDetails":{"b":1}}}"#;
        assert_eq!(
            covered(StampRule::RawMembers, without).unwrap(),
            "{\"a\":1}\n{\"b\":1}\n"
        );
        let null = r#"{"MIDAuthSignResponse":{"RequestDetails":{"a":1},"ResultDetails":{"b":1},"PersonalData":null}}"#;
        assert_eq!(
            covered(StampRule::RawMembers, null).unwrap(),
            "{\"a\":1}\n{\"b\":1}\nnull"
        );
    }

    #[test]
    fn the_canonical_form_has_no_spaces_and_sorted_keys() {
        assert_eq!(
            covered(StampRule::Jcs, BODY).unwrap(),
            r#"{"PersonalData":{"A":1,"B":"é"},"RequestDetails":{"Q":"A"},"ResultDetails":{"R":10}}"#
        );
    }

    #[test]
    fn the_prefix_ends_before_the_comma_of_the_stamp() {
        let prefix = covered(StampRule::RawPrefix, BODY).unwrap();
        assert_eq!(prefix, BODY.split(",\"Signature\"").next().unwrap());
    }

    // Without this, `PersonalData` placed behind the stamp would be believed and not covered.
    #[test]
    fn nothing_may_stand_behind_a_stamp_that_covers_a_prefix() {
        let parts = r#""RequestDetails":{"a":1},"ResultDetails":{"b":1}"#;
        for body in [
            format!(
                r#"{{"MIDAuthSignResponse":{{{parts},"Signature":{{"x":1}},"PersonalData":{{"p":1}}}}}}"#
            ),
            format!(r#"{{"MIDAuthSignResponse":{{{parts},"Signature":{{"x":1}}}},"More":1}}"#),
            format!(r#"{{"MIDAuthSignResponse":{{{parts},"Signature":{{"x":1,"Signature":2}}}}}}"#),
            format!(r#"{{"MIDAuthSignResponse":{{{parts}, "Signature":{{"x":1}}}}}}"#),
            format!(r#"{{"MIDAuthSignResponse":{{"Signature":{{"x":1}},{parts}}}}}"#),
            format!(r#"{{"MIDAuthSignResponse":{{{parts}}}}}"#),
        ] {
            assert!(covered(StampRule::RawPrefix, &body).is_err(), "{body}");
        }
    }
}
