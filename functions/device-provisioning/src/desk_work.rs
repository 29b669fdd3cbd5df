//! What an administrator does with devices.

use axum::extract::{Path, State};
use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::Contract;
use ciero_domain::device::{
    CODE_LIFETIME, Camera, Device, DeviceState, RawDevice, Refusal, Registration,
};
use ciero_domain::ids::{CameraId, ContractId, DeviceId};
use ciero_ports::{Decision, Write};
use ciero_runtime::{
    Administrator, Answer, Asked, Input, Moment, Outcome, Problem, device_code_hash,
};
use serde_json::json;

use crate::App;

/// Registers a device and its camera, and makes the one-time code that starts it.
pub async fn register(
    State(app): State<App>,
    now: Moment,
    who: Administrator,
    asked: Asked,
    Input(raw): Input<RawDevice>,
) -> Result<Answer, Problem> {
    let operator = app
        .documents
        .operator()
        .await?
        .ok_or_else(Problem::unavailable)?;
    let registration = Registration::parse(&raw, &operator).map_err(Problem::fields)?;
    let (app, who, registration) = (&app, &who, &registration);
    app.desk
        .decide(asked, now, || {
            decide_registration(app, who, registration, now)
        })
        .await
}

async fn decide_registration(
    app: &App,
    who: &Administrator,
    registration: &Registration,
    now: Moment,
) -> Result<Outcome, Problem> {
    let contract_id = &who.user.contract;
    let contract = app
        .contracts
        .contract(contract_id)
        .await?
        .ok_or_else(Problem::not_found)?;
    contract.check_use()?;
    // Read before the cameras: whatever is added after this read, this decision does not stand on it.
    let added = app.devices.cameras_added(contract_id).await?;
    let cameras = app.devices.cameras(contract_id).await?;
    let in_use = cameras
        .iter()
        .filter(|camera| camera.retired_at.is_none())
        .count();
    if in_use as u64 >= u64::from(camera_limit(&contract, now)) {
        return Err(Refusal::CameraLimit.into());
    }
    let (device, camera) = new_device(app, &contract, who, registration, now);
    let DeviceState::Registered {
        code_expires_at, ..
    } = device.state
    else {
        return Err(Problem::internal());
    };
    let code = app.gate.sealer.device_code(&device.id, code_expires_at);
    let hash = device_code_hash(&code);
    let device = device.with_code(hash.clone(), now.0)?;
    // The code is the first one, so the device is still at its first version.
    let device = Device {
        version: 1,
        ..device
    };
    let answer = Answer::created(format!("/devices/{}", device.id), device.id.as_str())
        .with("camera", camera.id.as_str())
        .with("code", code);
    let audit = app.audit(
        contract_id,
        who.user.id.as_str(),
        "device_registered",
        json!({ "device": device.id, "model": device.model }),
        now,
    );
    let claim = Write::ClaimSerial {
        model: device.model.clone(),
        serial: device.serial.clone(),
        contract: contract_id.clone(),
        device: device.id.clone(),
    };
    let code = Write::Code {
        hash,
        contract: contract_id.clone(),
        device: device.id.clone(),
        expires_at: code_expires_at,
    };
    let decision = Decision::of(Write::Device(Box::new(device)))
        .and(Write::Camera(Box::new(camera)))
        .and(Write::CameraAdded(contract_id.clone(), added + 1))
        .and(claim)
        .and(code)
        .and(Write::Audit(audit));
    Ok(Outcome::new(decision, answer))
}

/// Returns how many cameras the contract allows now; before its first term begins, those of that term,
/// so that an installer can prepare.
fn camera_limit(contract: &Contract, now: Moment) -> u32 {
    let first = contract
        .orders
        .iter()
        .map(|order| order.first_term.start)
        .min();
    let today = tokyo_date(now.0);
    contract.camera_limit(first.map_or(today, |first| first.max(today)))
}

