//! Two customers in real tables and in a cloud in memory, one of whom left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::AttributeValue;
use ciero_domain::calendar::start_of;
use ciero_domain::contract::{Command, Contract, Entry, Measure, MeasureGround, Step};
use ciero_domain::device::{Camera, Device, DeviceKind, DeviceState};
use ciero_domain::documents::{Bilingual, Operator};
use ciero_domain::ids::{CameraId, ContractId, DeviceId, MessageId, UserId};
use ciero_domain::notice::{Notice, NoticeRecord, Outcome};
use ciero_domain::screening::{RegisterCause, RegisterEntry, RegisterKey};
use ciero_domain::user::{NewUser, Role, User};
use ciero_domain::{Language, samples};
use ciero_ports::{
    AuditRow, Caller, Certificates, Contracts, Decision, Ledger, MockQueues, Purges, Remembered,
    Write,
};
use ciero_runtime::{CertificateKey, Desk, Moment, testing};
use ciero_store::Store;
use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::cloud::{Before, Cloud, Fuse, Held, Mortal};
use super::tables::tables;
use crate::{App, driver};

pub const ENDED_ON: Date = date(2026, 6, 1);
/// Thirty whole days later.
pub const PURGED_ON: Date = date(2026, 7, 2);
pub const NAMES: [&str; 5] = ["見本商店", "花子", "hanako@example.jp", "SN-0002", "玄関"];

pub struct World {
    pub store: Arc<Store>,
    pub cloud: Cloud,
    pub fuse: Fuse,
    pub app: App,
    pub client: aws_sdk_dynamodb::Client,
    pub contract: ContractId,
    /// What happens just before a decision, once.
    pub before: Arc<Mutex<Option<Before>>>,
}

pub fn camera_id(n: u8) -> CameraId {
    CameraId::from_random([n; 10])
}

pub fn now(on: Date) -> Moment {
    Moment(start_of(on))
}

impl World {
    /// A customer whose contract was rescinded, with two cameras that recorded, two users and files, beside another one.
    pub async fn ended() -> World {
        let world = World::lives().await;
        let contract = world.contract().await;
        let measure = Measure {
            ground: MeasureGround::Breach,
            evidence: "花子が見た".into(),
            arose_on: ENDED_ON,
        };
        let proposed = world
            .decide(&contract, Command::ProposeRescission(measure), "operator:a")
            .await;
        world
            .decide(&proposed, Command::ApproveRescission, "operator:b")
            .await;
        let entry = RegisterEntry {
            id: "r-1".into(),
            cause: RegisterCause::Measure,
            name: "株式会社見本商店".into(),
            corporate_number: String::new(),
            address: String::new(),
            phone: String::new(),
            email: "hanako@example.jp".into(),
            note: "13-1-1".into(),
            contract: Some(world.contract.clone()),
            recorded_by: "a".into(),
            recorded_at: Timestamp::UNIX_EPOCH,
            hashes: Vec::new(),
        };
        world
            .write(Decision::of(Write::Register(Box::new(entry))))
            .await;
        world
    }

    pub async fn lives() -> World {
        let (store, client) = tables().await;
        let store = Arc::new(store);
        let cloud = Cloud::default();
        let fuse = cloud.fuse.clone();
        fuse.set(i64::MAX);
        let before: Arc<Mutex<Option<Before>>> = Arc::default();
        let mut queues = MockQueues::new();
        queues.expect_send().returning(|messages| messages.to_vec());
        let desk = Desk {
            ledger: Arc::new(Mortal {
                store: store.clone(),
                fuse: fuse.clone(),
                before: before.clone(),
            }),
            queues: Arc::new(queues),
        };
        let secret = "a-secret-of-the-tests-0123456789abcdef";
        let app = App {
            gate: testing::gate((*store).clone()),
            desk,
            contracts: store.clone(),
            documents: store.clone(),
            people: store.clone(),
            devices: store.clone(),
            notices: store.clone(),
            confidential: store.clone(),
            purges: store.clone(),
            certificates: store.clone(),
            deletions: store.clone(),
            exports: store.clone(),
            watch: store.clone(),
            due: store.clone(),
            streams: Arc::new(cloud.clone()),
            files: Arc::new(cloud.clone()),
            accounts: Arc::new(cloud.clone()),
            things: Arc::new(cloud.clone()),
            register_key: RegisterKey::new(secret),
            certificate_key: Arc::new(CertificateKey::from_secret(secret).unwrap()),
        };
        let (contract, entry) = samples::contract(date(2026, 4, 1));
        let world = World {
            store,
            cloud,
            fuse,
            app,
            client,
            contract: contract.id.clone(),
            before,
        };
        world
            .write(Decision::of(Write::Operator(Box::new(operator()))))
            .await;
        let mut application = samples::approved();
        application.version = 1;
        world
            .write(Decision::of(Write::Draft(Box::new(application))))
            .await;
        world.form(contract, entry, 1).await;
        let (mut other, mut entry) = samples::contract(date(2026, 4, 1));
        other.id = ContractId::from_random([9; 10]);
        if let ciero_domain::contract::Event::Formed { contract } = &mut entry.event {
            contract.id = other.id.clone();
        }
        world.form(other, entry, 101).await;
        world
    }

