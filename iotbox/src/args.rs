//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{Camera, Config, General, Origin, Transport};
use crate::plan::{Environment, Plan, plan};

/// Variable of the environment with a camera's password, which a command line would show to everyone on the machine.
pub const CAMERA_PASSWORD: &str = "IOTBOX_CAMERA_PASSWORD";
/// A user without a password, on a command line.
pub const NEEDS_PASSWORD: &str = "--user needs the password in the environment: set IOTBOX_CAMERA_PASSWORD (empty where the camera has none)";

const AFTER_HELP: &str = "\
Exit codes:
  0  stopped by SIGINT or SIGTERM, the last fragment sent as far as possible; check: this camera can be sent
  1  a fault of this program; starting it again may help
  2  wrong usage, a configuration that makes no sense, a folder or file that can never be used
  3  refused by the service (for instance a code that is unknown, used or expired)
  4  check: the camera does not answer, refuses, or offers nothing that can be sent

Whatever may pass by itself (no network, a service that is busy, a camera that is off, a file that is not there, a folder
that another program uses) is tried again for ever. A camera that has failed for good stops no other. A camera that refuses
the password is asked again after five minutes, because many lock out who asks often.

A line on stdout tells how each camera does: every five seconds on a terminal, elsewhere at each change and every ten minutes.

One camera needs no configuration file. Its first run takes --service and --code, as the portal prints them; later runs
need only the state folder. Several cameras, and what the options below do not say (transport, sound, order), stand in a
file (run --config /etc/iotbox/iotbox.toml); every field is explained in the sample iotbox.toml. With --stream, the keys come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
AWS_SESSION_TOKEN; the stream must exist and keep what it receives. RUST_LOG sets what is logged to stderr.

While the line is down pictures wait in the spool, a folder of bounded size below the state folder; its oldest pictures
go when it is full. A clock that is more than 5 s off the service's sends nothing and says so.

Examples:
  iotbox check rtsp://192.168.1.20/stream1 --user viewer
  IOTBOX_CAMERA_PASSWORD=... iotbox run --service https://camera.example.jp --code ABCD-EFGH-JKLM --source rtsp://192.168.1.20/stream1 --user viewer
  iotbox run --config /etc/iotbox/iotbox.toml";

/// Sends cameras' pictures to Kinesis Video.
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
    Run(Box<RunArgs>),
    /// Looks at a camera for some seconds and tells what it offers and what would be sent.
    #[command(after_help = AFTER_HELP)]
    Check(CheckArgs),
}

#[derive(Debug, Default, Args)]
pub struct RunArgs {
    /// Configuration file of one or more cameras, instead of all other options
    #[arg(long, value_name = "FILE", conflicts_with_all = ["service", "code", "state", "stream", "source", "user", "status", "fragment_seconds", "spool_mb", "follow_service_clock", "endpoint", "region"])]
    pub config: Option<PathBuf>,
    /// Address of the service's portal, for the first run
    #[arg(long, value_name = "URL")]
    pub service: Option<String>,
    /// One-time code that the portal printed, for the first run
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Folder of the device's key, certificate and spool [default: one per code or stream in ~/.local/state/iotbox]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// `test`, the rtsp:// address of a camera, or a Matroska file (H.264 or H.265, with or without AAC) or an MP4 file (H.264, without sound) that is played again and again
    #[arg(long, value_name = "test|URL|FILE", default_value = "test")]
    pub source: String,
    /// User of the camera; the password comes from IOTBOX_CAMERA_PASSWORD, or both stand in the address
    #[arg(long)]
    pub user: Option<String>,
    /// Shortest length of a fragment
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10))]
    pub fragment_seconds: u64,
    /// Megabytes of pictures that wait on this machine while the line is down [default: 2000]
    #[arg(long, value_name = "MB")]
    pub spool_mb: Option<u64>,
    /// Show a status page at this address of this machine, for instance 127.0.0.1:8090
    #[arg(long, value_name = "ADDRESS")]
    pub status: Option<std::net::SocketAddr>,
    /// Stamp pictures by the service's clock, wherever it is; without this a clock that is more than 5 s off is refused
    #[arg(long)]
    pub follow_service_clock: bool,
    /// Stop when the process that started this one is gone
    #[arg(long)]
    pub exit_with_parent: bool,
    /// Stream to send to with keys from the environment, without a device's certificate
    #[arg(long, value_name = "NAME", conflicts_with_all = ["service", "code"])]
    pub stream: Option<String>,
    /// Address of Kinesis Video, with --stream [default: the region's own]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Region, with --stream
    #[arg(long, default_value = "ap-northeast-1", requires = "stream")]
    pub region: String,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Address of the camera, for instance rtsp://192.168.1.20/stream1
    #[arg(value_name = "URL")]
    pub address: String,
    /// User of the camera; the password comes from IOTBOX_CAMERA_PASSWORD, or both stand in the address
    #[arg(long)]
    pub user: Option<String>,
    /// How the pictures come
    #[arg(long, value_enum, default_value = "tcp")]
    pub transport: Transport,
    /// How long to look at most; it takes as long as three key pictures take
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
}

