use std::sync::LazyLock;

use super::Rulebook;

/// The rulebook that comes with midflow: the onboarding requirements of the authority.
pub fn shipped() -> &'static Rulebook {
    &SHIPPED
}

impl Rulebook {
    /// The path that the shipped rulebook has in a catalog.
    pub const SHIPPED_FILE: &'static str = "policies/rulebooks/paci-onboarding-1.3.yaml";

    /// The text of the shipped rulebook.
    pub const SHIPPED_TEXT: &'static str = include_str!("paci-onboarding-1.3.yaml");
}

/// Tests hold that it is read without a word. Were it not, every fault would still be found, without the
/// requirement it breaks.
static SHIPPED: LazyLock<Rulebook> = LazyLock::new(|| {
    let (rulebook, _) = crate::policy::read_rulebook(Rulebook::SHIPPED_FILE, Rulebook::SHIPPED_TEXT, true);
    rulebook.unwrap_or_else(|| Rulebook {
        id: "paci-onboarding-1.3".to_owned(),
        title: crate::words::Text::new("", ""),
        document: String::new(),
        edition: None,
        rules: Vec::new(),
    })
});
