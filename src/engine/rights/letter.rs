//! Letters to applicants: what happened to an application, what can be done about it and until when (law 20/2014, articles
//! 33, 34 and 36). One page in Arabic and English that is printed, signed and sent.

use std::fmt::Write as _;

use super::clocks::Standing;
use super::clocks::Standpoint;
use super::filed::Filed;
use super::register::Decision;
use super::register::Registered;
use crate::audit::ApplicationKind;
use crate::engine::paper::FOOT;
use crate::engine::paper::bdi;
use crate::engine::paper::escape;
use crate::engine::paper::head;
use crate::engine::paper::ltr;
use crate::words::Day;
use crate::words::Text;

/// The letter about an application as it stands on a day.
pub(super) fn letter(
    application: &Registered,
    paper: &Filed,
    organization: Option<&Text>,
    today: Day,
) -> String {
    let standing = application.on(today);
    let mut page = head(&title(&standing, application));
    let says = body(application, &standing);
    for (language, direction, arabic) in [("ar", "rtl", true), ("en", "ltr", false)] {
        let of = |text: &Text| escape(if arabic { &text.ar } else { &text.en });
        let label = |ar: &str, en: &str| if arabic { ar.to_owned() } else { en.to_owned() };
        let _ = write!(
            page,
            "<section class=\"letter\" lang=\"{language}\" dir=\"{direction}\">\n"
        );
        if let Some(name) = organization {
            let _ = writeln!(page, "<p><strong>{}</strong></p>", of(name));
        }
        let _ = write!(
            page,
            "<p>{}: {}<br>{}: {}</p>\n<p>{}: {}<br>{}</p>\n",
            label("التاريخ", "Date"),
            ltr(&today.to_string()),
            label("رقم الطلب", "Application"),
            ltr(&application.number.to_string()),
            label("السيد/السيدة", "To"),
            bdi(&paper.applicant),
            bdi(&paper.address),
        );
        let lead = lead(application.kind);
        let _ = write!(
            page,
            "<p>{} {}. {}</p>\n",
            of(&lead),
            ltr(&application.received().to_string()),
            format_args!("{}: {}", label("موضوعه", "It asks for"), bdi(&paper.wants)),
        );
        for paragraph in &says {
            let text = if arabic { &paragraph.ar } else { &paragraph.en };
            let _ = writeln!(page, "<p>{text}</p>");
        }
        let _ = write!(
            page,
            "<p class=\"sign\">{}: ____________________</p>\n</section>\n",
            label("التوقيع", "Signature")
        );
    }
    page.push_str(FOOT);
    page
}

fn title(standing: &Standing, application: &Registered) -> Text {
    match standing.state {
        Standpoint::Open => Text::new("إشعار بتسلّم طلب", "Your application was received"),
        Standpoint::Granted => Text::new("إشعار بالموافقة على طلب", "Your application is granted"),
        Standpoint::Refused if standing.by_silence => Text::new(
            "إشعار بانقضاء مدة الرد على طلب",
            "The time to answer your application has passed",
        ),
        Standpoint::Refused => Text::new("إشعار برفض طلب", "Your application is refused"),
        Standpoint::Complained => Text::new("إشعار بتسلّم تظلّم", "Your complaint was received"),
        Standpoint::RefusedFinally if application.complained().is_some() => {
            Text::new("إشعار بنتيجة التظلّم", "The outcome of your complaint")
        }
        Standpoint::RefusedFinally => Text::new(
            "إشعار بالرفض النهائي لطلب",
            "Your application is refused for good",
        ),
    }
}

fn lead(kind: ApplicationKind) -> Text {
    match kind {
        ApplicationKind::Access => Text::new(
            "نشير إلى طلبكم الاطلاع على بياناتكم الشخصية المحفوظة لدينا، الوارد بتاريخ",
            "We refer to your application to see the personal data that we keep of you, received on",
        ),
        ApplicationKind::Representative => Text::new(
            "نشير إلى طلبكم، بصفتكم ممثلاً قانونياً، الاطلاع على البيانات الشخصية لمن تمثلونه، الوارد بتاريخ",
            "We refer to your application, as a legal representative, to see the personal data of the person you stand for, received on",
        ),
        ApplicationKind::ThirdParty => Text::new(
            "نشير إلى طلبكم الحصول على بيانات شخصية تخص غيركم، الوارد بتاريخ",
            "We refer to your application for personal data of somebody else, received on",
        ),
        ApplicationKind::Erasure => Text::new(
            "نشير إلى طلبكم محو بيانات شخصية غير صحيحة أو غير محدّثة، الوارد بتاريخ",
            "We refer to your application to erase personal data that is wrong or out of date, received on",
        ),
        ApplicationKind::Correction => Text::new(
            "نشير إلى طلبكم تصحيح بيانات شخصية غير صحيحة أو غير محدّثة، الوارد بتاريخ",
            "We refer to your application to put right personal data that is wrong or out of date, received on",
        ),
    }
}

