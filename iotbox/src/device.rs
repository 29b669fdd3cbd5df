//! Makes a plan's identity into a stream that can be sent to, activating the device where need be.

use std::sync::Arc;

use tracing::{info, warn};

use crate::activation::{ActivationCode, ActivationError, activate};
use crate::backoff::{Backoff, chance};
use crate::clock::ServiceClock;
use crate::credentials::{CredentialSource, DeviceCredentials};
use crate::http_client::{Endpoint, HttpError};
use crate::media_service::{MediaService, regional_endpoint};
use crate::plan::Identity;
use crate::run::Failure;
use crate::state::{Device, StateDir};
use crate::tls::{Tls, TlsError};

/// Finds the stream of this device; waits for the service as long as it takes.
pub async fn media_service(
    identity: Identity,
    clock: Arc<ServiceClock>,
) -> Result<MediaService, Failure> {
    match identity {
        Identity::Keys {
            endpoint,
            stream,
            region,
            credentials,
        } => Ok(MediaService {
            control: endpoint,
            tls: Tls::new(None).map_err(usage)?.client(),
            region,
            stream,
            credentials: CredentialSource::Fixed(credentials),
            clock,
        }),
        Identity::Device {
            service,
            code,
            state,
        } => {
            let state = StateDir::open(&state).map_err(usage)?;
            let device = match state.device().map_err(usage)? {
                Some(device) => device,
                None => first_run(service, code, &state).await?,
            };
            let key_pem = state.key_pem().map_err(usage)?;
            of_device(device, &key_pem, clock)
        }
    }
}

async fn first_run(
    service: Option<Endpoint>,
    code: Option<ActivationCode>,
    state: &StateDir,
) -> Result<Device, Failure> {
    let (Some(service), Some(code)) = (service, code) else {
        let sentence = "this device is not activated yet: give service and code (on a command line --service and --code)";
        return Err(Failure::Usage(sentence.into()));
    };
    let tls = Tls::new(None).map_err(usage)?.client();
    let mut backoff = Backoff::default();
    loop {
        match activate(&service, &tls, &code, state).await {
            Ok(device) => {
                info!(device_id = device.device_id, "this device is activated");
                return Ok(device);
            }
            Err(refused @ ActivationError::Refused(_)) => {
                return Err(Failure::Refused(refused.to_string()));
            }
            Err(error @ ActivationError::NotNow(_)) => {
                let wait = backoff.failed(chance());
                warn!(wait_ms = wait.as_millis() as u64, "{error}");
                tokio::time::sleep(wait).await;
            }
            Err(error) => return Err(usage(error)),
        }
    }
}

fn of_device(
    device: Device,
    key_pem: &str,
    clock: Arc<ServiceClock>,
) -> Result<MediaService, Failure> {
    let tls = Tls::new(device.ca_pem.as_deref()).map_err(of_state)?;
    let shown = tls
        .client_as(&device.certificate_pem, key_pem)
        .map_err(of_state)?;
    let credentials = DeviceCredentials::new(
        &device.credential_endpoint,
        &device.role_alias,
        &device.thing_name,
        shown,
    )
    .map_err(of_state_address)?;
    let address = match device.media_endpoint {
        Some(address) => address,
        None => regional_endpoint(&device.region),
    };
    Ok(MediaService {
        control: Endpoint::parse_private(&address).map_err(of_state_address)?,
        tls: tls.client(),
        region: device.region,
        stream: device.stream_name,
        credentials: CredentialSource::Device(Box::new(credentials)),
        clock,
    })
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

fn of_state(error: TlsError) -> Failure {
    Failure::Usage(format!("the state folder is damaged: {error}"))
}

fn of_state_address(error: HttpError) -> Failure {
    Failure::Usage(format!("the state folder is damaged: {error}"))
}
