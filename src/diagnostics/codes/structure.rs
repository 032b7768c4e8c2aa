use super::codes;

codes! {
    YAML_SYNTAX = "E0001" {
        "the file is not valid YAML",
        "The file can't be taken apart into keys and values, so nothing in it can be checked. The marked place is where reading stopped; the mistake is there or just before it, often a missing quote, bracket, colon or two spaces.",
        "الملف ليس YAML صالحا",
        "لا يمكن تقسيم الملف إلى مفاتيح وقيم، فلا يمكن فحص أي شيء فيه. الموضع المحدد هو حيث توقفت القراءة، والخطأ فيه أو قبله مباشرة، وغالبا ما يكون علامة اقتباس أو قوسا أو نقطتين أو مسافتين ناقصتين.",
    }
    YAML_TAB = "E0002" {
        "a tab where YAML takes only spaces",
        "YAML shows by spaces what belongs to what, and a tab has no fixed width. Use two spaces for each step, and set the editor to write spaces in YAML files.",
        "علامة جدولة في موضع المسافات",
        "يبين YAML بالمسافات ما يتبع ماذا، وعلامة الجدولة لا عرض ثابتا لها. استخدم مسافتين لكل مستوى واضبط المحرر ليكتب مسافات في ملفات YAML.",
    }
    DUPLICATE_KEY = "E0003" {
        "a key is written twice",
        "If a key stood twice, one of its values would be lost without anybody noticing. Keep one of them.",
        "مفتاح مكرر",
        "عند تكرار المفتاح تضيع إحدى قيمتيه دون أن يلاحظ أحد. أبق على واحدة منهما.",
    }
    YAML_UNSUPPORTED = "E0004" {
        "a part of YAML that policy files do not use",
        "Anchors (`&`), aliases (`*`), merge keys (`<<`), tags (`!`) and directives (`%`) make a file mean something else than it shows. Policy files are read by auditors too, so they say everything in place. Write the value out.",
        "جزء من YAML لا تستخدمه ملفات السياسات",
        "المراجع (`&` و`*`) والدمج (`<<`) والوسوم (`!`) والتوجيهات (`%`) تجعل معنى الملف غير ما يظهر فيه. ملفات السياسات يقرؤها المدققون أيضا، ولذلك يكتب كل شيء في مكانه. اكتب القيمة كاملة.",
    }
    TOO_LARGE = "E0005" {
        "the file is larger or deeper than any policy needs",
        "A policy file has at most 1 MiB, 20,000 values and 16 levels. What is larger is no policy but a mistake or an attack, and it is refused before it costs memory.",
        "الملف أكبر أو أعمق مما تحتاجه أي سياسة",
        "لا يزيد ملف السياسة على 1 MiB و20000 قيمة و16 مستوى. ما زاد على ذلك خطأ أو هجوم وليس سياسة، ويرفض قبل أن يستهلك الذاكرة.",
    }
    SEVERAL_DOCUMENTS = "E0006" {
        "more than one document in a file",
        "A line `---` begins another document. A policy file holds exactly one; put the other into a file of its own.",
        "أكثر من مستند في ملف واحد",
        "السطر `---` يبدأ مستندا آخر، وملف السياسة يحتوي مستندا واحدا فقط. ضع المستند الآخر في ملف مستقل.",
    }
    EMPTY_FILE = "E0007" {
        "the file is empty",
        "There is nothing in the file, or only comments. It may not have been saved completely. Restore it, or remove it if the service is no longer wanted.",
        "الملف فارغ",
        "لا شيء في الملف سوى تعليقات على الأكثر، وربما لم يكتمل حفظه. استعد محتواه أو احذفه إذا لم تعد الخدمة مطلوبة.",
    }
    NOT_UTF8 = "E0008" {
        "the file is not UTF-8 text",
        "Policy files are UTF-8, so that Arabic reads the same everywhere. Save the file again with the encoding UTF-8.",
        "الملف ليس نصا بترميز UTF-8",
        "ملفات السياسات بترميز UTF-8 لتقرأ العربية قراءة واحدة في كل مكان. أعد حفظ الملف بهذا الترميز.",
    }
    UNKNOWN_KEY = "E0009" {
        "unknown key",
        "midflow does not know this key here. A key that is not understood is never skipped, because the setting that was meant would then silently not apply. Correct the spelling or the place, or remove it.",
        "مفتاح غير معروف",
        "لا يعرف midflow هذا المفتاح في هذا الموضع. لا يتجاهل أي مفتاح غير مفهوم، لأن الإعداد المقصود لن يطبق عندها دون أن يلاحظ أحد. صحح الكتابة أو الموضع أو احذفه.",
    }
    MISSING_KEY = "E0010" {
        "a required key is missing",
        "The file must say this; there is no default that would be right for everybody. The help line shows what to write.",
        "مفتاح مطلوب غير موجود",
        "يجب أن يذكر الملف هذا الأمر، إذ لا توجد قيمة تلقائية تصلح للجميع. يبين سطر المساعدة ما يكتب.",
    }
    WRONG_TYPE = "E0011" {
        "a value of another kind was expected",
        "Each key takes one kind of value: a text, a whole number, `true` or `false`, a list, or further keys below it. Texts that look like numbers, such as mobile numbers, are put in quotes.",
        "نوع القيمة غير صحيح",
        "يقبل كل مفتاح نوعا واحدا من القيم: نصا أو عددا صحيحا أو `true` أو `false` أو قائمة أو مفاتيح تحته. النصوص التي تشبه الأعداد، مثل أرقام الهواتف، توضع بين علامتي اقتباس.",
    }
    FORMAT_VERSION = "E0012" {
        "the file is written for another version of midflow",
        "The first key of every policy file is `midflow: 1`, the version of the file format. This midflow reads version 1 and does not guess what another version means.",
        "الملف مكتوب لإصدار آخر من midflow",
        "أول مفتاح في كل ملف سياسة هو `midflow: 1`، وهو إصدار صيغة الملف. هذا الإصدار يقرأ الصيغة 1 ولا يخمن معنى غيرها.",
    }
    MISSING_LANGUAGE = "E0013" {
        "a text lacks a language",
        "Everything that citizens read is there in Arabic (`ar`) and in English (`en`). A text in one language would leave somebody without knowing what they approve.",
        "نص تنقصه إحدى اللغتين",
        "كل ما يقرؤه المواطن مكتوب بالعربية (`ar`) وبالإنجليزية (`en`). النص بلغة واحدة يترك من لا يعرفها دون أن يعلم على ماذا يوافق.",
    }
    EMPTY_TEXT = "E0014" {
        "an empty text or a placeholder instead of one",
        "Texts such as `TODO`, `text` or `Authentication Reason` tell nobody anything. The authority asks for clear details and an explicit purpose. Write the sentence that the citizen shall read.",
        "نص فارغ أو نص مؤقت",
        "نصوص مثل `TODO` أو `text` أو `Authentication Reason` لا تخبر أحدا بشيء، والجهة المشغلة تطلب تفاصيل واضحة وغرضا صريحا. اكتب الجملة التي سيقرؤها المواطن.",
    }
    WRONG_LANGUAGE = "E0015" {
        "a text is not in its language",
        "The text under `ar` has no Arabic letter, or the text under `en` has no Latin letter. Probably the two are exchanged, or one was copied and never translated.",
        "النص ليس بلغته",
        "النص تحت `ar` ليس فيه حرف عربي، أو النص تحت `en` ليس فيه حرف لاتيني. الأرجح أنهما تبادلا الموضع أو أن أحدهما نسخ ولم يترجم.",
    }
    UNSAFE_CHARACTER = "E0016" {
        "a character that changes what is seen",
        "Direction controls, invisible characters and letters that look like others can make a text read differently on the phone than in this file. Remove the character; the right direction comes from the page.",
        "حرف يغير ما يظهر للقارئ",
        "محارف الاتجاه والمحارف الخفية والحروف المشابهة لغيرها قد تجعل النص يقرأ على الهاتف على غير ما هو في الملف. احذف المحرف، فالاتجاه الصحيح تحدده الصفحة.",
    }
    TEXT_TOO_LONG = "E0017" {
        "a text is too long",
        "Screens of phones are small, and the authority limits texts: 100 characters for the name of a service and 250 for a reason, of which the sentence with the challenge takes 30. Placeholders count with their longest value.",
        "نص أطول من المسموح",
        "شاشات الهواتف صغيرة والجهة المشغلة تحدد طول النصوص: 100 حرف لاسم الخدمة و250 حرفا للغرض، منها 30 لجملة رمز المطابقة. وتحسب المتغيرات بأطول قيمة لها.",
    }
    BAD_DURATION = "E0018" {
        "a duration that can't be read",
        "A duration is a whole number and a unit: `30s`, `5m`, `2h`, `90d`, `10y`. It is longer than zero and at most a hundred years.",
        "مدة لا يمكن قراءتها",
        "المدة عدد صحيح ووحدة: `30s` أو `5m` أو `2h` أو `90d` أو `10y`. وهي أكبر من صفر ولا تزيد على مئة سنة.",
    }
    UNREADABLE_FILE = "E0019" {
        "the file can't be read",
        "The operating system does not let midflow read the file. Check that it exists and that the user midflow runs as may read it.",
        "تعذرت قراءة الملف",
        "لا يسمح نظام التشغيل لبرنامج midflow بقراءة الملف. تأكد من وجوده ومن أن للمستخدم الذي يعمل به البرنامج صلاحية القراءة.",
    }
    DUPLICATE_ITEM = "E0020" {
        "an entry stands twice in a list",
        "A list names each thing once. A second mention changes nothing and is usually meant to be something else.",
        "عنصر مكرر في قائمة",
        "تذكر القائمة كل شيء مرة واحدة. التكرار لا يغير شيئا، وغالبا ما يكون المقصود عنصرا آخر.",
    }
    UNKNOWN_WORD = "E0021" {
        "the value is none of the allowed words",
        "This key takes one of a few words, which the help line lists. Others have no meaning here.",
        "القيمة ليست من الكلمات المسموحة",
        "يقبل هذا المفتاح كلمة من كلمات محدودة يذكرها سطر المساعدة، وغيرها لا معنى له هنا.",
    }
    OUT_OF_RANGE = "E0022" {
        "a number is out of range",
        "The number is smaller or greater than makes sense for this key; the help line says what is taken.",
        "عدد خارج المدى",
        "العدد أصغر أو أكبر مما يصلح لهذا المفتاح، ويبين سطر المساعدة المدى المقبول.",
    }
    EMPTY_LIST = "E0023" {
        "a list needs at least one entry",
        "The list is empty, so nothing of its kind would be allowed or shown. Add at least one entry.",
        "قائمة تحتاج إلى عنصر واحد على الأقل",
        "القائمة فارغة، فلن يسمح بشيء من نوعها ولن يعرض شيء. أضف عنصرا واحدا على الأقل.",
    }
    BAD_URL = "E0024" {
        "not a complete https address",
        "An address begins with `https://`, names a host, and holds no user name, no password, no spaces and no fragment.",
        "ليس عنوان https كاملا",
        "يبدأ العنوان بـ `https://` ويذكر اسم المضيف، ولا يحتوي على اسم مستخدم ولا كلمة مرور ولا مسافات ولا علامة `#`.",
    }
    BAD_SHA256 = "E0025" {
        "not a SHA-256 digest",
        "A digest is written as 64 hexadecimal digits in quotes, as `sha256sum` prints it. Quotes, because YAML may take digits for a number.",
        "ليست بصمة SHA-256",
        "تكتب البصمة 64 خانة ست عشرية بين علامتي اقتباس كما يطبعها الأمر `sha256sum`، فقد تقرأ الأرقام دونها عددا.",
    }
    BAD_DAY = "E0026" {
        "not a day of the calendar",
        "A day is written as year, month and day with hyphens: `2026-03-01`. It has to exist in the Gregorian calendar.",
        "ليس تاريخا صحيحا",
        "يكتب التاريخ بالسنة والشهر واليوم مفصولة بشرطات: `2026-03-01`، ويجب أن يكون موجودا في التقويم الميلادي.",
    }
}
