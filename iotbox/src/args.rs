//! The command line, and what it asks for once everything in it is checked.

use std::path::PathBuf;

use aws_credential_types::Credentials;
use clap::{Args, Parser, Subcommand};
use sha2::{Digest, Sha256};

use crate::activation::ActivationCode;
use crate::clock::ClockPolicy;
use crate::http_client::Endpoint;
use crate::media_service::regional_endpoint;

const AFTER_HELP: &str = "\
Exit codes:
  0  stopped by SIGINT or SIGTERM, the last fragment sent as far as possible
  2  wrong usage, a state folder or file that cannot be used
  3  refused by the service (for instance a code that is unknown, used or expired)

Whatever may pass by itself (no network, a service that is busy) is tried again for ever.

The first run of a device takes --service and --code, as the portal prints them; later runs need only the state
folder. With --stream, the keys come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; the stream
must exist and keep what it receives. RUST_LOG sets what is logged to stderr.";

/// Sends a camera's pictures to Kinesis Video.
#[derive(Debug, Parser)]
#[command(name = "iotbox", version, after_help = AFTER_HELP)]
pub struct CommandLine {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Streams until it is stopped.
    #[command(after_help = AFTER_HELP)]
    Run(RunArgs),
}

#[derive(Debug, Default, Args)]
pub struct RunArgs {
    /// Address of the service's portal, for the first run
    #[arg(long, value_name = "URL")]
    pub service: Option<String>,
    /// One-time code that the portal printed, for the first run
    #[arg(long)]
    pub code: Option<ActivationCode>,
    /// Folder of the device's key and certificate [default: one per code in ~/.local/state/iotbox]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// `test`, or a Matroska or MP4 file with H.264 video that is played again and again
    #[arg(long, value_name = "test|FILE", default_value = "test")]
    pub source: String,
    /// Shortest length of a fragment
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10))]
    pub fragment_seconds: u64,
    /// Stamp pictures by the service's clock, wherever it is; without this a clock that is more than 5 s off is refused
    #[arg(long)]
    pub follow_service_clock: bool,
    /// Stop when the process that started this one is gone
    #[arg(long)]
    pub exit_with_parent: bool,
    /// Stream to send to with keys from the environment, without a device's certificate
    #[arg(long, value_name = "NAME", conflicts_with_all = ["service", "code", "state"])]
    pub stream: Option<String>,
    /// Address of Kinesis Video, with --stream [default: the region's own]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Region, with --stream
    #[arg(long, default_value = "ap-northeast-1")]
    pub region: String,
}

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceChoice {
    TestPicture,
    File(PathBuf),
}

/// Who this device is.
#[derive(Debug, PartialEq)]
pub enum Identity {
    Device {
        service: Option<Endpoint>,
        code: Option<ActivationCode>,
        state: PathBuf,
    },
    Keys {
        endpoint: Endpoint,
        stream: String,
        region: String,
        credentials: Credentials,
    },
}

/// A command line that makes sense.
#[derive(Debug)]
pub struct Plan {
    pub identity: Identity,
    pub source: SourceChoice,
    pub fragment_ms: u64,
    pub clock: ClockPolicy,
    pub exit_with_parent: bool,
}

impl RunArgs {
    /// Checks the arguments together with the environment.
    pub fn plan(self, environment: impl Fn(&str) -> Option<String>) -> Result<Plan, String> {
        let source = match self.source.as_str() {
            "test" => SourceChoice::TestPicture,
            path => SourceChoice::File(path.into()),
        };
        let clock = match self.follow_service_clock {
            true => ClockPolicy::FollowService,
            false => ClockPolicy::OwnClock,
        };
        Ok(Plan {
            source,
            clock,
            fragment_ms: self.fragment_seconds * 1000,
            exit_with_parent: self.exit_with_parent,
            identity: match self.stream.clone() {
                Some(stream) => self.keys(stream, environment)?,
                None => self.device(environment)?,
            },
        })
    }