/// The paragraphs, as HTML.
fn body(application: &Registered, standing: &Standing) -> Vec<Text> {
    let until = standing
        .until
        .map(|day| ltr(&day.to_string()))
        .unwrap_or_default();
    match standing.state {
        Standpoint::Open => vec![Text::new(
            format!(
                "سنوافيكم برد كتابي في موعد أقصاه {until}، ويُعد انقضاء هذا الموعد دون رد رفضاً للطلب، يحق لكم التظلّم منه."
            ),
            format!(
                "You will have an answer in writing by {until}. If that day passes without one, it counts as a refusal, about \
                 which you may complain."
            ),
        )],
        Standpoint::Granted => granted(application),
        Standpoint::Refused => refused(application, standing.by_silence, &until),
        Standpoint::Complained => vec![Text::new(
            format!(
                "تسلّمنا تظلّمكم من رفض الطلب ورُفع إلى رئيس الجهة للبت فيه في موعد أقصاه {until}، ويُعد انقضاء هذا الموعد دون رد رفضاً نهائياً."
            ),
            format!(
                "Your complaint about the refusal was received and is before the head of this body, who decides by {until}. If \
                 that day passes without a decision, it counts as a final refusal."
            ),
        )],
        Standpoint::RefusedFinally => refused_finally(application),
    }
}

fn granted(application: &Registered) -> Vec<Text> {
    let mut says = vec![match application.kind {
        ApplicationKind::Access | ApplicationKind::Representative => Text::new(
            "تمت الموافقة على الطلب، ومرفق بيان رسمي بالبيانات المحفوظة لدينا.",
            "The application is granted. An official statement of what we keep is attached.",
        ),
        ApplicationKind::ThirdParty => Text::new(
            "تمت الموافقة على الطلب بعد التحقق من صفتكم وطبيعة البيانات وفائدتها لكم والغرض من طلبها. ولا يجوز استخدام البيانات لغير الغرض الذي طُلبت من أجله.",
            "The application is granted after your capacity, the nature of the data, its usefulness to you and the purpose were \
             checked. The data must not be used for any purpose but the one it was asked for.",
        ),
        ApplicationKind::Erasure => Text::new(
            "تمت الموافقة على الطلب، وتُمحى البيانات المشار إليها ما لم يوجب القانون حفظها.",
            "The application is granted. The data is erased unless the law says that it must be kept.",
        ),
        ApplicationKind::Correction => Text::new(
            "تمت الموافقة على الطلب، وتُصحَّح البيانات بسجل جديد يشير إلى السجل الأصلي.",
            "The application is granted. The data is put right by a new record that refers to the one before.",
        ),
    }];
    let decision = application.decision.as_ref().or(application.answer.as_ref());
    says.extend(decision.map(reason));
    says
}

fn refused(application: &Registered, by_silence: bool, until: &str) -> Vec<Text> {
    let mut says = Vec::new();
    match &application.answer {
        Some(answer) if !by_silence => {
            says.push(Text::new(
                format!("تعذّرت الموافقة على الطلب، وتقرر رفضه بتاريخ {}.", ltr(&answer.day.to_string())),
                format!("The application could not be granted and was refused on {}.", ltr(&answer.day.to_string())),
            ));
            says.push(reason(answer));
        }
        _ => says.push(Text::new(
            "انقضت مدة الثلاثين يوماً المقررة للرد على الطلب دون صدور رد كتابي، ويُعد ذلك رفضاً للطلب وفق المادة 34 من القانون رقم 20 لسنة 2014 في شأن المعاملات الإلكترونية.",
            "The thirty days to answer the application have passed without an answer in writing, which counts as a refusal under \
             article 34 of law 20 of 2014 on electronic transactions.",
        )),
    }
    says.push(Text::new(
        format!("يحق لكم التظلّم من هذا الرفض كتابةً إلى رئيس الجهة في موعد أقصاه {until}، ويُبت في التظلّم خلال ثلاثين يوماً."),
        format!(
            "You may complain about this refusal in writing to the head of this body until {until}; a complaint is decided \
             within thirty days."
        ),
    ));
    says
}

fn refused_finally(application: &Registered) -> Vec<Text> {
    let closing = Text::new(
        "ويُعد هذا الرفض نهائياً من جانب الجهة، دون إخلال بحقكم في اللجوء إلى القضاء.",
        "This refusal is final on our side, without prejudice to your right to go to court.",
    );
    let first = match (application.complained(), &application.decision) {
        (Some(_), Some(decision)) => {
            let on = ltr(&decision.day.to_string());
            return vec![
                Text::new(
                    format!("نظر رئيس الجهة في تظلّمكم وقرر رفضه بتاريخ {on}."),
                    format!("The head of this body has considered your complaint and rejected it on {on}."),
                ),
                reason(decision),
                closing,
            ];
        }
        (Some(_), None) => Text::new(
            "انقضت مدة الثلاثين يوماً المقررة للبت في تظلّمكم دون صدور قرار، ويُعد ذلك رفضاً نهائياً للطلب.",
            "The thirty days to decide on your complaint have passed without a decision, which counts as a final refusal.",
        ),
        (None, _) => Text::new(
            "انقضت مدة الستين يوماً المقررة للتظلّم من رفض الطلب دون تقديم تظلّم.",
            "The sixty days to complain about the refusal have passed without a complaint.",
        ),
    };
    vec![first, closing]
}

fn reason(decision: &Decision) -> Text {
    let why = bdi(&decision.reason);
    Text::new(format!("السبب: {why}"), format!("The reason: {why}"))
}
