use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;

use crate::audit::CallbackRecord;
use crate::audit::Event;
use crate::audit::ReplyRecord;
use crate::audit::VerdictRecord;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::arguments::runtime;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::place::Place;
use crate::connector::kuwait::TransportSettings;
use crate::engine::random;
use crate::sandbox::Cassette;
use crate::sandbox::CassetteTransport;
use crate::sandbox::CertificateFound;
use crate::sandbox::Found;
use crate::sandbox::Recorder;
use crate::sandbox::ReplySeen;
use crate::sandbox::StandIns;
use crate::store::Store;
use crate::store::StoredRecord;
use crate::words::Assurance;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Outcome;

/// `midflow cassette record`: the messages of flows, out of a node's store.
#[derive(Debug, clap::Args)]
pub(super) struct Record {
    /// The flows, as the API and the console name them; they are replayed in this order
    #[arg(value_name = "FLOW", required = true, value_parser = flow_id)]
    flows: Vec<FlowId>,

    /// The file to write; one that is there is not written over
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The folder of a `midflow dev` that was started with --state
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    state: Option<PathBuf>,
}

impl Record {
    pub(super) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let cassette = runtime()?.block_on(self.read(common))?;
        write_new(&self.output, &cassette.to_text())?;
        let (file, count) = (self.output.display(), cassette.messages.len());
        let compare = match cassette.transport {
            Some(CassetteTransport::Bridge) => format!("compare it with `midflow cassette drift {file}`, "),
            _ => String::new(),
        };
        output::print(&match common.format {
            Format::Json => serde_json::json!({ "file": file.to_string(), "messages": count }).to_string(),
            Format::Text => format!(
                "{file}: {}; stand-ins in place of everything personal\n{compare}play it with `midflow cassette replay {file}`",
                output::counted(count, "message")
            ),
        });
        Ok(Ending::Good)
    }

    async fn read(&self, common: &Common) -> Result<Cassette, Failure> {
        let place = match &self.state {
            Some(state) => Place::of_dev(state)?,
            None => Place::find(self.config.as_deref(), common)?,
        };
        let store = place.read_opened().await?;
        let mut people = StandIns::new(random::<32>().map_err(Failure::new)?);
        let settings = place.connector.as_deref();
        people.keep(codes_of(settings.map(|settings| &settings.transport)));
        let mut flows = Vec::new();
        for flow in &self.flows {
            let row = store.flow(*flow).await.map_err(Failure::new)?;
            let row = row.ok_or_else(|| {
                Failure::new(format!("the store has no flow {flow}"))
                    .remedy("the API and the console name flows")
            })?;
            let records = store.records(*flow).await.map_err(Failure::new)?;
            flows.push((*flow, row.capability, records));
        }
        let transport = transport_of(flows.iter().flat_map(|(.., records)| records))?;
        let mut recorder = Recorder::new(Some(transport), people);
        if let Some(settings) = settings {
            recorder.provider(&settings.service_provider_id);
        }
        for (flow, capability, records) in &flows {
            let exchanges = store.exchanges(*flow).await.map_err(Failure::new)?;
            let bytes: HashMap<ExchangeId, Bytes> =
                exchanges.into_iter().map(|row| (row.id, row.bytes)).collect();
            recorder.flow(*capability);
            record(&mut recorder, records, &bytes);
        }
        store.close().await;
        Ok(recorder.finish())
    }
}

/// Takes what went of one flow, in the order of the log.
fn record(recorder: &mut Recorder, records: &[StoredRecord], bytes: &HashMap<ExchangeId, Bytes>) {
    let of = |exchange: Option<ExchangeId>| exchange.and_then(|id| bytes.get(&id)).map(AsRef::as_ref);
    let found = |exchange: Option<ExchangeId>| {
        let verdicts = records.iter().filter_map(|record| match &record.event {
            Event::Verdict(verdict) => Some(verdict),
            _ => None,
        });
        let mut verdicts = verdicts.filter(|verdict| Some(verdict.exchange) == exchange);
        verdicts
            .next()
            .map(|verdict| found_in(verdict))
            .unwrap_or_default()
    };
    // What came twice was examined once.
    let of_its_like = |callback: &CallbackRecord| {
        let callbacks = records.iter().filter_map(|record| match &record.event {
            Event::Callback(other) if other.digest == callback.digest => Some(found(other.exchange)),
            _ => None,
        });
        let mut examined = callbacks.filter(|found| *found != Found::default());
        examined.next().unwrap_or_default()
    };
    let tell = |recorder: &mut Recorder, at, callback: &CallbackRecord| {
        if let Some(body) = of(callback.exchange) {
            let at = callback.arrived_at.unwrap_or(at);
            let polled = callback.source == "poll";
            recorder.callback(at, polled, of_its_like(callback), body);
        }
    };
    let mut overtaken = Vec::new();
    for (index, stored) in records.iter().enumerate() {
        let rest = records.get(index + 1..).unwrap_or_default();
        match &stored.event {
            Event::Request(request) if never_arrived(rest) => {
                tracing::debug!(
                    attempt = request.attempt,
                    "a request that never left is not recorded"
                );
            }
            Event::Request(request) => {
                if let Some(body) = of(Some(request.exchange)) {
                    recorder.request(stored.at, &request.operation, body);
                }
            }
            Event::Reply(reply) if reply.meaning != NOT_SENT => {
                let seen = ReplySeen {
                    status: Some(status_of(reply)),
                    request_id: reply.request_id.as_ref().map(|id| id.as_str()),
                    found: found(reply.exchange),
                    bytes: of(reply.exchange),
                };
                recorder.reply(stored.at, &seen);
                for (at, callback) in overtaken.drain(..) {
                    tell(recorder, at, callback);
                }
            }
            Event::Callback(callback) if was_overtaken(rest, callback) => {
                overtaken.push((stored.at, callback));
            }
            Event::Callback(callback) => tell(recorder, stored.at, callback),
            _ => {}
        }
    }
}

