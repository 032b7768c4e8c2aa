//! The first files of a folder and of a service: good policies that wait for their authors.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::failure::Failure;
use crate::policy::Document;
use crate::policy::FormService;
use crate::policy::json_schema;
use crate::policy::read_form;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Text;

/// What a new folder is about.
pub(super) struct Answers {
    pub(super) name_ar: String,
    pub(super) name_en: String,
    pub(super) kind: String,
    pub(super) service: String,
}

/// Every file of a new folder, by its path.
pub(super) fn folder(answers: &Answers) -> Result<Vec<(String, String)>, String> {
    let text = first_form(answers).to_string();
    let (form, found) = read_form("the answers", &text);
    let Some(form) = form else {
        let faults: Vec<String> = found
            .iter()
            .map(|one| format!("{}; {}", one.message, one.help.join("; ")))
            .collect();
        return Err(faults.join("\n"));
    };
    let mut files = vec![
        (
            "README.md".to_owned(),
            README.replace("SERVICE", &answers.service),
        ),
        (".gitignore".to_owned(), GITIGNORE.to_owned()),
        (
            "policies/organization.yaml".to_owned(),
            format!("{}{ORGANIZATION_NOTE}", form.organization_file(".schema")),
        ),
        ("policies/logo.svg".to_owned(), LOGO.to_owned()),
    ];
    files.extend(Document::ALL.map(|document| {
        (
            format!("policies/.schema/{}.json", document.as_str()),
            json_schema(document),
        )
    }));
    for row in &form.services {
        files.extend(service_files(row, &form.organization.name, "../.schema"));
    }
    Ok(files)
}

/// A row of the form for a service that has only a name yet.
pub(super) fn row(
    name: &str,
    capabilities: Vec<Capability>,
    channels: Vec<Channel>,
) -> Result<FormService, String> {
    let answers = Answers {
        name_ar: "جهة".to_owned(),
        name_en: "Organization".to_owned(),
        kind: "private".to_owned(),
        service: name.to_owned(),
    };
    let (form, found) = read_form("the name", &first_form(&answers).to_string());
    let row = form.and_then(|form| form.services.into_iter().next());
    let Some(mut row) = row else {
        let faults: Vec<String> = found
            .iter()
            .map(|one| format!("{}; {}", one.message, one.help.join("; ")))
            .collect();
        return Err(faults.join("\n"));
    };
    row.channels = channels;
    row.channels.sort_unstable();
    row.channels.dedup();
    row.capabilities = capabilities
        .into_iter()
        .map(|capability| {
            let level = match capability {
                Capability::VerifyQr | Capability::Notify => None,
                Capability::Sign => Some(Assurance::High),
                Capability::AuthQr | Capability::AuthPush => Some(Assurance::Medium),
            };
            (capability, level)
        })
        .collect::<BTreeMap<_, _>>();
    Ok(row)
}

/// The service file, its script and, where this version runs its capability, its test.
pub(super) fn service_files(row: &FormService, organization: &Text, schema: &str) -> Vec<(String, String)> {
    let script = format!("{}.rhai", row.id);
    let mut files = vec![
        (
            format!("policies/services/{}.yaml", row.id),
            row.draft(organization, schema, Some(&script)),
        ),
        (format!("scripts/{script}"), SCRIPT.to_owned()),
    ];
    if row.capabilities.contains_key(&Capability::AuthPush) {
        let test = TEST.replace("SERVICE", row.id.as_str()).replace(
            "CHANNEL",
            row.channels.first().map_or("web", |channel| channel.as_str()),
        );
        files.push((format!("policies/services/{}.test.yaml", row.id), test));
    }
    files
}

/// Writes a file that is not there yet, with its folders.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let fault = |error: std::io::Error| Failure::new(format!("can't write {}: {error}", path.display()));
    if path.exists() {
        return Err(Failure::new(format!("{} is there already", path.display()))
            .remedy("nothing is written over; move it away first"));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fault)?;
    }
    super::fmt::write_whole(path, text)
}

