//! Writes MPEG transport streams: each segment stands alone, with its tables, parameter sets and clock (ISO/IEC 13818-1).

use bytes::Bytes;

use crate::annex_b::{Adts, AnnexB};
use crate::codec::Codec;
use crate::matroska::{Track, TrackKind};
use crate::mp4::{Mp4Error, Sample};

const PACKET: usize = 188;
const TABLES_PID: u16 = 0;
const MAP_PID: u16 = 0x1000;
/// Packets of the first elementary stream; the next ones count on from here.
const FIRST_PID: u16 = 0x100;
const TICKS_PER_MS: i64 = 90;
/// How far the clock runs ahead of what it times, so that a decoder has the frame in time.
const CLOCK_LEAD: i64 = 100 * TICKS_PER_MS;
/// Frames of sound that travel together; each packet of packets costs a header and stuffing.
const SOUND_FRAMES: usize = 6;
const MASK_33: i64 = (1 << 33) - 1;

const RANDOM_ACCESS: u8 = 0x40;
/// A segment does not know the counters of the one before it.
const DISCONTINUITY: u8 = 0x80;
const HAS_CLOCK: u8 = 0x10;

/// One frame, or several of sound, as an elementary stream carries it.
struct Unit {
    pid: u16,
    stream_id: u8,
    shown: i64,
    decoded: i64,
    key: bool,
    data: Vec<u8>,
}

