use super::Breach;
use super::RuleCase;
use crate::policy::ApprovalState;
use crate::policy::Approved;
use crate::policy::Organization;
use crate::policy::OwnSettings;
use crate::policy::Service;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Digest;
use crate::words::Field;
use crate::words::FieldSource;
use crate::words::Text;

/// A check that midflow brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// The logo is there, can be shown, and is the registered one.
    LogoIsSound,
    /// A vendor has an agreement with the authority and the provider.
    ThirdPartyAgreed,
    /// The authority has refused nothing that the service declares.
    NothingRefused,
    /// The authority has approved every declared capability.
    CapabilitiesApproved,
    /// The service has passed its certification test.
    Certified,
    /// Two people have approved the texts of notifications.
    TextsApprovedByTwo,
    /// The steps tell the person to compare the name or the logo.
    StepsNameTheProvider,
    /// The steps of signing do.
    SignStepsNameTheProvider,
    /// A service that shows a QR code has a channel with a screen beside the phone.
    QrHasAScreen,
    /// The reason for each field says enough to be judged.
    ReasonsSayEnough,
    /// Nothing is asked for in full where the service also asks for the claim that is derived from it.
    ClaimsInsteadOfValues,
    /// The phone shows more than a text before it signs.
    SignShowsTheDocument,
    /// What is said when nothing was signed says so.
    UnsignedIsSaid,
    /// No ending but an approval reads like one.
    EndingsAreToldApart,
}

impl BuiltIn {
    /// Every check.
    pub const ALL: [Self; 14] = [
        Self::LogoIsSound,
        Self::ThirdPartyAgreed,
        Self::NothingRefused,
        Self::CapabilitiesApproved,
        Self::Certified,
        Self::TextsApprovedByTwo,
        Self::StepsNameTheProvider,
        Self::SignStepsNameTheProvider,
        Self::QrHasAScreen,
        Self::ReasonsSayEnough,
        Self::ClaimsInsteadOfValues,
        Self::SignShowsTheDocument,
        Self::UnsignedIsSaid,
        Self::EndingsAreToldApart,
    ];

    /// The name used in rulebooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LogoIsSound => "logo-is-sound",
            Self::ThirdPartyAgreed => "third-party-agreed",
            Self::NothingRefused => "nothing-refused",
            Self::CapabilitiesApproved => "capabilities-approved",
            Self::Certified => "certified",
            Self::TextsApprovedByTwo => "texts-approved-by-two",
            Self::StepsNameTheProvider => "steps-name-the-provider",
            Self::SignStepsNameTheProvider => "sign-steps-name-the-provider",
            Self::QrHasAScreen => "qr-has-a-screen",
            Self::ReasonsSayEnough => "reasons-say-enough",
            Self::ClaimsInsteadOfValues => "claims-instead-of-values",
            Self::SignShowsTheDocument => "sign-shows-the-document",
            Self::UnsignedIsSaid => "unsigned-is-said",
            Self::EndingsAreToldApart => "endings-are-told-apart",
        }
    }

    /// Reads the name used in rulebooks; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.as_str() == name)
    }

    /// Whether it is about the organization; else about each service.
    pub const fn is_of_organization(self) -> bool {
        matches!(self, Self::LogoIsSound | Self::ThirdPartyAgreed)
    }

    /// Where the rule is not kept. A check about services finds nothing where there is none, and the other way
    /// round.
    pub fn breaches(self, case: &RuleCase<'_>) -> Vec<Breach> {
        match (self.is_of_organization(), case.service) {
            (true, None) => self.of_organization(case),
            (false, Some(service)) => self.of_service(service),
            _ => Vec::new(),
        }
    }

    fn of_organization(self, case: &RuleCase<'_>) -> Vec<Breach> {
        let found = match self {
            Self::LogoIsSound => logo(case),
            _ => third_party(case.organization),
        };
        found.into_iter().collect()
    }

    fn of_service(self, service: &Service) -> Vec<Breach> {
        match self {
            Self::LogoIsSound | Self::ThirdPartyAgreed => Vec::new(),
            Self::NothingRefused => refused(service),
            Self::CapabilitiesApproved => unapproved(service),
            Self::Certified => missing(service.certification.is_none(), "certification"),
            Self::TextsApprovedByTwo => missing(!service.has_texts_approved_by_two(), "capabilities.notify"),
            Self::StepsNameTheProvider => {
                missing(!name_the_provider(&service.notices.steps), "notices.steps")
            }
            Self::SignStepsNameTheProvider => missing(
                !service.notices.sign_steps.is_empty() && !name_the_provider(&service.notices.sign_steps),
                "notices.sign_steps",
            ),
            Self::QrHasAScreen => missing(
                service.capabilities.contains_key(&Capability::AuthQr)
                    && !service.channels.iter().any(|channel| has_a_screen(*channel)),
                "capabilities.auth_qr",
            ),
            Self::ReasonsSayEnough => short_reasons(service),
            Self::ClaimsInsteadOfValues => needless_values(service),
            Self::SignShowsTheDocument => missing(
                matches!(own(service, Capability::Sign), Some(OwnSettings::Sign(sign)) if sign.preview == "text"),
                "capabilities.sign.preview",
            ),
            Self::UnsignedIsSaid => missing(
                matches!(own(service, Capability::Sign), Some(OwnSettings::Sign(sign)) if !says_unsigned(&sign.unsigned)),
                "capabilities.sign.unsigned",
            ),
            Self::EndingsAreToldApart => alike(service),
        }
    }
}

