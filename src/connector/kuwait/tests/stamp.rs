use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::fixture::*;
use crate::connector::kuwait::stamp::Pin;
use crate::connector::kuwait::stamp::Signer;
use crate::connector::kuwait::stamp::Stamp;
use crate::connector::kuwait::stamp::StampFormat;
use crate::connector::kuwait::stamp::StampRule;
use crate::words::Digest;
use crate::words::Timestamp;

const RULES: [StampRule; 3] = [StampRule::RawMembers, StampRule::RawPrefix, StampRule::Jcs];

fn ways() -> [(How, &'static Party, StampFormat); 7] {
    [
        (How::Rsa256, &RSA, StampFormat::RsaSha256),
        (How::Rsa384, &RSA, StampFormat::RsaSha384),
        (How::Rsa512, &RSA, StampFormat::RsaSha512),
        (How::P256Der, &P256, StampFormat::EcdsaP256),
        (How::P256Raw, &P256, StampFormat::EcdsaP256),
        (How::P384Der, &P384, StampFormat::EcdsaP384),
        (How::P384Raw, &P384, StampFormat::EcdsaP384),
    ]
}

fn all_pins() -> Vec<Pin> {
    vec![pin(&RSA), pin(&P256), pin(&P384)]
}

/// What became of the check `stamp` for a body under a rule, formats and pins.
fn stamp_check(
    body: &str,
    rule: StampRule,
    formats: &[StampFormat],
    pins: Vec<Pin>,
) -> Result<String, String> {
    let rule = rule_with(Stamp::new(rule, formats.to_vec(), pins));
    let verdict = Asked::usual().examine(&rule, body.as_bytes());
    let check = verdict
        .checks
        .into_iter()
        .find(|check| check.name == "stamp")
        .unwrap();
    if check.passed {
        Ok(check.detail.into_owned())
    } else {
        Err(check.detail.into_owned())
    }
}

// R000-114, R000-116: each rule with each format, stamped by other code than verifies; and with no other
// rule, format or key.
#[test]
fn each_rule_and_format_verifies_under_itself_alone() {
    let draft = Draft::approved();
    for rule in RULES {
        for (how, party, format) in ways() {
            let body = draft.body(&party.sign(how, draft.covered(rule).as_bytes()), &party.der);
            assert!(
                stamp_check(&body, rule, &[format], all_pins()).is_ok(),
                "{rule:?} {how:?}"
            );
            for other in RULES.into_iter().filter(|other| *other != rule) {
                assert!(
                    stamp_check(&body, other, &[format], all_pins()).is_err(),
                    "{rule:?} {other:?} {how:?}"
                );
            }
            for other in StampFormat::ALL.into_iter().filter(|other| *other != format) {
                assert!(
                    stamp_check(&body, rule, &[other], all_pins()).is_err(),
                    "{rule:?} {how:?} {other:?}"
                );
            }
        }
    }
}

// Threat B-26: no algorithm outside the list, whatever the key could do.
#[test]
fn pss_is_not_accepted() {
    let draft = Draft::approved();
    let body = draft.body(
        &RSA.sign(How::RsaPss, draft.covered(StampRule::RawMembers).as_bytes()),
        &RSA.der,
    );
    assert!(stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, all_pins()).is_err());
}

#[test]
fn a_signer_that_is_not_pinned_is_refused() {
    let draft = Draft::approved();
    let stranger = party("Stranger", &ec(&rcgen::PKCS_ECDSA_P256_SHA256), (2026, 2027));
    let signature = stranger.sign(How::P256Der, draft.covered(StampRule::RawMembers).as_bytes());
    let check = |certificate: &[u8]| {
        let body = draft.body(&signature, certificate);
        stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, all_pins()).unwrap_err()
    };
    assert!(check(&stranger.der).contains("not pinned"));
    // Under the name of a pinned one, and under no name.
    assert!(check(&P256.der).contains("no accepted format"));
    assert!(check(b"").contains("no accepted format"));
    assert!(check(b"nonsense").contains("not pinned"));
}

