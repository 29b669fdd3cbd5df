//! Programs beside the functions, such as the demo's device: kept running, stopped with the host.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::host::logs::{Log, Output};
use crate::host::spawner::{Spawner, signal};
use crate::host::until_set;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A program that ran this long counts as healthy: its next pause is the shortest again.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);
/// How long a program may take to end by itself.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// What to run.
#[derive(Debug, Clone)]
pub struct Program {
    /// Names its log.
    pub name: String,
    pub path: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(String, String)>,
}

/// All running programs. Clones share them.
#[derive(Clone)]
pub struct Programs {
    spawner: Spawner,
    launcher: PathBuf,
    logs: PathBuf,
    stopping: watch::Sender<bool>,
    running: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Programs {
    /// `launcher` is this executable: it sees to it that a program dies with the host, and then becomes the program.
    pub fn new(spawner: Spawner, launcher: PathBuf, logs: &Path) -> Self {
        Self {
            spawner,
            launcher,
            logs: logs.to_owned(),
            stopping: watch::Sender::new(false),
            running: Arc::default(),
        }
    }

    /// Starts the program, and starts it again whenever it ends.
    pub fn keep_running(&self, program: Program) {
        let task = tokio::spawn(supervise(self.clone(), program));
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task);
    }

    /// Asks every program to end, and ends those that do not.
    pub async fn stop(&self) {
        // A plain send is lost where no task has subscribed yet.
        self.stopping.send_replace(true);
        let running: Vec<_> = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
            .collect();
        for task in running {
            let _ = task.await;
        }
    }

    async fn start(&self, program: &Program, log: &Log) -> std::io::Result<Child> {
        let mut command = Command::new(&self.launcher);
        command
            .arg("supervised")
            .arg(std::process::id().to_string())
            .arg(&program.path)
            .args(&program.arguments)
            .envs(
                program
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.spawner.spawn(command).await?;
        if let Some(stdout) = child.stdout.take() {
            log.follow(Output::Stdout, stdout);
        }
        if let Some(stderr) = child.stderr.take() {
            // What a program tells about its state belongs to its log and not onto the terminal.
            log.follow(Output::Stdout, stderr);
        }
        Ok(child)
    }
}

async fn supervise(programs: Programs, program: Program) {
    let log = Log::new(&programs.logs, &program.name);
    let mut stopping = programs.stopping.subscribe();
    let mut pause = FIRST_PAUSE;
    loop {
        let started = Instant::now();
        match programs.start(&program, &log).await {
            Ok(mut child) => tokio::select! {
                status = child.wait() => {
                    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                    eprintln!("{}: ended ({status}); it is started again", program.name);
                }
                () = until_set(&mut stopping) => return end(child).await,
            },
            Err(error) => eprintln!("{}: cannot be started: {error}", program.name),
        }
        if started.elapsed() > HEALTHY_AFTER {
            pause = FIRST_PAUSE;
        }
        if tokio::time::timeout(pause, until_set(&mut stopping))
            .await
            .is_ok()
        {
            return;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn end(mut child: Child) {
    let asked = signal(&child, Signal::SIGTERM);
    if asked.is_err()
        || tokio::time::timeout(STOP_LIMIT, child.wait())
            .await
            .is_err()
    {
        let _ = child.kill().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::testing::eventually;
    use std::os::unix::fs::PermissionsExt;

    /// Runs a shell script as a program whose launcher does nothing but become it.
    fn run(directory: &Path, script: &str) -> Programs {
        let launcher = directory.join("launcher");
        std::fs::write(&launcher, "#!/bin/sh\nshift 2\nexec \"$@\"\n").unwrap();
        std::fs::set_permissions(&launcher, std::fs::Permissions::from_mode(0o755)).unwrap();
        let spawner = Spawner::start(tokio::runtime::Handle::current()).unwrap();
        let programs = Programs::new(spawner, launcher, directory);
        let out = directory.join("out");
        programs.keep_running(Program {
            name: "p".to_owned(),
            path: PathBuf::from("/bin/sh"),
            arguments: vec!["-c".into(), script.into()],
            environment: vec![("OUT".to_owned(), out.to_str().unwrap().to_owned())],
        });
        programs
    }

    fn out(directory: &Path) -> String {
        std::fs::read_to_string(directory.join("out")).unwrap_or_default()
    }

    #[tokio::test]
    async fn a_program_is_asked_to_end_and_is_not_started_again() {
        let directory = tempfile::tempdir().unwrap();
        let script = r#"trap 'echo ended >> "$OUT"; exit' TERM; echo begun >> "$OUT"; while :; do sleep 0.01; done"#;
        let programs = run(directory.path(), script);
        eventually("the program has begun", || {
            out(directory.path()) == "begun\n"
        })
        .await;
        programs.stop().await;
        assert_eq!(out(directory.path()), "begun\nended\n");
    }

    #[tokio::test]
    async fn a_stop_before_the_program_was_looked_after_is_not_missed() {
        let directory = tempfile::tempdir().unwrap();
        // On one thread the task behind the program has not run yet when it is told to stop.
        let programs = run(directory.path(), "sleep 600");
        let stopped = tokio::time::timeout(Duration::from_secs(20), programs.stop()).await;
        assert!(stopped.is_ok(), "it waits for a task that was not told");
    }

    #[tokio::test]
    async fn a_program_that_ends_is_started_again_and_its_words_are_in_its_log() {
        let directory = tempfile::tempdir().unwrap();
        let programs = run(directory.path(), r#"echo hello; echo begun >> "$OUT""#);
        eventually("it ran twice", || out(directory.path()) == "begun\nbegun\n").await;
        let log = || std::fs::read_to_string(directory.path().join("p.log")).unwrap_or_default();
        eventually("its words are logged", || {
            log().starts_with("hello\nhello\n")
        })
        .await;
        programs.stop().await;
    }
}
