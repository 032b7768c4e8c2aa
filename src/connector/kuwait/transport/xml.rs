//! A small, bounded XML reader: elements, their texts and the few attributes that matter.
//!
//! What can turn XML against its reader is refused, not skipped: document types, entities beyond the five of XML itself,
//! processing instructions, depth and number beyond what any reply of the authority needs.

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// An element as read. Its text may hold personal data, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Element {
    namespace: Option<String>,
    name: String,
    /// `xsi:nil` is true.
    nil: bool,
    text: String,
    children: Vec<Self>,
}

/// Why bytes are no acceptable XML. Never quotes them: they may hold personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct XmlError(&'static str);

impl Element {
    /// Reads one document; answers its root.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(bytes).map_err(|_| XmlError("the XML is not UTF-8"))?;
        let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        let mut open: Vec<Self> = Vec::new();
        let mut root = None;
        let mut elements = 0_usize;
        loop {
            let event = reader.read_event().map_err(|_| XmlError("the XML is broken"))?;
            match event {
                Event::Start(start) => {
                    elements += 1;
                    if root.is_some() {
                        return Err(XmlError("something follows the root of the XML"));
                    }
                    if open.len() >= MAX_DEPTH || elements > MAX_ELEMENTS {
                        return Err(XmlError("the XML is too deep or has too many elements"));
                    }
                    open.push(Self::begun(&reader, &start)?);
                }
                Event::End(_) => {
                    let done = open.pop().ok_or(XmlError("the XML is broken"))?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => root = Some(done),
                    }
                }
                Event::Text(text) => add(&mut open, &text.xml_content(XmlVersion::Implicit1_0))?,
                Event::CData(text) => add(&mut open, &text.xml_content(XmlVersion::Implicit1_0))?,
                Event::GeneralRef(reference) => {
                    let letter = match reference.resolve_char_ref() {
                        Ok(Some(letter)) => letter,
                        Ok(None) => predefined(&reference)?,
                        Err(_) => return Err(XmlError("a character reference of the XML is none")),
                    };
                    add(&mut open, letter.encode_utf8(&mut [0; 4]))?;
                }
                Event::Decl(_) | Event::Comment(_) => {}
                Event::DocType(_) => return Err(XmlError("the XML has a document type")),
                Event::PI(_) => return Err(XmlError("the XML has a processing instruction")),
                Event::Empty(_) => return Err(XmlError("the XML is broken")),
                Event::Eof => break,
            }
        }
        match root {
            Some(root) if open.is_empty() => Ok(root),
            _ => Err(XmlError("the XML has no end")),
        }
    }

    fn begun(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Self, XmlError> {
        const FAULT: XmlError = XmlError("an attribute of the XML is broken");
        let (namespace, name) = reader.resolver().resolve_element(start.name());
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => Some(namespace.as_ref().to_owned()),
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(_) => return Err(XmlError("a prefix of the XML is bound to nothing")),
        };
        let mut element = Self {
            namespace: namespace.map(|name| name.to_string()),
            name: name.as_ref().to_string(),
            nil: false,
            text: String::new(),
            children: Vec::new(),
        };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| FAULT)?;
            let value = || attribute.normalized_value(XmlVersion::Implicit1_0);
            let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
            let in_schema =
                matches!(namespace, ResolveResult::Bound(namespace) if namespace.as_ref() == SCHEMA_INSTANCE);
            if in_schema && name.as_ref() == "nil" {
                element.nil = matches!(value().map_err(|_| FAULT)?.as_ref(), "true" | "1");
            }
        }
        Ok(element)
    }

    /// The name without its prefix.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is the element of a namespace.
    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && self.namespace.as_deref() == Some(namespace)
    }

    /// The first child of this name, whatever its namespace; one that is `nil` counts as absent.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children
            .iter()
            .find(|child| child.name == name && !child.nil)
    }

    /// The children, in their order.
    pub(crate) fn children(&self) -> &[Self] {
        &self.children
    }

    /// The text, without white space at its ends; of an element with children, nothing.
    pub(crate) fn text(&self) -> &str {
        if self.children.is_empty() {
            self.text.trim()
        } else {
            ""
        }
    }

    /// Whether it says that there is nothing. Only the sandbox has to tell that from an empty text.
    #[cfg(any(test, feature = "sandbox"))]
    pub(crate) const fn is_nil(&self) -> bool {
        self.nil
    }
}

/// Adds text to the element that is open; outside the root there may only be white space.
fn add(open: &mut [Element], text: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(XmlError("the XML has text outside its root")),
    }
    Ok(())
}

fn predefined(name: &str) -> Result<char, XmlError> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(XmlError("the XML has an entity of its own")),
    }
}

const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
const MAX_DEPTH: usize = 16;
const MAX_ELEMENTS: usize = 512;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Element, XmlError> {
        Element::parse(text.as_bytes())
    }

    #[test]
    fn elements_texts_and_namespaces_are_read() {
        let root = parse(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><!-- c --><s:a xmlns:s=\"urn:s\" xmlns=\"urn:d\">\
             <b> x &amp; &#x641;<![CDATA[<y>]]> </b><c/>\
             <d xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"/><e x=\"1\"/></s:a>",
        )
        .ok()
        .unwrap();
        assert!(root.is("urn:s", "a") && !root.is("urn:d", "a"));
        assert!(root.child("b").unwrap().is("urn:d", "b"));
        assert_eq!(root.child("b").unwrap().text(), "x & ف<y>");
        assert_eq!(root.child("c").unwrap().text(), "");
        assert!(root.child("d").is_none() && root.children()[2].is_nil());
        assert!(!root.child("e").unwrap().is_nil());
    }

    // Entity bombs, external entities and instructions never get as far as being looked at.
    #[test]
    fn what_turns_xml_against_its_reader_is_refused() {
        for (bad, why) in [
            (
                "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
                "document type",
            ),
            ("<a>&x;</a>", "entity of its own"),
            ("<?php x?><a/>", "processing instruction"),
            ("<a/><b/>", "follows the root"),
            ("x<a/>", "outside its root"),
            ("<a>&#xD800;</a>", "character reference"),
            ("<a><b></a>", "broken"),
            ("<a", "broken"),
            ("", "no end"),
            ("<a>", "no end"),
            ("<p:a/>", "bound to nothing"),
            ("<a x=\"1\" x=\"2\"/>", "attribute"),
        ] {
            let error = parse(bad).err().map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|error| error.contains(why)),
                "{bad}: {error:?}"
            );
        }
        assert!(parse(&"<a>".repeat(100_000)).is_err());
        assert!(parse(&format!("<a>{}</a>", "<b/>".repeat(600))).is_err());
        assert!(Element::parse(b"<a>\xff</a>").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Element::parse(&bytes);
        }

        #[test]
        fn no_markup_panics(text in r#"[<>/a-c:="'&;#x0-9!\[\]? -]{0,60}"#) {
            let _ = parse(&text);
        }
    }
}
