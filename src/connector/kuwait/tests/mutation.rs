use proptest::prelude::*;

use super::fixture::*;
use crate::connector::kuwait::stamp::Stamp;
use crate::connector::kuwait::stamp::StampFormat;
use crate::connector::kuwait::stamp::StampRule;

/// The bytes that a forger would have to change: what the stamp covers.
fn covered_spans(body: &str) -> usize {
    body.find(",\"Signature\"").unwrap()
}

// R000-114: any changed byte of what is covered ends the approval, under each rule. Of the rest, only the stamp
// itself matters.
#[test]
fn flipping_any_byte_never_approves_something_else() {
    let draft = Draft::approved();
    let asked = Asked::usual();
    for (kind, bits) in [
        (StampRule::RawMembers, 0..8),
        (StampRule::RawPrefix, 4..6),
        (StampRule::Jcs, 0..2),
    ] {
        let signature = P256.sign(How::P256Raw, draft.covered(kind).as_bytes());
        let body = draft.body(&signature, &P256.der);
        let name = body.rfind("SigningCertificate").unwrap();
        let unread = name..name + "SigningCertificate".len();
        let rule = rule_with(Stamp::new(kind, StampFormat::ALL.to_vec(), vec![pin(&P256)]));
        assert!(is_approved(&asked.examine(&rule, body.as_bytes())));
        for at in 0..body.len() {
            for bit in bits.clone() {
                let mut flipped = body.clone().into_bytes();
                flipped[at] ^= 1 << bit;
                let verdict = asked.examine(&rule, &flipped);
                // A stamp that names no signer is tried with the pinned ones, so the one name that can be lost
                // without harm is this.
                assert!(
                    !is_approved(&verdict) || unread.contains(&at),
                    "{kind:?}: byte {at}, bit {bit}"
                );
            }
        }
    }
}

#[test]
fn white_space_around_the_covered_values_is_harmless() {
    let body = Draft::approved().stamped();
    let spaced = format!(
        "\r\n{} \n",
        body.replace(",\"Signature\":{", " ,\t\"Signature\" : { ")
            .replace("\"ResultDetails\":", "\"ResultDetails\" :\n ")
    );
    assert!(is_approved(&Asked::usual().examine(&rule(), spaced.as_bytes())));
    assert!(!is_approved(
        &Asked::usual().examine(&rule(), format!("\u{feff}{body}").as_bytes())
    ));
    assert!(!is_approved(
        &Asked::usual().examine(&rule(), format!("{body}x").as_bytes())
    ));
    assert!(!is_approved(
        &Asked::usual().examine(&rule(), format!("{body}{body}").as_bytes())
    ));
    let truncated =
        (0..body.len()).any(|at| is_approved(&Asked::usual().examine(&rule(), &body.as_bytes()[..at])));
    assert!(!truncated);
}

// A second, unstamped copy of a part must neither be believed nor hide the stamped one.
#[test]
fn doubled_parts_are_refused() {
    let body = Draft::approved().stamped();
    for part in [
        "RequestDetails",
        "ResultDetails",
        "PersonalData",
        "Signature",
        "RequestDetails ",
    ] {
        let doubled = body.replacen(
            "{\"RequestDetails\"",
            &format!("{{\"{part}\":{{\"CivilNo\":\"{OTHER_CIVIL_NO}\"}},\"RequestDetails\""),
            1,
        );
        let verdict = Asked::usual().examine(&rule(), doubled.as_bytes());
        assert_eq!(ending(&verdict), (Some("readable"), Some(None)), "{part}");
    }
}

// A part of one honest answer can't be moved into another.
#[test]
fn parts_of_two_honest_answers_do_not_mix() {
    let declined = Draft::approved()
        .set("result", "ResultCode", serde_json::json!("4"))
        .set("result", "UserAction", serde_json::json!("2"))
        .stamped();
    let approved = Draft::approved().stamped();
    let stamp = |body: &str| body[covered_spans(body)..].to_owned();
    let mixed = format!("{}{}", &approved[..covered_spans(&approved)], stamp(&declined));
    assert_eq!(
        ending(&Asked::usual().examine(&rule(), mixed.as_bytes())),
        (Some("stamp"), Some(None))
    );
}

proptest! {
    // Threat B-03: mutated callbacks. No panic; never an approval of anything but the honest answer.
    #[test]
    fn mutated_callbacks_never_approve(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..6, any::<u8>()), 1..4)
    ) {
        let honest = Draft::approved().stamped().into_bytes();
        let mut body = honest.clone();
        for (at, other, kind, byte) in cuts {
            if body.is_empty() {
                break;
            }
            let (at, other) = (at.index(body.len()), other.index(body.len()));
            match kind {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                2 => { body.remove(at); }
                3 => body.truncate(at),
                4 => body.swap(at, other),
                _ => {
                    let (low, high) = (at.min(other), at.max(other));
                    let piece = body[low..high].to_vec();
                    body.splice(low..low, piece);
                }
            }
        }
        let asked = Asked::usual();
        let verdict = asked.examine(&rule(), &body);
        if is_approved(&verdict) {
            prop_assert!(verdict.conclusion == asked.examine(&rule(), &honest).conclusion);
            let text = String::from_utf8(body).unwrap();
            let covered = Draft::approved().covered(StampRule::RawMembers);
            for value in covered.split('\n') {
                prop_assert!(text.contains(value));
            }
        }
    }

    #[test]
    fn random_members_never_panic_and_never_approve(
        name in "[A-Za-z]{1,18}",
        text in ".{0,30}",
        part in prop::sample::select(vec!["request", "result", "personal"]),
    ) {
        let body = Draft::approved().set(part, &name, serde_json::json!(text)).stamped();
        let honest = Draft::approved().stamped();
        // Move the honest stamp onto the changed parts.
        let forged = format!("{}{}", &body[..covered_spans(&body)], &honest[covered_spans(&honest)..]);
        prop_assert!(!is_approved(&Asked::usual().examine(&rule(), forged.as_bytes())));
    }
}
