use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use super::table::Row;
use super::table::micros;
use super::table::per_second;
use super::table::rate;
use super::table::times;
use crate::catalog::Catalog;
use crate::catalog::PlanAnswer;
use crate::catalog::PlanAsk;
use crate::catalog::Sources;
use crate::cli::failure::Failure;
use crate::policy::InputValue;
use crate::policy::Tightening;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::InputName;
use crate::words::Locale;
use crate::words::Timestamp;

/// Plans of the licence renewal, whose script asks High above an amount, beside the same rule as a Rust closure.
pub(super) fn measure(folder: &Path, time: Duration) -> Result<Vec<Row>, Failure> {
    let sources = Sources::read(folder).map_err(Failure::new)?;
    let (catalog, _) = Catalog::load(&sources, None);
    let catalog = catalog
        .ok_or_else(|| Failure::new("the policies have mistakes").remedy("`midflow check` shows them"))?;
    let inputs = inputs()?;
    let one = rate(time, || drop(black_box(decide(&catalog, &inputs))));
    let two = on_two_threads(time, || drop(black_box(decide(&catalog, &inputs))));
    let closure = rate(time, || drop(black_box(closure(&catalog, &inputs))));
    Ok(vec![
        Row::new(
            "policy decision, one thread (Rust closure)",
            format!("{} = {}", per_second(one), micros(one)),
            micros(closure),
            times(closure / one),
        ),
        Row::new(
            "policy decisions, two threads (one thread)",
            per_second(two),
            per_second(one),
            times(two / one),
        ),
    ])
}

/// The sum of the rates of two threads that work at the same time.
fn on_two_threads(time: Duration, work: impl Fn() + Sync) -> f64 {
    std::thread::scope(|scope| {
        let threads = [
            scope.spawn(|| rate(time, &work)),
            scope.spawn(|| rate(time, &work)),
        ];
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    })
}

fn decide(catalog: &Catalog, inputs: &BTreeMap<InputName, InputValue>) -> PlanAnswer {
    catalog.plan(&PlanAsk {
        service: SERVICE,
        capability: Capability::AuthPush,
        channel: Channel::Web,
        locale: Locale::Ar,
        inputs,
        now: Timestamp::from_micros(1_772_434_800_000_000),
        attempt: 1,
        step: None,
    })
}

/// What the script says, without the script: the YAML's plan, raised above an amount.
fn closure(catalog: &Catalog, inputs: &BTreeMap<InputName, InputValue>) -> Option<crate::policy::Plan> {
    let service = &catalog.service(SERVICE)?.service;
    let plan = service.plan(Capability::AuthPush, inputs)?;
    let large = matches!(inputs.get("amount"), Some(InputValue::Decimal(amount)) if *amount > 500_000);
    let raised = Tightening {
        assurance: large.then_some(Assurance::High),
        ..Tightening::default()
    };
    Some(plan.tighten(&raised))
}

fn inputs() -> Result<BTreeMap<InputName, InputValue>, Failure> {
    let name = |text: &str| InputName::parse(text).map_err(Failure::new);
    Ok(BTreeMap::from([
        (name("licence")?, InputValue::String("1234567".to_owned())),
        (name("amount")?, InputValue::Decimal(750_000)),
    ]))
}

const SERVICE: &str = "licence-renewal";