    fn keys(
        self,
        stream: String,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Identity, String> {
        let key = |name: &str| {
            environment(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| format!("--stream needs {name} in the environment"))
        };
        let credentials = Credentials::new(
            key("AWS_ACCESS_KEY_ID")?,
            key("AWS_SECRET_ACCESS_KEY")?,
            environment("AWS_SESSION_TOKEN").filter(|token| !token.is_empty()),
            None,
            "environment",
        );
        let address = match self.endpoint {
            Some(address) => address,
            None => regional_endpoint(&self.region),
        };
        Ok(Identity::Keys {
            endpoint: Endpoint::parse(&address).map_err(|error| error.to_string())?,
            stream,
            region: self.region,
            credentials,
        })
    }

    fn device(self, environment: impl Fn(&str) -> Option<String>) -> Result<Identity, String> {
        if self.endpoint.is_some() {
            return Err("--endpoint goes with --stream; a device knows its own".into());
        }
        let service = self
            .service
            .map(|address| Endpoint::parse(&address))
            .transpose()
            .map_err(|error| error.to_string())?;
        let state = match (self.state, &self.code) {
            (Some(state), _) => state,
            (None, Some(code)) => default_state(code, environment)?,
            (None, None) => {
                return Err(
                    "give --service and --code for a first run, or --state for a later one".into(),
                );
            }
        };
        Ok(Identity::Device {
            service,
            code: self.code,
            state,
        })
    }
}

/// The folder is named by the hash, so that a used code is not lying about in a path.
fn default_state(
    code: &ActivationCode,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<PathBuf, String> {
    let base = match (environment("XDG_STATE_HOME"), environment("HOME")) {
        (Some(base), _) if !base.is_empty() => PathBuf::from(base),
        (_, Some(home)) if !home.is_empty() => PathBuf::from(home).join(".local/state"),
        _ => return Err("there is no home folder, give --state".into()),
    };
    let hash = hex::encode(Sha256::digest(code.as_str()));
    Ok(base.join("iotbox").join(&hash[..16]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "HOME" => Some("/home/cam".into()),
            "AWS_ACCESS_KEY_ID" => Some("test".into()),
            "AWS_SECRET_ACCESS_KEY" => Some("secret".into()),
            _ => None,
        }
    }

    fn check(arguments: &str) -> Result<Plan, String> {
        let words = std::iter::once("iotbox").chain(arguments.split_whitespace());
        let parsed = CommandLine::try_parse_from(words).map_err(|error| error.to_string())?;
        let Command::Run(run) = parsed.command;
        run.plan(environment)
    }

    fn refusal(arguments: &str) -> String {
        check(arguments).unwrap_err()
    }

    #[test]
    fn a_first_run_has_a_state_folder_named_by_its_code() {
        let plan = check("run --service http://127.0.0.1:8080 --code ABCD-EFGH-JKLM").unwrap();
        let Identity::Device { state, code, .. } = plan.identity else {
            panic!("not a device");
        };
        let state = state.to_str().unwrap();
        assert!(state.starts_with("/home/cam/.local/state/iotbox/"));
        assert!(!state.contains("ABCD"));
        assert_eq!(code.unwrap().as_str(), "ABCD-EFGH-JKLM");
        assert_eq!(plan.fragment_ms, 1000);
        assert_eq!(plan.clock, ClockPolicy::OwnClock);
        assert_eq!(plan.source, SourceChoice::TestPicture);
    }

    #[test]
    fn a_later_run_needs_only_the_state_folder() {
        let plan = check("run --state /var/lib/iotbox --source film.mkv --follow-service-clock");
        let plan = plan.unwrap();
        assert_eq!(plan.source, SourceChoice::File("film.mkv".into()));
        assert_eq!(plan.clock, ClockPolicy::FollowService);
    }

    #[test]
    fn keys_come_from_the_environment_and_the_address_from_the_region() {
        let plan = check("run --stream cam --region eu-west-1").unwrap();
        let Identity::Keys { endpoint, .. } = plan.identity else {
            panic!("not keys");
        };
        assert_eq!(endpoint.authority(), "kinesisvideo.eu-west-1.amazonaws.com");
    }

    #[test]
    fn wrong_usage_is_refused() {
        assert!(refusal("run").contains("give --service and --code"));
        assert!(refusal("run --code ABC").contains("twelve letters and digits"));
        assert!(refusal("run --service localhost --state d").contains("not an http"));
        assert!(refusal("run --state d --fragment-seconds 0").contains("1..=10"));
        assert!(refusal("run --state d --stream cam").contains("cannot be used with"));
        assert!(refusal("run --state d --endpoint http://a").contains("goes with --stream"));
        assert!(refusal("walk").contains("unrecognized subcommand"));
    }

    #[test]
    fn a_stream_without_keys_is_refused() {
        let run = RunArgs {
            stream: Some("cam".into()),
            region: "ap-northeast-1".into(),
            source: "test".into(),
            ..RunArgs::default()
        };
        let refusal = run.plan(|_| None).unwrap_err();
        assert!(refusal.contains("AWS_ACCESS_KEY_ID"));
    }
}
