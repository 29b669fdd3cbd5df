//! One worker: a process that runs one function, one invocation at a time, frozen in between.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use axum::body::Bytes;
use nix::sys::signal::Signal;
use tokio::process::{Child, Command};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::logs::{Log, Output};
use super::runtime_api::{Call, Job, RuntimeApi, failure};
use super::spawner::{Spawner, signal};
use super::{Outcome, Program, until_set};

/// How long a worker may take from its start to its first call of `next`, as in Lambda.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// What a worker is started with.
pub struct Birth<'a> {
    pub name: &'a str,
    pub program: &'a Program,
    pub environment: Vec<(String, String)>,
    pub log: &'a Log,
    pub closing: watch::Receiver<bool>,
}

pub struct Worker {
    child: Child,
    api: RuntimeApi,
    /// Held while the worker waits for an invocation.
    waiting: Option<oneshot::Sender<Job>>,
    closing: watch::Receiver<bool>,
    log: Log,
    pub idle_since: Instant,
}

/// Why the worker said nothing more.
enum Silence {
    Exited(String),
    TimedOut,
    Closing,
}

impl Worker {
    /// Starts the process; it is not ready yet.
    pub async fn start(spawner: &Spawner, birth: Birth<'_>) -> io::Result<Self> {
        let api = RuntimeApi::open().await?;
        let mut command = Command::new(&birth.program.path);
        command
            .args((birth.program.arguments)(birth.name))
            .env_clear()
            .envs(birth.environment)
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = spawner.spawn(command).await?;
        if let Some(stdout) = child.stdout.take() {
            birth.log.follow(Output::Stdout, stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            birth.log.follow(Output::Stderr, stderr);
        }
        Ok(Self {
            child,
            api,
            waiting: None,
            closing: birth.closing,
            log: birth.log.clone(),
            idle_since: Instant::now(),
        })
    }

    /// Waits until the worker asks for its first invocation. An error ends the worker.
    pub async fn ready(&mut self) -> Result<(), Outcome> {
        match self.hear(Instant::now() + INIT_LIMIT).await {
            Ok(Call::Next(waiting)) => {
                self.waiting = Some(waiting);
                Ok(())
            }
            Ok(Call::InitError(told) | Call::Error(told) | Call::Response(told)) => {
                self.kill().await;
                Err(Outcome::Failed(told))
            }
            Err(Silence::TimedOut) => {
                self.kill().await;
                Err(self.ended(
                    "Sandbox.Timedout",
                    "the function was not ready after 10 seconds",
                ))
            }
            Err(silence) => Err(self.silent(silence, "")),
        }
    }

    /// Runs one invocation. The worker may be used again when `settle` says so.
    pub async fn run(&mut self, job: Job, limit: Duration) -> Outcome {
        let request_id = job.request_id.clone();
        let Some(waiting) = self.waiting.take() else {
            return self.ended(
                "Runtime.ExitError",
                "the worker was not waiting for an invocation",
            );
        };
        if self.thaw().is_err() || waiting.send(job).is_err() {
            self.kill().await;
            return self.ended(
                "Runtime.ExitError",
                &format!("RequestId: {request_id} Error: Runtime exited"),
            );
        }
        match self.hear(Instant::now() + limit).await {
            Ok(Call::Response(answer)) => Outcome::Answered(answer),
            Ok(Call::Error(told) | Call::InitError(told)) => Outcome::Failed(told),
            Ok(Call::Next(_)) => {
                self.kill().await;
                self.ended(
                    "Runtime.ExitError",
                    &format!("RequestId: {request_id} Error: no answer was given"),
                )
            }
            Err(Silence::TimedOut) => {
                self.kill().await;
                let seconds = limit.as_secs_f64();
                let message = format!(
                    "RequestId: {request_id} Error: Task timed out after {seconds:.2} seconds"
                );
                self.ended("Sandbox.Timedout", &message)
            }
            Err(silence) => self.silent(silence, &request_id),
        }
    }

    /// Waits until the worker asks for more, and freezes it there. False when it is of no more use.
    pub async fn settle(&mut self, limit: Duration) -> bool {
        if let Ok(Call::Next(waiting)) = self.hear(Instant::now() + limit).await {
            self.waiting = Some(waiting);
            self.idle_since = Instant::now();
            if signal(&self.child, Signal::SIGSTOP).is_ok() {
                return true;
            }
        }
        self.kill().await;
        false
    }

    /// Whether the worker still waits for an invocation.
    pub fn is_waiting(&mut self) -> bool {
        let reachable = self
            .waiting
            .as_ref()
            .is_some_and(|waiting| !waiting.is_closed());
        reachable && matches!(self.child.try_wait(), Ok(None)) && !self.is_dying()
    }

    /// Whether the process has ended, though it cannot be waited for yet: its other threads are still going.
    fn is_dying(&self) -> bool {
        let stat = self.child.id().and_then(|id| {
            let path = format!("/proc/{id}/stat");
            std::fs::read_to_string(path).ok()
        });
        // The name of the program, which may hold anything, stands in parentheses before the state.
        let state = stat.as_ref().and_then(|stat| stat.rsplit_once(") "));
        state.is_some_and(|(_, rest)| rest.starts_with(['Z', 'X']))
    }

    /// Ends the process and waits until it is gone.
    pub async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }

    #[cfg(test)]
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    fn thaw(&self) -> io::Result<()> {
        signal(&self.child, Signal::SIGCONT)
    }

    /// The worker's next call. What it said before it ended still counts.
    async fn hear(&mut self, until: Instant) -> Result<Call, Silence> {
        let Self {
            child,
            api,
            closing,
            ..
        } = self;
        tokio::select! {
            biased;
            call = timeout_at(until, api.calls.recv()) => match call {
                Ok(Some(call)) => Ok(call),
                Ok(None) => Err(Silence::Exited("its connection was lost".to_owned())),
                Err(_) => Err(Silence::TimedOut),
            },
            status = child.wait() => Err(Silence::Exited(match status {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            })),
            () = until_set(closing) => {
                let _ = child.kill().await;
                Err(Silence::Closing)
            }
        }
    }

    fn silent(&self, silence: Silence, request_id: &str) -> Outcome {
        let why = match silence {
            Silence::Exited(status) => format!("Runtime exited with error: {status}"),
            Silence::TimedOut => "Task timed out".to_owned(),
            Silence::Closing => {
                return Outcome::Failed(failure("Sandbox.Stopped", "the host is stopping"));
            }
        };
        self.ended(
            "Runtime.ExitError",
            &format!("RequestId: {request_id} Error: {why}"),
        )
    }

    /// A failure of the worker itself, which nobody but the host can put into the log.
    fn ended(&self, kind: &str, message: &str) -> Outcome {
        let told: Bytes = failure(kind, message);
        let record = serde_json::json!({ "level": "ERROR", "message": message, "errorType": kind });
        self.log.line(Output::Stdout, &record.to_string());
        Outcome::Failed(told)
    }
}
