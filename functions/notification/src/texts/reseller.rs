//! What a reseller is told: its invoice of a month, with every fee on it (6-2).

use ciero_domain::Language;
use ciero_domain::documents::Reseller;
use ciero_domain::reseller::{ResellerInvoice, ResoldFee};
use ciero_pages::{date, yen};

use super::billing::due;
use super::layout::{table, with_tax};
use crate::letter::House;
use crate::texts::Text;

/// Resellers are written to in the language of the operator's settings about them.
pub(crate) const LANGUAGE: Language = Language::Ja;

/// 6-2: the consolidated invoice. A reseller has no page to sign in to, so the mail says all of it.
pub(crate) fn invoice(
    house: &House,
    reseller: &Reseller,
    invoice: &ResellerInvoice,
    fees: &[ResoldFee],
) -> Text {
    let (l, service, name) = (LANGUAGE, &house.operator.service_name, invoice.name());
    let rates = invoice.sums.iter().map(|sum| {
        let (net, tax) = (yen(l, sum.net_yen), yen(l, sum.tax_yen));
        format!("{}%対象 {net}（消費税 {tax}）", sum.tax_percent)
    });
    let facts = table(
        l,
        &[
            ("請求書番号", name.clone()),
            ("発行日", date(l, invoice.issued_on)),
            ("件数", format!("{}件", invoice.fees)),
            (
                "ご請求金額",
                with_tax(l, invoice.total_yen, invoice.tax_yen()),
            ),
            (
                "税率ごとの合計（税抜）",
                rates.collect::<Vec<String>>().join("、"),
            ),
            ("支払期日", due(l, Some(invoice.due))),
            ("発行者", house.operator.company.t(l).to_owned()),
            ("登録番号", invoice.parties.registration_number.clone()),
        ],
    );
    let lines = fees.iter().map(|fee| {
        let (text, net) = (fee.line.text.t(l), yen(l, fee.line.net_yen));
        let (customer, contract) = (&fee.customer, &fee.contract);
        let (quantity, unit) = (fee.line.quantity, yen(l, fee.line.unit_yen));
        format!("  ・{customer} 様（契約 {contract}）\n    {text}\n    {quantity}台 × {unit} ＝ {net}（税抜）")
    });
    let lines = lines.collect::<Vec<String>>().join("\n");
    Text {
        subject: format!("ご請求書（{name}）"),
        addressee: reseller.name.clone(),
        body: format!(
            "\
貴社を通じてご契約いただいたお客様の{service}の料金を、次のとおりまとめてご請求いたします。

{facts}

内訳は次のとおりです。消費税は、税率ごとの合計に対して一度だけ計算し、1円未満を切り捨てています。

{lines}

支払期日までにお支払いくださいますよう、お願いいたします。"
        ),
    }
}
