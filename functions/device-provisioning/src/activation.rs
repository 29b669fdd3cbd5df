//! A device's first start: a one-time code and a request for its own key against a certificate.

use axum::extract::State;
use ciero_domain::device::{Camera, Device, Refusal};
use ciero_ports::{Decision, Enrolled, Write};
use ciero_runtime::{Answer, Asked, Input, Moment, Outcome, Problem, device_code_hash};
use serde::Deserialize;
use serde_json::json;

use crate::App;

/// What a device sends. The private key never leaves it.
#[derive(Debug, Deserialize)]
pub struct Request {
    code: String,
    /// Certificate signing request, PEM.
    csr: String,
}

/// Signs the device in: certificate, stream, and where to get credentials.
pub async fn activate(
    State(app): State<App>,
    now: Moment,
    asked: Asked,
    Input(request): Input<Request>,
) -> Result<Answer, Problem> {
    let hash = device_code_hash(&request.code);
    let (app, hash, csr) = (&app, &hash, &request.csr);
    app.desk
        .decide(asked, now, || decide(app, hash, csr, now))
        .await
}

async fn decide(app: &App, hash: &str, csr: &str, now: Moment) -> Result<Outcome, Problem> {
    let (device, camera) = find(app, hash, now).await?;
    app.streams
        .ensure(&camera.stream_name, camera.retention_hours)
        .await?;
    let endpoint = app.things.credential_endpoint().await?;
    let enrolled = app
        .things
        .enroll(&camera.stream_name, csr)
        .await?
        .ok_or(Refusal::RequestInvalid)?;
    let device = match device.activate(hash, enrolled.certificate_id.clone(), now.0) {
        Ok(device) => device,
        Err(refusal) => {
            app.things
                .revoke(&camera.stream_name, &enrolled.certificate_id)
                .await?;
            return Err(refusal.into());
        }
    };
    let answer = answer(app, &device, &camera, &endpoint, &enrolled);
    let actor = format!("device:{}", device.id);
    let audit = app.audit(
        &device.contract,
        &actor,
        "device_activated",
        json!({ "certificate": enrolled.certificate_id }),
        now,
    );
    let decision = Decision::of(Write::Device(Box::new(device)))
        .and(Write::ForgetCode {
            hash: hash.to_owned(),
        })
        .and(Write::Audit(audit));
    Ok(Outcome::new(decision, answer))
}

/// Finds the device that a code opens now; a wrong, used or expired code gets one answer.
async fn find(app: &App, hash: &str, now: Moment) -> Result<(Device, Camera), Problem> {
    let (contract, id) = app
        .devices
        .by_code(hash)
        .await?
        .ok_or(Refusal::CodeInvalid)?;
    let device = app
        .devices
        .device(&contract, &id)
        .await?
        .filter(|device| device.code_opens(hash, now.0))
        .ok_or(Refusal::CodeInvalid)?;
    let camera = app
        .devices
        .camera(&contract, &device.camera)
        .await?
        .ok_or_else(Problem::internal)?;
    Ok((device, camera))
}

fn answer(
    app: &App,
    device: &Device,
    camera: &Camera,
    endpoint: &str,
    enrolled: &Enrolled,
) -> Answer {
    let deployment = &app.deployment;
    Answer::ok(json!({
        "device_id": device.id,
        "thing_name": camera.stream_name,
        "stream_name": camera.stream_name,
        "region": deployment.region,
        "certificate_pem": enrolled.certificate_pem,
        "ca_pem": deployment.trust_anchor,
        "credential_endpoint": endpoint,
        "role_alias": deployment.role_alias,
        "media_endpoint": deployment.endpoint_url,
    }))
}