fn missing(broken: bool, path: &str) -> Vec<Breach> {
    if broken {
        vec![Breach::at(path)]
    } else {
        Vec::new()
    }
}

fn own(service: &Service, capability: Capability) -> Option<&OwnSettings> {
    service.capability(capability).map(|settings| &settings.own)
}

fn logo(case: &RuleCase<'_>) -> Option<Breach> {
    let logo = case.organization.logo.as_ref()?;
    let path = "organization.logo.file";
    let file = format!("policies/{}", logo.file);
    let Some(text) = (case.file)(&file) else {
        return Some(Breach::with(path, format!("there is no {file}")));
    };
    let bytes = super::super::logo::bytes(&logo.file, text);
    if let Err(why) = super::super::logo::examine(&logo.file, &bytes) {
        return Some(Breach::with(path, format!("{file} {why}")));
    }
    let registered = logo.sha256.as_deref()?;
    (Digest::of(&bytes).to_string().trim_start_matches("sha256:") != registered).then(|| {
        Breach::with(
            "organization.logo.sha256",
            format!("{file} is not the logo that was registered"),
        )
    })
}

fn third_party(organization: &Organization) -> Option<Breach> {
    let vendor = organization.third_party.as_ref()?;
    vendor
        .agreement
        .is_none()
        .then(|| Breach::at("organization.third_party"))
}

/// What the authority answered last counts, and what it said of a capability before what it said of the service.
fn answer(service: &Service, capability: Capability) -> Option<ApprovalState> {
    let latest = |of: Approved| {
        service
            .approvals
            .iter()
            .filter(|approval| approval.by_authority && approval.of == of)
            .max_by_key(|approval| approval.on)
            .map(|approval| approval.state)
    };
    latest(Approved::Capability(capability)).or_else(|| latest(Approved::Service))
}

fn refused(service: &Service) -> Vec<Breach> {
    service
        .capabilities
        .keys()
        .filter(|capability| answer(service, **capability) == Some(ApprovalState::Refused))
        .map(|capability| {
            Breach::with(
                format!("capabilities.{capability}"),
                format!("the authority has refused `{capability}` to this service"),
            )
        })
        .collect()
}

fn unapproved(service: &Service) -> Vec<Breach> {
    service
        .capabilities
        .keys()
        .filter(|capability| answer(service, **capability) != Some(ApprovalState::Approved))
        .map(|capability| {
            Breach::with(
                format!("capabilities.{capability}"),
                format!("no approval of the authority for `{capability}` is declared"),
            )
        })
        .collect()
}

/// The name and the logo are what a person can compare; a text in both languages has to say so somewhere.
fn name_the_provider(steps: &[Text]) -> bool {
    let arabic = steps
        .iter()
        .any(|step| ["اسم", "شعار"].iter().any(|word| step.ar.contains(word)));
    let english = steps.iter().any(|step| {
        let step = step.en.to_lowercase();
        ["name", "logo"].iter().any(|word| step.contains(word))
    });
    arabic && english
}

const fn has_a_screen(channel: Channel) -> bool {
    matches!(channel, Channel::Web | Channel::Kiosk | Channel::Counter)
}

fn short_reasons(service: &Service) -> Vec<Breach> {
    service
        .fields
        .iter()
        .filter(|declared| {
            let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).count();
            letters(&declared.reason.en) < SHORTEST_REASON || letters(&declared.reason.ar) < SHORTEST_REASON
        })
        .map(|declared| Breach::at(format!("fields.{}.reason", declared.field.name())))
        .collect()
}

fn needless_values(service: &Service) -> Vec<Breach> {
    service
        .fields
        .iter()
        .filter(|declared| !matches!(declared.field, Field::Plain(_)))
        .filter_map(|claim| {
            let source = claim.field.source();
            let other = (source == FieldSource::NationalityEn).then_some(FieldSource::NationalityAr);
            let plain = [Some(source), other]
                .into_iter()
                .flatten()
                .find(|source| service.declares(&Field::Plain(*source)))?;
            Some(Breach::with(
                format!("fields.{}", plain.as_str()),
                format!(
                    "`{}` is asked for in full beside `{}`, which is derived from it",
                    plain.as_str(),
                    claim.field.name()
                ),
            ))
        })
        .collect()
}

fn says_unsigned(text: &Text) -> bool {
    let english = text.en.to_lowercase();
    let arabic = text.ar.contains("توقيع") || text.ar.contains("يوقع") || text.ar.contains("وقّع");
    let denies = ["no ", "not ", "nothing", "without"]
        .iter()
        .any(|word| english.contains(word))
        && ["لم ", "لا ", "دون", "ليس", "يُوقَّع"]
            .iter()
            .any(|word| text.ar.contains(word));
    english.contains("sign") && arabic && denies
}

fn alike(service: &Service) -> Vec<Breach> {
    let outcomes = &service.outcomes;
    let success = &outcomes.approved.say;
    let classes = [
        ("declined", &outcomes.declined),
        ("timeout", &outcomes.timeout),
        ("error", &outcomes.error),
        ("other", &outcomes.other),
    ];
    let leaves = outcomes
        .codes
        .iter()
        .map(|(leaf, response)| (leaf.code(), response));
    classes
        .into_iter()
        .chain(leaves.filter(|(code, _)| *code != "approved"))
        .filter(|(_, response)| response.say.ar == success.ar || response.say.en == success.en)
        .map(|(code, _)| {
            Breach::with(
                format!("outcomes.{code}.say"),
                format!("`{code}` reads like an approval"),
            )
        })
        .collect()
}

/// Letters and digits; "To print it" says nothing.
const SHORTEST_REASON: usize = 12;
