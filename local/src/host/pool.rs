//! The workers of one function: started on demand, kept warm, bounded in number.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::logs::Log;
use super::runtime_api::{Job, failure};
use super::worker::{Birth, Worker};
use super::{HostConfig, InvokeError, Outcome};
use crate::template::model::Function;
use crate::template::{ACCOUNT, REGION};

/// How many runs of one function may go on at once.
const MAX_CONCURRENCY: usize = 10;
/// How many more may wait for their turn; Lambda would throttle them, a person at a page would rather wait.
const MAX_WAITING: usize = 100;
/// After its answer a worker has this long to ask for more.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);
/// A call waits this long for a worker that has just answered, before another is started.
const RETURN_LIMIT: Duration = Duration::from_millis(50);

pub struct Pool {
    pub function: Function,
    config: Arc<HostConfig>,
    log: Log,
    idle: Mutex<VecDeque<Worker>>,
    /// Workers that have answered and do not wait again yet.
    settling: AtomicUsize,
    returned: Notify,
    turns: Semaphore,
    concurrency: usize,
    /// Invocations that run or wait for their turn.
    admitted: AtomicUsize,
    closing: watch::Receiver<bool>,
}

impl Pool {
    pub fn new(
        function: Function,
        config: Arc<HostConfig>,
        closing: watch::Receiver<bool>,
    ) -> Self {
        let concurrency = function.reserved_concurrency.unwrap_or(MAX_CONCURRENCY);
        let concurrency = concurrency.min(MAX_CONCURRENCY);
        Self {
            log: Log::new(&config.log_directory, &function.name),
            function,
            config,
            idle: Mutex::default(),
            settling: AtomicUsize::new(0),
            returned: Notify::new(),
            turns: Semaphore::new(concurrency),
            concurrency,
            admitted: AtomicUsize::new(0),
            closing,
        }
    }

    /// Runs one invocation to its end, even when the caller goes away.
    pub async fn invoke(self: &Arc<Self>, payload: Bytes) -> Result<Outcome, InvokeError> {
        let (answer, outcome) = tokio::sync::oneshot::channel();
        let pool = Arc::clone(self);
        let before = self.admitted.fetch_add(1, Ordering::AcqRel);
        if before >= MAX_WAITING + self.concurrency {
            self.admitted.fetch_sub(1, Ordering::AcqRel);
            return Err(InvokeError::TooManyRequests);
        }
        tokio::spawn(async move {
            if let Ok(_turn) = pool.turns.acquire().await {
                pool.run(payload, answer).await;
            }
            pool.admitted.fetch_sub(1, Ordering::AcqRel);
        });
        outcome.await.map_err(|_| InvokeError::Stopping)
    }

    async fn run(&self, payload: Bytes, answer: tokio::sync::oneshot::Sender<Outcome>) {
        let mut worker = match self.worker().await {
            Ok(worker) => worker,
            Err(outcome) => {
                let _ = answer.send(outcome);
                return;
            }
        };
        let outcome = worker.run(self.job(payload), self.function.timeout).await;
        self.settling.fetch_add(1, Ordering::AcqRel);
        let _ = answer.send(outcome);
        if worker.settle(SETTLE_LIMIT).await {
            self.lock().push_back(worker);
        }
        self.settling.fetch_sub(1, Ordering::AcqRel);
        self.returned.notify_waiters();
    }

    /// The worker that was used last, so that those beyond the need fall idle; a new one when none waits.
    async fn worker(&self) -> Result<Worker, Outcome> {
        if let Some(warm) = self.warm_worker().await {
            return Ok(warm);
        }
        let birth = Birth {
            name: &self.function.name,
            program: &self.config.program,
            environment: self.environment()?,
            log: &self.log,
            closing: self.closing.clone(),
        };
        let started = Worker::start(&self.config.spawner, birth).await;
        let mut worker = started.map_err(|error| {
            Outcome::Failed(failure("Runtime.InvalidEntrypoint", &error.to_string()))
        })?;
        worker.ready().await?;
        Ok(worker)
    }

