//! Contracts, cameras and streams as mocks, and what the function kept and said.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard};

use ciero_domain::contract::{Case, Contract, Standing, TerminationCause, stable_id};
use ciero_domain::device::{Camera, Device, DeviceKind, DeviceState};
use ciero_domain::ids::{CameraId, ContractId, DeviceId, UserId};
use ciero_domain::interruption::Interruption;
use ciero_domain::notice::Notice;
use ciero_domain::particulars::Address;
use ciero_domain::watch::{Arrival, Ledger, Span, Told};
use ciero_ports::{
    Arrived, Body, CloudError, CommitError, Decision, Kept, Message, MockArrivals, MockContracts,
    MockDevices, MockDueWork, MockInterruptions, MockLedger, MockQueues, MockStreams, MockWatch,
    WatchReport, WatchRun, WatchedContract, WatchedPage, Write, WriteKind,
};
use ciero_runtime::{Desk, Event, Moment, OnEvent, QueueItem};
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::Value;

use crate::App;

/// What was asked of the stores.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    pub lists: usize,
    pub describes: usize,
    pub ledgers_written: usize,
}

pub struct Inner {
    contracts: Vec<Contract>,
    cameras: Vec<Camera>,
    devices: Vec<Device>,
    /// What each camera recorded, live.
    recorded: Vec<Vec<Range<i64>>>,
    unreadable: Vec<usize>,
    /// How many contracts a page holds at most.
    pub page: usize,
    /// Contracts that are watched, with their counts of cameras.
    pub watched: BTreeMap<ContractId, u64>,
    pub most_listed: usize,
    pub held_hours: u32,
    pub interruptions: Vec<Interruption>,
    pub cases: Vec<Case>,
    ledgers: BTreeMap<CameraId, Ledger>,
    told: BTreeMap<ContractId, Told>,
    /// Lets what was told be read as it was before anything was.
    pub stale_told: bool,
    pub report: WatchReport,
    pub runs: BTreeMap<Timestamp, WatchRun>,
    pub runs_written: usize,
    messages: Vec<Message>,
    notices: Vec<Notice>,
    counted: Counted,
}

/// A service with cameras 0, 1, 2 …, so many to a contract.
#[derive(Clone)]
pub struct World(pub Arc<Mutex<Inner>>);

/// 09:00 in Tokyo on 1 June 2026, and so many seconds.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_272_000 + seconds).unwrap()
}

pub fn moment(seconds: i64) -> Moment {
    Moment(at(seconds))
}

pub fn contract_id(n: usize) -> ContractId {
    ContractId::from_random([100 + u8::try_from(n).unwrap(); 10])
}

fn camera(n: usize, each: usize) -> (Camera, Device) {
    let bytes = [u8::try_from(n).unwrap(); 10];
    let (id, device) = (CameraId::from_random(bytes), DeviceId::from_random(bytes));
    let contract = contract_id(n / each);
    let made = Device {
        id: device.clone(),
        version: 1,
        contract: contract.clone(),
        kind: DeviceKind::Camera,
        model: "MC-1".into(),
        serial: format!("S-{n}"),
        site: site(&contract),
        attested_by: UserId::from_random([1; 10]),
        registered_at: at(0),
        camera: id.clone(),
        state: DeviceState::Active {
            certificate_id: "c".into(),
            since: at(0),
        },
    };
    let camera = Camera {
        id,
        version: 1,
        contract,
        device,
        name: format!("camera {n}"),
        stream_name: n.to_string(),
        retention_hours: 720,
        since: at(0),
        retired_at: None,
    };
    (camera, made)
}

fn contract(id: ContractId) -> Contract {
    let (sample, _) = ciero_domain::samples::contract(date(2026, 4, 1));
    Contract { id, ..sample }
}

fn site(id: &ContractId) -> Address {
    contract(id.clone()).customer.address
}

