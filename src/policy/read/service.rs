use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::capabilities::capabilities;
use super::fields::fields;
use super::inputs::inputs;
use super::map::Map;
use super::onboarding::approvals;
use super::onboarding::certification;
use super::onboarding::legal_basis;
use super::onboarding::optional;
use super::onboarding::waivers;
use super::outcomes::outcomes;
use super::reader::Reader;
use super::steps::Around;
use super::steps::steps;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::Audience;
use crate::policy::Limit;
use crate::policy::Limits;
use crate::policy::Notices;
use crate::policy::Place;
use crate::policy::Responses;
use crate::policy::Retention;
use crate::policy::Sensitivity;
use crate::policy::Service;
use crate::policy::address::is_official_host;
use crate::policy::language;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;
use crate::words::Channel;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::ServiceName;
use crate::words::Text;

/// Reads a whole service file.
pub(super) fn service(reader: &mut Reader<'_>, file: &str, root: &Node) -> Option<Service> {
    if is_another_file(reader, file, root) {
        return None;
    }
    let map = reader.map(root, "", Span::default_first(), language::SERVICE)?;
    super::format_version(reader, &map);
    let id = reader
        .required(&map, "service", stem(file))
        .and_then(|entry| id(reader, entry, file));
    let name = text(reader, &map, "name", NAME_LENGTH);
    let description = optional(&map, "description", |entry, path| {
        reader.text(entry, path, TextRules::fixed(TEXT_LENGTH))
    });
    let purpose = text(reader, &map, "purpose", TEXT_LENGTH);
    let audience = reader
        .required(&map, "audience", "{ who: { ar: …, en: … }, size: 10000 }")
        .and_then(|entry| audience(reader, entry));
    let sensitivity = match map.get("sensitivity") {
        None => Some(Sensitivity::default()),
        Some(entry) => sensitivity(reader, entry),
    };
    let legal_basis = optional(&map, "legal_basis", |entry, _| legal_basis(reader, entry));
    let channels = reader
        .required(&map, "channels", "[web]")
        .and_then(|entry| channels(reader, &entry.node));
    let inputs = map
        .get("inputs")
        .map(|entry| inputs(reader, entry))
        .unwrap_or_default();
    let capabilities = reader
        .required(
            &map,
            "capabilities",
            "{ auth_push: { assurance: medium, reason: … } }",
        )
        .and_then(|entry| capabilities(reader, entry, &inputs, sensitivity.unwrap_or_default()));
    let fields = reader
        .required(&map, "fields", "{ civil_no: { reason: { ar: …, en: … } } }")
        .and_then(|entry| fields(reader, entry));
    let outcomes = reader
        .required(
            &map,
            "outcomes",
            "{ approved: …, declined: …, timeout: …, error: …, other: … }",
        )
        .and_then(|entry| outcomes(reader, entry, &inputs));
    let notices = reader
        .required(
            &map,
            "notices",
            "{ data_use: …, liability: …, steps: […], enrol: …, enrol_url: … }",
        )
        .and_then(|entry| {
            let signs = signs(root);
            notices(reader, entry, signs)
        });
    let script = match map.get("script") {
        None => Some(None),
        Some(entry) => script(reader, entry).map(Some),
    };
    let retention = reader
        .required(&map, "retention", "{ evidence: 10y, personal_data: 90d }")
        .and_then(|entry| retention(reader, entry));
    let limits = reader
        .required(&map, "limits", "{ per_person: 3/10m, per_service: 200/s }")
        .and_then(|entry| limits(reader, entry));
    if let (Some(entry), Some(outcomes), Some(limits)) = (map.get("outcomes"), &outcomes, &limits) {
        retries_fit(reader, entry, outcomes, limits.per_person);
    }
    let journey = optional(&map, "steps", |entry, _| {
        let around = Around {
            inputs: &inputs,
            capabilities: capabilities.as_ref(),
            limits: limits.as_ref(),
        };
        steps(reader, entry, &around)
    });
    let approvals = optional(&map, "approvals", |entry, _| approvals(reader, &entry.node));
    let certification = optional(&map, "certification", |entry, _| certification(reader, entry));
    let waivers = optional(&map, "waivers", |entry, _| waivers(reader, &entry.node));
    let (script, script_place) = script?.unzip();
    Some(Service {
        id: id?,
        file: file.to_owned(),
        name: name?,
        description: description?,
        purpose: purpose?,
        audience: audience?,
        sensitivity: sensitivity?,
        legal_basis: legal_basis?,
        channels: channels?,
        capabilities: capabilities?,
        inputs,
        journey: journey?,
        fields: fields?,
        outcomes: outcomes?,
        notices: Arc::new(notices?),
        script,
        script_place,
        retention: retention?,
        limits: limits?,
        approvals: approvals?.unwrap_or_default(),
        certification: certification?,
        waivers: waivers?.unwrap_or_default(),
    })
}

