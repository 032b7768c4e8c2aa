use crate::words::Day;
use crate::words::Environment;

/// For what a catalog is loaded: rules apply in some environments and not in others, and waivers end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The environment that is going to serve it; `None` where none is, and no rulebook is asked.
    pub environment: Option<Environment>,
    /// The day; `None` where it does not matter because nothing is going to be activated, and no waiver ends.
    pub today: Option<Day>,
}

/// A catalog to look into or to finish old flows with, not one to begin serving: the language holds, and no rulebook
/// is asked.
impl Default for Setting {
    fn default() -> Self {
        Self {
            environment: None,
            today: None,
        }
    }
}
