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
    SCRIPT_UNKNOWN_WORD = "E3014" {
        "a comparison with a word that never comes",
        "`flow.channel`, `flow.capability`, `flow.locale`, `flow.outcome` and inputs of type `choice` are one of a few words. A comparison with any other word never fits, so the rule behind it would silently never apply. Correct the word.",
        "مقارنة بكلمة لا ترد أبدا",
        "قيم `flow.channel` و`flow.capability` و`flow.locale` و`flow.outcome` والمدخلات من نوع `choice` كلمات محددة. المقارنة بكلمة غيرها لا تتحقق أبدا، فلا تطبق القاعدة التي بعدها دون أن يلاحظ أحد. صحح الكلمة.",
    }
    SCRIPT_NEVER_EQUAL = "E3015" {
        "values that are never equal are compared",
        "A text never equals a number, and neither equals true or false: `\"3\"` and `3` are different values. The comparison always gives the same result, so the rule behind it does nothing. Write both sides as the same kind of value.",
        "مقارنة قيمتين لا تتساويان أبدا",
        "النص لا يساوي العدد أبدا، ولا يساوي أي منهما true أو false: القيمتان `\"3\"` و`3` مختلفتان. نتيجة المقارنة ثابتة دائما فلا أثر للقاعدة التي بعدها. اكتب الطرفين من نوع واحد.",
    }
    SCRIPT_ANSWER_LOST = "E3016" {
        "an answer is made and thrown away",
        "`tighten`, `refuse`, `stop` and `say` only make an answer; it counts when the hook returns it. Here the script goes on and the answer is lost: what should have been refused would be allowed. Write `return` before it.",
        "جواب يصنع ثم يضيع",
        "الدوال `tighten` و`refuse` و`stop` و`say` تصنع الجواب فقط، ولا أثر له إلا إذا أعادته الدالة. هنا يستمر النص البرمجي ويضيع الجواب، فيسمح بما كان يجب رفضه. اكتب `return` قبله.",
    }
    SCRIPT_WRONG_RETURN = "E3017" {
        "a hook returns something that is no answer",
        "A hook returns nothing, which means no objection, or what `tighten`, `refuse`, `stop` or `say` makes. Anything else, such as true or a text, ends the flow with an error. The value of the last line is returned too, with or without a semicolon.",
        "قيمة معادة ليست جوابا",
        "لا تعيد هذه الدوال شيئا، ومعناه عدم الاعتراض، أو تعيد ما تصنعه `tighten` أو `refuse` أو `stop` أو `say`. أي قيمة أخرى مثل true أو نص تنهي المعاملة بخطأ. وقيمة السطر الأخير تعاد أيضا، بفاصلة منقوطة أو بدونها.",
    }
    SCRIPT_WRONG_CONDITION = "E3018" {
        "a condition that is not true or false",
        "`if`, `while`, `!`, `&&` and `||` ask for true or false. A text or a number there ends the script with an error. Compare the value with something.",
        "شرط ليس true ولا false",
        "تتطلب `if` و`while` و`!` و`&&` و`||` قيمة true أو false. وجود نص أو عدد مكانها ينهي النص البرمجي بخطأ. قارن القيمة بشيء.",
    }
    SCRIPT_FAILED = "E3019" {
        "the script failed while it ran",
        "The marked line could not be carried out, so midflow refused: a script that fails never allows. Nobody sees the values in this message, because they may belong to a person; `midflow test` with the same inputs shows the way to the line.",
        "فشل النص البرمجي أثناء تشغيله",
        "تعذر تنفيذ السطر المحدد، ولذلك رفض midflow المعاملة: النص البرمجي الذي يفشل لا يسمح أبدا. لا تظهر القيم في هذه الرسالة لأنها قد تخص شخصا، والأمر `midflow test` بالمدخلات نفسها يبين الطريق إلى السطر.",
    }
    SCRIPT_UNUSED_HELPER = "W3001" {
        "a helper that nothing calls",
        "The function is called by no hook and no other function. It may be left over, or a call may be misspelt. Remove it or call it.",
        "دالة مساعدة لا يستدعيها شيء",
        "لا تستدعي هذه الدالة أي دالة أخرى. قد تكون من بقايا نسخة سابقة أو كتب استدعاؤها خطأ. احذفها أو استدعها.",
    }
    SCRIPT_UNREACHABLE = "W3002" {
        "lines that are never reached",
        "The line before always leaves: with `return`, `throw`, `break` or `continue`. What stands behind it never runs. Remove it, or move it up.",
        "أسطر لا يصل إليها التنفيذ",
        "السطر السابق يغادر دائما بواسطة `return` أو `throw` أو `break` أو `continue`، فلا يعمل ما بعده أبدا. احذفه أو انقله إلى أعلى.",
    }
    SCRIPT_NO_VALUE = "W3003" {
        "a way that ends without a value",
        "Some ways through the code return a value and one returns nothing. In a hook nothing means no objection; in a helper it is a value that conditions can't ask. End each way with what is meant; `()` says nothing on purpose.",
        "مسار ينتهي دون قيمة",
        "تعيد بعض مسارات الشيفرة قيمة ولا يعيد أحدها شيئا. في الدوال التي يستدعيها midflow يعني ذلك عدم الاعتراض، وفي الدوال المساعدة هو قيمة لا تصلح شرطا. أنه كل مسار بالقيمة المقصودة، و`()` تعني لا شيء عن قصد.",
    }
    SCRIPT_UNUSED_VARIABLE = "W3004" {
        "a variable that nothing reads",
        "The value is computed and never used. A name may be misspelt somewhere, or a check may have been forgotten. Use it or remove it.",
        "متغير لا يقرؤه شيء",
        "تحسب القيمة ولا تستخدم. ربما كتب الاسم خطأ في موضع ما أو نسي أحد الشروط. استخدمها أو احذفها.",
    }
    SCRIPT_UNUSED_IMPORT = "W3005" {
        "an import that nothing uses",
        "The file is imported and none of its functions is called. Remove the line, or call what it was imported for.",
        "استيراد لا يستخدمه شيء",
        "يستورد الملف ولا تستدعى أي من دواله. احذف السطر أو استدع ما استورد من أجله.",
    }
    SCRIPT_HIDDEN_NAME = "W3006" {
        "a variable hides a parameter",
        "A variable has the name of a parameter, such as `flow`, so that the parameter can no longer be read below it. Give the variable a name of its own.",
        "متغير يحجب معاملا",
        "يحمل المتغير اسم معامل مثل `flow`، فلا يمكن قراءة المعامل بعده. اختر للمتغير اسما خاصا به.",
    }
    SCRIPT_WORD_NOT_HERE = "W3007" {
        "a comparison that never fits in this service",
        "The word exists, and never comes here: the service does not offer the channel, does not declare the capability, or the hook is called for other outcomes. The rule behind the comparison never applies.",
        "مقارنة لا تتحقق في هذه الخدمة",
        "الكلمة موجودة ولكنها لا ترد هنا: القناة لا تقدمها الخدمة، أو الوظيفة غير مصرح بها، أو تستدعى الدالة لنتائج أخرى. لا تطبق القاعدة التي بعد المقارنة أبدا.",
    }
    SCRIPT_MAY_BE_MISSING = "W3008" {
        "a condition on a value that may be missing",
        "An optional input that was not passed, and a claim about the person that could not be proved, are neither true nor false. A condition on them ends the script with an error, and the flow is refused. Compare with `== true` or `!= true`.",
        "شرط على قيمة قد لا تكون موجودة",
        "المدخل الاختياري الذي لم يمرر، والصفة التي لم يمكن إثباتها، ليسا true ولا false. الشرط عليهما ينهي النص البرمجي بخطأ وترفض المعاملة. قارن باستخدام `== true` أو `!= true`.",
    }
}
