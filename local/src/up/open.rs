//! Opens what the local cloud stands on: the template, the clock, the video store and the host.

use std::path::Path;
use std::sync::Arc;

use ciero_apis::Apis;
use ciero_apis::clock::ServiceClock;
use ciero_video::{Video, VideoConfig};
use jiff::{SignedDuration, Timestamp};

use super::ports::Ports;
use super::{Options, Stop};
use crate::data::DataFolder;
use crate::functions;
use crate::host::spawner::Spawner;
use crate::host::{HostConfig, Keys, Program};
use crate::template::{ACCOUNT, Document, REGION, Surroundings, TemplateError};

pub(super) fn read_template(path: &Path) -> Result<Document, Stop> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Stop::Refused(format!(
            "the template {} cannot be read: {error}",
            path.display()
        ))
    })?;
    Document::parse(&text).map_err(|error| in_template(path, &error))
}

/// Finds faults of the template before any data is touched.
pub(super) fn check(
    path: &Path,
    document: &Document,
    surroundings: &Surroundings,
) -> Result<(), Stop> {
    let mut trial = surroundings.clone();
    trial.secrets = document
        .secrets()
        .into_iter()
        .map(|secret| (secret.name, String::new()))
        .collect();
    let stack = document
        .resolve(&trial)
        .map_err(|error| in_template(path, &error))?;
    let unknown = stack
        .functions
        .iter()
        .find(|function| !functions::NAMES.contains(&function.name.as_str()));
    match unknown {
        Some(function) => {
            let sentence = format!(
                "{}: this build holds no function {}",
                path.display(),
                function.name
            );
            Err(Stop::Refused(sentence))
        }
        None => Ok(()),
    }
}

pub(super) fn in_template(path: &Path, error: &TemplateError) -> Stop {
    Stop::Refused(format!("{}: {error}", path.display()))
}

pub(super) fn refused(error: impl std::fmt::Display) -> Stop {
    Stop::Refused(error.to_string())
}

pub(super) fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Stop {
    Stop::Refused(format!(
        "the data folder {} cannot be used: {error}",
        path.display()
    ))
}

pub(super) fn open_clock(options: &Options, data: &DataFolder) -> Result<ServiceClock, Stop> {
    let clock = ServiceClock::open(&data.path, options.clock);
    let clock = clock.map_err(|error| unusable(&data.path, &error))?;
    let asked = options
        .clock
        .map(|asked| clock.now().duration_since(asked).abs());
    if asked.is_some_and(|apart| apart > SignedDuration::from_mins(1)) {
        eprintln!(
            "the service clock goes on from where it was; --clock counts with fresh data only"
        );
    }
    Ok(clock)
}

/// What the service clock will say once it is open; a clock that is not kept yet is not kept by this.
pub(super) fn clock_now(options: &Options, data: &DataFolder) -> Result<Timestamp, Stop> {
    let now = ServiceClock::peek(&data.path, options.clock);
    now.map_err(|error| unusable(&data.path, &error))
}

pub(super) fn open_video(
    options: &Options,
    data: &Path,
    aws_url: &str,
    clock: &ServiceClock,
) -> Result<Video, Stop> {
    let now = clock.clone();
    let opened = Video::open(VideoConfig {
        data_dir: data.join("video"),
        base_url: aws_url.to_owned(),
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        now: Arc::new(move || now.now_ms()),
        quotas: options.video_quotas,
    });
    opened.map_err(|error| unusable(data, &error))
}

pub(super) fn host_config(
    apis: &Apis,
    ports: &Ports,
    data: &DataFolder,
    spawner: &Spawner,
    executable: &Path,
) -> HostConfig {
    let clock = apis.clock.clone();
    let credentials = apis.credentials.clone();
    HostConfig {
        program: Program {
            path: executable.to_owned(),
            arguments: |name| {
                let host = std::process::id().to_string();
                vec![
                    "lambda".to_owned(),
                    name.to_owned(),
                    "--host".to_owned(),
                    host,
                ]
            },
        },
        spawner: spawner.clone(),
        log_directory: data.logs(),
        aws_url: ports.surroundings.aws_url.clone(),
        now_ms: Box::new(move || clock.now_ms()),
        issue_keys: Box::new(move |name| {
            let keys = credentials.issue(name)?;
            Ok(Keys {
                access_key_id: keys.access_key_id,
                secret: keys.secret,
                session_token: keys.session_token,
            })
        }),
    }
}
