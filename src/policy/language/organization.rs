use super::key::FORMAT;
use super::key::Key;
use super::key::Shape;
use super::key::text;

/// `policies/organization.yaml`.
pub(in crate::policy) const ORGANIZATION_FILE: &[Key] = &[
    FORMAT,
    Key::required(
        "organization",
        Shape::Map(ORGANIZATION),
        "The service provider itself, as in the subscription form.",
    ),
    Key::required(
        "environments",
        Shape::Map(ENVIRONMENTS),
        "The separated worlds that the provider runs. Production and test are both required and share nothing.",
    ),
    Key::optional(
        "onboarding",
        Shape::Map(ONBOARDING),
        "How far the subscription has come. What production needs of it, the rulebook asks for.",
    ),
    Key::optional(
        "push_safety",
        Shape::Map(PUSH_SAFETY),
        "How people are protected from requests that they did not ask for, across all services.",
    ),
];

pub(in crate::policy) const PUSH_SAFETY: &[Key] = &[
    Key::built_in(
        "per_person",
        "10/1h, but nothing in development",
        Shape::Limit,
        "So many requests of all services to one person's phone in so long; counts `auth_push` and `sign`.",
    ),
    Key::built_in(
        "cool_off",
        "5m, but nothing in development",
        Shape::Duration,
        "How long the next request waits once a person has declined `declines` of them within a day; twice as long \
         after each further one.",
    ),
    Key::built_in(
        "declines",
        "2",
        Shape::Integer { min: 1, max: 10 },
        "How many declines within a day begin a cool-off.",
    ),
    Key::built_in(
        "longest_cool_off",
        "1d",
        Shape::Duration,
        "The longest that a cool-off gets: at least `cool_off`, at most `1d`.",
    ),
    Key::built_in(
        "not_me",
        "1d",
        Shape::Duration,
        "For how long nothing goes to the phone of a person who has reported a request they did not ask for: `1h` to \
         `7d`.",
    ),
];

pub(in crate::policy) const ORGANIZATION: &[Key] = &[
    Key::required(
        "name",
        text(NAME_LENGTH),
        "The name as registered; people compare it with their phone.",
    ),
    Key::required(
        "type",
        Shape::Word(&["government", "private"]),
        "A public authority, or a company or other private body.",
    ),
    Key::optional("address", text(300), "The postal address."),
    Key::optional("website", Shape::Url, "The public web site."),
    Key::optional(
        "logo",
        Shape::Map(LOGO),
        "The logo as registered; people compare it with their phone.",
    ),
    Key::required("contacts", Shape::Map(CONTACTS), "Whom the authority can reach."),
    Key::required(
        "third_party",
        Shape::Either(&[Shape::Line { max: LINE_LENGTH }, Shape::Map(THIRD_PARTY)]),
        "`none`, or the vendor who does integration work: the name, or a map with the agreement.",
    ),
];

pub(in crate::policy) const LOGO: &[Key] = &[
    Key::required(
        "file",
        Shape::Form(LOGO_FILE, "logo.svg"),
        "A file beside `organization.yaml`: SVG, or PNG of 64 to 2048 pixels a side; at most 256 KiB.",
    ),
    Key::optional(
        "sha256",
        Shape::Sha256,
        "The digest of the logo that was registered; another file is refused.",
    ),
];

pub(in crate::policy) const CONTACTS: &[Key] = &[
    Key::required(
        "primary",
        Shape::Map(CONTACT),
        "Who answers for the subscription.",
    ),
    Key::required(
        "technical",
        Shape::Map(CONTACT),
        "Who answers for the integration, day and night.",
    ),
    Key::optional(
        "data_protection",
        Shape::Map(CONTACT),
        "Who answers for personal data.",
    ),
    Key::optional(
        "complaints",
        Shape::Map(CONTACT),
        "Who answers citizens who complain.",
    ),
];

