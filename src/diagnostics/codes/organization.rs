use super::codes;

codes! {
    ORGANIZATION_MISSING = "E1001" {
        "there is no organization file",
        "`policies/organization.yaml` says who the service provider is: name, contacts, environments and callback addresses, as in the subscription form. Without it no service can be run.",
        "لا يوجد ملف الجهة",
        "يذكر الملف `policies/organization.yaml` من هي الجهة مقدمة الخدمة: الاسم وجهات الاتصال والبيئات وعناوين الاستقبال كما في نموذج الاشتراك. وبدونه لا تعمل أي خدمة.",
    }
    BAD_EMAIL = "E1002" {
        "not an e-mail address",
        "The authority writes to this address. It has the form `name@host.kw`, without spaces.",
        "ليس بريدا إلكترونيا",
        "تراسل الجهة المشغلة هذا العنوان. صيغته `name@host.kw` دون مسافات.",
    }
    BAD_MOBILE = "E1003" {
        "not a mobile number in Kuwait",
        "The number is written as `+965` and eight digits, in quotes, without spaces: \"+96512345678\".",
        "ليس رقم هاتف في الكويت",
        "يكتب الرقم `+965` تليه ثمانية أرقام، بين علامتي اقتباس ودون مسافات: \"+96512345678\".",
    }
    BAD_CALLBACK_URL = "E1004" {
        "not a callback base address",
        "The authority posts its answers below this address, over HTTPS with a globally trusted certificate. It begins with `https://`, names a host, and has no query, no fragment and no user name.",
        "ليس عنوان استقبال صالحا",
        "ترسل الجهة المشغلة ردودها إلى ما تحت هذا العنوان عبر HTTPS بشهادة موثوقة عالميا. يبدأ بـ `https://` ويذكر المضيف، دون استعلام ولا `#` ولا اسم مستخدم.",
    }
    ENVIRONMENT_MISSING = "E1005" {
        "a mandatory environment is missing",
        "The subscription form asks for a production and a test environment. Both have to be declared before a service can be certified.",
        "بيئة إلزامية غير موجودة",
        "يطلب نموذج الاشتراك بيئة إنتاج وبيئة اختبار، ويجب التصريح بكلتيهما قبل اعتماد أي خدمة.",
    }
    UNKNOWN_ENVIRONMENT = "E1006" {
        "unknown environment",
        "The environments of the subscription form are `production`, `test`, `dr` and `development`.",
        "بيئة غير معروفة",
        "البيئات في نموذج الاشتراك هي `production` و`test` و`dr` و`development`.",
    }
    SHARED_CALLBACK_URL = "E1007" {
        "two environments share a callback address",
        "Answers to test requests would reach production, or the other way round. Each environment has an address of its own.",
        "بيئتان تشتركان في عنوان الاستقبال",
        "ستصل ردود طلبات الاختبار إلى بيئة الإنتاج أو العكس. لكل بيئة عنوان خاص بها.",
    }
    BAD_NETWORK = "E1008" {
        "not an address range",
        "A range is an IP address with the number of fixed bits, such as `203.0.113.10/32`, and every bit after them is zero.",
        "ليس نطاق عناوين صالحا",
        "النطاق عنوان IP يليه عدد الخانات الثابتة مثل `203.0.113.10/32`، وكل ما بعدها صفر.",
    }
    THIRD_PARTY_UNDECLARED = "E1009" {
        "nothing is said about a third party",
        "The authority must know which vendor does integration work. Write the vendor's name, or `none` if there is none.",
        "لم يصرح بالطرف الثالث",
        "يجب أن تعرف الجهة المشغلة الشركة التي تنفذ الربط. اكتب اسمها أو `none` إذا لم توجد.",
    }
    PRIVATE_NETWORK = "E1010" {
        "an address range that is not public",
        "The authority sees the public addresses that requests leave from. Private, loopback and link-local ranges never reach it.",
        "نطاق عناوين غير عام",
        "ترى الجهة المشغلة العناوين العامة التي تخرج منها الطلبات. النطاقات الخاصة والمحلية لا تصل إليها أبدا.",
    }
    SAME_CONTACT = "W1001" {
        "one person is both contacts",
        "When this person is away, nobody answers, neither for the subscription nor for the integration. Name two people if you can.",
        "شخص واحد لجهتي الاتصال",
        "إذا غاب هذا الشخص فلن يجيب أحد لا عن الاشتراك ولا عن الربط. اذكر شخصين إن أمكن.",
    }
    SHARED_CERTIFICATE = "E1011" {
        "two environments share a client certificate",
        "The authority issues one certificate for development and another for production, so that a test can't reach real citizens. Give each environment the fingerprint of its own.",
        "بيئتان تشتركان في شهادة واحدة",
        "تصدر الجهة المشغلة شهادة للتطوير وأخرى للإنتاج كي لا يصل الاختبار إلى مواطنين حقيقيين. اجعل لكل بيئة بصمة شهادتها.",
    }
    BAD_LOGO = "E1012" {
        "the logo can't be used",
        "The logo is an SVG or PNG file beside the organization file, of at most 256 KiB; a PNG has 64 to 2048 pixels a side. If a digest is given, the file must be the one that was registered, since people compare it with their phone.",
        "شعار لا يمكن استخدامه",
        "الشعار ملف SVG أو PNG بجانب ملف الجهة، لا يزيد على 256 كيلوبايت، ويكون عرض صورة PNG وارتفاعها من 64 إلى 2048 نقطة. وإذا ذكرت البصمة وجب أن يكون الملف هو المسجل لأن الناس يقارنونه بما في هواتفهم.",
    }
    BAD_NODE_NAME = "E1013" {
        "not the name of a node",
        "A node is named by 1 to 64 lowercase letters, digits and hyphens, beginning with a letter.",
        "ليس اسما صالحا لعقدة",
        "يتكون اسم العقدة من 1 إلى 64 من الحروف اللاتينية الصغيرة والأرقام والشرطات، ويبدأ بحرف.",
    }
    BAD_PUSH_SAFETY = "E1014" {
        "a time that does not protect anybody",
        "A cool-off lasts from one second to one day, and its longest is no shorter than its first. After a report nothing is sent for one hour to seven days: less would let an attacker go on at once, more would lock the person out of a service they need.",
        "مدة لا تحمي أحدا",
        "مدة التهدئة بعد الرفض من ثانية إلى يوم، وأطولها لا تقل عن أولاها. وبعد البلاغ يتوقف الإرسال من ساعة إلى سبعة أيام، فأقل من ذلك يتيح للمهاجم أن يعاود فورا، وأكثر منه يحرم صاحب الهوية من خدمة يحتاجها.",
    }
}
