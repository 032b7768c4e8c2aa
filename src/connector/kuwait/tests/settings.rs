use serde_json::json;

use super::fixture::*;
use crate::connector::kuwait::ClientMaterial;
use crate::connector::kuwait::Credentials;
use crate::connector::kuwait::Kuwait;
use crate::connector::kuwait::KuwaitSettings;
use crate::connector::kuwait::Material;
use crate::words::Timestamp;

fn client(certificate: Vec<u8>, key: String) -> ClientMaterial {
    ClientMaterial {
        certificate,
        key: key.into(),
    }
}

fn material() -> Material {
    Material {
        client: Some(client(P256.pem.clone().into_bytes(), P256.key_pem.clone())),
        login: None,
        server_ca: RSA.pem.clone().into_bytes(),
        signers: vec![P384.pem.clone().into_bytes()],
        list_issuers: Vec::new(),
    }
}

fn written() -> serde_json::Value {
    json!({
        "base_url": "https://bridge.example.invalid/mid",
        "service_provider_id": SP,
        "client": { "certificate": "file:/etc/midflow/client.pem", "key": "file:/etc/midflow/client.key" },
        "server_ca": "file:/etc/midflow/bridge-ca.pem",
        "stamp": {
            "rule": "raw-members", "formats": ["ecdsa-p384", "cms"],
            "signers": [{ "certificate": "file:/etc/midflow/stamp.pem" }],
        },
        "assurance": { "certificate_policy": { "1.2.3.20": "medium" } },
    })
}

fn open(value: serde_json::Value, material: &Material, now: &str) -> Result<Kuwait, String> {
    let settings: KuwaitSettings = serde_json::from_value(value).map_err(|error| error.to_string())?;
    Kuwait::new(&settings, material, Timestamp::parse(now).unwrap()).map_err(|error| error.to_string())
}

fn with(pointer: &str, value: serde_json::Value) -> serde_json::Value {
    let mut settings = written();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    settings.pointer_mut(parent).unwrap()[name] = value;
    settings
}

#[test]
fn good_settings_open_and_tell_when_certificates_expire() {
    let kuwait = open(written(), &material(), RECEIVED).unwrap();
    let expiries = kuwait.expiries();
    assert_eq!(expiries.len(), 2);
    assert!(
        expiries
            .iter()
            .all(|expiry| expiry.expires_at == Timestamp::parse("2027-01-01T00:00:00Z").unwrap())
    );
    assert!(!format!("{kuwait:?}").contains("PRIVATE"));
    let fingerprint = crate::words::Digest::of(&P384.der).to_string();
    assert!(
        open(
            with("/stamp/signers", json!([{ "fingerprint": fingerprint }])),
            &material(),
            RECEIVED
        )
        .is_ok()
    );
    assert!(open(with("/assurance", json!("as_requested")), &material(), RECEIVED).is_ok());
}

// R000-115: what decides about belief has no default and can't be left out.
#[test]
fn what_would_be_a_guess_is_refused() {
    for (pointer, value, expected) in [
        ("/stamp", json!(null), "`kuwait.stamp`: it is not set; set `rule`"),
        (
            "/stamp/formats",
            json!([]),
            "`kuwait.stamp.formats`: no format is accepted",
        ),
        (
            "/stamp/signers",
            json!([]),
            "`kuwait.stamp.signers`: nobody is pinned",
        ),
        ("/stamp/rule", json!("none"), "unknown variant `none`"),
        ("/stamp/verify", json!(false), "unknown field `verify`"),
        (
            "/stamp/formats",
            json!(["rsa-sha1"]),
            "unknown variant `rsa-sha1`",
        ),
        ("/assurance", json!(null), "`kuwait.assurance`: it is not set"),
        (
            "/assurance",
            json!({ "certificate_policy": {} }),
            "it names no policy",
        ),
        (
            "/service_provider_id",
            json!("ours"),
            "`kuwait.service_provider_id`: it is no GUID",
        ),
        (
            "/base_url",
            json!("http://bridge.example.invalid"),
            "`kuwait.base_url`: it is not https",
        ),
        ("/base_url", json!("bridge"), "`kuwait.base_url`: it is no URL"),
        (
            "/base_url",
            json!("https://user:pw@h/"),
            "it carries more than host and path",
        ),
        (
            "/base_url",
            json!("https://h/?a=1"),
            "it carries more than host and path",
        ),
        (
            "/codes",
            json!({ "result": { "1": "other.not_enrolled" } }),
            "`kuwait.codes`: result `1`",
        ),
        (
            "/codes",
            json!({ "error": { "7": "approved" } }),
            "`7` can't be made to mean approved",
        ),
        (
            "/client/key",
            json!("-----BEGIN PRIVATE KEY-----"),
            "secrets are never written",
        ),
        ("/clock_skew_seconds", json!(601), "`kuwait.clock_skew_seconds`"),
        (
            "/reply_timeout_seconds",
            json!(5),
            "a reply within 5 s can't follow a connection within 5 s",
        ),
        ("/insecure", json!(true), "unknown field `insecure`"),
    ] {
        let error = open(with(pointer, value), &material(), RECEIVED).err().unwrap();
        assert!(error.contains(expected), "{pointer}: {error}");
    }
    let mut without = written();
    without.as_object_mut().unwrap().remove("stamp");
    assert!(
        open(without, &material(), RECEIVED)
            .err()
            .unwrap()
            .contains("`kuwait.stamp`: it is not set")
    );
}

