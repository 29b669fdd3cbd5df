//! What each entry of a contract's history says to people.

use jiff::civil::Date;

use super::history::ReminderOutcome;
use super::{Contract, DebtKind, Demand, Draft, Entry, Event, Line, MeasureGround, Order, Status};
use crate::Language;
use crate::calendar::{Term, written};
use crate::documents::Bilingual;
use crate::invoice;
use crate::money::Yen;

/// Describes an entry; `contract` is the contract after it.
pub(super) fn line(contract: &Contract, entry: &Entry, status: Status) -> Line {
    let (clause, reading) = entry.event.clause();
    let text = |language| Teller { contract, language }.tell(&entry.event);
    Line {
        on: entry.on,
        status,
        clause: clause.to_owned(),
        reading: reading.to_owned(),
        text: Bilingual {
            ja: text(Language::Ja),
            en: text(Language::En),
        },
    }
}

/// Adds the interest that waits for a decision; a customer learns of it when it is billed (D-29).
pub(super) fn add_drafts(line: &mut Line, drafts: &[(u32, Draft)]) {
    let yen = Yen(drafts.iter().map(|(_, draft)| draft.interest.total.0).sum());
    if yen > Yen(0) {
        line.text.ja.push_str(&format!("遅延利息の案 {yen}円。"));
        line.text
            .en
            .push_str(&format!(" Interest drafted: {yen} yen."));
    }
}

/// Describes what a debt is for.
pub fn debt_text(kind: DebtKind, language: Language) -> String {
    match (kind, language) {
        (DebtKind::Fee { order, term }, Language::Ja) => {
            format!("注文{order}・第{term}期の年額利用料")
        }
        (DebtKind::Fee { order, term }, Language::En) => {
            format!("Fee of order {order}, term {term}")
        }
        (DebtKind::Interest { of }, Language::Ja) => format!("請求書{of:04}の遅延利息"),
        (DebtKind::Interest { of }, Language::En) => format!("Late interest on {of:04}"),
    }
}

/// Tells events of one contract in one language.
struct Teller<'a> {
    contract: &'a Contract,
    language: Language,
}

