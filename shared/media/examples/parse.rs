//! Tells how fast Matroska is parsed on one core: `parse [SECONDS]`, over blocks of 4 KiB that arrive in pieces of 1 MiB; once where
//! they lie in the cache, as a socket's reused buffers leave them, and once from a memory that no cache holds.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use ciero_media::matroska::write::{Frame, Key, write_cluster, write_header};
use ciero_media::matroska::{Event, Limits, MatroskaError, Reader, Track};

const BLOCKS_IN_CLUSTER: i16 = 300;
const BLOCK_BYTES: usize = 4096;
const PIECE: usize = 1 << 20;
const PLACES: [(&str, u64); 2] = [("in the cache", 2), ("from memory", 200)];

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map(|text| text.parse());
    let limit = Duration::from_secs(seconds.transpose()?.unwrap_or(3));
    for (place, clusters) in PLACES {
        let stream = stream(clusters);
        read(&stream)?;
        let began = processor_time()?;
        let (mut blocks, mut bytes, mut used) = (0_u64, 0, Duration::ZERO);
        while used < limit {
            blocks += read(&stream)?;
            bytes += stream.len();
            used = processor_time()? - began;
        }
        println!(
            "{place}: {:.2} million blocks a second of a core, {:.1} GB",
            blocks as f64 / used.as_secs_f64() / 1e6,
            bytes as f64 / used.as_secs_f64() / 1e9
        );
    }
    Ok(())
}

fn stream(clusters: u64) -> Bytes {
    let picture = vec![0x55; BLOCK_BYTES];
    let mut stream = write_header(&[Track::avc(1, 1280, 720, vec![1])], "parse");
    for cluster in 0..clusters {
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
    stream.into()
}

/// What this thread has computed so far, whatever else the machine does.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let computed = text.split(' ').next().unwrap_or_default();
    Ok(Duration::from_nanos(computed.parse()?))
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
