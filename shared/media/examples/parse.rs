//! Tells how fast Matroska is parsed on one core: `parse [SECONDS]`, over blocks of 4 KiB that arrive in pieces of 1 MiB.
#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
use ciero_media::matroska::{Event, Limits, MatroskaError, Reader, Track};

const CLUSTERS: u64 = 32;
const BLOCKS_IN_CLUSTER: i16 = 300;
const PIECE: usize = 1 << 20;

fn main() -> Result<(), MatroskaError> {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let limit = Duration::from_secs(seconds.unwrap_or(3));
    let picture = vec![0x55; 4096 - 8];
    let mut stream = write_header(&[Track::avc(1, 1280, 720, vec![1])], "parse");
    for cluster in 0..CLUSTERS {
        let frames: Vec<_> = (0..BLOCKS_IN_CLUSTER)
            .map(|n| Frame {
                track: 1,
                offset_ms: n * 40,
                key: if n == 0 { Key::Yes } else { Key::No },
                data: &picture,
            })
            .collect();
        stream.extend(write_cluster(cluster * 12_000, &frames));
    }
    let stream = Bytes::from(stream);
    let began = Instant::now();
    let (mut blocks, mut bytes) = (0_u64, 0);
    while began.elapsed() < limit {
        blocks += read(&stream)?;
        bytes += stream.len();
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{:.2} million blocks a second, {:.1} GB a second",
        blocks as f64 / seconds / 1e6,
        bytes as f64 / seconds / 1e9
    );
    Ok(())
}

fn read(stream: &Bytes) -> Result<u64, MatroskaError> {
    let mut reader = Reader::new(Limits::default());
    let mut blocks = 0;
    let mut at = 0;
    while at < stream.len() {
        let end = (at + PIECE).min(stream.len());
        reader.push_bytes(stream.slice(at..end));
        at = end;
        while let Some(item) = reader.next()? {
            blocks += u64::from(matches!(item.event, Event::Block(_)));
        }
    }
    Ok(blocks)
}