impl World {
    pub fn of(contracts: usize, each: usize) -> Self {
        let made = (0..contracts * each).map(|n| camera(n, each));
        let (cameras, devices): (Vec<Camera>, Vec<Device>) = made.unzip();
        World(Arc::new(Mutex::new(Inner {
            contracts: (0..contracts).map(|n| contract(contract_id(n))).collect(),
            recorded: vec![Vec::new(); cameras.len()],
            cameras,
            devices,
            unreadable: Vec::new(),
            page: usize::MAX,
            watched: (0..contracts).map(|n| (contract_id(n), 1)).collect(),
            most_listed: usize::MAX,
            held_hours: 720,
            interruptions: Vec::new(),
            cases: Vec::new(),
            ledgers: BTreeMap::new(),
            told: BTreeMap::new(),
            stale_told: false,
            report: WatchReport::default(),
            runs: BTreeMap::new(),
            runs_written: 0,
            messages: Vec::new(),
            notices: Vec::new(),
            counted: Counted::default(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Lets cameras record in fragments of ten seconds that arrive at once.
    pub fn record(&self, cameras: Range<usize>, seconds: Range<i64>) {
        for camera in cameras {
            self.inner().recorded[camera].push(seconds.clone());
        }
    }

    pub fn break_reading(&self, cameras: &[usize]) {
        self.inner().unreadable = cameras.to_vec();
    }

    pub fn retire(&self, camera: usize) {
        self.inner().cameras[camera].retired_at = Some(at(0));
    }

    pub fn unstart(&self, camera: usize) {
        self.inner().devices[camera].state = DeviceState::Registered {
            code_hash: String::new(),
            code_expires_at: at(0),
        };
    }

    pub fn suspend(&self, contract: usize) {
        self.inner().contracts[contract].standing = Standing::Suspended {
            clause: "6-2".into(),
            since: at(0),
        };
    }

    pub fn end(&self, contract: usize) {
        self.inner().contracts[contract].standing = Standing::Ended {
            on: date(2026, 5, 31),
            cause: TerminationCause::Rescission,
            at_once: true,
        };
    }

    pub fn ledger(&self, camera: usize) -> Ledger {
        let inner = self.inner();
        inner.ledgers[&inner.cameras[camera].id].clone()
    }

    pub fn told(&self, contract: usize) -> Told {
        self.inner().told[&contract_id(contract)].clone()
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.inner().notices.clone()
    }

    pub fn asked(&self) -> Counted {
        self.inner().counted
    }

    /// A run at a moment, with all of its parts, each of which comes twice. Returns the answer of its beginning.
    pub async fn tick(&self, seconds: i64) -> Value {
        let (app, due) = (self.app(), at(seconds));
        let answer = app.on_event(Event::Schedule { due }, Moment(due)).await;
        loop {
            let waiting = std::mem::take(&mut self.inner().messages);
            if waiting.is_empty() {
                return answer.unwrap();
            }
            for message in waiting.iter().chain(&waiting[..1]) {
                let item = QueueItem {
                    message_id: message.id.to_string(),
                    body: serde_json::to_string(message).unwrap(),
                };
                let brought = app.on_event(Event::Queue(vec![item]), Moment(due)).await;
                assert_eq!(brought.unwrap()["batchItemFailures"], serde_json::json!([]));
            }
        }
    }

    /// A tick every two minutes.
    pub async fn ticks(&self, seconds: Range<i64>) -> Vec<Value> {
        let mut answers = Vec::new();
        for now in seconds.step_by(120) {
            answers.push(self.tick(now).await);
        }
        answers
    }

    pub fn app(&self) -> App {
        App {
            contracts: Arc::new(self.contracts()),
            devices: Arc::new(self.devices()),
            interruptions: Arc::new(self.interruptions()),
            watch: Arc::new(self.watch()),
            arrivals: Arc::new(self.arrivals()),
            streams: Arc::new(self.streams()),
            desk: Desk {
                ledger: Arc::new(self.commits()),
                queues: Arc::new(self.queues()),
            },
            due: Arc::new(self.due()),
        }
    }

    fn contracts(&self) -> MockContracts {
        let mut mock = MockContracts::new();
        let of = self.clone();
        mock.expect_contract().returning(move |id| {
            let inner = of.inner();
            Ok(inner.contracts.iter().find(|one| one.id == *id).cloned())
        });
        mock
    }

    fn devices(&self) -> MockDevices {
        let mut mock = MockDevices::new();
        let of = self.clone();
        mock.expect_cameras().returning(move |id| {
            let inner = of.inner();
            let own = inner.cameras.iter().filter(|one| one.contract == *id);
            Ok(own.cloned().collect())
        });
        let of = self.clone();
        mock.expect_devices().returning(move |id| {
            let inner = of.inner();
            let own = inner.devices.iter().filter(|one| one.contract == *id);
            Ok(own.cloned().collect())
        });
        mock
    }

    fn interruptions(&self) -> MockInterruptions {
        let mut mock = MockInterruptions::new();
        let of = self.clone();
        mock.expect_interruptions()
            .returning(move || Ok(of.inner().interruptions.clone()));
        mock
    }

    fn watch(&self) -> MockWatch {
        let mut mock = MockWatch::new();
        let of = self.clone();
        mock.expect_watched().returning(move |after, most| {
            let inner = of.inner();
            let listed = inner.watched.range((
                after.map_or(Bound::Unbounded, Bound::Excluded),
                Bound::Unbounded,
            ));
            let listed = listed.map(|(id, added)| WatchedContract {
                contract: id.clone(),
                cameras_added: *added,
            });
            let mut contracts: Vec<WatchedContract> = listed.collect();
            let most = inner.page.min(usize::from(most));
            let has_more = contracts.len() > most;
            contracts.truncate(most);
            let next = contracts.last().filter(|_| has_more);
            let next = next.map(|watched| watched.contract.clone());
            Ok(WatchedPage { contracts, next })
        });
        let of = self.clone();
        mock.expect_unwatch().returning(move |watched| {
            of.inner().watched.remove(&watched.contract);
            Ok(())
        });
        let of = self.clone();
        mock.expect_ledgers().returning(move |id| {
            let inner = of.inner();
            let own = inner.ledgers.values().filter(|one| one.contract == *id);
            Ok(own.cloned().collect())
        });
        let of = self.clone();
        mock.expect_put_ledger().returning(move |ledger| {
            let mut inner = of.inner();
            inner.counted.ledgers_written += 1;
            let before = inner
                .ledgers
                .get(&ledger.camera)
                .map_or(0, |one| one.version);
            let is_next = ledger.version == before + 1;
            if is_next {
                inner.ledgers.insert(ledger.camera.clone(), ledger.clone());
            }
            Ok(is_next)
        });
        let of = self.clone();
        mock.expect_told().returning(move |id| {
            let inner = of.inner();
            let known = inner.told.get(id).filter(|_| !inner.stale_told).cloned();
            Ok(known.unwrap_or_else(|| Told::nothing(id.clone())))
        });
        let of = self.clone();
        mock.expect_watch_report()
            .returning(move || Ok(of.inner().report.clone()));
        let of = self.clone();
        mock.expect_put_watch_report().returning(move |report| {
            of.inner().report = report.clone();
            Ok(())
        });
        let of = self.clone();
        mock.expect_watch_run()
            .returning(move |began| Ok(of.inner().runs.get(&began).cloned()));
        let of = self.clone();
        mock.expect_put_watch_run().returning(move |run| {
            let mut inner = of.inner();
            let before = inner.runs.get(&run.began).map_or(0, |one| one.version);
            let is_next = run.version == before + 1;
            if is_next {
                inner.runs.insert(run.began, run.clone());
                inner.runs_written += 1;
            }
            Ok(is_next)
        });
        mock
    }

    fn arrivals(&self) -> MockArrivals {
        let mut mock = MockArrivals::new();
        let of = self.clone();
        mock.expect_arrivals().returning(move |stream, from, to| {
            let mut inner = of.inner();
            inner.counted.lists += 1;
            let camera: usize = stream.parse().unwrap();
            if inner.unreadable.contains(&camera) {
                return Err(CloudError {
                    service: "Kinesis Video",
                    detail: "it is throttled".into(),
                });
            }
            let starts = inner.recorded[camera].iter().cloned();
            let fragments = starts.flat_map(|stretch| stretch.step_by(10)).map(fragment);
            let whole =
                fragments.filter(|one| one.at >= from && one.at <= to && one.span.end <= to);
            let arrivals: Vec<Arrival> = whole.collect();
            Ok(match arrivals.len() > inner.most_listed {
                true => Arrived::TooMany,
                false => Arrived::All(arrivals),
            })
        });
        mock
    }

    fn streams(&self) -> MockStreams {
        let mut mock = MockStreams::new();
        let of = self.clone();
        mock.expect_kept().returning(move |_| {
            let mut inner = of.inner();
            inner.counted.describes += 1;
            Ok(Some(Kept {
                hours: inner.held_hours,
                version: "v".into(),
            }))
        });
        mock
    }

    fn commits(&self) -> MockLedger {
        let mut mock = MockLedger::new();
        let of = self.clone();
        mock.expect_commit()
            .returning(move |decision| of.inner().commit(decision));
        mock.expect_sent().returning(|_| Ok(()));
        mock
    }

    fn queues(&self) -> MockQueues {
        let mut mock = MockQueues::new();
        let of = self.clone();
        mock.expect_send().returning(move |messages| {
            let parts = messages.iter();
            let parts = parts.filter(|one| matches!(one.body, Body::Watch(_)));
            of.inner().messages.extend(parts.cloned());
            messages.to_vec()
        });
        mock
    }

    fn due(&self) -> MockDueWork {
        let mut mock = MockDueWork::new();
        mock.expect_failed().returning(|_, _, _| Ok(()));
        mock
    }
}

fn fragment(start: i64) -> Arrival {
    Arrival {
        span: Span {
            start: at(start),
            end: at(start + 10),
        },
        at: at(start),
    }
}

impl Inner {
    /// Writes as a transaction would: all of it, or nothing.
    fn commit(&mut self, decision: &Decision) -> Result<(), CommitError> {
        for write in &decision.writes {
            let is_free = match write {
                Write::Told(told) => {
                    let before = self.told.get(&told.contract).map_or(0, |one| one.version);
                    told.version == before + 1
                }
                Write::Case(case) => self.cases.iter().all(|one| one.id != case.id),
                other => panic!("the watch does not write {other:?}"),
            };
            if !is_free {
                return Err(CommitError::Conflict(WriteKind::Entity));
            }
        }
        for write in &decision.writes {
            match write {
                Write::Told(told) => {
                    self.told.insert(told.contract.clone(), (**told).clone());
                }
                Write::Case(case) => self.cases.push((**case).clone()),
                _ => {}
            }
        }
        for message in &decision.messages {
            let Body::Notice(notice) = &message.body else {
                panic!("{message:?}");
            };
            let contract = notice.contract().unwrap();
            let names = ["stopped", "resumed"].map(|kind| {
                let version = self.told[contract].version;
                stable_id(contract, &format!("watch/{version}/{kind}"))
            });
            assert!(names.contains(&message.id), "a doubled run gives it again");
            self.notices.push(notice.clone());
        }
        Ok(())
    }
}
