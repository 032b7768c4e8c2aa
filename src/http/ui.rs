use crate::words::Locale;

/// Every text of the pages that no policy words, in one language.
///
/// One row a text, Arabic first: a row without both languages does not compile.
macro_rules! texts {
    ($($name:ident: $ar:literal, $en:literal;)+) => {
        #[derive(Debug)]
        pub(super) struct Ui {
            $(pub(super) $name: &'static str,)+
        }

        const AR: Ui = Ui { $($name: $ar,)+ };
        const EN: Ui = Ui { $($name: $en,)+ };

        #[cfg(test)]
        const ROWS: &[(&str, &str, &str)] = &[$((stringify!($name), $ar, $en),)+];
    };
}

texts! {
    skip: "انتقل إلى المحتوى", "Skip to content";
    other_language: "English", "العربية";
    language: "اللغة", "Language";
    back: "رجوع", "Back";
    page_not_found: "لا توجد صفحة بهذا العنوان", "There is no such page";
    page_not_found_hint: "قد يكون الرابط قديما أو غير مكتمل.", "The link may be old or incomplete.";
    something_wrong: "تعذر إتمام الطلب", "This could not be done";
    away_for_a_moment: "تعذر عرض طلبك الآن", "Your request can't be shown right now";
    away_for_a_moment_hint: "تُفتح هذه الصفحة من جديد تلقائيا بعد ثوان. إن كنت قد ضغطت زرا للتو فاضغطه مرة أخرى حينها.", "This page opens again by itself in a few seconds. If you had just pressed a button, press it again then.";
    document_spoiled: "تعذر عرض المستند", "The document can't be shown";
    document_spoiled_hint: "لا يمكن عرض المستند المطلوب توقيعه كما سُلّم، فلن يُطلب منك توقيعه. ارجع إلى الخدمة وابدأ من جديد.", "The document can't be shown as it was handed in, so you will not be asked to sign it. Go back to the service and begin again.";
    to_start: "إلى قائمة الخدمات", "To the list of services";

    mobile_id: "هوية الكويت الرقمية", "Kuwait Mobile ID";
    demo_site: "بوابة الخدمات التجريبية", "Demo e-services";
    demo_notice: "موقع تجريبي يعمل مع هوية تجريبية. لا تصل أي بيانات إلى جهة رسمية.", "A demo site with a simulated identity. Nothing reaches a real authority.";
    demo_heading: "ما الخدمة التي تحتاجها؟", "Which service do you need?";
    demo_lead: "اختر خدمة، ثم أكد هويتك من هاتفك.", "Choose a service, then confirm who you are on your phone.";
    services: "الخدمات", "Services";
    no_services: "لا توجد خدمات في السياسات الحالية.", "The active catalog has no services.";
    offered_to: "لمن", "For";
    for_developers: "للمطورين", "For developers";
    open_phone: "افتح الهاتف التجريبي", "Open the sandbox phone";
    open_console: "شاهد المجريات", "Watch the timeline";

    what_happens: "ما الذي سيحدث", "What will happen";
    your_data: "بياناتك", "Your data";
    data_asked: "البيانات التي ستطلبها الخدمة", "What this service will ask for";
    nothing_else: "لن تطلع الخدمة على أي بيان آخر.", "The service will see nothing else.";
    your_responsibility: "مسؤوليتك", "Your responsibility";
    no_mobile_id: "ليست لديك هوية رقمية؟", "No Mobile ID yet?";
    official_page: "الصفحة الرسمية للتسجيل", "The official page about enrolment";
    your_details: "بياناتك لبدء الطلب", "Your details";
    civil_no: "الرقم المدني", "Civil number";
    civil_no_hint: "12 رقما كما في البطاقة المدنية", "12 digits, as on your civil ID card";
    optional: "اختياري", "optional";
    choose: "اختر", "Choose";
    read_notices: "قرأت الخطوات وكيفية استخدام بياناتي ومسؤوليتي.", "I have read the notices: the steps, the use of my data, and my responsibility.";
    start: "أرسل الطلب إلى هاتفي", "Send the request to my phone";
    start_code: "أظهر الرمز", "Show the code";
    start_verify: "تحقق من البطاقة", "Verify the card";
    start_sign: "انتقل إلى قراءة المستند", "Go on to read the document";
    start_notify: "أرسل الإشعار", "Send the notification";
    start_hint: "سيصلك إشعار على هاتفك فور الضغط.", "A notification will reach your phone as soon as you press.";

    fix_these: "يرجى تصحيح ما يلي", "Please correct the following";
    scanned_code: "الرمز الممسوح من بطاقة المراجع", "The code scanned from the visitor's card";
    scanned_code_hint: "يملأ الماسح هذه الخانة. في البيئة التجريبية انسخ نص الرمز من «بطاقتي» في الهاتف التجريبي.", "The scanner fills this in. In the sandbox, copy the text of the code from “My card” on the phone.";
    signed_as: "التوقيع", "Signature";
    error_civil_no: "تحقق من الرقم المدني: 12 رقما كما في البطاقة.", "Check the civil number: 12 digits, as on the card.";
    error_notices: "يرجى تأكيد قراءة الخطوات واستخدام البيانات والمسؤولية قبل البدء.", "Please confirm that you have read the notices before you start.";
    error_input: "تحقق من هذه القيمة.", "Check this value.";
    error_input_missing: "هذه القيمة مطلوبة.", "This value is needed.";
    error_inputs: "إحدى القيم غير مقبولة. تحقق منها ثم حاول من جديد.", "One of the values was not accepted. Check them, then try again.";
    error_too_many: "أرسلت طلبات كثيرة. يرجى الانتظار ثم المحاولة من جديد.", "Too many requests have been sent. Please wait, then try again.";
    error_unavailable: "الخدمة غير متاحة الآن. يرجى المحاولة بعد قليل.", "The service is not available right now. Please try again shortly.";
    error_other: "لم يقبل الطلب. لم يتم أي إجراء.", "The request was not accepted. Nothing has been done.";
    error_form_old: "انتهت صلاحية هذه الصفحة. يرجى المحاولة من جديد.", "This page had become too old. Please try again.";
    error_no_retry: "لا يمكن إعادة هذا الطلب.", "This request can't be tried again.";

    look_at_phone: "انظر إلى هاتفك", "Look at your phone";
    time_is_over: "انتهى الوقت. تظهر النتيجة بعد لحظات.", "The time is over. The result appears in a moment.";
    code_is_over: "انتهت صلاحية هذا الرمز.", "This code can't be used any more.";
    sign_on_phone: "وقّع من هاتفك", "Sign on your phone";
    checking_card: "جار التحقق من البطاقة", "The card is being verified";
    sending_notification: "جار إرسال الإشعار", "The notification is being sent";
    waiting_for_authority: "بانتظار رد خدمة الهوية الرقمية", "Waiting for the Mobile ID service";
    put_off: "مؤجل إلى انتهاء ساعات الهدوء", "Put off until quiet hours end";
    put_off_heading: "يُرسل الإشعار لاحقا", "The notification is sent later";
    put_off_at: "موعد الإرسال", "It is sent";
    put_off_lead: "لا تُرسل الإشعارات في ساعات الهدوء. يُرسل هذا الإشعار تلقائيا عند انتهائها، ويمكنك إلغاؤه قبل ذلك.", "Nobody is disturbed in quiet hours. This notification leaves by itself when they end, and can be cancelled until then.";
    today: "اليوم", "today";
    tomorrow: "غدا", "tomorrow";
    waiting_for_you: "بانتظار ردك على الهاتف", "Waiting for your answer on the phone";
    who_asks: "الجهة الطالبة", "Who asks";
    service: "الخدمة", "Service";
    compare_number: "قارن هذا الرقم بالرقم الظاهر على هاتفك", "Compare this number with the one on your phone";
    challenge_label: "رقم المقارنة", "Number to compare";
    approve_if: "وافق فقط إذا تطابق الرقم واسم الجهة واسم الخدمة.", "Approve only if the number, the organization and the service are the same.";
    not_me: "لم أطلب هذا", "I did not ask for this";
    not_me_hint: "إن لم تبدأ هذا الطلب بنفسك فأنهه من هنا، وارفضه في هاتفك.", "If you did not begin this request yourself, end it here and decline it on your phone.";
    request_is_over: "انتهى هذا الطلب.", "This request is over.";
    page_of_another: "هذه الصفحة لمتصفح آخر", "This page belongs to another browser";
    page_of_another_hint: "تُعرض نتيجة الطلب في المتصفح الذي بدأ منه فقط. إن كنت أنت من بدأه فعد إلى ذلك المتصفح، وإن لم تكن فلا توافق على أي طلب يصل إلى هاتفك.", "A request is shown only in the browser where it began. If you began it, go back there. If you did not, approve nothing that reaches your phone.";
    decline_if: "ارفض الطلب إذا اختلف أي منها، أو إذا لم تبدأه أنت.", "Decline if any of them differs, or if you did not begin this.";
    time_left: "الوقت المتبقي", "Time left";
    time_nearly_over: "بقيت 30 ثانية.", "30 seconds left.";
    cancel: "إلغاء الطلب", "Cancel the request";
    updates_itself: "تتحدث هذه الصفحة تلقائيا.", "This page updates itself.";
    steps: "الخطوات", "Steps";

    scan_code: "امسح الرمز بتطبيق «هويتي»", "Scan the code with the Hawyti app";
    waiting_for_scan: "بانتظار مسح الرمز", "Waiting for the code to be scanned";
    code_picture: "رمز QR لمسحه بتطبيق هويتي", "QR code, to be scanned with the Hawyti app";
    scan_step_open: "افتح تطبيق «هويتي» في هاتفك واختر مسح الرمز.", "Open the Hawyti app on your phone and choose to scan a code.";
    scan_step_scan: "وجّه كاميرا الهاتف إلى الرمز الظاهر في هذه الصفحة.", "Point the camera of the phone at the code on this page.";
    scan_step_compare: "قارن الرقم واسم الجهة، ثم وافق من هاتفك.", "Compare the number and the organization, then approve on your phone.";
    cannot_scan: "لا يمكنك مسح الرمز؟", "Can't you scan the code?";
    cannot_scan_help: "يمكنك نسخ نص الرمز وإدخاله في التطبيق، أو فتح هذه الخدمة من هاتفك، أو طلب إشعار على هاتفك إن كانت الخدمة تتيح ذلك.", "You can copy the text of the code and enter it in the app, open this service on your phone, or ask for a notification if the service offers one.";
    renew_code: "رمز جديد", "A new code";
    open_app_heading: "أكمل من تطبيق «هويتي»", "Continue in the Hawyti app";
    open_app: "افتح تطبيق «هويتي»", "Open the Hawyti app";
    open_app_hint: "يظهر الرقم نفسه في التطبيق. بعد الموافقة يعيدك التطبيق إلى هذه الصفحة.", "The app shows the same number. After you approve, it brings you back to this page.";
    to_flow_page: "أكمل في صفحة الطلب", "Continue on the page of the request";
    see_embedded: "شاهد الصفحة نفسها كعنصر داخل صفحة الخدمة", "See the same as an element in the page of the e-service";
    to_newer: "انتقل إلى الرمز الجديد", "Go to the new code";
    other_browser: "أكمل من المتصفح الذي بدأت منه", "Continue in the browser where you began";
    other_browser_hint: "لا يعمل رابط العودة إلا مرة واحدة، وفي المتصفح الذي فتح التطبيق.", "The way back works once only, and only in the browser that opened the app.";
    back_to_service: "العودة إلى الخدمة", "Back to the service";
    read_document: "اقرأ المستند قبل توقيعه", "Read the document before you sign it";
    read_document_lead: "هذا هو المستند كاملا، وهو ما سيُوقّع بعينه. لن يُرسل أي طلب إلى هاتفك قبل تأكيدك.", "This is the whole document, and exactly what will be signed. Nothing is sent to your phone before you confirm.";
    whole_document: "المستند كاملا", "The whole document";
    open_document: "افتح المستند في صفحة مستقلة", "Open the document on a page of its own";
    keep_copy: "احتفظ بنسخة", "Keep a copy";
    document_digest: "بصمة المستند (SHA-256):", "Digest of the document (SHA-256):";
    journey_heading: "تابع الخطوات", "Go on step by step";
    journey_lead: "يمر هذا الطلب بعدة خطوات في صفحة واحدة، ثم تعود إلى هنا.", "This request goes through several steps on one page, and then you come back here.";
    journey_go_on: "إلى صفحة الخطوات", "To the page of the steps";
    between_steps: "جار تجهيز الخطوة التالية", "The next step is being prepared";
    between_steps_heading: "تمت هذه الخطوة", "This step is done";
    between_steps_lead: "لم يكتمل الطلب بعد. تظهر الخطوة التالية هنا تلقائيا بعد لحظات، فأبق هذه الصفحة مفتوحة.", "The request is not complete yet. The next step appears here by itself in a moment; keep this page open.";
    step: "الخطوة", "Step";
    step_of: "من", "of";
    consent_heading: "موافقتك مطلوبة قبل المتابعة", "Your consent is needed before you go on";
    consent_lead: "اقرأ ما يلي. إن وافقت عليه فسيُطلب منك بعد ذلك تأكيد ذلك بهويتك الرقمية.", "Read what follows. If you agree to it, you confirm that with your Mobile ID next.";
    consent_hint: "بعد الضغط تنتقل إلى تأكيد موافقتك بتطبيق «هويتي».", "After you press, you confirm your consent with the Hawyti app.";
    consent_send: "أوافق، وأتابع", "I agree, go on";
    consent_decline: "لا أوافق", "I do not agree";
    confirm_until: "يمكنك التأكيد حتى الساعة", "You can confirm until";
    confirm_copy: "احتفظت بنسخة من المستند قبل التوقيع.", "I have kept a copy of the document before signing.";
    confirm_reviewed: "أقر بأنني اطلعت على المستند كاملا.", "I confirm that I have read the entire document.";
    confirm_accepts: "أوافق على توقيع هذا المستند بهويتي الرقمية.", "I agree to sign this document with my Mobile ID.";
    confirm_hint: "بعد الضغط سيصلك على هاتفك إشعار بطلب التوقيع، ويظهر فيه رقم للمطابقة.", "After you press, a request to sign reaches your phone, with a number to compare.";
    confirm_send: "أرسل طلب التوقيع إلى هاتفي", "Send the request to sign to my phone";
    confirm_decline: "لا أرغب في التوقيع", "I do not want to sign";
    error_confirm: "يرجى تأكيد الاطلاع على المستند والموافقة على توقيعه، كل على حدة.", "Please confirm both: that you have read the document, and that you agree to sign it.";

    class_approved: "تمت الموافقة", "Approved";
    card_verified: "تم التحقق من البطاقة", "The card is verified";
    signed: "تم التوقيع", "Signed";
    notified: "سُلّم الإشعار", "The notification is handed over";
    next_card: "امسح بطاقة أخرى", "Scan another card";
    class_declined: "تم الرفض", "Declined";
    class_timeout: "انتهى الوقت", "No answer in time";
    class_error: "حدث خطأ", "Something failed";
    class_other: "لم يكتمل الطلب", "Not completed";
    received_data: "البيانات التي استلمتها الخدمة", "What the service received";
    received_only: "هذه كل البيانات التي وصلت إلى الخدمة.", "This is everything the service received.";
    not_received: "لم يرد", "Not sent";
    yes: "نعم", "Yes";
    no: "لا", "No";
    try_again: "حاول من جديد", "Try again";
    begin_again: "ابدأ من جديد", "Begin again";
    reference: "رقم المرجع", "Reference";
    return_to_page: "يمكنك الآن العودة إلى صفحة الخدمة.", "You can now go back to the service.";
    flow_unknown: "لا يوجد طلب بهذا الرقم في هذا المتصفح", "This browser has no such request";
    flow_unknown_hint: "لا تظهر الطلبات إلا في المتصفح الذي بدأت منه.", "A request is shown only in the browser that began it.";

    console: "وحدة المتابعة", "Console";
    flows: "الطلبات", "Flows";
    flows_lead: "كل طلب وما سجل عنه، لحظة بلحظة.", "Every flow and what was recorded of it, as it happens.";
    no_flows: "لا توجد طلبات بعد", "No flows yet";
    no_flows_hint: "ابدأ طلبا من البوابة التجريبية وسيظهر هنا.", "Begin one in the demo, and it appears here.";
    new_flows: "جديد", "new";
    show_new: "اعرض الجديد", "Show the new ones";
    flow: "الطلب", "Flow";
    began: "بدأ", "Began";
    state: "الحالة", "State";
    running: "قيد التنفيذ", "Running";
    timeline: "المجريات", "Timeline";
    no_records: "لا توجد سجلات لهذا الطلب", "There are no records of this flow";
    no_records_hint: "تحقق من الرقم، أو انتظر لحظة.", "Check the id, or wait a moment.";
    time: "الوقت", "Time";
    lane_eservice: "الخدمة الإلكترونية", "E-service";
    lane_policy: "السياسة", "Policy";
    lane_log: "السجل", "Log";
    lane_authority: "الجهة المصدرة للهوية", "Authority";
    lane_delivery: "التسليم", "Delivery";
    recorded: "مسجل", "Recorded";
    digest: "بصمة المحتوى", "Digest of the exact bytes";
    ev_asked: "طلبت الخدمة", "Asked";
    ev_plan: "تم إعداد الخطة", "Planned";
    ev_sent: "أرسل الطلب", "Request";
    ev_reply: "رد الجهة", "Reply";
    ev_callback: "وصل رد", "Callback arrived";
    ev_verdict_approved: "تم التحقق: موافقة", "Verified: approval";
    ev_verdict_ended: "تم التحقق: انتهى الطلب", "Verified: ends the flow";
    ev_verdict_rejected: "لم يقبل الرد", "Rejected";
    ev_ended: "انتهى الطلب", "Ended";
    ev_decided: "قررت السياسة", "Decided";
    ev_refused: "رفض الطلب", "Refused";
    ev_notice: "أعد إشعار النتيجة", "Outcome notice prepared";
    ev_delivery: "إبلاغ الخدمة", "Outcome notice";
    webhook_id: "رقم الإشعار", "Notice id";
    ev_admin: "إجراء إداري", "Administrative act";
    ev_correction: "تصحيح بيانات", "Data put right";
    ev_application: "طلب يخص البيانات الشخصية", "Application about personal data";
    corrects: "رقم السجل الذي صُحّح", "Record put right";
    two_persons: "قدّمه واعتمده", "Asked and approved by";
    why: "لماذا؟", "Why?";
    why_lead: "لماذا انتهى هذا الطلب كما انتهى، وما الذي كان سيغير نتيجته.", "Why this flow ended as it did, and what would have led elsewhere.";
    the_decision: "القرار", "The decision";
    the_plan: "الخطة", "The plan";
    nothing_sent: "لم يرسل شيء، وهذا ما ينص عليه الملف.", "Nothing was sent; this is what the file says.";
    before_script: "في الملف", "the file says";
    built_in: "من أصل اللغة", "built in";
    compared: "ما قارنه النص البرمجي", "What the script compared";
    asked_about: "النتيجة التي سئلت عنها السياسة", "The policy was asked about";
    elsewhere: "ما كان سيغير النتيجة", "What would have led elsewhere";
    asked_again: "عند السؤال من جديد", "Asked again";
    again_same: "السياسات نفسها تقرر القرار نفسه.", "Its own catalog decides the same.";
    again_partly: "السياسات نفسها تعطي الخطة نفسها.", "Its own catalog plans the same.";
    again_impossible: "لا يمكن سؤال السياسات من جديد.", "It can't be asked again.";
    again_differs: "السياسات نفسها لا تقرر ما سجل، وينبغي التحقق من السبب.", "Its own catalog does not decide what was recorded; that should be looked into.";
    late: "بعد انتهاء الطلب", "after the end";
    capability: "القدرة", "Capability";
    channel: "القناة", "Channel";
    assurance: "مستوى التحقق", "Assurance";
    catalog: "الإصدار", "Catalog";
    deadline: "المهلة", "Deadline";
    operation: "العملية", "Operation";
    attempt: "المحاولة", "Attempt";
    request_id: "رقم الطلب لدى الجهة", "Authority's request id";
    authority_code: "رمز الجهة", "Authority's code";
    detail: "التفصيل", "Detail";
    placed: "التصنيف", "Placed as";
    size: "الحجم بالبايت", "Size in bytes";
    source: "المصدر", "Source";
    checks: "الفحوص", "Checks";
    passed: "ناجح", "passed";
    failed: "غير ناجح", "failed";
    kept_fields: "حقول محفوظة", "Fields kept";
    dropped_fields: "حقول محذوفة", "Fields dropped";
    none: "لا شيء", "none";
    decided_by: "السطر الذي قرر", "Decided by";
    ev_document: "تسليم المستند", "Document handed in";
    ev_browser: "فتح الصفحة أول مرة", "Page opened first";
    ev_step: "خطوة في مسار", "Step of a journey";
    journey: "المسار", "Journey";
    ev_not_me: "بلاغ: لم أطلب هذا", "Reported: not me";
    stops_until: "لا طلبات حتى", "No requests until";
    ev_consent: "إقرار الشخص قبل التوقيع", "Confirmed before signing";
    script_fault: "عطل في النص البرمجي", "Script fault";
    status: "رمز الحالة", "Status";
    catalog_refused: "رفضت السياسات المعدلة، وما زالت السابقة سارية", "The changed catalog was refused; the previous one stays active";
    catalog_activated: "سياسات جديدة سارية الآن", "A new catalog is active";
    catalog_set_aside: "فعلت يدوياً، وما في المجلد منحى جانباً إلى أن يتغير.", "It was activated by hand; what lies in the folder is set aside until it changes.";
    ended_waivers: "انتهت مدة استثناءات، وسيُرفض التحميل القادم ما لم تُراعَ قواعدها أو تُجدَّد:", "Waivers have ended, and the next load is judged without them:";
    needs_restart: "تغيرت إعدادات هذه العقدة، ولا تسري إلا بعد إعادة تشغيلها:", "Settings of this node have changed and take a restart:";
    drift_seen: "وردت من الجهة المصدرة للهوية عناصر أو رموز غير معروفة. اسأل الجهة عنها ثم أضفها إلى الإعدادات.", "The authority's answers hold members or codes that are in no list. Ask the authority, then add them to the settings.";
    show_drift: "اعرض ما ورد", "Show what came";
    show_diagnostics: "اعرض الأسباب", "Show why";
    active_catalog: "السياسات السارية", "Active catalog";
    services_lead: "الخدمات كما حملت، بعد كل القيم الافتراضية.", "The services as loaded, with every default filled in.";
    channels: "القنوات", "Channels";
    sensitivity: "الحساسية", "Sensitivity";
    sensitivity_normal: "عادية", "Normal";
    sensitivity_sensitive: "حساسة", "Sensitive";
    sensitivity_critical: "حرجة", "Critical";
    reason_on_phone: "السبب الظاهر على الهاتف", "Reason on the phone";
    inputs: "المدخلات", "Inputs";
    fields: "بيانات الشخص", "Fields of the person";
    limits: "الحدود", "Limits";
    per_person: "لكل شخص", "per person";
    per_service: "للخدمة", "for the service";
    script: "النص البرمجي", "Script";
    then_continue: "متابعة", "continue";
    then_retry: "إعادة المحاولة", "retry";
    then_step_up: "رفع مستوى التحقق ثم إعادة المحاولة", "raise the assurance, then retry";
    then_stop: "توقف", "stop";
    connection_lost: "انقطع الاتصال، تجري إعادة المحاولة", "Connection lost, trying again";
    people: "شخص", "people";
}

impl Ui {
    /// The texts of a language.
    pub(super) const fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::Ar => &AR,
            Locale::En => &EN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_in_its_language() {
        let is_arabic = |letter: char| ('ء'..='ي').contains(&letter);
        for (name, ar, en) in ROWS {
            let swapped = *name == "other_language";
            let (ar, en) = if swapped { (en, ar) } else { (ar, en) };
            assert!(ar.chars().any(is_arabic), "{name} has no Arabic: {ar}");
            assert!(!en.chars().any(is_arabic), "{name} has no English: {en}");
            assert!(!ar.trim().is_empty() && ar.trim() == *ar, "{name}");
            assert!(!en.trim().is_empty() && en.trim() == *en, "{name}");
        }
    }

    #[test]
    fn no_text_hides_control_characters() {
        for (name, ar, en) in ROWS {
            for letter in ar.chars().chain(en.chars()) {
                let hidden = letter.is_control() || ('\u{200b}'..='\u{200f}').contains(&letter);
                assert!(!hidden, "{name}");
            }
        }
    }

    #[test]
    fn every_text_is_used() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut all = String::new();
        let mut folders = vec![root.join("templates/http"), root.join("src/http")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("ui.rs") {
                    all.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let unused: Vec<_> = ROWS
            .iter()
            .filter(|(name, _, _)| !all.contains(&format!("ui.{name}")))
            .map(|(name, _, _)| name)
            .collect();
        assert!(unused.is_empty(), "{unused:?}");
    }
}