    /// Writes a contract with two cameras, users, an audit row, a notice and what they have outside of the tables.
    async fn form(&self, contract: Contract, entry: Entry, first: u8) {
        let id = contract.id.clone();
        let step = Step::of(None, entry, &operator()).unwrap();
        self.write(Decision::default().step(step, None)).await;
        let mut decision = Decision::default();
        for n in first..first + 2 {
            let (user, device, camera) = (user(&id, n), device(&id, n), camera(&id, n));
            let mut all = self.cloud.state.lock().unwrap();
            all.accounts.insert(user.id.to_string());
            all.streams.insert(camera.stream_name.clone());
            all.things.insert(camera.stream_name.clone());
            let certificate = format!("cert-{n}");
            all.certificates
                .insert(certificate, Some(camera.stream_name.clone()));
            all.files.insert(format!("contracts/{id}/{n}"));
            drop(all);
            let claims = [
                Write::ClaimEmail {
                    email: user.email.clone(),
                    user: user.id.clone(),
                },
                Write::ClaimSerial {
                    model: device.model.clone(),
                    serial: device.serial.clone(),
                    contract: id.clone(),
                    device: device.id.clone(),
                },
            ];
            decision.writes.extend(claims);
            decision.writes.push(Write::User(Box::new(user)));
            decision.writes.push(Write::Device(Box::new(device)));
            decision.writes.push(Write::Camera(Box::new(camera)));
        }
        decision.writes.push(Write::Audit(Box::new(AuditRow {
            id: MessageId::from_random([first; 10]),
            at: Timestamp::UNIX_EPOCH,
            contract: id.clone(),
            actor: user(&id, first).id.to_string(),
            action: "live".into(),
            camera: None,
            outcome: "granted".into(),
            detail: serde_json::json!({}),
        })));
        let notice = notice(&id, MessageId::from_random([first; 10]), false);
        decision.writes.push(Write::Notice(Box::new(notice)));
        let user = user(&id, first);
        decision.remembered = Some(Remembered {
            caller: Caller {
                name: user.id.to_string(),
                contract: Some(id),
            },
            key: "k".into(),
            request_hash: "ab".into(),
            at: now(ENDED_ON).0,
            status: 200,
            location: None,
            body: serde_json::json!({ "name": user.name }),
        });
        self.write(decision).await;
    }

    pub async fn write(&self, decision: Decision) {
        self.store.commit(&decision).await.unwrap();
    }

    pub async fn contract(&self) -> Contract {
        self.store.contract(&self.contract).await.unwrap().unwrap()
    }

    async fn decide(&self, contract: &Contract, command: Command, by: &str) -> Contract {
        let facts = ciero_domain::contract::Facts {
            operator: operator(),
            prices: Vec::new(),
            terms: Vec::new(),
        };
        let entry = contract
            .decide(command, by, &facts, start_of(ENDED_ON))
            .unwrap();
        let step = Step::of(Some(contract), entry, &operator()).unwrap();
        let after = step.contract.clone();
        self.write(Decision::default().step(step, None)).await;
        after
    }

    /// Delivers every piece of the purge that is due, as the sweep does; returns the first failure.
    pub async fn deliver(&self, on: Date) -> anyhow::Result<()> {
        for _ in 0..3 {
            let owed = self.contract().await.owed().into_iter();
            let due = owed.filter(|task| task.due <= on && task.work.effect().starts_with("purge"));
            for task in due.collect::<Vec<_>>() {
                driver::carry_out(&self.app, &task, now(on)).await?;
            }
        }
        Ok(())
    }

    /// The letter with the certificate goes out.
    pub async fn letter_sent(&self) {
        let id = ciero_domain::contract::stable_id(&self.contract, "purge/certificate");
        let record = notice(&self.contract, id, true);
        self.write(Decision::of(Write::Notice(Box::new(record))))
            .await;
    }

    /// Every item of both tables as text, by its key, without the journal, whose length kills may change.
    pub async fn items(&self) -> Vec<String> {
        let (main, confidential) = (self.items_of("main").await, self.items_of("confidential"));
        let mut found = [main, confidential.await].concat();
        found.sort();
        found
    }

