//! A demand (催告) in its contract: the period begins when the mail was really sent, and nothing rests on one that failed.

use anyhow::Context as _;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Command, Contract, Facts, Step};
use ciero_domain::notice::{Notice, NoticeRecord};
use ciero_runtime::{Moment, facts};
use jiff::civil::Date;

use crate::App;
use crate::letter::contract_of;

/// The channel of a demand that this function sends, and who records it.
const MAIL: &str = "mail";

/// What is needed to decide about a demand; read before its mail goes, so that little can fail after it.
pub(crate) struct Recorder {
    number: u32,
    facts: Facts,
}

impl Recorder {
    /// Prepares for a notice; `None` if it is no demand.
    pub async fn of(app: &App, notice: &Notice) -> anyhow::Result<Option<Self>> {
        let Notice::Demand { number, .. } = notice else {
            return Ok(None);
        };
        Ok(Some(Recorder {
            number: *number,
            facts: facts(app.documents.as_ref()).await?,
        }))
    }

    /// Returns what follows from the mail of a demand having been sent; `None` if the debt was settled meanwhile.
    pub async fn sent(&self, app: &App, record: &NoticeRecord) -> anyhow::Result<Option<Step>> {
        let contract = self.contract(app, record).await?;
        let command = Command::DemandSent {
            debt: self.number,
            sent_on: sent_on(record),
            channel: MAIL.to_owned(),
        };
        self.step(&contract, command, Moment(record.sent_at))
    }

    /// Returns what follows from the mail of a demand having failed; `None` if nothing rests on that mail any
    /// more, because the debt was settled or was demanded again in another way.
    pub async fn failed(
        &self,
        app: &App,
        record: &NoticeRecord,
        now: Moment,
    ) -> anyhow::Result<Option<Step>> {
        let contract = self.contract(app, record).await?;
        let debt = contract.account.debt(self.number);
        let demand = debt.and_then(|debt| debt.demand.as_ref());
        let rests_on_it = demand.is_some_and(|demand| {
            demand.channel == MAIL && demand.sent_on == Some(sent_on(record)) && !demand.failed
        });
        if !rests_on_it {
            return Ok(None);
        }
        self.step(&contract, Command::DemandFailed { debt: self.number }, now)
    }

    async fn contract(&self, app: &App, record: &NoticeRecord) -> anyhow::Result<Contract> {
        let id = record.notice.contract();
        contract_of(app, id.context("it belongs to no contract")?).await
    }

    fn step(
        &self,
        contract: &Contract,
        command: Command,
        now: Moment,
    ) -> anyhow::Result<Option<Step>> {
        let Ok(entry) = contract.decide(command, MAIL, &self.facts, now.0) else {
            return Ok(None);
        };
        let step = Step::of(Some(contract), entry, &self.facts.operator);
        Ok(Some(step.context("the entry leads to no contract")?))
    }
}

fn sent_on(record: &NoticeRecord) -> Date {
    tokyo_date(record.sent_at)
}