/// Whether a callback that these records follow was examined after the reply only, though it had come before: the node knew the
/// reply then, and has to know it again.
fn was_overtaken(records: &[StoredRecord], callback: &CallbackRecord) -> bool {
    let before = records.iter().take_while(|record| match &record.event {
        Event::Verdict(verdict) => Some(verdict.exchange) != callback.exchange,
        _ => true,
    });
    let mut replies = before.filter(|record| matches!(record.event, Event::Reply(_)));
    replies.next().is_some()
}

/// Whether a request that these records follow has not left: then the authority knows nothing of it.
fn never_arrived(records: &[StoredRecord]) -> bool {
    let replies = records
        .iter()
        .take_while(|record| !matches!(record.event, Event::Request(_)));
    let mut replies = replies.filter_map(|record| match &record.event {
        Event::Reply(reply) => Some(reply),
        _ => None,
    });
    replies.next().is_some_and(|reply| reply.meaning == NOT_SENT)
}

/// How the flows went; all of them have to have gone in one way, or no one authority could play them.
fn transport_of<'r>(records: impl Iterator<Item = &'r StoredRecord>) -> Result<CassetteTransport, Failure> {
    let mut names: Vec<&str> = records
        .filter_map(|record| match &record.event {
            Event::Request(request) => Some(request.connector.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => Err(Failure::new("these flows asked nothing of the authority")
            .remedy("name flows in which a request was sent; the console shows them")),
        [name] => CassetteTransport::of_connector(name)
            .ok_or_else(|| Failure::new(format!("what went over {name} can't be recorded"))),
        several => Err(Failure::new(format!(
            "these flows went to the authority in several ways: {}",
            several.join(", ")
        ))
        .remedy("record the flows of each way into a file of its own")),
    }
}

/// What the node has found of an answer's signatures.
fn found_in(verdict: &VerdictRecord) -> Found {
    let check = |name: &str| verdict.checks.iter().find(|check| check.name == name);
    let certificate = check("certificate").and_then(|certificate| match verdict.outcome {
        _ if certificate.passed => check("assurance").and_then(|assurance| {
            let level = assurance.detail.split(' ').next().unwrap_or_default();
            Assurance::from_name(level).map(CertificateFound::Level)
        }),
        Some(Outcome::CertificateExpired) => Some(CertificateFound::Expired),
        Some(Outcome::WrongPerson) => Some(CertificateFound::Foreign),
        _ => Some(CertificateFound::Unreadable),
    });
    let revoked = check("revocation").is_some_and(|revocation| !revocation.passed)
        && verdict.outcome == Some(Outcome::CertificateRevoked);
    Found {
        stamp: check("stamp").map(|stamp| stamp.passed),
        certificate: if revoked {
            Some(CertificateFound::Revoked)
        } else {
            certificate
        },
        signature: check("signature").map(|signature| signature.passed),
    }
}

/// The status of HTTP that came with a reply. What is neither yes nor no names it first.
fn status_of(reply: &ReplyRecord) -> u16 {
    let named = reply.detail.strip_prefix("status ");
    let digits = named.and_then(|rest| rest.get(..3));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(OK)
}

/// The members in which this node's authority answers codes, beside those of the contract.
fn codes_of(transport: Option<&TransportSettings>) -> Vec<String> {
    let Some(TransportSettings::Template(template)) = transport else {
        return Vec::new();
    };
    [Some(&template.success.pointer), template.error.as_ref()]
        .into_iter()
        .flatten()
        .filter_map(|pointer| pointer.rsplit('/').next().map(str::to_owned))
        .collect()
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::new(format!("can't write {}: {error}", path.display()))
            .remedy("name a file that is not there yet, in a folder that is")
    })
}

