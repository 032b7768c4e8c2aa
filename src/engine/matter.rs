//! What each capability asks of an e-service, and what it has to say beyond what all have.

use std::collections::BTreeMap;

use super::Problem;
use super::ProblemCode;
use super::StartFlow;
use super::draft::Draft;
use super::inner::Inner;
use super::live::Live;
use super::start::problem;
use crate::catalog::LoadedService;
use crate::connector::Matter;
use crate::connector::Notification;
use crate::policy::ApprovalState;
use crate::policy::Approved;
use crate::policy::InputValue;
use crate::policy::NotifySettings;
use crate::policy::OwnSettings;
use crate::policy::Service;
use crate::policy::render;
use crate::policy::texts_digest;
use crate::words::Capability;
use crate::words::Environment;
use crate::words::InputName;
use crate::words::Text;

impl Inner {
    /// Checks that the request has what its capability needs, and nothing that belongs to another.
    pub(super) fn check_members(&self, ask: &StartFlow) -> Result<(), Problem> {
        let missing = |code, detail: &str| Err(problem(code, detail));
        let members = [
            (ask.qr_data.is_some(), Capability::VerifyQr, "qr_data"),
            (ask.document.is_some(), Capability::Sign, "document"),
            (ask.template.is_some(), Capability::Notify, "template"),
        ];
        for (given, capability, name) in members {
            if given && ask.capability != capability {
                let detail = format!("`{name}` goes with `{capability}` only; leave it out");
                return Err(problem(ProblemCode::InvalidRequest, detail));
            }
            if !given && ask.capability == capability {
                let detail = format!("`{name}` is missing; `{capability}` needs it");
                return Err(problem(ProblemCode::InvalidRequest, detail));
            }
        }
        match ask.capability {
            Capability::AuthPush if ask.civil_no.is_none() => missing(
                ProblemCode::InvalidCivilNo,
                "`person.civil_no` is missing; a push needs to know whom to ask",
            ),
            Capability::Sign | Capability::Notify if ask.civil_no.is_none() => missing(
                ProblemCode::InvalidCivilNo,
                "`person.civil_no` is missing; it says who is asked",
            ),
            // R000-075: nobody can scan a code with the phone that shows it.
            Capability::AuthQr if ask.channel.is_mobile() && !self.connector.opens_app() => missing(
                ProblemCode::QrNotOnMobile,
                "a QR code is not shown on the phone that would have to scan it, and this node has no link that opens \
                 the app (`kuwait.app_link`); use `auth_push`, or set the link",
            ),
            _ => Ok(()),
        }
    }

    /// Refuses texts that nobody has looked at; no waiver lets one leave.
    pub(super) fn check_texts(&self, capability: Capability, service: &LoadedService) -> Result<(), Problem> {
        match capability {
            Capability::Notify => approved_texts(self.options.environment, &service.service),
            _ => Ok(()),
        }
    }

    /// What the request carries beyond the common: for `sign` nothing yet, because the person has to confirm first.
    pub(super) fn matter(
        ask: &StartFlow,
        service: &LoadedService,
        inputs: &BTreeMap<InputName, InputValue>,
    ) -> Result<Matter, Problem> {
        match (ask.capability, &ask.qr_data, &ask.template) {
            (Capability::VerifyQr, Some(text), _) => Ok(Matter::IdentityQr(text.clone())),
            (Capability::Notify, _, Some(name)) => {
                notification(service, name, inputs).map(Matter::Notification)
            }
            _ => Ok(Matter::Nothing),
        }
    }
}

/// R000-195: only what stands in the service file is sent, with the checked inputs in it.
pub(super) fn notification(
    service: &LoadedService,
    name: &str,
    inputs: &BTreeMap<InputName, InputValue>,
) -> Result<Notification, Problem> {
    let settings = notify_settings(service);
    let Some(template) = settings.and_then(|settings| settings.templates.get(name)) else {
        let known: Vec<&str> = settings
            .into_iter()
            .flat_map(|settings| settings.templates.keys().map(String::as_str))
            .collect();
        let detail = format!(
            "`{}` has no such template; it has {}",
            service.service.id,
            known.join(", ")
        );
        return Err(problem(ProblemCode::UnknownTemplate, detail));
    };
    let text = render(&template.text, inputs);
    let text = match &template.link {
        Some(link) => Text::new(format!("{}\n{link}", text.ar), format!("{}\n{link}", text.en)),
        None => text,
    };
    Ok(Notification {
        template: name.to_owned(),
        title: render(&template.title, inputs),
        text,
    })
}

