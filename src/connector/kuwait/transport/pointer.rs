use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::json::Node;
use crate::connector::kuwait::json::Value;

/// A JSON pointer (RFC 6901) through objects; replies of wrappers have no arrays worth pointing into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connector::kuwait) struct Pointer(Vec<String>);

impl Pointer {
    /// Reads the written form; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let steps = text.strip_prefix('/')?.split('/');
        let steps: Vec<String> = steps
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect();
        steps.iter().all(|step| !step.is_empty()).then_some(Self(steps))
    }

    /// The names on the way, outermost first.
    pub(super) fn steps(&self) -> &[String] {
        &self.0
    }

    /// What it points at; `null` counts as nothing.
    pub(super) fn find<'n, 'a>(&self, root: &'n Node<'a>, keys: KeyMatching) -> Option<&'n Node<'a>> {
        let mut node = root;
        for step in &self.0 {
            let member = node
                .members()?
                .iter()
                .find(|member| keys.same(&member.key, step))?;
            node = &member.node;
        }
        (!node.is_null()).then_some(node)
    }
}

/// The text of a text, a number or a boolean, without white space at its ends; `None` if there is none.
pub(super) fn plain<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match &node.value {
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        _ => node.scalar().map(str::trim).filter(|text| !text.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_points_through_objects() {
        let body = br#"{"a":{"b/c":{"~":7}},"ok":true,"n":null}"#;
        let root = Node::parse(body, KeyMatching::Exact).ok().unwrap();
        let found = |text: &str| {
            let pointer = Pointer::parse(text).unwrap();
            pointer
                .find(&root, KeyMatching::Exact)
                .and_then(plain)
                .map(str::to_owned)
        };
        assert_eq!(found("/a/b~1c/~0").as_deref(), Some("7"));
        assert_eq!(found("/ok").as_deref(), Some("true"));
        for nothing in ["/n", "/x", "/a/b", "/ok/x", ""] {
            assert_eq!(found(nothing), None, "{nothing}");
        }
        for bad in ["a", "/", "/a//b", "a/b"] {
            assert_eq!(Pointer::parse(bad), None, "{bad}");
        }
    }
}
