//! The Lambda host: functions as real processes behind the documented Runtime API.

pub mod logs;
mod pool;
pub mod runtime_api;
pub mod spawner;
mod worker;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::template::model::Function;
use pool::Pool;
use spawner::Spawner;

/// Workers beyond one are ended after this long without work.
const SPARE_IDLE: Duration = Duration::from_secs(60);
/// The last worker of a function is ended after this long.
const LAST_IDLE: Duration = Duration::from_secs(300);
/// Lambda tries an asynchronous invocation three times in all.
const RETRY_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// How long the host waits for its workers to be gone when it stops.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// What a worker process runs.
pub struct Program {
    pub path: PathBuf,
    /// The arguments that make the program run the function of this name.
    pub arguments: fn(&str) -> Vec<String>,
}

/// The keys of one function.
pub struct Keys {
    pub access_key_id: String,
    pub secret: String,
    pub session_token: String,
}

pub type IssueKeys = Box<dyn Fn(&str) -> anyhow::Result<Keys> + Send + Sync>;

pub struct HostConfig {
    pub program: Program,
    pub spawner: Spawner,
    pub log_directory: PathBuf,
    /// Where the AWS APIs answer, without a trailing slash.
    pub aws_url: String,
    /// The service clock, in milliseconds since 1970.
    pub now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
    pub issue_keys: IssueKeys,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Answered(Bytes),
    /// The error as JSON with `errorType` and `errorMessage`.
    Failed(Bytes),
}

/// Why an invocation was not even begun.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvokeError {
    #[error("there is no function of this name")]
    UnknownFunction,
    #[error("too many invocations wait for this function")]
    TooManyRequests,
    #[error("the host is stopping")]
    Stopping,
}

pub struct Host {
    pools: BTreeMap<String, Arc<Pool>>,
    close: watch::Sender<bool>,
    events_in_flight: AtomicUsize,
}

impl Host {
    pub fn new(functions: Vec<Function>, config: HostConfig) -> Arc<Self> {
        let config = Arc::new(config);
        let (close, closing) = watch::channel(false);
        let pools = functions.into_iter().map(|function| {
            let name = function.name.clone();
            (
                name,
                Arc::new(Pool::new(function, Arc::clone(&config), closing.clone())),
            )
        });
        let host = Arc::new(Self {
            pools: pools.collect(),
            close,
            events_in_flight: AtomicUsize::new(0),
        });
        tokio::spawn(reap(Arc::downgrade(&host)));
        host
    }

    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        self.pools.values().map(|pool| &pool.function)
    }

    pub fn function(&self, name: &str) -> Option<&Function> {
        self.pools.get(name).map(|pool| &pool.function)
    }

    /// Runs a function and waits for its answer.
    pub async fn invoke(&self, name: &str, payload: Bytes) -> Result<Outcome, InvokeError> {
        let pool = self.pools.get(name).ok_or(InvokeError::UnknownFunction)?;
        pool.invoke(payload).await
    }

    /// Runs a function as an event does: nobody waits for the answer, and a failure is tried twice more.
    pub async fn invoke_event(&self, name: &str, event: Value) -> Result<Outcome, InvokeError> {
        let _counted = InFlight::new(&self.events_in_flight);
        let payload = Bytes::from(event.to_string());
        let mut outcome = self.invoke(name, payload.clone()).await;
        for pause in RETRY_AFTER {
            let again = matches!(
                outcome,
                Ok(Outcome::Failed(_)) | Err(InvokeError::TooManyRequests)
            );
            if !again || self.is_closing() {
                break;
            }
            tokio::time::sleep(pause).await;
            outcome = self.invoke(name, payload.clone()).await;
        }
        outcome
    }

    /// How many events are being worked on or will be tried again.
    pub fn events_in_flight(&self) -> usize {
        self.events_in_flight.load(Ordering::Acquire)
    }

    /// Whether the host is ending its workers; what fails now says nothing about the function.
    pub fn is_closing(&self) -> bool {
        *self.close.borrow()
    }

    /// Ends every worker; what was running is answered with an error.
    pub async fn close(&self) {
        let _ = self.close.send(true);
        let pools = self.pools.values().map(|pool| pool.close());
        let _ = tokio::time::timeout(CLOSE_LIMIT, futures::future::join_all(pools)).await;
    }

    #[cfg(test)]
    fn pool(&self, name: &str) -> Arc<Pool> {
        Arc::clone(&self.pools[name])
    }
}

/// Returns when the flag is set, or can no longer be.
pub async fn until_set(flag: &mut watch::Receiver<bool>) {
    let _ = flag.wait_for(|set| *set).await;
}

/// Counts an event from here until it is dropped.
struct InFlight<'a>(&'a AtomicUsize);

impl<'a> InFlight<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn reap(host: std::sync::Weak<Host>) {
    loop {
        tokio::time::sleep(Duration::from_secs(15)).await;
        let Some(host) = host.upgrade() else {
            return;
        };
        for pool in host.pools.values() {
            pool.reap(Instant::now(), SPARE_IDLE, LAST_IDLE).await;
        }
    }
}
