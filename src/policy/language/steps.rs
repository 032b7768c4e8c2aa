use super::key::Key;
use super::key::Shape;
use super::key::filled_text;
use super::organization::SLUG;
use super::service::LEVELS;

/// A step of a service.
pub(in crate::policy) const STEP: &[Key] = &[
    Key::required(
        "step",
        Shape::Form(SLUG, "sign-in"),
        "Its name, in answers, records and scripts.",
    ),
    Key::when(
        "capability",
        "without `consent`",
        Shape::Word(STEP_CAPABILITIES),
        "What the step asks of Mobile ID; the service declares it.",
    ),
    Key::when(
        "consent",
        "without `capability`",
        filled_text(1_000),
        "A sentence to agree to on the page, before the step after it asks the person. It is recorded as it was shown.",
    ),
    Key::optional(
        "assurance",
        Shape::Word(LEVELS),
        "With `auth_push` and `auth_qr`: more certainty than the capability asks for, and no less than the steps before.",
    ),
    Key::optional(
        "reason",
        filled_text(220),
        "What the person reads on the phone at this step; the capability's where it is left out.",
    ),
    Key::when(
        "template",
        "with `notify`",
        Shape::Form(SLUG, "reminder"),
        "The notification that is sent.",
    ),
    Key::optional(
        "when",
        Shape::Map(WHEN),
        "Which values of an input lead to the step; without it every journey takes it.",
    ),
];

/// When a step is taken.
pub(in crate::policy) const WHEN: &[Key] = &[
    Key::required(
        "input",
        Shape::Form(INPUT_NAME, "amount"),
        "A declared input. A journey that begins without it takes the step.",
    ),
    Key::optional("min", Shape::Number, "`integer`, `decimal`: the least value."),
    Key::optional("max", Shape::Number, "`integer`, `decimal`: the greatest value."),
    Key::optional(
        "is",
        Shape::Either(&[Shape::Boolean, Shape::Line { max: 64 }]),
        "`boolean`, `choice`: the value.",
    ),
];

pub(in crate::policy) const STEP_CAPABILITIES: &[&str] = &["auth_qr", "auth_push", "sign", "notify"];
const INPUT_NAME: &str = "^[a-z][a-z0-9_]{0,63}$";
