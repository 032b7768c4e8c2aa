use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use super::citizen::Citizen;
use super::photo;
use crate::words::Purpose;

/// The member `PersonalData` (protocol notes, section 4.4), complete.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PersonalData {
    #[serde(rename = "CivilID")]
    civil_id: String,
    full_name_ar: String,
    pub(super) full_name_en: String,
    nationality_ar: &'static str,
    nationality_en: &'static str,
    nationality_flag: Option<String>,
    birth_date: Option<String>,
    gender: &'static str,
    mobile_number: &'static str,
    email_address: &'static str,
    blood_group: &'static str,
    photo: String,
    card_serial: String,
    card_expiry_date: Option<&'static str>,
    document_number: Option<String>,
    passport_number: &'static str,
    gov_data: GovData,
    address: Address,
}

/// `GovData`; a real payload was seen whose key `MOIReference` ended in a space (section 4.3).
struct GovData {
    expiry: Option<&'static str>,
    spaced_key: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Address {
    governerate: &'static str,
    area: &'static str,
    paci_building_number: &'static str,
    building_type: &'static str,
    floor_number: &'static str,
    building_number: &'static str,
    block_number: &'static str,
    unit_number: &'static str,
    street_name: &'static str,
    unit_type: &'static str,
}

/// What is odd about a person's data.
#[derive(Clone, Copy, Default)]
pub(super) struct Oddities {
    pub(super) spaced_key: bool,
    pub(super) null_dates: bool,
    pub(super) huge_photo: bool,
}

impl PersonalData {
    pub(super) fn of(citizen: &Citizen, odd: Oddities) -> Self {
        let civil_no = citizen.civil_no.expose(Purpose::Wire);
        let expiry = (!odd.null_dates).then_some(EXPIRY);
        Self {
            civil_id: civil_no.to_owned(),
            full_name_ar: citizen.name.ar.clone(),
            full_name_en: citizen.name.en.clone(),
            nationality_ar: "الكويت",
            nationality_en: "KWT",
            nationality_flag: None,
            birth_date: (!odd.null_dates).then(|| format!("{}T00:00:00", citizen.birth_date)),
            gender: citizen.gender,
            mobile_number: "00000000",
            email_address: "test@example.invalid",
            blood_group: "O+",
            photo: STANDARD.encode(picture(odd.huge_photo)),
            card_serial: format!("S{}", civil_no.get(7..).unwrap_or_default()),
            card_expiry_date: expiry,
            document_number: None,
            passport_number: "P0000000",
            gov_data: GovData {
                expiry,
                spaced_key: odd.spaced_key,
            },
            address: Address {
                governerate: "العاصمة",
                area: "منطقة",
                paci_building_number: "00000000",
                building_type: "منزل",
                floor_number: "0",
                building_number: "1",
                block_number: "1",
                unit_number: "",
                street_name: "1",
                unit_type: "",
            },
        }
    }
}

impl Serialize for GovData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("CivilIdExpiryDate", &self.expiry)?;
        let key = if self.spaced_key {
            "MOIReference "
        } else {
            "MOIReference"
        };
        map.serialize_entry(key, &None::<&str>)?;
        map.serialize_entry("SponsorName", &None::<&str>)?;
        map.end()
    }
}

fn picture(huge: bool) -> Vec<u8> {
    let mut picture = photo::placeholder();
    if huge {
        // Readers of PNG stop at its end, so what follows only takes room.
        picture.resize(HUGE_PHOTO, 0);
    }
    picture
}

const EXPIRY: &str = "2101-01-01T00:00:00";
/// One mebibyte once it is base64.
const HUGE_PHOTO: usize = 768 * 1024;
