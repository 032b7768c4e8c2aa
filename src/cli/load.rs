use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::running::DevState;

/// `midflow load`: so many flows a second through the running `midflow dev`, by people who take their time.
#[derive(Debug, clap::Args)]
pub(crate) struct Load {
    /// How many flows begin in a second, whatever has become of the earlier ones
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,

    /// For how many seconds
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,

    /// The service; it has to offer `auth_push` on `web`
    #[arg(long, value_name = "SERVICE", default_value = "licence-renewal")]
    service: String,

    /// An input of the service; may be given several times
    #[arg(long = "input", value_name = "NAME=VALUE", default_value = "licence=1234567", value_parser = input)]
    inputs: Vec<(String, Value)>,

    #[command(flatten)]
    dev: DevState,
}

/// What came of it.
#[derive(Default)]
struct Tally {
    /// How flows ended, or why they were not begun.
    endings: BTreeMap<String, usize>,
    /// How long it took to begin one.
    begun: Vec<Duration>,
    /// How long from the beginning to the end, the person's time included.
    ended: Vec<Duration>,
}

/// Everything that a flow of the load needs.
struct Target {
    client: reqwest::Client,
    api: String,
    key: String,
    service: String,
    inputs: serde_json::Map<String, Value>,
    people: Vec<String>,
    tally: Mutex<Tally>,
}

impl Load {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        runtime()?.block_on(self.drive(common))
    }

    async fn drive(&self, common: &Common) -> Result<Ending, Failure> {
        let target = Arc::new(self.target(common).await?);
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / self.rate);
        // What could not begin in time begins late and in one go, as people who have waited do.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let count = u64::from(self.rate).saturating_mul(self.seconds);
        let start = Instant::now();
        let mut flows = JoinSet::new();
        for number in 0..count {
            ticks.tick().await;
            let target = Arc::clone(&target);
            flows.spawn(async move { target.one(number).await });
        }
        let begun_in = start.elapsed();
        while flows.join_next().await.is_some() {}
        let mut tally = target.tally.lock().unwrap_or_else(PoisonError::into_inner);
        output::print(&told(&mut tally, count, begun_in, common.format));
        let approved = tally.endings.get("approved").copied().unwrap_or_default();
        Ok(if approved as u64 == count {
            Ending::Good
        } else {
            Ending::Problems
        })
    }

    async fn target(&self, common: &Common) -> Result<Target, Failure> {
        let ready = self.dev.ready(common)?;
        let missing = || {
            Failure::new("the running node is no `midflow dev`")
                .remedy("start `midflow dev --crowd 2000` in another terminal")
        };
        let (api, key) = (ready.api.ok_or_else(missing)?, ready.key.ok_or_else(missing)?);
        let phone = ready.phone.ok_or_else(missing)?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(Failure::new)?;
        let citizens: Value = client
            .get(format!("{phone}/citizens"))
            .send()
            .await
            .map_err(|error| Failure::new(error.without_url()))?
            .json()
            .await
            .map_err(|error| Failure::new(error.without_url()))?;
        let all = citizens.as_array().into_iter().flatten();
        let people: Vec<String> = all
            .filter(|citizen| citizen["crowd"] == true)
            .filter_map(|citizen| citizen["civil_no"].as_str().map(str::to_owned))
            .collect();
        if people.is_empty() {
            return Err(Failure::new("the sandbox has no crowd")
                .remedy("start it with one: `midflow dev --crowd 2000 --think-ms 4000`"));
        }
        Ok(Target {
            client,
            api,
            key,
            service: self.service.clone(),
            inputs: self.inputs.iter().cloned().collect(),
            people,
            tally: Mutex::default(),
        })
    }
}

impl Target {
    async fn one(&self, number: u64) {
        let start = Instant::now();
        let ending = self.flow(number, start).await.unwrap_or_else(|why| why);
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        *tally.endings.entry(ending).or_default() += 1;
    }

