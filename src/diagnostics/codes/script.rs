use super::codes;

codes! {
    SCRIPT_SYNTAX = "E3001" {
        "the script can't be read",
        "The script has a mistake in its grammar, such as a missing bracket or semicolon, so nothing in it can be run. The marked place is where reading stopped; the mistake is there or just before it.",
        "تعذرت قراءة النص البرمجي",
        "في النص البرمجي خطأ في القواعد، مثل قوس أو فاصلة منقوطة ناقصة، فلا يمكن تشغيل أي جزء منه. الموضع المحدد هو حيث توقفت القراءة، والخطأ فيه أو قبله مباشرة.",
    }
    SCRIPT_UNKNOWN_FUNCTION = "E3002" {
        "unknown function",
        "The script calls a function that neither midflow nor the script nor an imported helper has. It would fail when a citizen is waiting, so it is refused now. Correct the name, write the function, or import the helper that has it.",
        "دالة غير معروفة",
        "يستدعي النص البرمجي دالة لا وجود لها في midflow ولا في النص نفسه ولا في الملفات المساعدة المستوردة. كان الخطأ سيظهر والمواطن ينتظر، ولذلك يرفض الآن. صحح الاسم أو اكتب الدالة أو استورد الملف الذي يحتويها.",
    }
    SCRIPT_WRONG_ARITY = "E3003" {
        "wrong number of arguments",
        "A function of this name exists, but not with this number of arguments. Look at the numbers that are listed and pass as many.",
        "عدد المعاملات غير صحيح",
        "توجد دالة بهذا الاسم، ولكن ليس بهذا العدد من المعاملات. راجع الأعداد المذكورة ومرر العدد المطلوب.",
    }
    SCRIPT_UNKNOWN_IMPORT = "E3004" {
        "unknown import",
        "Scripts can import only helpers that stand in `scripts/lib/`, by a literal name such as `import \"lib/hours\" as hours;`. Nothing else can be reached from a script.",
        "استيراد غير معروف",
        "لا تستورد النصوص البرمجية إلا الملفات المساعدة الموجودة في `scripts/lib/` وباسم صريح مثل `import \"lib/hours\" as hours;`. ولا يمكن الوصول إلى أي شيء آخر من النص البرمجي.",
    }
    SCRIPT_UNKNOWN_HOOK = "E3005" {
        "a hook that nobody calls",
        "midflow calls `plan(flow)`, `approved(flow)`, `declined(flow)`, `timeout(flow)`, `error(flow)` and `other(flow)`. A function whose name is nearly one of these, or that takes something else than `flow`, would silently never run. Correct the name or the parameters.",
        "دالة لن يستدعيها أحد",
        "يستدعي midflow الدوال `plan(flow)` و`approved(flow)` و`declined(flow)` و`timeout(flow)` و`error(flow)` و`other(flow)` فقط. أي دالة اسمها قريب من هذه الأسماء أو لها معاملات أخرى لن تعمل أبدا دون أن يلاحظ أحد. صحح الاسم أو المعاملات.",
    }
    SCRIPT_UNDECLARED_FIELD = "E3006" {
        "a field of the person that the service does not declare",
        "A script sees only the fields that the service file declares with a reason; everything else is dropped when the answer arrives. Declare the field under `fields`, with its reason in both languages, or do without it.",
        "حقل شخصي لم تصرح به الخدمة",
        "لا يرى النص البرمجي إلا الحقول التي يصرح بها ملف الخدمة مع سبب كل منها، وكل ما سواها يحذف عند وصول الرد. صرح بالحقل ضمن `fields` مع السبب باللغتين أو استغن عنه.",
    }
    SCRIPT_UNDECLARED_INPUT = "E3007" {
        "an input that the service does not declare",
        "The script reads `flow.inputs` by a name that the service file does not declare. Correct the name or declare the input under `inputs`.",
        "مدخل لم تصرح به الخدمة",
        "يقرأ النص البرمجي من `flow.inputs` اسما لا يصرح به ملف الخدمة. صحح الاسم أو صرح بالمدخل ضمن `inputs`.",
    }
    SCRIPT_UNKNOWN_CONSTRUCTOR_KEY = "E3008" {
        "unknown key in a decision",
        "The map given to `tighten`, `refuse`, `stop` or `say` has a key that the function does not know, so what it says would be lost. Correct the key: `tighten` takes `assurance`, `drop` and `expires_in`; texts take `ar` and `en`.",
        "مفتاح غير معروف في القرار",
        "في المعطيات الممررة إلى `tighten` أو `refuse` أو `stop` أو `say` مفتاح لا تعرفه الدالة، فيضيع معناه. صحح المفتاح: تقبل `tighten` المفاتيح `assurance` و`drop` و`expires_in`، وتقبل النصوص `ar` و`en`.",
    }
    SCRIPT_FORBIDDEN_SYMBOL = "E3009" {
        "something that scripts may not use",
        "Scripts are pure: the same flow gives the same decision. What compiles text, waits, prints, reads a clock or reaches outside is closed. What a script may know is in `flow`.",
        "أمر غير مسموح في النصوص البرمجية",
        "النصوص البرمجية لا أثر لها خارجها: المعاملة نفسها تعطي القرار نفسه. كل ما يترجم نصا أو ينتظر أو يطبع أو يقرأ الساعة أو يصل إلى الخارج مغلق. وما يجوز للنص أن يعرفه موجود في `flow`.",
    }
    SCRIPT_UNKNOWN_FLOW_PROPERTY = "E3010" {
        "unknown property of `flow`",
        "`flow` has `inputs`, `person` (in `approved` only), `now`, `channel`, `capability`, `locale`, `attempt` and, after an outcome, `outcome`. Anything else does not exist.",
        "خاصية غير معروفة في `flow`",
        "يحتوي `flow` على `inputs` و`person` (في `approved` فقط) و`now` و`channel` و`capability` و`locale` و`attempt`، وبعد النتيجة `outcome`. ولا وجود لغيرها.",
    }
    SCRIPT_INVALID_VALUE = "E3011" {
        "an invalid value in a decision",
        "A literal value in `tighten`, `refuse`, `stop` or `say` can't mean anything: an unknown assurance level, a field that is not declared, a duration that can't be read, or a text that lacks a language.",
        "قيمة غير صالحة في القرار",
        "قيمة صريحة في `tighten` أو `refuse` أو `stop` أو `say` لا معنى لها: مستوى تحقق غير معروف أو حقل غير مصرح به أو مدة لا تمكن قراءتها أو نص تنقصه إحدى اللغتين.",
    }
    SCRIPT_MISSING = "E3012" {
        "the script file is missing",
        "The service names a script that is not in `scripts/`. Without it the service would decide differently from what was written, so it does not load. Add the file, correct the name, or remove `script` from the service file.",
        "ملف النص البرمجي غير موجود",
        "تذكر الخدمة نصا برمجيا غير موجود في `scripts/`. وبدونه ستكون قرارات الخدمة مختلفة عما كتب، ولذلك لا تحمل. أضف الملف أو صحح الاسم أو احذف `script` من ملف الخدمة.",
    }
    SCRIPT_LIMITS = "E3013" {
        "the script is larger than the limits allow",
        "Scripts have limits on their size, the depth of their expressions and the number of their functions, so that a decision stays fast and readable. Split it, or move what belongs to the e-service into the e-service.",
        "النص البرمجي يتجاوز الحدود",
        "للنصوص البرمجية حدود في الحجم وعمق التعابير وعدد الدوال لتبقى القرارات سريعة ومقروءة. قسم النص أو انقل ما يخص الخدمة الإلكترونية إليها.",
    }
    SCRIPT_UNUSED_HELPER = "W3001" {
        "a helper that nothing calls",
        "The function is called by no hook and no other function. It may be left over, or a call may be misspelt. Remove it or call it.",
        "دالة مساعدة لا يستدعيها شيء",
        "لا تستدعي هذه الدالة أي دالة أخرى. قد تكون من بقايا نسخة سابقة أو كتب استدعاؤها خطأ. احذفها أو استدعها.",
    }
}
