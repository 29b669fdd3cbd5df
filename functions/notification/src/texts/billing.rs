//! What a customer is told about money: invoices, late interest and demands (6-1, 13-1-2, Art. 19).

use ciero_domain::Language;
use ciero_domain::calendar::{Term, days};
use ciero_domain::contract::{Contract, Debt, Standing};
use ciero_domain::due_date::DueDate;
use ciero_domain::interest::Interest;
use ciero_domain::invoice::{self, Invoice};
use ciero_domain::money::Yen;
use ciero_pages::{date, yen};
use jiff::civil::Date;

use super::layout::{paragraphs, span, table, to_contact, to_the_end_of, with_tax};
use crate::letter::House;
use crate::texts::Text;

fn page(house: &House, number: u32) -> String {
    format!("{}/invoices/{number}", house.portal_url)
}

/// Writes the due date, and beside it the one before the banks' holidays if it differs (6-1).
pub(super) fn due(language: Language, due: Option<DueDate>) -> String {
    let Some(due) = due else {
        return String::new();
    };
    let effective = date(language, due.effective);
    if due.nominal == due.effective {
        return effective;
    }
    let nominal = date(language, due.nominal);
    match language {
        Language::Ja => {
            format!("{effective}（{nominal}が金融機関の休業日のため、翌営業日）")
        }
        Language::En => {
            format!("{effective} (the banks are closed on {nominal})")
        }
    }
}

/// 6-1: the invoice of a term's fee.
pub(crate) fn fee(house: &House, contract: &Contract, invoice: &Invoice, term: Term) -> Text {
    let language = contract.language;
    let service = &house.operator.service_name;
    let (name, page) = (invoice.name(), page(house, invoice.number));
    let facts = fee_facts(language, invoice, term);
    let pay = match (invoice.total_yen - invoice.credit_used_yen, language) {
        (Yen(0), Language::Ja) => "お預かり金を充当しましたので、お支払いの必要はありません。",
        (Yen(0), Language::En) => "Your credit covers it; there is nothing to pay.",
        (_, Language::Ja) => "支払期日までにお支払いくださいますよう、お願いいたします。",
        (_, Language::En) => "Please pay it by the due date.",
    };
    let (subject, body) = match language {
        Language::Ja => (
            format!("請求書を発行しました（{name}）"),
            format!(
                "\
{service}の料金の請求書を発行しましたので、お知らせいたします。

{facts}

{pay}

請求書は、サインインのうえ、次のページでご覧いただけます。印刷もできます。
{page}"
            ),
        ),
        Language::En => (
            format!("Invoice {name}"),
            format!(
                "\
We have issued an invoice for {service}.

{facts}

{pay}

After signing in you can read and print the invoice on this page:
{page}"
            ),
        ),
    };
    to_contact(contract, subject, body)
}

fn fee_facts(language: Language, invoice: &Invoice, term: Term) -> String {
    let tax = Yen(invoice.sums.iter().map(|sum| sum.tax_yen.0).sum());
    let credit = invoice.credit_used_yen;
    let if_credit = |amount: Yen| match credit {
        Yen(0) => String::new(),
        _ => yen(language, amount),
    };
    let last = invoice.last_day_to_refuse;
    let last = last.map(|last| to_the_end_of(language, last));
    let facts = [
        (language.t("請求書番号", "Invoice"), invoice.name()),
        (language.t("契約期間", "Term"), span(language, term)),
        (
            language.t("ご請求金額", "Amount"),
            with_tax(language, invoice.total_yen, tax),
        ),
        (
            language.t("お預かり金の充当", "Credit set off"),
            if_credit(credit),
        ),
        (
            language.t("お支払いいただく金額", "To be paid"),
            if_credit(invoice.total_yen - credit),
        ),
        (
            language.t("支払期日", "Due date"),
            due(language, invoice.due),
        ),
        (
            language.t("更新拒絶期限", "Last day to refuse"),
            last.unwrap_or_default(),
        ),
    ];
    table(language, &facts)
}

/// Art. 19: late interest was billed, with the calculation that the customer can repeat.
pub(crate) fn interest(
    house: &House,
    contract: &Contract,
    invoice: &Invoice,
    of: u32,
    interest: &Interest,
) -> Text {
    let language = contract.language;
    let (name, page) = (invoice.name(), page(house, invoice.number));
    let facts = interest_facts(contract, invoice, of);
    let formulas = interest.formulas(language).join("\n  ");
    let (subject, body) = match language {
        Language::Ja => (
            format!("遅延利息の請求書を発行しました（{name}）"),
            format!(
                "\
料金を支払期日の後にお支払いいただきましたので、利用規約第19条により、遅延利息を次のとおり
請求いたします。消費税はかかりません。

{facts}

計算は次のとおりです。1円未満は切り捨てています。

  {formulas}

支払期日までにお支払いくださいますよう、お願いいたします。
請求書は、サインインのうえ、次のページでご覧いただけます。印刷もできます。
{page}"
            ),
        ),
        Language::En => (
            format!("Late interest: {name}"),
            format!(
                "\
Because an invoice was paid after its due date, we charge late interest
under Article 19 of the terms. It bears no consumption tax.

{facts}

The calculation, with fractions of a yen dropped:

  {formulas}

Please pay it by the due date. After signing in you can read and print the
statement on this page:
{page}"
            ),
        ),
    };
    to_contact(contract, subject, body)
}

