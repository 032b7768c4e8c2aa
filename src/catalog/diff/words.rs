/// How a key is called in a sentence about one service.
pub(super) fn label(path: &[String], one_capability: bool) -> String {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["capabilities", capability, rest @ ..] => {
            let what = match rest {
                ["reason"] => "reason text".to_owned(),
                ["expires_in"] => "time to answer".to_owned(),
                rest => plain(rest),
            };
            if one_capability {
                what
            } else {
                format!("{what} of {capability}")
            }
        }
        ["fields", field, "reason"] => format!("reason for {field}"),
        ["inputs", input, rest @ ..] => format!("{} of input {input}", plain(rest)),
        ["outcomes", outcome, "then"] => format!("what follows {outcome}:"),
        ["outcomes", outcome, "attempts"] => format!("attempts after {outcome}:"),
        ["outcomes", outcome, "say"] => format!("answer to {outcome}"),
        ["notices", rest @ ..] => format!("notice {}", plain(rest)),
        ["limits", rest @ ..] => format!("limit {}", plain(rest)),
        ["retention", rest @ ..] => format!("retention of {}", plain(rest)),
        ["audience", "who"] => "audience".to_owned(),
        ["contacts", whose] => format!("{whose} contact"),
        rest => plain(rest),
    }
}

/// What a list or map is of, where its entries have names of their own.
pub(super) fn thing_in(path: &[String]) -> Option<&'static str> {
    Some(match path.last()?.as_str() {
        "channels" => "channel",
        "capabilities" => "capability",
        "inputs" => "input",
        "fields" => "field",
        "outcomes" => "outcome",
        "environments" => "environment",
        "public_ips" => "address",
        "approvals" => "approval",
        "waivers" => "waiver",
        "templates" => "notification",
        "formats" => "format",
        "links" => "host",
        "nodes" => "node",
        _ => return None,
    })
}

/// Whether the order of a list means nothing.
pub(super) fn is_set(path: &[String]) -> bool {
    thing_in(path).is_some()
}

/// So many things, in words.
pub(super) fn count(number: usize, thing: &str) -> String {
    let several = match thing.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if thing.ends_with('s') => format!("{thing}es"),
        None => format!("{thing}s"),
    };
    match number {
        1 => format!("one {thing}"),
        2 => format!("two {several}"),
        3 => format!("three {several}"),
        _ => format!("{number} {several}"),
    }
}

fn plain(path: &[&str]) -> String {
    path.join(" ").replace('_', " ")
}
