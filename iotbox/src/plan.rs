//! What a configuration asks for, once everything in it is checked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_credential_types::Credentials;
use sha2::{Digest, Sha256};

use crate::activation::ActivationCode;
use crate::args::NEEDS_PASSWORD;
use crate::clock::ClockPolicy;
use crate::config::{Audio, Camera, Config, General, Origin};
use crate::http_client::Endpoint;
use crate::media_service::regional_endpoint;
use crate::source::rtsp::RtspAddress;
use crate::spool::SpoolPlan;
use crate::uplink::Pace;

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceChoice {
    TestPicture,
    File { path: PathBuf, audio: Audio },
    Rtsp(RtspAddress),
}

impl std::fmt::Display for SourceChoice {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TestPicture => write!(out, "test picture"),
            Self::File { path, .. } => write!(out, "{}", path.display()),
            Self::Rtsp(address) => write!(out, "{address}"),
        }
    }
}

/// Who a camera is to the service.
#[derive(Debug, Clone, PartialEq)]
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

/// One camera, from its pictures to its stream.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraPlan {
    pub name: String,
    pub identity: Identity,
    pub source: SourceChoice,
    pub fragment_ms: u64,
    pub spool: SpoolPlan,
    pub pace: Pace,
}

/// A configuration that makes sense.
#[derive(Debug)]
pub struct Plan {
    pub cameras: Vec<CameraPlan>,
    pub clock: ClockPolicy,
    /// Where the status page listens.
    pub status: Option<SocketAddr>,
    pub exit_with_parent: bool,
}

/// The variables of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What a camera's fields are read with.
struct Around<'a> {
    general: &'a General,
    origin: Origin,
    environment: Environment<'a>,
}

/// Checks a configuration together with the environment.
pub fn plan(config: Config, environment: Environment<'_>) -> Result<Plan, String> {
    let general = config.general;
    if let Some(address) = general.status.filter(|address| !address.ip().is_loopback()) {
        return Err(format!(
            "status = {address}: the page shows itself on this machine only, give an address of 127.0.0.1 or [::1]"
        ));
    }
    if config.cameras.is_empty() {
        return Err("there is no [[camera]]".into());
    }
    let around = Around {
        general: &general,
        origin: config.origin,
        environment,
    };
    let mut folders: HashMap<PathBuf, String> = HashMap::new();
    let mut cameras: Vec<CameraPlan> = Vec::new();
    for camera in config.cameras {
        let name = camera.name.clone();
        if cameras.iter().any(|other| other.name == name) {
            return Err(format!("camera {name} is there twice"));
        }
        let of_camera = |error| match name.as_str() {
            "" => error,
            name => format!("camera {name}: {error}"),
        };
        let whole = check_name(&name).and_then(|()| camera_plan(camera, &around));
        let whole = whole.map_err(of_camera)?;
        let folder = std::path::absolute(&whole.spool.folder);
        let folder = folder.unwrap_or_else(|_| whole.spool.folder.clone());
        if let Some(other) = folders.insert(folder, name.clone()) {
            let state = whole.spool.folder.parent().unwrap_or(Path::new(""));
            return Err(of_camera(format!(
                "its state folder {} is that of camera {other}, too: each camera needs its own",
                state.display()
            )));
        }
        cameras.push(whole);
    }
    Ok(Plan {
        cameras,
        clock: match general.follow_service_clock {
            true => ClockPolicy::FollowService,
            false => ClockPolicy::OwnClock,
        },
        status: general.status,
        exit_with_parent: false,
    })
}

/// A name is a folder's name, too. The only camera of a command line has none.
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
    match name.len() <= 64 && name.chars().all(allowed) {
        true => Ok(()),
        false => Err("a name has letters, digits, - and _ only, 64 at most".into()),
    }
}

fn camera_plan(camera: Camera, around: &Around<'_>) -> Result<CameraPlan, String> {
    let general = around.general;
    if !(1..=10).contains(&camera.fragment_seconds) {
        return Err("fragment_seconds is 1 to 10".into());
    }
    let spool_mb = camera.spool_mb.unwrap_or(general.spool_mb);
    if !(1..=10_000_000).contains(&spool_mb) || general.backlog_fragments_per_second == 0 {
        return Err("spool_mb and backlog_fragments_per_second are 1 at least".into());
    }
    let source = source(&camera, around.origin)?;
    let (identity, folder) = match &camera.stream {
        Some(stream) => keys(stream.clone(), &camera, around)?,
        None => device(&camera, around)?,
    };
    Ok(CameraPlan {
        name: camera.name,
        identity,
        source,
        fragment_ms: camera.fragment_seconds * 1000,
        spool: SpoolPlan {
            folder: folder.join("spool"),
            limit_bytes: spool_mb * 1_000_000,
            sync_after: Duration::from_secs(general.sync_seconds),
            order: general.order,
        },
        pace: Pace {
            fragments_per_second: general.backlog_fragments_per_second,
            kbit_per_s: general.backlog_kbit_per_s,
        },
    })
}

