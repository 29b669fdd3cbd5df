//! Brings the whole embedded cloud up, and down again.

mod open;
mod ports;
mod serve;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use ciero_apis::{Apis, ApisConfig};
use ciero_domain::calendar::tokyo_date;
use ciero_video::{Quotas, Video};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::data::{DataFolder, Existing};
use crate::host::Host;
use crate::host::spawner::Spawner;
use crate::programs::Programs;
use crate::template::model::Stack;
use crate::{demo, provide, publish, secrets};
use open::{
    check, clock_now, host_config, in_template, open_clock, open_video, read_template, refused,
    unusable,
};

/// What `ciero up` was asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    pub port: u16,
    pub aws_port: u16,
    pub data: PathBuf,
    pub existing: Existing,
    pub demo: Demo,
    /// Whether the embedded Kinesis Video refuses what is over the quotas of the service.
    pub video_quotas: Quotas,
    /// Where the service clock of fresh data starts.
    pub clock: Option<Timestamp>,
    pub template: PathBuf,
    /// The folder with the operator's documents.
    pub operator: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demo {
    Seeded,
    Left,
}

/// Why the local cloud does not come up.
#[derive(Debug)]
pub enum Stop {
    /// The person at the terminal can change it: one sentence.
    Refused(String),
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// The running local cloud.
pub struct Local {
    pub options: Options,
    /// Where browsers reach the portal, without a trailing slash.
    pub portal_url: String,
    /// Where the AWS APIs answer, without a trailing slash.
    pub aws_url: String,
    pub stack: Stack,
    pub apis: Apis,
    pub video: Video,
    pub host: Arc<Host>,
    pub programs: Programs,
    _data: DataFolder,
}

/// Starts everything and returns when everything answers.
pub async fn up(options: Options) -> Result<Local, Stop> {
    let mut phases = Phases::new();
    let document = read_template(&options.template)?;
    let mut ports = ports::bind(&options).await?;
    check(&options.template, &document, &ports.surroundings)?;
    let data = DataFolder::open(&options.data, options.existing).map_err(refused)?;
    phases.done("template, ports and data folder");

    if options.demo == Demo::Seeded {
        demo::check(&options, tokyo_date(clock_now(&options, &data)?))?;
    }
    let local_clock = open_clock(&options, &data)?;
    let apis = Apis::open(&ApisConfig {
        data_dir: data.path.clone(),
        clock: local_clock,
        aws_url: ports.surroundings.aws_url.clone(),
        portal_url: ports.surroundings.portal_url.clone(),
    });
    let apis = apis.map_err(|error| unusable(&data.path, &error))?;
    let video = open_video(
        &options,
        &data.path,
        &ports.surroundings.aws_url,
        &apis.clock,
    )?;
    phases.done("stores");

    let secrets = secrets::ensure(&data.path, &document.secrets());
    ports.surroundings.secrets = secrets.map_err(|error| unusable(&data.path, &error))?;
    let trust_anchor = ("DeviceTrustAnchor".to_owned(), apis.things.ca_pem());
    ports.surroundings.parameters.extend([trust_anchor]);
    let resolved = document.resolve(&ports.surroundings);
    let stack = resolved.map_err(|error| in_template(&options.template, &error))?;
    provide::provide(&stack, &apis).await?;
    let credentials = apis
        .things
        .serve_credentials(ports.aws_port.saturating_add(1))
        .await;
    credentials.context("the credential provider cannot be started")?;
    phases.done("resources");

    let spawner = Spawner::start(Handle::current()).context("no thread can be started")?;
    let executable = std::env::current_exe().context("the path of this executable is not known")?;
    let host = Host::new(
        stack.functions.clone(),
        host_config(&apis, &ports, &data, &spawner, &executable),
    );
    let local = Local {
        portal_url: ports.surroundings.portal_url.clone(),
        aws_url: ports.surroundings.aws_url.clone(),
        programs: Programs::new(spawner, executable, &data.logs()),
        options,
        stack,
        apis,
        video,
        host,
        _data: data,
    };
    local.serve(ports)?;
    phases.done("servers and event sources");
    publish::publish(&local)
        .await
        .context("the operator's documents cannot be published")?;
    phases.done("publication");
    if local.options.demo == Demo::Seeded {
        demo::seed(&local)
            .await
            .context("the demo cannot be seeded")?;
        phases.done("demo");
    }
    Ok(local)
}

impl Local {
    /// The line that says where everything is.
    pub fn ready_line(&self) -> String {
        let Self {
            portal_url,
            aws_url,
            ..
        } = self;
        format!("ready: portal {portal_url} · AWS APIs {aws_url} · mail {portal_url}/_local/mail")
    }

    /// Ends all children; what is stored is complete at every moment, so nothing else has to be done.
    pub async fn stop(&self) {
        futures::future::join(self.programs.stop(), self.host.close()).await;
    }
}

/// Tells how long each part of the start took, for those who ask.
struct Phases {
    since: Instant,
}

impl Phases {
    fn new() -> Self {
        Self {
            since: Instant::now(),
        }
    }

    fn done(&mut self, phase: &str) {
        let took_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        eprintln!("started: {phase}");
        tracing::debug!(phase, took_ms, "a phase of the start is done");
        self.since = Instant::now();
    }
}
