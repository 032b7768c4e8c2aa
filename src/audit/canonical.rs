use serde_json::Value;

use super::Event;

impl Event {
    /// The one way to write an event: the same event gives the same bytes, for ever.
    ///
    /// This is RFC 8785 with one difference: an integer keeps all its digits. RFC 8785 rounds integers above
    /// 2^53, and an authority's code has to be kept as it came (R000-142).
    ///
    /// # Errors
    /// When a part has no JSON form; no event that the engine makes has such a part.
    pub fn to_canonical_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut out = Vec::with_capacity(512);
        write(&serde_json::to_value(self)?, &mut out)?;
        Ok(out)
    }
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    match value {
        Value::Number(number) if number.is_f64() => {
            out.extend(serde_json_canonicalizer::to_vec(value)?);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            serde_json::to_writer(out, value)?;
        }
        Value::Array(items) => {
            let mut mark = b'[';
            for item in items {
                out.push(mark);
                write(item, out)?;
                mark = b',';
            }
            if items.is_empty() {
                out.push(mark);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            let mut mark = b'{';
            for (name, member) in &members {
                out.push(mark);
                serde_json::to_writer(&mut *out, name)?;
                out.push(b':');
                write(member, out)?;
                mark = b',';
            }
            if members.is_empty() {
                out.push(mark);
            }
            out.push(b'}');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::ReplyRecord;

    fn written(value: &Value) -> String {
        let mut out = Vec::new();
        write(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    // A hostile code of the authority made its record unreadable, while RFC 8785 was taken to the letter.
    #[test]
    fn integers_keep_all_their_digits() {
        for code in [i64::MAX, i64::MIN, (1 << 53) + 1, 0, -1] {
            let event = Event::Reply(ReplyRecord {
                attempt: 1,
                meaning: "refused".to_owned(),
                request_id: None,
                authority_code: Some(code),
                detail: String::new(),
                exchange: None,
                digest: None,
            });
            let bytes = event.to_canonical_json().unwrap();
            assert_eq!(serde_json::from_slice::<Event>(&bytes).unwrap(), event);
        }
    }

    #[test]
    fn members_are_sorted_as_utf_16_and_nothing_is_spaced() {
        let value = serde_json::json!({ "\u{fb33}": [], "\u{1f600}": {}, "b": [1, 2.5, 1e30, "\u{7}\n/é"], "a": null });
        let expected = "{\"a\":null,\"b\":[1,2.5,1e+30,\"\\u0007\\n/é\"],\"\u{1f600}\":{},\"\u{fb33}\":[]}";
        assert_eq!(written(&value), expected);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-(1_i64 << 53)..(1_i64 << 53)).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_rfc_8785_can_say_is_said_as_it_says(value in any_value()) {
            let reference = serde_json_canonicalizer::to_string(&value).unwrap();
            prop_assert_eq!(written(&value), reference);
        }
    }
}
