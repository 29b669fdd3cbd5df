//! A contract with one camera, its archive, and everything that the function writes, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ciero_domain::Language;
use ciero_domain::device::Camera;
use ciero_domain::export::{Export, Recorded, What};
use ciero_domain::ids::{ContractId, DeviceId, ExportId, UserId};
use ciero_domain::third_party::ThirdPartyTerms;
use ciero_domain::user::{Acceptance, NewUser, Role, User};
use ciero_media::matroska::write::{self as mkv, Frame, Key};
use ciero_media::matroska::{Tag, Track};
use ciero_ports::{
    AuditRow, Body, CloudError, Message, MockAudit, MockBilling, MockChance, MockContracts,
    MockDevices, MockDueWork, MockNotices, MockPeople, MockQueues, MockRegisters, MockViewing,
    Seen,
};
use ciero_runtime::{Desk, Moment, QueueItem, testing};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use crate::{App, Records, work};

pub const BEGIN_MS: i64 = 1_780_279_200_000; // 2026-06-01T02:00:00Z

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn now() -> Moment {
    Moment(at("2026-06-01T05:00:00Z"))
}

pub fn person(n: u8, contract: &ContractId, role: Role) -> User {
    let person = NewUser {
        id: UserId::from_random([n; 10]),
        name: "花子".into(),
        email: format!("user-{n}@example.jp"),
        role,
        language: Language::Ja,
    };
    let since = at("2026-04-01T00:00:00Z");
    let mut user = User::add(contract.clone(), person, None, since);
    user.acceptances.push(Acceptance {
        terms_version: "2026-04-01".into(),
        at: since,
        channel: "portal".into(),
    });
    user
}

pub fn seen() -> Seen {
    let (contract, _) = ciero_domain::samples::contract(date(2026, 4, 1));
    let camera = Camera {
        id: ciero_domain::ids::CameraId::parse("k-0000000000000000").unwrap(),
        version: 1,
        contract: contract.id.clone(),
        device: DeviceId::from_random([0; 10]),
        name: "玄関".into(),
        stream_name: "ciero-k".into(),
        retention_hours: 720,
        since: at("2026-05-31T00:00:00Z"),
        retired_at: None,
    };
    Seen {
        user: person(1, &contract.id, Role::Administrator),
        contract,
        camera,
    }
}

/// One fragment of the archive: where it begins, its configuration, and the sizes of its frames, which are 500 ms apart.
#[derive(Clone)]
pub struct Made {
    pub start_ms: i64,
    pub width: u32,
    pub codec: &'static str,
    pub frames: Vec<usize>,
    /// In order of arrival.
    pub number: u32,
}

pub fn made(number: u32, start_ms: i64, bytes: usize) -> Made {
    Made {
        start_ms: BEGIN_MS + start_ms,
        width: 320,
        codec: "V_MPEG4/ISO/AVC",
        frames: vec![bytes / 2, bytes / 2],
        number,
    }
}

impl Made {
    pub fn name(&self) -> String {
        format!("9{:046}", self.number)
    }

    pub fn listed(&self) -> Recorded {
        Recorded {
            number: self.name(),
            start_ms: self.start_ms,
            length_ms: self.frames.len() as i64 * 500,
            server_ms: self.start_ms + 800,
            bytes: self.frames.iter().sum::<usize>() as u64,
        }
    }