/// Whether it is a file of another kind, which would be told key by key that it is no service.
fn is_another_file(reader: &mut Reader<'_>, file: &str, root: &Node) -> bool {
    if root.entry("service").is_some() {
        return false;
    }
    let kinds = [
        (
            "tests",
            "the tests of a service",
            format!("policies/services/{}.test.yaml", tested(root)),
        ),
        ("rulebook", "a rulebook", "policies/rulebooks/".to_owned()),
        (
            "organization",
            "the organization file",
            "policies/organization.yaml".to_owned(),
        ),
        (
            "defaults",
            "what services share",
            "policies/defaults.yaml".to_owned(),
        ),
    ];
    let found = kinds
        .into_iter()
        .find_map(|(key, what, home)| root.entry(key).map(|entry| (entry.key_span, what, home)));
    let Some((span, what, home)) = found else {
        return false;
    };
    reader.error(
        codes::UNKNOWN_KEY,
        format!("`{file}` holds {what}, and stands where a service is expected"),
        span,
        format!("move it to `{home}`"),
    );
    true
}

/// The service that a test file names.
fn tested(root: &Node) -> String {
    match root.entry("tests").map(|entry| &entry.node.value) {
        Some(Value::Scalar(scalar)) => shown(&scalar.text),
        _ => "<service>".to_owned(),
    }
}

/// Whether the file declares that it signs, whatever else is wrong there.
fn signs(root: &Node) -> bool {
    root.entry("capabilities")
        .is_some_and(|entry| entry.node.entry("sign").is_some())
}

fn text(reader: &mut Reader<'_>, map: &Map<'_>, key: &str, max: usize) -> Option<Text> {
    let entry = reader.required(map, key, "{ ar: \"…\", en: \"…\" }")?;
    reader.text(entry, &map.path_of(key), TextRules::fixed(max))
}

/// The name of a file without its folder and ending.
pub(super) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))
        .unwrap_or(name)
}

fn id(reader: &mut Reader<'_>, entry: &Entry, file: &str) -> Option<ServiceName> {
    let text = reader.string(&entry.node, "service", stem(file))?;
    let Ok(name) = ServiceName::parse(text) else {
        reader.error(
            codes::BAD_SERVICE_NAME,
            format!("`{}` is not a service name", shown(text)),
            entry.node.span,
            "use 1 to 64 lowercase letters, digits and hyphens, beginning with a letter",
        );
        return None;
    };
    if name.as_str() != stem(file) {
        reader.error(
            codes::NAME_IS_NOT_FILE,
            format!(
                "the service `{name}` stands in a file named `{}`",
                shown(stem(file))
            ),
            entry.node.span,
            format!("rename the file to `{name}.yaml`, or the service"),
        );
        return None;
    }
    Some(name)
}

pub(super) fn audience(reader: &mut Reader<'_>, entry: &Entry) -> Option<Audience> {
    let map = reader.map(&entry.node, "audience", entry.key_span, language::AUDIENCE)?;
    let who = text(reader, &map, "who", WHO_LENGTH);
    let size = reader
        .required(&map, "size", "10000")
        .and_then(|entry| reader.integer(&entry.node, "audience.size", 1, LARGEST_AUDIENCE));
    Some(Audience {
        who: who?,
        size: u64::try_from(size?).ok()?,
    })
}

