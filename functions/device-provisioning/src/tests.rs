//! The handlers with mocked ports.
#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use ciero_domain::Language;
use ciero_domain::contract::Contract;
use ciero_domain::device::{CODE_LIFETIME, Camera, Device, DeviceKind, DeviceState};
use ciero_domain::documents::{Bilingual, DeviceModel, Operator};
use ciero_domain::ids::{CameraId, DeviceId, UserId};
use ciero_domain::particulars::Address;
use ciero_domain::prefecture::Prefecture;
use ciero_domain::user::{Acceptance, NewUser, Role as UserRole, User};
use ciero_ports::{
    CommitError, Decision, Enrolled, MockChance, MockContracts, MockDevices, MockDocuments,
    MockLedger, MockPeople, MockQueues, MockStreams, MockThings, Write, WriteKind,
};
use ciero_runtime::{device_code_hash, testing};
use jiff::Timestamp;
use serde_json::json;

use super::*;

const CODE: &str = "ABCD-EFGH-JKMN";

fn now() -> Timestamp {
    "2026-06-01T03:00:00Z".parse().unwrap()
}

fn contract() -> Contract {
    let (mut contract, _) = ciero_domain::samples::contract(jiff::civil::date(2026, 7, 1));
    contract.orders[0].running.quote.cameras = 1;
    contract
}

fn administrator() -> User {
    let person = NewUser {
        id: UserId::from_random([0; 10]),
        name: "花子".into(),
        email: "h@example.jp".into(),
        role: UserRole::Administrator,
        language: Language::Ja,
    };
    let mut user = User::add(contract().id, person, None, now());
    user.acceptances.push(Acceptance {
        terms_version: "2026-04-01".into(),
        at: now(),
        channel: "portal".into(),
    });
    user.sessions_after = Timestamp::UNIX_EPOCH;
    user
}

fn device(state: DeviceState) -> Device {
    Device {
        id: DeviceId::from_random([6; 10]),
        version: 1,
        contract: contract().id,
        kind: DeviceKind::Camera,
        model: "MC-100".into(),
        serial: "SN-0001".into(),
        site: Address {
            postal_code: "1000001".into(),
            prefecture: Prefecture::parse("13").unwrap(),
            line: "千代田1-1".into(),
        },
        attested_by: administrator().id,
        registered_at: now(),
        camera: camera().id,
        state,
    }
}

fn registered() -> Device {
    device(DeviceState::Registered {
        code_hash: device_code_hash(CODE),
        code_expires_at: now() + CODE_LIFETIME,
    })
}

fn camera() -> Camera {
    Camera {
        id: CameraId::from_random([5; 10]),
        version: 1,
        contract: contract().id,
        device: DeviceId::from_random([6; 10]),
        name: "玄関".into(),
        stream_name: "ciero-k-1".into(),
        retention_hours: 720,
        since: now(),
        retired_at: None,
    }
}

fn form() -> serde_json::Value {
    json!({ "name": "玄関", "model": "MC-100", "serial": "SN-0001", "postal_code": "100-0001", "prefecture": "13", "address": "千代田1-1", "attestation": "on" })
}

#[derive(Default)]
struct Ports {
    devices: MockDevices,
    things: MockThings,
    streams: MockStreams,
    commit: Option<WriteKind>,
}

