//! Brings the whole embedded cloud up, and down again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::serve::ListenerExt;
use ciero_apis::clock::ServiceClock;
use ciero_apis::{Apis, ApisConfig};
use ciero_video::{Video, VideoConfig};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::advance::Advancer;
use crate::data::{DataFolder, Existing};
use crate::gateway::Gateway;
use crate::host::spawner::Spawner;
use crate::host::{Host, HostConfig, Keys, Program};
use crate::programs::Programs;
use crate::sources::schedules::{Rule, Turnstile};
use crate::template::model::Stack;
use crate::template::{ACCOUNT, Document, REGION, Surroundings};
use crate::{
    clock_page, demo, functions, index_page, lambda_api, provide, publish, secrets, sources, video,
};

/// How often items whose life has ended are deleted.
const EXPIRY_SWEEP: Duration = Duration::from_secs(600);

/// What `ciero up` was asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    pub port: u16,
    pub aws_port: u16,
    pub data: PathBuf,
    pub existing: Existing,
    pub demo: Demo,
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

/// The two listeners, bound before anything else so that a taken port is told at once.
struct Ports {
    portal: TcpListener,
    aws: TcpListener,
    surroundings: Surroundings,
    aws_port: u16,
    portal_port: u16,
}

/// Starts everything and returns when everything answers.
pub async fn up(options: Options) -> Result<Local, Stop> {
    let mut phases = Phases::new();
    let document = read_template(&options.template)?;
    let mut ports = bind(&options).await?;
    check(&options.template, &document, &ports.surroundings)?;
    let data = DataFolder::open(&options.data, options.existing).map_err(refused)?;
    phases.done("template, ports and data folder");

    let local_clock = open_clock(&options, &data)?;
    let apis = Apis::open(&ApisConfig {
        data_dir: data.path.clone(),
        clock: local_clock,
        aws_url: ports.surroundings.aws_url.clone(),
        portal_url: ports.surroundings.portal_url.clone(),
    });
    let apis = apis.map_err(|error| unusable(&data.path, &error))?;
    let video = open_video(&data.path, &ports.surroundings.aws_url, &apis.clock)?;
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

    /// Starts the servers, the queue sources, the schedules and the sweep of expired items.
    fn serve(&self, ports: Ports) -> Result<(), Stop> {
        let clock = self.apis.clock.clone();
        let rules = self
            .stack
            .schedules
            .iter()
            .map(Rule::new)
            .collect::<Result<Vec<Rule>, _>>();
        let rules = rules.context("a schedule cannot be read")?;
        let turnstile = Turnstile::default();
        let advancer = Arc::new(Advancer::new(
            self.apis.clone(),
            Arc::clone(&self.host),
            rules.clone(),
            self.stack
                .queue_sources
                .iter()
                .map(|source| source.queue.clone())
                .collect(),
            Arc::clone(&turnstile),
        ));
        let videos = video::on_service_time(self.video.router(), clock.clone());
        let aws = self
            .apis
            .front_door()
            .mount("lambda", lambda_api::router(Arc::clone(&self.host)))
            .mount_with("kinesisvideo", videos, video::scope);
        let now = clock.clone();
        let gateway = Gateway::new(
            &self.stack.routes,
            self.stack.throttle,
            Arc::clone(&self.host),
            Box::new(move || now.now()),
            ports.portal_port,
        );
        let portal = gateway
            .into_router()
            .merge(self.apis.portal_router())
            .merge(clock_page::router(advancer))
            .merge(index_page::router(&self.aws_url));
        listen(ports.aws, aws.into_router());
        listen(ports.portal, portal);
        for source in &self.stack.queue_sources {
            sources::queues::start(source, &self.apis.queues, &self.host);
        }
        for rule in rules {
            let host = Arc::clone(&self.host);
            tokio::spawn(sources::schedules::tick(
                rule,
                host,
                clock.clone(),
                Arc::clone(&turnstile),
            ));
        }
        tokio::spawn(sweep(self.apis.clone()));
        Ok(())
    }
}

