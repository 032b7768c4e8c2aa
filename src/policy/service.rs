use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Approval;
use super::ApprovalState;
use super::Approved;
use super::Certification;
use super::Decision;
use super::FirstContact;
use super::Input;
use super::InputFault;
use super::InputValue;
use super::Journey;
use super::LegalBasis;
use super::Limits;
use super::Place;
use super::Plan;
use super::QuietHours;
use super::Response;
use super::Responses;
use super::Retention;
use super::Waiver;
use super::inputs;
use super::render;
use super::texts_digest;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Field;
use crate::words::InputName;
use crate::words::Outcome;
use crate::words::ServiceName;
use crate::words::Text;

/// One e-service as meant: the ceiling of what the authority approved (law 6).
#[derive(Clone, Debug)]
pub struct Service {
    /// The name in the API and in file names.
    pub id: ServiceName,
    /// The file it was read from, relative to the policy folder's parent.
    pub file: String,
    /// The name citizens read.
    pub name: Text,
    /// What the service does, for the subscription form (R000-014).
    pub description: Option<Text>,
    /// What the integration is for (R000-018).
    pub purpose: Text,
    /// Who uses it and how many they are (R000-015).
    pub audience: Audience,
    /// How grave a mistake would be (R000-039).
    pub sensitivity: Sensitivity,
    /// What entitles the provider to it.
    pub legal_basis: Option<LegalBasis>,
    /// The channels it is offered on (R000-016).
    pub channels: BTreeSet<Channel>,
    /// The capabilities it may use, with their settings (R000-017).
    pub capabilities: BTreeMap<Capability, CapabilitySettings>,
    /// What the e-service passes with each flow; the only variables texts may use.
    pub inputs: BTreeMap<InputName, Input>,
    /// The steps, where a person goes through several; such a service begins journeys and no single flows.
    pub journey: Option<Journey>,
    /// The declared fields of the person; nothing else is ever seen (law 7). Always holds the civil number.
    pub fields: Vec<DeclaredField>,
    /// What to do with each outcome; complete by its type (law 8).
    pub outcomes: Responses,
    /// What the citizen is told before anything is sent (R000-070 to R000-078).
    pub notices: Arc<Notices>,
    /// The script, by the name of its file in `scripts/`; `None` if the YAML says all.
    pub script: Option<String>,
    /// Where the script is named, for problems with the file it names.
    pub script_place: Option<Place>,
    /// How long evidence and personal data are kept.
    pub retention: Retention,
    /// How often it may be asked for.
    pub limits: Limits,
    /// Who approved what (R000-161).
    pub approvals: Vec<Approval>,
    /// The certification test that it has passed (R000-006).
    pub certification: Option<Certification>,
    /// The rules that it breaks for the time being.
    pub waivers: Vec<Waiver>,
}

impl Service {
    /// Whether two people of the organization have approved the texts of its notifications, as they are now (R000-195). So
    /// have those of a service that sends none.
    pub fn has_texts_approved_by_two(&self) -> bool {
        let Some(digest) = texts_digest(self) else {
            return true;
        };
        let names: BTreeSet<&str> = self
            .approvals
            .iter()
            .filter(|approval| {
                !approval.by_authority
                    && approval.of == Approved::Texts
                    && approval.state == ApprovalState::Approved
                    && approval
                        .sha256
                        .as_ref()
                        .is_none_or(|approved| *approved == hex::encode(digest.as_bytes()))
            })
            .map(|approval| approval.by.as_str())
            .collect();
        names.len() >= 2
    }

    /// The settings of a capability; `None` if the service does not declare it (R000-017).
    pub fn capability(&self, capability: Capability) -> Option<&CapabilitySettings> {
        self.capabilities.get(&capability)
    }

    /// How somebody begins here whom no service of the organization has authenticated before.
    pub fn first_contact(&self) -> FirstContact {
        match self
            .capability(Capability::AuthPush)
            .map(|settings| &settings.own)
        {
            Some(OwnSettings::Push(first_contact)) => *first_contact,
            _ => FirstContact::Push,
        }
    }

    /// The answer to an outcome: the leaf code's own, or else its class's (law 8).
    pub fn response(&self, outcome: Outcome) -> &Response {
        self.outcomes.response(outcome)
    }

    /// What the YAML decides after an outcome, its text rendered; a script may put another in its place.
    pub fn decide(&self, outcome: Outcome, inputs: &BTreeMap<InputName, InputValue>) -> Decision {
        let response = self.response(outcome);
        Decision {
            then: response.then,
            say: render(&response.say, inputs),
            refusal: None,
            rule: response.place.clone(),
        }
    }