    /// How a flow ended, or why it was not begun.
    async fn flow(&self, number: u64, start: Instant) -> Result<String, String> {
        let at = usize::try_from(number).unwrap_or_default() % self.people.len().max(1);
        let ask = json!({
            "service": self.service, "capability": "auth_push", "channel": "web", "locale": "ar",
            "person": { "civil_no": self.people.get(at) }, "inputs": self.inputs,
        });
        let begun = self
            .call(self.client.post(format!("{}/v1/flows", self.api)).json(&ask))
            .await?;
        self.note(|tally| tally.begun.push(start.elapsed()));
        let Some(flow) = begun["flow"].as_str() else {
            let code = begun["code"].as_str().unwrap_or("no flow in the answer");
            return Err(format!("not begun: {code}"));
        };
        loop {
            let url = format!("{}/v1/flows/{flow}?wait=30", self.api);
            let view = self.call(self.client.get(url)).await?;
            if let Some(code) = view["outcome"]["code"].as_str() {
                self.note(|tally| tally.ended.push(start.elapsed()));
                return Ok(code.to_owned());
            }
            if view["flow"].is_null() {
                return Err("lost".to_owned());
            }
        }
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Value, String> {
        let unreachable = |_| "no answer from the API".to_owned();
        let answer = request.bearer_auth(&self.key).send().await.map_err(unreachable)?;
        answer.json().await.map_err(unreachable)
    }

    fn note(&self, what: impl FnOnce(&mut Tally)) {
        what(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn told(tally: &mut Tally, count: u64, begun_in: Duration, format: Format) -> String {
    let seconds = begun_in.as_secs_f64().max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let rate = count as f64 / seconds;
    let (begun, ended) = (percentiles(&mut tally.begun), percentiles(&mut tally.ended));
    if format == Format::Json {
        let written = |figures: [f64; 3]| json!({ "p50": figures[0], "p95": figures[1], "p99": figures[2] });
        return json!({
            "flows": count, "per_second": rate, "endings": tally.endings,
            "begun_ms": written(begun), "ended_ms": written(ended),
        })
        .to_string();
    }
    let mut lines = vec![format!("{count} flows in {seconds:.1} s: {rate:.1} a second")];
    for (ending, flows) in &tally.endings {
        lines.push(format!("{flows:8}  {ending}"));
    }
    for (what, [p50, p95, p99]) in [("begun", begun), ("ended", ended)] {
        lines.push(format!(
            "{what:>8}  p50 {p50:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms"
        ));
    }
    lines.join("\n")
}

/// The 50th, 95th and 99th of a hundred, in milliseconds.
fn percentiles(times: &mut [Duration]) -> [f64; 3] {
    times.sort_unstable();
    [50, 95, 99].map(|hundredth| {
        let at = (times.len() * hundredth / 100).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    })
}

/// An input as it is given on the command line: a text.
pub(crate) fn input(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| "write NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), Value::String(value.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_told_for_people_and_for_programs() {
        let mut tally = Tally::default();
        tally.endings.insert("approved".to_owned(), 99);
        tally.endings.insert("not begun: rate_limited".to_owned(), 1);
        tally.begun = (1..=100).rev().map(Duration::from_millis).collect();
        tally.ended = vec![Duration::from_secs(4)];
        let text = told(&mut tally, 100, Duration::from_secs(5), Format::Text);
        assert!(text.contains("100 flows in 5.0 s: 20.0 a second"), "{text}");
        assert!(text.contains("p50 51 ms, p95 96 ms, p99 100 ms"), "{text}");
        let json: Value =
            serde_json::from_str(&told(&mut tally, 100, Duration::from_secs(5), Format::Json)).unwrap();
        assert_eq!(
            (
                json["endings"]["approved"].clone(),
                json["ended_ms"]["p50"].clone()
            ),
            (json!(99), json!(4000.0))
        );
        assert_eq!(percentiles(&mut []), [0.0; 3]);
    }

    #[test]
    fn an_input_has_a_name_and_a_value() {
        assert_eq!(
            input("licence=12=3").unwrap(),
            ("licence".to_owned(), json!("12=3"))
        );
        assert!(input("licence").is_err());
    }
}