/// Writes one segment of these tracks, each with its frames in decoding order.
pub fn segment(streams: &[(&Track, &[Sample<'_>])]) -> Result<Bytes, Mp4Error> {
    let mut units = Vec::new();
    let mut types = Vec::new();
    for ((track, samples), pid) in streams.iter().zip(FIRST_PID..) {
        types.push((stream_type(track)?, pid));
        match track.kind {
            TrackKind::Audio { .. } => sound(track, samples, pid, &mut units)?,
            _ => pictures(track, samples, pid, &mut units)?,
        }
    }
    units.sort_by_key(|unit| unit.decoded);
    let bytes: usize = units.iter().map(|unit| unit.data.len() + PACKET).sum();
    let mut mux = Mux {
        out: Vec::with_capacity(bytes + bytes / 40),
        counters: Vec::new(),
    };
    mux.table(TABLES_PID, &programs());
    mux.table(MAP_PID, &map(&types));
    for unit in &units {
        mux.unit(unit);
    }
    Ok(mux.out.into())
}

fn stream_type(track: &Track) -> Result<u8, Mp4Error> {
    match Codec::of(track) {
        Some(Codec::Avc) => Ok(0x1B),
        Some(Codec::Hevc) => Ok(0x24),
        Some(Codec::Aac) => Ok(0x0F),
        #[allow(unreachable_patterns)] // codecs that a transport stream has no type for
        _ => Err(Mp4Error::UnsupportedCodec(track.codec_id.clone())),
    }
}

fn pictures(
    track: &Track,
    samples: &[Sample<'_>],
    pid: u16,
    units: &mut Vec<Unit>,
) -> Result<(), Mp4Error> {
    let stream = AnnexB::of(track)?;
    let mut decoded_ms: Vec<i64> = samples.iter().map(|sample| sample.timecode_ms).collect();
    decoded_ms.sort_unstable();
    // A picture must be decoded before it is shown, also where pictures are coded out of their order.
    let ahead_ms = samples
        .iter()
        .zip(&decoded_ms)
        .map(|(sample, &decoded)| decoded.saturating_sub(sample.timecode_ms))
        .max()
        .unwrap_or(0);
    for (sample, &decoded) in samples.iter().zip(&decoded_ms) {
        let mut data = stream.delimiter().to_vec();
        if sample.key {
            data.extend_from_slice(stream.parameter_sets());
        }
        stream.append(sample.data, &mut data)?;
        units.push(Unit {
            pid,
            stream_id: 0xE0,
            shown: ticks(sample.timecode_ms),
            decoded: ticks(decoded.saturating_sub(ahead_ms)),
            key: sample.key,
            data,
        });
    }
    Ok(())
}

fn sound(
    track: &Track,
    samples: &[Sample<'_>],
    pid: u16,
    units: &mut Vec<Unit>,
) -> Result<(), Mp4Error> {
    let header = Adts::of(track)?;
    for together in samples.chunks(SOUND_FRAMES) {
        let mut data = Vec::new();
        for sample in together {
            header.append(sample.data, &mut data)?;
        }
        let shown = ticks(together[0].timecode_ms);
        units.push(Unit {
            pid,
            stream_id: 0xC0,
            shown,
            decoded: shown,
            key: true,
            data,
        });
    }
    Ok(())
}

fn ticks(ms: i64) -> i64 {
    ms.saturating_mul(TICKS_PER_MS)
}

struct Mux {
    out: Vec<u8>,
    /// Packets so far of each stream, in the order of their first.
    counters: Vec<(u16, u8)>,
}

impl Mux {
    fn table(&mut self, pid: u16, section: &[u8]) {
        let mut payload = vec![0];
        payload.extend_from_slice(section);
        payload.resize(PACKET - 6, 0xFF);
        self.packets(pid, &payload, 0, None);
    }

    fn unit(&mut self, unit: &Unit) {
        let mut payload = pes_header(unit);
        payload.extend_from_slice(&unit.data);
        // The first stream carries the clock.
        let clock = (unit.pid == FIRST_PID).then_some(unit.decoded.saturating_sub(CLOCK_LEAD));
        let flags = if unit.key { RANDOM_ACCESS } else { 0 };
        self.packets(unit.pid, &payload, flags, clock);
    }

    /// Cuts a payload into packets; the first carries what the adaptation field says.
    fn packets(&mut self, pid: u16, payload: &[u8], flags: u8, clock: Option<i64>) {
        let mut rest = payload;
        let mut is_first = true;
        while !rest.is_empty() {
            let (counter, is_new) = self.count(pid);
            let mut field = Vec::new();
            let flags = flags | if is_new { DISCONTINUITY } else { 0 };
            if is_first && (flags != 0 || clock.is_some()) {
                field.push(flags | if clock.is_some() { HAS_CLOCK } else { 0 });
                if let Some(clock) = clock {
                    field.extend_from_slice(&clock_bytes(clock));
                }
            }
            let start = if is_first { 0x40 } else { 0 };
            rest = self.packet(pid, start, counter, field, rest);
            is_first = false;
        }
    }

    /// Writes one packet with as much of the payload as goes in, and answers with what is left.
    fn packet<'a>(
        &mut self,
        pid: u16,
        start: u8,
        counter: u8,
        mut field: Vec<u8>,
        payload: &'a [u8],
    ) -> &'a [u8] {
        let used = if field.is_empty() { 0 } else { field.len() + 1 };
        let room = PACKET - 4 - used;
        let (now, later) = payload.split_at(payload.len().min(room));
        let stuffing = room - now.len();
        let has_field = !field.is_empty() || stuffing > 0;
        if field.is_empty() && stuffing > 1 {
            field.push(0);
        }
        let control = if has_field { 0x30 } else { 0x10 };
        self.out
            .extend_from_slice(&[0x47, start | (pid >> 8) as u8, pid as u8, control | counter]);
        if has_field {
            let length = PACKET - 5 - now.len();
            field.resize(length, 0xFF);
            self.out.push(length as u8);
            self.out.extend_from_slice(&field);
        }
        self.out.extend_from_slice(now);
        later
    }

    /// The number of the next packet of a stream, and whether it is the first.
    fn count(&mut self, pid: u16) -> (u8, bool) {
        if let Some((_, counter)) = self.counters.iter_mut().find(|(of, _)| *of == pid) {
            *counter = (*counter + 1) & 0x0F;
            return (*counter, false);
        }
        self.counters.push((pid, 0));
        (0, true)
    }
}

fn clock_bytes(clock: i64) -> [u8; 6] {
    let base = clock & MASK_33;
    [
        (base >> 25) as u8,
        (base >> 17) as u8,
        (base >> 9) as u8,
        (base >> 1) as u8,
        (base as u8 & 1) << 7 | 0x7E,
        0,
    ]
}

fn pes_header(unit: &Unit) -> Vec<u8> {
    let is_reordered = unit.shown != unit.decoded;
    let (flags, times) = if is_reordered { (0xC0, 10) } else { (0x80, 5) };
    let length = unit.data.len() + 3 + times;
    // Pictures may be longer than the field can say, and then it says nothing.
    let length = u16::try_from(length).unwrap_or(0);
    let mut header = vec![0, 0, 1, unit.stream_id];
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&[0x84, flags, times as u8]);
    put_time(&mut header, if is_reordered { 3 } else { 2 }, unit.shown);
    if is_reordered {
        put_time(&mut header, 1, unit.decoded);
    }
    header
}

fn put_time(out: &mut Vec<u8>, mark: u8, time: i64) {
    let time = time & MASK_33;
    out.extend_from_slice(&[
        mark << 4 | ((time >> 30) as u8 & 0x07) << 1 | 1,
        (time >> 22) as u8,
        (time >> 14) as u8 | 1,
        (time >> 7) as u8,
        (time << 1) as u8 | 1,
    ]);
}

fn programs() -> Vec<u8> {
    let [high, low] = MAP_PID.to_be_bytes();
    section(0x00, 1, &[0, 1, 0xE0 | high, low])
}

fn map(types: &[(u8, u16)]) -> Vec<u8> {
    let [high, low] = FIRST_PID.to_be_bytes();
    let mut body = vec![0xE0 | high, low, 0xF0, 0];
    for (kind, pid) in types {
        let [high, low] = pid.to_be_bytes();
        body.extend_from_slice(&[*kind, 0xE0 | high, low, 0xF0, 0]);
    }
    section(0x02, 1, &body)
}

fn section(table: u8, id: u16, body: &[u8]) -> Vec<u8> {
    let length = body.len() + 9;
    let [high, low] = id.to_be_bytes();
    let mut out = vec![
        table,
        0xB0 | (length >> 8) as u8,
        length as u8,
        high,
        low,
        0xC1,
        0,
        0,
    ];
    out.extend_from_slice(body);
    let check = crc(&out);
    out.extend_from_slice(&check.to_be_bytes());
    out
}

fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
            let carry = if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 };
            crc << 1 ^ carry
        })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const AVCC: [u8; 15] = [1, 66, 0, 31, 0xFF, 0xE1, 0, 2, 0x67, 1, 1, 0, 2, 0x68, 2];

    /// Writes pictures of these sizes and checks what every packet must hold.
    fn check(sizes: &[usize]) -> Vec<u8> {
        let track = Track::avc(1, 16, 16, AVCC.to_vec());
        let pictures: Vec<Vec<u8>> = sizes
            .iter()
            .map(|&size| {
                let mut unit = u32::try_from(size).unwrap().to_be_bytes().to_vec();
                unit.resize(size + 4, 0x65);
                unit
            })
            .collect();
        let samples: Vec<_> = pictures
            .iter()
            .zip(0..)
            .map(|(data, n)| Sample {
                timecode_ms: 1_800_000_000_000 + n * 40,
                key: n == 0,
                data,
            })
            .collect();
        let out = segment(&[(&track, &samples)]).unwrap();
        assert_eq!(out.len() % PACKET, 0);
        let mut counters = std::collections::HashMap::new();
        for packet in out.chunks(PACKET) {
            assert_eq!(packet[0], 0x47);
            let pid = u16::from_be_bytes([packet[1] & 0x1F, packet[2]]);
            let counter = packet[3] & 0x0F;
            let before = counters.insert(pid, counter);
            assert!(before.is_none_or(|before: u8| (before + 1) & 0x0F == counter));
        }
        out.to_vec()
    }

    /// Gives back what the packets of the pictures carry.
    fn payload(out: &[u8]) -> Vec<u8> {
        let of_pictures = out.chunks(PACKET).filter(|packet| packet[1] & 0x1F == 1);
        of_pictures
            .flat_map(|packet| {
                let field = if packet[3] & 0x20 == 0 {
                    0
                } else {
                    usize::from(packet[4]) + 1
                };
                packet[4 + field..].to_vec()
            })
            .collect()
    }

    #[test]
    fn pictures_of_every_length_fill_whole_packets() {
        for size in 1..400 {
            let out = check(&[size, 1]);
            let carried = payload(&out);
            let picture = vec![0x65; size];
            assert!(carried.windows(size).any(|part| part == picture), "{size}");
        }
    }

    #[test]
    fn the_tables_name_the_stream_and_sum_up() {
        let out = check(&[10]);
        // Header, adaptation field of two bytes, pointer; then the section.
        let programs = &out[7..7 + 16];
        assert_eq!(programs[..3], [0x00, 0xB0, 13]);
        assert_eq!(
            crc(programs),
            0,
            "a section with its sum has the remainder zero"
        );
        let map = &out[PACKET + 7..PACKET + 7 + 21];
        assert_eq!(map[12..17], [0x1B, 0xE1, 0x00, 0xF0, 0]);
        assert_eq!(crc(map), 0);
    }

    #[test]
    fn pictures_coded_out_of_order_are_decoded_before_they_are_shown() {
        let track = Track::avc(1, 16, 16, AVCC.to_vec());
        let data = [0, 0, 0, 1, 0x65];
        let samples = [0, 120, 40, 80].map(|timecode_ms| Sample {
            timecode_ms,
            key: timecode_ms == 0,
            data: &data,
        });
        let mut units = Vec::new();
        pictures(&track, &samples, FIRST_PID, &mut units).unwrap();
        assert!(units.is_sorted_by_key(|unit| unit.decoded));
        assert!(units.iter().all(|unit| unit.decoded <= unit.shown));
    }

    #[test]
    fn what_a_transport_stream_cannot_carry_is_refused() {
        let mut track = Track::avc(1, 16, 16, AVCC.to_vec());
        let sample = Sample {
            timecode_ms: 0,
            key: true,
            data: &[0, 0, 0, 9, 1],
        };
        let cut = segment(&[(&track, &[sample])]);
        assert_eq!(cut, Err(Mp4Error::InvalidSamples));
        track.codec_id = "A_MS/ACM".into();
        assert!(segment(&[(&track, &[])]).is_err());
    }
}