    pub fn document(&self) -> Vec<u8> {
        let avcc = [1, 0x42, 0xc0, 0x1e, 0xff, 0xe0, 0];
        let track = Track {
            codec_id: self.codec.into(),
            ..Track::avc(1, self.width, 180, avcc.to_vec())
        };
        let pictures = self
            .frames
            .iter()
            .map(|bytes| vec![self.number as u8; *bytes]);
        let pictures: Vec<Vec<u8>> = pictures.collect();
        let frames: Vec<Frame<'_>> = pictures
            .iter()
            .enumerate()
            .map(|(n, data)| Frame {
                track: 1,
                offset_ms: n as i16 * 500,
                key: if n == 0 { Key::Yes } else { Key::No },
                data,
            })
            .collect();
        let mut document = mkv::write_header(&[track], "test");
        mkv::make_segment_endless(&mut document);
        document.extend(mkv::write_tags(&[Tag {
            name: "AWS_KINESISVIDEO_FRAGMENT_NUMBER".into(),
            value: self.name(),
        }]));
        document.extend(mkv::write_cluster(self.start_ms.unsigned_abs(), &frames));
        document
    }
}

/// Everything that is kept, and how often each fragment was asked for.
#[derive(Default)]
pub struct Kept {
    pub archive: Vec<Made>,
    pub exports: BTreeMap<ExportId, Export>,
    pub asked: u64,
    pub objects: BTreeMap<String, Bytes>,
    pub uploads: BTreeMap<String, BTreeMap<u32, Bytes>>,
    pub abandoned: usize,
    pub fetched: Vec<String>,
    pub rows: Vec<AuditRow>,
    pub messages: Vec<Message>,
    /// How many more steps outside succeed.
    pub strength: Option<usize>,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct World {
    pub kept: Arc<Mutex<Kept>>,
    pub seen: Option<Seen>,
    pub people: Vec<User>,
    pub stretch: Duration,
}

pub fn tired() -> CloudError {
    CloudError {
        service: "test",
        detail: "the worker dies here".into(),
    }
}

impl World {
    pub fn new(archive: Vec<Made>) -> Self {
        let seen = seen();
        World {
            kept: Arc::new(Mutex::new(Kept {
                archive,
                ..Kept::default()
            })),
            people: vec![seen.user.clone()],
            seen: Some(seen),
            stretch: Duration::from_secs(3600),
        }
    }

    pub fn look<T>(&self, at: impl FnOnce(&mut Kept) -> T) -> T {
        at(&mut self.kept.lock().unwrap())
    }

