//! Law 6, by the million: whatever a script gives to `tighten`, the plan asks for no more than the service file.
//!
//! 50,000 plans and results; a million with `MIDFLOW_SOAK=1`. `MIDFLOW_SEED` repeats a run.

use std::collections::BTreeSet;
use std::time::Duration;

use rhai::Dynamic;
use rhai::Map;

use super::constructors::tightening;
use crate::policy::Plan;
use crate::policy::Tightening;
use crate::words::Assurance;
use crate::words::Field;
use crate::words::FieldSource;
use crate::words::Text;

#[test]
fn whatever_tighten_is_given_the_plan_asks_for_no_more() {
    let (mut taken, mut refused) = (0, 0);
    let mut dice = Dice::new();
    for round in 0..rounds() {
        let plan = plan(&mut dice);
        let (first, second) = (settings(&mut dice), settings(&mut dice));
        // What is no settings is an error, and the flow is refused: nothing is sent at all.
        let (Ok(a), Ok(b)) = (tightening(&first), tightening(&second)) else {
            refused += 1;
            continue;
        };
        taken += 1;
        let tight = plan.tighten(&a);
        let told = || format!("round {round}, seed {}: {plan:?} {a:?} {b:?}", dice.seed);
        assert!(Asks::of(&tight).no_more_than(&Asks::of(&plan)), "{}", told());
        assert!(
            tight.fields.contains(&CIVIL_NO) == plan.fields.contains(&CIVIL_NO),
            "{}",
            told()
        );
        assert_eq!(tight.reason, plan.reason, "{}", told());
        // It is the meet with what the script asks for, and with nothing else.
        assert_eq!(
            Asks::of(&tight),
            Asks::of(&plan).meet(&Asks::by(&a, &plan)),
            "{}",
            told()
        );
        // Idempotent, commutative, associative.
        assert_eq!(tight.tighten(&a), tight, "{}", told());
        assert_eq!(tight.tighten(&b), plan.tighten(&b).tighten(&a), "{}", told());
        assert_eq!(tight.tighten(&b), plan.tighten(&both(&a, &b)), "{}", told());
    }
    // Both ways have been gone, or nothing was shown.
    assert!(
        taken > rounds() / 10 && refused > rounds() / 10,
        "{taken} taken, {refused} refused"
    );
}

#[test]
fn the_meet_is_one() {
    let mut dice = Dice::new();
    for _ in 0..rounds() {
        let [a, b, c] = [(); 3].map(|()| Asks::of(&plan(&mut dice)));
        let meet = a.meet(&b);
        assert_eq!(a.meet(&a), a);
        assert_eq!(meet, b.meet(&a));
        assert_eq!(meet.meet(&c), a.meet(&b.meet(&c)));
        assert!(meet.no_more_than(&a) && meet.no_more_than(&b));
        // Nothing below both asks for more than the meet.
        if c.no_more_than(&a) && c.no_more_than(&b) {
            assert!(c.no_more_than(&meet));
        }
        assert_eq!(a.no_more_than(&b), a.meet(&b) == a);
    }
}

/// What is asked of the person: the lattice. Less is a higher assurance, fewer fields, a shorter time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asks {
    assurance: Assurance,
    fields: BTreeSet<String>,
    expires_in: Duration,
}

impl Asks {
    fn of(plan: &Plan) -> Self {
        Self {
            assurance: plan.assurance,
            fields: plan.fields.iter().map(|field| field.name().to_string()).collect(),
            expires_in: plan.expires_in,
        }
    }

    /// What a script asks for: everything of the plan that it does not name.
    fn by(tightening: &Tightening, plan: &Plan) -> Self {
        let dropped = |field: &&Field| tightening.drop_fields.contains(field) && **field != CIVIL_NO;
        Self {
            assurance: tightening.assurance.unwrap_or(Assurance::Low),
            fields: plan
                .fields
                .iter()
                .filter(|field| !dropped(field))
                .map(|field| field.name().to_string())
                .collect(),
            expires_in: tightening.expires_in.unwrap_or(Duration::MAX),
        }
    }

    fn meet(&self, other: &Self) -> Self {
        Self {
            assurance: self.assurance.max(other.assurance),
            fields: self.fields.intersection(&other.fields).cloned().collect(),
            expires_in: self.expires_in.min(other.expires_in),
        }
    }

    fn no_more_than(&self, other: &Self) -> bool {
        self.assurance >= other.assurance
            && self.fields.is_subset(&other.fields)
            && self.expires_in <= other.expires_in
    }
}

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

fn plan(dice: &mut Dice) -> Plan {
    let mut fields = vec![CIVIL_NO];
    for name in FIELDS {
        let field = Field::parse(name).unwrap();
        if dice.below(2) == 0 && !fields.contains(&field) {
            fields.push(field);
        }
    }
    Plan {
        assurance: dice.one_of(&Assurance::ALL),
        reason: Text::new("سبب", "reason"),
        fields,
        expires_in: Duration::from_secs(dice.below(700)),
    }
}

/// What a script could write, good and bad.
fn settings(dice: &mut Dice) -> Map {
    let mut map = Map::new();
    for _ in 0..dice.below(4) {
        let key = dice.one_of(&[
            "assurance",
            "drop",
            "expires_in",
            "drop",
            "expires_in",
            "assurance",
            "reason",
        ]);
        let value = match (key, dice.below(12)) {
            (_, 0) => nonsense(dice),
            ("assurance", _) => text(dice.one_of(&["low", "medium", "high"])),
            ("drop", _) => {
                let names: rhai::Array = (0..dice.below(5)).map(|_| text(dice.one_of(&FIELDS))).collect();
                names.into()
            }
            _ => {
                let unit = dice.one_of(&["s", "m", "h"]);
                text(&format!("{}{unit}", 1 + dice.below(900)))
            }
        };
        map.insert(key.into(), value);
    }
    map
}

fn nonsense(dice: &mut Dice) -> Dynamic {
    match dice.below(8) {
        0 => Dynamic::UNIT,
        1 => true.into(),
        2 => i64::try_from(dice.below(1_000)).unwrap().into(),
        3 => f64::NAN.into(),
        4 => Map::new().into(),
        5 => rhai::Array::from([Dynamic::from(1_i64)]).into(),
        _ => text(dice.one_of(&[
            "",
            "LOW",
            "none",
            "-5m",
            "99999999999h",
            "0s",
            "photo_of_somebody",
            "∞",
        ])),
    }
}

fn text(text: &str) -> Dynamic {
    Dynamic::from(text.to_owned())
}

/// Throws the same again for the same seed.
struct Dice {
    seed: u64,
    state: u64,
}

impl Dice {
    fn new() -> Self {
        let given = std::env::var("MIDFLOW_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(0x5eed);
        Self {
            seed,
            state: seed | 1,
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = usize::try_from(self.below(all.len() as u64)).unwrap();
        all[index]
    }
}

fn rounds() -> u32 {
    if std::env::var_os("MIDFLOW_SOAK").is_some() {
        1_000_000
    } else {
        50_000
    }
}

const CIVIL_NO: Field = Field::Plain(FieldSource::CivilNo);
const FIELDS: [&str; 10] = [
    "civil_no",
    "name_ar",
    "name_en",
    "birth_date",
    "gender",
    "photo",
    "age_over_18",
    "age_over_21",
    "card_valid",
    "is_kuwaiti",
];
