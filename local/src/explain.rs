//! `ciero explain`: what was and what will be due for a contract, each line with its clause.

use anyhow::{Context as _, Result, ensure};
use ciero_domain::Language;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::{Audience, Hypothesis, Line, Status, explain};
use ciero_domain::ids::ContractId;
use ciero_ports::{Contracts, Watch};
use ciero_runtime::{facts, sdk_config_from};
use ciero_store::Store;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

/// Which contract, and what is asked about it.
#[derive(Args)]
pub struct ExplainArgs {
    /// The contract's number, c-….
    contract: String,
    /// The day whose knowledge counts; today by the service's clock, or the last event's day if that is later.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// What would follow: refuse@DATE, cancel@DATE or pay@DATE.
    #[arg(long = "if", value_name = "WHAT@DATE", value_parser = hypothesis)]
    hypothesis: Option<Hypothesis>,
    /// Write English instead of Japanese.
    #[arg(long)]
    english: bool,
    /// Port of the AWS APIs of a running `ciero up`; AWS_ENDPOINT_URL wins.
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
}

fn hypothesis(text: &str) -> Result<Hypothesis, String> {
    Hypothesis::parse(text)
        .ok_or_else(|| "refuse@DATE, cancel@DATE or pay@DATE is needed".to_owned())
}

/// Prints the explanation of a contract.
pub async fn run(args: ExplainArgs) -> Result<()> {
    let id = ContractId::parse(&args.contract)?;
    let store = store(args.aws_port)?;
    let history = store.history(&id).await?;
    ensure!(!history.is_empty(), "there is no contract {id}");
    let facts = facts(&store).await?;
    let as_of = match args.as_of {
        Some(day) => day,
        None => {
            let latest = history.iter().map(|entry| tokyo_date(entry.at)).max();
            let today = today(&store).await?;
            latest.map_or(today, |latest| latest.max(today))
        }
    };
    let told = explain(&history, &facts, as_of, args.hypothesis, Audience::Operator);
    let language = if args.english {
        Language::En
    } else {
        Language::Ja
    };
    for line in &told.lines {
        println!("{}", text(line, language));
    }
    Ok(())
}

/// Returns the day of the service's own clock, which its newest look at the cameras tells; a service that never looked has
/// the real day.
async fn today(store: &Store) -> Result<Date> {
    let seen_at = store.watch_report().await?.at;
    Ok(tokyo_date(seen_at.unwrap_or_else(Timestamp::now)))
}

/// Reads the table that the environment names; without one, that of `ciero up` on this machine.
fn store(aws_port: u16) -> Result<Store> {
    let variable = |name: &str| {
        let set = std::env::var(name).ok().filter(|value| !value.is_empty());
        set.or_else(|| match name {
            "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
            "AWS_REGION" => Some("ap-northeast-1".to_owned()),
            "AWS_ENDPOINT_URL" => Some(format!("http://127.0.0.1:{aws_port}")),
            _ => None,
        })
    };
    let config = sdk_config_from(variable).context("the environment names no table")?;
    let table = variable("MAIN_TABLE").unwrap_or_else(|| "ciero-main".to_owned());
    Ok(Store::new(&config, &table, None))
}

fn text(line: &Line, language: Language) -> String {
    let status = match line.status {
        Status::Done => language.t("済", "done"),
        Status::Overdue => language.t("期日経過", "overdue"),
        Status::Due => language.t("予定", "due"),
        Status::Assumed => language.t("仮定", "assumed"),
        Status::Refused => language.t("不可", "refused"),
    };
    let clause = match line.clause.as_str() {
        "" => String::new(),
        clause => format!("{} {clause}", language.t("規約", "Art.")),
    };
    format!(
        "{}  {status}  {}  [{clause} {}]",
        line.on,
        line.text.t(language),
        line.reading
    )
}
