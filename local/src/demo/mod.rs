//! Seeds the demo through the same routes that people use, and starts its device.

mod customer;
mod offer;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ciero_apis::sign_in::NewUser;
use ciero_domain::calendar::tokyo_date;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::programs::Program;
use crate::template::REGION;
use crate::up::{Local, Options, Stop};
use customer::Seeding;
use offer::{NoOffer, Offer};

/// Remembers that everything was seeded; a start that finds it seeds nothing.
const RECORD: &str = "demo.json";

/// A disclosure needs one who prepares it and two who approve (21-4).
const OPERATORS: [(&str, &str); 3] = [
    ("operator-1", "demo-operator-1"),
    ("operator-2", "demo-operator-2"),
    ("operator-3", "demo-operator-3"),
];
const GROUPS: [&str; 6] = [
    "screener",
    "billing",
    "legal",
    "support",
    "publisher",
    "contracts",
];
const ADMINISTRATOR: (&str, &str) = ("hanako@example.jp", "demo-hanako-1");
const VIEWER: (&str, &str) = ("jiro@example.jp", "demo-jiro-12");

/// What the demo made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seeded {
    /// The one-time code of the device; it is used up by the first start.
    code: Option<String>,
}

/// Refuses a start whose demo could not be seeded, before anything of its data is made.
pub fn check(options: &Options, today: Date) -> Result<(), Stop> {
    if record(&options.data).is_some() {
        return Ok(());
    }
    match offer(options, today) {
        Ok(_) => Ok(()),
        Err(NoOffer::Unreadable(error)) => Err(Stop::Broken(error)),
        Err(error) => Err(Stop::Refused(error.to_string())),
    }
}

fn offer(options: &Options, today: Date) -> Result<Offer, NoOffer> {
    Offer::on(&crate::publish::event(&options.operator)?, today)
}

/// Creates what of the demo is missing, and starts its device.
pub async fn seed(local: &Local) -> Result<()> {
    operators(local)?;
    let data = &local.options.data;
    let seeded = match record(data) {
        Some(seeded) => seeded,
        None => {
            let offer = offer(&local.options, tokyo_date(local.apis.clock.now()))?;
            let seeded = Seeding::new(local, &offer)?.run().await?;
            keep(data, &seeded).context("the record of the demo cannot be written")?;
            seeded
        }
    };
    let customers = [
        (ADMINISTRATOR, "見本 花子（担当者） · administrator"),
        (VIEWER, "見本 次郎（登録ユーザ） · registered user"),
    ];
    for ((name, password), label) in customers {
        let sign_in = &local.apis.sign_in;
        sign_in.announce_demo(&pool("CustomerPool"), name, password, label);
    }
    start_device(local, &seeded)
}

/// Reads the record. One that is missing or cut is made again from what exists.
fn record(data: &Path) -> Option<Seeded> {
    serde_json::from_slice(&fs::read(data.join(RECORD)).ok()?).ok()
}

/// Writes the record, which is whole or absent whenever the machine stops.
fn keep(data: &Path, seeded: &Seeded) -> io::Result<()> {
    let beside = data.join(format!("{RECORD}.new"));
    let mut file = File::create(&beside)?;
    file.write_all(&serde_json::to_vec(seeded)?)?;
    file.sync_all()?;
    fs::rename(&beside, data.join(RECORD))
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
        "--source",
        "test",
        "--follow-service-clock",
        "--state",
    ];
    let mut arguments: Vec<OsString> = arguments.into_iter().map(OsString::from).collect();
    arguments.push(state.into_os_string());
    if let Some(code) = &seeded.code {
        arguments.extend(["--code", code].map(OsString::from));
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_kept_and_a_cut_one_is_none() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(record(data.path()), None);
        let seeded = Seeded {
            code: Some("ABCD-EFGH-JKLM".to_owned()),
        };
        keep(data.path(), &seeded).unwrap();
        assert_eq!(record(data.path()), Some(seeded));
        let path = data.path().join(RECORD);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(record(data.path()), None, "{length} bytes");
        }
    }

    #[test]
    fn the_record_of_an_earlier_version_is_read() {
        let data = tempfile::tempdir().unwrap();
        let text = r#"{"administrator":"u-1","viewer":"u-2","camera":"k-1","code":"A"}"#;
        fs::write(data.path().join(RECORD), text).unwrap();
        let code = Some("A".to_owned());
        assert_eq!(record(data.path()), Some(Seeded { code }));
    }
}