impl Teller<'_> {
    fn tell(&self, event: &Event) -> String {
        self.of_orders(event)
            .or_else(|| self.of_money(event))
            .or_else(|| self.of_measures(event))
            .or_else(|| self.of_particulars(event))
            .unwrap_or_default()
    }

    fn say(&self, ja: String, en: String) -> Option<String> {
        Some(match self.language {
            Language::Ja => ja,
            Language::En => en,
        })
    }

    fn day(&self, on: Date) -> String {
        written(self.language, on)
    }

    fn name(&self, number: u32) -> String {
        invoice::name(&self.contract.id, number)
    }

    /// Writes a day of the term that an order is in.
    fn of_term(&self, order: u16, day: impl Fn(&Term) -> Date) -> String {
        let order = self.contract.order(order);
        order.map_or_else(String::new, |order: &Order| {
            self.day(day(&order.running.term))
        })
    }

    /// Formation, orders, reminders, renewals, ends and the deletion of data (3-3, 11, 15).
    fn of_orders(&self, event: &Event) -> Option<String> {
        match event {
            Event::Formed { contract } => {
                let term = contract.orders.first()?.first_term;
                let (start, end) = (self.day(term.start), self.day(term.end));
                self.say(
                    format!("契約が成立しました。利用開始日 {start}、満了日 {end}。"),
                    format!("The contract was formed. It starts on {start} and expires on {end}."),
                )
            }
            Event::OrderAccepted { order } => {
                let (number, start) = (order.number, self.day(order.first_term.start));
                self.say(
                    format!("注文{number}を承諾。利用開始日 {start}。"),
                    format!("Order {number} was accepted; it starts on {start}."),
                )
            }
            Event::Reminded {
                order,
                days_before,
                outcome: ReminderOutcome::Asked,
                ..
            } => {
                let last = self.of_term(*order, |term| term.last_day_to_refuse);
                self.say(
                    format!("注文{order}の更新のお知らせ（満了{days_before}日前）。更新拒絶期限 {last}。"),
                    format!("Reminder of the renewal of order {order}, {days_before} days before expiry; last day to refuse {last}."),
                )
            }
            Event::Reminded {
                order, days_before, ..
            } => self.say(
                format!("注文{order}の更新のお知らせ（満了{days_before}日前）は時期を過ぎたため送付せず。"),
                format!("The reminder {days_before} days before expiry of order {order} was overtaken and not sent."),
            ),
            Event::Renewed {
                order, term, quote, ..
            } => {
                let (end, yen) = (self.of_term(*order, |term| term.end), quote.total_yen);
                self.say(
                    format!("注文{order}は第{term}期に自動更新（満了日 {end}、年額{yen}円）。"),
                    format!("Order {order} was renewed for term {term} (expires on {end}, {yen} yen a year)."),
                )
            }
            Event::Expired { order, .. } => self.say(
                format!("注文{order}は満了しました。"),
                format!("Order {order} ran out."),
            ),
            Event::BackupReminded {
                last,
                outcome: ReminderOutcome::Asked,
            } => {
                let last = self.day(*last);
                self.say(
                    format!("録画等の保存のご案内。終了日 {last} まで書き出せます。"),
                    format!("Reminder to save recordings and data; they can be saved until {last}."),
                )
            }
            Event::BackupReminded { .. } => self.say(
                "録画等の保存のご案内は時期を過ぎたため送付せず。".to_owned(),
                "The reminder to save recordings and data was overtaken and not sent.".to_owned(),
            ),
            Event::RefusalReceived {
                order,
                last_day,
                refused,
                ..
            } => {
                let (receipt, last) = (&refused.receipt, self.day(*last_day));
                self.say(
                    format!("注文{order}の更新拒絶を受付（{receipt}）。満了日 {last} で終了。"),
                    format!("The renewal of order {order} was refused ({receipt}); it ends on {last}."),
                )
            }
            Event::CancellationReceived { ending } => {
                let (receipt, on) = (&ending.receipt, self.day(ending.on));
                self.say(
                    format!("解約を受付（{receipt}）。終了日 {on}、返金なし。"),
                    format!("The contract was cancelled ({receipt}); it ends on {on}, nothing is refunded."),
                )
            }
            Event::PurgeBegun => self.say(
                "お客様のデータの消去を開始。".into(),
                "The deletion of the customer's data begins.".into(),
            ),
            Event::Purged => self.say(
                "お客様のデータの消去を完了し、証明書を発行。".into(),
                "The customer's data are deleted and a certificate is issued.".into(),
            ),
            Event::ContactErased => self.say(
                "証明書の送付後、ご連絡先を消去。".into(),
                "Name and address are erased after the certificate was sent.".into(),
            ),
            Event::RecoveryCopiesGone => self.say(
                "復元用の控えも期限を迎え、その旨の証明書を発行。".into(),
                "The last recovery copy has expired, which a second statement certifies.".into(),
            ),
            Event::ServiceEndSet { ending } => {
                let on = self.day(ending.on);
                self.say(
                    format!("サービスの最終日は {on} に決まりました。"),
                    format!("The last day of the service is {on}."),
                )
            }
            Event::EndReached { .. } => {
                self.say("契約が終了しました。".into(), "The contract ended.".into())
            }
            _ => None,
        }
    }

    /// Invoices, payments, credit and interest (6-1, 19).
    fn of_money(&self, event: &Event) -> Option<String> {
        match event {
            Event::Invoiced {
                order,
                term,
                debt: Some(debt),
                ..
            } => {
                let (name, yen) = (self.name(debt.number), debt.total);
                let due = self.day(debt.due.effective);
                self.say(
                    format!("注文{order}・第{term}期の請求書 {name}：{yen}円、支払期日 {due}。"),
                    format!(
                        "Invoice {name} for order {order}, term {term}: {yen} yen, due on {due}."
                    ),
                )
            }
            Event::Invoiced { order, term, .. } => self.say(
                format!("注文{order}・第{term}期を販売店へ請求。"),
                format!("Order {order}, term {term} is billed to the reseller."),
            ),
            Event::ReceiptRecorded { receipt, lifts, .. } => {
                let (yen, reference) = (receipt.yen, &receipt.reference);
                let lifted = match lifts {
                    true => self
                        .language
                        .t("利用停止を解除。", " The suspension is lifted."),
                    false => "",
                };
                self.say(
                    format!("入金 {yen}円（{reference}）。{lifted}"),
                    format!("{yen} yen received ({reference}).{lifted}"),
                )
            }
            Event::Credited(credit) => {
                let (note, name) = (self.name(credit.number), self.name(credit.debt));
                let yen = credit.yen;
                self.say(
                    format!("返還請求書 {note}：請求書 {name} から {yen}円。"),
                    format!("Credit note {note} of {yen} yen for {name}."),
                )
            }
            Event::InterestBilled { of, debt, .. } => {
                let (name, yen, note) = (self.name(*of), debt.total, self.name(debt.number));
                self.say(
                    format!("請求書 {name} の遅延利息 {yen}円を請求（{note}）。"),
                    format!("Interest of {yen} yen on {name} was billed ({note})."),
                )
            }
            Event::InterestWaived { of, .. } => {
                let name = self.name(*of);
                self.say(
                    format!("請求書 {name} の遅延利息を免除。"),
                    format!("The interest on {name} was waived."),
                )
            }
            _ => None,
        }
    }

    /// Demands, suspensions and rescissions (6-2, 13, 17-2).
    fn of_measures(&self, event: &Event) -> Option<String> {
        match event {
            Event::Demanded { debt, demand } => self.demand(*debt, demand),
            Event::SuspendedForNonPayment { debt, .. } => {
                let name = self.name(*debt);
                self.say(
                    format!("請求書 {name} が未払いのため利用を停止。"),
                    format!("Use is suspended because {name} is unpaid."),
                )
            }
            Event::Suspended { measure } if measure.ground == MeasureGround::Arrears => self.say(
                "お支払いを確認できないため利用を停止。".into(),
                "Use is suspended because payment is not confirmed.".into(),
            ),
            Event::Suspended { measure } => {
                let ground = measure.ground.sentence(self.language);
                self.say(
                    format!("利用を停止（{ground}）。全債務の期限が到来。"),
                    format!("Use is suspended ({ground}); all debts are due."),
                )
            }
            Event::Lifted { .. } => self.say(
                "利用停止を解除。".into(),
                "The suspension was lifted.".into(),
            ),
            Event::RescissionProposed { .. } => self.say(
                "解除が提案されました。".into(),
                "A rescission was proposed.".into(),
            ),
            Event::ProposalWithdrawn { .. } => self.say(
                "解除の提案を撤回。".into(),
                "The proposal to rescind was withdrawn.".into(),
            ),
            Event::Rescinded { measure } => {
                let ground = measure.ground.sentence(self.language);
                self.say(
                    format!("契約を解除（{ground}）。全債務の期限が到来。"),
                    format!("The contract was rescinded ({ground}); all debts are due."),
                )
            }
            _ => None,
        }
    }

    /// Changes of particulars (4, 17-1-10).
    fn of_particulars(&self, event: &Event) -> Option<String> {
        match event {
            Event::ChangeReceived { change } => self.say(
                format!(
                    "登録事項の変更のお知らせを受付（{}）。確認します。",
                    change.receipt
                ),
                format!(
                    "A change of particulars was received ({}) and is being looked at.",
                    change.receipt
                ),
            ),
            Event::ParticularsRegistered { change } => {
                let on = self.day(change.effective_on);
                self.say(
                    format!("登録事項を変更（{on}から。{}）。", change.receipt),
                    format!("The particulars changed as of {on} ({}).", change.receipt),
                )
            }
            Event::ChangeRefused { receipt, reason } => self.say(
                format!("登録事項の変更（{receipt}）は反映しませんでした：{reason}"),
                format!("The change of particulars ({receipt}) was not taken over: {reason}"),
            ),
            Event::MovedAbroad { departure } => self.say(
                format!(
                    "国外への移転のお知らせを受付（{}）。担当者が確認します。",
                    departure.receipt
                ),
                format!(
                    "A move abroad was notified ({}); a person looks at it.",
                    departure.receipt
                ),
            ),
            _ => None,
        }
    }

    fn demand(&self, debt: u32, demand: &Demand) -> Option<String> {
        let name = self.name(debt);
        match (demand.failed, demand.sent_on) {
            (true, _) => self.say(
                format!("請求書 {name} の催告は届きませんでした。"),
                format!("The demand for {name} did not arrive."),
            ),
            (false, Some(day)) => {
                let day = self.day(day);
                self.say(
                    format!("請求書 {name} の催告を発送（{day}）。"),
                    format!("The demand for {name} was sent on {day}."),
                )
            }
            (false, None) => self.say(
                format!("請求書 {name} の支払いを催告。"),
                format!("Payment of {name} is demanded."),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dates_are_written_as_people_read_them() {
        let start = jiff::civil::date(2026, 4, 1);
        let (contract, formed) = crate::samples::contract(start);
        let line = line(&contract, &formed, Status::Done);
        assert!(line.text.ja.contains("満了日 2027年3月31日"), "{line:?}");
        assert!(
            line.text.en.contains("expires on 31 March 2027"),
            "{line:?}"
        );
    }
}
