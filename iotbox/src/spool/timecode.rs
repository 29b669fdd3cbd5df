//! The time that stands at the beginning of a fragment: read, and put right; no IO.

use bytes::Bytes;

const CLUSTER: [u8; 4] = [0x1F, 0x43, 0xB6, 0x75];
const TIMECODE: u8 = 0xE7;
/// A size of eight bytes, of which the first is this mark.
const LONG_SIZE: u64 = 1 << 56;
/// A size of one byte that says eight.
const EIGHT: u8 = 0x88;

/// A fragment's cluster, taken apart.
struct Parts<'a> {
    timecode_ms: u64,
    /// What follows the timecode in the cluster.
    frames: &'a [u8],
    /// What follows the cluster.
    rest: &'a [u8],
}

/// The time of a fragment in epoch milliseconds; `None` if the bytes do not begin with a whole cluster and its timecode.
pub fn of(fragment: &[u8]) -> Option<u64> {
    parts(fragment).map(|parts| parts.timecode_ms)
}

/// The fragment with its time moved by so many milliseconds; its frames count from there and so move along.
pub fn moved(fragment: &[u8], by_ms: i64) -> Option<Bytes> {
    let parts = parts(fragment)?;
    let timecode_ms = parts.timecode_ms.saturating_add_signed(by_ms);
    // Another time may need more bytes than stand there, so it gets as many as there can be.
    let size = (10 + parts.frames.len()) as u64;
    let mut out = Vec::with_capacity(fragment.len() + 16);
    out.extend_from_slice(&CLUSTER);
    out.extend_from_slice(&(LONG_SIZE | size).to_be_bytes());
    out.extend_from_slice(&[TIMECODE, EIGHT]);
    out.extend_from_slice(&timecode_ms.to_be_bytes());
    out.extend_from_slice(parts.frames);
    out.extend_from_slice(parts.rest);
    Some(out.into())
}

fn parts(fragment: &[u8]) -> Option<Parts<'_>> {
    let (size, inside) = take_size(fragment.strip_prefix(&CLUSTER)?)?;
    let (cluster, rest) = inside.split_at_checked(size)?;
    let (size, inside) = take_size(cluster.strip_prefix(&[TIMECODE])?)?;
    let (digits, frames) = inside.split_at_checked(size)?;
    let whole = |number: u64, &digit: &u8| (number << 8) | u64::from(digit);
    Some(Parts {
        timecode_ms: (digits.len() <= 8).then(|| digits.iter().fold(0, whole))?,
        frames,
        rest,
    })
}

/// Takes an EBML size from the front.
fn take_size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    let (digits, rest) = bytes.split_at_checked(length.min(9))?;
    let mut number = [0; 8];
    number
        .get_mut(8_usize.checked_sub(digits.len())?..)?
        .copy_from_slice(digits);
    let marked = u64::from_be_bytes(number);
    let size = marked & !(1_u64 << (7 * length));
    Some((usize::try_from(size).ok()?, rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ciero_media::matroska::write::{
        Frame, Key, write_cluster, write_end_of_fragment, write_header,
    };
    use ciero_media::matroska::{Event, Limits, Reader, Track};
    use proptest::prelude::*;

    const NOW_MS: u64 = 1_800_000_000_000;

    fn fragment(timecode_ms: u64, length: usize) -> Vec<u8> {
        let data = vec![7; length];
        let frame = |offset_ms| Frame {
            track: 1,
            offset_ms,
            key: Key::Yes,
            data: &data,
        };
        let mut bytes = write_cluster(timecode_ms, &[frame(0), frame(40)]);
        bytes.extend_from_slice(&write_end_of_fragment());
        bytes
    }

    /// What a reader finds in a fragment: every frame with its time and length.
    fn frames(fragment: &[u8]) -> Vec<(i64, usize)> {
        let mut reader = Reader::new(Limits::default());
        reader.push(&write_header(&[Track::avc(1, 640, 360, vec![1])], "test"));
        reader.push(fragment);
        let mut found = Vec::new();
        while let Some(item) = reader.next().unwrap() {
            if let Event::Block(block) = item.event {
                found.push((block.timecode_ms, block.data.len()));
            }
        }
        found
    }

    proptest! {
        #[test]
        fn a_fragment_is_moved_with_all_its_frames(from_ms in 0..NOW_MS, to_ms in 0..NOW_MS, length in 0..40_000_usize) {
            let original = fragment(from_ms, length);
            let by_ms = to_ms as i64 - from_ms as i64;
            let moved = moved(&original, by_ms).unwrap();
            prop_assert_eq!((of(&original), of(&moved)), (Some(from_ms), Some(to_ms)));
            let expected: Vec<_> = frames(&original).iter().map(|(at, length)| (at + by_ms, *length)).collect();
            prop_assert_eq!(frames(&moved), expected);
        }
    }

    #[test]
    fn what_is_no_whole_cluster_has_no_time() {
        let whole = fragment(NOW_MS, 10);
        for bytes in [&b""[..], b"picture", &CLUSTER, &whole[..5], &whole[..12]] {
            assert_eq!(of(bytes), None);
            assert_eq!(moved(bytes, 1), None);
        }
    }
}