    /// What the YAML would send: the ceiling that a script may tighten (law 6). `None` if the service does
    /// not declare the capability.
    pub fn plan(&self, capability: Capability, inputs: &BTreeMap<InputName, InputValue>) -> Option<Plan> {
        let settings = self.capability(capability)?;
        Some(Plan {
            assurance: settings.assurance,
            reason: render(&settings.reason, inputs),
            fields: self
                .fields
                .iter()
                .map(|declared| declared.field.clone())
                .collect(),
            expires_in: settings.expires_in,
        })
    }

    /// The same for a step of the journey, which may ask for more certainty and give a reason of its own. `None` if there is
    /// no such step that goes to the authority.
    pub fn plan_step(&self, step: usize, inputs: &BTreeMap<InputName, InputValue>) -> Option<Plan> {
        let ask = self.journey.as_ref()?.ask(step)?;
        let plan = self.plan(ask.capability, inputs)?;
        Some(Plan {
            assurance: ask
                .assurance
                .map_or(plan.assurance, |asked| asked.max(plan.assurance)),
            reason: ask
                .reason
                .as_ref()
                .map_or(plan.reason, |reason| render(reason, inputs)),
            ..plan
        })
    }

    /// Whether the service declares a field (law 7).
    pub fn declares(&self, field: &Field) -> bool {
        self.fields.iter().any(|declared| declared.field == *field)
    }

    /// Checks what an e-service passes against the declared inputs.
    ///
    /// # Errors
    /// Every fault at once: unknown, missing, of another type, out of bounds, or unsafe to show. A fault
    /// names the input and never its value (law 13).
    pub fn check_inputs(
        &self,
        values: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<BTreeMap<InputName, InputValue>, Vec<InputFault>> {
        inputs::check(&self.inputs, values)
    }
}

/// Whom a service is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Who they are.
    pub who: Text,
    /// How many they are.
    pub size: u64,
}

impl Sensitivity {
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Sensitive => "sensitive",
            Self::Critical => "critical",
        }
    }
}

/// How grave a mistake would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// An ordinary service.
    #[default]
    Normal,
    /// Personal or financial consequences.
    Sensitive,
    /// Health, large sums, identity itself; high assurance is expected.
    Critical,
}

/// The settings of one capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilitySettings {
    /// The assurance asked for; scripts may raise it. `low` where the capability has none.
    pub assurance: Assurance,
    /// The reason the person reads on the phone; may hold `{input}` placeholders (R000-079).
    pub reason: Text,
    /// How long the person has to answer; scripts may shorten it.
    pub expires_in: Duration,
    /// What only this capability has.
    pub own: OwnSettings,
    /// Where the settings stand in the file.
    pub place: Place,
}

/// What only one capability has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnSettings {
    /// Nothing.
    Nothing,
    /// How somebody begins whom nobody has authenticated before.
    Push(FirstContact),
    /// What is signed and how.
    Sign(SignSettings),
    /// What may be sent.
    Notify(NotifySettings),
}

/// What is signed and how (R000-091 to R000-106).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignSettings {
    /// The kind of paper, as the file names it.
    pub document: &'static str,
    /// What the phone shows: `document`, `rendering` or `text` (R000-095).
    pub preview: &'static str,
    /// What is signed, where the phone shows only a text (R000-096); may hold `{input}` placeholders.
    pub text: Option<Text>,
    /// The kinds of signed documents: `pades`, `xades`, `cades`.
    pub formats: Vec<&'static str>,
    /// Said after every ending but an approval (R000-106).
    pub unsigned: Text,
}

/// What may be sent (R000-195).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifySettings {
    /// The notifications, by name.
    pub templates: BTreeMap<String, Template>,
    /// The hosts that they may link to.
    pub links: Vec<String>,
    /// When none is sent; `None` where they are sent at any hour.
    pub quiet_hours: Option<QuietHours>,
}

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The first line.
    pub title: Text,
    /// The notification; may hold `{input}` placeholders.
    pub text: Text,
    /// Where it leads.
    pub link: Option<String>,
}

/// A field of the person, declared with a reason (R000-036).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredField {
    /// The field or derived claim.
    pub field: Field,
    /// Why the service needs it.
    pub reason: Text,
    /// Where it is declared.
    pub place: Place,
}

/// What the citizen is told before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// How retrieved data is used (R000-073).
    pub data_use: Text,
    /// The liability of using Mobile ID here (R000-072).
    pub liability: Text,
    /// What will happen and what to do on the phone, step by step (R000-071, R000-076, R000-077).
    pub steps: Vec<Text>,
    /// The same for signing; empty where the service does not sign (R000-091, R000-093).
    pub sign_steps: Vec<Text>,
    /// How to get Mobile ID (R000-070).
    pub enrol: Text,
    /// The official page about enrolment (R000-070).
    pub enrol_url: String,
}
