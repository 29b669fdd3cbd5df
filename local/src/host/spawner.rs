//! Starts every child process from one thread that lives as long as the host.
//!
//! A child asks the kernel to be killed when the thread that started it ends. A thread of the tokio runtime may end
//! while the host lives on, so it must never be the one that starts a child.

use std::io;
use std::sync::mpsc;
use std::thread;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

struct Request {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// The way to the starting thread. Clones share it.
#[derive(Clone)]
pub struct Spawner {
    requests: mpsc::Sender<Request>,
}

impl Spawner {
    /// Starts the thread; it ends when the last clone is dropped.
    pub fn start(runtime: Handle) -> io::Result<Self> {
        let (requests, inbox) = mpsc::channel::<Request>();
        thread::Builder::new()
            .name("spawner".to_owned())
            .stack_size(256 * 1024)
            .spawn(move || {
                let _runtime = runtime.enter();
                for mut request in inbox {
                    let _ = request.reply.send(request.command.spawn());
                }
            })?;
        Ok(Self { requests })
    }

    /// Starts a child in a process group of its own, so that Ctrl-C at a terminal reaches the host alone.
    pub async fn spawn(&self, mut command: Command) -> io::Result<Child> {
        command.process_group(0).kill_on_drop(true);
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(Request { command, reply })
            .map_err(|_| io::Error::other("the starting thread has ended"))?;
        answer
            .await
            .map_err(|_| io::Error::other("the starting thread has ended"))?
    }
}

/// Called first thing in a child: it shall not outlive the host, however the host ends.
///
/// `host` is the process id of the host. When the child finds another parent, the host is gone already.
pub fn die_with_host(host: u32) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    if i64::from(nix::unistd::getppid().as_raw()) != i64::from(host) {
        return Err(io::Error::other("the host has ended"));
    }
    Ok(())
}

/// Sends a signal to a child that has not been waited for, so that its id still belongs to it.
pub fn signal(child: &Child, signal: Signal) -> io::Result<()> {
    let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) else {
        return Err(io::Error::other("the process has ended"));
    };
    nix::sys::signal::kill(Pid::from_raw(id), signal)?;
    Ok(())
}
