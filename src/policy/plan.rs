use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::Place;
use crate::words::Assurance;
use crate::words::Field;
use crate::words::Text;

/// What a flow is going to send, after YAML and script have been applied: data, no effects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The assurance to ask for.
    pub assurance: Assurance,
    /// The reason as rendered, without the challenge.
    pub reason: Text,
    /// The declared fields that are still wanted.
    pub fields: Vec<Field>,
    /// How long the person has to answer.
    pub expires_in: Duration,
}

/// What a script may change of a plan: only towards less (law 6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tightening {
    /// A higher assurance; a lower one than planned changes nothing.
    pub assurance: Option<Assurance>,
    /// Fields to drop; one that is not declared changes nothing.
    pub drop_fields: Vec<Field>,
    /// A shorter deadline; a longer one than planned changes nothing.
    pub expires_in: Option<Duration>,
}

/// A refusal by policy, with what the citizen is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A short stable code of the service's own, such as `minor`.
    pub code: String,
    /// What the citizen is told.
    pub say: Text,
}

/// What happens after an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The e-service goes on.
    Continue,
    /// The person may try again, so many times in all.
    Retry {
        /// The most attempts, the first included.
        attempts: u8,
    },
    /// The person may try again once their Mobile ID has the assurance that is asked for, so many times in all.
    StepUp {
        /// The most attempts, the first included.
        attempts: u8,
    },
    /// The e-service stops here.
    Stop,
}

impl Then {
    /// How many attempts there are where the person may try again, the first included; `None` where they may not.
    pub const fn attempts(self) -> Option<u8> {
        match self {
            Self::Retry { attempts } | Self::StepUp { attempts } => Some(attempts),
            Self::Continue | Self::Stop => None,
        }
    }

    /// The word used in files and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Retry { .. } => "retry",
            Self::StepUp { .. } => "step_up",
            Self::Stop => "stop",
        }
    }
}

/// What the policy does with an outcome: data that the runtime carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What happens next.
    pub then: Then,
    /// What the citizen is told.
    pub say: Text,
    /// The refusal's code, where the policy refused.
    pub refusal: Option<String>,
    /// The file, line and column that decided.
    pub rule: Place,
}

impl Plan {
    /// The meet of this plan and a tightening: never more than either (law 6).
    #[must_use]
    pub fn tighten(&self, tightening: &Tightening) -> Self {
        let kept = |field: &&Field| !tightening.drop_fields.contains(field) || **field == CIVIL_NO;
        Self {
            assurance: tightening
                .assurance
                .map_or(self.assurance, |level| level.max(self.assurance)),
            reason: self.reason.clone(),
            fields: self.fields.iter().filter(kept).cloned().collect(),
            expires_in: tightening
                .expires_in
                .map_or(self.expires_in, |time| time.min(self.expires_in)),
        }
    }
}

