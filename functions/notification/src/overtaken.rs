//! A notice that had become untrue before it could be sent: its line in the ledger, and the case of a missed last
//! reminder (Art. 11, 24).

use ciero_domain::Language;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Case, CaseKind, Contract, Work, stable_id};
use ciero_domain::ids::MessageId;
use ciero_domain::notice::{Notice, NoticeRecord, Outcome};
use ciero_ports::{CommitError, Decision, Write, WriteKind};
use ciero_runtime::Moment;

use crate::App;
use crate::deliver::Delivered;
use crate::letter::contract_of;

/// The last reminder of a renewal, in days before the expiry date.
const LAST_REMINDER: u16 = 31;

/// Writes that a notice was not sent, and opens the case of a last reminder that came too late, in one transaction.
pub(crate) async fn write_down(
    app: &App,
    id: &MessageId,
    notice: &Notice,
    now: Moment,
) -> anyhow::Result<Delivered> {
    let contract = match notice.contract() {
        Some(contract) => Some(contract_of(app, contract).await?),
        None => None,
    };
    let record = NoticeRecord {
        id: id.clone(),
        notice: notice.clone(),
        to: String::new(),
        language: contract
            .as_ref()
            .map_or(Language::Ja, |contract| contract.language),
        content_hash: String::new(),
        sent_at: now.0,
        mail_id: String::new(),
        version: 1,
        outcome: Outcome::NotSent { at: now.0 },
        posted: None,
    };
    // The line comes first: a doubled message meets it, and with it everything else.
    let mut decision = Decision::of(Write::Notice(Box::new(record)));
    if let Some(case) = contract.and_then(|contract| missed(&contract, notice, now)) {
        tracing::error!(case = %case.id, about = case.about, "the last reminder of a renewal was missed");
        decision = decision.and(Write::Case(Box::new(case)));
    }
    match app.commit(&decision).await {
        Ok(()) => Ok(Delivered::Overtaken),
        Err(CommitError::Conflict(WriteKind::Once)) => Ok(Delivered::Already),
        Err(error) => Err(error.into()),
    }
}

/// Art. 11: the case of a last reminder whose mail came after the last day to refuse, though the renewal was never
/// refused. One that a refusal or an end made untrue was not missed. The case is named as the one that opens when the
/// reminder's own work is late.
fn missed(contract: &Contract, notice: &Notice, now: Moment) -> Option<Case> {
    let Notice::RenewalReminder {
        order,
        term,
        days_before: LAST_REMINDER,
        ..
    } = notice
    else {
        return None;
    };
    let number = *order;
    let order = contract.order(number)?;
    let running = &order.running;
    let too_late = tokyo_date(now.0) > running.term.last_day_to_refuse;
    let would_renew = running.number == *term && order.renews() && too_late;
    if !would_renew && running.number <= *term {
        return None;
    }
    let about = Work::Reminder {
        order: number,
        term: *term,
        days_before: LAST_REMINDER,
    }
    .effect();
    Some(Case {
        id: stable_id(&contract.id, &format!("case/{about}")),
        version: 1,
        kind: CaseKind::LastReminderMissed,
        contract: contract.id.clone(),
        opened_at: now.0,
        about,
        closed: None,
    })
}