/// Calls the router as an administrator and returns status, body and the committed decisions.
async fn call(
    path: &str,
    body: serde_json::Value,
    ports: Ports,
) -> (u16, serde_json::Value, Vec<Decision>) {
    let committed = Arc::new(Mutex::new(Vec::new()));
    let mut people = MockPeople::new();
    people
        .expect_user()
        .returning(|_, _| Ok(Some(administrator())));
    let mut contracts = MockContracts::new();
    contracts
        .expect_contract()
        .returning(|_| Ok(Some(contract())));
    let mut documents = MockDocuments::new();
    let model = DeviceModel {
        model: "MC-100".into(),
        kind: DeviceKind::Camera,
        name: Bilingual::default(),
    };
    documents.expect_operator().returning(move || {
        Ok(Some(Operator {
            device_models: vec![model.clone()],
            ..Operator::default()
        }))
    });
    let mut ledger = MockLedger::new();
    let (kept, conflict) = (committed.clone(), ports.commit);
    ledger
        .expect_commit()
        .returning(move |decision| match conflict {
            Some(kind) => Err(CommitError::Conflict(kind)),
            None => {
                kept.lock().unwrap().push(decision.clone());
                Ok(())
            }
        });
    let mut chance = MockChance::new();
    chance.expect_id().returning(|| [9; 10]);
    let gate = testing::gate(people);
    let app = App {
        gate: gate.clone(),
        desk: Desk {
            ledger: Arc::new(ledger),
            queues: Arc::new(MockQueues::new()),
        },
        contracts: Arc::new(contracts),
        devices: Arc::new(ports.devices),
        documents: Arc::new(documents),
        streams: Arc::new(ports.streams),
        things: Arc::new(ports.things),
        chance: Arc::new(chance),
        deployment: Arc::new(Deployment {
            region: "ap-northeast-1".into(),
            role_alias: "ciero-device".into(),
            endpoint_url: None,
            trust_anchor: None,
        }),
    };
    let session = testing::customer(&contract().id, &administrator().id, Moment(now()));
    let (status, body) = testing::post(
        router(app),
        &gate,
        Some(&session),
        Moment(now()),
        path,
        &body,
    )
    .await;
    let committed = committed.lock().unwrap().clone();
    (status, body, committed)
}

fn with_cameras(cameras: Vec<Camera>) -> Ports {
    let mut ports = Ports::default();
    ports
        .devices
        .expect_cameras()
        .returning(move |_| Ok(cameras.clone()));
    ports
}

#[tokio::test]
async fn a_device_is_registered_before_the_term_begins_with_its_serial_claimed_and_a_code() {
    let (status, body, committed) = call("/devices", form(), with_cameras(vec![])).await;
    assert_eq!(status, 201);
    let writes = &committed[0].writes;
    assert!(
        writes
            .iter()
            .any(|w| matches!(w, Write::ClaimSerial { serial, .. } if serial == "SN-0001"))
    );
    let hash = device_code_hash(body["code"].as_str().unwrap());
    assert!(
        writes
            .iter()
            .any(|w| matches!(w, Write::Code { hash: h, .. } if *h == hash))
    );
    assert!(
        writes
            .iter()
            .any(|w| matches!(w, Write::Device(d) if d.code_opens(&hash, now())))
    );
    assert!(
        writes
            .iter()
            .any(|w| matches!(w, Write::Camera(c) if c.retention_hours == 720))
    );
}

#[tokio::test]
async fn more_cameras_than_ordered_are_refused() {
    let (status, body, committed) = call("/devices", form(), with_cameras(vec![camera()])).await;
    assert_eq!(
        (status, body["code"].as_str().unwrap(), committed.len()),
        (409, "camera_limit", 0)
    );
    let retired = Camera {
        retired_at: Some(now()),
        ..camera()
    };
    assert_eq!(
        call("/devices", form(), with_cameras(vec![retired]))
            .await
            .0,
        201
    );
}

#[tokio::test]
async fn an_unknown_model_an_address_abroad_and_a_bound_serial_are_refused() {
    for (field, value) in [
        ("model", "XX-9"),
        ("prefecture", "Oregon"),
        ("attestation", ""),
    ] {
        let mut form = form();
        form[field] = json!(value);
        let (status, body, committed) = call("/devices", form, with_cameras(vec![])).await;
        assert_eq!(
            (
                status,
                body["errors"][0]["field"].as_str().unwrap(),
                committed.len()
            ),
            (422, field, 0)
        );
    }
    let bound = Ports {
        commit: Some(WriteKind::Serial),
        ..with_cameras(vec![])
    };
    let (status, body, _) = call("/devices", form(), bound).await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (409, "serial_taken")
    );
}

fn activating(device: Device) -> Ports {
    let mut ports = Ports::default();
    let id = device.id.clone();
    ports
        .devices
        .expect_by_code()
        .withf(|hash| hash == device_code_hash(CODE))
        .returning(move |_| Ok(Some((contract().id, id.clone()))));
    ports.devices.expect_by_code().returning(|_| Ok(None));
    ports
        .devices
        .expect_device()
        .returning(move |_, _| Ok(Some(device.clone())));
    ports
        .devices
        .expect_camera()
        .returning(|_, _| Ok(Some(camera())));
    ports
        .things
        .expect_credential_endpoint()
        .returning(|| Ok("127.0.0.1:1".into()));
    ports
        .streams
        .expect_ensure()
        .withf(|name, hours| name == "ciero-k-1" && *hours == 720)
        .returning(|_, _| Ok(()));
    ports
}

