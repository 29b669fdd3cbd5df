//! A segment of the spool as bytes: the Matroska header of its run, then one record per fragment.
//!
//! Each record carries its length and a checksum, so a segment that a kill or a lost power cut short is read up to its
//! last whole record.

use std::io::{BufReader, Read, Seek};

use crate::clock::{Ahead, Boot};

const MAGIC: &[u8; 8] = b"iotspool";
/// Begins a segment whose pictures were stamped by a clock that was not compared. An earlier version of this program
/// deletes what it does not know, which is better than to send it with a wrong time.
const UNCOMPARED_MAGIC: &[u8; 8] = b"iotspoo2";
/// Magic, run, length and checksum of the header.
const SEGMENT_HEAD: usize = 20;
/// Boot and milliseconds of a clock that was not compared, and their checksum.
const CLOCK: usize = 28;
/// Length, timecode and checksum.
pub const RECORD_HEAD: usize = 16;
/// The service takes 50 MB at most.
const MAX_RECORD: u32 = 64 << 20;
const MAX_HEADER: u32 = 1 << 20;

/// Begins a segment.
pub fn write_segment_head(run: u32, header: &[u8], uncompared: Option<Ahead>) -> Vec<u8> {
    let mut out = Vec::with_capacity(SEGMENT_HEAD + CLOCK + header.len());
    out.extend_from_slice(match uncompared {
        None => MAGIC,
        Some(_) => UNCOMPARED_MAGIC,
    });
    out.extend_from_slice(&run.to_le_bytes());
    out.extend_from_slice(&(header.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(header).to_le_bytes());
    if let Some(clock) = uncompared {
        let mut bytes = clock.boot.0.to_le_bytes().to_vec();
        bytes.extend_from_slice(&clock.ms.to_le_bytes());
        out.extend_from_slice(&bytes);
        out.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    }
    out.extend_from_slice(header);
    out
}

fn read_clock(bytes: &[u8; CLOCK]) -> Option<Ahead> {
    let (boot, rest) = bytes.split_first_chunk()?;
    let (ms, sum) = rest.split_first_chunk()?;
    let (boot, ms) = (u128::from_le_bytes(*boot), i64::from_le_bytes(*ms));
    let whole = crc32fast::hash(&bytes[..CLOCK - 4]).to_le_bytes() == *sum;
    let boot = Boot(boot);
    whole.then_some(Ahead { boot, ms })
}

/// What stands before a fragment.
pub fn write_record_head(timecode_ms: u64, fragment: &[u8]) -> [u8; RECORD_HEAD] {
    let mut out = [0; RECORD_HEAD];
    out[..4].copy_from_slice(&(fragment.len() as u32).to_le_bytes());
    out[4..12].copy_from_slice(&timecode_ms.to_le_bytes());
    out[12..].copy_from_slice(&checksum(timecode_ms, fragment).to_le_bytes());
    out
}

fn checksum(timecode_ms: u64, fragment: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&timecode_ms.to_le_bytes());
    hasher.update(fragment);
    hasher.finalize()
}

/// The fragment of a record with its head; `None` if the bytes are not what was written.
pub fn fragment_of(record: &[u8]) -> Option<&[u8]> {
    let (head, fragment) = record.split_first_chunk::<RECORD_HEAD>()?;
    let (length, timecode_ms, sum) = split(head);
    let whole = length as usize == fragment.len() && checksum(timecode_ms, fragment) == sum;
    whole.then_some(fragment)
}

fn split(head: &[u8; RECORD_HEAD]) -> (u32, u64, u32) {
    let [a, b, c, d, t @ .., w, x, y, z] = *head;
    (
        u32::from_le_bytes([a, b, c, d]),
        u64::from_le_bytes(t),
        u32::from_le_bytes([w, x, y, z]),
    )
}

/// One record of a scanned segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub offset: u32,
    pub length: u32,
    pub timecode_ms: u64,
}

/// A segment as it is found.
#[derive(Debug, PartialEq, Eq)]
pub struct Scan {
    pub run: u32,
    /// The clock that stamped its pictures, if that was not compared.
    pub uncompared: Option<Ahead>,
    pub header: Vec<u8>,
    pub records: Vec<Found>,
}

