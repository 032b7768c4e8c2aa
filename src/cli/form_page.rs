//! The filled form as one page to print, in both languages and a layout of our own. It needs nothing but itself.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::policy::Contact;
use crate::policy::Form;
use crate::policy::FormService;
use crate::policy::OrganizationKind;
use crate::words::Capability;
use crate::words::Environment;
use crate::words::Field;
use crate::words::Text;

/// The page. `logo` is the name and the text of the logo as a catalog holds it.
pub(super) fn page(form: &Form, logo: Option<(&str, &str)>) -> String {
    let mut out = String::with_capacity(64 * 1024);
    let name = &form.organization.name;
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"ar\" dir=\"rtl\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} · {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        escape(&name.ar),
        escape(&name.en)
    );
    let picture = logo.map(|(file, text)| picture(file, text)).unwrap_or_default();
    let _ = writeln!(
        out,
        "<header>{picture}<div><h1>طلب الاشتراك في الهوية الرقمية</h1>{}</div></header>",
        en("p", "Subscription request for Mobile ID")
    );
    organization(&mut out, form);
    environments(&mut out, form);
    // As many pages as it takes, four services on each (R000-019).
    let pages = form.services.chunks(PER_PAGE);
    let count = pages.len();
    for (index, services) in pages.enumerate() {
        services_page(&mut out, services, index, count);
    }
    signatures(&mut out);
    out.push_str("</body>\n</html>\n");
    out
}

fn organization(out: &mut String, form: &Form) {
    let about = &form.organization;
    section(out, "1", "الجهة", "Organization");
    out.push_str("<table>");
    row_text(out, ("الاسم", "Name"), &about.name);
    let kind = match about.kind {
        OrganizationKind::Government => Text::new("حكومية", "Government"),
        OrganizationKind::Private => Text::new("خاصة", "Private"),
    };
    row_text(out, ("النوع", "Type"), &kind);
    match &about.address {
        Some(address) => row_text(out, ("العنوان", "Address"), address),
        None => row_empty(out, ("العنوان", "Address")),
    }
    match &about.website {
        Some(website) => row(out, ("الموقع", "Web site"), &ltr(website)),
        None => row_empty(out, ("الموقع", "Web site")),
    }
    let vendor = match &about.third_party {
        None => "لا يوجد · <span lang=\"en\" dir=\"ltr\">none</span>".to_owned(),
        Some(vendor) => auto(&vendor.name),
    };
    row(out, ("طرف ثالث", "Third party"), &vendor);
    out.push_str("</table>\n<div class=\"pair\">");
    contact(
        out,
        ("جهة الاتصال الأساسية", "Primary contact"),
        &about.primary_contact,
    );
    contact(
        out,
        ("جهة الاتصال الفنية", "Technical contact"),
        &about.technical_contact,
    );
    out.push_str("</div></section>\n");
}

fn contact(out: &mut String, title: (&str, &str), contact: &Contact) {
    let _ = write!(out, "<div><h3>{}</h3><table>", both(title));
    row(out, ("الاسم", "Name"), &auto(&contact.name));
    row(out, ("المسمى", "Title"), &auto(&contact.title));
    row(out, ("البريد", "E-mail"), &ltr(&contact.email));
    row(out, ("الهاتف", "Mobile"), &ltr(&contact.mobile));
    out.push_str("</table></div>");
}

fn environments(out: &mut String, form: &Form) {
    section(out, "2", "البيئات", "Environments");
    let _ = write!(
        out,
        "<table class=\"grid\"><thead><tr><th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>",
        both(("البيئة", "Environment")),
        both(("عنوان الاستقبال", "Callback address")),
        both(("العناوين العامة", "Public addresses"))
    );
    for (environment, settings) in &form.organization.environments {
        let title = match environment {
            Environment::Production => ("الإنتاج", "Production"),
            Environment::Test => ("الاختبار", "Test"),
            Environment::Dr => ("التعافي من الكوارث", "Disaster recovery"),
            Environment::Development => ("التطوير", "Development"),
        };
        let addresses: Vec<String> = settings.public_ips.iter().map(|range| ltr(range)).collect();
        let _ = write!(
            out,
            "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
            both(title),
            ltr(&settings.callback_base_url),
            addresses.join("<br>")
        );
    }
    out.push_str("</tbody></table></section>\n");
}

fn services_page(out: &mut String, services: &[FormService], index: usize, count: usize) {
    let _ = write!(
        out,
        "<section class=\"services\"><h2><span class=\"number\">3</span>{} <small>{}</small></h2>",
        both(("الخدمات الإلكترونية", "E-services")),
        both((
            &format!("جدول {} من {count}", index + 1),
            &format!("table {} of {count}", index + 1)
        )),
    );
    for service in services {
        one_service(out, service);
    }
    out.push_str("</section>\n");
}