pub(super) fn sensitivity(reader: &mut Reader<'_>, entry: &Entry) -> Option<Sensitivity> {
    let known = ["normal", "sensitive", "critical"];
    reader.word(
        &entry.node,
        "sensitivity",
        codes::UNKNOWN_WORD,
        &known,
        |word| match word {
            "normal" => Some(Sensitivity::Normal),
            "sensitive" => Some(Sensitivity::Sensitive),
            "critical" => Some(Sensitivity::Critical),
            _ => None,
        },
    )
}

pub(super) fn channels(reader: &mut Reader<'_>, node: &Node) -> Option<BTreeSet<Channel>> {
    let known = Channel::ALL.map(Channel::as_str);
    let mut read = BTreeSet::new();
    let mut good = true;
    for item in reader.list(node, "channels", "[web, mobile_web]")? {
        let Some(word) = reader.string(item, "channels", "web") else {
            good = false;
            continue;
        };
        let Some(channel) = Channel::from_name(word) else {
            let message = format!("unknown channel `{}`", shown(word));
            reader.misspelt(codes::UNKNOWN_CHANNEL, message, item.span, word, &known);
            good = false;
            continue;
        };
        if !read.insert(channel) {
            reader.error(
                codes::DUPLICATE_ITEM,
                format!("`{channel}` stands twice in `channels`"),
                item.span,
                "remove one of the two",
            );
            good = false;
        }
    }
    good.then_some(read)
}

/// Reads the notices; a service that signs also says how.
pub(super) fn notices(reader: &mut Reader<'_>, entry: &Entry, signs: bool) -> Option<Notices> {
    let map = reader.map(&entry.node, "notices", entry.key_span, language::NOTICES)?;
    let data_use = text(reader, &map, "data_use", TEXT_LENGTH);
    let liability = text(reader, &map, "liability", TEXT_LENGTH);
    let steps = reader
        .required(&map, "steps", "[ { ar: \"…\", en: \"…\" } ]")
        .and_then(|entry| step_list(reader, &entry.node, "notices.steps"));
    let sign_steps = match map.get("sign_steps") {
        None if !signs => Some(Vec::new()),
        None => reader
            .required(&map, "sign_steps", "[ { ar: \"…\", en: \"…\" } ]")
            .map(|_| Vec::new()),
        Some(entry) => step_list(reader, &entry.node, "notices.sign_steps"),
    };
    let enrol = text(reader, &map, "enrol", TEXT_LENGTH);
    let enrol_url = reader
        .required(&map, "enrol_url", "https://www.paci.gov.kw/")
        .and_then(|entry| enrol_url(reader, entry));
    Some(Notices {
        data_use: data_use?,
        liability: liability?,
        steps: steps?,
        sign_steps: sign_steps?,
        enrol: enrol?,
        enrol_url: enrol_url?,
    })
}

fn step_list(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Vec<Text>> {
    let items = reader.list(node, path, "[ { ar: \"…\", en: \"…\" } ]")?;
    let mut read = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{path}[{}]", index + 1);
        read.push(reader.text_at(item, item.span, &path, TextRules::fixed(TEXT_LENGTH)));
    }
    read.into_iter().collect()
}

fn enrol_url(reader: &mut Reader<'_>, entry: &Entry) -> Option<String> {
    let path = "notices.enrol_url";
    let url = reader.https_url(entry, path, codes::BAD_URL, |_| true)?;
    let official = crate::policy::address::https_url(&url).is_some_and(|parts| is_official_host(parts.host));
    if !official {
        reader.error(
            codes::UNOFFICIAL_ENROL_URL,
            format!("`{path}` does not lead to the official site"),
            entry.node.span,
            "use an address of paci.gov.kw, such as `https://www.paci.gov.kw/`",
        );
    }
    official.then_some(url)
}

