//! The program itself: activation, exit codes, signals, and a service clock that jumps.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::authority::Authority;
use support::{FakeService, Judge, LOST, Script, Seen, within_patience};
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio::process::{Child, Command};

const YEAR_S: i64 = 31_536_000;

fn iotbox(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iotbox"));
    command
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env_remove("AWS_SESSION_TOKEN")
        .env_remove("RUST_LOG")
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn streaming(service: &FakeService, more: &[&str]) -> Child {
    let to = ["run", "--stream", "cam-1", "--endpoint", &service.url];
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/camera.mkv");
    let arguments = [&to, &["--source", source][..], more].concat();
    iotbox(&arguments).spawn().unwrap()
}

async fn end(child: &mut Child) -> ExitStatus {
    within_patience(child.wait()).await.unwrap()
}

async fn text(pipe: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).await.unwrap();
    text
}

/// Runs to the end and returns the exit code and what stderr says last.
async fn refusal(arguments: &[&str]) -> (i32, String) {
    let mut child = iotbox(arguments).spawn().unwrap();
    let code = end(&mut child).await.code().unwrap();
    let said = text(child.stderr.as_mut().unwrap()).await;
    (code, said.lines().last().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_signal_ends_it_after_the_last_fragment_is_persisted() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut service = FakeService::start([Script::Persist]).await;
        let mut child = streaming(&service, &[]);
        service.persisted(1).await;
        kill(Pid::from_raw(child.id().unwrap() as i32), signal).unwrap();
        assert_eq!(end(&mut child).await.code(), Some(0));
        service
            .until(|seen| (*seen == Seen::Ended(1)).then_some(()))
            .await;
    }
}

#[tokio::test]
async fn pictures_follow_a_service_clock_that_jumps() {
    let mut service = FakeService::start([Script::Persist]).await;
    let _child = streaming(&service, &["--follow-service-clock"]);
    let (_, before_ms) = service.persisted(1).await[0];
    service.advance(YEAR_S);
    let year_later = |seen: &Seen| match seen {
        Seen::Persisted(connection, timecode_ms) if *timecode_ms > before_ms + 30_000_000_000 => {
            Some(*connection)
        }
        _ => None,
    };
    assert!(service.until(year_later).await > 1);
}

#[tokio::test]
async fn it_ends_when_the_process_that_started_it_is_gone() {
    let mut service = FakeService::start([Script::Persist]).await;
    let run = "\"$0\" run --stream cam-1 --endpoint \"$1\" --source \"$2\" --exit-with-parent & read line";
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/camera.mp4");
    let mut shell = Command::new("sh")
        .args([
            "-c",
            run,
            env!("CARGO_BIN_EXE_iotbox"),
            &service.url,
            source,
        ])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    service.persisted(1).await;
    drop(shell.stdin.take());
    end(&mut shell).await;
    service
        .until(|seen| (*seen == Seen::Ended(1)).then_some(()))
        .await;
}

