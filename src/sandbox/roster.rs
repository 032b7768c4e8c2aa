use super::citizen::Citizen;
use super::citizen::Ending;
use crate::words::Assurance;
use crate::words::CivilNo;
use crate::words::Text;
use crate::words::Timestamp;

/// The citizens of the sandbox: the named ones, then a crowd of so many who approve at once.
///
/// The crowd is for load: a person may have only so many requests at a time. There are fewer than nine
/// thousand numbers of this kind, and the crowd ends where they end.
pub fn citizens(crowd: usize, now: Timestamp) -> Vec<Citizen> {
    let named = ROSTER.iter().filter_map(|row| row.citizen(now));
    let crowd = (FIRST_OF_THE_CROWD..=9999)
        .filter_map(|serial| Some((serial, synthetic_number(serial)?)))
        .take(crowd)
        .map(|(serial, civil_no)| one_of_the_crowd(serial, civil_no));
    named.chain(crowd).collect()
}

struct Row {
    civil_no: &'static str,
    ar: &'static str,
    en: &'static str,
    about_ar: &'static str,
    about_en: &'static str,
    assurance: Assurance,
    ending: Ending,
    gender: &'static str,
}

impl Row {
    fn citizen(&self, now: Timestamp) -> Option<Citizen> {
        let birth_date = match self.ending {
            // Fifteen until the last day of this year.
            Ending::Minor => format!("{:04}-12-31", now.in_kuwait().year.saturating_sub(16)),
            _ => ADULT.to_owned(),
        };
        Some(Citizen {
            civil_no: CivilNo::parse(self.civil_no).ok()?,
            name: Text::new(self.ar, self.en),
            about: Text::new(self.about_ar, self.about_en),
            assurance: self.assurance,
            ending: self.ending,
            birth_date,
            gender: self.gender,
            of_the_crowd: false,
        })
    }
}

fn one_of_the_crowd(serial: u16, civil_no: CivilNo) -> Citizen {
    Citizen {
        civil_no,
        name: Text::new(
            format!("مواطن اصطناعي {serial}"),
            format!("Synthetic Citizen {serial}"),
        ),
        about: Text::new("يوافق فورا (للأحمال)", "Approves at once (for load)"),
        assurance: Assurance::High,
        ending: Ending::Approves,
        birth_date: ADULT.to_owned(),
        gender: if serial.is_multiple_of(2) { "F" } else { "M" },
        of_the_crowd: true,
    }
}

/// The civil number of a serial on 2099-12-31. Serials without a number are left out, and so are those whose
/// check digit would be zero, on which public code disagrees (protocol notes, section 11).
fn synthetic_number(serial: u16) -> Option<CivilNo> {
    (1..=9).find_map(|check| CivilNo::parse(&format!("3991231{serial:04}{check}")).ok())
}

const ADULT: &str = "1990-05-17";
const FIRST_OF_THE_CROWD: u16 = 1000;

