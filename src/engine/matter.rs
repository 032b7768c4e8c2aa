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

    /// R000-195: where people are really told, two people of the organization have approved the texts. No waiver lets a
    /// text leave that nobody has looked at.
    pub(super) fn check_texts(&self, ask: &StartFlow, service: &LoadedService) -> Result<(), Problem> {
        let matters = matches!(
            self.options.environment,
            Environment::Production | Environment::Dr
        );
        let service = &service.service;
        if ask.capability != Capability::Notify || !matters || service.has_texts_approved_by_two() {
            return Ok(());
        }
        let digest = texts_digest(service).map_or_else(String::new, |digest| digest.to_string());
        let detail = format!(
            "the notifications of `{}` are not approved by two people, and nothing else is sent; add two approvals \
             `of: texts`, `for: organization` to {}, with the digest of these texts: {}",
            service.id,
            service.file,
            digest.trim_start_matches("sha256:")
        );
        Err(problem(ProblemCode::TextsNotApproved, detail))
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
