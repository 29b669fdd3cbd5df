//! 再委託先: whom the service hands customers' data to, for what, where, and under which promise of secrecy (10, 21-1, 22-3).

mod location;
mod register;
#[cfg(test)]
mod tests;

pub use location::Location;
pub use register::{Act, Change, Proposal, Refusal, Register, on, uncovered};

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Language;
use crate::documents::{Bilingual, Operator};
use crate::prices::PriceList;
use crate::rules::rules;

rules! {
    /// What kind of data is handed over.
    DataClass {
        Registered => ("registered", "登録情報", "Registered data"),
        Billing => ("billing", "請求・支払の情報", "Billing and payment data"),
        Recordings => ("recordings", "映像などの送信データ", "Recordings and other sent data"),
    }
}

impl DataClass {
    /// Returns the class of a code.
    pub fn parse(code: &str) -> Option<DataClass> {
        DataClass::ALL
            .iter()
            .copied()
            .find(|one| one.code() == code)
    }
}

/// For what the service hands data to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Use {
    /// Recordings, tables, files and accounts are kept there.
    Storage,
    /// Notices are sent by mail.
    Mail,
    /// Fees are collected from bank accounts (口座振替).
    AccountTransfer,
    /// Fees are collected by credit card.
    Card,
    /// The reseller of this code is billed for its customers (6-2).
    Reseller(String),
}

/// The ways of paying by which somebody else collects, as a price list names them to the customer.
const COLLECTED: [(Use, &[&str]); 2] = [
    (
        Use::AccountTransfer,
        &["口座振替", "account transfer", "direct debit"],
    ),
    (
        Use::Card,
        &[
            "クレジットカード",
            "カード払い",
            "credit card",
            "card payment",
        ],
    ),
];

impl Use {
    /// The uses whose code is the same for every operator.
    pub const FIXED: [Use; 4] = [Use::Storage, Use::Mail, Use::AccountTransfer, Use::Card];

    /// Returns the use of a code; that of a reseller is `reseller/` and the reseller's own code.
    pub fn parse(code: &str) -> Option<Use> {
        match code.strip_prefix("reseller/") {
            Some("") => None,
            Some(reseller) => Some(Use::Reseller(reseller.to_owned())),
            None => Use::FIXED.into_iter().find(|one| one.code() == code),
        }
    }

    /// Returns the stable code that machines read.
    pub fn code(&self) -> String {
        match self {
            Use::Storage => "storage".to_owned(),
            Use::Mail => "mail".to_owned(),
            Use::AccountTransfer => "account_transfer".to_owned(),
            Use::Card => "card".to_owned(),
            Use::Reseller(code) => format!("reseller/{code}"),
        }
    }

    /// Returns the words that people read.
    pub fn words(&self, language: Language) -> String {
        match self {
            Use::Storage => language
                .t("録画とデータの保管", "Keeping recordings and data")
                .to_owned(),
            Use::Mail => language.t("メールの送信", "Sending mail").to_owned(),
            Use::AccountTransfer => language
                .t("口座振替による集金", "Collection by account transfer")
                .to_owned(),
            Use::Card => language
                .t("クレジットカードによる集金", "Collection by credit card")
                .to_owned(),
            Use::Reseller(code) => format!(
                "{} {code}",
                language.t("販売店への請求", "Billing the reseller")
            ),
        }
    }

    /// Returns the classes of data that the use cannot do without.
    pub fn data(&self) -> &'static [DataClass] {
        match self {
            Use::Storage => DataClass::ALL,
            _ => &[DataClass::Registered, DataClass::Billing],
        }
    }

    /// Returns every use that the operator's settings and the price lists in force or to come make of somebody else. The
    /// service always keeps data and sends mail.
    pub fn all<'a>(
        operator: &Operator,
        lists: impl Iterator<Item = &'a PriceList>,
    ) -> BTreeSet<Use> {
        let mut uses = BTreeSet::from([Use::Storage, Use::Mail]);
        let codes = operator.resellers.iter().map(|reseller| &reseller.code);
        uses.extend(codes.cloned().map(Use::Reseller));
        for list in lists {
            let text = format!("{} {}", list.payment_ja, list.payment_en.to_lowercase());
            let named = COLLECTED
                .iter()
                .filter(|(_, words)| words.iter().any(|word| text.contains(word)));
            uses.extend(named.map(|(way, _)| way.clone()));
        }
        uses
    }
}

impl TryFrom<String> for Use {
    type Error = String;
    fn try_from(code: String) -> Result<Self, String> {
        Use::parse(&code).ok_or_else(|| format!("there is no use {code:?} of data"))
    }
}

impl From<Use> for String {
    fn from(one: Use) -> String {
        one.code()
    }
}

/// One entry of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processor {
    /// A short name that stays: small letters, digits and hyphens.
    pub id: String,
    pub name: Bilingual,
    pub task: Bilingual,
    /// What it carries out for the service.
    pub uses: BTreeSet<Use>,
    /// What it is handed.
    pub data: Vec<DataClass>,
    pub location: Location,
    /// The number of the confidentiality agreement; whoever is handed data has one (22-3).
    #[serde(default)]
    pub nda: Option<String>,
    pub since: Date,
    /// The last day, once it is known.
    #[serde(default)]
    pub until: Option<Date>,
}

impl Processor {
    /// Checks what an entry must say whatever it is used for.
    pub fn check(&self) -> Result<(), Refusal> {
        if !self.data.is_empty() && self.nda.is_none() {
            return Err(Refusal::NoNda);
        }
        match self.until.is_some_and(|until| until < self.since) {
            true => Err(Refusal::EndsTooEarly),
            false => Ok(()),
        }
    }

    /// Tells whether it carries out its task on a day.
    pub fn is_active(&self, day: Date) -> bool {
        self.since <= day && self.until.is_none_or(|until| day <= until)
    }

    /// Tells whether it may carry out a use from a day on, without an end in sight.
    fn covers(&self, one: &Use, day: Date) -> bool {
        let handed = one.data().iter().all(|class| self.data.contains(class));
        let stays = self.is_active(day) && self.until.is_none();
        stays && handed && self.nda.is_some() && self.uses.contains(one)
    }
}