const ROSTER: &[Row] = &[
    Row {
        civil_no: "399123100017",
        ar: "مريم سالم الاصطناعي",
        en: "Mariam Salem Synthetic",
        about_ar: "توافق فورا",
        about_en: "Approves at once",
        assurance: Assurance::High,
        ending: Ending::Approves,
        gender: "F",
    },
    Row {
        civil_no: "399123100113",
        ar: "فهد ناصر الاصطناعي",
        en: "Fahad Nasser Synthetic",
        about_ar: "حر: ينتظر قرارك على هذا الهاتف",
        about_en: "Free: waits for you on this phone",
        assurance: Assurance::High,
        ending: Ending::Free,
        gender: "M",
    },
    Row {
        civil_no: "399123100025",
        ar: "يوسف بدر الاصطناعي",
        en: "Yousef Bader Synthetic",
        about_ar: "يوافق بعد ثوان",
        about_en: "Approves after some seconds",
        assurance: Assurance::Medium,
        ending: Ending::ApprovesSlowly,
        gender: "M",
    },
    Row {
        civil_no: "399123100033",
        ar: "دانة خالد الاصطناعي",
        en: "Dana Khaled Synthetic",
        about_ar: "ترفض",
        about_en: "Declines",
        assurance: Assurance::High,
        ending: Ending::Declines,
        gender: "F",
    },
    Row {
        civil_no: "399123100041",
        ar: "سعود مبارك الاصطناعي",
        en: "Saud Mubarak Synthetic",
        about_ar: "لا يرد أبدا",
        about_en: "Never answers",
        assurance: Assurance::Medium,
        ending: Ending::NeverAnswers,
        gender: "M",
    },
    Row {
        civil_no: "399123100068",
        ar: "عائشة راشد الاصطناعي",
        en: "Aisha Rashed Synthetic",
        about_ar: "ليس لديها هوية رقمية",
        about_en: "Has no Mobile ID",
        assurance: Assurance::Low,
        ending: Ending::NotEnrolled,
        gender: "F",
    },
    Row {
        civil_no: "399123100076",
        ar: "جاسم طلال الاصطناعي",
        en: "Jasem Talal Synthetic",
        about_ar: "قاصر (15 سنة) ويوافق",
        about_en: "A minor (15 years), approves",
        assurance: Assurance::High,
        ending: Ending::Minor,
        gender: "M",
    },
    Row {
        civil_no: "399123100084",
        ar: "هيا عادل الاصطناعي",
        en: "Haya Adel Synthetic",
        about_ar: "شهادتها ملغاة",
        about_en: "Certificate revoked",
        assurance: Assurance::High,
        ending: Ending::Revoked,
        gender: "F",
    },
    Row {
        civil_no: "399123100092",
        ar: "مشعل فيصل الاصطناعي",
        en: "Mishal Faisal Synthetic",
        about_ar: "شهادته منتهية",
        about_en: "Certificate expired",
        assurance: Assurance::High,
        ending: Ending::Expired,
        gender: "M",
    },
    Row {
        civil_no: "399123100105",
        ar: "لولوة حمد الاصطناعي",
        en: "Lulwa Hamad Synthetic",
        about_ar: "مستوى التحقق منخفض، وتوافق",
        about_en: "Low assurance, approves",
        assurance: Assurance::Low,
        ending: Ending::LowAssurance,
        gender: "F",
    },
    Row {
        civil_no: "399123100121",
        ar: "بدر وليد الاصطناعي",
        en: "Bader Waleed Synthetic",
        about_ar: "يفشل التحقق منه",
        about_en: "Verification fails",
        assurance: Assurance::High,
        ending: Ending::VerificationFailed,
        gender: "M",
    },
    Row {
        civil_no: "399123100148",
        ar: "عبدالرحمن محمد عبدالعزيز عبداللطيف عبدالمحسن عبدالوهاب عبدالكريم عبدالرزاق عبدالجليل عبدالحميد \
             عبدالهادي عبدالقادر آل الاصطناعي الطويل جدا",
        en: "Abdulrahman Mohammad Abdulaziz Abdullatif Abdulmohsen Abdulwahab Abdulkareem Abdulrazzaq Abduljaleel \
             Abdulhameed Abdulhadi Abdulqader Al Synthetic The Very Long",
        about_ar: "اسم طويل جدا، ويوافق",
        about_en: "A very long name, approves",
        assurance: Assurance::High,
        ending: Ending::Approves,
        gender: "M",
    },
    Row {
        civil_no: "399123100156",
        ar: "مُحَمَّدُ بْنُ عَبْدِ الرَّحْمٰنِ الاصْطِناعِيُّ",
        en: "Muḥammad bin ʿAbd ar-Raḥmān aṣ-Ṣināʿī",
        about_ar: "اسم بالتشكيل، ويوافق",
        about_en: "A name with diacritics, approves",
        assurance: Assurance::Medium,
        ending: Ending::Approves,
        gender: "M",
    },
    Row {
        civil_no: "399123100164",
        ar: "ليلى \u{202d}(LTR) 123\u{202c} الاصطناعي\u{200f}",
        en: "Layla \u{202e}citehtnyS\u{202c} <b>&amp;\u{200f}",
        about_ar: "علامات اتجاه ورموز في الاسم، وتوافق",
        about_en: "Direction marks and markup in the name, approves",
        assurance: Assurance::High,
        ending: Ending::Approves,
        gender: "F",
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::Purpose;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-22T12:00:00Z").unwrap()
    }

    #[test]
    fn every_row_is_a_citizen_with_a_number_of_its_own() {
        let all = citizens(2000, now());
        assert_eq!(all.len(), ROSTER.len() + 2000);
        let numbers: BTreeSet<_> = all
            .iter()
            .map(|citizen| citizen.civil_no.expose(Purpose::Compare).to_owned())
            .collect();
        assert_eq!(numbers.len(), all.len());
        assert!(numbers.iter().all(|number| number.starts_with("3991231")));
    }

    #[test]
    fn every_ending_is_lived_by_somebody() {
        let all = citizens(0, now());
        for ending in Ending::ALL {
            assert!(
                all.iter().any(|citizen| citizen.ending == ending),
                "{}",
                ending.as_str()
            );
        }
    }

    #[test]
    fn the_minor_is_fifteen_and_everybody_else_is_grown_up() {
        for citizen in citizens(3, now()) {
            let expected = if citizen.ending == Ending::Minor {
                "2010-12-31"
            } else {
                "1990-05-17"
            };
            assert_eq!(citizen.birth_date, expected);
        }
    }

    #[test]
    fn the_crowd_ends_where_the_numbers_end() {
        assert!((5000..9000).contains(&citizens(usize::MAX, now()).len()));
    }

    #[test]
    fn a_name_for_a_certificate_is_short_and_plain() {
        for citizen in citizens(1, now()) {
            let name = citizen.certificate_name();
            assert!(!name.is_empty() && name.len() <= 64 && name.is_ascii());
        }
    }
}
