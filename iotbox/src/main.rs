//! The program `iotbox`.

use std::process::ExitCode;

use clap::Parser;
use iotbox::args::{Command, CommandLine};
use iotbox::run::{Failure, run};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let Command::Run(arguments) = CommandLine::parse().command;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let plan = arguments
        .plan(|name| std::env::var(name).ok())
        .map_err(Failure::Usage);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match (plan, runtime) {
        (Ok(plan), Ok(runtime)) => runtime.block_on(run(plan)),
        (Err(failure), _) => Err(failure),
        (_, Err(error)) => Err(Failure::Usage(format!("the runtime cannot start: {error}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("iotbox: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
