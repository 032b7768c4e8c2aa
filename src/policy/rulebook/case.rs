use crate::policy::Organization;
use crate::policy::Service;

/// What a rule is asked about.
#[derive(Clone, Copy)]
pub struct RuleCase<'a> {
    /// The organization.
    pub organization: &'a Organization,
    /// The service; `None` where a rule is asked about the organization alone.
    pub service: Option<&'a Service>,
    /// Other files of the folder, by their path.
    pub file: &'a dyn Fn(&str) -> Option<&'a str>,
}

/// A rule that is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The key that it is about, as `capabilities.sign.preview`.
    pub path: String,
    /// What is wrong there, if the rule's own message does not say it.
    pub detail: Option<String>,
    /// Whether the rule could not be asked at all, so that it is the rule that has to be mended.
    pub unasked: bool,
}

impl Breach {
    /// A breach that the rule's message says all about.
    pub fn at(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            detail: None,
            unasked: false,
        }
    }

    /// A breach with what is wrong there.
    pub fn with(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            detail: Some(detail.into()),
            unasked: false,
        }
    }

    /// A rule without an answer counts as broken (law 5).
    pub fn unasked(path: impl Into<String>, why: &str) -> Self {
        Self {
            path: path.into(),
            detail: Some(format!("the rule can't be asked: {why}")),
            unasked: true,
        }
    }
}
