use super::Organization;
use super::Service;
use super::Signed;
use crate::words::Day;

/// What the organization file says to have been done on a day, each with the path of its key.
pub fn happened_to_organization(organization: &Organization) -> Vec<(String, Day)> {
    let onboarding = &organization.onboarding;
    let signed = |path: &str, paper: Option<&Signed>| Some((format!("{path}.signed_on"), paper?.signed_on));
    let vendor = organization
        .third_party
        .as_ref()
        .and_then(|vendor| vendor.agreement.as_ref());
    let declared = onboarding
        .declaration
        .as_ref()
        .map(|(_, on)| ("onboarding.declaration.on".to_owned(), *on));
    [
        signed("onboarding.request", onboarding.request.as_ref()),
        signed("onboarding.agreement", onboarding.agreement.as_ref()),
        declared,
        signed("organization.third_party.agreement", vendor),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What a service file says to have been done on a day, each with the path of its key.
pub fn happened_to_service(service: &Service) -> Vec<(String, Day)> {
    let approvals = service
        .approvals
        .iter()
        .enumerate()
        .map(|(index, approval)| (format!("approvals[{}].on", index + 1), approval.on));
    let waivers = service
        .waivers
        .iter()
        .enumerate()
        .map(|(index, waiver)| (format!("waivers[{}].on", index + 1), waiver.on));
    let certification = service
        .certification
        .iter()
        .map(|certification| ("certification.passed_on".to_owned(), certification.passed_on));
    approvals.chain(waivers).chain(certification).collect()
}
