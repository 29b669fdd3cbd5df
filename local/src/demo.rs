//! Seeds the demo through the same routes that people use, and starts its device.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ciero_apis::sign_in::NewUser;
use ciero_domain::calendar::tokyo_date;
use ciero_domain::prices::PriceList;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::portal_client::PortalClient;
use crate::programs::Program;
use crate::template::REGION;
use crate::up::Local;

/// Remembers what was seeded; a start that finds it seeds nothing.
const RECORD: &str = "demo.json";
/// How long the demo waits for something that the service does on its own, such as sending a mail.
const PATIENCE: Duration = Duration::from_secs(20);

const OPERATORS: [(&str, &str); 2] = [
    ("operator-1", "demo-operator-1"),
    ("operator-2", "demo-operator-2"),
];
const GROUPS: [&str; 6] = [
    "screener",
    "billing",
    "legal",
    "support",
    "publisher",
    "contracts",
];
const RETENTION_DAYS: u16 = 30;
const CAMERAS: u16 = 4;
const ADMINISTRATOR: (&str, &str) = ("hanako@example.jp", "demo-hanako-1");
const VIEWER: (&str, &str) = ("jiro@example.jp", "demo-jiro-12");

/// What the demo made.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Seeded {
    administrator: String,
    viewer: String,
    camera: String,
    /// The one-time code of the device; it is used up by the first start.
    code: String,
}

/// Creates what of the demo is missing, and starts its device.
pub async fn seed(local: &Local) -> Result<()> {
    operators(local)?;
    let record = local.options.data.join(RECORD);
    let seeded = match fs::read(&record) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).context("the record of the demo is not understood")?
        }
        Err(_) => {
            let seeded = customer(local).await?;
            fs::write(&record, serde_json::to_vec(&seeded)?)
                .context("the record of the demo cannot be written")?;
            seeded
        }
    };
    let pool = pool("CustomerPool");
    local.apis.sign_in.announce_demo(
        &pool,
        ADMINISTRATOR.0,
        ADMINISTRATOR.1,
        "見本 花子（担当者） · administrator",
    );
    local.apis.sign_in.announce_demo(
        &pool,
        VIEWER.0,
        VIEWER.1,
        "見本 次郎（登録ユーザ） · registered user",
    );
    start_device(local, &seeded)
}

fn pool(logical_id: &str) -> String {
    format!("{REGION}_{logical_id}")
}

fn operators(local: &Local) -> Result<()> {
    let pool = pool("OperatorPool");
    for (name, password) in OPERATORS {
        let user = NewUser {
            username: name.to_owned(),
            email: format!("{name}@example.jp"),
            password: password.to_owned(),
            groups: GROUPS.map(str::to_owned).to_vec(),
        };
        local.apis.sign_in.ensure_user(&pool, &user)?;
        local
            .apis
            .sign_in
            .announce_demo(&pool, name, password, name);
    }
    Ok(())
}

/// Applies, is approved and registered, accepts the terms, adds a user and registers a device.
async fn customer(local: &Local) -> Result<Seeded> {
    let operator = local
        .apis
        .sign_in
        .id_token(&pool("OperatorPool"), OPERATORS[0].0)?;
    let operator = PortalClient::new(&local.portal_url, Some(operator));
    let guest = PortalClient::new(&local.portal_url, None);

    let draft = guest.post("/applications", &application()).await?;
    let id = text(&draft, "id")?;
    let shown = json!({ "confirmation": text(&draft, "confirmation")? });
    guest
        .post(&format!("/applications/{id}/submission"), &shown)
        .await?;
    let decision = json!({ "decision": "approve", "reason": "demo" });
    // The checks run on their own; until they are done the decision is refused.
    operator
        .post_until(
            &format!("/console/applications/{id}/decision"),
            &decision,
            "application_wrong_state",
            PATIENCE,
        )
        .await?;
    let start = json!({ "start": tokyo_date(local.apis.clock.now()).to_string() });
    let registered = operator
        .post(&format!("/console/applications/{id}/registration"), &start)
        .await?;
    let fee = json!({
        "reference": "DEMO-0001", "received_on": start["start"], "yen": first_fee(local)?.to_string(),
    });
    let contract = text(&registered, "contract")?;
    operator
        .post(&format!("/console/contracts/{contract}/receipts"), &fee)
        .await?;
    let administrator = text(&registered, "administrator")?;
    give_password(local, &administrator, ADMINISTRATOR).await?;

    let token = local
        .apis
        .sign_in
        .id_token(&pool("CustomerPool"), &administrator)?;
    let client = PortalClient::new(&local.portal_url, Some(token));
    client
        .post(
            "/terms-acceptance",
            &json!({ "version": terms_version(local)? }),
        )
        .await?;
    let device = client.post("/devices", &device()).await?;
    let camera = text(&device, "camera")?;
    let user = json!({ "name": "見本 次郎", "email": VIEWER.0, "role": "user", "language": "ja", "attestation": "on" });
    let viewer = text(&client.post("/users", &user).await?, "id")?;
    let rights = json!({ "camera": camera, "view": "on", "play_back": "on" });
    client
        .post(&format!("/users/{viewer}/rights"), &rights)
        .await?;
    give_password(local, &viewer, VIEWER).await?;
    Ok(Seeded {
        administrator,
        viewer,
        camera,
        code: text(&device, "code")?,
    })
}

