/// Which drawer of the phone page a scenario lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScenarioGroup {
    /// How people and their cards are.
    People,
    /// When and how often answers come.
    Timing,
    /// What an attacker would send.
    Attack,
    /// Odd forms; some are honest.
    Form,
    /// What the network does.
    Network,
}

impl ScenarioGroup {
    /// Every group, in the order of the page.
    pub const ALL: [Self; 5] = [
        Self::People,
        Self::Timing,
        Self::Attack,
        Self::Form,
        Self::Network,
    ];
}