#[test]
fn material_that_can_not_be_used_is_named() {
    let refused = |change: &dyn Fn(&mut Material)| {
        let mut material = material();
        change(&mut material);
        open(written(), &material, RECEIVED).err().unwrap()
    };
    assert!(
        refused(&|m| m.client = Some(client(b"x".to_vec(), P256.key_pem.clone())))
            .contains("`kuwait.client.certificate`")
    );
    assert!(
        refused(&|m| m.client = Some(client(P256.pem.clone().into_bytes(), String::new())))
            .contains("`kuwait.client`")
    );
    assert!(
        refused(&|m| m.client = Some(client(P256.pem.clone().into_bytes(), P384.key_pem.clone())))
            .contains("`kuwait.client`")
    );
    assert!(refused(&|m| m.server_ca = Vec::new()).contains("`kuwait.server_ca`"));
    assert!(refused(&|m| m.signers = Vec::new()).contains("was not loaded"));
    assert!(refused(&|m| m.signers = vec![b"x".to_vec()]).contains("can't be used: it is no X.509"));
}

#[test]
fn an_expired_client_certificate_is_refused_with_its_date() {
    let error = open(written(), &material(), "2027-01-01T00:00:01Z")
        .err()
        .unwrap();
    assert!(
        error.contains("`kuwait.client.certificate`: it expired on 2027-01-01"),
        "{error}"
    );
    let error = open(written(), &material(), "2025-12-31T23:59:59Z")
        .err()
        .unwrap();
    assert!(error.contains("it is valid from 2026-01-01"), "{error}");
}

#[cfg(unix)]
#[test]
fn settings_are_opened_from_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        json!(format!("file:{}", path.display()))
    };
    let mut value = written();
    value["client"]["certificate"] = write("client.pem", &P256.pem, 0o644);
    value["client"]["key"] = write("client.key", &P256.key_pem, 0o600);
    value["server_ca"] = write("ca.pem", &RSA.pem, 0o644);
    value["stamp"]["signers"][0]["certificate"] = write("stamp.pem", &P384.pem, 0o644);
    let now = Timestamp::parse(RECEIVED).unwrap();
    let settings: KuwaitSettings = serde_json::from_value(value.clone()).unwrap();
    assert!(Kuwait::open(&settings, now).is_ok());
    write("client.key", &P256.key_pem, 0o644);
    let error = Kuwait::open(&settings, now).err().unwrap().to_string();
    assert!(
        error.starts_with("`kuwait.client.key`: file:") && error.contains("chmod 400"),
        "{error}"
    );
}

#[test]
fn settings_are_written_in_yaml() {
    let yaml = format!(
        r#"
base_url: https://bridge.example.invalid/mid
service_provider_id: {SP}
client: {{ certificate: file:/etc/midflow/client.pem, key: "env:MIDFLOW_CLIENT_KEY" }}
server_ca: file:/etc/midflow/bridge-ca.pem
stamp:
  rule: jcs
  formats: [rsa-sha256, cms]
  signers:
    - certificate: file:/etc/midflow/stamp.pem
    - fingerprint: {}
assurance: as_requested
codes:
  result: {{ "6": other.not_enrolled }}
  error: {{ 1001: other.not_enrolled, 1003: other.too_many_requests }}
keys: ignore_case
challenge: when_present
"#,
        crate::words::Digest::of(b"x")
    );
    let settings: KuwaitSettings = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(settings.codes.error.len(), 2);
    assert!(Kuwait::new(&settings, &material(), Timestamp::parse(RECEIVED).unwrap()).is_ok());
}

fn over(transport: serde_json::Value, material: &Material) -> Result<Kuwait, String> {
    open(with("/transport", transport), material, RECEIVED)
}

fn with_login() -> Material {
    Material {
        login: Some(Credentials {
            name: "n".to_owned().into(),
            password: "p".to_owned().into(),
        }),
        ..material()
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a value that is written where it is used"
)]
fn gateway(answers: serde_json::Value) -> serde_json::Value {
    json!({ "gateway": { "login": { "name": "env:A", "password": "env:B" }, "answers": answers } })
}

fn template() -> serde_json::Value {
    json!({
        "paths": { "auth_push": "push" }, "casing": "camel", "envelope": "",
        "success": { "pointer": "/status", "values": ["ok"] }, "request_id": "/id",
    })
}