    /// A step outside of the function, which may be the one at which a worker dies.
    pub fn step(&self) -> Result<(), CloudError> {
        self.look(|kept| match &mut kept.strength {
            Some(0) => Err(tired()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        })
    }

    pub fn app(&self) -> App {
        let mut people = MockPeople::new();
        let users = self.people.clone();
        people.expect_user().returning(move |contract, id| {
            let found = users
                .iter()
                .find(|u| u.contract == *contract && u.id == *id);
            Ok(found.cloned())
        });
        let users = self.people.clone();
        people.expect_users().returning(move |_| Ok(users.clone()));
        let people = Arc::new(people);
        let mut viewing = MockViewing::new();
        let (seen, users) = (self.seen.clone(), self.people.clone());
        viewing
            .expect_seen()
            .returning(move |contract, user, camera| {
                let user = users.iter().find(|one| one.id == *user).cloned();
                let seen = seen
                    .clone()
                    .zip(user)
                    .map(|(seen, user)| Seen { user, ..seen });
                Ok(seen.filter(|seen| seen.camera.id == *camera && seen.contract.id == *contract))
            });
        let mut devices = MockDevices::new();
        let camera = self.seen.clone().map(|seen| seen.camera);
        let cameras: Vec<Camera> = camera.clone().into_iter().collect();
        devices
            .expect_camera()
            .returning(move |_, _| Ok(camera.clone()));
        devices
            .expect_cameras()
            .returning(move |_| Ok(cameras.clone()));
        devices.expect_devices().returning(|_| Ok(Vec::new()));
        let mut contracts = MockContracts::new();
        let contract = self.seen.clone().map(|seen| seen.contract);
        contracts
            .expect_contract()
            .returning(move |_| Ok(contract.clone()));
        let mut billing = MockBilling::new();
        billing.expect_invoices().returning(|_| Ok(Vec::new()));
        let mut notices = MockNotices::new();
        notices
            .expect_of_contract()
            .returning(|_, _| Ok(Vec::new()));
        let list = ciero_domain::samples::third_party_terms();
        let mut registers = MockRegisters::new();
        registers
            .expect_agreed_third_party()
            .returning(move |contract| {
                let at = list.recorded_at;
                Ok(Some(ThirdPartyTerms::agreed(
                    Some(&list),
                    contract.clone(),
                    at,
                )))
            });
        let mut audit = MockAudit::new();
        let (world, reader) = (self.clone(), self.clone());
        audit.expect_append().returning(move |row| {
            world.look(|kept| kept.rows.push(row.clone()));
            Ok(())
        });
        audit
            .expect_trail()
            .returning(move |_, _| Ok(reader.look(|kept| kept.rows.clone())));
        let mut due = MockDueWork::new();
        due.expect_failed().returning(|_, _, _| Ok(()));
        let mut queues = MockQueues::new();
        let world = self.clone();
        queues.expect_send().returning(move |messages| {
            world.look(|kept| kept.messages.extend_from_slice(messages));
            messages.to_vec()
        });
        let mut chance = MockChance::new();
        let drawn = std::sync::atomic::AtomicU8::new(0);
        chance
            .expect_id()
            .returning(move || [drawn.fetch_add(1, std::sync::atomic::Ordering::Relaxed); 10]);
        App {
            gate: ciero_runtime::Gate::new(testing::settings(), people.clone()),
            viewing: Arc::new(viewing),
            exports: Arc::new(self.clone()),
            recordings: Arc::new(self.clone()),
            files: Arc::new(self.clone()),
            records: Records {
                people,
                devices: Arc::new(devices),
                contracts: Arc::new(contracts),
                billing: Arc::new(billing),
                notices: Arc::new(notices),
                registers: Arc::new(registers),
            },
            audit: Arc::new(audit),
            desk: Desk {
                ledger: Arc::new(self.clone()),
                queues: Arc::new(queues),
            },
            due: Arc::new(due),
            chance: Arc::new(chance),
            stretch: self.stretch,
        }
    }

    /// Puts an export of [BEGIN, BEGIN + length) there as if somebody had asked for it.
    pub fn asked(&self, length_ms: i64) -> Export {
        let seen = seen();
        let from = Timestamp::from_millisecond(BEGIN_MS).unwrap();
        let what = What::Recordings {
            camera: seen.camera.id,
            from,
            until: from + SignedDuration::from_millis(length_ms),
            visible_from: seen.camera.since,
        };
        self.exporting(what)
    }

    pub fn exporting(&self, what: What) -> Export {
        let seen = seen();
        let id = ExportId::from_random([7; 10]);
        let export = Export::ask(id.clone(), seen.contract.id, what, seen.user.id, now().0);
        self.look(|kept| kept.exports.insert(id, export.clone()));
        export
    }

    /// Lets a worker work on an export once.
    pub async fn work(&self, export: &Export) -> anyhow::Result<()> {
        let message = Message {
            id: ciero_domain::ids::MessageId::from_random([1; 10]),
            at: now().0,
            body: Body::Export(export.contract.clone(), export.id.clone()),
        };
        let item = QueueItem {
            message_id: "1".into(),
            body: serde_json::to_string(&message).unwrap(),
        };
        work::carry_out(&self.app(), &item, now()).await
    }

    pub fn export(&self, export: &Export) -> Export {
        self.look(|kept| kept.exports[&export.id].clone())
    }

    /// The files that can be fetched, by name.
    pub fn files(&self, export: &Export) -> BTreeMap<String, Bytes> {
        let export = self.export(export);
        let file = |name: &str| {
            self.look(|kept| kept.objects[&format!("{}/{name}", export.folder())].clone())
        };
        let files = export
            .files
            .iter()
            .map(|one| (one.name.clone(), file(&one.name)));
        files.collect()
    }
}
