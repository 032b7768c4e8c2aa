use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::ask::Basis;
use super::ask::RightsError;
use super::ask::Who;
use super::service::Rights;
use super::service::failed;
use super::takes_two::ActWriter;
use super::takes_two::TakesTwo;
use crate::audit::Act;
use crate::audit::CorrectionRecord;
use crate::audit::Event;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::FlowRow;
use crate::audit::Record;
use crate::audit::Unit;
use crate::audit::recordable;
use crate::engine::detail::Detail;
use crate::engine::dual_control::Agreed;
use crate::engine::dual_control::TwoPersons;
use crate::engine::secrets::random;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoredRecord;
use crate::words::Day;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Field;
use crate::words::FieldName;
use crate::words::FieldValue;
use crate::words::FlowId;
use crate::words::Purpose;
use crate::words::Timestamp;

/// What shall be put right, and why. Holds personal data, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rectification {
    /// Whose.
    pub who: Who,
    /// The declared field.
    pub field: String,
    /// What is right, as it was typed.
    pub value: String,
    /// Who asks for it, and who approves it: two persons (R003-75).
    pub by: TwoPersons,
    /// Why.
    pub basis: Basis,
    /// The number of the application, case or order.
    pub reference: String,
}

/// A correction as it lies beside its flow, with what its record says. Holds personal data, so it has no `Debug`.
pub(in crate::engine) struct Correction {
    /// The number of its record.
    pub(in crate::engine) seq: u64,
    /// When it was recorded.
    at: Timestamp,
    /// Its record.
    pub(in crate::engine) record: CorrectionRecord,
    /// What was said and what is right.
    pub(in crate::engine) changes: BTreeMap<FieldName, Change>,
}

/// What was said of a person, and what is right.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::engine) struct Change {
    pub(in crate::engine) was: FieldValue,
    pub(in crate::engine) is: FieldValue,
}

/// The exact bytes beside the record of a correction, as JSON.
#[derive(Serialize, Deserialize)]
struct Paper {
    /// 256 random bits, so that the digest tells nothing.
    blinding: String,
    fields: BTreeMap<FieldName, Change>,
}

impl TakesTwo for Rectification {
    fn by(&self) -> &TwoPersons {
        &self.by
    }

    fn write(&self, act: &ActWriter<'_>) -> Result<Act, RightsError> {
        let field = self.check()?;
        let begun = act
            .about(act.begin("rectify"), &self.who)?
            .with("field", field.name().as_str());
        Ok(act
            .blinded(begun, "value", self.value.trim().as_bytes())
            .with("basis", self.basis.as_str())
            .with("reference", &recordable("the reference", &self.reference)?))
    }
}

impl Rectification {
    /// The field, if this can be asked at all.
    fn check(&self) -> Result<Field, RightsError> {
        if !self.basis.allows_correction() {
            return Err(RightsError::Refused(
                "what is kept is put right because it is wrong or out of date (`wrong_or_outdated`) or by order of a court \
                 (`court_order`)"
                    .to_owned(),
            ));
        }
        Field::parse(&self.field).map_err(|error| RightsError::Refused(error.to_string()))
    }
}

impl Rights {
    /// Puts a declared field right in every flow of somebody that holds it and says otherwise. Nothing is overwritten: the
    /// correction is a record of its own that refers to the one it corrects. What is refused for one flow is refused for all,
    /// before anything is recorded.
    pub(super) async fn rectify(&self, ask: &Rectification, agreed: &Agreed) -> Result<Value, RightsError> {
        let reference = recordable("the reference", &ask.reference)?;
        let field = ask.check()?;
        let found = self
            .store
            .erasable_flows(self.flows_of(&ask.who)?, u32::MAX)
            .await
            .map_err(failed)?;
        let (mut corrected, mut kept, mut holds_it) = (Vec::new(), Vec::new(), false);
        let mut units = Vec::new();
        for flow in found {
            let Some((row, detail)) = self.whole(flow.id).await? else {
                continue;
            };
            let name = field.name();
            let Some(first) = first_value(&detail, &name) else {
                continue;
            };
            holds_it = true;
            if flow.open {
                kept.push(json!({ "flow": flow.id, "why": "it has not ended yet" }));
                continue;
            }
            let records = self.store.records(flow.id).await.map_err(failed)?;
            let before = corrections(self.store.as_ref(), &records).await.map_err(failed)?;
            let newest = before
                .iter()
                .rev()
                .find_map(|one| Some((one.at, one.changes.get(&name)?)));
            let was = newest.map_or(&first, |(_, change)| &change.is);
            let is = read_value(&ask.value, was)?;
            if is == *was {
                continue;
            }
            if agreed.is_older_than(newest.map_or(flow.id.moment(), |(at, _)| at)) {
                let why = match newest {
                    Some(_) => "it was put right again after the act was written",
                    None => "it began after the act was written",
                };
                kept.push(json!({ "flow": flow.id, "why": why }));
                continue;
            }
            let change = Change { was: was.clone(), is };
            let corrects = corrected_record(&records, &name).ok_or_else(|| {
                RightsError::Refused(format!(
                    "the log says of no end of flow {}, and only what has ended is put right",
                    flow.id
                ))
            })?;
            units.push(self.correction(&row, corrects, (name, change), ask.basis, &reference, agreed)?);
            corrected.push(json!({ "flow": flow.id, "corrects": corrects }));
        }
        if !holds_it {
            return Err(RightsError::Refused(format!(
                "nothing that is kept of them holds `{}`; `midflow subject export` shows what is kept",
                ask.field
            )));
        }
        if let Some(act) = agreed.record(self.clock.now()).filter(|_| !units.is_empty()) {
            self.record(vec![act]).await?;
        }
        self.record(units).await?;
        Ok(json!({ "corrected": corrected, "kept": kept }))
    }