/// R000-195: where people are really told, two people of the organization have approved the texts as they are now.
fn approved_texts(environment: Environment, service: &Service) -> Result<(), Problem> {
    let matters = matches!(environment, Environment::Production | Environment::Dr);
    if !matters || service.has_texts_approved_by_two() {
        return Ok(());
    }
    let digest = texts_digest(service).map_or_else(String::new, |digest| hex::encode(digest.as_bytes()));
    let detail = format!(
        "the notifications of `{}` are not approved by two people, and no others are sent; add two approvals `of: texts`, \
         `for: organization` to {}, with the digest of these texts as `sha256`: {digest}",
        service.id, service.file,
    );
    Err(problem(ProblemCode::TextsNotApproved, detail))
}

/// R000-136, R000-195: who approved the texts of a service that notifies people, as its file says.
pub(super) fn approval_of_texts(live: &Live, draft: &Draft) -> Option<String> {
    if draft.row.capability != Capability::Notify {
        return None;
    }
    let service = live.catalog.as_ref()?.service(draft.row.service.as_str())?;
    let approval = service.service.approvals.iter().find(|approval| {
        approval.state == ApprovalState::Approved
            && matches!(
                approval.of,
                Approved::Texts | Approved::Capability(Capability::Notify)
            )
    })?;
    let reference = approval.reference.as_deref().unwrap_or("no reference");
    Some(format!("{}, {} ({reference})", approval.by, approval.on))
}

/// The settings of `notify`, if the service has it.
fn notify_settings(service: &LoadedService) -> Option<&NotifySettings> {
    match &service.service.capability(Capability::Notify)?.own {
        OwnSettings::Notify(settings) => Some(settings),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::catalog::Catalog;
    use crate::catalog::Sources;

    const REMINDERS: &str = "policies/services/appointment-reminders.yaml";

    /// The reminders of this repository with these approvals.
    fn reminders(approvals: &str) -> Catalog {
        let sources = Sources::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let text = format!("{}\napprovals:{approvals}\n", sources.text(REMINDERS).unwrap());
        let changed = sources.with_texts([(REMINDERS, text)]);
        let (catalog, found) = Catalog::load(&changed, None);
        catalog.unwrap_or_else(|| panic!("{found:#?}"))
    }

    fn verdict(environment: Environment, approvals: &str) -> Option<ProblemCode> {
        let catalog = reminders(approvals);
        let service = catalog.service("appointment-reminders").unwrap();
        approved_texts(environment, &service.service)
            .err()
            .map(|problem| problem.code)
    }

    // R000-195: one approval is none, two by one person are one, and an approval of other texts is none of these.
    #[test]
    fn a_text_leaves_only_with_the_approval_of_two() {
        let by = |name: &str, more: &str| {
            format!("\n  - {{ of: texts, by: {name}, for: organization, on: 2026-02-01{more} }}")
        };
        let catalog = reminders(&by("Noura Example", ""));
        let service = &catalog.service("appointment-reminders").unwrap().service;
        let digest = hex::encode(texts_digest(service).unwrap().as_bytes());
        let (noura, fahad) = (by("Noura Example", ""), by("Fahad Example", ""));
        let own = by("Fahad Example", &format!(", sha256: \"{digest}\""));
        let other = by("Fahad Example", &format!(", sha256: \"{}\"", "0".repeat(64)));
        let refused = by("Fahad Example", ", state: refused");
        let no = Some(ProblemCode::TextsNotApproved);
        for environment in [Environment::Production, Environment::Dr] {
            for (approvals, expected) in [
                (noura.clone(), no),
                (format!("{noura}{noura}"), no),
                (format!("{noura}{other}"), no),
                (format!("{noura}{refused}"), no),
                (format!("{noura}{fahad}"), None),
                (format!("{noura}{own}"), None),
            ] {
                assert_eq!(verdict(environment, &approvals), expected, "{approvals}");
            }
        }
        assert_eq!(verdict(Environment::Test, &noura), None);
    }
}
