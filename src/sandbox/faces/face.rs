use std::collections::BTreeMap;

use crate::connector::kuwait::GatewayAnswers;
use crate::connector::kuwait::GatewaySettings;
use crate::connector::kuwait::Login;
use crate::connector::kuwait::PollSettings;
use crate::connector::kuwait::PolledStatus;
use crate::connector::kuwait::SoapEncoding;
use crate::connector::kuwait::SoapSettings;
use crate::connector::kuwait::Source;
use crate::connector::kuwait::SuccessSettings;
use crate::connector::kuwait::TemplateCasing;
use crate::connector::kuwait::TemplateSettings;
use crate::connector::kuwait::TransportSettings;
use crate::connector::kuwait::UnstampedAnswers;
use crate::connector::kuwait::Used;
use crate::words::Capability;
use crate::words::Outcome;

/// A face of the sandbox, and with it the transport that speaks to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Face {
    /// JSON as the bridge takes it.
    Bridge,
    /// SOAP with MTOM.
    Soap,
    /// SOAP without MTOM.
    SoapText,
    /// The gateway, with the stamped callback in its answers.
    Gateway,
    /// The gateway, with answers that nothing but their channel proves.
    GatewayUnstamped,
    /// A JSON wrapper with a form of its own.
    Template,
}

impl Face {
    /// Every face.
    pub const ALL: [Self; 6] = [
        Self::Bridge,
        Self::Soap,
        Self::SoapText,
        Self::Gateway,
        Self::GatewayUnstamped,
        Self::Template,
    ];

    /// The name for tests and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Soap => "soap",
            Self::SoapText => "soap-text",
            Self::Gateway => "gateway",
            Self::GatewayUnstamped => "gateway-unstamped",
            Self::Template => "template",
        }
    }

    /// What is added to the sandbox's address.
    pub(in crate::sandbox) const fn path(self) -> &'static str {
        match self {
            Self::Bridge => "",
            Self::Soap | Self::SoapText => "/soap",
            Self::Gateway | Self::GatewayUnstamped => "/gateway",
            Self::Template => "/template",
        }
    }

    /// The settings of the transport that fits.
    pub(in crate::sandbox) fn transport(self) -> TransportSettings {
        // The references are never followed: the material is at hand.
        let login = || Login {
            name: Source::Env("SANDBOX".to_owned()),
            password: Source::Env("SANDBOX".to_owned()),
        };
        let soap = |encoding| {
            TransportSettings::Soap(SoapSettings {
                path: "MIDWrapper.svc".to_owned(),
                encoding,
                login: Some(login()),
            })
        };
        let gateway = |answers| {
            TransportSettings::Gateway(GatewaySettings {
                login: login(),
                token_seconds: 300,
                poll: PollSettings::default(),
                answers: Some(answers),
                returned_user_details: vec![1],
                user_detail: vec![0],
            })
        };
        match self {
            Self::Bridge => TransportSettings::Bridge,
            Self::Soap => soap(SoapEncoding::Mtom),
            Self::SoapText => soap(SoapEncoding::Text),
            Self::Gateway => gateway(GatewayAnswers::Stamped("/answer".to_owned())),
            Self::GatewayUnstamped => gateway(GatewayAnswers::Unstamped(UnstampedAnswers {
                statuses: statuses(),
                used: Used::Refused,
            })),
            Self::Template => TransportSettings::Template(Box::new(template())),
        }
    }
}

fn statuses() -> BTreeMap<String, PolledStatus> {
    let row = |name: &str, status| (name.to_owned(), status);
    BTreeMap::from([
        row("Waiting", PolledStatus::Waiting),
        row("Approved", PolledStatus::Ended(Outcome::Approved)),
        row("Declined", PolledStatus::Ended(Outcome::DeclinedByUser)),
        row("Failed", PolledStatus::Ended(Outcome::VerificationFailed)),
        row("Expired", PolledStatus::Ended(Outcome::TimeoutNoAnswer)),
    ])
}

fn template() -> TemplateSettings {
    let named = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(ours, theirs)| ((*ours).to_owned(), (*theirs).to_owned()))
            .collect()
    };
    TemplateSettings {
        paths: BTreeMap::from([
            (Capability::AuthPush, "mobile-id/push".to_owned()),
            (Capability::AuthQr, "mobile-id/qr".to_owned()),
            (Capability::Notify, "mobile-id/notify".to_owned()),
        ]),
        casing: TemplateCasing::Camel,
        names: named(&[
            ("PersonCivilNo", "civilId"),
            ("ServiceDescriptionEN", "serviceName/en"),
            ("ServiceDescriptionAR", "serviceName/ar"),
        ]),
        omit: vec!["ServiceProviderId".to_owned()],
        constants: BTreeMap::from([("application".to_owned(), "midflow".into())]),
        envelope: "/request".to_owned(),
        success: SuccessSettings {
            pointer: "/status".to_owned(),
            values: vec!["accepted".to_owned()],
        },
        request_id: "/result/operationId".to_owned(),
        qr: Some("/result/qrCode".to_owned()),
        error: Some("/errorCode".to_owned()),
        login: None,
    }
}
