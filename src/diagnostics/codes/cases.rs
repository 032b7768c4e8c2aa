use super::codes;

codes! {
    CASE_TABLE = "E6001" {
        "a row does not fit its table",
        "A case with `table` is a template: each value written as `$column` is replaced by what the row has under that name. Every row needs the same columns, every column has to be used, and every `$column` needs one.",
        "صف لا يطابق جدوله",
        "الحالة التي فيها `table` قالب: كل قيمة مكتوبة على هيئة `$column` يحل محلها ما في الصف تحت هذا الاسم. يجب أن تتساوى الصفوف في أعمدتها وأن يستخدم كل عمود وأن يوجد عمود لكل `$column`.",
    }
    CASE_UNKNOWN_ANSWER = "E6002" {
        "unknown answer",
        "`answers` names what comes back after the request: one of the names in `docs/tests.md`, such as `approved`, `late` or `forged`, or a leaf code such as `error.store` with which midflow itself ends the flow.",
        "رد غير معروف",
        "يذكر `answers` ما يصل بعد إرسال الطلب: اسم من الأسماء الواردة في `docs/tests.md` مثل `approved` أو `late` أو `forged`، أو رمز نتيجة مثل `error.store` ينهي به midflow المعاملة بنفسه.",
    }
    CASE_BAD_TIME = "E6003" {
        "the moment of a case can't be read",
        "A case happens at a date and a time in Kuwait, written as `2026-11-22 10:00`. Tests have no clock of their own, so that the same case gives the same result on any day.",
        "تعذرت قراءة وقت الحالة",
        "تحدث كل حالة في تاريخ ووقت بتوقيت الكويت مكتوبين هكذا: `2026-11-22 10:00`. وليس للاختبارات ساعة خاصة بها حتى تعطي الحالة النتيجة نفسها في أي يوم.",
    }
    CASE_BAD_PERSON = "E6004" {
        "the person of a case can't be read",
        "A person is described by what the authority sends of them: the fields of the subscription form, `age` in place of a date of birth, and the `assurance` of their Mobile ID. Derived claims follow from these. `missing` stands for what the authority does not send. Never use the data of a real person.",
        "تعذرت قراءة بيانات شخص الحالة",
        "يوصف الشخص بما ترسله الجهة عنه: حقول نموذج الاشتراك، و`age` بدلا من تاريخ الميلاد، ومستوى هويته الرقمية `assurance`. أما النتائج المشتقة فتتبع ذلك. وتدل `missing` على ما لا ترسله الجهة. لا تستخدم بيانات شخص حقيقي أبدا.",
    }
    CASE_EXPECTS_NOTHING = "E6005" {
        "a case that can't fail",
        "A case without any expectation passes whatever the policy does, and so does a text that may be anything. Say at least how the flow ends, and better also what the person is told and which rule decided.",
        "حالة لا يمكن أن تفشل",
        "الحالة التي لا تتوقع شيئا تنجح مهما فعلت السياسة، وكذلك النص الذي يقبل أي شيء. اذكر على الأقل كيف تنتهي المعاملة، والأفضل أن تذكر أيضا ما يقال للشخص وأي قاعدة اتخذت القرار.",
    }
    CASE_UNDECLARED = "E6006" {
        "the service does not declare what is expected",
        "The expectation names a field that the service file does not declare. Such a field is dropped on arrival, so it can never come. Correct the name, or declare the field with its reason.",
        "المتوقع غير مصرح به في الخدمة",
        "يذكر التوقع حقلا لا يصرح به ملف الخدمة. مثل هذا الحقل يحذف عند وصوله فلا يمكن أن يأتي أبدا. صحح الاسم أو صرح بالحقل مع سببه.",
    }
    CASE_UNKNOWN_RULE = "E6007" {
        "`why` names no rule",
        "`why` names the rule that decided: a key of the service file such as `outcomes.declined` or `capabilities.auth_push`, a hook of its script such as `fn plan`, or a file with or without a line.",
        "لا يذكر `why` قاعدة معروفة",
        "يذكر `why` القاعدة التي اتخذت القرار: مفتاحا في ملف الخدمة مثل `outcomes.declined` أو `capabilities.auth_push`، أو دالة في نصها البرمجي مثل `fn plan`، أو ملفا مع رقم السطر أو بدونه.",
    }
    CASE_OTHER_SERVICE = "E6008" {
        "the test file says that it tests another service",
        "A test file stands beside its service and has its name: `licence-renewal.test.yaml` tests `licence-renewal.yaml`, and its key `tests` says the same. A file that was copied and not changed would test the wrong service.",
        "ملف الاختبار يذكر خدمة أخرى",
        "يوضع ملف الاختبار بجانب خدمته ويحمل اسمها: `licence-renewal.test.yaml` يختبر `licence-renewal.yaml`، ومفتاحه `tests` يقول ذلك أيضا. الملف المنسوخ دون تعديل كان سيختبر خدمة أخرى.",
    }
    CASE_NO_SERVICE = "E6009" {
        "a test file without a service",
        "There is no service of the name of this test file, so nothing can be tested. Correct the name of the file, or remove it with its service.",
        "ملف اختبار بلا خدمة",
        "لا توجد خدمة باسم ملف الاختبار هذا، فلا يمكن اختبار أي شيء. صحح اسم الملف أو احذفه مع خدمته.",
    }
    CASE_FAILED = "E6101" {
        "an expectation is not met",
        "A case was run and something else came out than it expects. The first place is the expectation; the second is the rule that decided. Either the policy is wrong, or the expectation is: decide which, and change that one.",
        "لم يتحقق التوقع",
        "نفذت الحالة وكانت النتيجة غير المتوقعة. الموضع الأول هو التوقع، والثاني هو القاعدة التي اتخذت القرار. إما أن السياسة خاطئة أو أن التوقع خاطئ: قرر أيهما ثم صححه.",
    }
    CASE_MUTANT_SURVIVED = "E6102" {
        "no test notices this change of the policy",
        "The rule was changed as described and every case still passed, so nobody would notice if it were wrong. Add a case that tells the two apart, often one at the boundary. Where the change truly makes no difference, name it under `accepted` with the reason.",
        "لا يلاحظ أي اختبار هذا التغيير في السياسة",
        "غيرت القاعدة كما هو موصوف وظلت كل الحالات ناجحة، فلن يلاحظ أحد لو كانت خاطئة. أضف حالة تميز بين الاثنين، وغالبا تكون عند الحد الفاصل. وإذا كان التغيير لا أثر له حقا فاذكره ضمن `accepted` مع السبب.",
    }
    CASE_ACCEPTED_GONE = "E6103" {
        "an accepted change that does not survive",
        "`accepted` names a change of the policy that no test can notice, but there is no such change, or a test notices it now. Remove the entry, so that it does not hide another one later.",
        "تغيير مقبول لم يعد باقيا",
        "يذكر `accepted` تغييرا لا يمكن لأي اختبار ملاحظته، ولكن لا وجود لهذا التغيير أو أصبح اختبار ما يلاحظه. احذف البند حتى لا يخفي غيره لاحقا.",
    }
    CASE_COVERAGE = "E6104" {
        "something that no case runs",
        "A line of a script or an outcome on a channel in a language was never tried by any case. Add a case, or let one run everywhere with `channel: all` and `locale: all`.",
        "جزء لا تنفذه أي حالة",
        "سطر من نص برمجي، أو نتيجة على قناة بلغة معينة، لم تجربها أي حالة. أضف حالة، أو اجعل حالة تعمل في كل مكان باستخدام `channel: all` و`locale: all`.",
    }
    CASE_UNTESTED = "W6001" {
        "a service without tests",
        "The service has no test file beside it, so nobody knows whether it does what is meant. Write `<service>.test.yaml`, at least one case for each outcome.",
        "خدمة بلا اختبارات",
        "لا يوجد بجانب الخدمة ملف اختبار، فلا يعرف أحد إن كانت تفعل المقصود. اكتب `<service>.test.yaml` وفيه حالة واحدة على الأقل لكل نتيجة.",
    }
}
