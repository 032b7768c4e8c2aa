use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::relay::RelayOptions;
use super::relay::relay;
use super::running::DevState;
use crate::sandbox::Pace;
use crate::sandbox::ScenarioFile;
use crate::words::Purpose;

/// `midflow trigger`: arms a scenario for a citizen's next request, or plays the relay attacker.
#[derive(Debug, clap::Args)]
pub(crate) struct Trigger {
    /// What the sandbox does with the citizen's next request, such as `late` or `forged`; or `relay`: an attacker who knows civil
    /// numbers tries each way in, and what stops them is told
    #[arg(required_unless_present_any = ["list", "file", "authority"])]
    scenario: Option<String>,

    /// Lists every scenario
    #[arg(long)]
    list: bool,

    /// A scenario file: what happens to which requests, in its order
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "civil_no", "delay_ms"])]
    file: Option<PathBuf>,

    /// Something that the authority itself does: change-stamp-key, revoke-stamp-key, stop-responder, start-responder,
    /// stop-time-stamper, start-time-stamper, or revoke, which puts the citizen's certificate on the list of revoked ones
    #[arg(long, value_name = "ACT", conflicts_with_all = ["scenario", "file", "list", "delay_ms"])]
    authority: Option<String>,

    /// The citizen; without it, the one whom the demo has filled in
    #[arg(long, value_name = "NUMBER")]
    civil_no: Option<String>,

    /// For scenarios that wait, how long
    #[arg(long, value_name = "MILLISECONDS")]
    delay_ms: Option<u64>,

    /// The phone's address; without it, that of the `midflow dev` that runs for this folder
    #[arg(long, value_name = "URL")]
    phone: Option<String>,

    #[command(flatten)]
    dev: DevState,

    #[command(flatten)]
    relay: RelayOptions,
}

impl Trigger {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        runtime()?.block_on(self.call(common))
    }

    async fn call(&self, common: &Common) -> Result<Ending, Failure> {
        if self.scenario.as_deref() == Some(RELAY) && !self.list {
            if self.phone.is_some() || self.civil_no.is_some() || self.delay_ms.is_some() {
                return Err(Failure::new(
                    "`relay` attacks the `midflow dev` that runs, by citizens that it chooses and without a pause",
                )
                .remedy("leave --phone, --civil-no and --delay-ms out"));
            }
            return relay(&self.relay, &self.dev.ready(common)?, common).await;
        }
        let phone = self.phone(common)?;
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(Failure::new)?;
        if self.list {
            let scenarios = get(&client, &format!("{phone}/scenarios")).await?;
            output::print(&list(&scenarios, common.format));
            return Ok(Ending::Good);
        }
        if let Some(path) = &self.file {
            return arm_file(&client, &phone, path, common.format).await;
        }
        if let Some(act) = &self.authority {
            return self.of_authority(&client, &phone, act, common.format).await;
        }
        let Some(scenario) = &self.scenario else {
            return Err(
                Failure::new("no scenario was named").remedy("`midflow trigger --list` shows all of them")
            );
        };
        let civil_no = match &self.civil_no {
            Some(number) => number.clone(),
            None => usual_citizen(&get(&client, &format!("{phone}/citizens")).await?)?,
        };
        let mut order = json!({ "civil_no": civil_no });
        if let Some(delay) = self.delay_ms {
            order["delay_ms"] = delay.into();
        }
        arm(&client, &phone, scenario, &order).await?;
        match common.format {
            Format::Json => output::print(&json!({ "armed": scenario, "civil_no": civil_no }).to_string()),
            Format::Text => output::print(&format!(
                "armed: the next request to citizen {civil_no} is answered with `{scenario}`\n\
                 now sign in as that citizen, in the demo or through the API; then `midflow why FLOW` or the console \
                 tells what became of it{}",
                when(scenario, self.delay_ms)
            )),
        }
        Ok(Ending::Good)
    }

    async fn of_authority(
        &self,
        client: &reqwest::Client,
        phone: &str,
        act: &str,
        format: Format,
    ) -> Result<Ending, Failure> {
        let url = if act == "revoke" {
            let civil_no = match &self.civil_no {
                Some(number) => number.clone(),
                None => usual_citizen(&get(client, &format!("{phone}/citizens")).await?)?,
            };
            format!("{phone}/citizens/{civil_no}/revoke")
        } else {
            format!("{phone}/authority/{act}")
        };
        let answer = client.post(&url).send().await.map_err(|_| unreachable(phone))?;
        let status = answer.status();
        if !status.is_success() {
            let why = answer.text().await.unwrap_or_default();
            return Err(
                Failure::new(format!("the sandbox refused `{act}` ({status}): {why}"))
                    .remedy("the authority's acts are change-stamp-key, revoke-stamp-key, stop-responder, start-responder, stop-time-stamper, start-time-stamper and revoke"),
            );
        }
        output::print(&match format {
            Format::Json => json!({ "done": act }).to_string(),
            Format::Text => format!("done: {act}; it holds until the sandbox is started again"),
        });
        Ok(Ending::Good)
    }

    fn phone(&self, common: &Common) -> Result<String, Failure> {
        if let Some(url) = &self.phone {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        let ready = self.dev.ready(common)?;
        ready
            .phone
            .map(|url| url.trim_end_matches('/').to_owned())
            .ok_or_else(|| Failure::new("the running node has no sandbox"))
    }
}