fn flow_id(text: &str) -> Result<FlowId, String> {
    FlowId::parse(text).ok_or_else(|| "this is not the id of a flow".to_owned())
}

const NOT_SENT: &str = "not_sent";
const OK: u16 = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::CheckRecord;
    use crate::words::Digest;
    use crate::words::Timestamp;

    fn exchange(number: u8) -> ExchangeId {
        ExchangeId::from_parts(Timestamp::EPOCH, [number; 10])
    }

    fn stored(event: Event) -> StoredRecord {
        StoredRecord {
            seq: 1,
            at: Timestamp::EPOCH,
            flow: None,
            event,
        }
    }

    fn reply(meaning: &str, detail: &str) -> ReplyRecord {
        ReplyRecord {
            attempt: 1,
            meaning: meaning.to_owned(),
            request_id: None,
            qr: None,
            authority_code: None,
            detail: detail.to_owned(),
            exchange: None,
            digest: None,
        }
    }

    fn callback(number: u8) -> CallbackRecord {
        CallbackRecord {
            exchange: Some(exchange(number)),
            digest: Digest::of(b"x"),
            size: 1,
            source: "127.0.0.1".to_owned(),
            placed: "flow".to_owned(),
            arrived_at: None,
            spooled: None,
        }
    }

    fn verdict(number: u8, outcome: Option<Outcome>, checks: &[(&str, bool, &str)]) -> VerdictRecord {
        let checks = checks.iter().map(|(name, passed, detail)| CheckRecord {
            name: (*name).to_owned().into(),
            passed: *passed,
            detail: (*detail).to_owned().into(),
        });
        VerdictRecord {
            exchange: exchange(number),
            conclusion: String::new(),
            outcome,
            checks: checks.collect(),
            request_id: None,
            result_code: None,
            user_action: None,
            user_signature: None,
            user_certificate: None,
            kept_fields: Vec::new(),
            dropped_fields: Vec::new(),
            stamp: None,
            stamp_signer: None,
            claimed_at: None,
            late: false,
        }
    }

    // An answer to another request was examined after the reply had given the id, replayed before it, and believed.
    #[test]
    fn a_callback_that_the_reply_overtook_comes_after_it() {
        let replied = || stored(Event::Reply(reply("accepted", "")));
        let examined = |number| stored(Event::Verdict(Box::new(verdict(number, None, &[]))));
        assert!(was_overtaken(&[replied(), examined(1)], &callback(1)));
        assert!(!was_overtaken(&[examined(1), replied()], &callback(1)));
        assert!(was_overtaken(
            &[examined(2), replied(), examined(1)],
            &callback(1)
        ));
        assert!(!was_overtaken(&[examined(1)], &callback(1)));
    }

    #[test]
    fn what_never_left_is_told_from_what_may_have_arrived() {
        let after = |meaning| [stored(Event::Reply(reply(meaning, "")))];
        assert!(never_arrived(&after(NOT_SENT)));
        assert!(!never_arrived(&after("unknown")));
        assert!(!never_arrived(&[]));
    }

    #[test]
    fn the_status_of_a_reply_is_read_from_what_the_connector_says_of_it() {
        for (detail, status) in [
            ("status 500 Internal Server Error", 500),
            ("status 401 Unauthorized", 401),
            ("the authority answered with error 1001", 200),
            ("status of nothing", 200),
            ("", 200),
        ] {
            assert_eq!(status_of(&reply("unknown", detail)), status, "{detail}");
        }
    }

    #[test]
    fn what_was_found_is_read_from_the_checks() {
        let found = |outcome, checks: &[_]| found_in(&verdict(1, outcome, checks));
        let stamp = ("stamp", true, "");
        let certificate = ("certificate", true, "valid, and the person's");
        let low = ("assurance", false, "low by certificate policy; medium was asked");
        let insufficient = found(Some(Outcome::AssuranceInsufficient), &[stamp, certificate, low]);
        assert_eq!(
            insufficient.certificate,
            Some(CertificateFound::Level(Assurance::Low))
        );
        assert_eq!(insufficient.stamp, Some(true));
        let failed = ("certificate", false, "");
        for (outcome, expected) in [
            (Outcome::CertificateExpired, CertificateFound::Expired),
            (Outcome::WrongPerson, CertificateFound::Foreign),
            (Outcome::VerificationFailed, CertificateFound::Unreadable),
        ] {
            assert_eq!(found(Some(outcome), &[stamp, failed]).certificate, Some(expected));
        }
        let revoked = [stamp, certificate, ("revocation", false, "")];
        let revoked = found(Some(Outcome::CertificateRevoked), &revoked);
        assert_eq!(revoked.certificate, Some(CertificateFound::Revoked));
        assert_eq!(found(None, &[("stamp", false, "")]).stamp, Some(false));
        assert_eq!(found(None, &[("readable", false, "")]), Found::default());
    }
}