/// A refusal never repeats the source, which may hold a password.
fn source(camera: &Camera, origin: Origin) -> Result<SourceChoice, String> {
    let credentials = credentials(camera, origin)?;
    let source = camera.source.trim();
    let scheme = source.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |name: &str| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(name));
    let is_path = source.starts_with(['/', '.']);
    match source {
        "" => Err("it has no source".into()),
        "test" => Ok(SourceChoice::TestPicture),
        address if is_scheme("rtsp") => {
            let mut address = RtspAddress::parse(address)?;
            address.transport = camera.transport;
            address.audio = camera.audio;
            if let Some((user, password)) = credentials {
                address.set_credentials(user, password);
            }
            Ok(SourceChoice::Rtsp(address))
        }
        other
            if other.contains("://")
                || is_scheme("rtsps")
                || (!is_path && other.contains('@') && scheme.is_some()) =>
        {
            Err("its source is not an rtsp:// address".into())
        }
        path => Ok(SourceChoice::File {
            path: path.into(),
            audio: camera.audio,
        }),
    }
}

/// User and password go together.
fn credentials(camera: &Camera, origin: Origin) -> Result<Option<(String, String)>, String> {
    match (&camera.user, &camera.password, origin) {
        (Some(user), Some(password), _) => Ok(Some((user.clone(), password.clone()))),
        (None, None, _) => Ok(None),
        (Some(_), None, Origin::CommandLine) => Err(NEEDS_PASSWORD.into()),
        (Some(_), None, Origin::File) => {
            Err("user needs password (\"\" where the camera has none)".into())
        }
        (None, Some(_), _) => Err("password needs user".into()),
    }
}

fn keys(
    stream: String,
    camera: &Camera,
    around: &Around<'_>,
) -> Result<(Identity, PathBuf), String> {
    let environment = around.environment;
    let key = |name: &str| {
        environment(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                let option = around.origin.named("stream");
                format!("{option} needs {name} in the environment")
            })
    };
    let credentials = Credentials::new(
        key("AWS_ACCESS_KEY_ID")?,
        key("AWS_SECRET_ACCESS_KEY")?,
        environment("AWS_SESSION_TOKEN").filter(|token| !token.is_empty()),
        None,
        "environment",
    );
    let address = match &camera.endpoint {
        Some(address) => address.clone(),
        None => regional_endpoint(&camera.region),
    };
    let named = format!("{address} {stream}");
    let folder = match own_folder(camera, around.general) {
        Some(folder) => folder,
        None => default_folder(&named, around)?,
    };
    let identity = Identity::Keys {
        endpoint: Endpoint::parse(&address).map_err(|error| error.to_string())?,
        stream,
        region: camera.region.clone(),
        credentials,
    };
    Ok((identity, folder))
}

fn device(camera: &Camera, around: &Around<'_>) -> Result<(Identity, PathBuf), String> {
    let (general, named) = (around.general, |field| around.origin.named(field));
    if camera.endpoint.is_some() {
        let (endpoint, stream) = (named("endpoint"), named("stream"));
        return Err(format!(
            "{endpoint} goes with {stream}; a device knows its own"
        ));
    }
    let service = camera
        .service
        .as_ref()
        .or(general.service.as_ref())
        .map(|address| Endpoint::parse_private(address))
        .transpose()
        .map_err(|error| error.to_string())?;
    let code: Option<ActivationCode> = camera
        .code
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: crate::activation::NotACode| error.to_string())?;
    let state = match (own_folder(camera, general), &code) {
        (Some(state), _) => state,
        (None, Some(code)) => default_folder(code.as_str(), around)?,
        (None, None) => {
            let (service, code, state) = (named("service"), named("code"), named("state"));
            return Err(format!(
                "give {service} and {code} for a first run, or {state} for a later one"
            ));
        }
    };
    let identity = Identity::Device {
        service,
        code,
        state: state.clone(),
    };
    Ok((identity, state))
}

fn own_folder(camera: &Camera, general: &General) -> Option<PathBuf> {
    let below = |base: &PathBuf| base.join(&camera.name);
    camera
        .state
        .clone()
        .or_else(|| general.state.as_ref().map(below))
}