#[test]
fn a_stamp_that_names_no_signer_is_tried_with_the_pinned_ones() {
    let draft = Draft::approved();
    for (how, party, format) in ways() {
        let body = draft.body(
            &party.sign(how, draft.covered(StampRule::RawMembers).as_bytes()),
            b"",
        );
        assert!(
            stamp_check(&body, StampRule::RawMembers, &[format], all_pins()).is_ok(),
            "{how:?}"
        );
    }
}

#[test]
fn a_pinned_fingerprint_takes_the_certificate_from_the_message() {
    let draft = Draft::approved();
    let signature = P256.sign(How::P256Raw, draft.covered(StampRule::RawMembers).as_bytes());
    let check = |certificate: &[u8], pin: Digest| {
        let body = draft.body(&signature, certificate);
        stamp_check(
            &body,
            StampRule::RawMembers,
            &StampFormat::ALL,
            vec![Pin::fingerprint(pin)],
        )
    };
    assert!(check(&P256.der, Digest::of(&P256.der)).is_ok());
    assert!(check(&P256.der, Digest::of(&P384.der)).is_err());
    assert!(check(b"", Digest::of(&P256.der)).is_err());
}

#[test]
fn a_signer_counts_only_within_its_validity() {
    let draft = Draft::approved();
    for (years, problem) in [((2024, 2025), "valid from"), ((2027, 2028), "valid from")] {
        let party = party("Out of time", &ec(&rcgen::PKCS_ECDSA_P256_SHA256), years);
        let body = draft.body(
            &party.sign(How::P256Der, draft.covered(StampRule::RawMembers).as_bytes()),
            &party.der,
        );
        let error =
            stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, vec![pin(&party)]).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
    // The last second counts, the next does not.
    let rule = rule();
    for (at, passed) in [("2027-01-01T00:00:00Z", true), ("2027-01-01T00:00:01Z", false)] {
        let asked = Asked {
            received_at: Timestamp::parse(at).unwrap(),
            ..Asked::usual()
        };
        let verdict = asked.examine(&rule, draft.stamped().as_bytes());
        assert_eq!(verdict.checks[1].passed, passed, "{at}");
    }
}

// A set of bad signatures in the manner of Wycheproof.
#[test]
fn bad_signatures_are_refused() {
    let draft = Draft::approved();
    let covered = draft.covered(StampRule::RawMembers);
    for (how, party, _) in ways() {
        let good = party.sign(how, covered.as_bytes());
        let mut bad: Vec<Vec<u8>> = vec![
            Vec::new(),
            vec![0],
            vec![0; good.len()],
            vec![0xff; good.len()],
            good[..good.len() - 1].to_vec(),
            good[1..].to_vec(),
            [&[0][..], &good].concat(),
            [&good[..], &[0]].concat(),
            good.iter().rev().copied().collect(),
            party.sign(how, b""),
            party.sign(how, format!("{covered}\n").as_bytes()),
            // The digest instead of the message.
            party.sign(how, Digest::of(covered.as_bytes()).as_bytes()),
        ];
        for at in 0..good.len() {
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            bad.push(flipped);
        }
        for (index, signature) in bad.iter().enumerate() {
            let body = draft.body(signature, &party.der);
            let found = stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, all_pins());
            assert!(found.is_err(), "{how:?} {index}");
        }
    }
}

#[test]
fn ecdsa_numbers_out_of_range_are_refused() {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let draft = Draft::approved();
    let order = hex::decode(ORDER).unwrap();
    let zero = vec![0; 32];
    let one = [vec![0; 31], vec![1]].concat();
    let mut infinity = order.clone();
    infinity[31] += 1;
    let numbers = [&zero, &one, &order, &infinity];
    for r in numbers {
        for s in numbers {
            let raw = [r.as_slice(), s].concat();
            let body = draft.body(&raw, &P256.der);
            assert!(stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, all_pins()).is_err());
            let integer = |number: &[u8]| [&[0x02, 33, 0], number].concat();
            let der = [vec![0x30, 70], integer(r), integer(s)].concat();
            let body = draft.body(&der, &P256.der);
            assert!(stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, all_pins()).is_err());
        }
    }
}

