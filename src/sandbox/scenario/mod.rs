//! What the sandbox can be made to do, by name.

mod file;
mod group;
mod list;

pub use file::Planned;
pub use file::ScenarioFile;
pub use file::ScenarioFileError;
pub use group::ScenarioGroup;
pub use list::Scenario;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for scenario in Scenario::ALL {
            assert_eq!(Scenario::from_name(scenario.as_str()), Some(scenario));
            assert!(scenario.ar().chars().any(|letter| ('ء'..='ي').contains(&letter)));
            assert!(scenario.en().is_ascii());
        }
    }

    #[test]
    fn the_scenarios_of_the_contract_are_there() {
        for name in [
            "approved",
            "declined",
            "timeout",
            "late",
            "duplicate",
            "early",
            "conflicting",
            "forged",
            "wrong-person",
            "low-assurance",
            "revoked",
            "expired",
            "unknown-code",
            "code-as-integer",
            "spaced-key",
            "challenge-as-object",
        ] {
            assert!(Scenario::from_name(name).is_some(), "{name}");
        }
    }

    // Besides how people are, at least sixty things can go wrong.
    #[test]
    fn there_are_at_least_sixty_faults() {
        let faults = Scenario::ALL
            .iter()
            .filter(|scenario| scenario.group() != ScenarioGroup::People);
        assert!(faults.count() >= 60);
    }
}
