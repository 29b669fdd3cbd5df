//! The program `iotbox`.

use std::process::ExitCode;

use clap::Parser;
use iotbox::args::{Command, CommandLine};
use iotbox::check::check;
use iotbox::run::{Failure, run};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    match carry_out(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("iotbox: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn carry_out(command: Command) -> Result<(), Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Usage(format!("the runtime cannot start: {error}")))?;
    match command {
        Command::Run(arguments) => {
            let plan = arguments.plan(&environment).map_err(Failure::Usage)?;
            runtime.block_on(run(plan))
        }
        Command::Check(arguments) => runtime.block_on(check(&arguments, &environment)),
    }
}