fn one_service(out: &mut String, service: &FormService) {
    let _ = write!(
        out,
        "<article><h3>{} <small>{}</small></h3>",
        text(&service.name),
        ltr(service.id.as_str())
    );
    out.push_str("<table>");
    match &service.description {
        Some(description) => row_text(out, ("الوصف", "Description"), description),
        None => row_empty(out, ("الوصف", "Description")),
    }
    row_text(out, ("الغرض", "Purpose"), &service.purpose);
    row_text(out, ("الجمهور", "Audience"), &service.audience.who);
    row(out, ("العدد", "Size"), &ltr(&grouped(service.audience.size)));
    let channels: Vec<&str> = service.channels.iter().map(|channel| channel.as_str()).collect();
    row(out, ("القنوات", "Channels"), &ltr(&channels.join(", ")));
    out.push_str("</table><ul class=\"ticks\">");
    for capability in Capability::ALL {
        let ticked = service.capabilities.get(&capability);
        let level = match ticked {
            Some(Some(level)) => format!(" {}", ltr(level.as_str())),
            _ => String::new(),
        };
        let _ = write!(
            out,
            "<li><span class=\"box\">{}</span> {}{level}</li>",
            if ticked.is_some() { "✓" } else { "" },
            both(capability_name(capability))
        );
    }
    out.push_str("</ul><table class=\"grid\"><thead><tr>");
    let _ = write!(
        out,
        "<th>{}</th><th>{}</th></tr></thead><tbody>",
        both(("البيان", "Field")),
        both(("السبب", "Reason"))
    );
    for declared in &service.fields {
        let name = declared.field.name();
        let source = if matches!(declared.field, Field::Plain(_)) {
            String::new()
        } else {
            format!(" ← {}", ltr(declared.field.source().as_str()))
        };
        let _ = write!(
            out,
            "<tr><th>{}<br>{}{source}</th><td>{}</td></tr>",
            text(&declared.field.label()),
            ltr(name.as_str()),
            text(&declared.reason)
        );
    }
    out.push_str("</tbody></table></article>");
}

fn signatures(out: &mut String) {
    section(out, "4", "الإقرار والتوقيع", "Declaration and signature");
    let _ = write!(
        out,
        "<p>{}</p>",
        text(&Text::new(
            "نقر بصحة البيانات أعلاه ونلتزم بإبلاغ الجهة المشغلة بأي تغيير فيها.",
            "We declare that everything above is true, and tell the authority of any change to it.",
        ))
    );
    out.push_str("<div class=\"pair lines\">");
    for title in [
        ("الاسم", "Name"),
        ("التوقيع", "Signature"),
        ("التاريخ", "Date"),
        ("الختم", "Stamp"),
    ] {
        let _ = write!(out, "<div>{}</div>", both(title));
    }
    out.push_str("</div></section>\n");
}

const fn capability_name(capability: Capability) -> (&'static str, &'static str) {
    match capability {
        Capability::VerifyQr => ("التحقق من رمز البطاقة", "Verify a card's QR code"),
        Capability::AuthQr => ("الدخول برمز QR", "Sign in by QR code"),
        Capability::AuthPush => ("الدخول بإشعار", "Sign in by push"),
        Capability::Sign => ("التوقيع الرقمي", "Digital signature"),
        Capability::Notify => ("الإشعارات", "Notifications"),
    }
}

fn section(out: &mut String, number: &str, ar: &str, en: &str) {
    let _ = write!(
        out,
        "<section><h2><span class=\"number\">{number}</span>{}</h2>",
        both((ar, en))
    );
}

fn row(out: &mut String, title: (&str, &str), value: &str) {
    let _ = write!(out, "<tr><th>{}</th><td>{value}</td></tr>", both(title));
}

fn row_text(out: &mut String, title: (&str, &str), value: &Text) {
    row(out, title, &text(value));
}

/// An unfilled cell is seen, and can be filled with a pen.
fn row_empty(out: &mut String, title: (&str, &str)) {
    row(out, title, "<span class=\"blank\"></span>");
}

fn both((ar, english): (&str, &str)) -> String {
    format!("{} {}", escape(ar), en("span", english))
}

fn text(text: &Text) -> String {
    format!(
        "<span class=\"ar\">{}</span>{}",
        escape(&text.ar),
        en("span", &text.en)
    )
}

fn en(tag: &str, text: &str) -> String {
    format!(
        "<{tag} class=\"en\" lang=\"en\" dir=\"ltr\">{}</{tag}>",
        escape(text)
    )
}

fn ltr(text: &str) -> String {
    format!("<bdi dir=\"ltr\">{}</bdi>", escape(text))
}