/// The folder is named by a hash, so that a used code is not lying about in a path.
fn default_folder(named: &str, around: &Around<'_>) -> Result<PathBuf, String> {
    let environment = around.environment;
    let base = match (environment("XDG_STATE_HOME"), environment("HOME")) {
        (Some(base), _) if !base.is_empty() => PathBuf::from(base),
        (_, Some(home)) if !home.is_empty() => Path::new(&home).join(".local/state"),
        _ => {
            let state = around.origin.named("state");
            return Err(format!("there is no home folder, give {state}"));
        }
    };
    let hash = hex::encode(Sha256::digest(named));
    Ok(base.join("iotbox").join(&hash[..16]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(text: &str) -> Result<Plan, String> {
        plan(Config::parse(text)?, &|_| None)
    }

    #[test]
    fn each_camera_has_a_folder_and_a_spool_of_its_own() {
        let plan = check(
            "[box]\nstate = \"/var/lib/iotbox\"\nspool_mb = 50\n\
             [[camera]]\nname = \"door\"\nsource = \"rtsp://10.0.0.2/a\"\nuser = \"u\"\npassword = \"p\"\n\
             [[camera]]\nname = \"yard\"\nsource = \"rtsp://10.0.0.3/a\"\nspool_mb = 7\n",
        )
        .unwrap();
        let spools: Vec<_> = plan
            .cameras
            .iter()
            .map(|camera| {
                (
                    camera.spool.folder.to_str().unwrap(),
                    camera.spool.limit_bytes,
                )
            })
            .collect();
        assert_eq!(
            spools,
            [
                ("/var/lib/iotbox/door/spool", 50_000_000),
                ("/var/lib/iotbox/yard/spool", 7_000_000)
            ]
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_cameras_name() {
        let camera = |more: &str| {
            let text = format!("[box]\nstate = \"s\"\n[[camera]]\nname = \"door\"\n{more}");
            check(&text).unwrap_err()
        };
        assert!(camera("").contains("camera door: it has no source"));
        assert!(camera("source = \"http://a/b\"").contains("not an rtsp:// address"));
        assert!(camera("source = \"test\"\nfragment_seconds = 11").contains("1 to 10"));
        assert!(camera("source = \"test\"\nspool_mb = 0").contains("1 at least"));
        assert!(camera("source = \"test\"\ncode = \"A\"").contains("twelve letters"));
        let open = "source = \"test\"\nservice = \"http://camera.example.jp\"";
        assert!(camera(open).contains("give an https:// address"));
        let twice = "source = \"test\"\n[[camera]]\nname = \"door\"\nsource = \"test\"";
        assert!(camera(twice).contains("twice"));
        let outside = check("[[camera]]\nname = \"../a\"\nsource = \"test\"").unwrap_err();
        assert!(outside.contains("letters, digits"), "{outside}");
        assert!(check("").unwrap_err().contains("no [[camera]]"));
        let folder = camera(
            "source = \"test\"\n[[camera]]\nname = \"yard\"\nsource = \"test\"\nstate = \"./s/door/\"",
        );
        assert_eq!(
            folder,
            "camera yard: its state folder ./s/door is that of camera door, too: each camera needs its own"
        );
        let open = check("[box]\nstatus = \"0.0.0.0:80\"").unwrap_err();
        assert!(open.contains("on this machine only"), "{open}");
    }
    #[test]
    fn a_source_that_is_refused_is_never_repeated() {
        let camera = |source: &str| {
            check(&format!(
                "[[camera]]\nname = \"door\"\nstate = \"s\"\nsource = \"{source}\""
            ))
        };
        for source in [
            "rtsps://admin:hunter2@10.0.0.2/a",
            "rtsps:admin:hunter2@10.0.0.2/a",
            "HTTP://admin:hunter2@10.0.0.2/a",
            "rtsp:/admin:hunter2@10.0.0.2/a",
            "admin:hunter2@10.0.0.2/a",
            "rtsp://admin:hunter2/3@10.0.0.2/a",
        ] {
            let refusal = camera(source).unwrap_err();
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
        let shown = |source| camera(source).unwrap().cameras[0].source.to_string();
        assert_eq!(
            shown(" RTSP://admin:hunter2@10.0.0.2/a"),
            "rtsp://10.0.0.2/a"
        );
        assert_eq!(shown("/films/a:b@c.mkv"), "/films/a:b@c.mkv");
    }

    #[test]
    fn what_is_missing_is_named_as_the_file_calls_it() {
        let camera = |more: &str| {
            let text =
                format!("[[camera]]\nname = \"door\"\nsource = \"rtsp://10.0.0.2/a\"\n{more}");
            check(&text).unwrap_err()
        };
        let state = "state = \"s\"\n";
        assert_eq!(
            camera(&format!("{state}password = \"p\"")),
            "camera door: password needs user"
        );
        let password = camera(&format!("{state}user = \"u\""));
        assert!(password.contains("user needs password"), "{password}");
        assert_eq!(
            camera(""),
            "camera door: give service and code for a first run, or state for a later one"
        );
        let keys = camera(&format!("{state}stream = \"s\""));
        assert!(
            keys.contains("stream needs AWS_ACCESS_KEY_ID") && !keys.contains("--"),
            "{keys}"
        );
    }
}
