use std::time::Duration;

use super::reader::Reader;
use crate::diagnostics::codes;
use crate::policy::Limit;
use crate::policy::address::HttpsUrl;
use crate::policy::address::https_url;
use crate::policy::duration::parse_duration;
use crate::policy::duration::parse_limit;
use crate::policy::repair::repaired_duration;
use crate::policy::repair::repaired_limit;
use crate::policy::yaml::Entry;
use crate::policy::yaml::shown;

impl Reader<'_> {
    /// Reads a duration.
    pub(super) fn duration(&mut self, entry: &Entry, path: &str, example: &str) -> Option<Duration> {
        let text = self.measure(entry, path, example)?;
        let duration = parse_duration(&text);
        if duration.is_none() {
            let fix = repaired_duration(&text).and_then(|meant| self.rewritten(entry.node.span, &meant));
            self.error_fixed(
                codes::BAD_DURATION,
                format!("`{path}` can't be read as a duration: `{}`", shown(&text)),
                entry.node.span,
                format!("write a whole number and one of `s`, `m`, `h`, `d`, `y`, such as `{example}`"),
                fix,
            );
        }
        duration
    }

    /// Reads a limit.
    pub(super) fn limit(&mut self, entry: &Entry, path: &str, example: &str) -> Option<Limit> {
        let text = self.measure(entry, path, example)?;
        let limit = parse_limit(&text);
        if limit.is_none() {
            let fix = repaired_limit(&text).and_then(|meant| self.rewritten(entry.node.span, &meant));
            self.error_fixed(
                codes::BAD_LIMIT,
                format!("`{path}` can't be read as a limit: `{}`", shown(&text)),
                entry.node.span,
                format!("write a number, a slash and a time of at most 366 days, such as `{example}`"),
                fix,
            );
        }
        limit
    }

    /// Reads an `https` address and hands out its parts.
    pub(super) fn https_url(
        &mut self,
        entry: &Entry,
        path: &str,
        code: &'static str,
        accept: impl Fn(&HttpsUrl<'_>) -> bool,
    ) -> Option<String> {
        let text = self.string(&entry.node, path, "https://…")?;
        if https_url(text).is_some_and(|url| accept(&url)) {
            return Some(text.to_owned());
        }
        let help = if text.starts_with("http://") {
            "write `https://`; plain `http` can be read and changed on the way"
        } else {
            "write `https://`, the host and the path, without user name, query, `#` or spaces"
        };
        let fix = text.strip_prefix("http://").and_then(|rest| {
            let other = format!("https://{rest}");
            https_url(&other).filter(|url| accept(url))?;
            // Whether something answers there is not known.
            self.instead(entry.node.span, text, &other, false)
        });
        self.error_fixed(
            code,
            format!("`{path}` is not a complete https address"),
            entry.node.span,
            help,
            fix,
        );
        None
    }

    /// A value with a unit; a plain number has none, which is a better message than one about quotes.
    fn measure(&mut self, entry: &Entry, path: &str, example: &str) -> Option<String> {
        use crate::policy::yaml::Value;
        match &entry.node.value {
            Value::Scalar(scalar) if !scalar.text.is_empty() => Some(scalar.text.clone()),
            _ => self.string(&entry.node, path, example).map(str::to_owned),
        }
    }
}