/// Makes every line of a file wait, in its order.
async fn arm_file(
    client: &reqwest::Client,
    phone: &str,
    path: &Path,
    format: Format,
) -> Result<Ending, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))?;
    let planned = ScenarioFile::parse(&text)
        .and_then(|file| file.plan())
        .map_err(|why| {
            Failure::new(format!("{}: {why}", path.display()))
                .remedy("examples/scenarios shows files that are good")
        })?;
    for one in &planned {
        let mut order = json!({});
        if let Some(citizen) = &one.citizen {
            order["civil_no"] = citizen.expose(Purpose::Citizen).into();
        }
        if let Some(delay) = one.delay {
            order["delay_ms"] = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).into();
        }
        arm(client, phone, one.scenario.as_str(), &order).await?;
    }
    match format {
        Format::Json => output::print(&json!({ "armed": planned.len() }).to_string()),
        Format::Text => output::print(&format!(
            "armed: {} requests, in the order of {}",
            planned.len(),
            path.display()
        )),
    }
    Ok(Ending::Good)
}

async fn arm(client: &reqwest::Client, phone: &str, scenario: &str, order: &Value) -> Result<(), Failure> {
    let answer = client
        .post(format!("{phone}/trigger/{scenario}"))
        .json(order)
        .send()
        .await
        .map_err(|_| unreachable(phone))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let status = answer.status();
    let why = answer.text().await.unwrap_or_default();
    Err(
        Failure::new(format!("the sandbox refused `{scenario}` ({status}): {why}"))
            .remedy("`midflow trigger --list` shows every scenario"),
    )
}

async fn get(client: &reqwest::Client, url: &str) -> Result<Value, Failure> {
    let answer = client
        .get(url)
        .header("accept", "application/json")
        .send()
        .await
        .map_err(|_| unreachable(url))?;
    answer
        .json()
        .await
        .map_err(|_| Failure::new(format!("{url} does not answer like a sandbox")))
}

fn unreachable(url: &str) -> Failure {
    Failure::new(format!("nobody answers at {url}"))
        .remedy("start `midflow dev`, or name its phone with --phone URL")
}

/// When the answer comes, where that is not at once: a late answer comes once the flow has timed out.
fn when(scenario: &str, delay_ms: Option<u64>) -> String {
    let delay = match (scenario, delay_ms) {
        (_, Some(delay)) => Duration::from_millis(delay),
        ("late", None) => Pace::default().late,
        _ => return String::new(),
    };
    format!(
        "\nit comes {:.1} s after the request; `--delay-ms` sets another time",
        delay.as_secs_f64()
    )
}

/// The citizen whom `midflow dev` fills in for its demo, so that what is armed is what is tried next.
fn usual_citizen(citizens: &Value) -> Result<String, Failure> {
    let who = |ending: &str| {
        let all = citizens.as_array().into_iter().flatten();
        let mut of_ending = all.filter(|citizen| citizen["ending"] == ending);
        of_ending.next()?["civil_no"].as_str()
    };
    let found = who("free").or_else(|| who("approves"));
    found.map(str::to_owned).ok_or_else(|| {
        Failure::new("the sandbox has no citizen who waits for the phone, and none who approves")
            .remedy("name one with --civil-no")
    })
}

fn list(scenarios: &Value, format: Format) -> String {
    if format == Format::Json {
        return scenarios.to_string();
    }
    let lines = scenarios.as_array().into_iter().flatten().map(|scenario| {
        let name = scenario["name"].as_str().unwrap_or_default();
        let about = scenario["does"]["en"].as_str().unwrap_or_default();
        format!("{name:22} {about}")
    });
    let relay =
        format!("{RELAY:22} an attacker who knows civil numbers tries each way in; tells what stops them");
    lines.chain([relay]).collect::<Vec<_>>().join("\n")
}

/// What is no scenario of one request, but an attack by many.
const RELAY: &str = "relay";

#[cfg(test)]
mod tests {
    use super::*;

    // `trigger` armed one citizen and the demo had filled in another, so that nothing came of it.
    #[test]
    fn the_citizen_is_the_one_of_the_demo() {
        let citizens = serde_json::json!([
            { "civil_no": "1", "ending": "approves" },
            { "civil_no": "2", "ending": "free" },
        ]);
        assert_eq!(usual_citizen(&citizens).unwrap(), "2");
        let citizens = serde_json::json!([{ "civil_no": "1", "ending": "approves" }]);
        assert_eq!(usual_citizen(&citizens).unwrap(), "1");
        assert!(usual_citizen(&serde_json::json!([])).is_err());
    }

    // Each line was a name and blanks: the sandbox says `does`, and `about` was read.
    #[test]
    fn the_list_says_what_each_scenario_does() {
        let scenarios =
            serde_json::json!([{ "name": "late", "does": { "ar": "يتأخر", "en": "answers too late" } }]);
        let list = list(&scenarios, Format::Text);
        assert!(
            list.starts_with("late                   answers too late\nrelay "),
            "{list}"
        );
    }
}
