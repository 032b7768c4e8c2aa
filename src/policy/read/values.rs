use std::time::Duration;

use super::reader::Reader;
use crate::diagnostics::codes;
use crate::policy::Limit;
use crate::policy::address::HttpsUrl;
use crate::policy::address::https_url;
use crate::policy::duration::parse_duration;
use crate::policy::duration::parse_limit;
use crate::policy::repair::repaired_day;
use crate::policy::repair::repaired_duration;
use crate::policy::repair::repaired_limit;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::shown;
use crate::words::Day;

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

    /// Reads a day of the calendar.
    pub(super) fn day(&mut self, entry: &Entry, path: &str) -> Option<Day> {
        let text = self.string(&entry.node, path, "2026-03-01")?;
        let day = Day::parse(text);
        if day.is_none() {
            let fix = repaired_day(text).and_then(|right| self.rewritten(entry.node.span, &right));
            self.error_fixed(
                codes::BAD_DAY,
                format!("`{path}` is not a day: `{}`", shown(text)),
                entry.node.span,
                "write year, month and day, as in `2026-03-01`",
                fix,
            );
        }
        day
    }

    /// Reads a SHA-256, and hands it out in lowercase.
    pub(super) fn sha256(&mut self, entry: &Entry, path: &str) -> Option<String> {
        let text = self.string(&entry.node, path, "\"9f86d081…\"")?;
        let good = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !good {
            self.error(
                codes::BAD_SHA256,
                format!("`{path}` is not a SHA-256 digest"),
                entry.node.span,
                "write the 64 hexadecimal digits that `sha256sum` prints, in quotes",
            );
        }
        good.then(|| text.to_ascii_lowercase())
    }

    /// Reads one of a few words of the language.
    pub(super) fn one_of(
        &mut self,
        node: &Node,
        path: &str,
        known: &'static [&'static str],
    ) -> Option<&'static str> {
        self.word(node, path, codes::UNKNOWN_WORD, known, |word| {
            known.iter().copied().find(|name| *name == word)
        })
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