fn auto(text: &str) -> String {
    format!("<bdi dir=\"auto\">{}</bdi>", escape(text))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// As an image that can run nothing, whatever the file holds.
fn picture(file: &str, text: &str) -> String {
    let (kind, data) = if file.ends_with(".svg") {
        ("image/svg+xml", STANDARD.encode(text))
    } else {
        ("image/png", text.trim().to_owned())
    };
    let plain = data
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    if !plain {
        return String::new();
    }
    format!("<img alt=\"\" src=\"data:{kind};base64,{data}\">")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Rows of the form on one page.
const PER_PAGE: usize = 4;

const STYLE: &str = "
@page{size:A4;margin:14mm 14mm 18mm;@bottom-center{content:counter(page) ' / ' counter(pages);direction:ltr;unicode-bidi:isolate;font:9pt 'IBM Plex Sans Arabic','Noto Sans Arabic',Tahoma,Arial,sans-serif;color:#55606f}}
*{box-sizing:border-box}
body{font:11pt/1.6 'IBM Plex Sans Arabic','Noto Sans Arabic','Segoe UI',Tahoma,Arial,sans-serif;color:#1c2430;background:#fff;margin:0 auto;max-width:210mm;padding:10mm}
header{display:flex;gap:6mm;align-items:center;border-block-end:2pt solid #1c2430;padding-block-end:4mm;margin-block-end:6mm}
header img{inline-size:22mm;block-size:22mm;object-fit:contain}
h1{font-size:18pt;margin:0;line-height:1.4}
header p{margin:0;font-size:12pt;text-align:start}
h2{font-size:13pt;margin:6mm 0 2mm;display:flex;gap:3mm;align-items:baseline;break-after:avoid}
h2 .number{background:#1c2430;color:#fff;border-radius:3mm;padding:0 3mm;font-size:11pt}
h3{font-size:11.5pt;margin:3mm 0 1mm;break-after:avoid}
small{font-weight:normal;color:#55606f}
table{inline-size:100%;border-collapse:collapse;margin-block-end:2mm}
th,td{border:.6pt solid #aab3bf;padding:1.2mm 2.2mm;text-align:start;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;background:#f2f4f7;inline-size:34%}
thead th{inline-size:auto}
tr{break-inside:avoid}
.en{color:#3b4654;font-size:.92em;unicode-bidi:isolate}
td .ar,th .ar,h3 .ar,p .ar{display:block}
td .en,p .en{display:block;text-align:left}
h3 .ar,h3 .en{display:inline;margin-inline-end:2mm}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:4mm}
.pair th{inline-size:27%}.pair td{font-size:10pt}
article{border:1pt solid #1c2430;border-radius:2mm;padding:2mm 4mm 1mm;margin-block-end:4mm}
.ticks{list-style:none;margin:2mm 0;padding:0;display:grid;grid-template-columns:1fr 1fr;gap:1mm 4mm}
.box{display:inline-block;inline-size:4.4mm;block-size:4.4mm;line-height:4mm;border:1pt solid #1c2430;text-align:center;font-weight:700;vertical-align:middle}
.blank{display:block;block-size:6mm;border:1pt dashed #b3261e;background:#fdf1f0}
.lines{break-inside:avoid}section:has(.lines){break-inside:avoid}.lines div{border-block-end:1pt solid #1c2430;padding-block-end:14mm}
@media print{body{padding:0;max-width:none}.services{break-before:page}}
@media (max-width:640px){.pair,.ticks{grid-template-columns:1fr}body{padding:4mm}}
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::read_form;

    const FORM: &str = include_str!("../policy/read/fixtures/form.yaml");

    fn form(text: &str) -> Form {
        let (form, found) = read_form("form.yaml", text);
        form.unwrap_or_else(|| panic!("{found:#?}"))
    }

    // R000-001: every cell of the form is on the page, in both languages.
    #[test]
    fn every_cell_is_on_the_page() {
        let page = page(&form(FORM), Some(("logo.svg", "<svg/>")));
        for cell in [
            "بلدية تجريبية",
            "Example Municipality",
            "https://municipality.example",
            "noura@municipality.example",
            "+96512345679",
            "https://mid-test.municipality.example/callback",
            "203.0.113.10/32",
            "building-permit",
            "Owners of plots",
            "40,000",
            "age_over_21",
            "birth_date",
            "Because only adults can contract",
            "data:image/svg+xml;base64,PHN2Zy8+",
        ] {
            assert!(page.contains(cell), "{cell}");
        }
        assert_eq!(page.matches("✓").count(), 2);
        assert!(!page.contains("<script") && !page.contains("http-equiv"));
    }

    // R000-019: nine services are three pages, and none is lost.
    #[test]
    fn more_services_than_a_page_holds_go_on_the_next() {
        let mut form = form(FORM);
        let row = form.services[0].clone();
        form.services = (0..9)
            .map(|number| FormService {
                id: crate::words::ServiceName::parse(&format!("service-{number}")).unwrap(),
                ..row.clone()
            })
            .collect();
        let page = page(&form, None);
        assert_eq!(page.matches("class=\"services\"").count(), 3);
        assert_eq!(page.matches("<article>").count(), 9);
    }

    #[test]
    fn nothing_that_is_written_in_a_form_runs() {
        let text = FORM.replace(
            "en: Example Municipality",
            "en: \"<script>alert('x')</script> & Sons\"",
        );
        let page = page(&form(&text), Some(("logo.png", "\"><script>")));
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; Sons"));
        assert!(!page.contains("<script"));
        let mut empty = form(FORM);
        empty.organization.website = None;
        assert!(super::page(&empty, None).contains("class=\"blank\""));
    }
}
