use std::cmp::Ordering;
use std::io;

use serde::Serialize;
use serde_json::ser::CharEscape;
use serde_json::ser::CompactFormatter;
use serde_json::ser::Formatter;
use serde_json::ser::Serializer;

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
        write(self)
    }
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut page = Page {
        text: Vec::with_capacity(ROOM),
        ..Page::default()
    };
    // The page itself is what is written to; the writer beside it gets nothing.
    value.serialize(&mut Serializer::with_formatter(io::sink(), &mut page))?;
    Ok(page.text)
}

/// What the longest event of a flow takes; growing on the way there costs more than the writing.
const ROOM: usize = 2_048;

/// Text that is written straight from the types; each object is put in order when it is closed.
///
/// An event is written a few times in every flow, and a tree of its values would cost more than its text. The records
/// declare their fields in this order, so there is seldom anything to put in order.
#[derive(Default)]
struct Page {
    text: Vec<u8>,
    /// The members of all objects that are open, those of the innermost last.
    members: Vec<Member>,
    /// Where among them those of each open object begin, the innermost last.
    open: Vec<usize>,
    /// Where members are put in order.
    ordered: Vec<u8>,
}

/// Where a member stands in the text, without the comma before it.
#[derive(Clone, Copy)]
struct Member {
    start: usize,
    /// Where its name ends, quotes included.
    name_end: usize,
    end: usize,
    /// Whether its name is ASCII without escapes.
    is_plain: bool,
}

impl Page {
    /// Puts the members of the innermost object in the order of their names.
    fn close_object(&mut self) {
        let Self {
            text,
            members: all,
            open,
            ordered,
        } = self;
        let Some(begin) = open.pop() else {
            return;
        };
        let members = all.get_mut(begin..).unwrap_or_default();
        if !members.is_sorted_by(|one, other| one.order(other, text).is_lt()) {
            let start = members.first().map_or(text.len(), |member| member.start);
            members.sort_by(|one, other| one.order(other, text));
            ordered.clear();
            ordered.reserve(text.len().saturating_sub(start));
            for (at, member) in members.iter().enumerate() {
                if at > 0 {
                    ordered.push(b',');
                }
                ordered.extend_from_slice(text.get(member.start..member.end).unwrap_or_default());
            }
            text.truncate(start);
            text.extend_from_slice(ordered);
        }
        all.truncate(begin);
    }
}

impl Member {
    /// RFC 8785 compares names by their UTF-16 units; plain ASCII needs no decoding for that.
    fn order(&self, other: &Self, text: &[u8]) -> Ordering {
        if self.is_plain && other.is_plain {
            // Without the quotes at the end, or a name would not come before one that it begins.
            let bare = |member: &Self| member.name(text).split_last().map(|(_, bare)| bare);
            return bare(self).cmp(&bare(other));
        }
        let decoded = |member: &Self| serde_json::from_slice::<String>(member.name(text)).unwrap_or_default();
        decoded(self).encode_utf16().cmp(decoded(other).encode_utf16())
    }

    /// Its name, quotes included.
    fn name<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.name_end).unwrap_or_default()
    }
}

/// What is written without any decision of ours.
macro_rules! as_compact {
    ($($method:ident($($argument:ident: $kind:ty),*);)*) => {$(
        fn $method<W: ?Sized + io::Write>(&mut self, _: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            CompactFormatter.$method(&mut self.text $(, $argument)*)
        }
    )*};
}

impl Formatter for &mut Page {
    as_compact! {
        write_null();
        write_bool(value: bool);
        write_i8(value: i8);
        write_i16(value: i16);
        write_i32(value: i32);
        write_i64(value: i64);
        write_i128(value: i128);
        write_u8(value: u8);
        write_u16(value: u16);
        write_u32(value: u32);
        write_u64(value: u64);
        write_u128(value: u128);
        write_number_str(value: &str);
        begin_string();
        end_string();
        write_string_fragment(fragment: &str);
        write_char_escape(escape: CharEscape);
        write_byte_array(value: &[u8]);
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object_value();
        write_raw_fragment(fragment: &str);
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        self.write_f64(writer, f64::from(value))
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, _: &mut W, value: f64) -> io::Result<()> {
        self.text.extend(serde_json_canonicalizer::to_vec(&value)?);
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.text.push(b'{');
        self.open.push(self.members.len());
        Ok(())
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        if !first {
            self.text.push(b',');
        }
        let start = self.text.len();
        self.members.push(Member {
            start,
            name_end: start,
            end: start,
            is_plain: true,
        });
        Ok(())
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let Page { text, members, .. } = &mut **self;
        if let Some(member) = members.last_mut() {
            member.name_end = text.len();
            let name = member.name(text);
            member.is_plain = name.is_ascii() && !name.contains(&b'\\');
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.text.len();
        // What was opened since is closed, so the last member is the one whose value ends.
        if let Some(member) = self.members.last_mut() {
            member.end = end;
        }
        Ok(())
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.close_object();
        self.text.push(b'}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::audit::ReplyRecord;

    fn written(value: &Value) -> String {
        String::from_utf8(write(value).unwrap()).unwrap()
    }

    // A hostile code of the authority made its record unreadable, while RFC 8785 was taken to the letter.
    #[test]
    fn integers_keep_all_their_digits() {
        for code in [i64::MAX, i64::MIN, (1 << 53) + 1, 0, -1] {
            let event = Event::Reply(ReplyRecord {
                qr: None,
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
