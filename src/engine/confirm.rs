//! The two confirmations before anything is signed (R000-087 to R000-090), taken on the server.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Problem;
use super::ProblemCode;
use super::inner::Inner;
use super::input::Input;
use super::journey::consents;
use super::live::Live;
use super::start::problem;
use super::start::unavailable;
use crate::audit::ConsentItem;
use crate::audit::ConsentRecord;
use crate::catalog::Decided;
use crate::connector::Matter;
use crate::connector::Preview;
use crate::connector::Signing;
use crate::flow::Phase;
use crate::policy::FirstContact;
use crate::policy::OwnSettings;
use crate::policy::render;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::Text;

/// What a person has ticked on the page, with each sentence as it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The language of the page.
    pub locale: Locale,
    /// The digest of the document that the page showed, where something is signed.
    pub document: Option<Digest>,
    /// That the whole document was read; must be ticked.
    pub reviewed_entire: (bool, String),
    /// That it is to be signed; must be ticked.
    pub accepts_to_sign: (bool, String),
    /// That a copy was taken before; offered, and need not be ticked.
    pub copy_before: (bool, String),
    /// The steps of the journey to whose sentences the person has agreed; all of them must be.
    pub agreed: BTreeSet<String>,
}

impl Inner {
    /// Takes down what was confirmed and sends the request; the record is durable before anything leaves (law 1).
    pub(super) async fn confirm(
        self: &Arc<Self>,
        client: &str,
        flow: FlowId,
        confirmation: Confirmation,
    ) -> Result<(), Problem> {
        let live = self.held(client, flow).await?;
        let (row, detail) = {
            let cell = live.cell.lock().await;
            (Arc::clone(&cell.row), Arc::clone(&cell.detail))
        };
        let service = live
            .catalog
            .as_ref()
            .and_then(|catalog| catalog.service(row.service.as_str()));
        let Some(service) = service else {
            let refused = Decided::without_catalog(Outcome::Approved);
            let refuse = Input::Refuse(Box::new(refused));
            self.drive(&live, refuse).await.map_err(unavailable)?;
            return Err(problem(
                ProblemCode::NothingToConfirm,
                "nothing can be confirmed: the catalog that the flow is pinned to can't be loaded any more",
            ));
        };
        let sentences = consents(&detail, Some(service));
        let signs = row.capability == Capability::Sign;
        let confirmed = !signs || confirmation.reviewed_entire.0 && confirmation.accepts_to_sign.0;
        if !confirmed
            || sentences
                .iter()
                .any(|(name, _)| !confirmation.agreed.contains(name))
        {
            return Err(problem(
                ProblemCode::NotConfirmed,
                "everything that is asked for has to be confirmed before anything is sent",
            ));
        }
        self.may_ring(&live).await?;
        let expires_in = if signs {
            let (signing, expires_in) = self.signing(&live, &confirmation).await?;
            live.keep_matter(Matter::Signing(Box::new(signing)));
            expires_in
        } else {
            let plan = detail.plan.as_ref();
            plan.map(|plan| plan.expires_in)
                .ok_or_else(|| unavailable("a stored flow is damaged"))?
        };
        let consent = ConsentRecord {
            document: confirmation.document.filter(|_| signs),
            locale: confirmation.locale,
            items: items(&sentences, &confirmation, signs),
        };
        let input = Input::Confirm {
            consent: Box::new(consent),
            expires_at: self.clock.now().plus(expires_in),
        };
        self.drive(&live, input).await.map_err(unavailable)
    }

    /// Ends the flow because the person does not want to sign what they have read.
    pub(super) async fn withdraw(self: &Arc<Self>, client: &str, flow: FlowId) -> Result<(), Problem> {
        let live = self.held(client, flow).await?;
        self.drive(&live, Input::Withdraw).await.map_err(unavailable)
    }

    /// What the person has declined or reported since the flow began holds its request back like any other (threat B-16).
    async fn may_ring(&self, live: &Live) -> Result<(), Problem> {
        let row = Arc::clone(&live.cell.lock().await.row);
        let capability = row.capability;
        let Some(person) = row.person_key.filter(|_| capability.prompts()) else {
            return Ok(());
        };
        let now = self.clock.now();
        let past = self.past_of(person, false, now).await.map_err(unavailable)?;
        let organization = Arc::clone(self.catalogs.active().organization());
        let rules = organization.push_safety.rules(self.options.environment);
        match rules.refuse(capability, FirstContact::Push, &past, now) {
            None => Ok(()),
            Some(outcome) => Err(problem(
                ProblemCode::TooManyRequests,
                format!("no request goes to this person's phone at present ({outcome}); nothing was sent"),
            )),
        }
    }