fn interest_facts(contract: &Contract, invoice: &Invoice, of: u32) -> String {
    let language = contract.language;
    let facts = [
        (language.t("請求書番号", "Statement"), invoice.name()),
        (
            language.t("対象の請求書", "For invoice"),
            invoice::name(&contract.id, of),
        ),
        (
            language.t("ご請求金額", "Amount"),
            yen(language, invoice.total_yen),
        ),
        (
            language.t("支払期日", "Due date"),
            due(language, invoice.due),
        ),
    ];
    table(language, &facts)
}

/// 6-1: a credit note. What was paid already is set against what is open, and the rest is kept for the next invoice.
pub(crate) fn credited(
    house: &House,
    contract: &Contract,
    note: &Invoice,
    of: u32,
    reason: &str,
) -> Text {
    let language = contract.language;
    let (name, page) = (note.name(), page(house, note.number));
    let facts = table(
        language,
        &[
            (language.t("返還請求書番号", "Credit note"), note.name()),
            (
                language.t("対象の請求書", "For invoice"),
                invoice::name(&contract.id, of),
            ),
            (
                language.t("返還金額", "Amount"),
                yen(language, Yen(-note.total_yen.0)),
            ),
            (language.t("事由", "Reason"), reason.to_owned()),
        ],
    );
    let (subject, body) = match language {
        Language::Ja => (
            format!("返還請求書を発行しました（{name}）"),
            format!(
                "\
次の請求書のご請求金額を減額し、返還請求書を発行いたしました。

{facts}

お支払い済みの金額が減額後のご請求金額を上回るときは、その差額をほかの未払いの請求書に充て、
残りをお預かり金として次の請求書に充てます。

返還請求書は、サインインのうえ、次のページでご覧いただけます。印刷もできます。
{page}"
            ),
        ),
        Language::En => (
            format!("Credit note {name}"),
            format!(
                "\
We have reduced the following invoice and issued a credit note.

{facts}

If you have paid more than the reduced amount, we set the difference against
your other open invoices and keep the rest for your next one.

After signing in you can read and print the credit note on this page:
{page}"
            ),
        ),
    };
    to_contact(contract, subject, body)
}

/// 13-1-2, 6-2: the demand. It names the period that it sets, counted from the day on which it is sent.
pub(crate) fn demand(house: &House, contract: &Contract, debt: &Debt, today: Date) -> Text {
    let language = contract.language;
    let name = invoice::name(&contract.id, debt.number);
    let page = page(house, debt.number);
    let period = date(language, days(today, i64::from(debt.grace_days)));
    let facts = demand_facts(contract, debt, &period);
    let (subject, [opening, interest, link, crossed]) = match language {
        Language::Ja => (
            format!("お支払いのお願い（催告）　請求書 {name}"),
            [
                format!(
                    "\
次の請求書は、支払期日を過ぎておりますが、お支払いを確認できておりません。
{period}までに未払いの金額をお支払いくださいますよう、本メールにより催告いたします。"
                ),
                "\
支払期日の翌日からお支払いの日の前日まで、年14.6％の割合による遅延利息を求めることが
あります（利用規約第19条）。"
                    .to_owned(),
                format!("請求書は、サインインのうえ、次のページでご覧いただけます。\n{page}"),
                "本メールと行き違いにお支払いいただいておりましたら、何とぞご容赦ください。"
                    .to_owned(),
            ],
        ),
        Language::En => (
            format!("Demand for payment: invoice {name}"),
            [
                format!(
                    "\
The following invoice is past its due date and we could not confirm its
payment. We hereby demand that you pay the open amount by {period}."
                ),
                "\
We may charge late interest of 14.6 % a year from the day after the due date
to the day before payment (Article 19 of the terms)."
                    .to_owned(),
                format!("After signing in you can read the invoice on this page:\n{page}"),
                "If your payment has crossed with this e-mail, please disregard it.".to_owned(),
            ],
        ),
    };
    let parts = [
        opening,
        facts,
        consequences(contract),
        interest,
        link,
        crossed,
    ];
    to_contact(contract, subject, paragraphs(parts))
}

fn demand_facts(contract: &Contract, debt: &Debt, period: &str) -> String {
    let language = contract.language;
    let grace = debt.grace_days;
    let until = match language {
        Language::Ja => format!("{period}（催告の日から{grace}日）"),
        Language::En => format!("{period} ({grace} days from this demand)"),
    };
    let facts = [
        (
            language.t("請求書番号", "Invoice"),
            invoice::name(&contract.id, debt.number),
        ),
        (
            language.t("ご請求金額", "Amount"),
            yen(language, debt.total),
        ),
        (
            language.t("未払いの金額", "Open"),
            yen(language, debt.open_yen()),
        ),
        (
            language.t("支払期日", "Due date"),
            date(language, debt.due_on()),
        ),
        (language.t("お支払いの期限", "Pay by"), until),
    ];
    table(language, &facts)
}

/// What may follow once the period has passed; a contract that has ended cannot be suspended any more.
fn consequences(contract: &Contract) -> String {
    if matches!(contract.standing, Standing::Ended { .. }) {
        return String::new();
    }
    let text = contract.language.t(
        "\
この期限までにお支払いを確認できないときは、利用規約により、次のことを行う場合があります。

  ・サービスのご利用（視聴、書き出し、共有など）の停止（第6条第2項）
  ・第13条第1項第2号に当たるものとしての、ご利用の停止または契約の解除。
    この場合は、すべての債務について、すぐに全額をお支払いいただきます（同条第2項）。",
        "\
If we cannot confirm payment by then, the terms allow the following:

  - We may suspend use of the service: viewing, export and sharing (Article
    6, paragraph 2).
  - Article 13, paragraph 1, item (2) then applies: we may suspend use or
    rescind the contract, and all debts are payable in full at once
    (paragraph 2).",
    );
    text.to_owned()
}
