//! Fills a running `ciero up` with contracts for measurements, each formed by the real transaction.
//!
//! `contracts ENDPOINT HOW_MANY START [direct|ended]`: contracts whose first term begins on START. Without `direct` they belong
//! to a reseller, so their invoices send no mail. With `ended` they ended on START and leave two users and cameras behind, and every
//! second one stands on the register.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use ciero_domain::Language;
use ciero_domain::application::Channel;
use ciero_domain::calendar::{days, start_of};
use ciero_domain::contract::{Cancellation, Command, Contract, Facts, Step, Task, Work, perform};
use ciero_domain::device::{Camera, Device, DeviceKind, DeviceState};
use ciero_domain::documents::Operator;
use ciero_domain::ids::{CameraId, ContractId, DeviceId, ID_BYTES, UserId};
use ciero_domain::screening::{RegisterCause, RegisterEntry};
use ciero_domain::user::{NewUser, Role, User};
use ciero_ports::{Decision, Ledger, Write};
use ciero_store::Store;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// How many are written side by side.
const SIDE_BY_SIDE: usize = 16;

fn config(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("test", "test", None, None, "example");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-northeast-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// What one contract is to be.
#[derive(Clone)]
struct Kind {
    channel: Channel,
    ends: bool,
}

fn id(number: usize, start: Date, what: &str) -> [u8; ID_BYTES] {
    let digest = Sha256::digest(format!("{start}/{number}{what}"));
    let mut bytes = [0; ID_BYTES];
    bytes.copy_from_slice(&digest[..ID_BYTES]);
    bytes
}

/// A user with the claim on the address, and a device with its camera.
fn person_and_camera(contract: &Contract, number: usize, start: Date, n: u8) -> Vec<Write> {
    let what = format!("/{n}");
    let bytes = id(number, start, &what);
    let person = NewUser {
        id: UserId::from_random(bytes),
        name: "試験 花子".to_owned(),
        email: format!("{}@example.jp", hex::encode(bytes)),
        role: Role::Administrator,
        language: Language::Ja,
    };
    let user = User::add(contract.id.clone(), person, None, contract.formed_at);
    let camera = CameraId::from_random(bytes);
    let device = Device {
        id: DeviceId::from_random(bytes),
        version: 1,
        contract: contract.id.clone(),
        kind: DeviceKind::Camera,
        model: "MC-100".to_owned(),
        serial: hex::encode_upper(bytes),
        site: contract.customer.address.clone(),
        attested_by: user.id.clone(),
        registered_at: contract.formed_at,
        camera: camera.clone(),
        state: DeviceState::Active {
            certificate_id: hex::encode(bytes),
            since: contract.formed_at,
        },
    };
    let camera = Camera {
        version: 1,
        contract: contract.id.clone(),
        device: device.id.clone(),
        name: "試験".to_owned(),
        stream_name: format!("ciero-{camera}"),
        id: camera,
        retention_hours: 720,
        since: contract.formed_at,
        retired_at: None,
    };
    vec![
        Write::ClaimEmail {
            email: user.email.clone(),
            user: user.id.clone(),
        },
        Write::ClaimSerial {
            model: device.model.clone(),
            serial: device.serial.clone(),
            contract: contract.id.clone(),
            device: device.id.clone(),
        },
        Write::User(Box::new(user)),
        Write::Device(Box::new(device)),
        Write::Camera(Box::new(camera)),
    ]
}

/// What an earlier measure left on the register.
fn on_register(contract: &Contract) -> Write {
    let customer = &contract.customer;
    Write::Register(Box::new(RegisterEntry {
        id: format!("of-{}", contract.id),
        cause: RegisterCause::Measure,
        name: customer.name.clone(),
        corporate_number: String::new(),
        address: customer.address.line.clone(),
        phone: customer.phone.clone(),
        email: customer.contact_email.clone(),
        note: "13-1-1".to_owned(),
        contract: Some(contract.id.clone()),
        recorded_by: "example".to_owned(),
        recorded_at: contract.formed_at,
        hashes: Vec::new(),
    }))
}

/// Everything by which a contract ends on its first day.
fn ended(contract: &Contract, start: Date) -> Vec<Decision> {
    let facts = Facts {
        operator: Operator::default(),
        prices: Vec::new(),
        terms: Vec::new(),
    };
    let step = |contract: &Contract, entry, carries_out: Option<&Task>| {
        let step = Step::of(Some(contract), entry, &facts.operator).unwrap();
        let after = step.contract.clone();
        let mut decision = Decision::default().step(step, carries_out);
        // These people are invented; nobody is written to.
        decision.messages.clear();
        (after, decision)
    };
    let cancel = Command::Cancel(Cancellation {
        on: start,
        receipt: "C-1".to_owned(),
        received_on: None,
    });
    let entry = contract.decide(cancel, "operator:example", &facts, contract.formed_at);
    let (contract, cancelled) = step(contract, entry.unwrap(), None);
    let task = contract
        .owed()
        .into_iter()
        .find(|task| task.work == Work::End);
    let task = task.unwrap();
    let entry = perform(&contract, &task, &facts, start_of(task.due)).unwrap();
    let (_, ended) = step(&contract, entry, Some(&task));
    vec![cancelled, ended]
}

fn formed(number: usize, start: Date, kind: &Kind) -> Vec<Decision> {
    let mut application = ciero_domain::samples::approved();
    application.channel = kind.channel.clone();
    let now = start_of(days(start, -30));
    let id = ContractId::from_random(id(number, start, ""));
    let (contract, entry) =
        Contract::form(id, &application, start, "operator:example", now).unwrap();
    let step = Step::of(None, entry, &Operator::default()).unwrap();
    let mut decision = Decision::default().step(step, None);
    if !kind.ends {
        return vec![decision];
    }
    for n in 0..2 {
        let writes = person_and_camera(&contract, number, start, n);
        decision.writes.extend(writes);
    }
    if number.is_multiple_of(2) {
        decision.writes.push(on_register(&contract));
    }
    [vec![decision], ended(&contract, start)].concat()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, many, start, channel @ ..] = &arguments[..] else {
        panic!("contracts ENDPOINT HOW_MANY START [direct]");
    };
    let (many, start): (usize, Date) = (many.parse().unwrap(), start.parse().unwrap());
    let asked = channel.first().map(String::as_str);
    let kind = Kind {
        channel: match asked {
            Some("direct") => Channel::Direct,
            _ => Channel::Reseller("mihon-hanbai".to_owned()),
        },
        ends: asked == Some("ended"),
    };
    let shards = std::env::var("DUE_SHARDS").map_or(4, |shards| shards.parse().unwrap());
    let store = Store::new(
        &config(endpoint),
        "ciero-main",
        Some("ciero-confidential".to_owned()),
    )
    .with_due_work(shards);
    let numbers: Vec<usize> = (0..many).collect();
    for portion in numbers.chunks(SIDE_BY_SIDE) {
        let writes = portion.iter().map(|number| {
            let (store, decisions) = (store.clone(), formed(*number, start, &kind));
            tokio::spawn(async move {
                for decision in decisions {
                    store.commit(&decision).await?;
                }
                Ok::<(), ciero_ports::CommitError>(())
            })
        });
        for write in writes.collect::<Vec<_>>() {
            write.await.unwrap().expect("a contract was not written");
        }
    }
}
