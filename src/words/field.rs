use serde::Deserialize;
use serde::Serialize;

/// What the authority can say of a person (R000-027 to R000-035); one variant per member of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldSource {
    /// The civil number; always asked for.
    CivilNo,
    /// The full name in Arabic.
    NameAr,
    /// The full name in Latin letters.
    NameEn,
    /// The nationality in Arabic.
    NationalityAr,
    /// The nationality as the authority's code or English name.
    NationalityEn,
    /// The date of birth.
    BirthDate,
    /// The gender, `M` or `F`.
    Gender,
    /// The mobile number.
    MobileNumber,
    /// The e-mail address.
    EmailAddress,
    /// The blood group.
    BloodGroup,
    /// The portrait, base64 as the authority sent it.
    Photo,
    /// The serial number of the card.
    CardSerial,
    /// The date on which the card expires.
    CardExpiry,
    /// The document number.
    DocumentNumber,
    /// The passport number.
    PassportNumber,
    /// The address, on one line.
    Address,
}

impl FieldSource {
    /// Every source, in the order of the form.
    pub const ALL: [Self; 16] = [
        Self::CivilNo,
        Self::NameAr,
        Self::NameEn,
        Self::NationalityAr,
        Self::NationalityEn,
        Self::BirthDate,
        Self::Gender,
        Self::MobileNumber,
        Self::EmailAddress,
        Self::BloodGroup,
        Self::Photo,
        Self::CardSerial,
        Self::CardExpiry,
        Self::DocumentNumber,
        Self::PassportNumber,
        Self::Address,
    ];

    /// The name used in files and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CivilNo => "civil_no",
            Self::NameAr => "name_ar",
            Self::NameEn => "name_en",
            Self::NationalityAr => "nationality_ar",
            Self::NationalityEn => "nationality_en",
            Self::BirthDate => "birth_date",
            Self::Gender => "gender",
            Self::MobileNumber => "mobile_number",
            Self::EmailAddress => "email_address",
            Self::BloodGroup => "blood_group",
            Self::Photo => "photo",
            Self::CardSerial => "card_serial",
            Self::CardExpiry => "card_expiry",
            Self::DocumentNumber => "document_number",
            Self::PassportNumber => "passport_number",
            Self::Address => "address",
        }
    }

    /// Reads the name used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }

    /// What citizens call this field: (Arabic, English).
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::CivilNo => ("الرقم المدني", "Civil number"),
            Self::NameAr => ("الاسم بالعربية", "Name in Arabic"),
            Self::NameEn => ("الاسم بالإنجليزية", "Name in English"),
            Self::NationalityAr => ("الجنسية", "Nationality (Arabic)"),
            Self::NationalityEn => ("الجنسية بالإنجليزية", "Nationality"),
            Self::BirthDate => ("تاريخ الميلاد", "Date of birth"),
            Self::Gender => ("الجنس", "Gender"),
            Self::MobileNumber => ("رقم الهاتف النقال", "Mobile number"),
            Self::EmailAddress => ("البريد الإلكتروني", "E-mail address"),
            Self::BloodGroup => ("فصيلة الدم", "Blood group"),
            Self::Photo => ("الصورة الشخصية", "Photo"),
            Self::CardSerial => ("الرقم التسلسلي للبطاقة", "Card serial number"),
            Self::CardExpiry => ("تاريخ انتهاء البطاقة", "Card expiry date"),
            Self::DocumentNumber => ("رقم المستند", "Document number"),
            Self::PassportNumber => ("رقم جواز السفر", "Passport number"),
            Self::Address => ("العنوان", "Address"),
        }
    }
}

/// The name of a field that a service declares: a [`FieldSource`], or a claim derived from one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FieldName(String);

/// The text names neither a source nor a claim that can be derived.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no field of the person and no derived claim")]
pub struct FieldNameError(pub String);

/// A declared field: where it comes from and what is derived from it before the rest is dropped (law 7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    /// The value as the authority sent it.
    Plain(FieldSource),
    /// `age_over_N`: true if the person is at least N years old on the day of the flow, in Kuwait.
    AgeOver(u8),
    /// `card_valid`: true if the card has not expired on the day of the flow, in Kuwait.
    CardValid,
    /// `is_kuwaiti`: true if the nationality is Kuwait's.
    IsKuwaiti,
    /// `resident`: true if the nationality is another than Kuwait's, so the person lives here by a residence permit.
    Resident,
    /// `valid_for_Nd`: true if the card is still valid so many days after the day of the flow, in Kuwait.
    ValidFor(u16),
}

