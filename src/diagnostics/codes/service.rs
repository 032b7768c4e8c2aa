use super::codes;

codes! {
    NAME_IS_NOT_FILE = "E2001" {
        "the service is not named like its file",
        "`service` is the name in the API, and the file has the same name, so that nobody edits the wrong one. Rename one of the two.",
        "اسم الخدمة يخالف اسم ملفها",
        "`service` هو الاسم في واجهة البرمجة، ويحمل الملف الاسم نفسه حتى لا يعدل أحد الملف الخطأ. غير أحد الاسمين.",
    }
    BAD_SERVICE_NAME = "E2002" {
        "not a service name",
        "A service name has 1 to 64 lowercase letters, digits and hyphens and begins with a letter, such as `licence-renewal`.",
        "اسم الخدمة غير صالح",
        "اسم الخدمة من 1 إلى 64 من الحروف اللاتينية الصغيرة والأرقام والشرطات ويبدأ بحرف، مثل `licence-renewal`.",
    }
    UNKNOWN_CHANNEL = "E2003" {
        "unknown channel",
        "The channels of the subscription form are `web`, `mobile_web`, `native_app`, `kiosk`, `call_center` and `counter`.",
        "قناة غير معروفة",
        "القنوات في نموذج الاشتراك هي `web` و`mobile_web` و`native_app` و`kiosk` و`call_center` و`counter`.",
    }
    UNKNOWN_CAPABILITY = "E2004" {
        "unknown capability",
        "The capabilities of the subscription form are `verify_qr`, `auth_qr`, `auth_push`, `sign` and `notify`.",
        "وظيفة غير معروفة",
        "الوظائف في نموذج الاشتراك هي `verify_qr` و`auth_qr` و`auth_push` و`sign` و`notify`.",
    }
    NO_CAPABILITY = "E2005" {
        "the service has no capability",
        "A service that may ask nothing of Mobile ID can't begin a flow. Declare at least one capability.",
        "لا توجد أي وظيفة للخدمة",
        "الخدمة التي لا تطلب شيئا من الهوية الرقمية لا تستطيع بدء أي معاملة. صرح بوظيفة واحدة على الأقل.",
    }
    UNKNOWN_ASSURANCE = "E2006" {
        "unknown assurance level",
        "The levels are `low` (registered on the phone), `medium` (with liveness detection) and `high` (registered in person with the card).",
        "مستوى تحقق غير معروف",
        "المستويات هي `low` (تسجيل ذاتي على الهاتف) و`medium` (مع كشف الحيوية) و`high` (تسجيل حضوري بالبطاقة).",
    }
    SIGN_NEEDS_HIGH = "E2007" {
        "signing needs high assurance",
        "The authority lets people sign only at high assurance. A lower level would be refused at every request.",
        "التوقيع يتطلب مستوى التحقق العالي",
        "لا تسمح الجهة المشغلة بالتوقيع إلا بمستوى التحقق العالي، وأي مستوى أقل سيرفض في كل طلب.",
    }
    BAD_EXPIRY = "E2008" {
        "the time to answer is too short or too long",
        "A request on the phone lives between 30 seconds and 10 minutes. Less gives nobody time to read; more leaves requests open that nobody expects any longer.",
        "مهلة الرد أقصر أو أطول من اللازم",
        "يبقى الطلب على الهاتف من 30 ثانية إلى 10 دقائق. الأقل لا يترك وقتا للقراءة، والأكثر يبقي طلبات لم يعد أحد ينتظرها.",
    }
    UNDECLARED_PLACEHOLDER = "E2009" {
        "a text uses an input that is not declared",
        "`{name}` is replaced by the input of that name. This one is not declared under `inputs`, so there would be nothing to put there.",
        "نص يستخدم مدخلا غير مصرح به",
        "يستبدل `{name}` بقيمة المدخل الذي يحمل هذا الاسم. هذا المدخل غير مصرح به ضمن `inputs`، فلا قيمة توضع مكانه.",
    }
    STRAY_BRACE = "E2010" {
        "a brace that belongs to no placeholder",
        "Braces are kept for placeholders such as `{licence}`. One that opens or closes nothing is most often a typing mistake in a placeholder.",
        "قوس لا يتبع أي متغير",
        "الأقواس المعقوفة مخصصة للمتغيرات مثل `{licence}`. القوس المنفرد غالبا خطأ في كتابة متغير.",
    }
    PLACEHOLDER_NOT_ALLOWED = "E2011" {
        "a placeholder where texts are fixed",
        "Names, purposes and notices are approved as they stand and are shown before anything is passed. Placeholders are for `reason` of a capability and `say` of an outcome.",
        "متغير في نص ثابت",
        "الأسماء والأغراض والتنبيهات معتمدة كما هي وتعرض قبل تمرير أي قيمة. المتغيرات مسموحة في `reason` للوظائف وفي `say` للنتائج فقط.",
    }
    BAD_INPUT_NAME = "E2012" {
        "not an input name",
        "An input name has 1 to 64 lowercase letters, digits and underscores and begins with a letter, such as `licence_no`.",
        "اسم المدخل غير صالح",
        "اسم المدخل من 1 إلى 64 من الحروف اللاتينية الصغيرة والأرقام والشرطات السفلية ويبدأ بحرف، مثل `licence_no`.",
    }
    UNKNOWN_INPUT_TYPE = "E2013" {
        "unknown type of input",
        "An input is a `string`, an `integer`, a `decimal` (at most three places), a `boolean` or a `choice` of given words.",
        "نوع مدخل غير معروف",
        "المدخل نص `string` أو عدد صحيح `integer` أو عدد عشري `decimal` (ثلاث خانات على الأكثر) أو `boolean` أو اختيار `choice` من كلمات محددة.",
    }
    SETTING_OF_OTHER_TYPE = "E2014" {
        "a setting that belongs to another type of input",
        "`pattern` and `max_length` are for `string`, `min` and `max` for `integer` and `decimal`, `of` for `choice`. Elsewhere they would have no effect.",
        "إعداد يخص نوعا آخر من المدخلات",
        "`pattern` و`max_length` للنوع `string`، و`min` و`max` للنوعين `integer` و`decimal`، و`of` للنوع `choice`. ولا أثر لها في غيرها.",
    }
    BAD_PATTERN = "E2015" {
        "a pattern that can't be used",
        "A pattern is a regular expression that the whole input has to match, of at most 500 characters. Look-around and back-references are not supported, because they can take for ever.",
        "نمط غير صالح",
        "النمط تعبير نمطي يجب أن يطابقه المدخل كله ولا يزيد على 500 حرف. لا يدعم النظر حول الموضع ولا المراجع الخلفية لأنها قد لا تنتهي.",
    }
    BAD_BOUNDS = "E2016" {
        "bounds that no value can meet",
        "`min` is at most `max`, and bounds of a `decimal` have at most three places after the point.",
        "حدود لا تحققها أي قيمة",
        "لا يزيد `min` على `max`، ولا تزيد حدود النوع `decimal` على ثلاث خانات بعد الفاصلة.",
    }
    BAD_CHOICE = "E2017" {
        "not a word to choose",
        "The words of a `choice` have 1 to 64 characters and no spaces at the ends.",
        "كلمة غير صالحة للاختيار",
        "كلمات النوع `choice` من 1 إلى 64 حرفا ودون مسافات في الطرفين.",
    }
    UNKNOWN_FIELD = "E2018" {
        "unknown field of the person",
        "The authority does not send this, and it is no claim that midflow can derive. Derived claims are `age_over_N`, `card_valid` and `is_kuwaiti`.",
        "حقل شخصي غير معروف",
        "لا ترسل الجهة المشغلة هذا الحقل، ولا يمكن لبرنامج midflow استنتاجه. ما يمكن استنتاجه: `age_over_N` و`card_valid` و`is_kuwaiti`.",
    }
    WRONG_SOURCE = "E2019" {
        "a derived field names the wrong source",
        "`from` says which member of the authority's answer a claim is made from, so that the file shows it. Each claim has exactly one source, and a field that is not derived has none.",
        "مصدر الحقل المستنتج غير صحيح",
        "يبين `from` الجزء من رد الجهة المشغلة الذي يستنتج منه الحقل. لكل حقل مستنتج مصدر واحد، والحقل غير المستنتج لا مصدر له.",
    }
    CIVIL_NO_MISSING = "E2020" {
        "the civil number is not among the fields",
        "The civil number is always among the required fields: by it the person who approved is compared with the person who was asked. Declare `civil_no` with its reason.",
        "الرقم المدني ليس ضمن الحقول",
        "الرقم المدني من الحقول المطلوبة دائما، فبه يقارن من وافق بمن طلبت موافقته. صرح بالحقل `civil_no` مع سببه.",
    }
    DUPLICATE_REASON = "E2021" {
        "two fields give the same reason",
        "The form asks why each field is needed. A reason that was copied explains neither. Say what this field is used for.",
        "حقلان بالسبب نفسه",
        "يطلب النموذج سبب الحاجة إلى كل حقل، والسبب المنسوخ لا يفسر أيا منهما. اذكر فيم يستخدم هذا الحقل.",
    }
    OUTCOME_UNHANDLED = "E2022" {
        "an outcome is not answered",
        "`approved`, `declined`, `timeout`, `error` and `other` all happen. A service that leaves one unanswered would leave a citizen without an answer, so it does not load.",
        "نتيجة دون معالجة",
        "النتائج `approved` و`declined` و`timeout` و`error` و`other` كلها تحدث. الخدمة التي تهمل إحداها تترك المواطن دون جواب، ولذلك لا تحمل.",
    }
    UNKNOWN_OUTCOME = "E2023" {
        "unknown outcome",
        "An outcome is one of the five classes or a leaf code below one, such as `other.not_enrolled`.",
        "نتيجة غير معروفة",
        "النتيجة إحدى الفئات الخمس أو رمز تفصيلي تحتها مثل `other.not_enrolled`.",
    }
    WRONG_NEXT_STEP = "E2024" {
        "a next step that does not fit the outcome",
        "After `approved` the e-service goes on (`continue`); after anything else it never does: only `retry` or `stop` fit.",
        "خطوة تالية لا تناسب النتيجة",
        "بعد `approved` تستمر الخدمة (`continue`)، وبعد غيرها لا تستمر أبدا: لا يناسبها إلا `retry` أو `stop`.",
    }
    BAD_ATTEMPTS = "E2025" {
        "the number of attempts is missing or makes no sense",
        "`retry` says how many attempts there are in all, the first included: 2 to 10. Other next steps have no attempts.",
        "عدد المحاولات ناقص أو غير منطقي",
        "تذكر `retry` عدد المحاولات كلها بما فيها الأولى: من 2 إلى 10. ولا محاولات مع الخطوات الأخرى.",
    }
    UNOFFICIAL_ENROL_URL = "E2026" {
        "the enrolment page is not the official one",
        "People learn how to get Mobile ID from the authority only. The address is below `paci.gov.kw`; anything else could be a copy that collects civil numbers.",
        "صفحة التسجيل ليست الصفحة الرسمية",
        "يعرف الناس كيفية الحصول على الهوية الرقمية من الجهة الرسمية فقط. العنوان ضمن `paci.gov.kw`، وغيره قد يكون نسخة تجمع الأرقام المدنية.",
    }
    BAD_LIMIT = "E2027" {
        "a limit that can't be read",
        "A limit is a number, a slash and a time: `3/10m`, `200/s`, `1/d`. The number is at least 1 and the time at most 366 days.",
        "حد لا يمكن قراءته",
        "الحد عدد ثم خط مائل ثم مدة: `3/10m` أو `200/s` أو `1/d`. العدد 1 على الأقل والمدة 366 يوما على الأكثر.",
    }
    BAD_SCRIPT_NAME = "E2028" {
        "not the name of a script file",
        "A script is named by its file in `scripts/`, such as `licence-renewal.rhai`: lowercase letters, digits, hyphens and underscores, no folders.",
        "اسم ملف النص البرمجي غير صالح",
        "يذكر النص البرمجي باسم ملفه في `scripts/` مثل `licence-renewal.rhai`: حروف لاتينية صغيرة وأرقام وشرطات ودون مجلدات.",
    }
    SAME_SERVICE_TWICE = "E2029" {
        "two files describe the same service",
        "A name in the API leads to one service. Rename one of the two.",
        "ملفان يصفان الخدمة نفسها",
        "يشير الاسم في واجهة البرمجة إلى خدمة واحدة. غير أحد الاسمين.",
    }
    NO_SERVICES = "E2030" {
        "there is no service",
        "`policies/services/` holds no service file, so there is nothing to run. `midflow new service NAME` writes one.",
        "لا توجد أي خدمة",
        "لا يحتوي `policies/services/` على أي ملف خدمة، فلا شيء يعمل. الأمر `midflow new service NAME` ينشئ ملفا.",
    }
    CRITICAL_BELOW_HIGH = "W2001" {
        "a critical service below high assurance",
        "The authority recommends high assurance for sensitive and critical services. A lower level is possible, and somebody should be able to say why.",
        "خدمة حرجة بمستوى تحقق أقل من العالي",
        "توصي الجهة المشغلة بمستوى التحقق العالي للخدمات الحساسة والحرجة. المستوى الأقل ممكن، وينبغي أن يوجد من يستطيع بيان السبب.",
    }
    OPTIONAL_PLACEHOLDER = "W2002" {
        "a text uses an input that may be missing",
        "When the e-service does not pass the input, the citizen reads a dash in its place. Make the input required or write the text without it.",
        "نص يستخدم مدخلا قد لا يمرر",
        "إذا لم تمرر الخدمة الإلكترونية هذا المدخل فسيقرأ المواطن شرطة مكانه. اجعل المدخل إلزاميا أو اكتب النص بدونه.",
    }
    POINTLESS_RETRY = "W2003" {
        "a retry that can't help",
        "After this outcome another attempt ends the same way, because the person has to do something else first. Tell them what, and stop.",
        "إعادة محاولة لا تفيد",
        "بعد هذه النتيجة ستنتهي المحاولة التالية بالنتيجة نفسها، لأن على الشخص فعل أمر آخر أولا. أخبره بما يفعل وتوقف.",
    }
    DATA_OUTLIVES_EVIDENCE = "W2004" {
        "personal data is kept longer than the evidence",
        "Personal data that outlives the evidence it belongs to proves nothing any more. Keep it no longer than the evidence.",
        "بيانات شخصية تحفظ أطول من الأدلة",
        "البيانات الشخصية التي تبقى بعد الأدلة التي تخصها لا تثبت شيئا. لا تحفظها أطول من الأدلة.",
    }
    SIGN_EXCLUDED = "E2031" {
        "a kind of paper that can't be signed electronically",
        "The law on electronic transactions leaves out personal status, waqf and wills, title deeds, negotiable instruments, and what has to be notarised. A service that signs such papers would make void ones.",
        "نوع من المستندات لا يوقع إلكترونيا",
        "يستثني قانون المعاملات الإلكترونية الأحوال الشخصية والوقف والوصية وسندات ملكية العقار والأوراق التجارية وما يجب توثيقه رسميا. وتوقيعها إلكترونيا لا يعتد به.",
    }
    SIGN_TEXT_TOO_GENERAL = "E2032" {
        "a text that does not say what is signed",
        "Where the phone shows only a text, that text is all the person knows. It names at least one input, such as the number or the amount, so that no two documents read the same.",
        "نص لا يبين ما يوقع عليه",
        "حين لا يعرض الهاتف إلا نصا فهو كل ما يعرفه الموقع. يجب أن يتضمن مدخلا واحدا على الأقل مثل الرقم أو المبلغ كي لا يتشابه مستندان.",
    }
    LINK_NOT_ALLOWED = "E2033" {
        "a link to a host that is not listed",
        "The provider answers for every link in a notification. A template leads only to the hosts that `links` lists.",
        "رابط إلى موقع غير مدرج",
        "الجهة مسؤولة عن كل رابط في إشعاراتها، فلا يشير القالب إلا إلى المواقع المدرجة في `links`.",
    }
    BAD_TEMPLATE = "E2034" {
        "not a template of a notification",
        "A template is named by lowercase letters, digits and hyphens. Its text holds no address: a link stands in `link`, where its host is checked, and an input without a pattern could smuggle one in.",
        "قالب إشعار غير صالح",
        "يسمى القالب بحروف لاتينية صغيرة وأرقام وشرطات. ولا يحتوي نصه على عنوان موقع، فالرابط يكتب في `link` حيث يفحص، وقد يدس المدخل الذي لا نمط له رابطا.",
    }
    BAD_HOST = "E2035" {
        "not the name of a host",
        "A host is written without `https://`, path or port: `services.example`.",
        "ليس اسم موقع",
        "يكتب اسم الموقع دون `https://` ودون مسار أو منفذ، مثل `services.example`.",
    }
    BAD_WAIVER = "E2036" {
        "a waiver without a sensible end",
        "A waiver holds from the day on which somebody took it on until a day at most two years later. After that the question has to be asked again.",
        "استثناء دون نهاية معقولة",
        "يسري الاستثناء من يوم تحمل مسؤوليته إلى يوم لا يتجاوز سنتين بعده، ثم يعاد النظر فيه.",
    }
    BAD_TIME_OF_DAY = "E2037" {
        "not a time of day",
        "A time of day is written with two digits for the hour and two for the minute, by the clock in Kuwait: \"21:00\". Quiet hours may go over midnight, and they end at another time than they begin.",
        "وقت غير صالح",
        "يكتب الوقت برقمين للساعة ورقمين للدقيقة بتوقيت الكويت، مثل \"21:00\". ويجوز أن تمتد ساعات الهدوء إلى ما بعد منتصف الليل، على أن يختلف وقت نهايتها عن وقت بدايتها.",
    }
    BAD_STEP = "E2038" {
        "a step that can't be taken",
        "A step has a name and does one thing: it asks Mobile ID for a `capability` that the service declares, or it asks the person to agree to a sentence (`consent`). Keys that belong to the other kind, a template that is not there and a `when` that does not fit its input would have no effect.",
        "خطوة لا يمكن تنفيذها",
        "لكل خطوة اسم وعمل واحد: إما أن تطلب من الهوية الرقمية وظيفة مصرحا بها (`capability`) وإما أن تطلب من الشخص الموافقة على جملة (`consent`). أما المفاتيح التي تخص النوع الآخر والقالب غير الموجود وشرط `when` الذي لا يناسب المدخل فلا أثر لها.",
    }
    STEP_ORDER = "E2039" {
        "steps in an order that proves nothing",
        "The first step that asks authenticates the person, always, so that every later one knows whom it asks. A consent is held open with the step after it and counts because the person approves that one. A notification tells what has come of it, so it is the last step.",
        "ترتيب للخطوات لا يثبت شيئا",
        "أول خطوة تخاطب الشخص تتحقق منه دائما، فتعرف كل خطوة بعدها من تخاطب. والموافقة تبقى معلقة مع الخطوة التي تليها وتكتسب أثرها من قبول الشخص لها. والإشعار يخبر بما انتهى إليه الأمر، فموضعه الخطوة الأخيرة.",
    }
    STEP_LOWERS = "E2040" {
        "a step that asks for less certainty",
        "A step may ask for more than its capability does in general, and never for less; nor may a later step ask for less than an earlier one, because the journey would end with a weaker proof than it began with.",
        "خطوة تطلب مستوى تحقق أقل",
        "يجوز للخطوة أن تطلب مستوى أعلى من مستوى وظيفتها ولا يجوز أن تطلب أقل منه، ولا أن تطلب خطوة لاحقة أقل مما طلبته خطوة سابقة، وإلا انتهى المسار بإثبات أضعف مما بدأ به.",
    }
    CAPABILITY_IN_NO_STEP = "W2011" {
        "a capability that no step uses",
        "A service with `steps` begins journeys and no single flows. What it declares and no step uses can never be asked for, and yet it stands in the subscription form and needs the authority's approval.",
        "وظيفة لا تستخدمها أي خطوة",
        "الخدمة التي لها `steps` تبدأ مسارات كاملة لا معاملات منفردة. والوظيفة المصرح بها التي لا تستخدمها أي خطوة لا يمكن طلبها أبدا، ومع ذلك تظهر في نموذج الاشتراك وتحتاج إلى موافقة الجهة المشغلة.",
    }
    PLACEHOLDER_IN_ONE_LANGUAGE = "W2009" {
        "a value that only one language shows",
        "The Arabic and the English text of one thing say the same, so both show the same inputs. A reader of the other language would not learn the number, the amount or the place that the request is about.",
        "قيمة لا تظهر إلا في لغة واحدة",
        "يقول النصان العربي والإنجليزي الشيء نفسه، فتظهر المدخلات نفسها في كليهما. وإلا لم يعرف قارئ اللغة الأخرى الرقم أو المبلغ أو المكان الذي يتعلق به الطلب.",
    }
    FIRST_CONTACT_WITHOUT_QR = "W2008" {
        "a first contact by code, and no code",
        "The service wants people whom nobody has authenticated before to begin by scanning a code, and offers no `auth_qr`. They can begin at another service of the organization only. Offer `auth_qr` here too, or make sure that the text of `other.first_contact` leads them there.",
        "تعارف أول بالرمز ولا رمز في الخدمة",
        "تطلب الخدمة ممن لم يسبق التحقق منه أن يبدأ بمسح الرمز، ولا تتيح `auth_qr`، فلا يمكنه البدء إلا من خدمة أخرى للجهة. أتح `auth_qr` هنا أيضا، أو تأكد من أن نص `other.first_contact` يرشده إليها.",
    }
    UNREAD_FILE = "W2005" {
        "a policy file that nothing reads",
        "midflow reads `policies/organization.yaml`, `policies/services/*.yaml` with their tests and `policies/rulebooks/*.yaml`. A file with another ending, such as `.yml`, or in another folder would silently not apply.",
        "ملف سياسة لا يقرؤه شيء",
        "يقرأ midflow الملفات `policies/organization.yaml` و`policies/services/*.yaml` مع اختباراتها و`policies/rulebooks/*.yaml`. أي ملف بامتداد آخر مثل `.yml` أو في مجلد آخر لا أثر له دون أن يلاحظ أحد.",
    }
    NOTATION_SHOWN = "W2006" {
        "a sign in a text that was meant for the file",
        "The curly quotation marks of a word processor are none to YAML, and placeholders have no `$`: such signs are part of the text, and people read them on their phone. Write straight quotation marks, and placeholders as `{name}`.",
        "علامة في النص كان المقصود بها الملف",
        "علامات الاقتباس المنحنية (“ ”) ليست علامات اقتباس في YAML، ولا يسبق المتغيرات الرمز `$`، فتصبح هذه العلامات جزءا من النص ويقرؤها الناس على هواتفهم. استخدم علامات الاقتباس المستقيمة واكتب المتغير هكذا `{name}`.",
    }
    LIMITS_CONTRADICT = "W2007" {
        "limits that contradict each other or an outcome",
        "One person can't begin more flows than the whole service may, and an outcome that offers a retry needs a limit that lets the same person begin again. Otherwise the service promises what it then refuses.",
        "حدود يناقض بعضها بعضا أو يناقض نتيجة",
        "لا يمكن لشخص واحد أن يبدأ معاملات أكثر مما يسمح به للخدمة كلها، والنتيجة التي تعرض إعادة المحاولة تحتاج إلى حد يسمح للشخص نفسه بأن يبدأ من جديد، وإلا وعدت الخدمة بما ترفضه بعد ذلك.",
    }
}