    /// A flow of this client that waits for a confirmation.
    async fn held(&self, client: &str, flow: FlowId) -> Result<Arc<Live>, Problem> {
        let live = self.live_by_id(flow).await.map_err(unavailable)?;
        let unknown = || {
            problem(
                ProblemCode::UnknownFlow,
                "there is no such flow, or it belongs to another client",
            )
        };
        let live = live.ok_or_else(unknown)?;
        {
            let cell = live.cell.lock().await;
            if cell.detail.client != client {
                return Err(unknown());
            }
            let confirms = cell.row.capability != Capability::Notify;
            if !confirms || cell.row.state.phase != Phase::Held || cell.row.state.closing.is_some() {
                return Err(problem(
                    ProblemCode::NothingToConfirm,
                    "the flow does not wait for a confirmation: it was given before, or the flow has ended",
                ));
            }
        }
        Ok(live)
    }

    /// What is sent to be signed: the digest of exactly the bytes that were shown, computed here from what is stored, and
    /// never taken from anybody (law 11, R000-116, R000-120).
    async fn signing(
        &self,
        live: &Live,
        confirmation: &Confirmation,
    ) -> Result<(Signing, std::time::Duration), Problem> {
        let (row, detail) = {
            let cell = live.cell.lock().await;
            (Arc::clone(&cell.row), Arc::clone(&cell.detail))
        };
        let nothing = || problem(ProblemCode::InvalidDocument, "the flow has no document");
        let document = detail.document.as_ref().ok_or_else(nothing)?;
        if confirmation.document != Some(document.digest) {
            return Err(problem(
                ProblemCode::InvalidDocument,
                "what was confirmed is not the document of this flow",
            ));
        }
        let bytes = self.bytes_of(document).await?;
        let plan = detail.plan.as_ref().ok_or_else(nothing)?;
        let service = live
            .catalog
            .as_ref()
            .and_then(|catalog| catalog.service(row.service.as_str()))
            .ok_or_else(|| unavailable("the catalog of a flow is gone"))?;
        let settings = service
            .service
            .capability(Capability::Sign)
            .map(|settings| &settings.own);
        let Some(OwnSettings::Sign(settings)) = settings else {
            return Err(nothing());
        };
        // A document that the phone could not hold is described instead (R000-096): by the text of the service, or by its
        // reason and the digest, which the page shows as well.
        let preview = match &settings.text {
            Some(text) if settings.preview == "text" => Preview::Text(render(text, &detail.inputs)),
            _ if settings.preview != "text" && bytes.len() <= MOST_PREVIEW => {
                Preview::Document(bytes.to_vec())
            }
            Some(text) => Preview::Text(render(text, &detail.inputs)),
            None => Preview::Text(plan.reason.clone()),
        };
        let signing = Signing {
            digest: Digest::of(&bytes),
            file_name: document.name.clone(),
            preview,
        };
        Ok((signing, plan.expires_in))
    }
}

/// What was confirmed, each with the digest of its sentence: first what the policy asks to agree to, with the inputs in
/// it, then what signing asks for, as the page shows it.
fn items(sentences: &[(String, Text)], confirmation: &Confirmation, signs: bool) -> Vec<ConsentItem> {
    let item = |name: &str, given: bool, sentence: &str| ConsentItem {
        name: name.to_owned(),
        given,
        text: Digest::of(sentence.as_bytes()),
    };
    let agreed = sentences.iter().map(|(step, text)| {
        item(
            &format!("consent:{step}"),
            true,
            text.in_locale(confirmation.locale),
        )
    });
    let signing = [
        ("reviewed_entire", &confirmation.reviewed_entire),
        ("accepts_to_sign", &confirmation.accepts_to_sign),
        ("copy_before", &confirmation.copy_before),
    ];
    let signing = signing
        .into_iter()
        .filter(|_| signs)
        .map(|(name, (given, sentence))| item(name, *given, sentence));
    agreed.chain(signing).collect()
}

/// The largest document that goes to the phone whole; what the authority takes is not known publicly.
const MOST_PREVIEW: usize = 64 * 1024;
