//! Sends a Matroska file with PutMedia over loopback into a store of its own and tells how long it took until every fragment was
//! persisted: `ingest FILE FOLDER`.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use axum::body::Body;
use ciero_video::{Quotas, Video, VideoConfig};
use tower::ServiceExt as _;

/// As in the embedded cloud.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NOW_MS: i64 = 1_800_000_000_000;
const PIECE: usize = 256 << 10;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, folder] = arguments.as_slice() else {
        anyhow::bail!("usage: ingest FILE FOLDER");
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let host = listener.local_addr()?.to_string();
    let video = Video::open(VideoConfig {
        data_dir: Path::new(folder).to_owned(),
        base_url: format!("http://{host}"),
        account_id: "111122223333".into(),
        region: "ap-northeast-1".into(),
        now: Arc::new(|| NOW_MS),
        quotas: Quotas::Off,
    })?;
    let stream = r#"{"StreamName":"ingest","DataRetentionInHours":24}"#;
    let stream = http::Request::post("/createStream").body(Body::from(stream))?;
    let router = video.router();
    runtime.block_on(router.clone().oneshot(stream))?;
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, router).await
    });
    let began = Instant::now();
    let persisted = send(&host, &File::open(file)?)?;
    println!(
        "{:.3} s, {persisted} fragments",
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Sends the whole file and returns how many fragments were persisted, once the service has nothing more to say.
fn send(host: &str, mut file: &File) -> anyhow::Result<usize> {
    let mut connection = TcpStream::connect(host)?;
    let answers = BufReader::new(connection.try_clone()?);
    let answers = std::thread::spawn(move || count(answers));
    let bytes = file.metadata()?.len();
    let head = format!(
        "POST /putMedia HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nx-amzn-stream-name: ingest\r\nx-amzn-fragment-timecode-type: RELATIVE\r\nx-amzn-producer-start-timestamp: 1800000000\r\ntransfer-encoding: chunked\r\n\r\n{bytes:x}\r\n"
    );
    connection.write_all(head.as_bytes())?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        connection.write_all(&piece[..length])?;
    }
    connection.write_all(b"\r\n0\r\n\r\n")?;
    answers.join().ok().context("the answers were not read")?
}

fn count(answers: BufReader<TcpStream>) -> anyhow::Result<usize> {
    let (mut received, mut persisted) = (0, 0);
    for line in answers.lines() {
        let line = line?;
        anyhow::ensure!(!line.contains("\"ERROR\""), "the service answered {line}");
        received += usize::from(line.contains("\"RECEIVED\""));
        persisted += usize::from(line.contains("\"PERSISTED\""));
    }
    anyhow::ensure!(
        persisted == received && persisted > 0,
        "{persisted} of {received} were persisted"
    );
    Ok(persisted)
}
