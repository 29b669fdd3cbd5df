//! One contract's cameras in a tick: each is read once, and its ledger goes on.

use ciero_domain::calendar::tokyo_date;
use ciero_domain::contract::Contract;
use ciero_domain::device::{Camera, Device, DeviceState};
use ciero_domain::ids::ContractId;
use ciero_domain::watch::{Keeps, Ledger, Recording, STRIDE, Seen, Tally, news};
use ciero_ports::{Arrived, StoppedCamera, WatchedContract};
use ciero_runtime::Moment;
use futures::StreamExt;

use crate::{App, plan};

/// How many cameras of one contract are read side by side.
const SIDE_BY_SIDE: usize = 4;

/// What a tick saw of a contract.
pub(crate) struct Looked {
    pub contract: ContractId,
    pub tally: Tally,
    pub stopped: Vec<StoppedCamera>,
    pub has_news: bool,
}

/// Looks at a contract. One that cannot be looked at counts as unread and never stops the rest.
pub(crate) async fn look(app: &App, watched: WatchedContract, now: Moment) -> Looked {
    match cameras(app, &watched, now).await {
        Ok(looked) => looked,
        Err(error) => {
            let error = format!("{error:#}");
            let id = watched.contract;
            tracing::error!(contract = %id, error, "a contract's cameras could not be looked at");
            let tally = Tally {
                watched: 1,
                unread: 1,
                ..Tally::default()
            };
            Looked {
                contract: id,
                tally,
                stopped: Vec::new(),
                has_news: false,
            }
        }
    }
}

/// The cameras that are watched, each with its ledger.
pub(crate) struct Watched {
    pub contract: Contract,
    pub cameras: Vec<(Camera, Ledger)>,
}

/// Returns the cameras in use of a contract that has not ended; recording goes on while it is suspended (D-09). A device
/// that has not started has no stream yet, so only a camera without a ledger makes its devices read.
pub(crate) async fn watched(
    app: &App,
    id: &ContractId,
    now: Moment,
) -> anyhow::Result<Option<Watched>> {
    let (mut cameras, ledgers) = tokio::try_join!(app.devices.cameras(id), app.watch.ledgers(id))?;
    cameras.retain(|camera| camera.retired_at.is_none());
    if cameras.is_empty() {
        return Ok(None);
    }
    let known = |camera: &Camera| ledgers.iter().find(|ledger| ledger.camera == camera.id);
    let devices = async {
        match cameras.iter().all(|camera| known(camera).is_some()) {
            true => Ok(Vec::new()),
            false => app.devices.devices(id).await,
        }
    };
    let (contract, devices) = tokio::try_join!(app.contracts.contract(id), devices)?;
    let Some(contract) = contract.filter(|contract| !contract.has_ended(tokyo_date(now.0))) else {
        return Ok(None);
    };
    let with_ledger = |camera: Camera| match known(&camera) {
        Some(ledger) => Some((camera, ledger.clone())),
        None if has_started(&devices, &camera) => {
            let ledger = Ledger::begin(&camera, now.0);
            Some((camera, ledger))
        }
        None => None,
    };
    Ok(Some(Watched {
        contract,
        cameras: cameras.into_iter().filter_map(with_ledger).collect(),
    }))
}

fn has_started(devices: &[Device], camera: &Camera) -> bool {
    let device = devices.iter().find(|device| device.id == camera.device);
    device.is_some_and(|device| matches!(device.state, DeviceState::Active { .. }))
}

async fn cameras(app: &App, watched_as: &WatchedContract, now: Moment) -> anyhow::Result<Looked> {
    let id = &watched_as.contract;
    let mut looked = Looked {
        contract: id.clone(),
        tally: Tally::default(),
        stopped: Vec::new(),
        has_news: false,
    };
    let told = async { Ok(app.watch.told(id).await?) };
    let (found, told) = tokio::try_join!(watched(app, id, now), told)?;
    let Some(Watched { contract, cameras }) = found else {
        looked.has_news = !news(&told, &[], now.0).is_empty();
        if !looked.has_news {
            // No camera is in use, and nothing is left to tell.
            app.watch.unwatch(watched_as).await?;
        }
        return Ok(looked);
    };
    let contract = &contract;
    let reads = futures::stream::iter(cameras)
        .map(|(camera, ledger)| read(app, contract, camera, ledger, now))
        .buffered(SIDE_BY_SIDE);
    let ledgers: Vec<(Ledger, Read)> = reads.collect().await;
    for (ledger, read) in &ledgers {
        let is_told = told.outages.contains_key(&ledger.camera);
        count(&mut looked, ledger, *read, is_told);
    }
    looked.tally.contracts_untold = u32::from(looked.tally.untold > 0);
    let ledgers: Vec<Ledger> = ledgers.into_iter().map(|(ledger, _)| ledger).collect();
    looked.has_news = !news(&told, &ledgers, now.0).is_empty();
    Ok(looked)
}

fn count(looked: &mut Looked, ledger: &Ledger, read: Read, is_told: bool) {
    let tally = &mut looked.tally;
    tally.watched += 1;
    if read == Read::Failed {
        tally.unread += 1;
        return;
    }
    match ledger.recording {
        Recording::Waiting => {}
        Recording::Running { .. } => tally.running += 1,
        Recording::Stopped { since, trouble } => {
            match is_told {
                true => tally.told += 1,
                false => tally.untold += 1,
            }
            looked.stopped.push(StoppedCamera {
                contract: ledger.contract.clone(),
                camera: ledger.camera.clone(),
                since,
                trouble,
            });
        }
    }
}

/// Whether a camera could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    Done,
    /// Nothing is known of the camera now, so its ledger stays as it was.
    Failed,
}

/// Reads one camera and writes its ledger.
async fn read(
    app: &App,
    contract: &Contract,
    camera: Camera,
    ledger: Ledger,
    now: Moment,
) -> (Ledger, Read) {
    match observe(app, contract, &camera, &ledger, now).await {
        Ok(next) => (next, Read::Done),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(camera = %camera.id, error, "a camera could not be read");
            (ledger, Read::Failed)
        }
    }
}

async fn observe(
    app: &App,
    contract: &Contract,
    camera: &Camera,
    ledger: &Ledger,
    now: Moment,
) -> anyhow::Result<Ledger> {
    let seen = seen(app, camera, ledger, now).await?;
    let mut next = ledger.observe(&seen, now.0);
    if next.is_to_be_compared(now.0) {
        plan::compare(app, contract, camera, &mut next, now).await;
    }
    if !app.watch.put_ledger(&next).await? {
        tracing::info!(camera = %camera.id, "another run wrote this ledger");
    }
    Ok(next)
}

/// Lists what has arrived: in one request, unless very much has.
async fn seen(app: &App, camera: &Camera, ledger: &Ledger, now: Moment) -> anyhow::Result<Seen> {
    let (stream, from) = (&camera.stream_name, ledger.reads_from());
    let mut to = now.0;
    let mut arrived = app.arrivals.arrivals(stream, from, to).await?;
    if arrived == Arrived::TooMany {
        to = from.saturating_add(STRIDE)?.min(now.0);
        arrived = app.arrivals.arrivals(stream, from, to).await?;
    }
    let (arrivals, keeps) = match arrived {
        Arrived::All(arrivals) => (arrivals, Keeps::Recordings),
        Arrived::NothingKept => (Vec::new(), Keeps::Nothing),
        Arrived::TooMany => anyhow::bail!("more has arrived than can be listed"),
    };
    Ok(Seen {
        arrivals,
        read_to: to,
        keeps,
    })
}