fn new_device(
    app: &App,
    contract: &Contract,
    who: &Administrator,
    registration: &Registration,
    now: Moment,
) -> (Device, Camera) {
    let device_id = DeviceId::from_random(app.chance.id());
    let camera_id = CameraId::from_random(app.chance.id());
    let camera = Camera {
        id: camera_id.clone(),
        version: 1,
        contract: contract.id.clone(),
        device: device_id.clone(),
        name: registration.name.clone(),
        stream_name: format!("ciero-{camera_id}"),
        retention_hours: u32::from(contract.retention_days(tokyo_date(now.0))) * 24,
        since: now.0,
        retired_at: None,
    };
    let device = Device {
        id: device_id,
        version: 1,
        contract: contract.id.clone(),
        kind: registration.kind,
        model: registration.model.clone(),
        serial: registration.serial.clone(),
        site: registration.site.clone(),
        attested_by: who.user.id.clone(),
        registered_at: now.0,
        camera: camera_id,
        state: DeviceState::Registered {
            code_hash: String::new(),
            code_expires_at: now.0 + CODE_LIFETIME,
        },
    };
    (device, camera)
}

async fn find(app: &App, contract: &ContractId, id: &str) -> Result<Device, Problem> {
    let id = DeviceId::parse(id).map_err(|_| Problem::not_found())?;
    app.devices
        .device(contract, &id)
        .await?
        .ok_or_else(Problem::not_found)
}

/// Makes a new one-time code; the one before is void.
pub async fn new_code(
    State(app): State<App>,
    now: Moment,
    who: Administrator,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    let (app, who, id) = (&app, &who, &id);
    app.desk
        .decide(asked, now, || async move {
            let device = find(app, &who.user.contract, id).await?;
            let contract = app.contracts.contract(&device.contract).await?;
            contract.ok_or_else(Problem::not_found)?.check_use()?;
            let old = match &device.state {
                DeviceState::Registered { code_hash, .. } => code_hash.clone(),
                _ => String::new(),
            };
            let expires_at = now.0 + CODE_LIFETIME;
            let code = app.gate.sealer.device_code(&device.id, expires_at);
            let hash = device_code_hash(&code);
            let device = device.with_code(hash.clone(), now.0)?;
            let answer = Answer::done(format!("/devices/{}", device.id)).with("code", code);
            let audit = app.audit(
                &device.contract,
                who.user.id.as_str(),
                "device_code_made",
                json!({ "device": device.id }),
                now,
            );
            let code = Write::Code {
                hash: hash.clone(),
                contract: device.contract.clone(),
                device: device.id.clone(),
                expires_at,
            };
            let mut decision = Decision::of(Write::Device(Box::new(device)))
                .and(code)
                .and(Write::Audit(audit));
            if old != hash {
                decision = decision.and(Write::ForgetCode { hash: old });
            }
            Ok(Outcome::new(decision, answer))
        })
        .await
}

/// Takes a device out of use: it gets no further credentials, its serial is free, its recordings stay
/// for their retention. Nothing can close a connection that is open: the device program ends it with the
/// keys that opened it (15 min), and the service ends every connection after 45 min.
pub async fn retire(
    State(app): State<App>,
    now: Moment,
    who: Administrator,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    let (app, who, id) = (&app, &who, &id);
    app.desk
        .decide(asked, now, || async move {
            let before = find(app, &who.user.contract, id).await?;
            let camera = app
                .devices
                .camera(&before.contract, &before.camera)
                .await?
                .ok_or_else(Problem::internal)?;
            let device = before.clone().retire(now.0)?;
            if let DeviceState::Active { certificate_id, .. } = &before.state {
                // Before the write: revoking twice is harmless, forgetting to revoke is not.
                app.things
                    .revoke(&camera.stream_name, certificate_id)
                    .await?;
            }
            let camera = Camera {
                version: camera.version + 1,
                retired_at: Some(now.0),
                ..camera
            };
            let release = Write::ReleaseSerial {
                model: device.model.clone(),
                serial: device.serial.clone(),
                device: device.id.clone(),
            };
            let audit = app.audit(
                &device.contract,
                who.user.id.as_str(),
                "device_retired",
                json!({ "device": device.id }),
                now,
            );
            let mut decision = Decision::of(Write::Device(Box::new(device)))
                .and(Write::Camera(Box::new(camera)))
                .and(release)
                .and(Write::Audit(audit));
            if let DeviceState::Registered { code_hash, .. } = before.state {
                decision = decision.and(Write::ForgetCode { hash: code_hash });
            }
            Ok(Outcome::new(decision, Answer::done("/devices")))
        })
        .await
}
