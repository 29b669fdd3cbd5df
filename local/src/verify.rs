//! `ciero verify-certificate`: checks a deletion certificate against a public key that the reader was given (15-3).

use std::path::PathBuf;
use std::process::ExitCode;

use ciero_runtime::Invalid;
use clap::Args;

/// The file is no valid certificate of the key.
const NOT_VALID: u8 = 1;
/// What was asked cannot be done: a file is missing, or the key is none.
const USAGE: u8 = 2;

#[derive(Args)]
pub struct VerifyArgs {
    /// The certificate as it was sent.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The operator's public key; no key that the file names is trusted.
    #[arg(long, value_name = "PUBLIC.pem")]
    key: PathBuf,
}

/// Says on standard output what the certificate states, or on standard error why it is not valid.
pub fn run(args: &VerifyArgs) -> ExitCode {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|error| {
            eprintln!("ciero: {}: {error}", path.display());
            ExitCode::from(USAGE)
        })
    };
    let (file, key) = match (read(&args.file), read(&args.key)) {
        (Ok(file), Ok(key)) => (file, key),
        (Err(code), _) | (_, Err(code)) => return code,
    };
    match ciero_runtime::verify(&file, &String::from_utf8_lossy(&key)) {
        Ok(certificate) => {
            println!(
                "valid: contract {}, {} deleted, issued {}",
                certificate.contract,
                certificate
                    .deleted
                    .iter()
                    .map(|row| row.deleted)
                    .sum::<u64>(),
                certificate.issued_at
            );
            ExitCode::SUCCESS
        }
        Err(Invalid::Key) => {
            eprintln!("ciero: {}: {}", args.key.display(), Invalid::Key);
            ExitCode::from(USAGE)
        }
        Err(invalid) => {
            eprintln!("not valid: {invalid}");
            ExitCode::from(NOT_VALID)
        }
    }
}