impl Field {
    /// Reads a declared name.
    ///
    /// # Errors
    /// When the name is neither a source nor a derived claim.
    pub fn parse(name: &str) -> Result<Self, FieldNameError> {
        let unknown = || FieldNameError(name.to_owned());
        if let Some(source) = FieldSource::from_name(name) {
            return Ok(Self::Plain(source));
        }
        match name {
            "card_valid" => return Ok(Self::CardValid),
            "is_kuwaiti" => return Ok(Self::IsKuwaiti),
            "resident" => return Ok(Self::Resident),
            _ => {}
        }
        let plain = |number: &str| {
            !number.is_empty() && !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit())
        };
        if let Some(days) = name
            .strip_prefix("valid_for_")
            .and_then(|rest| rest.strip_suffix('d'))
        {
            return match days.parse::<u16>() {
                Ok(number @ 1..=MOST_DAYS) if plain(days) => Ok(Self::ValidFor(number)),
                _ => Err(unknown()),
            };
        }
        let years = name.strip_prefix("age_over_").ok_or_else(unknown)?;
        match years.parse::<u8>() {
            Ok(number @ 1..=120) if plain(years) => Ok(Self::AgeOver(number)),
            _ => Err(unknown()),
        }
    }

    /// The declared name.
    pub fn name(&self) -> FieldName {
        FieldName(match self {
            Self::Plain(source) => source.as_str().to_owned(),
            Self::AgeOver(years) => format!("age_over_{years}"),
            Self::CardValid => "card_valid".to_owned(),
            Self::IsKuwaiti => "is_kuwaiti".to_owned(),
            Self::Resident => "resident".to_owned(),
            Self::ValidFor(days) => format!("valid_for_{days}d"),
        })
    }

    /// The member of the authority's answer that the field is made from.
    pub const fn source(&self) -> FieldSource {
        match self {
            Self::Plain(source) => *source,
            Self::AgeOver(_) => FieldSource::BirthDate,
            Self::CardValid | Self::ValidFor(_) => FieldSource::CardExpiry,
            Self::IsKuwaiti | Self::Resident => FieldSource::NationalityEn,
        }
    }

    /// What citizens call this field.
    pub fn label(&self) -> super::Text {
        match self {
            Self::Plain(source) => {
                let (ar, en) = source.label();
                super::Text::new(ar, en)
            }
            Self::AgeOver(years) => super::Text::new(
                format!("بلوغ سن {years} سنة"),
                format!("Is {years} years old or older"),
            ),
            Self::CardValid => super::Text::new("سريان البطاقة المدنية", "Civil ID card is valid"),
            Self::IsKuwaiti => super::Text::new("كويتي الجنسية", "Is a Kuwaiti national"),
            Self::Resident => super::Text::new("مقيم في الكويت", "Is a resident of another nationality"),
            Self::ValidFor(days) => super::Text::new(
                format!("سريان البطاقة المدنية لمدة {days} يوماً"),
                format!("Civil ID card is valid for {days} more days"),
            ),
        }
    }
}

impl FieldName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for FieldName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for FieldName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Field::parse(&text)
            .map(|field| field.name())
            .map_err(serde::de::Error::custom)
    }
}

/// Ten years: no card is valid for longer.
const MOST_DAYS: u16 = 3_660;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_read_back() {
        for source in FieldSource::ALL {
            assert_eq!(Field::parse(source.as_str()), Ok(Field::Plain(source)));
        }
    }

    #[test]
    fn derived_claims_name_their_source() {
        let adult = Field::parse("age_over_21").unwrap();
        assert_eq!(
            (adult.source(), adult.name().as_str()),
            (FieldSource::BirthDate, "age_over_21")
        );
    }

    // R000-032: a claim says what is needed and nothing more.
    #[test]
    fn every_derived_claim_is_read_back() {
        for (name, source) in [
            ("age_over_18", FieldSource::BirthDate),
            ("card_valid", FieldSource::CardExpiry),
            ("valid_for_90d", FieldSource::CardExpiry),
            ("is_kuwaiti", FieldSource::NationalityEn),
            ("resident", FieldSource::NationalityEn),
        ] {
            let field = Field::parse(name).unwrap();
            assert_eq!((field.name().as_str(), field.source()), (name, source));
        }
    }

    #[test]
    fn nonsense_is_no_field() {
        for bad in [
            "valid_for_",
            "valid_for_d",
            "valid_for_0d",
            "valid_for_090d",
            "valid_for_90",
            "valid_for_9999d",
            "valid_for_+9d",
            "",
            "age_over_",
            "age_over_0",
            "age_over_018",
            "age_over_121",
            "age_over_+5",
            "Photo",
            "*",
        ] {
            assert!(Field::parse(bad).is_err(), "{bad}");
        }
    }
}