#[tokio::test]
async fn a_code_and_a_request_become_a_certificate_and_a_stream_once() {
    let mut ports = activating(registered());
    ports.things.expect_enroll().returning(|_, _| {
        Ok(Some(Enrolled {
            certificate_id: "cert".into(),
            certificate_pem: "PEM".into(),
        }))
    });
    // People type codes in lower case and without hyphens.
    let (status, body, committed) = call(
        "/devices/activation",
        json!({ "code": "abcdefgh jkmn", "csr": "CSR" }),
        ports,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        (
            body["stream_name"].as_str().unwrap(),
            body["certificate_pem"].as_str().unwrap()
        ),
        ("ciero-k-1", "PEM")
    );
    assert!(body["media_endpoint"].is_null());
    let writes = &committed[0].writes;
    assert!(writes.iter().any(|w| matches!(w, Write::Device(d) if matches!(d.state, DeviceState::Active { .. }) && d.version == 2)));
    assert!(writes.iter().any(|w| matches!(w, Write::ForgetCode { .. })));
}

#[tokio::test]
async fn a_wrong_a_used_and_an_expired_code_get_the_same_answer() {
    let used = device(DeviceState::Active {
        certificate_id: "cert".into(),
        since: now(),
    });
    let expired = device(DeviceState::Registered {
        code_hash: device_code_hash(CODE),
        code_expires_at: now(),
    });
    let wrong = call(
        "/devices/activation",
        json!({ "code": "ZZZZ", "csr": "CSR" }),
        activating(registered()),
    )
    .await;
    for ports in [activating(used), activating(expired)] {
        let answer = call(
            "/devices/activation",
            json!({ "code": CODE, "csr": "CSR" }),
            ports,
        )
        .await;
        assert_eq!(
            (answer.0, answer.1.to_string(), answer.2.len()),
            (403, wrong.1.to_string(), 0)
        );
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_uses_up_no_code() {
    let mut ports = activating(registered());
    ports.things.expect_enroll().returning(|_, _| Ok(None));
    let (status, body, committed) = call(
        "/devices/activation",
        json!({ "code": CODE, "csr": "garbage" }),
        ports,
    )
    .await;
    assert_eq!(
        (status, body["code"].as_str().unwrap(), committed.len()),
        (422, "request_invalid", 0)
    );
}

#[tokio::test]
async fn a_retired_device_loses_its_certificate_and_frees_its_serial() {
    let mut ports = Ports::default();
    ports.devices.expect_device().returning(|_, _| {
        Ok(Some(device(DeviceState::Active {
            certificate_id: "cert".into(),
            since: now(),
        })))
    });
    ports
        .devices
        .expect_camera()
        .returning(|_, _| Ok(Some(camera())));
    ports
        .things
        .expect_revoke()
        .withf(|thing, certificate| thing == "ciero-k-1" && certificate == "cert")
        .times(1)
        .returning(|_, _| Ok(()));
    let path = format!("/devices/{}/retirement", registered().id);
    let (status, _, committed) = call(&path, json!({}), ports).await;
    assert_eq!(status, 200);
    let writes = &committed[0].writes;
    assert!(
        writes
            .iter()
            .any(|w| matches!(w, Write::ReleaseSerial { .. }))
    );
    assert!(
        writes.iter().any(
            |w| matches!(w, Write::Camera(c) if c.retired_at == Some(now()) && c.version == 2)
        )
    );
}

#[tokio::test]
async fn another_customers_device_is_not_found() {
    let mut ports = Ports::default();
    ports.devices.expect_device().returning(|_, _| Ok(None));
    let (status, body, _) = call("/devices/d-0000000000000000/code", json!({}), ports).await;
    assert_eq!((status, body["code"].as_str().unwrap()), (404, "not_found"));
}

#[tokio::test]
async fn a_new_code_voids_the_one_before() {
    let mut ports = Ports::default();
    ports
        .devices
        .expect_device()
        .returning(|_, _| Ok(Some(registered())));
    let path = format!("/devices/{}/code", registered().id);
    let (status, body, committed) = call(&path, json!({}), ports).await;
    assert_eq!(status, 200);
    assert_ne!(body["code"].as_str().unwrap(), CODE);
    let old = device_code_hash(CODE);
    assert!(
        committed[0]
            .writes
            .iter()
            .any(|w| matches!(w, Write::ForgetCode { hash } if *hash == old))
    );
}
