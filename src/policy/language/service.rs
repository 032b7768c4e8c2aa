use super::key::FORMAT;
use super::key::Key;
use super::key::Names;
use super::key::Shape;
use super::key::filled_text;
use super::key::text;
use super::organization::LINE_LENGTH;
use super::organization::SLUG;
use super::steps::STEP;

/// `policies/services/<service>.yaml`.
pub(in crate::policy) const SERVICE: &[Key] = &[
    FORMAT,
    Key::required(
        "service",
        Shape::Form(SLUG, "licence-renewal"),
        "The name in the API; equals the name of the file.",
    ),
    Key::required("name", text(100), "The name that citizens read."),
    Key::optional(
        "description",
        text(2_000),
        "What the service does, for the subscription form.",
    ),
    Key::required("purpose", text(2_000), "What Mobile ID is integrated for."),
    Key::required("audience", Shape::Map(AUDIENCE), "Whom the service is for."),
    Key::built_in(
        "sensitivity",
        "normal",
        Shape::Word(&["normal", "sensitive", "critical"]),
        "How grave a mistake would be; a critical service is expected to ask for high assurance.",
    ),
    Key::optional(
        "legal_basis",
        Shape::Map(LEGAL_BASIS),
        "What entitles the provider to deal electronically here and to use the data.",
    ),
    Key::required(
        "channels",
        Shape::List(&Shape::Word(CHANNELS)),
        "Where people use the service; a flow from any other channel is refused.",
    ),
    Key::required(
        "capabilities",
        Shape::Map(CAPABILITIES),
        "What the service may ask of Mobile ID; at least one. What it does not list it can't do.",
    ),
    Key::optional(
        "inputs",
        Shape::Named(Names::Inputs, &Shape::Map(INPUT)),
        "What the e-service passes with each flow, by name; the only variables that texts may use.",
    ),
    Key::optional(
        "steps",
        Shape::List(&Shape::Map(STEP)),
        "The steps of a journey, in order, where one flow is not enough: sign in, step up, agree, sign, be told.",
    ),
    Key::required(
        "fields",
        Shape::Named(Names::Fields, &Shape::Map(FIELD)),
        "The only data of the person that the service ever sees, each with its reason. `civil_no` is required.",
    ),
    Key::required(
        "outcomes",
        Shape::Named(Names::Outcomes, &Shape::Map(OUTCOME)),
        "What happens after each ending. The five classes are required; leaf codes may have answers of their own.",
    ),
    Key::required(
        "notices",
        Shape::Map(NOTICES),
        "What the person is told before anything is sent.",
    ),
    Key::optional(
        "script",
        Shape::Form(SCRIPT_FILE, "licence-renewal.rhai"),
        "A file in `scripts/`; without it the YAML says all.",
    ),
    Key::required("retention", Shape::Map(RETENTION), "How long things are kept."),
    Key::required(
        "limits",
        Shape::Map(LIMITS),
        "How often flows may begin, retries counted.",
    ),
    Key::optional(
        "approvals",
        Shape::List(&Shape::Map(APPROVAL)),
        "Who approved what, and when. Production asks for the authority's approval of each capability.",
    ),
    Key::optional(
        "certification",
        Shape::Map(CERTIFICATION),
        "The certification test that the service has passed.",
    ),
    Key::optional(
        "waivers",
        Shape::List(&Shape::Map(WAIVER)),
        "Rules that somebody answers for breaking, until a day. A waiver is shown wherever the rule would be.",
    ),
];

/// `policies/defaults.yaml`.
pub(in crate::policy) const DEFAULTS_FILE: &[Key] = &[
    FORMAT,
    Key::required(
        "defaults",
        Shape::Map(DEFAULTS),
        "What every service means unless it says otherwise. Texts here hold no `{input}`.",
    ),
];

/// What services may share: nothing that says who, what for, or which data.
pub(in crate::policy) const DEFAULTS: &[Key] = &[
    Key::optional(
        "sensitivity",
        Shape::Word(&["normal", "sensitive", "critical"]),
        "How grave a mistake would be.",
    ),
    Key::optional(
        "legal_basis",
        Shape::Map(LEGAL_BASIS),
        "As in a service, key by key.",
    ),
    Key::optional(
        "channels",
        Shape::List(&Shape::Word(CHANNELS)),
        "As in a service; the list as a whole.",
    ),
    Key::optional(
        "capabilities",
        Shape::Map(SHARED_CAPABILITIES),
        "For services that declare the capability; a default declares none.",
    ),
    Key::optional(
        "outcomes",
        Shape::Named(Names::Outcomes, &Shape::Map(OUTCOME)),
        "Answers, each as a whole, for services that have none of their own.",
    ),
    Key::optional("notices", Shape::Map(NOTICES), "As in a service, key by key."),
    Key::optional("retention", Shape::Map(RETENTION), "As in a service, key by key."),
    Key::optional("limits", Shape::Map(LIMITS), "As in a service, key by key."),
];