    /// A worker that waits, or is about to: one that has just answered is worth more than a cold start.
    async fn warm_worker(&self) -> Option<Worker> {
        let deadline = Instant::now() + RETURN_LIMIT;
        loop {
            let mut returned = std::pin::pin!(self.returned.notified());
            // Armed before the look, so that a worker that comes back in between is not missed.
            returned.as_mut().enable();
            while let Some(mut warm) = self.take_idle() {
                if warm.is_waiting() {
                    return Some(warm);
                }
                warm.kill().await;
            }
            if self.settling.load(Ordering::Acquire) == 0
                || timeout_at(deadline, returned).await.is_err()
            {
                return None;
            }
        }
    }

    fn job(&self, payload: Bytes) -> Job {
        let limit_ms = i64::try_from(self.function.timeout.as_millis()).unwrap_or(i64::MAX);
        let trace = uuid::Uuid::new_v4().simple().to_string();
        Job {
            request_id: uuid::Uuid::new_v4().to_string(),
            payload,
            // Functions take deadline minus timeout as the time of the invocation, so it follows the service clock.
            deadline_ms: (self.config.now_ms)().saturating_add(limit_ms),
            function_arn: self.function.arn(),
            trace_id: format!(
                "Root=1-{}-{};Parent=0000000000000000;Sampled=0",
                &trace[..8],
                &trace[8..]
            ),
        }
    }

    /// The whole environment of a worker: the template's variables and those that Lambda sets.
    fn environment(&self) -> Result<Vec<(String, String)>, Outcome> {
        let function = &self.function;
        let keys = (self.config.issue_keys)(&function.name)
            .map_err(|error| Outcome::Failed(failure("Sandbox.Credentials", &error.to_string())))?;
        let stream = format!("local/[$LATEST]{}", uuid::Uuid::new_v4().simple());
        let own = [
            ("AWS_ACCESS_KEY_ID", keys.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", keys.secret),
            ("AWS_SESSION_TOKEN", keys.session_token),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCOUNT_ID", ACCOUNT.to_owned()),
            ("AWS_ENDPOINT_URL", self.config.aws_url.clone()),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
            (
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                function.memory_mb.to_string(),
            ),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_FORMAT", function.log_format.clone()),
            ("AWS_LAMBDA_LOG_LEVEL", function.log_level.clone()),
            (
                "AWS_LAMBDA_LOG_GROUP_NAME",
                format!("/aws/lambda/{}", function.name),
            ),
            ("AWS_LAMBDA_LOG_STREAM_NAME", stream),
            ("LAMBDA_TASK_ROOT", "/var/task".to_owned()),
            ("_HANDLER", function.handler.clone()),
            ("TZ", "UTC".to_owned()),
        ];
        let mut environment: Vec<(String, String)> =
            function.environment.clone().into_iter().collect();
        environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
        Ok(environment)
    }

    /// Ends workers idle for longer than `all`, and all but the last used of those idle for longer than `spare`.
    pub async fn reap(&self, now: Instant, spare: Duration, all: Duration) {
        let mut ended = Vec::new();
        {
            let mut idle = self.lock();
            while idle.front().is_some_and(|oldest| {
                let idle_for = now.saturating_duration_since(oldest.idle_since);
                idle_for >= all || (idle_for >= spare && idle.len() > 1)
            }) {
                ended.extend(idle.pop_front());
            }
        }
        for mut worker in ended {
            worker.kill().await;
        }
    }

    /// Waits until no invocation runs, then ends every worker.
    pub async fn close(&self) {
        let all = u32::try_from(self.concurrency).unwrap_or(1);
        if let Ok(turns) = self.turns.acquire_many(all).await {
            turns.forget();
        }
        self.turns.close();
        let workers: Vec<Worker> = self.lock().drain(..).collect();
        for mut worker in workers {
            worker.kill().await;
        }
    }

    fn take_idle(&self) -> Option<Worker> {
        self.lock().pop_back()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn idle_process_ids(&self) -> Vec<u32> {
        self.lock().iter().filter_map(Worker::process_id).collect()
    }
}