fn script(reader: &mut Reader<'_>, entry: &Entry) -> Option<(String, Place)> {
    let text = reader.string(&entry.node, "script", "name.rhai")?;
    let name = text.strip_suffix(".rhai").unwrap_or_default();
    let plain = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_'
    };
    let good = (1..=64).contains(&name.len()) && name.chars().all(plain);
    if !good {
        let inner = text.strip_prefix("scripts/").unwrap_or(text);
        let stem = inner.strip_suffix(".rhai").unwrap_or(inner);
        let bare = !stem.is_empty() && stem.len() <= 64 && stem.chars().all(plain);
        // A folder before a good name is only too much; an ending that is not there may be another one.
        let certain = inner != text && stem != inner;
        let fix = bare
            .then(|| reader.instead(entry.node.span, text, &format!("{stem}.rhai"), certain))
            .flatten();
        reader.error_fixed(
            codes::BAD_SCRIPT_NAME,
            format!("`{}` is not the name of a script file", shown(text)),
            entry.node.span,
            "name a file in `scripts/` with its ending and without folders, such as `licence-renewal.rhai`",
            fix,
        );
        return None;
    }
    Some((text.to_owned(), reader.place(entry.node.span)))
}

pub(super) fn retention(reader: &mut Reader<'_>, entry: &Entry) -> Option<Retention> {
    let map = reader.map(&entry.node, "retention", entry.key_span, language::RETENTION)?;
    let evidence = reader
        .required(&map, "evidence", "10y")
        .and_then(|entry| reader.duration(entry, "retention.evidence", "10y"));
    let personal = map.get("personal_data");
    let personal_data = reader
        .required(&map, "personal_data", "90d")
        .and_then(|entry| reader.duration(entry, "retention.personal_data", "90d"));
    let (evidence, personal_data) = (evidence?, personal_data?);
    if personal_data > evidence
        && let Some(entry) = personal
    {
        reader.warning(
            codes::DATA_OUTLIVES_EVIDENCE,
            "personal data is kept longer than the evidence it belongs to",
            entry.node.span,
            "keep personal data no longer than `evidence`",
        );
    }
    Some(Retention {
        evidence,
        personal_data,
    })
}

pub(super) fn limits(reader: &mut Reader<'_>, entry: &Entry) -> Option<Limits> {
    let map = reader.map(&entry.node, "limits", entry.key_span, language::LIMITS)?;
    let per_person = reader
        .required(&map, "per_person", "3/10m")
        .and_then(|entry| reader.limit(entry, "limits.per_person", "3/10m"));
    let per_service = reader
        .required(&map, "per_service", "200/s")
        .and_then(|entry| reader.limit(entry, "limits.per_service", "200/s"));
    let (per_person, per_service) = (per_person?, per_service?);
    if per_person.count > per_service.count && per_person.window <= per_service.window {
        let at = map
            .get("per_person")
            .map_or(entry.key_span, |entry| entry.node.span);
        reader.warning(
            codes::LIMITS_CONTRADICT,
            "one person may begin more flows than the whole service",
            at,
            "write a smaller number for `per_person`, or a greater one for `per_service`",
        );
    }
    Some(Limits {
        per_person,
        per_service,
    })
}

/// An outcome that offers another attempt, which the limit then refuses.
fn retries_fit(reader: &mut Reader<'_>, entry: &Entry, outcomes: &Responses, limit: Limit) {
    let Value::Map(entries) = &entry.node.value else {
        return;
    };
    for one in entries {
        let class = OutcomeClass::from_name(&one.key).map(|class| outcomes.of_class(class));
        let response = class.or_else(|| outcomes.codes.get(&Outcome::from_code(&one.key)?));
        let attempts = response.and_then(|response| response.then.attempts());
        let too_many = attempts.is_some_and(|attempts| u32::from(attempts) > limit.count.get());
        // A person takes about that long to try again.
        if too_many && limit.window > MOMENT {
            reader.warning(
                codes::LIMITS_CONTRADICT,
                format!(
                    "`outcomes.{}` offers more attempts than `limits.per_person` lets one person begin",
                    one.key
                ),
                one.key_span,
                "raise `limits.per_person`, or write `then: stop`",
            );
        }
    }
}

const MOMENT: Duration = Duration::from_secs(60);
const NAME_LENGTH: usize = 100;
const TEXT_LENGTH: usize = 2_000;
const WHO_LENGTH: usize = 300;
const LARGEST_AUDIENCE: i64 = 1_000_000_000;