fn application() -> Value {
    json!({
        "kind": "corporation", "corporate_number": "7123456789012", "name": "株式会社見本商店", "name_kana": "ミホンショウテン",
        "representative": "見本 太郎", "postal_code": "100-0001", "prefecture": "13", "address": "見本区架空町1-2-3",
        "phone": "03-0000-0000", "contact_name": "見本 花子", "contact_email": ADMINISTRATOR.0,
        "retention_days": RETENTION_DAYS.to_string(), "cameras": CAMERAS.to_string(), "terms_version": "2026-04-01", "consent": "on",
        "resident_in_japan": "on", "no_transfer_regulation": "on", "no_export_control": "on", "not_antisocial": "on",
    })
}

fn device() -> Value {
    json!({
        "name": "玄関", "model": "MB-1", "serial": "DEMO-0001", "postal_code": "100-0001", "prefecture": "13",
        "address": "見本区架空町1-2-3", "attestation": "on",
    })
}

/// The demo pays its first year at once, so that it can be watched for a year before the demands begin.
fn first_fee(local: &Local) -> Result<i64> {
    let event = crate::publish::event(&local.options.operator)?;
    let lists = event["publish"]["prices"].as_array().cloned();
    let list = lists.unwrap_or_default().into_iter().next_back();
    let list: PriceList = serde_json::from_value(list.context("there is no price list")?)?;
    let quote = list.quote(RETENTION_DAYS, CAMERAS);
    let quote = quote.context("the price list has no plan for the demo")?;
    Ok(quote.total_yen.0)
}

/// The terms in force are the newest of the operator's folder that has begun to apply.
fn terms_version(local: &Local) -> Result<String> {
    let event = crate::publish::event(&local.options.operator)?;
    let today = tokyo_date(local.apis.clock.now()).to_string();
    let versions = event["publish"]["terms"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let in_force = versions.iter().filter(|terms| {
        terms["effective_from"]
            .as_str()
            .is_some_and(|from| from <= today.as_str())
    });
    let newest = in_force.max_by_key(|terms| terms["effective_from"].as_str().map(str::to_owned));
    let newest = newest.context("no terms are in force on the day of the service clock")?;
    text(newest, "version")
}

/// Waits for the person's invitation, as a person would, and then sets the demo's password.
async fn give_password(local: &Local, user: &str, (email, password): (&str, &str)) -> Result<()> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !local
        .apis
        .mailbox
        .list()?
        .iter()
        .any(|mail| mail.kind == "user_invited" && mail.to.iter().any(|to| to == email))
    {
        if tokio::time::Instant::now() > deadline {
            bail!("the invitation to {email} was not sent");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let person = NewUser {
        username: user.to_owned(),
        email: email.to_owned(),
        password: password.to_owned(),
        groups: Vec::new(),
    };
    local
        .apis
        .sign_in
        .ensure_user(&pool("CustomerPool"), &person)?;
    Ok(())
}

fn text(answer: &Value, name: &str) -> Result<String> {
    answer[name]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {name}: {answer}"))
}

/// Keeps the demo's camera running: the same program that an installer uses.
fn start_device(local: &Local, seeded: &Seeded) -> Result<()> {
    let executable: PathBuf = std::env::current_exe()?.with_file_name("iotbox");
    if !executable.exists() {
        eprintln!(
            "the demo has no picture: {} is not built",
            executable.display()
        );
        return Ok(());
    }
    let state: PathBuf = absolute(&local.options.data)?.join("demo-iotbox");
    let arguments = [
        "run",
        "--service",
        &local.portal_url,
        "--code",
        &seeded.code,
        "--source",
        "test",
        "--follow-service-clock",
        "--state",
    ];
    let mut arguments: Vec<OsString> = arguments.into_iter().map(OsString::from).collect();
    arguments.push(state.into_os_string());
    local.programs.keep_running(Program {
        name: "demo-iotbox".to_owned(),
        path: executable,
        arguments,
        environment: Vec::new(),
    });
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).context("the data folder has no absolute path")
}