fn listen(listener: TcpListener, router: Router) {
    // Without this, small answers such as the acknowledgements of video wait for the peer's delayed ones.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, service).await {
            eprintln!("a server has ended: {error}");
        }
    });
}

async fn sweep(apis: Apis) {
    loop {
        tokio::time::sleep(EXPIRY_SWEEP).await;
        if let Err(error) = apis.dynamodb.sweep_ttl().await {
            eprintln!("expired items could not be deleted: {error}");
        }
    }
}

fn read_template(path: &Path) -> Result<Document, Stop> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Stop::Refused(format!(
            "the template {} cannot be read: {error}",
            path.display()
        ))
    })?;
    Document::parse(&text).map_err(|error| in_template(path, &error))
}

/// Finds faults of the template before any data is touched.
fn check(path: &Path, document: &Document, surroundings: &Surroundings) -> Result<(), Stop> {
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

fn in_template(path: &Path, error: &crate::template::TemplateError) -> Stop {
    Stop::Refused(format!("{}: {error}", path.display()))
}

fn refused(error: impl std::fmt::Display) -> Stop {
    Stop::Refused(error.to_string())
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Stop {
    Stop::Refused(format!(
        "the data folder {} cannot be used: {error}",
        path.display()
    ))
}

async fn bind(options: &Options) -> Result<Ports, Stop> {
    let portal = listener(options.port, "--port").await?;
    let aws = listener(options.aws_port, "--aws-port").await?;
    let port_of = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
    let portal_port = port_of(&portal).context("the portal's port is not known")?;
    let aws_port = port_of(&aws).context("the APIs' port is not known")?;
    let portal_url = format!("http://127.0.0.1:{portal_port}");
    let aws_url = format!("http://127.0.0.1:{aws_port}");
    let sign_in = |pool: &str| format!("{portal_url}/_local/sign-in/{REGION}_{pool}");
    let parameters = [
        ("PortalUrl", portal_url.clone()),
        ("CustomerSignInUrl", sign_in("CustomerPool")),
        ("OperatorSignInUrl", sign_in("OperatorPool")),
        ("MediaOrigin", aws_url.clone()),
        ("DeviceEndpointUrl", aws_url.clone()),
        ("DeviceCommand", device_command()?),
    ];
    let parameters: BTreeMap<String, String> = parameters
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Ok(Ports {
        portal,
        aws,
        surroundings: Surroundings {
            portal_url,
            aws_url,
            parameters,
            secrets: BTreeMap::new(),
        },
        aws_port,
        portal_port,
    })
}

async fn listener(port: u16, option: &str) -> Result<TcpListener, Stop> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::AddrInUse => "is already in use".to_owned(),
                _ => format!("cannot be opened ({error})"),
            };
            Stop::Refused(format!("port {port} {why}; choose another with {option}"))
        })
}

/// The command that starts a device here: the program beside this one, told as shortly as the shell finds it.
fn device_command() -> Result<String, Stop> {
    let executable = std::env::current_exe().context("the path of this executable is not known")?;
    let iotbox = executable.with_file_name("iotbox");
    let here = std::env::current_dir().context("the working directory is not known")?;
    let shown = match iotbox.strip_prefix(&here) {
        Ok(below) => Path::new(".").join(below),
        Err(_) => iotbox,
    };
    Ok(format!("{} run --follow-service-clock", shown.display()))
}

fn open_clock(options: &Options, data: &DataFolder) -> Result<ServiceClock, Stop> {
    ServiceClock::open(&data.path, options.clock).map_err(|error| unusable(&data.path, &error))
}

fn open_video(data: &Path, aws_url: &str, clock: &ServiceClock) -> Result<Video, Stop> {
    let now = clock.clone();
    let opened = Video::open(VideoConfig {
        data_dir: data.join("video"),
        base_url: aws_url.to_owned(),
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        now: Arc::new(move || now.now_ms()),
    });
    opened.map_err(|error| unusable(data, &error))
}

fn host_config(
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
