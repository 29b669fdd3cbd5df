//! What a purge leaves, why and until when (15-3, D-05, RULES D).

use jiff::civil::{Date, date};

use super::Kept;
use crate::contract::Contract;
use crate::documents::{Bilingual, Keeping};

/// For how many months after the tax period the years of keeping begin.
const MONTHS_TO_FILE: i8 = 2;

fn month_after(year: i16, month: i8, months: i8) -> (i16, i8) {
    let months = i16::from(month) - 1 + i16::from(months);
    let month = i8::try_from(months % 12).unwrap_or_default() + 1;
    (year + months / 12, month)
}

/// Returns the last day for which a tax book of a day is kept: the years begin two months after the end of the tax period
/// that the day lies in (RULES D).
pub fn books_until(of: Date, keeping: &Keeping) -> Date {
    let ends_in = keeping.year_ends_in_month.clamp(1, 12);
    let year = of.year() + i16::from(of.month() > ends_in);
    let (year, month) = month_after(year, ends_in, MONTHS_TO_FILE + 1);
    let years = i16::try_from(keeping.books_years).unwrap_or(i16::MAX);
    // The day before the first day of that month, so many years later.
    date(year.saturating_add(years).min(9998), month, 1).saturating_sub(jiff::Span::new().days(1))
}

fn text(ja: &str, en: &str) -> Bilingual {
    Bilingual {
        ja: ja.to_owned(),
        en: en.to_owned(),
    }
}

/// Lists what is kept of a contract. `last_document_on` is the day of its newest invoice, receipt or entry.
pub fn kept(
    contract: &Contract,
    keeping: &Keeping,
    last_document_on: Date,
    has_hashes: bool,
) -> Vec<Kept> {
    let books = Some(books_until(last_document_on, keeping));
    let owed = !contract.account.debts.is_empty();
    let contact = !contract.deletion.contact_erased;
    let mut all = vec![
        Kept {
            what: text(
                "契約の記録、請求書、返還請求書および入金記録（請求書の宛先としての名称と住所を含む）",
                "Entries of the contract, invoices, credit notes and receipts, with the name and address of the recipient on each invoice",
            ),
            why: text(
                "法人税法・消費税法による帳簿書類の保存",
                "Tax books under the corporation tax and consumption tax acts",
            ),
            until: books,
        },
        Kept {
            what: text(
                "規約および第三者サービスの提供条件への同意の記録（日時・版・識別番号のみ）",
                "Records of consent to the terms and to those of third parties: time, version and a number that names nobody",
            ),
            why: text(
                "利用規約第1条第1項の証拠",
                "Proof under Article 1, paragraph 1",
            ),
            until: books,
        },
        Kept {
            what: text(
                "通知の記録（種類・日時・到達状況のみ。宛先と本文を除く）",
                "The ledger of notices: kind, time and outcome, without address or text",
            ),
            why: text("利用規約第24条の証拠", "Proof under Article 24"),
            until: books,
        },
        Kept {
            what: text(
                "運営会社の操作記録および適法な開示の記録",
                "The audit of the operator's own acts, and records of lawful disclosure",
            ),
            why: text("利用規約第21条", "Article 21"),
            until: books,
        },
    ];
    if has_hashes {
        all.push(Kept {
            what: text(
                "第13条の措置の記録（登録事項は鍵付きハッシュのみ）",
                "Measures of Article 13, with the particulars as keyed hashes only",
            ),
            why: text("利用規約第3条第4項第4号", "Article 3, paragraph 4, item 4"),
            until: None,
        });
    }
    all.extend(contact.then(|| Kept {
        what: match owed {
            true => text("名称、住所および連絡先", "Name, address and contact"),
            false => text(
                "名称および連絡先のメールアドレス",
                "Name and e-mail address of the contact",
            ),
        },
        why: match owed {
            true => text(
                "未払いの料金があるため。完済後に消去します。",
                "Something is still owed; erased once it is paid",
            ),
            false => text(
                "この証明書の送付のため。送付後に消去します。",
                "To send this certificate; erased after that",
            ),
        },
        until: None,
    }));
    all
}
