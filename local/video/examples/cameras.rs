//! Sends the media of many cameras to one service and tells how long their fragments take to be persisted:
//! `cameras HOST:PORT COUNT SECONDS [BITS_PER_SECOND]`. The streams are made if they are missing.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use ciero_media::matroska::Track;
use ciero_media::matroska::write::{Frame, Key, write_block, write_cluster_start, write_header};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const FRAMES_PER_SECOND: u64 = 15;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, count, seconds, ..] = arguments.as_slice() else {
        anyhow::bail!("usage: cameras HOST:PORT COUNT SECONDS [BITS_PER_SECOND]");
    };
    let bits: u64 = arguments
        .get(3)
        .map_or(Ok(2_000_000), |text| text.parse())?;
    let (count, seconds): (u64, u64) = (count.parse()?, seconds.parse()?);
    let mut cameras = Vec::new();
    for number in 0..count {
        let host = host.clone();
        cameras.push(tokio::spawn(async move {
            // Cameras do not begin their seconds together.
            tokio::time::sleep(Duration::from_millis(1000 * number / count)).await;
            camera(&host, number, seconds, bits / 8 / FRAMES_PER_SECOND).await
        }));
    }
    let mut delays = Vec::new();
    for camera in cameras {
        delays.extend(camera.await??);
    }
    delays.sort_unstable();
    let at = |part: usize| delays.get((delays.len() * part / 100).min(delays.len() - 1));
    println!(
        "sent {} fragments, persisted {}, delay ms median {:?} 99% {:?} most {:?}",
        count * seconds,
        delays.len(),
        at(50),
        at(99),
        delays.last()
    );
    Ok(())
}

async fn create(host: &str, name: &str) -> anyhow::Result<()> {
    let body = format!("{{\"StreamName\":\"{name}\",\"DataRetentionInHours\":24}}");
    let mut connection = TcpStream::connect(host).await?;
    let request = format!(
        "POST /createStream HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await?;
    connection.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Sends one-second fragments in real time, frame by frame, and returns the delay of each acknowledgement.
async fn camera(host: &str, number: u64, seconds: u64, bytes: u64) -> anyhow::Result<Vec<u128>> {
    let name = format!("load-{number}");
    create(host, &name).await?;
    let (answers, mut media) = TcpStream::connect(host).await?.into_split();
    let head = format!(
        "POST /putMedia HTTP/1.1\r\nhost: {host}\r\nx-amzn-stream-name: {name}\r\nx-amzn-fragment-timecode-type: ABSOLUTE\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    media.write_all(head.as_bytes()).await?;
    let answers = tokio::spawn(persisted(BufReader::new(answers)));
    let header = write_header(&[Track::avc(1, 1280, 720, vec![1])], "cameras");
    send(&mut media, &header).await?;
    let picture = vec![0x55; usize::try_from(bytes)?];
    let start_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let start_ms = u64::try_from(start_ms)?;
    let began = Instant::now();
    let mut ends = Vec::new();
    for frame in 0..seconds * FRAMES_PER_SECOND {
        let due = Duration::from_millis(frame * 1000 / FRAMES_PER_SECOND);
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        let in_second = frame % FRAMES_PER_SECOND;
        if in_second == 0 {
            ends.extend((frame > 0).then(Instant::now));
            let second = frame / FRAMES_PER_SECOND;
            send(&mut media, &write_cluster_start(start_ms + second * 1000)).await?;
        }
        let block = write_block(&Frame {
            track: 1,
            offset_ms: i16::try_from(in_second * 1000 / FRAMES_PER_SECOND)?,
            key: if in_second == 0 { Key::Yes } else { Key::No },
            data: &picture,
        });
        send(&mut media, &block).await?;
    }
    ends.push(Instant::now());
    media.write_all(b"0\r\n\r\n").await?;
    let persisted = answers.await??;
    let pairs = persisted.iter().zip(&ends);
    Ok(pairs
        .map(|(at, end)| at.duration_since(*end).as_millis())
        .collect())
}

async fn send(media: &mut tokio::net::tcp::OwnedWriteHalf, bytes: &[u8]) -> anyhow::Result<()> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    media.write_all(&chunk).await.context("the service hung up")
}

/// Reads answers to their end and notes when each fragment was persisted.
async fn persisted(
    mut answers: BufReader<tokio::net::tcp::OwnedReadHalf>,
) -> anyhow::Result<Vec<Instant>> {
    let (mut line, mut times) = (String::new(), Vec::new());
    loop {
        line.clear();
        if answers.read_line(&mut line).await? == 0 || line == "0\r\n" {
            return Ok(times);
        }
        if line.contains("\"PERSISTED\"") {
            times.push(Instant::now());
        }
        if line.contains("\"ERROR\"") {
            anyhow::bail!("the service answered {line}");
        }
    }
}
