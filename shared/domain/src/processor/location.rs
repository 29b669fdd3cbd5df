//! Where a sub-processor keeps data: in Japan, and nowhere else (P-2).

use serde::{Deserialize, Serialize};

use crate::Language;
use crate::particulars::{FieldRule, line};
use crate::prefecture::Prefecture;

/// The longest location, in characters.
const MOST: usize = 120;
/// The regions that lie in Japan.
const REGIONS: [(&str, &str, &str); 2] = [
    ("ap-northeast-1", "東京リージョン", "Tokyo region"),
    ("ap-northeast-3", "大阪リージョン", "Osaka region"),
];
/// What stands between two places.
const BETWEEN: [char; 3] = ['、', ',', '，'];

/// One or more places in Japan, each a region or an address that begins with its prefecture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Location(String);

impl Location {
    /// Reads a location. What does not lie in Japan is refused.
    pub fn parse(text: &str) -> Result<Location, FieldRule> {
        let text = line(text, MOST)?;
        let places: Vec<&str> = text.split(BETWEEN).map(str::trim).collect();
        match places.iter().all(|place| in_japan(place)) {
            true => Ok(Location(places.join("、"))),
            false => Err(FieldRule::NotInJapan),
        }
    }

    /// Returns the places as people read them; in English a place is named by its prefecture.
    pub fn words(&self, language: Language) -> String {
        let places = self.0.split('、').map(|place| words(place, language));
        places.collect::<Vec<_>>().join(language.t("、", "; "))
    }

    /// Returns the location as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn in_japan(place: &str) -> bool {
    REGIONS.iter().any(|region| region.0 == place) || prefecture(place).is_some()
}

fn prefecture(place: &str) -> Option<Prefecture> {
    Prefecture::all().find(|one| place.starts_with(one.name(Language::Ja)))
}

fn words(place: &str, language: Language) -> String {
    let region = REGIONS.iter().find(|region| region.0 == place);
    match (region, language, prefecture(place)) {
        (Some((code, ja, en)), ..) => match language {
            Language::Ja => format!("日本（{ja} {code}）"),
            Language::En => format!("Japan ({en}, {code})"),
        },
        (None, Language::En, Some(prefecture)) => {
            format!("Japan ({})", prefecture.name(Language::En))
        }
        _ => place.to_owned(),
    }
}

impl TryFrom<String> for Location {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Location::parse(&text)
            .map_err(|rule| format!("{rule}: {text:?} is no place in Japan (P-2)"))
    }
}

impl From<Location> for String {
    fn from(location: Location) -> String {
        location.0
    }
}