/// A form that is filled with what holds for anybody; the contacts and addresses are the author's to put in.
fn first_form(answers: &Answers) -> serde_json::Value {
    let title: String = answers
        .service
        .split('-')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let mut letters = title.chars();
    let title: String = letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    json!({
        "form": 1,
        "organization": {
            "name": { "ar": answers.name_ar, "en": answers.name_en },
            "type": answers.kind,
            "address": { "ar": "مدينة الكويت", "en": "Kuwait City" },
            "website": "https://services.example",
            "logo": { "file": "logo.svg" },
            "contacts": {
                "primary": { "name": "First Contact", "title": "Director", "email": "director@services.example", "mobile": "+96512345678" },
                "technical": { "name": "Second Contact", "title": "Head of Integration", "email": "integration@services.example", "mobile": "+96512345679" },
            },
            "third_party": "none",
        },
        "environments": {
            "production": { "callback_base_url": "https://callback.services.example/mobile-id", "public_ips": ["203.0.113.10/32"] },
            "test": { "callback_base_url": "https://callback.test.services.example/mobile-id", "public_ips": ["198.51.100.10/32"] },
        },
        "services": [{
            "service": answers.service,
            "name": { "ar": format!("خدمة «{}» الإلكترونية", answers.service), "en": english_name(&title) },
            "description": { "ar": "خدمة إلكترونية للمراجعين", "en": "An e-service for everybody who visits" },
            "purpose": { "ar": "التحقق من هوية المراجع قبل تقديم الخدمة", "en": "Verify who the visitor is before the service is given" },
            "audience": { "who": { "ar": "المواطنون والمقيمون", "en": "Citizens and residents" }, "size": 10_000 },
            "sensitivity": "normal",
            "channels": ["web"],
            "capabilities": { "auth_push": { "assurance": "medium" } },
            "fields": {
                "civil_no": { "reason": { "ar": "لمطابقة صاحب الطلب مع ملفه", "en": "To match the person signing in with their file" } },
                "name_ar": { "reason": { "ar": "لمخاطبة المراجع باسمه", "en": "To address the person by their name" } },
            },
        }],
    })
}

/// A first name for people; one that says already that it is a service is not told so twice.
fn english_name(title: &str) -> String {
    if title.to_lowercase().ends_with("service") {
        title.to_owned()
    } else {
        format!("{title} service")
    }
}

const ORGANIZATION_NOTE: &str = "\
# The addresses above end in .example and the numbers are given out to nobody: put in your own, exactly as they stand
# in your subscription form.
";

const SCRIPT: &str = "\
// Pure functions from a flow to a decision. Each is optional, takes the read-only `flow`, and returns nothing (what the
// YAML says stands) or one of tighten(…), refuse(…), stop(…), say(…).

// Before anything is sent: nobody is asked between midnight and six.
fn plan(flow) {
    if flow.now.hour < 6 {
        return refuse(\"closed\", #{
            ar: \"تستقبل الخدمة الطلبات من الساعة 6 صباحاً.\",
            en: \"The service takes requests from 6 am.\"
        });
    }
}
";

const TEST: &str = "\
# The tests of SERVICE.yaml and its script: `midflow test SERVICE`. Everybody in them is made up.
midflow: 1
tests: SERVICE

given:
  now: 2026-11-22 10:00
  channel: CHANNEL

cases:
  somebody approves:
    given: { channel: all, locale: all }
    answers: approved
    expect:
      plan: { assurance: medium, expires_in: 5m, fields: [civil_no, name_ar], why: capabilities.auth_push }
      outcome: approved
      then: continue
      why: outcomes.approved

  somebody declines:
    given: { channel: all, locale: all }
    answers: declined
    expect: { outcome: declined.by_user, then: stop, why: outcomes.declined }

  nobody answers:
    given: { channel: all, locale: all }
    answers: timeout
    expect: { outcome: timeout.no_answer, then: retry, attempts: 2, why: outcomes.timeout }

  the authority fails:
    given: { channel: all, locale: all }
    answers: error-reply
    expect: { outcome: error.authority, then: retry, attempts: 2, why: outcomes.error }

  anything else ends here:
    given: { channel: all, locale: all }
    table:
      - { answer: revoked,      outcome: other.certificate_revoked, rule: outcomes.other }
      - { answer: not-enrolled, outcome: other.not_enrolled,        rule: outcomes.other.not_enrolled }
    answers: $answer
    expect: { outcome: $outcome, then: stop, why: $rule }

  at night nobody is asked:
    table:
      - { time: 2026-11-22 00:00, outcome: other.refused, rule: fn plan }
      - { time: 2026-11-22 05:59, outcome: other.refused, rule: fn plan }
      - { time: 2026-11-22 06:00, outcome: approved,      rule: outcomes.approved }
    given: { now: $time }
    answers: approved
    expect: { outcome: $outcome, why: $rule }
";

const README: &str = "\
# Policies

What our e-services ask of Mobile ID, as midflow reads it.

    midflow              # everything on this machine, with a sandbox for the authority and a phone on the screen
    midflow check        # every mistake at once
    midflow test         # the tests beside each service
    midflow fmt          # the usual form

- `policies/organization.yaml`: who we are, as in the subscription form. Put in our own contacts and addresses.
- `policies/services/SERVICE.yaml`: the first service. `midflow new service NAME` makes another.
- `scripts/`: the rules that need logic.
- `policies/logo.svg`: the logo as registered.
";

const GITIGNORE: &str = "/var\n*.log\n";

const LOGO: &str = "\
<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\" width=\"96\" height=\"96\">
  <rect width=\"96\" height=\"96\" rx=\"20\" fill=\"#33415c\"/>
  <circle cx=\"48\" cy=\"48\" r=\"22\" fill=\"#f4f1ea\"/>
</svg>
";