    async fn whole(&self, flow: FlowId) -> Result<Option<(FlowRow, Detail)>, RightsError> {
        let row = self.store.flow(flow).await.map_err(failed)?;
        Ok(row.and_then(|row| {
            let detail = Detail::from_bytes(&row.detail)?;
            Some((row, detail))
        }))
    }

    fn correction(
        &self,
        row: &FlowRow,
        corrects: u64,
        (name, change): (FieldName, Change),
        basis: Basis,
        reference: &str,
        agreed: &Agreed,
    ) -> Result<Unit, RightsError> {
        let at = self.clock.now();
        let exchange = ExchangeId::from_parts(at, random().map_err(failed)?);
        let fields = vec![name.clone()];
        let paper = Paper {
            blinding: hex::encode(random::<32>().map_err(failed)?),
            fields: BTreeMap::from([(name, change)]),
        };
        let bytes = serde_json::to_vec(&paper).map_err(failed)?;
        let (by, approved_by) = agreed.pair();
        let record = Record {
            at,
            flow: Some(row.id),
            subject: row.subject.clone().into(),
            event: Event::Correction(Box::new(CorrectionRecord {
                corrects,
                fields,
                exchange,
                digest: Digest::of(&bytes),
                basis: basis.as_str().to_owned(),
                reference: reference.to_owned(),
                act: agreed.act(),
                by,
                approved_by,
            })),
        };
        Ok(Unit {
            records: vec![record],
            exchanges: vec![ExchangeRow {
                id: exchange,
                flow: Some(row.id),
                direction: ExchangeDirection::Document,
                at,
                bytes: bytes.into(),
            }],
            ..Unit::default()
        })
    }
}

/// The corrections among the records of a flow, in their order, with what they say; nothing more once the flow was erased.
/// Fails where what lies beside the flow is not what was recorded, or is gone without an erasure.
pub(in crate::engine) async fn corrections(
    store: &dyn Store,
    records: &[StoredRecord],
) -> Result<Vec<Correction>, StoreError> {
    let mut found = Vec::new();
    for record in records {
        let Event::Correction(correction) = &record.event else {
            continue;
        };
        let changes = match store.exchange(correction.exchange).await? {
            Some(row) if Digest::of(&row.bytes) == correction.digest => {
                let paper = serde_json::from_slice::<Paper>(&row.bytes);
                paper.map_err(|_| unlike(record.seq, "can't be read"))?.fields
            }
            Some(_) => return Err(unlike(record.seq, "is not what was recorded")),
            None if is_erased(store, record).await? => BTreeMap::new(),
            None => return Err(unlike(record.seq, "is gone, and its flow was not erased")),
        };
        found.push(Correction {
            seq: record.seq,
            at: record.at,
            record: correction.as_ref().clone(),
            changes,
        });
    }
    Ok(found)
}

async fn is_erased(store: &dyn Store, record: &StoredRecord) -> Result<bool, StoreError> {
    match record.flow {
        None => Ok(false),
        Some(flow) => Ok(store.flow(flow).await?.is_none()),
    }
}

fn unlike(seq: u64, what: &str) -> StoreError {
    StoreError::corrupt(format!(
        "what the correction of record {seq} says {what}; run `midflow audit verify`"
    ))
}

/// The record that says what is to be put right: the newest correction of the field, or that of the ending.
fn corrected_record(records: &[StoredRecord], field: &FieldName) -> Option<u64> {
    let newest = records.iter().rev().find(|record| match &record.event {
        Event::Correction(correction) => correction.fields.contains(field),
        Event::Ending(_) => true,
        _ => false,
    })?;
    Some(newest.seq)
}

fn first_value(detail: &Detail, field: &FieldName) -> Option<FieldValue> {
    let person = detail.person()?;
    let value = person.field(field.as_str())?;
    Some(value.expose(Purpose::Citizen).clone())
}