pub(in crate::policy) const AUDIENCE: &[Key] = &[
    Key::required("who", text(300), "Who they are."),
    Key::required(
        "size",
        Shape::Integer {
            min: 1,
            max: 1_000_000_000,
        },
        "How many they are.",
    ),
];

pub(in crate::policy) const LEGAL_BASIS: &[Key] = &[
    Key::required(
        "basis",
        Shape::Word(BASES),
        "Why the data may be used: the person's consent, a contract with them, a law, or a public task.",
    ),
    Key::required(
        "domain",
        Shape::Word(&["civil", "commercial", "administrative"]),
        "Which kind of transaction it is; the law on electronic transactions covers these three.",
    ),
    Key::optional(
        "reference",
        text(300),
        "The law, decision or contract, by name and number.",
    ),
];

pub(in crate::policy) const CAPABILITIES: &[Key] = &[
    Key::optional(
        "verify_qr",
        Shape::Map(VERIFY_QR),
        "Verify the QR code that the person's digital card shows.",
    ),
    Key::optional("auth_qr", Shape::Map(AUTH), "Sign in by scanning a QR code."),
    Key::optional(
        "auth_push",
        Shape::Map(AUTH_PUSH),
        "Sign in by a notification pushed to the phone.",
    ),
    Key::optional("sign", Shape::Map(SIGN), "Sign a document or transaction."),
    Key::optional("notify", Shape::Map(NOTIFY), "Send the person a notification."),
];

pub(in crate::policy) const SHARED_CAPABILITIES: &[Key] = &[
    Key::optional(
        "auth_qr",
        Shape::Map(SHARED_AUTH),
        "For services that sign in by QR code.",
    ),
    Key::optional(
        "auth_push",
        Shape::Map(SHARED_AUTH_PUSH),
        "For services that sign in by push.",
    ),
    Key::optional("sign", Shape::Map(SHARED_SIGN), "For services that sign."),
];

pub(in crate::policy) const VERIFY_QR: &[Key] = &[REASON];

pub(in crate::policy) const AUTH: &[Key] = &[ASSURANCE, REASON, EXPIRES_IN];

pub(in crate::policy) const AUTH_PUSH: &[Key] = &[
    ASSURANCE,
    REASON,
    EXPIRES_IN,
    Key::built_in(
        "first_contact",
        "`qr` at `high` where the service offers `auth_qr` too, `push` otherwise",
        Shape::Word(FIRST_CONTACTS),
        "How somebody begins whom no service of the organization has authenticated before: `push` lets them, `qr` ends the \
         flow as `other.first_contact`, so that they scan a code instead.",
    ),
];

pub(in crate::policy) const SHARED_AUTH: &[Key] = &[SHARED_ASSURANCE, SHARED_EXPIRY];

pub(in crate::policy) const SHARED_AUTH_PUSH: &[Key] = &[
    SHARED_ASSURANCE,
    SHARED_EXPIRY,
    Key::optional(
        "first_contact",
        Shape::Word(FIRST_CONTACTS),
        "How somebody begins whom no service has authenticated before.",
    ),
];

const SHARED_ASSURANCE: Key = Key::optional(
    "assurance",
    Shape::Word(LEVELS),
    "How sure the authority has to be of the person.",
);
const SHARED_EXPIRY: Key = Key::optional(
    "expires_in",
    Shape::Duration,
    "How long the person has to answer: `30s` to `10m`.",
);

pub(in crate::policy) const SIGN: &[Key] = &[
    Key::built_in(
        "assurance",
        "high",
        Shape::Word(LEVELS),
        "The authority signs at `high` only.",
    ),
    REASON,
    EXPIRES_IN,
    Key::required(
        "document",
        Shape::Word(DOCUMENTS),
        "What kind of paper it is; the law keeps some kinds from being signed electronically.",
    ),
    Key::built_in(
        "preview",
        "document",
        Shape::Word(PREVIEWS),
        "What the phone shows before it signs: the document, a rendering of it, or only a text.",
    ),
    Key::when(
        "text",
        "with `preview: text`",
        filled_text(1_000),
        "What is signed, exactly: parties, subject, amount. Names at least one input.",
    ),
    Key::built_in(
        "formats",
        "[pades]",
        Shape::List(&Shape::Word(FORMATS)),
        "The kinds of signed documents.",
    ),
    Key::built_in(
        "unsigned",
        "\"No signature has been made.\", in both languages",
        text(200),
        "Said after every ending but an approval: that no signature has been made.",
    ),
];