// What a transport can't work without is named at the start, not with the first person who waits in vain.
#[test]
fn incomplete_transports_are_refused() {
    let unstamped = |statuses| gateway(json!({ "unstamped": { "statuses": statuses, "used": "refused" } }));
    let templated = |pointer: &str, value: serde_json::Value| {
        let mut whole = json!({ "template": template() });
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = whole.pointer_mut(&format!("/template{parent}")).unwrap();
        parent[name] = value;
        whole
    };
    for (transport, expected) in [
        (json!({ "soap": {} }), "missing field `path`"),
        (
            json!({ "soap": { "path": "/x.svc" } }),
            "`kuwait.transport.soap.path`: `/x.svc` is no path below",
        ),
        (json!({ "soap": { "path": "../x.svc" } }), "is no path below"),
        (
            json!({ "soap": { "path": "https://elsewhere.invalid/x" } }),
            "is no path below",
        ),
        (json!({ "soap": { "path": "x?wsdl" } }), "is no path below"),
        (
            json!({ "soap": { "path": "x", "encoding": "swa" } }),
            "unknown variant `swa`",
        ),
        (
            gateway(json!(null)),
            "`kuwait.transport.gateway.answers`: it is not set",
        ),
        (
            gateway(json!({ "stamped": "callback" })),
            "`callback` is no JSON pointer",
        ),
        (
            unstamped(json!({ "A": "waiting" })),
            "not exactly one status means `approved`",
        ),
        (
            unstamped(json!({ "A": "approved", "B": "approved" })),
            "not exactly one status means `approved`",
        ),
        (
            unstamped(json!({ "A": "yes" })),
            "expected `waiting`, `approved` or the code of another outcome",
        ),
        (
            templated("/paths", json!({})),
            "`kuwait.transport.template.paths`: it names no capability",
        ),
        (
            templated("/paths", json!({ "auth_qr": "qr" })),
            "`kuwait.transport.template.qr`: it is not set",
        ),
        (
            templated("/paths", json!({ "verify_qr": "v" })),
            "whose stamp covers bytes that a wrapper writes anew",
        ),
        (
            templated("/paths", json!({ "auth_push": "/x" })),
            "is no path below",
        ),
        (templated("/success/values", json!([])), "no value means success"),
        (
            templated("/success/pointer", json!("")),
            "it points at the whole reply",
        ),
        (templated("/request_id", json!("id")), "`id` is no JSON pointer"),
        (
            templated("/names", json!({ "Challenge": "a//b" })),
            "a name is empty",
        ),
        (templated("/casing", json!("kebab")), "unknown variant `kebab`"),
        (json!("carrier_pigeon"), "unknown variant `carrier_pigeon`"),
    ] {
        let error = over(transport.clone(), &with_login()).err();
        assert!(
            error.as_ref().is_some_and(|error| error.contains(expected)),
            "{transport}: {error:?}"
        );
    }
}

#[test]
fn complete_transports_open() {
    for transport in [
        json!("bridge"),
        json!({ "soap": { "path": "MIDWrapper.svc" } }),
        json!({ "template": template() }),
    ] {
        assert!(over(transport.clone(), &material()).is_ok(), "{transport}");
    }
}

// A gateway's answer can't be held to what the gateway never carries, and without a stamp no certificate tells a level.
#[test]
fn a_gateway_is_not_asked_for_what_it_can_not_carry() {
    let written = |challenge: &str, assurance: serde_json::Value, answers: serde_json::Value| {
        let mut settings = with("/transport", gateway(answers));
        settings["challenge"] = json!(challenge);
        settings["assurance"] = assurance;
        open(settings, &with_login(), RECEIVED)
    };
    let stamped = json!({ "stamped": "/callback" });
    let unstamped = json!({ "unstamped": { "statuses": { "A": "approved" }, "used": "allowed" } });
    let by_policy = json!({ "certificate_policy": { "1.2.3.20": "medium" } });
    assert!(written("when_present", by_policy.clone(), stamped.clone()).is_ok());
    assert!(written("required", json!("as_requested"), unstamped.clone()).is_ok());
    let error = written("required", by_policy.clone(), stamped).err().unwrap();
    assert!(
        error.contains("`kuwait.challenge`: the gateway takes no challenge"),
        "{error}"
    );
    let error = written("when_present", by_policy, unstamped).err().unwrap();
    assert!(
        error.contains("`kuwait.assurance`: an answer without a stamp"),
        "{error}"
    );
    let mut settings = with("/transport", gateway(json!({ "stamped": "/callback" })));
    settings["challenge"] = json!("when_present");
    settings["transport"]["gateway"]["poll"] = json!({ "interval_seconds": 0 });
    let error = open(settings, &with_login(), RECEIVED).err().unwrap();
    assert!(error.contains("`kuwait.transport.gateway.poll`"), "{error}");
}

// The bridge without its certificate would be refused by every server; a wrapper may not ask for one.
#[test]
fn only_the_bridge_needs_a_client_certificate() {
    let without = Material {
        client: None,
        ..material()
    };
    let error = over(json!("bridge"), &without).err().unwrap();
    assert!(error.contains("`kuwait.client`: it is not set"), "{error}");
    let kuwait = over(json!({ "soap": { "path": "MIDWrapper.svc" } }), &without).unwrap();
    assert_eq!(kuwait.expiries().len(), 1);
}
