//! `ciero`: the embedded cloud on one machine, and every function of the service in one executable.

mod advance;
mod clock_page;
mod data;
mod demo;
mod explain;
mod functions;
mod gateway;
mod host;
mod index_page;
mod lambda_api;
mod portal_client;
mod programs;
mod provide;
mod publish;
mod secrets;
mod sources;
mod tally_page;
mod template;
#[cfg(test)]
mod testing;
mod up;
mod verify;
mod video;
mod video_check;

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use ciero_video::Quotas;
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::DateTime;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use data::Existing;
use up::{Demo, Options, Stop};

/// A tenth more of the due work's speed than with the C library's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the whole service on this machine.
#[derive(Parser)]
#[command(name = "ciero")]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Start the embedded cloud with everything that template.yaml declares.
    Up(UpArgs),
    /// Run one function against the Runtime API named by AWS_LAMBDA_RUNTIME_API.
    Lambda {
        /// The function's name in template.yaml.
        name: String,
        /// End together with the process of this id.
        #[arg(long, value_name = "PID")]
        host: Option<u32>,
    },
    /// Tell what was and what will be due for a contract, with the clause of each line.
    Explain(explain::ExplainArgs),
    /// Check a deletion certificate: exit code 0 if it is valid, 1 if not, 2 if the question makes no sense.
    VerifyCertificate(verify::VerifyArgs),
    /// Look after the recordings of the embedded Kinesis Video.
    #[command(subcommand)]
    Video(video_check::VideoAction),
    /// Become another program that ends together with the host.
    #[command(hide = true)]
    Supervised {
        host: u32,
        program: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(Args)]
struct UpArgs {
    /// Port of the portal.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of the AWS APIs.
    #[arg(long, default_value_t = 4566)]
    aws_port: u16,
    /// Folder that keeps all data.
    #[arg(long, default_value = ".ciero", value_name = "DIR")]
    data: PathBuf,
    /// Begin with an empty data folder.
    #[arg(long)]
    fresh: bool,
    /// Leave the demo customer and camera out.
    #[arg(long)]
    no_demo: bool,
    /// Let Kinesis Video serve any number of requests and connections, without the quotas of the service.
    #[arg(long)]
    no_video_quotas: bool,
    /// Start the service clock of fresh data here, such as 2026-04-01T09:00+09:00.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    clock: Option<Timestamp>,
    /// The template to run.
    #[arg(long, default_value = "template.yaml", value_name = "FILE")]
    template: PathBuf,
    /// Folder with the operator's terms, prices and device models.
    #[arg(long, default_value = "operator", value_name = "DIR")]
    operator: PathBuf,
}

/// A moment with its offset, or a civil time of Tokyo.
fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let wrong = |_| "a time such as 2026-04-01T09:00+09:00 is needed".to_owned();
    let civil: DateTime = text.parse().map_err(wrong)?;
    Ok(civil.to_zoned(advance::tokyo()).map_err(wrong)?.timestamp())
}

impl UpArgs {
    fn options(self) -> Options {
        Options {
            port: self.port,
            aws_port: self.aws_port,
            data: self.data,
            existing: if self.fresh {
                Existing::Discard
            } else {
                Existing::Keep
            },
            demo: if self.no_demo {
                Demo::Left
            } else {
                Demo::Seeded
            },
            video_quotas: if self.no_video_quotas {
                Quotas::Off
            } else {
                Quotas::On
            },
            clock: self.clock,
            template: self.template,
            operator: self.operator,
        }
    }
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Action::Up(args) => run_up(args.options()),
        Action::Lambda { name, host } => run_lambda(&name, host),
        Action::Explain(args) => run_explain(args),
        Action::VerifyCertificate(args) => verify::run(&args),
        Action::Video(action) => video_check::run(&action),
        Action::Supervised {
            host,
            program,
            arguments,
        } => {
            let error = match host::spawner::die_with_host(host) {
                Ok(()) => Command::new(&program).args(arguments).exec(),
                Err(error) => error,
            };
            eprintln!("{} cannot be run: {error}", program.display());
            ExitCode::FAILURE
        }
    }
}

fn run_up(options: Options) -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CIERO_LOG");
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| "warn".into()))
        .with_writer(std::io::stderr)
        .init();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .enable_all()
        .build();
    let runtime: Runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return broken(&error.into()),
    };
    let ended = runtime.block_on(until_signal(options));
    // Whatever still waits for the disk may take a moment; whatever waits for the network is cut off.
    runtime.shutdown_timeout(Duration::from_millis(500));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Refused(sentence)) => {
            eprintln!("ciero: {sentence}");
            ExitCode::from(2)
        }
        Err(Stop::Broken(error)) => broken(&error),
    }
}

fn broken(error: &anyhow::Error) -> ExitCode {
    eprintln!("ciero: {error:#}");
    ExitCode::FAILURE
}

/// Runs the local cloud until SIGINT or SIGTERM, which may also come while it starts.
async fn until_signal(options: Options) -> Result<(), Stop> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(anyhow::Error::from)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(anyhow::Error::from)?;
    let mut signals = std::pin::pin!(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    let local = tokio::select! {
        biased;
        () = &mut signals => return Ok(()),
        local = up::up(options) => local?,
    };
    println!("{}", local.ready_line());
    signals.await;
    local.stop().await;
    Ok(())
}

fn run_explain(args: explain::ExplainArgs) -> ExitCode {
    let runtime = Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(anyhow::Error::from);
    match ended.and_then(|runtime| runtime.block_on(explain::run(args))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => broken(&error),
    }
}

/// One thread is enough for one invocation at a time, and keeps a worker small.
fn run_lambda(name: &str, host: Option<u32>) -> ExitCode {
    let bound = host.map_or(Ok(()), host::spawner::die_with_host);
    let runtime = Builder::new_current_thread().enable_all().build();
    let ended = bound.and(runtime).map_err(lambda_runtime::Error::from);
    match ended.and_then(|runtime| runtime.block_on(functions::run(name))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}