pub(in crate::policy) const SHARED_SIGN: &[Key] = &[
    Key::optional(
        "expires_in",
        Shape::Duration,
        "How long the person has to answer: `30s` to `10m`.",
    ),
    Key::optional("unsigned", text(200), "Said after every ending but an approval."),
];

pub(in crate::policy) const NOTIFY: &[Key] = &[
    REASON,
    Key::required(
        "templates",
        Shape::Named(Names::Slugs, &Shape::Map(TEMPLATE)),
        "The notifications that may be sent, each by its name; there is no free text.",
    ),
    Key::optional(
        "links",
        Shape::List(&Shape::Form(HOST, "services.example")),
        "The hosts that templates may link to.",
    ),
    Key::optional(
        "quiet_hours",
        Shape::Map(QUIET_HOURS),
        "When people are left in peace; without it notifications are sent at any hour.",
    ),
];

pub(in crate::policy) const QUIET_HOURS: &[Key] = &[
    Key::required(
        "from",
        Shape::Form(TIME_OF_DAY, "21:00"),
        "When they begin, by the clock in Kuwait.",
    ),
    Key::required(
        "to",
        Shape::Form(TIME_OF_DAY, "07:00"),
        "When they end; on the next day where that is the earlier time.",
    ),
    Key::required(
        "then",
        Shape::Word(&["hold", "refuse"]),
        "What becomes of a notification in between: it is sent when they end, or it ends as `other.quiet_hours`.",
    ),
];

pub(in crate::policy) const TEMPLATE: &[Key] = &[
    Key::required("title", text(100), "The first line of the notification."),
    Key::required("text", filled_text(500), "The notification."),
    Key::optional("link", Shape::Url, "Where it leads; its host stands in `links`."),
];

const ASSURANCE: Key = Key::required(
    "assurance",
    Shape::Word(LEVELS),
    "How sure the authority has to be of the person; a script may raise it.",
);
const REASON: Key = Key::required(
    "reason",
    filled_text(220),
    "What the person reads on the phone. In braces stand declared inputs and nothing else.",
);
const EXPIRES_IN: Key = Key::built_in(
    "expires_in",
    "5m",
    Shape::Duration,
    "How long the person has to answer: `30s` to `10m`; a script may shorten it.",
);

pub(in crate::policy) const INPUT: &[Key] = &[
    Key::required("type", Shape::Word(INPUT_TYPES), "What kind of value it is."),
    Key::built_in(
        "optional",
        "false",
        Shape::Boolean,
        "Whether a flow may begin without it; a script then reads `()`.",
    ),
    Key::optional(
        "pattern",
        Shape::Line { max: 500 },
        "`string`: a regular expression that the whole text must match.",
    ),
    Key::built_in(
        "max_length",
        "100",
        Shape::Integer { min: 1, max: 1_000 },
        "`string`: the most characters.",
    ),
    Key::optional("min", Shape::Number, "`integer`, `decimal`: the least value."),
    Key::optional("max", Shape::Number, "`integer`, `decimal`: the greatest value."),
    Key::when(
        "of",
        "for `choice`",
        Shape::List(&Shape::Line { max: 64 }),
        "`choice`: the words to choose from.",
    ),
];

pub(in crate::policy) const FIELD: &[Key] = &[
    Key::required(
        "reason",
        text(250),
        "Why the service needs it; every field has a reason of its own.",
    ),
    Key::when(
        "from",
        "for derived claims",
        Shape::Word(SOURCES_OF_CLAIMS),
        "What the claim is derived from; that value itself is dropped unseen.",
    ),
];

pub(in crate::policy) const OUTCOME: &[Key] = &[
    Key::required(
        "then",
        Shape::Word(NEXT_STEPS),
        "`continue` after `approved`; else `stop`, `retry`, or, after `other.assurance_insufficient`, `step_up`.",
    ),
    Key::when(
        "attempts",
        "with `retry` and `step_up`",
        Shape::Integer { min: 2, max: 10 },
        "How many attempts there are in all, the first included.",
    ),
    Key::required("say", filled_text(500), "What the person is told."),
];

pub(in crate::policy) const NOTICES: &[Key] = &[
    Key::required(
        "data_use",
        text(2_000),
        "How the data is used: every declared field, why, and for how long it is kept.",
    ),
    Key::required(
        "liability",
        text(2_000),
        "What the person answers for when they approve.",
    ),
    Key::required(
        "steps",
        Shape::List(&text(2_000)),
        "What will happen and what to do on the phone, step by step.",
    ),
    Key::when(
        "sign_steps",
        "with `sign`",
        Shape::List(&text(2_000)),
        "The same for signing.",
    ),
    Key::required("enrol", text(2_000), "How to get Mobile ID."),
    Key::required(
        "enrol_url",
        Shape::Url,
        "The official page about enrolment: on paci.gov.kw or below.",
    ),
];

