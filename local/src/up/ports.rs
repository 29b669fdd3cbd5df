//! The two ports of the local cloud, and what the template's parameters become on them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use tokio::net::TcpListener;

use super::{Options, Stop};
use crate::template::{REGION, Surroundings};

/// The two listeners, bound before anything else so that a taken port is told at once.
pub(super) struct Ports {
    pub portal: TcpListener,
    pub aws: TcpListener,
    pub surroundings: Surroundings,
    pub aws_port: u16,
    pub portal_port: u16,
}

pub(super) async fn bind(options: &Options) -> Result<Ports, Stop> {
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
