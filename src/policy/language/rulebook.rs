use super::key::FORMAT;
use super::key::Key;
use super::key::Names;
use super::key::Shape;
use super::key::text;
use super::organization::SLUG;

/// `policies/rulebooks/<rulebook>.yaml`.
pub(in crate::policy) const RULEBOOK: &[Key] = &[
    FORMAT,
    Key::required(
        "rulebook",
        Shape::Form(RULEBOOK_ID, "data-protection-2026"),
        "The id; equals the name of the file.",
    ),
    Key::required("title", text(200), "What the rulebook is called."),
    Key::required("source", Shape::Map(SOURCE), "Where its rules come from."),
    Key::required(
        "rules",
        Shape::Named(Names::Slugs, &Shape::Map(RULE)),
        "The rules, each by its id.",
    ),
];

pub(in crate::policy) const SOURCE: &[Key] = &[
    Key::required(
        "document",
        Shape::Line { max: 200 },
        "The document: a law, an agreement, a decision.",
    ),
    Key::optional("edition", Shape::Line { max: 100 }, "Its edition or date."),
];

pub(in crate::policy) const RULE: &[Key] = &[
    Key::optional(
        "requirements",
        Shape::List(&Shape::Form(REQUIREMENT, "R000-015")),
        "The ids of the requirements that the rule holds; printed with every breach.",
    ),
    Key::required("section", Shape::Line { max: 100 }, "The section of the source."),
    Key::built_in(
        "severity",
        "error",
        Shape::Word(&["error", "warning"]),
        "Whether a breach prevents loading.",
    ),
    Key::built_in(
        "environments",
        "[production, test, dr]",
        Shape::List(&Shape::Word(&["production", "test", "dr", "development"])),
        "Where the rule applies. In development its breaches are warnings, if it applies in test.",
    ),
    Key::built_in(
        "waivable",
        "true",
        Shape::Boolean,
        "Whether a service may break it with a waiver.",
    ),
    Key::required(
        "check",
        Shape::Map(CHECK),
        "How a breach is found; one way or several.",
    ),
    Key::required("message", text(500), "What is wrong when the rule is broken."),
    Key::required("remedy", text(500), "What to do about it."),
];

pub(in crate::policy) const CHECK: &[Key] = &[
    Key::optional(
        "holds",
        Shape::Line { max: 2_000 },
        "A Rhai expression that is true where the rule is kept. It reads `service` and `organization` as meant.",
    ),
    Key::optional(
        "each",
        Shape::Word(EACH),
        "`holds` is asked for each entry of this part of the service, with its `name` and `value`.",
    ),
    Key::optional(
        "at",
        Shape::Form(PATH, "retention.evidence"),
        "The key that a breach of `holds` points at.",
    ),
    Key::optional(
        "present",
        Shape::List(&Shape::Form(PATH, "legal_basis")),
        "Keys that must be there; those of the organization file begin with `organization`, `environments` or `onboarding`.",
    ),
    Key::optional(
        "built_in",
        Shape::Form(SLUG, "card-shows-logo"),
        "A check that midflow brings, by name.",
    ),
    Key::optional(
        "language",
        Shape::Map(LANGUAGE),
        "The language itself refuses what breaks the rule; its faults carry the requirement.",
    ),
];

pub(in crate::policy) const LANGUAGE: &[Key] = &[
    Key::optional(
        "keys",
        Shape::List(&Shape::Line { max: 100 }),
        "Faults at or below these keys; `*` stands for one part of a path, `**` for any number.",
    ),
    Key::optional(
        "codes",
        Shape::List(&Shape::Form("^[EW][0-9]{4}$", "E2020")),
        "Faults with these codes only.",
    ),
    Key::optional(
        "capability",
        Shape::Word(&["verify_qr", "auth_qr", "auth_push", "sign", "notify"]),
        "Only in services that declare this capability.",
    ),
];

pub(in crate::policy) const EACH: &[&str] = &["capabilities", "fields", "inputs", "outcomes"];
pub(in crate::policy) const RULEBOOK_ID: &str = "^[a-z][a-z0-9.-]{0,63}$";
pub(in crate::policy) const REQUIREMENT: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
pub(in crate::policy) const PATH: &str = "^[a-z][a-z0-9_]*(\\.[a-z0-9_]+)*$";
