use std::sync::Arc;

use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalAltResult;
use rhai::ImmutableString;
use rhai::Position;

use super::facts::Snapshot;
use super::fault::Told;
use crate::words::FieldName;

/// Teaches an engine to read `flow`, and nothing but to read it.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Flow>("flow")
        .register_type_with_name::<Inputs>("flow.inputs")
        .register_type_with_name::<PersonView>("flow.person")
        .register_type_with_name::<EarlierView>("flow.earlier")
        .register_type_with_name::<Now>("flow.now");
    engine
        .register_get("inputs", |flow: &mut Flow| Inputs(Arc::clone(&flow.0)))
        .register_get("person", Flow::person)
        .register_get("earlier", |flow: &mut Flow| EarlierView(Arc::clone(&flow.0)))
        .register_get("step", |flow: &mut Flow| flow.0.step.clone())
        .register_get("now", |flow: &mut Flow| Now(Arc::clone(&flow.0)))
        .register_get("channel", |flow: &mut Flow| word(flow.0.channel.as_str()))
        .register_get("capability", |flow: &mut Flow| word(flow.0.capability.as_str()))
        .register_get("locale", |flow: &mut Flow| word(flow.0.locale.as_str()))
        .register_get("attempt", |flow: &mut Flow| i64::from(flow.0.attempt))
        .register_get("outcome", Flow::outcome);
    engine
        .register_get("year", |now: &mut Now| i64::from(now.0.now.year))
        .register_get("month", |now: &mut Now| i64::from(now.0.now.month))
        .register_get("day", |now: &mut Now| i64::from(now.0.now.day))
        .register_get("hour", |now: &mut Now| i64::from(now.0.now.hour))
        .register_get("minute", |now: &mut Now| i64::from(now.0.now.minute))
        .register_get("weekday", |now: &mut Now| i64::from(now.0.now.weekday));
    engine
        .register_indexer_get(Inputs::get)
        .register_indexer_get(PersonView::get)
        .register_indexer_get(EarlierView::get);
}

/// The properties of `flow`, for the lint.
pub(super) const FLOW: [&str; 10] = [
    "inputs",
    "person",
    "earlier",
    "now",
    "channel",
    "capability",
    "locale",
    "attempt",
    "step",
    "outcome",
];

/// The properties of `flow.now`, for the lint.
pub(super) const NOW: [&str; 6] = ["year", "month", "day", "hour", "minute", "weekday"];

/// A flow as scripts see it. Cheap to copy, and there is nothing to write to.
#[derive(Clone)]
pub(super) struct Flow(pub(super) Arc<Snapshot>);

#[derive(Clone)]
struct Inputs(Arc<Snapshot>);

#[derive(Clone)]
struct PersonView(Arc<Snapshot>);

#[derive(Clone)]
struct EarlierView(Arc<Snapshot>);

#[derive(Clone)]
struct Now(Arc<Snapshot>);

type Read<T> = Result<T, Box<EvalAltResult>>;

impl Flow {
    fn person(&mut self) -> Read<PersonView> {
        if self.0.person.is_none() {
            return Err(told(
                "`flow.person` is only there in `fn approved(flow)`".to_owned(),
            ));
        }
        Ok(PersonView(Arc::clone(&self.0)))
    }

    fn outcome(&mut self) -> Read<ImmutableString> {
        self.0.outcome.map(|outcome| word(outcome.code())).ok_or_else(|| {
            told("`flow.outcome` is not there in `fn plan(flow)`: nothing has been sent yet".to_owned())
        })
    }
}

impl Inputs {
    fn get(&mut self, name: &str) -> Read<Dynamic> {
        find(&self.0.inputs, name)
            .ok_or_else(|| told("the service declares no input of this name".to_owned()))
    }
}

impl PersonView {
    fn get(&mut self, name: &str) -> Read<Dynamic> {
        let person = self.0.person.as_deref().unwrap_or_default();
        find(person, name).ok_or_else(|| no_such_field(&self.0, name))
    }
}

impl EarlierView {
    /// What no earlier step has brought is missing, as what the authority did not send.
    fn get(&mut self, name: &str) -> Read<Dynamic> {
        let is_written = |(field, written): &(FieldName, bool)| *written && field.as_str() == name;
        match find(&self.0.earlier, name) {
            Some(value) => Ok(value),
            None if self.0.declared.fields.iter().any(is_written) => Ok(Dynamic::UNIT),
            None => Err(no_such_field(&self.0, name)),
        }
    }
}

fn no_such_field(flow: &Snapshot, name: &str) -> Box<EvalAltResult> {
    let mut declared = flow.declared.fields.iter();
    told(if declared.any(|(field, _)| field.as_str() == name) {
        "write the name of the field out, as in `flow.person.name_ar`".to_owned()
    } else {
        "the service declares no field of this name".to_owned()
    })
}

fn find(values: &[(ImmutableString, Dynamic)], name: &str) -> Option<Dynamic> {
    values
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.clone())
}

fn word(text: &'static str) -> ImmutableString {
    text.into()
}

/// The name under which a script read a part of the flow; `None` for any other value.
pub(super) fn origin_of(value: &Dynamic) -> Option<&'static str> {
    if value.is::<Flow>() {
        Some("flow")
    } else if value.is::<Inputs>() {
        Some("flow.inputs")
    } else if value.is::<PersonView>() {
        Some("flow.person")
    } else if value.is::<EarlierView>() {
        Some("flow.earlier")
    } else if value.is::<Now>() {
        Some("flow.now")
    } else {
        None
    }
}

pub(super) fn told(message: String) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(Dynamic::from(Told(message)), Position::NONE).into()
}