pub(in crate::policy) const RETENTION: &[Key] = &[
    Key::required(
        "evidence",
        Shape::Duration,
        "How long the record of a flow is kept.",
    ),
    Key::required(
        "personal_data",
        Shape::Duration,
        "How long personal data is kept.",
    ),
];

pub(in crate::policy) const LIMITS: &[Key] = &[
    Key::required(
        "per_person",
        Shape::Limit,
        "So many flows of one person in so long.",
    ),
    Key::required(
        "per_service",
        Shape::Limit,
        "So many flows of the service in so long.",
    ),
];

pub(in crate::policy) const APPROVAL: &[Key] = &[
    Key::built_in(
        "of",
        "service",
        Shape::Word(APPROVED_THINGS),
        "What was approved: the service as a whole, its texts, or one capability.",
    ),
    Key::built_in(
        "state",
        "approved",
        Shape::Word(APPROVAL_STATES),
        "How it was answered. What is refused is refused to every flow.",
    ),
    Key::required("by", Shape::Line { max: LINE_LENGTH }, "Who answered, by name."),
    Key::built_in(
        "for",
        "authority",
        Shape::Word(&["authority", "organization"]),
        "For whom: the authority, or the organization itself.",
    ),
    Key::required("on", Shape::Day, "The day."),
    Key::optional(
        "reference",
        Shape::Line { max: LINE_LENGTH },
        "Under which number it is filed.",
    ),
    Key::optional(
        "sha256",
        Shape::Sha256,
        "With `of: texts`: the digest of the notifications that were approved. Without it a changed text counts as approved.",
    ),
];

pub(in crate::policy) const CERTIFICATION: &[Key] = &[
    Key::required("passed_on", Shape::Day, "The day on which the test was passed."),
    Key::required(
        "by",
        Shape::Line { max: LINE_LENGTH },
        "Who tested for the authority, by name.",
    ),
    Key::optional(
        "reference",
        Shape::Line { max: LINE_LENGTH },
        "Under which number it is filed.",
    ),
    Key::optional(
        "pack_sha256",
        Shape::Sha256,
        "The digest of the certification pack.",
    ),
];

pub(in crate::policy) const WAIVER: &[Key] = &[
    Key::required(
        "of",
        Shape::Line { max: LINE_LENGTH },
        "The id of a requirement (`R000-039`) or of a rule in a rulebook.",
    ),
    Key::required(
        "by",
        Shape::Line { max: LINE_LENGTH },
        "Who answers for it, by name.",
    ),
    Key::required("on", Shape::Day, "The day on which they took it on."),
    Key::required(
        "until",
        Shape::Day,
        "The last day on which it holds; at most two years later.",
    ),
    Key::required("why", Shape::Line { max: 500 }, "Why the rule can't be kept yet."),
];

pub(in crate::policy) const CHANNELS: &[&str] = &[
    "web",
    "mobile_web",
    "native_app",
    "kiosk",
    "call_center",
    "counter",
];
pub(in crate::policy) const LEVELS: &[&str] = &["low", "medium", "high"];
pub(in crate::policy) const FIRST_CONTACTS: &[&str] = &["push", "qr"];
pub(in crate::policy) const BASES: &[&str] = &["consent", "contract", "law", "public_task"];
pub(in crate::policy) const DOCUMENTS: &[&str] = &[
    "contract",
    "application",
    "consent",
    "receipt",
    "report",
    "transaction",
    "other",
    "personal_status",
    "waqf_or_will",
    "title_deed",
    "negotiable_instrument",
    "notarised",
];
pub(in crate::policy) const PREVIEWS: &[&str] = &["document", "rendering", "text"];
pub(in crate::policy) const FORMATS: &[&str] = &["pades", "xades", "cades"];
pub(in crate::policy) const INPUT_TYPES: &[&str] = &["string", "integer", "decimal", "boolean", "choice"];
pub(in crate::policy) const NEXT_STEPS: &[&str] = &["continue", "retry", "step_up", "stop"];
pub(in crate::policy) const APPROVED_THINGS: &[&str] = &[
    "service",
    "texts",
    "verify_qr",
    "auth_qr",
    "auth_push",
    "sign",
    "notify",
];
pub(in crate::policy) const APPROVAL_STATES: &[&str] = &["approved", "refused", "pending"];
const SOURCES_OF_CLAIMS: &[&str] = &["birth_date", "card_expiry", "nationality_en"];
const TIME_OF_DAY: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";
const SCRIPT_FILE: &str = r"^[a-z0-9_-]{1,64}\.rhai$";
pub(in crate::policy) const HOST: &str = r"^[a-z0-9.-]{1,253}$";
