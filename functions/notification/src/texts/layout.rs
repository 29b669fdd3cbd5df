//! How a text about a contract is put together: facts as a table, paragraphs, and the words that several share.

use ciero_domain::Language;
use ciero_domain::calendar::Term;
use ciero_domain::contract::{Contract, Debt, Order};
use ciero_domain::invoice;
use ciero_domain::money::Yen;
use ciero_domain::prices::Quote;
use ciero_pages::{date, yen};
use jiff::civil::Date;

use crate::letter::House;
use crate::texts::{Text, addressee};

/// Addresses a text to the contact of a contract.
pub(super) fn to_contact(contract: &Contract, subject: impl Into<String>, body: String) -> Text {
    Text {
        subject: subject.into(),
        addressee: addressee(contract.language, &contract.customer),
        body,
    }
}

/// Lays facts out in two columns; a fact without a value is left out.
pub(super) fn table(language: Language, rows: &[(&str, String)]) -> String {
    let rows = rows.iter().filter(|(_, value)| !value.is_empty());
    let width = rows.clone().map(|(label, _)| label.chars().count()).max();
    let line = |(label, value): &(&str, String)| {
        let missing = width.unwrap_or(0) - label.chars().count();
        match language {
            Language::Ja => format!("  {label}{}{value}", "　".repeat(missing + 2)),
            Language::En => format!("  {label}:{}{value}", " ".repeat(missing + 2)),
        }
    };
    rows.map(line).collect::<Vec<String>>().join("\n")
}

/// Joins paragraphs; an empty one is left out.
pub(super) fn paragraphs<const N: usize>(parts: [String; N]) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<String>>().join("\n\n")
}

/// Names an order by its number and what it is for.
pub(super) fn order_named(language: Language, order: &Order) -> String {
    let (number, quote) = (order.number, &order.running.quote);
    let (days, cameras) = (quote.retention_days, quote.cameras);
    match language {
        Language::Ja => format!("注文{number}（録画の保存 {days}日間、カメラ {cameras}台）"),
        Language::En => {
            format!("order {number} (recordings kept for {days} days, cameras: {cameras})")
        }
    }
}

/// Writes a year's fee; that of a resold contract is the reseller's (6-2).
pub(super) fn yearly_fee(contract: &Contract, quote: &Quote) -> String {
    let language = contract.language;
    if contract.is_resold() {
        let theirs = language.t(
            "販売店の定めるところによります",
            "as agreed with your reseller",
        );
        return theirs.to_owned();
    }
    with_tax(language, quote.total_yen, quote.tax_yen)
}

/// Writes an amount with the tax in it.
pub(super) fn with_tax(language: Language, total: Yen, tax: Yen) -> String {
    let (total, tax) = (yen(language, total), yen(language, tax));
    match language {
        Language::Ja => format!("{total}（税込。うち消費税 {tax}）"),
        Language::En => format!("{total} with tax (consumption tax {tax})"),
    }
}

/// Writes a day that counts to its end.
pub(super) fn to_the_end_of(language: Language, on: Date) -> String {
    let on = date(language, on);
    match language {
        Language::Ja => format!("{on} 24時まで"),
        Language::En => format!("{on}, to 24:00 Japan time"),
    }
}

/// Writes a term by its first and last day.
pub(super) fn span(language: Language, term: Term) -> String {
    let (start, end) = (date(language, term.start), date(language, term.end));
    match language {
        Language::Ja => format!("{start} から {end} まで"),
        Language::En => format!("{start} to {end}"),
    }
}

/// Lists debts with what is open of each and when it was due.
pub(super) fn list<'a>(contract: &Contract, debts: impl Iterator<Item = &'a Debt>) -> String {
    let language = contract.language;
    let line = |debt: &Debt| {
        let name = invoice::name(&contract.id, debt.number);
        let open = yen(language, debt.open_yen());
        let due = date(language, debt.due_on());
        match language {
            Language::Ja => format!("  請求書 {name}　未払い {open}　支払期日 {due}"),
            Language::En => format!("  Invoice {name}: {open} open, due on {due}"),
        }
    };
    debts.map(line).collect::<Vec<String>>().join("\n")
}

/// 15-3, 15-2: what becomes of the data after the last day, and what to do until then.
pub(super) fn data_after(
    house: &House,
    contract: &Contract,
    last_day: Date,
    today: Date,
) -> String {
    let language = contract.language;
    let from = date(language, contract.data_go_on(last_day, &house.operator));
    let erased = match language {
        Language::Ja => format!(
            "録画を含むお客様のデータは、利用規約第15条第3項により、{from} 以降に消去いたします。\n消去が完了しましたら、消去証明書をお送りします。"
        ),
        Language::En => format!(
            "Your data, recordings included, will be erased from {from} on (Article\n15, paragraph 3 of the terms). A certificate follows when that is done."
        ),
    };
    if today > last_day {
        return erased;
    }
    let save = language.t(
        "\n必要な録画は、終了日までに書き出してください。",
        "\nPlease export what you need by the last day.",
    );
    format!("{erased}{save}")
}

/// What is still to be paid stays so after the end; nothing if nothing is open.
pub(super) fn still_owed(contract: &Contract) -> String {
    let language = contract.language;
    if contract.account.open_yen() == Yen(0) {
        return String::new();
    }
    let open = list(contract, contract.account.open());
    match language {
        Language::Ja => {
            format!("次の料金は、ご契約の終了後もお支払いいただく必要があります。\n\n{open}")
        }
        Language::En => {
            format!("The following remains payable after the end of the contract.\n\n{open}")
        }
    }
}
