//! `ciero video check`: tells whether the recordings of a data folder are what was acknowledged to the cameras.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

/// The store is not what it should be.
const FOUND: u8 = 1;
/// There is no store, or a running cloud has it.
const USAGE: u8 = 2;

#[derive(Subcommand)]
pub enum VideoAction {
    /// Check index and media of a stopped cloud: exit code 0 if all is right, 1 if not, 2 if it cannot be told.
    Check(CheckArgs),
}

#[derive(Args)]
pub struct CheckArgs {
    /// Folder that keeps all data.
    #[arg(long, default_value = ".ciero", value_name = "DIR")]
    data: PathBuf,
}

/// Writes one line for each inconsistency, with its name first, and a summary.
pub fn run(action: &VideoAction) -> ExitCode {
    let VideoAction::Check(CheckArgs { data }) = action;
    let report = match ciero_video::check(&data.join("video")) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("ciero: {error:#}");
            return ExitCode::from(USAGE);
        }
    };
    for finding in &report.findings {
        println!("{}: {}", finding.kind, finding.place);
    }
    println!(
        "{} streams, {} fragments, {} without a checksum, {} inconsistencies",
        report.streams,
        report.fragments,
        report.without_checksum,
        report.findings.len()
    );
    match report.findings.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(FOUND),
    }
}