/// What was typed, in the form of what stands there.
fn read_value(text: &str, like: &FieldValue) -> Result<FieldValue, RightsError> {
    let text = text.trim();
    let refuse = |why: &str| Err(RightsError::Refused(why.to_owned()));
    match like {
        FieldValue::Flag(_) => match text {
            "true" => Ok(FieldValue::Flag(true)),
            "false" => Ok(FieldValue::Flag(false)),
            _ => refuse("the value is `true` or `false`"),
        },
        FieldValue::Date(_) if Day::parse(text).is_none() => {
            refuse("the value is no day; write it as 2026-11-01")
        }
        FieldValue::Date(_) => Ok(FieldValue::Date(text.to_owned())),
        FieldValue::Text(_) if text.is_empty() => refuse("the value is missing"),
        FieldValue::Text(_) if text.chars().count() > LONGEST || text.chars().any(char::is_control) => {
            refuse("the value is one line of at most 1000 characters")
        }
        FieldValue::Text(_) => Ok(FieldValue::Text(text.to_owned())),
    }
}

const LONGEST: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Commit as _;
    use crate::store::Sqlite;
    use crate::store::conformance::sample::every_event;
    use crate::store::conformance::sample::exchange;
    use crate::store::conformance::sample::flow;
    use crate::store::conformance::sample::insert;
    use crate::store::conformance::sample::note;
    use crate::words::Timestamp;

    fn text(text: &str) -> FieldValue {
        FieldValue::Text(text.to_owned())
    }

    #[test]
    fn what_is_typed_has_the_form_of_what_stands_there() {
        let date = FieldValue::Date("1990-01-01".to_owned());
        let flag = FieldValue::Flag(false);
        assert!(read_value(" Fahad ", &text("Fahd")).is_ok_and(|is| is == text("Fahad")));
        assert!(
            read_value("1990-02-01", &date).is_ok_and(|is| is == FieldValue::Date("1990-02-01".to_owned()))
        );
        assert!(read_value("true", &flag).is_ok_and(|is| is == FieldValue::Flag(true)));
        for (typed, like) in [
            ("", &text("a")),
            ("two\nlines", &text("a")),
            ("1 February", &date),
            ("1990-02-30", &date),
            ("yes", &flag),
        ] {
            assert!(read_value(typed, like).is_err(), "{typed}");
        }
        assert!(read_value(&"a".repeat(1_001), &text("a")).is_err());
    }

    // R003-76, a regression: what lies beside a flow is believed only as it was recorded.
    #[tokio::test]
    async fn a_paper_that_is_not_what_was_recorded_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&folder.path().join("midflow.db")).await.unwrap();
        let name = Field::parse("name_ar").unwrap().name();
        let paper = |is: &str| Paper {
            blinding: String::new(),
            fields: BTreeMap::from([(
                name.clone(),
                Change {
                    was: text("Fahd"),
                    is: text(is),
                },
            )]),
        };
        let of = |is: &str| serde_json::to_vec(&paper(is)).unwrap();
        for (number, recorded, good) in [
            (1, of("Fahad"), true),
            (2, of("Salem"), false),
            (3, b"no paper".to_vec(), false),
        ] {
            let row = flow(number);
            let kept = if number == 3 {
                recorded.clone()
            } else {
                of("Fahad")
            };
            let said = every_event().into_iter().find_map(|event| match event {
                Event::Correction(correction) => Some(correction),
                _ => None,
            });
            let mut said = said.unwrap();
            let exchange = ExchangeRow {
                flow: Some(row.id),
                direction: ExchangeDirection::Document,
                ..exchange(number, &kept)
            };
            (said.exchange, said.digest) = (exchange.id, Digest::of(&recorded));
            let unit = Unit {
                records: vec![Record {
                    event: Event::Correction(said),
                    ..note("", Some(row.id))
                }],
                exchanges: vec![exchange],
                ..insert(&row)
            };
            assert_eq!(store.commit(vec![unit]).await, [Ok(())]);
            let records = store.records(row.id).await.unwrap();
            let found = corrections(&store, &records).await;
            assert_eq!(found.is_ok(), good, "{number}");
            assert!(found.map_or_else(
                |error| error.to_string().contains("midflow audit verify"),
                |found| found[0].changes[&name].is == text("Fahad")
            ));
        }
        store.close().await;
    }

    // R003-76: a correction refers to what it corrects, and the next one to the one before it.
    #[test]
    fn the_newest_word_on_a_field_is_what_is_corrected() {
        let name = Field::parse("name_ar").unwrap().name();
        let other = Field::parse("name_en").unwrap().name();
        let records = |kinds: &[&str]| -> Vec<StoredRecord> {
            let of = |kind: &str| every_event().into_iter().find(|event| event.kind() == kind);
            (1..)
                .zip(kinds)
                .map(|(seq, kind)| StoredRecord {
                    seq,
                    at: Timestamp::EPOCH,
                    flow: None,
                    event: of(kind).unwrap(),
                })
                .collect()
        };
        assert_eq!(corrected_record(&records(&["request", "verdict"]), &name), None);
        let ended = records(&["request", "ending", "notice"]);
        assert_eq!(corrected_record(&ended, &name), Some(2));
        // The sample corrects `name_ar`.
        let corrected = records(&["request", "ending", "correction", "delivery"]);
        assert_eq!(corrected_record(&corrected, &name), Some(3));
        assert_eq!(corrected_record(&corrected, &other), Some(2));
    }
}
