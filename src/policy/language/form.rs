use super::key::Key;
use super::key::Names;
use super::key::Shape;
use super::key::text;
use super::organization::ENVIRONMENTS;
use super::organization::ORGANIZATION;
use super::organization::SLUG;
use super::service::AUDIENCE;
use super::service::CHANNELS;
use super::service::FIELD;
use super::service::LEVELS;

/// The subscription form, in a neutral shape.
pub(in crate::policy) const FORM: &[Key] = &[
    Key::required("form", Shape::Word(&["1"]), "The version of the form."),
    Key::required(
        "organization",
        Shape::Map(ORGANIZATION),
        "The organization, as in `organization.yaml`.",
    ),
    Key::required(
        "environments",
        Shape::Map(ENVIRONMENTS),
        "The environments, as in `organization.yaml`.",
    ),
    Key::required(
        "services",
        Shape::List(&Shape::Map(FORM_SERVICE)),
        "The e-services, one entry each; as many as there are.",
    ),
];

pub(in crate::policy) const FORM_SERVICE: &[Key] = &[
    Key::required(
        "service",
        Shape::Form(SLUG, "licence-renewal"),
        "The name in files and the API.",
    ),
    Key::required("name", text(100), "The name that citizens read."),
    Key::required("description", text(2_000), "What the service does."),
    Key::required("purpose", text(2_000), "What Mobile ID is integrated for."),
    Key::required("audience", Shape::Map(AUDIENCE), "Whom the service is for."),
    Key::built_in(
        "sensitivity",
        "normal",
        Shape::Word(&["normal", "sensitive", "critical"]),
        "How grave a mistake would be.",
    ),
    Key::required(
        "channels",
        Shape::List(&Shape::Word(CHANNELS)),
        "Where people use it.",
    ),
    Key::required(
        "capabilities",
        Shape::Map(FORM_CAPABILITIES),
        "The ticked capabilities.",
    ),
    Key::required(
        "fields",
        Shape::Named(Names::Fields, &Shape::Map(FIELD)),
        "The data of the person, each with its reason.",
    ),
];

pub(in crate::policy) const FORM_CAPABILITIES: &[Key] = &[
    Key::optional(
        "verify_qr",
        Shape::Map(&[]),
        "Verify the QR code of the digital card.",
    ),
    Key::optional(
        "auth_qr",
        Shape::Map(FORM_LEVEL),
        "Sign in by scanning a QR code.",
    ),
    Key::optional(
        "auth_push",
        Shape::Map(FORM_LEVEL),
        "Sign in by a notification pushed to the phone.",
    ),
    Key::optional(
        "sign",
        Shape::Map(FORM_SIGN),
        "Sign a document; always at high assurance.",
    ),
    Key::optional("notify", Shape::Map(&[]), "Send notifications."),
];

pub(in crate::policy) const FORM_LEVEL: &[Key] = &[Key::required(
    "assurance",
    Shape::Word(LEVELS),
    "The assurance level.",
)];

pub(in crate::policy) const FORM_SIGN: &[Key] = &[Key::built_in(
    "assurance",
    "high",
    Shape::Word(LEVELS),
    "The authority signs at `high` only.",
)];
