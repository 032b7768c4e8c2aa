use std::collections::BTreeMap;

use crate::audit::FlowRow;
use crate::catalog::Catalog;
use crate::catalog::DecideAsk;
use crate::catalog::Decided;
use crate::catalog::LoadedService;
use crate::catalog::PlanAsk;
use crate::engine::detail::Detail;
use crate::engine::replay::Answers;
use crate::engine::replay::Recorded;
use crate::engine::replay::as_passed;
use crate::policy::InputValue;
use crate::words::Channel;
use crate::words::Field;
use crate::words::FieldName;
use crate::words::FieldValue;
use crate::words::InputName;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Pii;
use crate::words::Timestamp;

/// A flow beside the catalog it was pinned to: what it is asked, as it was or with something changed.
pub(super) struct Case<'a> {
    pub(super) row: &'a FlowRow,
    pub(super) detail: &'a Detail,
    /// The outcome that the policy was asked about.
    pub(super) asked: Option<Outcome>,
    pub(super) catalog: &'a Catalog,
    pub(super) loaded: &'a LoadedService,
    /// Somebody in place of a person whose fields are not kept: the decision on them would have been the same.
    pub(super) stand_in: Option<BTreeMap<FieldName, bool>>,
}

/// What is different from what happened; nothing, to begin with.
#[derive(Clone, Default)]
pub(super) struct Variant {
    pub(super) inputs: Option<BTreeMap<InputName, InputValue>>,
    pub(super) requested_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) channel: Option<Channel>,
    pub(super) locale: Option<Locale>,
    pub(super) attempt: Option<u8>,
    pub(super) asked: Option<Outcome>,
    /// Claims about the person, by name: proved, or not.
    pub(super) claims: Option<BTreeMap<FieldName, bool>>,
}

impl Case<'_> {
    /// What the policy answers; `None` where it can't be asked, or could never have been.
    pub(super) fn answers(&self, variant: &Variant) -> Option<Answers> {
        let recorded = self.recorded(variant)?;
        recorded.under(self.catalog).ok()
    }

    /// The same, with why it can't be asked.
    pub(super) fn as_it_was(&self) -> Result<Answers, String> {
        let recorded = Recorded {
            row: self.row,
            detail: self.detail.clone(),
            asked: self.asked,
        };
        recorded.under(self.catalog)
    }

    /// What was recorded; `own` is what the catalog answers.
    pub(super) fn recorded_answers(&self, own: Option<&Answers>) -> Answers {
        let recorded = Recorded {
            row: self.row,
            detail: self.detail.clone(),
            asked: self.asked,
        };
        recorded.as_recorded(own)
    }

    fn recorded(&self, variant: &Variant) -> Option<Recorded<'_>> {
        let mut detail = self.detail.clone();
        if let Some(inputs) = &variant.inputs {
            // What the service would have turned away is no way to another decision.
            self.loaded.service.check_inputs(&as_passed(inputs)).ok()?;
            detail.inputs.clone_from(inputs);
        }
        detail.requested_at = variant.requested_at.unwrap_or(detail.requested_at);
        detail.ended_at = variant.ended_at.or(detail.ended_at);
        detail.channel = variant.channel.unwrap_or(detail.channel);
        detail.locale = variant.locale.unwrap_or(detail.locale);
        detail.try_number = variant.attempt.unwrap_or(detail.try_number);
        if let Some(claims) = variant.claims.as_ref().or(self.stand_in.as_ref()) {
            detail.keep_person(&person(claims));
        }
        Some(Recorded {
            row: self.row,
            detail,
            asked: variant.asked.or(self.asked),
        })
    }

    /// Asks for the decision alone, for somebody of whom these claims are proved.
    pub(super) fn decided_of(&self, claims: &BTreeMap<FieldName, bool>) -> Option<Decided> {
        let at = self.detail.ended_at?;
        let person = person(claims);
        let earlier = self.detail.earlier();
        Some(self.loaded.decide(&DecideAsk {
            plan: PlanAsk {
                service: self.row.service.as_str(),
                capability: self.row.capability,
                channel: self.detail.channel,
                locale: self.detail.locale,
                inputs: &self.detail.inputs,
                now: at,
                attempt: self.detail.try_number,
                step: self.detail.step_ask(earlier.as_ref()),
            },
            outcome: self.asked?,
            person: Some(&person),
        }))
    }

    /// The claims that the service declares: what is yes or no of a person.
    pub(super) fn claims(&self) -> Vec<FieldName> {
        let fields = self.loaded.service.fields.iter();
        let claims = fields.filter(|declared| !matches!(declared.field, Field::Plain(_)));
        claims.map(|declared| declared.field.name()).collect()
    }

    /// Everybody that a person could be, as far as claims go; those of whom most is proved come first.
    pub(super) fn anybody(&self) -> Vec<BTreeMap<FieldName, bool>> {
        let claims: Vec<FieldName> = self.claims().into_iter().take(MOST_CLAIMS).collect();
        let mut all: Vec<BTreeMap<FieldName, bool>> = (0..1_u32 << claims.len())
            .map(|bits| {
                let of = |(index, name): (usize, &FieldName)| (name.clone(), bits & (1 << index) == 0);
                claims.iter().enumerate().map(of).collect()
            })
            .collect();
        all.sort_by_key(|claims| claims.values().filter(|proved| !**proved).count());
        all
    }

    /// Somebody of whom everything is proved.
    pub(super) fn proved(&self) -> BTreeMap<FieldName, bool> {
        self.claims().into_iter().map(|name| (name, true)).collect()
    }
}

/// Nobody: a person of whom these claims are proved, and nothing else is known.
fn person(claims: &BTreeMap<FieldName, bool>) -> Person {
    let fields = claims
        .iter()
        .filter(|(_, proved)| **proved)
        .map(|(name, _)| (name.clone(), Pii::new(FieldValue::Flag(true))));
    Person::new(fields)
}

/// So that everybody can be tried.
const MOST_CLAIMS: usize = 8;
