//! The handlers with mocked ports.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ciero_domain::Language;
use ciero_domain::contract::{Contract, Standing};
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

mod activation;

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
    /// What stands in the way of the first writes, one after the other.
    conflicts: VecDeque<WriteKind>,
    is_suspended: bool,
}

/// Decisions that were written.
type Committed = Arc<Mutex<Vec<Decision>>>;

/// Calls the router as an administrator and returns status, body and the committed decisions.
async fn call(
    path: &str,
    body: serde_json::Value,
    ports: Ports,
) -> (u16, serde_json::Value, Vec<Decision>) {
    let (app, committed) = app(ports);
    let gate = app.gate.clone();
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

/// The function over these ports, and a ledger that remembers answers as the store does.
fn app(ports: Ports) -> (App, Committed) {
    let committed = Committed::default();
    let mut people = MockPeople::new();
    people
        .expect_user()
        .returning(|_, _| Ok(Some(administrator())));
    let mut contracts = MockContracts::new();
    let mut of_customer = contract();
    if ports.is_suspended {
        of_customer.standing = Standing::Suspended {
            clause: "6-2".into(),
            since: now(),
        };
    }
    contracts
        .expect_contract()
        .returning(move |_| Ok(Some(of_customer.clone())));
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
    let (kept, mut conflicts) = (committed.clone(), ports.conflicts);
    ledger
        .expect_commit()
        .returning(move |decision| match conflicts.pop_front() {
            Some(kind) => Err(CommitError::Conflict(kind)),
            None => {
                kept.lock().unwrap().push(decision.clone());
                Ok(())
            }
        });
    let kept = committed.clone();
    ledger.expect_remembered().returning(move |caller, key| {
        let kept = kept.lock().unwrap();
        let mut answers = kept.iter().filter_map(|one| one.remembered.clone());
        Ok(answers.find(|one| one.caller == *caller && one.key == key))
    });
    let mut chance = MockChance::new();
    chance.expect_id().returning(|| [9; 10]);
    let app = App {
        gate: testing::gate(people),
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
    (app, committed)
}

fn with_cameras(cameras: Vec<Camera>) -> Ports {
    let mut ports = Ports::default();
    ports
        .devices
        .expect_cameras()
        .returning(move |_| Ok(cameras.clone()));
    ports.devices.expect_cameras_added().returning(|_| Ok(4));
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
    assert!(
        writes
            .iter()
            .any(|w| matches!(w, Write::CameraAdded(c, 5) if *c == contract().id))
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
async fn art_13_no_device_is_registered_or_started_while_use_is_suspended() {
    let mut ports = with_cameras(vec![]);
    ports.is_suspended = true;
    ports
        .devices
        .expect_device()
        .returning(|_, _| Ok(Some(registered())));
    let (app, committed) = app(ports);
    let gate = app.gate.clone();
    let session = testing::customer(&contract().id, &administrator().id, Moment(now()));
    let code = format!("/devices/{}/code", registered().id);
    for (path, body) in [("/devices", form()), (&code, json!({}))] {
        let router = router(app.clone());
        let call = testing::post(router, &gate, Some(&session), Moment(now()), path, &body);
        let (status, answer) = call.await;
        assert_eq!(
            (status, answer["code"].as_str()),
            (409, Some("suspended")),
            "{path}"
        );
    }
    assert!(committed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn of_two_registrations_at_once_only_one_takes_the_last_camera() {
    let mut ports = Ports {
        conflicts: [WriteKind::Entity].into(),
        ..Ports::default()
    };
    let reads = AtomicUsize::new(0);
    ports.devices.expect_cameras_added().returning(|_| Ok(4));
    // The other registration is written between this one's look and its write.
    ports.devices.expect_cameras().returning(move |_| {
        match reads.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(vec![]),
            _ => Ok(vec![camera()]),
        }
    });
    let (status, body, committed) = call("/devices", form(), ports).await;
    assert_eq!(
        (status, body["code"].as_str().unwrap(), committed.len()),
        (409, "camera_limit", 0)
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
        conflicts: [WriteKind::Serial].into(),
        ..with_cameras(vec![])
    };
    let (status, body, _) = call("/devices", form(), bound).await;
    assert_eq!(
        (status, body["code"].as_str().unwrap()),
        (409, "serial_taken")
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