/// The civil number can't be dropped: it is how the approver is compared with the person asked (R000-027).
const CIVIL_NO: Field = Field::Plain(crate::words::FieldSource::CivilNo);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::FieldSource;

    fn field() -> impl Strategy<Value = Field> {
        prop_oneof![
            proptest::sample::select(FieldSource::ALL.to_vec()).prop_map(Field::Plain),
            (1_u8..=120).prop_map(Field::AgeOver),
            Just(Field::CardValid),
            Just(Field::IsKuwaiti),
            Just(Field::Resident),
            (1_u16..=3_660).prop_map(Field::ValidFor),
        ]
    }

    fn assurance() -> impl Strategy<Value = Assurance> {
        proptest::sample::select(Assurance::ALL.to_vec())
    }

    fn duration() -> impl Strategy<Value = Duration> {
        (0_u64..1_000).prop_map(Duration::from_secs)
    }

    fn plan() -> impl Strategy<Value = Plan> {
        (
            assurance(),
            proptest::collection::vec(field(), 0..8),
            duration(),
            "[a-z ]{0,8}",
        )
            .prop_map(|(assurance, mut fields, expires_in, reason)| {
                fields.insert(0, CIVIL_NO);
                fields.dedup();
                Plan {
                    assurance,
                    reason: Text::new(reason.clone(), reason),
                    fields,
                    expires_in,
                }
            })
    }

    fn tightening() -> impl Strategy<Value = Tightening> {
        (
            proptest::option::of(assurance()),
            proptest::collection::vec(field(), 0..8),
            proptest::option::of(duration()),
        )
            .prop_map(|(assurance, drop_fields, expires_in)| Tightening {
                assurance,
                drop_fields,
                expires_in,
            })
    }

    /// Whether a plan asks for no more than another: the order of the lattice.
    fn no_more(less: &Plan, than: &Plan) -> bool {
        less.assurance >= than.assurance
            && less.expires_in <= than.expires_in
            && less.fields.iter().all(|field| than.fields.contains(field))
            && less.reason == than.reason
    }

    /// The two tightenings as one.
    fn both(a: &Tightening, b: &Tightening) -> Tightening {
        Tightening {
            assurance: a.assurance.max(b.assurance),
            drop_fields: a.drop_fields.iter().chain(&b.drop_fields).cloned().collect(),
            expires_in: match (a.expires_in, b.expires_in) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        // Law 6: whatever a script returns, the plan asks for no more than the file and no more than the script.
        #[test]
        fn a_tightened_plan_asks_for_no_more(plan in plan(), tightening in tightening()) {
            let tight = plan.tighten(&tightening);
            prop_assert!(no_more(&tight, &plan));
            prop_assert!(tightening.assurance.is_none_or(|level| tight.assurance >= level));
            prop_assert!(tightening.expires_in.is_none_or(|time| tight.expires_in <= time));
            let dropped = |field: &Field| tightening.drop_fields.contains(field) && *field != CIVIL_NO;
            prop_assert!(!tight.fields.iter().any(dropped));
        }

        // Law 6: and it is the greatest such plan, so nothing is lost that nobody dropped.
        #[test]
        fn nothing_else_is_lost(plan in plan(), tightening in tightening()) {
            let tight = plan.tighten(&tightening);
            for field in &plan.fields {
                prop_assert!(tight.fields.contains(field) || tightening.drop_fields.contains(field));
            }
            prop_assert!(tight.assurance == plan.assurance || Some(tight.assurance) == tightening.assurance);
            prop_assert!(tight.expires_in == plan.expires_in || Some(tight.expires_in) == tightening.expires_in);
        }

        #[test]
        fn tightening_twice_changes_nothing(plan in plan(), tightening in tightening()) {
            let once = plan.tighten(&tightening);
            prop_assert_eq!(once.tighten(&tightening), once);
        }

        #[test]
        fn the_order_of_tightenings_does_not_matter(plan in plan(), a in tightening(), b in tightening()) {
            let one = plan.tighten(&a).tighten(&b);
            prop_assert_eq!(&one, &plan.tighten(&b).tighten(&a));
            prop_assert_eq!(&one, &plan.tighten(&both(&a, &b)));
        }

        #[test]
        fn a_tighter_ceiling_gives_a_tighter_plan(plan in plan(), a in tightening(), b in tightening()) {
            prop_assert!(no_more(&plan.tighten(&a).tighten(&b), &plan.tighten(&b)));
        }

        #[test]
        fn no_tightening_is_no_change(plan in plan()) {
            prop_assert_eq!(plan.tighten(&Tightening::default()), plan);
        }

        // R000-027: the civil number stays.
        #[test]
        fn the_civil_number_can_not_be_dropped(plan in plan()) {
            let all = Tightening { drop_fields: plan.fields.clone(), ..Tightening::default() };
            prop_assert_eq!(plan.tighten(&all).fields, vec![CIVIL_NO; plan.fields.iter().filter(|f| **f == CIVIL_NO).count()]);
        }
    }
}