/// Reads the heads of a segment; `None` if not even its beginning is whole. Fragments are checked when they are sent.
pub fn scan(file: impl Read + Seek, file_length: u64) -> std::io::Result<Option<Scan>> {
    let mut file = BufReader::new(file);
    let Some(head) = read_exactly::<SEGMENT_HEAD>(&mut file)? else {
        return Ok(None);
    };
    let number =
        |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let (run, length, sum) = (number(8), number(12), number(16));
    let mut at = SEGMENT_HEAD as u64;
    let uncompared = match &head[..8] {
        magic if magic == MAGIC => None,
        magic if magic == UNCOMPARED_MAGIC => {
            at += CLOCK as u64;
            let bytes = read_exactly::<CLOCK>(&mut file)?;
            let Some(clock) = bytes.and_then(|bytes| read_clock(&bytes)) else {
                return Ok(None);
            };
            Some(clock)
        }
        _ => return Ok(None),
    };
    if length > MAX_HEADER {
        return Ok(None);
    }
    let mut header = vec![0; length as usize];
    match file.read_exact(&mut header) {
        Ok(()) if crc32fast::hash(&header) == sum => {}
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error),
        Ok(()) | Err(_) => return Ok(None),
    }
    let mut records = Vec::new();
    at += u64::from(length);
    while let Some(head) = read_exactly::<RECORD_HEAD>(&mut file)? {
        let (length, timecode_ms, _) = split(&head);
        let end = at + RECORD_HEAD as u64 + u64::from(length);
        if length == 0 || length > MAX_RECORD || end > file_length {
            break;
        }
        let Ok(offset) = u32::try_from(at) else { break };
        records.push(Found {
            offset,
            length,
            timecode_ms,
        });
        file.seek_relative(i64::from(length))?;
        at = end;
    }
    Ok(Some(Scan {
        run,
        uncompared,
        header,
        records,
    }))
}

fn read_exactly<const N: usize>(file: &mut impl Read) -> std::io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Cursor;

    fn segment() -> Vec<u8> {
        let mut bytes = write_segment_head(7, b"header", None);
        for (timecode_ms, fragment) in [(1_000, &b"one"[..]), (2_000, b"second")] {
            bytes.extend_from_slice(&write_record_head(timecode_ms, fragment));
            bytes.extend_from_slice(fragment);
        }
        bytes
    }

    fn check(bytes: &[u8]) -> Option<Scan> {
        scan(Cursor::new(bytes), bytes.len() as u64).unwrap()
    }

    #[test]
    fn a_segment_is_read_as_it_was_written() {
        let bytes = segment();
        let scan = check(&bytes).unwrap();
        assert_eq!((scan.run, scan.header.as_slice()), (7, &b"header"[..]));
        let fragments: Vec<&[u8]> = scan
            .records
            .iter()
            .map(|found| {
                let end = found.offset as usize + RECORD_HEAD + found.length as usize;
                fragment_of(&bytes[found.offset as usize..end]).unwrap()
            })
            .collect();
        assert_eq!(fragments, [&b"one"[..], b"second"]);
        assert_eq!(scan.records[1].timecode_ms, 2_000);
    }

    #[test]
    fn a_segment_that_was_cut_anywhere_is_read_to_its_last_whole_record() {
        let bytes = segment();
        for length in 0..bytes.len() {
            let records = check(&bytes[..length]).map(|scan| scan.records.len());
            let expected = match length {
                0..26 => None,
                26..45 => Some(0),
                _ => Some(1),
            };
            assert_eq!(records, expected, "cut at {length}");
        }
    }

    #[test]
    fn a_segment_tells_the_clock_that_was_not_compared_or_nothing_at_all() {
        let clock = Ahead {
            boot: Boot(u128::MAX - 7),
            ms: -5,
        };
        let mut bytes = write_segment_head(7, b"header", Some(clock));
        bytes.extend_from_slice(&segment()[26..]);
        let scan = check(&bytes).unwrap();
        assert_eq!((scan.uncompared, scan.records.len()), (Some(clock), 2));
        assert_eq!((scan.run, scan.header.as_slice()), (7, &b"header"[..]));
        for at in 20..48 {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(check(&changed), None, "byte {at}");
        }
    }

    #[test]
    fn zeros_that_a_lost_power_leaves_end_the_segment() {
        let mut bytes = segment();
        bytes.resize(bytes.len() + 4096, 0);
        assert_eq!(check(&bytes).unwrap().records.len(), 2);
        assert_eq!(check(&[0; 4096]), None);
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut record = write_record_head(5, b"picture").to_vec();
        record.extend_from_slice(b"picture");
        assert!(fragment_of(&record).is_some());
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert_eq!(fragment_of(&changed), None, "byte {at}");
        }
    }
}