#[tokio::test]
async fn wrong_usage_ends_with_two() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let (code, said) = refusal(&["run"]).await;
    assert_eq!(code, 2);
    assert!(said.contains("give --service and --code"), "{said}");
    let (code, said) = refusal(&["run", "--state", path]).await;
    assert_eq!(code, 2);
    assert!(said.contains("cannot be used"), "{said}");
    let (code, said) = refusal(&["run", "--stream", "cam-1", "--source", path]).await;
    assert_eq!(code, 2);
    assert!(said.contains("neither Matroska nor MP4"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = refusal(&["run", "--state", folder.path().to_str().unwrap()]).await;
    assert_eq!(code, 2);
    assert!(said.contains("not activated yet"), "{said}");
    assert_eq!(refusal(&["walk"]).await.0, 2);
    let open = ["run", "--service", "http://camera.example.jp"];
    let (code, said) = refusal(&[&open[..], &["--code", "ABCD-EFGH-JKLM"]].concat()).await;
    assert_eq!(code, 2);
    assert!(said.contains("give an https:// address"), "{said}");
}

#[tokio::test]
async fn a_status_port_that_is_taken_stops_no_camera() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut service = FakeService::start([Script::Persist]).await;
    let mut child = streaming(&service, &["--status", &address]);
    service.persisted(1).await;
    kill(Pid::from_raw(child.id().unwrap() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(end(&mut child).await.code(), Some(0));
    let said = text(child.stderr.as_mut().unwrap()).await;
    let told = format!("ERROR the status page cannot listen at {address}, cameras go on:");
    assert!(said.contains(&told), "{said}");
}

#[tokio::test]
async fn cameras_that_cannot_be_opened_stop_no_other() {
    let mut service = FakeService::start([Script::Persist]).await;
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().to_str().unwrap();
    let file = folder.path().join("no-folder");
    std::fs::write(&file, "no video").unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/camera.mkv");
    let broken = file.to_str().unwrap();
    let below_file = format!("{broken}/state");
    let cameras = [
        ("missing", "/no/such/film.mkv", ""),
        ("broken", broken, ""),
        ("homeless", "test", below_file.as_str()),
        ("good", source, ""),
    ];
    let mut config = format!("[box]\nstate = \"{shown}\"\n");
    for (name, source, state) in cameras {
        let url = &service.url;
        config += &format!(
            "[[camera]]\nname = \"{name}\"\nsource = \"{source}\"\nstream = \"{name}\"\nendpoint = \"{url}\"\n"
        );
        if !state.is_empty() {
            config += &format!("state = \"{state}\"\n");
        }
    }
    let path = folder.path().join("iotbox.toml");
    std::fs::write(&path, config).unwrap();
    let mut child = iotbox(&["run", "--config", path.to_str().unwrap()])
        .spawn()
        .unwrap();
    service.persisted(2).await;
    kill(Pid::from_raw(child.id().unwrap() as i32), Signal::SIGTERM).unwrap();
    end(&mut child).await;
    let said = text(child.stderr.as_mut().unwrap()).await;
    for told in [
        "cannot read /no/such/film.mkv: No such file or directory (os error 2); it is tried again",
        "is neither Matroska nor MP4",
        "camera{name=\"broken\"}: this camera has failed for good: ",
        "camera{name=\"homeless\"}: this camera has failed for good: ",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
}

#[tokio::test]
async fn a_code_that_the_service_refuses_ends_with_three() {
    let service = FakeService::start([Script::Persist]).await;
    let problem = r#"{"code":"code_unknown","title":"Unknown","detail":"This code is not valid"}"#;
    service.answer_activation(404, problem.into());
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    let first = ["run", "--service", &service.url, "--code", "ABCD-EFGH-JKLM"];
    let (code, said) = refusal(&[&first[..], &["--state", state]].concat()).await;
    assert_eq!(code, 3);
    assert_eq!(
        said,
        "iotbox: the service refused this device: This code is not valid (code_unknown)"
    );
    assert!(!folder.path().join("device.json").exists());
}

#[tokio::test]
async fn an_obstacle_before_the_service_is_waited_out() {
    let mut service = FakeService::start([Script::Persist]).await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    service.answer_activation(200, "<html>Welcome to our hotel</html>".into());
    let first = ["run", "--service", &service.url, "--code", "ABCD-EFGH-JKLM"];
    let mut child = iotbox(&[&first[..], &["--state", state]].concat())
        .spawn()
        .unwrap();
    let attempt = |seen: &Seen| matches!(seen, Seen::Activation(..)).then_some(());
    service.until(attempt).await;
    service.answer_activation(301, String::new());
    // The first of these may still have been answered as the one before.
    service.until(attempt).await;
    service.until(attempt).await;
    service.answer_activation(404, r#"{"code":"code_unknown","title":"Unknown"}"#.into());
    assert_eq!(end(&mut child).await.code(), Some(3));
}

/// Waits until all of this was said, each in a line of its own.
async fn says(child: &mut Child, expected: &[&str]) {
    let stderr = child.stderr.take().unwrap();
    let mut lines = tokio::io::BufReader::new(stderr).lines();
    let mut missing = expected.to_vec();
    within_patience(async {
        while !missing.is_empty() {
            let line = lines.next_line().await.unwrap().expect("it ended");
            missing.retain(|part| !line.contains(part));
        }
    })
    .await;
}

#[tokio::test]
async fn a_clock_for_which_even_signatures_are_refused_is_told_in_the_log() {
    let service = FakeService::start([Script::Persist]).await;
    service.advance(3_600);
    service.judge_signatures(Judge::Nobody);
    let mut child = streaming(&service, &[]);
    let told = "ahead of this device's: nothing is sent or kept; set the clock";
    says(&mut child, &[told]).await;
}

#[tokio::test]
async fn every_line_about_a_camera_names_it() {
    let service = FakeService::start([Script::Persist]).await;
    let folder = tempfile::tempdir().unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/camera.mkv");
    let camera = |name: &str| {
        format!(
            "[[camera]]\nname = \"{name}\"\nsource = \"{source}\"\nstream = \"s\"\nendpoint = \"{}\"\n",
            service.url
        )
    };
    let state = folder.path().display();
    let text = format!(
        "[box]\nstate = \"{state}\"\n{}{}",
        camera("door"),
        camera("yard")
    );
    let config = folder.path().join("iotbox.toml");
    std::fs::write(&config, text).unwrap();
    let mut child = iotbox(&["run", "--config", config.to_str().unwrap()])
        .spawn()
        .unwrap();
    let door = r#"camera{name="door"}: connected"#;
    let yard = r#"camera{name="yard"}: connected"#;
    says(&mut child, &[door, yard]).await;
    let mut single = streaming(&service, &[]);
    says(&mut single, &[r#"camera{name="cam-1"}: connected"#]).await;
}

#[tokio::test]
async fn an_activation_whose_answer_is_lost_is_repeated_unchanged_also_after_a_restart() {
    let mut service = FakeService::start([Script::Persist]).await;
    service.answer_activation(LOST, String::new());
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap().to_owned();
    let url = service.url.clone();
    let with_code = |code: &str| {
        let first = ["run", "--service", &url, "--state", &state, "--code", code];
        iotbox(&first).spawn().unwrap()
    };
    let attempt = |seen: &Seen| match seen {
        Seen::Activation(key, asked) => Some((key.clone(), asked.clone())),
        _ => None,
    };
    let mut child = with_code("ABCD-EFGH-JKLM");
    let first = service.until(attempt).await;
    assert_eq!(service.until(attempt).await, first);
    child.kill().await.unwrap();
    // Between the two, whatever the first process still sent may be seen; all of it is the same attempt.
    let mut child = with_code("abcdefghjklm");
    assert_eq!(service.until(attempt).await, first);
    assert_eq!(service.until(attempt).await, first);
    child.kill().await.unwrap();
    // Another code is another attempt.
    let _child = with_code("MLKJ-HGFE-DCBA");
    let other = service
        .until(|seen| attempt(seen).filter(|(_, asked)| asked.contains("MLKJ")))
        .await;
    assert_ne!(other.0, first.0);
}

#[tokio::test]
async fn an_activated_device_streams_with_the_keys_that_its_certificate_opens() {
    let mut service = FakeService::start([Script::Persist]).await;
    let authority = Authority::new();
    let provider = authority.serve_keys().await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    // The certificate needs the request, so the first try is told to come back.
    service.answer_activation(503, String::new());
    let first = ["run", "--service", &service.url, "--code", "abcd efgh jklm"];
    let source = ["--state", state, "--source", "test"];
    let mut child = iotbox(&[&first[..], &source].concat()).spawn().unwrap();
    let asked = service
        .until(|seen| match seen {
            Seen::Activation(_, asked) => Some(asked.clone()),
            _ => None,
        })
        .await;
    let key_file = Path::new(state).join("key.pem");
    let key = std::fs::read_to_string(&key_file).unwrap();
    let secret = key.lines().nth(1).unwrap();
    assert!(!asked.contains("PRIVATE KEY") && !asked.contains(secret));
    let mode = std::fs::metadata(&key_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let asked: serde_json::Value = serde_json::from_str(&asked).unwrap();
    assert_eq!(asked["code"], "ABCD-EFGH-JKLM");
    let device = serde_json::json!({
        "device_id": "dev-1", "thing_name": "cam-1", "stream_name": "cam-1", "region": "ap-northeast-1",
        "certificate_pem": authority.sign(asked["csr"].as_str().unwrap()), "ca_pem": authority.pem,
        "credential_endpoint": provider.host, "role_alias": "ciero-device", "media_endpoint": service.url,
    });
    service.answer_activation(200, device.to_string());
    let authorization = service
        .until(|seen| match seen {
            Seen::Opened(1, authorization) => Some(authorization.clone()),
            _ => None,
        })
        .await;
    assert!(
        authorization.contains("Credential=DEVICEKEY/"),
        "{authorization}"
    );
    service.persisted(2).await;
    kill(Pid::from_raw(child.id().unwrap() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(end(&mut child).await.code(), Some(0));
    // A later run needs nothing but the state.
    service.answer_activation(500, String::new());
    let mut again = iotbox(&["run", "--state", state]).spawn().unwrap();
    service
        .until(|seen| matches!(seen, Seen::Opened(2, _)).then_some(()))
        .await;
    kill(Pid::from_raw(again.id().unwrap() as i32), Signal::SIGINT).unwrap();
    assert_eq!(end(&mut again).await.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&key_file).unwrap(), key);
}
