//! A device's first start: a one-time code and a request for its own key against a certificate.

use std::sync::{Mutex, PoisonError};

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
    let issued = Issued::default();
    let answer = app
        .desk
        .decide(asked, now, || decide(app, hash, csr, now, &issued))
        .await?;
    issued.revoke_all_but(app, &answer).await;
    Ok(answer)
}

/// The certificates that were signed for one request, each with its thing: more than one if the request came twice
/// at once, of which only one is answered with.
#[derive(Default)]
struct Issued(Mutex<Vec<(String, Enrolled)>>);

impl Issued {
    fn add(&self, thing: &str, enrolled: &Enrolled) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((thing.to_owned(), enrolled.clone()));
    }

    /// Nobody will ever know the others, so they must not stay valid.
    async fn revoke_all_but(self, app: &App, answer: &Answer) {
        let all = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let told = &answer.body["certificate_pem"];
        for (thing, unknown) in all.iter().filter(|(_, one)| *told != one.certificate_pem) {
            let id = &unknown.certificate_id;
            if let Err(error) = app.things.revoke(thing, id).await {
                tracing::warn!(certificate_id = id, %error, "a certificate that nobody knows stays valid");
            }
        }
    }
}

async fn decide(
    app: &App,
    hash: &str,
    csr: &str,
    now: Moment,
    issued: &Issued,
) -> Result<Outcome, Problem> {
    let (device, camera) = find(app, hash, now).await?;
    let thing = &camera.stream_name;
    let endpoint = app.things.credential_endpoint().await?;
    // Signed before the stream is made: a request that cannot be read leaves nothing behind.
    let enrolled = app.things.enroll(thing, csr).await?;
    let enrolled = enrolled.ok_or(Refusal::RequestInvalid)?;
    if let Err(error) = app.streams.ensure(thing, camera.retention_hours).await {
        app.things.revoke(thing, &enrolled.certificate_id).await?;
        return Err(error.into());
    }
    let device = match device.activate(hash, enrolled.certificate_id.clone(), now.0) {
        Ok(device) => device,
        Err(refusal) => {
            app.things.revoke(thing, &enrolled.certificate_id).await?;
            return Err(refusal.into());
        }
    };
    issued.add(thing, &enrolled);
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