impl RunArgs {
    /// Checks the arguments, or the file that they name, together with the environment.
    pub fn plan(self, environment: Environment<'_>) -> Result<Plan, String> {
        let exit_with_parent = self.exit_with_parent;
        let config = match &self.config {
            None => self.single(environment),
            Some(path) => {
                let shown = path.display();
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("{shown} cannot be read: {error}"))?;
                Config::parse(&text).map_err(|error| format!("{shown}: {error}"))?
            }
        };
        Ok(Plan {
            exit_with_parent,
            ..plan(config, environment)?
        })
    }

    fn single(self, environment: Environment<'_>) -> Config {
        let general = General {
            follow_service_clock: self.follow_service_clock,
            status: self.status,
            ..General::default()
        };
        let camera = Camera {
            source: self.source,
            password: self.user.as_ref().and(environment(CAMERA_PASSWORD)),
            user: self.user,
            fragment_seconds: self.fragment_seconds,
            state: self.state,
            service: self.service,
            code: self.code,
            spool_mb: self.spool_mb,
            stream: self.stream,
            endpoint: self.endpoint,
            region: self.region,
            ..Camera::default()
        };
        Config {
            general,
            cameras: vec![camera],
            origin: Origin::CommandLine,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::activation::ActivationCode;
    use crate::clock::ClockPolicy;
    use crate::config::Audio;
    use crate::plan::{CameraPlan, Identity, SourceChoice};
    use crate::source::rtsp::RtspAddress;

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
        let Command::Run(run) = parsed.command else {
            return Err("not a run".into());
        };
        run.plan(&environment)
    }

    fn only(plan: &Plan) -> &CameraPlan {
        assert_eq!(plan.cameras.len(), 1);
        &plan.cameras[0]
    }

    fn refusal(arguments: &str) -> String {
        check(arguments).unwrap_err()
    }

    #[test]
    fn a_first_run_has_a_state_folder_named_by_its_code() {
        let plan = check("run --service http://127.0.0.1:8080 --code ABCD-EFGH-JKLM").unwrap();
        let Identity::Device { state, code, .. } = &only(&plan).identity else {
            panic!("not a device");
        };
        let state = state.to_str().unwrap();
        assert!(state.starts_with("/home/cam/.local/state/iotbox/"));
        assert!(!state.contains("ABCD"));
        let code = code.as_ref().map(ActivationCode::as_str);
        assert_eq!(code, Some("ABCD-EFGH-JKLM"));
        assert_eq!(only(&plan).fragment_ms, 1000);
        assert_eq!(plan.clock, ClockPolicy::OwnClock);
        assert_eq!(only(&plan).source, SourceChoice::TestPicture);
    }

    #[test]
    fn a_later_run_needs_only_the_state_folder() {
        let plan = check("run --state /var/lib/iotbox --source film.mkv --follow-service-clock");
        let plan = plan.unwrap();
        assert_eq!(
            only(&plan).source,
            SourceChoice::File {
                path: "film.mkv".into(),
                audio: Audio::Aac
            }
        );
        assert_eq!(plan.clock, ClockPolicy::FollowService);
    }

    #[test]
    fn keys_come_from_the_environment_and_the_address_from_the_region() {
        let plan = check("run --stream cam --region eu-west-1").unwrap();
        let Identity::Keys { endpoint, .. } = &only(&plan).identity else {
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
        assert!(refusal("run --code C --stream cam").contains("cannot be used with"));
        assert!(refusal("run --state d --config f").contains("cannot be used with"));
        for own in [
            "--follow-service-clock",
            "--spool-mb 1",
            "--user u",
            "--region r",
        ] {
            assert!(refusal(&format!("run --config f {own}")).contains("cannot be used with"));
        }
        assert!(refusal("run --state d --region r").contains("--stream"));
        assert!(refusal("run --config no/such/file").contains("no/such/file cannot be read"));
        assert!(refusal("run --state d --source http://a/b").contains("not an rtsp:// address"));
        assert!(refusal("run --state d --status 0.0.0.0:80").contains("on this machine only"));
        assert!(refusal("run --state d --endpoint http://a").contains("goes with --stream"));
        assert!(refusal("walk").contains("unrecognized subcommand"));
    }

    #[test]
    fn the_cameras_password_comes_from_the_environment() {
        let environment = |name: &str| (name == CAMERA_PASSWORD).then(|| "p".to_owned());
        let line = "iotbox run --state d --source rtsp://10.0.0.2/a --user viewer";
        let parsed = CommandLine::try_parse_from(line.split_whitespace()).unwrap();
        let Command::Run(run) = parsed.command else {
            panic!("not a run");
        };
        let mut expected = RtspAddress::parse("rtsp://10.0.0.2/a").unwrap();
        expected.set_credentials("viewer".into(), "p".into());
        let plan = run.plan(&environment).unwrap();
        assert_eq!(only(&plan).source, SourceChoice::Rtsp(expected));
        assert_eq!(
            refusal("run --state d --source rtsp://10.0.0.2/a --user viewer"),
            NEEDS_PASSWORD
        );
        assert!(NEEDS_PASSWORD.contains(CAMERA_PASSWORD));
    }

    #[test]
    fn a_stream_without_keys_is_refused() {
        let run = RunArgs {
            stream: Some("cam".into()),
            region: "ap-northeast-1".into(),
            source: "test".into(),
            fragment_seconds: 1,
            ..RunArgs::default()
        };
        let refusal = run.plan(&|_| None).unwrap_err();
        assert!(refusal.contains("AWS_ACCESS_KEY_ID"));
    }

    #[test]
    fn the_systemd_unit_runs_what_this_program_understands() {
        let unit = include_str!("../iotbox.service");
        let starts = unit
            .lines()
            .find_map(|line| line.strip_prefix("ExecStart="));
        let parsed = CommandLine::try_parse_from(starts.unwrap().split_whitespace()).unwrap();
        let Command::Run(run) = parsed.command else {
            panic!("not a run");
        };
        assert_eq!(run.config, Some("%d/iotbox.toml".into()));
        assert!(unit.contains("RestartPreventExitStatus=2 3\n"));
        let file = "/etc/iotbox/iotbox.toml";
        assert!(unit.contains(&format!("LoadCredential=iotbox.toml:{file}\n")));
        assert!(AFTER_HELP.ends_with(&format!("iotbox run --config {file}")));
        assert!(include_str!("../iotbox.toml").contains(&format!("--config {file}`")));
    }
}
