//! Pages that are printed: each needs nothing but itself, comes in Arabic and English, and fits A4.

use crate::words::Text;
use crate::words::Timestamp;

/// The beginning of a page, its heading included.
pub(super) fn head(title: &Text) -> String {
    let (ar, en) = (escape(&title.ar), escape(&title.en));
    format!(
        "{HEAD}<title>{ar} · {en}</title>\n{STYLE}</head>\n<body>\n\
         <h1>{ar} <span class=\"en\" lang=\"en\" dir=\"ltr\">{en}</span></h1>\n"
    )
}

/// The end of a page.
pub(super) const FOOT: &str = "</body>\n</html>\n";

/// A text in both languages, Arabic first.
pub(super) fn both(text: &Text) -> String {
    format!(
        "<span class=\"ar\">{}</span><span class=\"en\" lang=\"en\" dir=\"ltr\">{}</span>",
        escape(&text.ar.replace(['\u{2066}', '\u{2069}'], "")),
        escape(&text.en)
    )
}

/// What is read from left to right in either language: a number, a code, a moment.
pub(super) fn ltr(text: &str) -> String {
    format!("<bdi dir=\"ltr\" class=\"code\">{}</bdi>", escape(text))
}

/// What somebody has written, in whatever direction.
pub(super) fn bdi(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

/// Text as it stands in HTML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

/// Date and time in Kuwait, to the millisecond.
pub(super) fn moment(at: Timestamp) -> String {
    let local = at.in_kuwait();
    let millis = at.as_micros().rem_euclid(60_000_000) / 1_000;
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}",
        local.year,
        local.month,
        local.day,
        local.hour,
        local.minute,
        millis / 1_000,
        millis % 1_000
    )
}

const HEAD: &str = "<!doctype html>
<html lang=\"ar\" dir=\"rtl\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
";
const STYLE: &str = "<style>
@page{size:A4;margin:14mm 14mm 18mm;@bottom-center{content:counter(page) ' / ' counter(pages);direction:ltr;unicode-bidi:isolate;font:9pt sans-serif;color:#55606f}}
*{box-sizing:border-box}
body{font:11pt/1.7 'IBM Plex Sans Arabic','Noto Sans Arabic','Segoe UI',Tahoma,Arial,sans-serif;color:#1c2430;background:#fff;margin:0 auto;max-width:210mm;padding:8mm}
h1{font-size:19pt;margin:0 0 2mm}
h1 .en{display:block;font-size:13pt}
h2{font-size:13pt;margin:6mm 0 2mm;break-after:avoid}
table{inline-size:100%;border-collapse:collapse}
th,td{border:.6pt solid #aab3bf;padding:1.2mm 2.2mm;text-align:start;vertical-align:top;overflow-wrap:anywhere}
th{background:#f2f4f7;font-weight:600;inline-size:32%}
.steps th{inline-size:auto}
.steps td:nth-child(1){inline-size:13%}
.steps td:nth-child(2){inline-size:22%}
tr{break-inside:avoid}
.ar,.digest{display:block}
td .en,p .en{display:block;text-align:left;color:#3b4654;font-size:.92em}
.en{color:#3b4654;font-size:.92em;font-weight:normal;unicode-bidi:isolate}
.code{font-family:'IBM Plex Mono',Consolas,monospace;font-size:.86em;overflow-wrap:anywhere}
ul{margin:1mm 0;padding-inline-start:5mm;list-style:none;font-size:.88em;text-align:left}
.letter{margin-block:8mm}
.letter+.letter{border-block-start:.6pt solid #aab3bf;padding-block-start:6mm}
.letter p{margin:0 0 4mm}
.letter .sign{margin-block-start:12mm}
@media print{body{padding:0;max-width:none}}
</style>
";