#[test]
fn the_stamp_itself_is_read_strictly() {
    let draft = Draft::approved();
    let good = draft.stamped();
    let stamp = good
        .split("\"SignatureData\":\"")
        .last()
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let check = |replacement: &str| {
        let body = good.replace(&format!("\"{stamp}\""), replacement);
        stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, all_pins())
    };
    assert!(check(&format!("\"{stamp}\"")).is_ok());
    // Line breaks as .NET can write them.
    let broken = stamp
        .as_bytes()
        .chunks(60)
        .map(|line| std::str::from_utf8(line).unwrap());
    assert!(check(&format!("\"{}\"", broken.collect::<Vec<_>>().join("\\r\\n"))).is_ok());
    for bad in [
        "null".to_owned(),
        "\"\"".to_owned(),
        "7".to_owned(),
        "{}".to_owned(),
        format!("\"{} {}\"", &stamp[..8], &stamp[8..]),
        format!("\"{}\"", stamp.trim_end_matches('=')).replace(stamp, &format!("{stamp}=")),
        format!("\"{}\"", stamp.replace(['+', '/'], "-")).replace(stamp, "-"),
        format!("\"{}\"", "A".repeat(200_000)),
    ] {
        assert!(check(&bad).is_err(), "{}", &bad[..bad.len().min(40)]);
    }
}

#[test]
fn no_stamp_at_all_is_refused() {
    let good = Draft::approved().stamped();
    let (front, _) = good.split_once(",\"Signature\"").unwrap();
    for stamp in [
        "",
        ",\"Signature\":null",
        ",\"Signature\":{}",
        ",\"signature\":{\"SignatureData\":\"AA==\"}",
    ] {
        let body = format!("{front}{stamp}}}}}");
        let error = stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, all_pins()).unwrap_err();
        assert_eq!(error, "there is no stamp", "{stamp}");
    }
}

#[test]
fn keys_that_are_too_weak_or_of_another_kind_can_not_be_pinned() {
    let refused = |der: &[u8]| Signer::from_der(der).err().unwrap();
    for algorithm in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P521_SHA512] {
        let party = party("Other kind", &ec(algorithm), (2026, 2027));
        assert!(
            refused(&party.der).starts_with("its key is"),
            "{}",
            refused(&party.der)
        );
    }
    // The RSA certificate, with a modulus of 1024 and of 2047 bits in place of its own.
    for (bits, first) in [(1024_usize, 0xff_u8), (2047, 0x7f), (2041, 0x01)] {
        let weak = with_rsa_modulus(&RSA.der, bits, first);
        assert!(
            refused(&weak).contains(&format!("{bits} bits")),
            "{}",
            refused(&weak)
        );
    }
    assert!(refused(b"").contains("no X.509"));
    assert!(refused(&[&RSA.der[..], b"x"].concat()).contains("follows"));
}

fn with_rsa_modulus(der: &[u8], bits: usize, first: u8) -> Vec<u8> {
    use der::Decode as _;
    use der::Encode as _;

    let mut certificate = cms::cert::x509::Certificate::from_der(der).unwrap();
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] = first;
    let modulus = der::asn1::Uint::new(&modulus).unwrap().to_der().unwrap();
    let exponent = der::asn1::Uint::new(&[1, 0, 1]).unwrap().to_der().unwrap();
    let both = [modulus, exponent].concat();
    let key = der::Any::new(der::Tag::Sequence, both).unwrap().to_der().unwrap();
    certificate
        .tbs_certificate
        .subject_public_key_info
        .subject_public_key = der::asn1::BitString::from_bytes(&key).unwrap();
    certificate.to_der().unwrap()
}

// A line of a PEM file instead of DER must not be guessed at.
#[test]
fn the_certificate_is_base64_of_der() {
    let draft = Draft::approved();
    let good = draft.stamped();
    let body = good.replace(
        &STANDARD.encode(&P256.der),
        &json!(P256.pem).to_string().replace('"', ""),
    );
    assert!(stamp_check(&body, StampRule::RawMembers, &StampFormat::ALL, all_pins()).is_err());
}
