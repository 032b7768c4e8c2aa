use super::codes;

codes! {
    RULE_BROKEN = "E4001" {
        "a rule of a rulebook is broken",
        "A rulebook says what every policy must keep, with its source. The message names the rule and the requirement behind it, and the help line says what to do. In development the same is a warning. `midflow explain` with the id of the requirement shows its text.",
        "مخالفة لقاعدة من دليل القواعد",
        "يحدد دليل القواعد ما تلتزم به كل خدمة مع ذكر المصدر. تذكر الرسالة القاعدة والمتطلب الذي تستند إليه، ويبين سطر المساعدة ما يجب عمله. وفي بيئة التطوير يظهر ذلك تنبيها فقط.",
    }
    BAD_RULE = "E4002" {
        "a rule that can't be asked",
        "The expression of the rule can't be read, names something that is not there, or failed on a service. It reads `service` and `organization`, and with `each` also `name` and `value`, and has to give `true` or `false`. A rule that can't be asked counts as broken.",
        "قاعدة لا يمكن تطبيقها",
        "تعبير القاعدة غير مقروء أو يذكر شيئا غير موجود أو فشل عند تطبيقه على خدمة. يقرأ التعبير `service` و`organization`، ومع `each` أيضا `name` و`value`، ويجب أن يعطي `true` أو `false`. والقاعدة التي لا يمكن تطبيقها تعد مخالفة.",
    }
    UNKNOWN_RULE = "E4003" {
        "a waiver of a rule that does not exist",
        "The waiver names neither a requirement nor a rule of any rulebook here, so it would waive nothing. Check the id; it stands in the message that the waiver is about.",
        "استثناء من قاعدة غير موجودة",
        "لا يذكر الاستثناء متطلبا ولا قاعدة من أي دليل، فلا أثر له. تحقق من المعرف كما ورد في الرسالة التي كتب الاستثناء من أجلها.",
    }
    NOT_WAIVABLE = "E4004" {
        "a rule that nobody can waive",
        "Some rules hold without exception: what the language itself refuses, and what only the authority can grant. Keep the rule, or ask the authority.",
        "قاعدة لا تقبل الاستثناء",
        "بعض القواعد تسري دون استثناء: ما ترفضه اللغة نفسها وما لا يمنحه إلا صاحب الشأن. التزم بالقاعدة أو راجع الجهة المشغلة.",
    }
    BAD_CHECK = "E4005" {
        "a check that says nothing, or too much",
        "A check names at least one way to find a breach. `each` and `at` belong to `holds`, and `language` belongs to the rulebook that comes with midflow.",
        "فحص ناقص أو زائد",
        "يذكر الفحص طريقة واحدة على الأقل لكشف المخالفة. يتبع `each` و`at` التعبير `holds`، أما `language` فخاص بالدليل المرفق مع البرنامج.",
    }
    SAME_RULE_TWICE = "E4006" {
        "two rules or rulebooks of one name",
        "A waiver or a report could mean either of them. Give each rulebook, and each rule in it, an id of its own; the ids of the rulebook that comes with midflow are taken.",
        "قاعدتان أو دليلان باسم واحد",
        "قد يقصد الاستثناء أو التقرير أيا منهما. اجعل لكل دليل ولكل قاعدة فيه معرفا خاصا، فمعرفات الدليل المرفق مع البرنامج محجوزة.",
    }
    UNKNOWN_BUILT_IN = "E4007" {
        "unknown built-in check",
        "`built_in` names a check that midflow brings. The help line lists them; anything else is said with `holds`.",
        "فحص مدمج غير معروف",
        "يسمي `built_in` فحصا من الفحوص المدمجة في البرنامج، ويسردها سطر المساعدة. وما عداها يكتب بواسطة `holds`.",
    }
    DAY_TO_COME = "E4008" {
        "something has been signed or approved on a day that is still to come",
        "`on`, `signed_on` and `passed_on` say when something happened: an approval, a signature, a certification test, a waiver that somebody took on. A day after today can only be a slip, or something that nobody has done yet, and it would count as done. Correct the date, or add the entry when it has happened.",
        "توقيع أو موافقة بتاريخ لم يحل بعد",
        "تذكر `on` و`signed_on` و`passed_on` متى تم الأمر: موافقة أو توقيع أو اختبار اعتماد أو استثناء تحمل أحد مسؤوليته. أما التاريخ الذي لم يحل بعد فهو سهو أو أمر لم يتم، ولو قبل لحسب كأنه تم. صحح التاريخ أو أضف البند حين يتم.",
    }
    RULE_BROKEN_WARNING = "W4001" {
        "a rule of a rulebook is not kept",
        "The rule does not prevent loading here, because it advises only or because this is development. The message names the rule and the requirement behind it, and the help line says what to do.",
        "قاعدة غير ملتزم بها",
        "لا تمنع القاعدة التحميل هنا، إما لأنها توصية أو لأن البيئة بيئة تطوير. تذكر الرسالة القاعدة والمتطلب الذي تستند إليه، ويبين سطر المساعدة ما يجب عمله.",
    }
    WAIVER_EXPIRED = "W4002" {
        "a waiver has expired",
        "Its last day has passed, so the rule holds again. Keep the rule and remove the waiver, or have somebody answer for it anew with another date.",
        "استثناء انتهت مدته",
        "مضى آخر يوم فيه فعادت القاعدة سارية. التزم بالقاعدة واحذف الاستثناء، أو جدده باسم من يتحمل مسؤوليته وتاريخ جديد.",
    }
    WAIVER_UNUSED = "W4003" {
        "a waiver of a rule that is kept",
        "The service keeps the rule, so the waiver waives nothing today and would silence a later breach. Remove it.",
        "استثناء لا حاجة إليه",
        "الخدمة ملتزمة بالقاعدة فلا أثر للاستثناء اليوم، وقد يخفي مخالفة لاحقة. احذفه.",
    }
    RULEBOOK_NOT_READ = "W4004" {
        "a file with the name of the rulebook that comes with midflow",
        "The rules of midflow apply as they are, so the file is not read. An earlier version of midflow may have kept it; rules of your own go into a file with another name.",
        "ملف باسم الدليل المرفق مع البرنامج",
        "تسري قواعد البرنامج كما هي فلا يقرأ هذا الملف. قد يكون من إصدار سابق، أما قواعدك فتكتب في ملف باسم آخر.",
    }
}