pub(in crate::policy) const CONTACT: &[Key] = &[
    Key::required("name", Shape::Line { max: LINE_LENGTH }, "The full name."),
    Key::required("title", Shape::Line { max: LINE_LENGTH }, "The job title."),
    Key::required(
        "email",
        Shape::Form(EMAIL, "name@example.gov.kw"),
        "The e-mail address.",
    ),
    Key::required(
        "mobile",
        Shape::Form(r"^\+965[0-9]{8}$", "\"+96512345678\""),
        "The mobile number, in quotes: without them YAML reads a number.",
    ),
];

pub(in crate::policy) const THIRD_PARTY: &[Key] = &[
    Key::required("name", Shape::Line { max: LINE_LENGTH }, "The vendor's name."),
    Key::optional(
        "agreement",
        Shape::Map(SIGNED),
        "The agreement between the authority, the provider and the vendor.",
    ),
];

pub(in crate::policy) const ENVIRONMENTS: &[Key] = &[
    Key::required(
        "production",
        Shape::Map(ENVIRONMENT),
        "Real citizens, real consequences.",
    ),
    Key::required(
        "test",
        Shape::Map(ENVIRONMENT),
        "Integration, pre-production and certification.",
    ),
    Key::optional("dr", Shape::Map(ENVIRONMENT), "Disaster recovery of production."),
    Key::optional("development", Shape::Map(ENVIRONMENT), "A developer's machine."),
];

pub(in crate::policy) const ENVIRONMENT: &[Key] = &[
    Key::required(
        "callback_base_url",
        Shape::Url,
        "Where the authority answers: `https`, no query, of this environment alone.",
    ),
    Key::required(
        "public_ips",
        Shape::List(&Shape::Form(NETWORK, "\"203.0.113.10/32\"")),
        "The public addresses that requests come from, as ranges.",
    ),
    Key::optional(
        "nodes",
        Shape::List(&Shape::Form(SLUG, "node-2")),
        "The nodes of this environment, where there is more than one.",
    ),
    Key::optional(
        "client_certificate",
        Shape::Sha256,
        "The SHA-256 fingerprint of the client certificate that the authority issued for this environment.",
    ),
];

pub(in crate::policy) const ONBOARDING: &[Key] = &[
    Key::built_in(
        "requirements",
        "paci-onboarding-1.3",
        Shape::Word(REVISIONS),
        "The revision of the authority's requirements that was signed for.",
    ),
    Key::optional(
        "request",
        Shape::Map(SIGNED),
        "The subscription request as it was signed.",
    ),
    Key::optional("agreement", Shape::Map(SIGNED), "The subscriber agreement."),
    Key::optional(
        "declaration",
        Shape::Map(DECLARATION),
        "Who stands for everything in these files being true.",
    ),
];

pub(in crate::policy) const SIGNED: &[Key] = &[
    Key::required("signed_on", Shape::Day, "The day of the signature."),
    Key::required("signed_by", Shape::Line { max: LINE_LENGTH }, "Who signed."),
    Key::optional(
        "reference",
        Shape::Line { max: LINE_LENGTH },
        "Under which number it is filed.",
    ),
    Key::optional("sha256", Shape::Sha256, "The digest of the signed document."),
];

pub(in crate::policy) const DECLARATION: &[Key] = &[
    Key::required("by", Shape::Line { max: LINE_LENGTH }, "Who declares it."),
    Key::required("on", Shape::Day, "The day."),
];

/// The revisions of the authority's requirements that this midflow knows.
pub(in crate::policy) const REVISIONS: &[&str] = &["paci-onboarding-1.3"];

pub(in crate::policy) const NAME_LENGTH: usize = 100;
pub(in crate::policy) const LINE_LENGTH: usize = 100;
pub(in crate::policy) const SLUG: &str = "^[a-z][a-z0-9-]{0,63}$";
pub(in crate::policy) const LOGO_FILE: &str = r"^[a-z0-9][a-z0-9_-]{0,62}\.(svg|png)$";
const EMAIL: &str = "^[^@\\s]+@[^@\\s]+$";
const NETWORK: &str = "^[0-9A-Fa-f.:]+/[0-9]{1,3}$";
