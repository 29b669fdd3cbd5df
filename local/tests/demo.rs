//! The demo's seeding: stopped anywhere it is continued by the next start, and it takes what the operator offers.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A port that nobody listens on now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A start with the demo; it is killed when it goes out of scope.
struct Start {
    process: Child,
    portal: String,
    /// What it wrote to its standard output.
    output: PathBuf,
}

impl Start {
    fn of(data: &Path, port: u16) -> Self {
        let output = data.with_extension("output");
        let process = Command::new(env!("CARGO_BIN_EXE_ciero"))
            .current_dir(root())
            .args(["up", "--aws-port", "0", "--port", &port.to_string()])
            .arg("--data")
            .arg(data)
            .stdout(File::create(&output).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            process,
            portal: format!("127.0.0.1:{port}"),
            output,
        }
    }

    fn is_ready(&self) -> bool {
        fs::read_to_string(&self.output)
            .unwrap()
            .starts_with("ready: ")
    }

    /// How many different people or matters were told by a kind of mail; 0 as long as nobody answers. A mail whose
    /// sending was cut off may come twice.
    fn told(&self, kind: &str) -> usize {
        let Ok(mut stream) = TcpStream::connect(&self.portal) else {
            return 0;
        };
        let head = format!(
            "GET /_local/mail.json HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.portal
        );
        let mut answer = String::new();
        let sent = stream.write_all(head.as_bytes());
        if sent
            .and_then(|()| stream.read_to_string(&mut answer))
            .is_err()
        {
            return 0;
        }
        let body = answer.split_once("\r\n\r\n").unwrap_or_default().1;
        let mails: Vec<Value> = serde_json::from_str(body).unwrap_or_default();
        let of_kind = mails.iter().filter(|mail| mail["kind"] == kind);
        let told = of_kind.map(|mail| match kind {
            "user_invited" => mail["to"].to_string(),
            _ => mail["text"].to_string(),
        });
        told.collect::<BTreeSet<String>>().len()
    }

    /// Waits until the condition holds or the process has ended, and tells whether it still runs.
    fn until(&mut self, what: &str, mut condition: impl FnMut(&Self) -> bool) -> bool {
        let until = Instant::now() + Duration::from_secs(120);
        loop {
            if condition(self) {
                return true;
            }
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < until, "this did not come about: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_seeding_that_is_killed_at_any_step_goes_on_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // One port for all starts: the mails tell the portal's address.
    let port = free_port();
    for (kind, count) in [
        ("application_received", 1),
        ("user_invited", 1),
        ("user_invited", 2),
    ] {
        let mut start = Start::of(&data, port);
        let runs = start.until(kind, |start| start.told(kind) >= count);
        assert!(runs, "a start ended before it sent {kind}");
    }
    for cut in [None, Some("{\"code\":")] {
        if let Some(cut) = cut {
            fs::write(data.join("demo.json"), cut).unwrap();
        }
        let mut start = Start::of(&data, port);
        let ready = start.until("ready", Start::is_ready);
        assert!(ready, "a start that goes on ended");
        for (kind, count) in [
            ("application_received", 1),
            ("registration_completed", 1),
            ("user_invited", 2),
        ] {
            assert_eq!(start.told(kind), count, "{kind}");
        }
    }
}

#[test]
fn a_clock_before_the_first_terms_is_refused_and_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let output = Command::new(env!("CARGO_BIN_EXE_ciero"))
        .current_dir(root())
        .args([
            "up",
            "--port",
            "0",
            "--aws-port",
            "0",
            "--clock",
            "2026-03-31T23:59+09:00",
        ])
        .arg("--data")
        .arg(&data)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    let sentence = told.lines().last().unwrap();
    assert!(sentence.contains("terms in force on 2026-03-31"), "{told}");
    assert!(!data.join("clock.json").exists());
}
