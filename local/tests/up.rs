//! The executable as people start it: what it refuses, and how it comes and goes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn ciero(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ciero"));
    command
        .current_dir(root())
        .args([
            "up",
            "--port",
            "0",
            "--aws-port",
            "0",
            "--no-demo",
            "--data",
        ])
        .arg(data);
    command
}

/// The one sentence on stderr of a start that is refused with exit code 2.
fn refusal(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert!(stdout.is_empty());
    stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_taken_port_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for option in ["--port", "--aws-port"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ciero"));
        let other = if option == "--port" {
            "--aws-port"
        } else {
            "--port"
        };
        command
            .current_dir(root())
            .args(["up", option, &port, other, "0", "--data"])
            .arg(data.path());
        let expected =
            format!("ciero: port {port} is already in use; choose another with {option}");
        assert_eq!(refusal(&mut command), expected);
    }
}

#[test]
fn a_data_folder_that_is_none_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let told = refusal(&mut ciero(file.path()));
    assert!(
        told.starts_with("ciero: the data folder ") && told.contains("cannot be used"),
        "{told}"
    );
}

#[test]
fn a_damaged_store_is_refused() {
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("clock.json"), "{").unwrap();
    let told = refusal(&mut ciero(data.path()));
    assert!(
        told.starts_with("ciero: the data folder ") && told.contains("cannot be used"),
        "{told}"
    );
}

#[test]
fn a_broken_template_is_refused_before_any_data_is_touched() {
    let data = tempfile::tempdir().unwrap();
    let template = data.path().join("template.yaml");
    let told = refusal(ciero(data.path()).arg("--template").arg(&template));
    assert!(told.contains("cannot be read"), "{told}");
    let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    std::fs::write(
        &template,
        text.replacen("FunctionName: portal", "FunctionName: portall", 1),
    )
    .unwrap();
    let told = refusal(ciero(data.path()).arg("--template").arg(&template));
    assert!(
        told.ends_with("this build holds no function portall"),
        "{told}"
    );
    std::fs::write(
        &template,
        text.replacen("!Ref MainTable", "!Ref MainTabel", 1),
    )
    .unwrap();
    let told = refusal(
        ciero(data.path())
            .arg("--fresh")
            .arg("--template")
            .arg(&template),
    );
    assert!(
        told.contains(": line ") && told.ends_with("nothing in the template is named MainTabel"),
        "{told}"
    );
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let data = tempfile::tempdir().unwrap();
    for option in ["--clock=yesterday", "--prot=1", "--port=70000"] {
        let output = ciero(data.path()).arg(option).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{option}");
    }
}

/// A local cloud that runs; it is killed when a test fails.
struct Running {
    process: Child,
    portal: String,
    aws: String,
}

impl Running {
    fn start(data: &TempDir, options: &[&str]) -> Self {
        let mut process = ciero(data.path())
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = |name: &str| {
            let rest = line
                .split_once(&format!("{name} http://"))
                .expect("the line names the address")
                .1;
            rest.split([' ', '/', '\n']).next().unwrap().to_owned()
        };
        let (portal, aws) = (address("portal"), address("AWS APIs"));
        let expected = format!(
            "ready: portal http://{portal} · AWS APIs http://{aws} · mail http://{portal}/_local/mail\n"
        );
        assert_eq!(line, expected);
        Self {
            process,
            portal,
            aws,
        }
    }

    fn children(&self) -> Vec<i32> {
        let id = self.process.id();
        let listed =
            std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let of_threads = std::fs::read_dir(format!("/proc/{id}/task"))
            .unwrap()
            .flatten()
            .map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
        let all: String = of_threads
            .chain([listed])
            .collect::<Vec<String>>()
            .join(" ");
        all.split_whitespace()
            .map(|id| id.parse().unwrap())
            .collect()
    }

    fn signal(&self, signal: Signal) {
        kill(
            Pid::from_raw(i32::try_from(self.process.id()).unwrap()),
            signal,
        )
        .unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn request(address: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn is_alive(id: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, state)| !state.starts_with('Z'))
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < until, "this did not come about: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn both_signals_end_it_with_its_children_and_the_next_start_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let mut running = Running::start(&data, &["--clock", "2026-04-01T09:00+09:00"]);
    let told = refusal(&mut ciero(data.path()));
    assert!(told.ends_with("is in use by another ciero"), "{told}");
    let answer = request(
        &running.portal,
        "POST",
        "/_local/clock",
        r#"{"advance":"P1D"}"#,
    );
    assert!(answer.contains(r#"{"now":"2026-04-02T09:0"#), "{answer}");
    let answer = request(&running.aws, "GET", "/", "");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    let children = running.children();
    assert!(!children.is_empty());
    running.signal(Signal::SIGTERM);
    assert_eq!(running.process.wait().unwrap().code(), Some(0));
    assert!(!children.into_iter().any(is_alive));

    let mut again = Running::start(&data, &["--clock", "2030-04-01T09:00+09:00"]);
    let answer = request(&again.portal, "GET", "/_local/clock", "");
    assert!(answer.contains(r#"{"now":"2026-04-02T09:0"#), "{answer}");
    again.signal(Signal::SIGINT);
    assert_eq!(again.process.wait().unwrap().code(), Some(0));
}

#[test]
fn when_it_is_killed_its_children_go_with_it() {
    let data = tempfile::tempdir().unwrap();
    let mut running = Running::start(&data, &[]);
    request(&running.portal, "GET", "/healthz", "");
    let children = running.children();
    assert!(!children.is_empty());
    running.signal(Signal::SIGKILL);
    running.process.wait().unwrap();
    eventually("the children are gone", || {
        !children.iter().copied().any(is_alive)
    });
}

/// Runs `ciero video check` and answers its exit code and what it writes.
fn video_check(data: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ciero"))
        .args(["video", "check", "--data"])
        .arg(data)
        .output()
        .unwrap();
    let words = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(words).unwrap())
}

#[test]
fn the_check_of_recordings_says_right_wrong_or_cannot_tell_by_its_exit_code() {
    let data = TempDir::new().unwrap();
    let (code, words) = video_check(data.path());
    assert_eq!(code, Some(2));
    assert!(words.contains("no video store"), "{words}");
    let config = || ciero_video::VideoConfig {
        data_dir: data.path().join("video"),
        base_url: "http://127.0.0.1:4566".to_owned(),
        account_id: "111122223333".to_owned(),
        region: "ap-northeast-1".to_owned(),
        now: std::sync::Arc::new(|| 0),
        quotas: ciero_video::Quotas::On,
    };
    let video = ciero_video::Video::open(config()).unwrap();
    let (code, words) = video_check(data.path());
    assert_eq!(code, Some(2));
    assert!(words.contains("in use"), "{words}");
    drop(video);
    let (code, words) = video_check(data.path());
    assert_eq!(code, Some(0));
    assert!(words.contains("0 inconsistencies"), "{words}");
    std::fs::write(data.path().join("video/media/notes.txt"), "hm").unwrap();
    let (code, words) = video_check(data.path());
    assert_eq!(code, Some(1));
    assert!(words.starts_with("strange-file: "), "{words}");
}