    /// The same of one table.
    pub async fn items_of(&self, table: &str) -> Vec<String> {
        let answer = self.client.scan().table_name(table).send().await.unwrap();
        let written = |item: &HashMap<String, AttributeValue>| {
            let key = format!("{} {}", text(&item["PK"]), text(&item["SK"]));
            format!("{key} {}", text(&AttributeValue::M(item.clone())))
        };
        let mut found: Vec<String> = answer.items().iter().map(written).collect();
        found.sort();
        found
    }

    /// What belongs to the other customer: its items and what it has in the cloud.
    pub async fn of_another(&self) -> (Vec<String>, Held) {
        let other = ContractId::from_random([9; 10]);
        let mut items = self.items().await;
        items.retain(|item| item.contains(other.as_str()));
        let mut all = self.cloud.state.lock().unwrap().clone();
        let is_other = |name: &String| {
            (101..=102).any(|n| {
                name.contains(camera_id(n).as_str()) || name == user(&other, n).id.as_str()
            })
        };
        all.streams.retain(is_other);
        all.things.retain(is_other);
        all.certificates
            .retain(|_, thing| thing.as_ref().is_some_and(is_other));
        all.accounts.retain(is_other);
        all.files.retain(|key| key.contains(other.as_str()));
        (items, all)
    }

    /// What the first certificate counts, in the order of the steps.
    pub async fn counts(&self) -> Vec<u64> {
        let certificates = self.store.certificates(&self.contract).await.unwrap();
        let rows = certificates[0].certificate.deleted.iter();
        rows.map(|row| row.deleted).collect()
    }

    pub async fn lines(&self) -> Vec<ciero_domain::purge::Line> {
        self.store.lines(&self.contract).await.unwrap()
    }
}

/// The attributes of an item come in any order.
fn text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(map) => {
            let mut fields: Vec<String> = map
                .iter()
                .map(|(name, value)| format!("{name}={}", text(value)))
                .collect();
            fields.sort();
            format!("{{{}}}", fields.join(" "))
        }
        AttributeValue::L(list) => {
            let parts: Vec<String> = list.iter().map(text).collect();
            format!("[{}]", parts.join(" "))
        }
        AttributeValue::S(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn operator() -> Operator {
    Operator {
        company: Bilingual {
            ja: "運営会社".into(),
            en: "Operator".into(),
        },
        ..Operator::default()
    }
}

fn user(contract: &ContractId, n: u8) -> User {
    let person = NewUser {
        id: UserId::from_random([n; 10]),
        name: "見本 花子".into(),
        email: match n {
            1 => "hanako@example.jp".into(),
            n => format!("user{n}@example.jp"),
        },
        role: Role::Administrator,
        language: Language::Ja,
    };
    let user = User::add(contract.clone(), person, None, Timestamp::UNIX_EPOCH);
    let user = user.accept("2026-04-01", "2026-04-01", "portal", Timestamp::UNIX_EPOCH);
    // Written in one go.
    User {
        version: 1,
        ..user.unwrap()
    }
}

fn device(contract: &ContractId, n: u8) -> Device {
    Device {
        id: DeviceId::from_random([n; 10]),
        version: 1,
        contract: contract.clone(),
        kind: DeviceKind::Camera,
        model: "MC-100".into(),
        serial: format!("SN-{n:04}"),
        site: samples::approved().form.particulars.address,
        attested_by: UserId::from_random([n; 10]),
        registered_at: Timestamp::UNIX_EPOCH,
        camera: camera_id(n),
        state: DeviceState::Active {
            certificate_id: format!("cert-{n}"),
            since: Timestamp::UNIX_EPOCH,
        },
    }
}

fn camera(contract: &ContractId, n: u8) -> Camera {
    Camera {
        id: camera_id(n),
        version: 1,
        contract: contract.clone(),
        device: DeviceId::from_random([n; 10]),
        name: "玄関".into(),
        stream_name: format!("ciero-{}", camera_id(n)),
        retention_hours: 720,
        since: Timestamp::UNIX_EPOCH,
        retired_at: None,
    }
}

fn notice(contract: &ContractId, id: MessageId, is_last: bool) -> NoticeRecord {
    let contract = contract.clone();
    NoticeRecord {
        id,
        notice: match is_last {
            true => Notice::DataDeleted { contract },
            false => Notice::RegistrationCompleted { contract },
        },
        to: "hanako@example.jp".into(),
        language: Language::Ja,
        content_hash: "00".into(),
        sent_at: Timestamp::UNIX_EPOCH,
        mail_id: "m".into(),
        version: 1,
        outcome: Outcome::Sent,
        posted: None,
    }
}
