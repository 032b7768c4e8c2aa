use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use super::ask::Basis;
use super::ask::RightsError;
use super::ask::Who;
use super::rectify::Correction;
use super::rectify::corrections;
use super::service::Rights;
use super::service::failed;
use crate::audit::recordable;
use crate::engine::detail::Detail;
use crate::engine::view::person_json;
use crate::engine::view::value_json;
use crate::store::ErasableFlow;
use crate::words::Purpose;

impl Rights {
    /// Everything that is kept of somebody, as a statement signed with the node's key. Each flow and each application that
    /// is in it gets a record before anything is given out.
    pub(super) async fn export(
        &self,
        who: &Who,
        by: &str,
        basis: Basis,
        reference: &str,
    ) -> Result<Value, RightsError> {
        let (by, reference) = (
            recordable("the name", by)?,
            recordable("the reference", reference)?,
        );
        if !basis.allows_export() {
            return Err(RightsError::Refused(
                "somebody's data is given out to the person (`person_request`) or by order of a court (`court_order`)"
                    .to_owned(),
            ));
        }
        let found = self
            .store
            .erasable_flows(self.flows_of(who)?, u32::MAX)
            .await
            .map_err(failed)?;
        let detail = format!("basis: {}; reference: {reference}", basis.as_str());
        let applications = self.applications_about(who, &found).await?;
        let of_flows = found
            .iter()
            .map(|flow| self.record_of("exported", &by, Some(flow.id), detail.clone()));
        let of_applications = applications.iter().map(|(one, _)| {
            let detail = format!("application {}; {detail}", one.number);
            self.record_of("exported", &by, None, detail)
        });
        self.record(of_flows.chain(of_applications).collect()).await?;
        let mut flows = Vec::with_capacity(found.len());
        for flow in &found {
            flows.extend(self.statement_of(flow).await?);
        }
        let applications = applications.iter().map(|(one, filed)| {
            // Who else asked, and in which words, is somebody else's data (article 32).
            let own = one.kind.is_of_the_person().then_some(filed);
            let mut told = self.told(one);
            if own.is_none() {
                without_proof(&mut told);
            }
            json!({
                "application": told, "wants": own.map(|filed| &filed.wants),
                "applicant": own.map(|filed| &filed.applicant), "address": own.map(|filed| &filed.address),
            })
        });
        let organization = self.catalog.as_ref().map(|catalog| &catalog.organization().name);
        let statement = json!({
            "organization": organization,
            "made_at": self.clock.now().to_string(), "by": by, "basis": basis, "reference": reference,
            // R003-71: whoever receives it is bound to what it was given for.
            "purpose": {
                "ar": "تُستخدم هذه البيانات للغرض المبيّن فقط، ولا يجوز استخدامها لغرض آخر.",
                "en": "This data is for the stated purpose only and must not be used for another.",
            },
            "flows": flows, "applications": applications.collect::<Vec<_>>(),
        });
        let text = serde_json_canonicalizer::to_vec(&statement).map_err(failed)?;
        Ok(json!({
            "statement": statement,
            "signature": {
                "over": "the statement, as RFC 8785 writes it", "algorithm": "Ed25519",
                "public_key": STANDARD.encode(self.secrets.public_key()),
                "value": STANDARD.encode(self.secrets.sign(&text)),
            },
        }))
    }

    async fn statement_of(&self, flow: &ErasableFlow) -> Result<Option<Value>, RightsError> {
        let Some(row) = self.store.flow(flow.id).await.map_err(failed)? else {
            return Ok(None);
        };
        let detail = Detail::from_bytes(&row.detail);
        let messages = self.store.exchanges(flow.id).await.map_err(failed)?;
        let records = self.store.records(flow.id).await.map_err(failed)?;
        let person = detail.as_ref().and_then(Detail::person);
        let corrections = corrections(self.store.as_ref(), &records).await.map_err(failed)?;
        Ok(Some(json!({
            "flow": row.id, "service": row.service, "capability": row.capability,
            "civil_no": row.subject.as_ref().map(|number| number.expose(Purpose::Citizen)),
            "began": row.created_at.to_string(), "outcome": row.outcome.map(|outcome| outcome.code()),
            "inputs": detail.as_ref().map(|detail| &detail.inputs),
            "person": person.as_ref().map(person_json),
            "corrections": corrections.iter().map(correction_json).collect::<Vec<_>>(),
            "messages": messages.iter().map(|message| json!({
                "at": message.at.to_string(), "direction": direction(message.direction),
                "bytes": STANDARD.encode(&message.bytes),
            })).collect::<Vec<_>>(),
            "records": records.iter().map(|record| json!({
                "seq": record.seq, "at": record.at.to_string(), "event": record.event,
            })).collect::<Vec<_>>(),
        })))
    }
}

/// What was said of the person, what is right, and who says so.
fn correction_json(correction: &Correction) -> Value {
    let changes: serde_json::Map<String, Value> = correction
        .changes
        .iter()
        .map(|(name, change)| {
            let change = json!({ "was": value_json(&change.was), "is": value_json(&change.is) });
            (name.as_str().to_owned(), change)
        })
        .collect();
    let record = &correction.record;
    json!({
        "seq": correction.seq, "corrects": record.corrects, "fields": changes, "basis": record.basis,
        "reference": record.reference, "by": record.by, "approved_by": record.approved_by,
    })
}

/// What is told of an application, without the paper of somebody else that proves who they are.
fn without_proof(told: &mut Value) {
    if let Some(told) = told.as_object_mut() {
        told.remove("proof");
    }
    let steps = told.get_mut("steps").and_then(Value::as_array_mut);
    for step in steps.into_iter().flatten() {
        let opened = step.pointer_mut("/step/opened").and_then(Value::as_object_mut);
        opened.and_then(|opened| opened.remove("proof"));
    }
}

const fn direction(direction: crate::audit::ExchangeDirection) -> &'static str {
    use crate::audit::ExchangeDirection as Direction;
    match direction {
        Direction::Outbound => "outbound",
        Direction::Reply => "reply",
        Direction::Callback => "callback",
        Direction::Document => "document",
    }
}
