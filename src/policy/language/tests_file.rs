use super::key::FORMAT;
use super::key::Key;
use super::key::Names;
use super::key::Shape;
use super::organization::SLUG;

/// `policies/services/<service>.test.yaml`. Values that a table fills may be anything: `$column` stands for them.
pub(in crate::policy) const TESTS: &[Key] = &[
    FORMAT,
    Key::required(
        "tests",
        Shape::Form(SLUG, "licence-renewal"),
        "The service beside which the file stands.",
    ),
    Key::optional(
        "given",
        Shape::Map(GIVEN),
        "What every case has that says nothing else.",
    ),
    Key::required(
        "cases",
        Shape::Named(Names::Any, &Shape::Map(CASE)),
        "The cases, each named by what it shows.",
    ),
    Key::optional(
        "accepted",
        Shape::List(&Shape::Map(ACCEPTED)),
        "Changes of a rule that no case need notice, with the reason.",
    ),
];

pub(in crate::policy) const GIVEN: &[Key] = &[
    Key::built_in(
        "now",
        "2026-11-22 10:00",
        Shape::Any,
        "The date and the time in Kuwait.",
    ),
    Key::optional(
        "channel",
        Shape::Any,
        "One, a list, or `all` that the service declares; else its first.",
    ),
    Key::optional(
        "capability",
        Shape::Any,
        "One, a list, or `all` that the service declares.",
    ),
    Key::optional("locale", Shape::Any, "`ar`, `en`, a list, or `all`; else `ar`."),
    Key::optional(
        "attempt",
        Shape::Any,
        "1 for the first flow, one more for each retry.",
    ),
    Key::optional(
        "inputs",
        Shape::Named(Names::Inputs, &Shape::Any),
        "What the e-service passes; `missing` takes one away.",
    ),
    Key::optional(
        "person",
        Shape::Named(Names::Inputs, &Shape::Any),
        "What the authority knows of the person: fields, `age`, `assurance`.",
    ),
    Key::optional(
        "earlier",
        Shape::Any,
        "How long ago this person began other flows: `[1m, 5m]`.",
    ),
    Key::optional(
        "elsewhere",
        Shape::Any,
        "How long ago other services sent requests to this person's phone: `[1m, 5m]`.",
    ),
    Key::optional(
        "declines",
        Shape::Any,
        "How long ago this person declined requests, of whatever service: `[1m, 5m]`.",
    ),
    Key::optional(
        "reported",
        Shape::Any,
        "How long ago this person reported a request that they did not ask for: `2h`.",
    ),
    Key::built_in(
        "known",
        "true",
        Shape::Any,
        "Whether a service of the organization has authenticated this person before.",
    ),
    Key::optional(
        "others",
        Shape::Any,
        "Flows of other people: `{ count: 200, ago: 0s }`.",
    ),
];

pub(in crate::policy) const CASE: &[Key] = &[
    Key::optional(
        "table",
        Shape::List(&Shape::Named(Names::Any, &Shape::Any)),
        "Rows; every value `$column` becomes what the row has under that name.",
    ),
    Key::optional(
        "given",
        Shape::Map(GIVEN),
        "What is so; it adds to what the file gives every case.",
    ),
    Key::optional(
        "answers",
        Shape::Any,
        "One name or a list in order, as `midflow trigger --list` has them; for a journey a map from steps to that.",
    ),
    Key::required("expect", Shape::Map(EXPECT), "What has to come of it."),
];

pub(in crate::policy) const EXPECT: &[Key] = &[
    Key::optional(
        "turned_away",
        Shape::Any,
        "No flow begins, because of this: `limits.per_person`, `push_safety.per_person`, `channels`, ….",
    ),
    Key::optional(
        "at",
        Shape::Any,
        "The step of a journey that the rest is about; the one that ends it where none is named.",
    ),
    Key::optional(
        "steps",
        Shape::Any,
        "The steps of a journey that begin, in order, consents included.",
    ),
    Key::optional(
        "plan",
        Shape::Either(&[Shape::Map(EXPECTED_PLAN), Shape::Line { max: 100 }]),
        "What is sent, or `none`.",
    ),
    Key::optional(
        "outcome",
        Shape::Any,
        "A class (`timeout`) or a leaf code (`other.not_enrolled`).",
    ),
    Key::optional("then", Shape::Any, "`continue`, `retry`, `step_up` or `stop`."),
    Key::optional("attempts", Shape::Any, "The most attempts."),
    Key::optional("refusal", Shape::Any, "The code of a script's `refuse`."),
    Key::optional(
        "say",
        Shape::Any,
        "What the person is told, as `{ ar, en }`; `…` stands for anything.",
    ),
    Key::optional(
        "person",
        Shape::Any,
        "What the e-service gets: names, names with values, or `none`.",
    ),
    Key::optional(
        "why",
        Shape::Any,
        "The rule that decided: a key, `fn plan`, a file, or `file:line`.",
    ),
    Key::optional(
        "check",
        Shape::Any,
        "The first check of the connector that failed.",
    ),
    Key::optional("notes", Shape::Any, "What was noted on the way, in order."),
];

pub(in crate::policy) const EXPECTED_PLAN: &[Key] = &[
    Key::optional("assurance", Shape::Any, "The level that is asked for."),
    Key::optional(
        "fields",
        Shape::Any,
        "All fields that are asked for, in any order.",
    ),
    Key::optional("expires_in", Shape::Any, "How long the person has to answer."),
    Key::optional("reason", Shape::Any, "What the person reads, as `{ ar, en }`."),
    Key::optional("why", Shape::Any, "The rule that made the plan."),
    Key::optional(
        "sent_at",
        Shape::Any,
        "When the request leaves, by the clock in Kuwait: \"07:00\".",
    ),
];

pub(in crate::policy) const ACCEPTED: &[Key] = &[
    Key::required(
        "file",
        Shape::Line { max: 200 },
        "The file whose rule is changed.",
    ),
    Key::required(
        "change",
        Shape::Line { max: 500 },
        "The change, as `midflow test --mutate` names it.",
    ),
    Key::required("because", Shape::Line { max: 500 }, "Why no case need notice it."),
];
