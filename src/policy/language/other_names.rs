//! What people who come from other systems call the words of the language.

use crate::diagnostics::Meant;
use crate::diagnostics::meant;

/// The known word that was meant: by its spelling, or by what other systems call it. The second is never certain.
pub(in crate::policy) fn meant_word<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<Meant<'k>> {
    let known: Vec<&str> = known.into_iter().collect();
    let near = meant(word, known.iter().copied());
    // What is spelt almost the same is a slip of the fingers, whatever else the word could mean.
    near.filter(|near| near.certain)
        .or_else(|| called(word, &known))
        .or(near)
}

fn called<'k>(word: &str, known: &[&'k str]) -> Option<Meant<'k>> {
    let plain: String = word
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    OTHERS
        .iter()
        .filter(|(_, others)| others.contains(&plain.as_str()))
        .find_map(|(ours, _)| known.iter().find(|known| *known == ours))
        .map(|word| Meant { word, certain: false })
}

/// Ours, and what others say: in lowercase, without signs between the words.
const OTHERS: &[(&str, &[&str])] = &[
    // Keys.
    ("midflow", &["version", "apiversion", "schema", "formatversion"]),
    ("service", &["id", "slug", "serviceid", "servicename"]),
    ("name", &["title", "label", "displayname"]),
    ("purpose", &["goal", "objective", "why", "usecase"]),
    (
        "audience",
        &["users", "beneficiaries", "customers", "targetaudience"],
    ),
    ("sensitivity", &["risk", "risklevel", "criticality", "severity"]),
    ("channels", &["platforms", "devices", "touchpoints"]),
    (
        "capabilities",
        &["features", "operations", "methods", "functions"],
    ),
    (
        "inputs",
        &["params", "parameters", "variables", "arguments", "args"],
    ),
    (
        "fields",
        &["claims", "attributes", "data", "scopes", "personaldata"],
    ),
    ("outcomes", &["results", "responses", "endings", "callbacks"]),
    (
        "notices",
        &["notifications", "consents", "disclosures", "information"],
    ),
    ("retention", &["keep", "storage", "dataretention"]),
    (
        "limits",
        &[
            "ratelimit",
            "ratelimits",
            "quota",
            "quotas",
            "throttle",
            "throttling",
        ],
    ),
    ("script", &["rules", "rhai", "code"]),
    ("legal_basis", &["lawfulbasis", "legal", "basis"]),
    ("waivers", &["exceptions", "exemptions", "exclusions"]),
    (
        "assurance",
        &["level", "loa", "assurancelevel", "levelofassurance", "acr"],
    ),
    (
        "expires_in",
        &[
            "ttl",
            "timeout",
            "expiry",
            "expires",
            "expiration",
            "deadline",
            "validity",
        ],
    ),
    (
        "reason",
        &["text", "message", "why", "purpose", "description", "prompt"],
    ),
    ("then", &["action", "next", "do", "decision", "result"]),
    ("say", &["message", "text", "msg", "tell", "show", "display"]),
    (
        "attempts",
        &["retries", "maxattempts", "maxretries", "tries", "retry", "count"],
    ),
    ("from", &["source", "of", "derivedfrom", "basedon"]),
    ("optional", &["nullable"]),
    (
        "of",
        &["values", "enum", "options", "choices", "oneof", "allowed"],
    ),
    ("pattern", &["regex", "regexp", "format", "matches", "validation"]),
    ("max_length", &["maxlen", "length", "size", "maxchars"]),
    ("min", &["minimum", "least", "from", "gte"]),
    ("max", &["maximum", "most", "to", "lte"]),
    ("type", &["kind", "datatype"]),
    ("size", &["count", "number", "users", "volume"]),
    ("who", &["description", "name", "users"]),
    ("evidence", &["audit", "log", "logs", "records", "proof"]),
    ("personal_data", &["pii", "data", "person", "personal"]),
    (
        "per_person",
        &["peruser", "user", "person", "percitizen", "citizen"],
    ),
    ("per_service", &["total", "service", "global", "overall"]),
    ("data_use", &["privacy", "privacynotice", "datausage"]),
    ("steps", &["instructions", "guide", "howto"]),
    (
        "enrol",
        &["enroll", "enrolment", "enrollment", "registration", "register"],
    ),
    (
        "enrol_url",
        &["enrollurl", "enrolmenturl", "registrationurl", "registerurl"],
    ),
    ("templates", &["messages", "template"]),
    (
        "callback_base_url",
        &["callback", "callbackurl", "baseurl", "url", "redirecturi"],
    ),
    (
        "public_ips",
        &["ips", "ip", "whitelist", "allowlist", "addresses"],
    ),
    ("website", &["url", "site", "homepage", "web"]),
    ("mobile", &["phone", "telephone", "tel", "msisdn"]),
    ("email", &["mail"]),
    ("third_party", &["vendor", "integrator", "contractor", "supplier"]),
    (
        "organization",
        &["provider", "company", "ministry", "sp", "serviceprovider"],
    ),
    ("by", &["name", "who", "approvedby", "signedby"]),
    ("on", &["date", "day", "since", "from"]),
    ("until", &["to", "end", "expires", "expiry", "validuntil"]),
    // Keys of tests and rulebooks.
    ("cases", &["tests", "scenarios", "examples"]),
    ("expect", &["expects", "then", "assert", "should", "expected"]),
    ("given", &["when", "with", "input", "setup"]),
    ("answers", &["answer", "responses", "response", "authority"]),
    (
        "holds",
        &["condition", "expression", "when", "if", "expr", "assert"],
    ),
    ("remedy", &["fix", "help", "solution", "hint"]),
    ("message", &["text", "error"]),
    ("section", &["clause", "article", "paragraph"]),
    // Values.
    ("string", &["text", "str", "varchar"]),
    ("integer", &["int", "number", "whole", "long"]),
    ("decimal", &["float", "double", "money", "amount", "number"]),
    ("boolean", &["bool", "flag", "truefalse"]),
    ("choice", &["enum", "select", "oneof", "option"]),
    ("native_app", &["app", "mobileapp", "ios", "android"]),
    ("mobile_web", &["mobile", "phone", "responsive"]),
    ("web", &["website", "portal", "browser", "desktop", "online"]),
    (
        "call_center",
        &["callcentre", "telephone", "hotline", "contactcenter"],
    ),
    ("counter", &["branch", "office", "desk", "inperson"]),
    ("low", &["10", "basic", "weak"]),
    ("medium", &["20", "substantial", "moderate"]),
    ("high", &["30", "strong", "maximum"]),
    (
        "auth_push",
        &[
            "push",
            "login",
            "signin",
            "auth",
            "authenticate",
            "authentication",
        ],
    ),
    ("auth_qr", &["qr", "qrcode", "loginqr", "qrlogin"]),
    ("verify_qr", &["verify", "cardqr", "qrverify", "scan"]),
    ("sign", &["signing", "signature", "esign", "digitalsignature"]),
    ("notify", &["notification", "message", "sms"]),
    (
        "approved",
        &[
            "success",
            "succeeded",
            "ok",
            "accepted",
            "accept",
            "granted",
            "successful",
        ],
    ),
    (
        "declined",
        &[
            "rejected",
            "denied",
            "refused",
            "cancelledbyuser",
            "reject",
            "decline",
            "failure",
        ],
    ),
    ("timeout", &["expired", "noanswer", "timedout", "noresponse"]),
    (
        "error",
        &["failed", "failure", "exception", "technicalerror", "fault"],
    ),
    ("other", &["default", "else", "unknown", "any", "otherwise"]),
    (
        "continue",
        &["proceed", "allow", "accept", "approve", "next", "ok", "pass"],
    ),
    (
        "stop",
        &[
            "fail", "deny", "reject", "block", "end", "abort", "cancel", "refuse",
        ],
    ),
    ("retry", &["again", "repeat", "tryagain", "restart"]),
    ("step_up", &["upgrade", "raise", "elevate"]),
    ("normal", &["low", "standard", "medium", "default"]),
    ("sensitive", &["high", "confidential", "personal"]),
    ("critical", &["veryhigh", "secret", "severe"]),
    (
        "government",
        &["ministry", "public", "governmental", "state", "authority"],
    ),
    ("private", &["company", "bank", "commercial", "business"]),
    ("production", &["prod", "live", "prd"]),
    (
        "test",
        &[
            "testing",
            "uat",
            "staging",
            "stage",
            "preprod",
            "preproduction",
            "qa",
            "sit",
        ],
    ),
    ("development", &["dev", "local", "sandbox"]),
    ("dr", &["disasterrecovery", "backup", "failover"]),
    ("waqf_or_will", &["will", "waqf", "testament", "inheritance"]),
    ("title_deed", &["deed", "property", "land"]),
    ("negotiable_instrument", &["cheque", "check", "promissorynote"]),
    ("contract", &["agreement"]),
    ("public_task", &["publicinterest", "officialauthority"]),
    ("law", &["legalobligation", "statute", "regulation"]),
    ("error", &["fatal", "critical", "high"]),
    ("warning", &["warn", "info", "low", "notice"]),
    // Fields of the person.
    (
        "civil_no",
        &["civilid", "civilnumber", "nationalid", "id", "nin", "cid"],
    ),
    ("birth_date", &["dob", "dateofbirth", "birthday", "birthdate"]),
    ("name_ar", &["fullnamear", "arabicname", "name", "fullname"]),
    ("name_en", &["fullnameen", "englishname", "latinname"]),
    ("mobile_number", &["mobile", "phone", "phonenumber", "mobileno"]),
    ("email_address", &["email", "mail"]),
    ("nationality_en", &["nationality", "citizenship", "country"]),
    ("gender", &["sex"]),
    ("photo", &["picture", "image", "portrait"]),
    ("card_expiry", &["expirydate", "cardexpirydate", "expiry"]),
    ("passport_number", &["passport", "passportno"]),
    (
        "age_over_18",
        &["adult", "over18", "isadult", "minage", "age18", "agegte18"],
    ),
    ("is_kuwaiti", &["kuwaiti", "citizen", "national"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_call_it_is_known_and_spelling_goes_first() {
        for (word, known, ours) in [
            ("max_retries", &["then", "attempts", "say"][..], Some("attempts")),
            ("rejected", &["approved", "declined", "other"], Some("declined")),
            ("date-of-birth", &["name_ar", "birth_date"], Some("birth_date")),
            ("mobil_web", &["web", "mobile_web"], Some("mobile_web")),
            ("mobile", &["web", "mobile_web"], Some("mobile_web")),
            ("int", &["string", "integer"], Some("integer")),
            ("priority", &["then", "attempts", "say"], None),
        ] {
            assert_eq!(
                meant_word(word, known.iter().copied()).map(|found| found.word),
                ours,
                "{word}"
            );
        }
    }

    // A name of another system is a guess; nothing is changed for it unasked.
    #[test]
    fn only_spelling_is_certain() {
        assert!(meant_word("attemtps", ["attempts", "then"]).unwrap().certain);
        assert!(!meant_word("retries", ["attempts", "then"]).unwrap().certain);
    }
}
