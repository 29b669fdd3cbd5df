//! The index at the end of a whole MP4 file, built from the rows that its writing left.

use bytes::Bytes;
use mp4_atom::{
    Ctts, CttsEntry, Moov, Mvhd, Stbl, Stco, Stsc, StscEntry, Stss, Stsz, StszSamples, Stts,
    SttsEntry, Trak,
};
use thiserror::Error;

use super::write::{MILLISECONDS, encode_moov, in_units, timescale, track_id, trak};
use super::{Movie, Mp4Error};
use crate::matroska::{Track, TrackKind};

/// Rows that no file of this crate left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the rows of the index cannot be read")]
pub struct RowsError;

/// The tables of one track.
#[derive(Debug, Clone, Default)]
struct Table {
    sizes: Vec<u32>,
    keys: Vec<u32>,
    durations: Vec<SttsEntry>,
    offsets: Vec<CttsEntry>,
    chunks: Vec<u32>,
    per_chunk: Vec<StscEntry>,
    /// When the newest frame is decoded, in units of the track.
    newest: Option<i64>,
}

/// The index of one file under construction.
#[derive(Debug, Clone)]
pub struct Index {
    movie: Movie,
    tables: Vec<Table>,
}

impl Index {
    /// Begins the index of a file.
    pub fn of(movie: &Movie) -> Self {
        Index {
            movie: movie.clone(),
            tables: movie.tracks.iter().map(|_| Table::default()).collect(),
        }
    }

    /// Takes the next rows, in the order in which they were left.
    pub fn take(&mut self, mut rows: &[u8]) -> Result<(), RowsError> {
        while !rows.is_empty() {
            for (track, table) in self.movie.tracks.iter().zip(&mut self.tables) {
                table.take(track, &mut rows)?;
            }
        }
        Ok(())
    }

    /// Moves all frames behind `bytes` that come before them, so that the index can stand before the frames.
    pub fn behind(mut self, bytes: u32) -> Result<Self, RowsError> {
        for chunk in self.tables.iter_mut().flat_map(|table| &mut table.chunks) {
            *chunk = chunk.checked_add(bytes).ok_or(RowsError)?;
        }
        Ok(self)
    }

    /// Writes the index; it is as long wherever the frames stand.
    pub fn finish(self) -> Result<Bytes, Mp4Error> {
        let end_ms = i64::try_from(self.movie.end_ms).map_err(|_| Mp4Error::InvalidSamples)?;
        let mut moov = Moov {
            mvhd: Mvhd {
                timescale: MILLISECONDS,
                duration: self.movie.end_ms,
                ..Mvhd::default()
            },
            ..Moov::default()
        };
        for (track, table) in self.movie.tracks.iter().zip(self.tables) {
            let next = track_id(track).saturating_add(1);
            moov.mvhd.next_track_id = moov.mvhd.next_track_id.max(next);
            moov.trak.push(table.finish(track, end_ms)?);
        }
        let mut out = Vec::new();
        encode_moov(&moov, &mut out)?;
        Ok(out.into())
    }
}

impl Table {
    /// Reads the frames of one fragment: they stand behind one another in the file.
    fn take(&mut self, track: &Track, rows: &mut &[u8]) -> Result<(), RowsError> {
        let (many, offset, at_ms) = (get(rows)?, get(rows)?, get(rows)?);
        if many == 0 {
            return Ok(());
        }
        self.chunk(u32::try_from(offset).map_err(|_| RowsError)?, many)?;
        for _ in 0..many {
            let (decoded, shown_later, size) = (get(rows)?, unzigzag(get(rows)?), get(rows)?);
            let at = i64::try_from(at_ms.saturating_add(decoded)).map_err(|_| RowsError)?;
            self.frame(in_units(track, at));
            let later = in_units(track, shown_later);
            match self.offsets.last_mut() {
                Some(run) if run.sample_offset == later => run.sample_count += 1,
                _ => self.offsets.push(CttsEntry {
                    sample_count: 1,
                    sample_offset: later,
                }),
            }
            let bytes = u32::try_from(size >> 1).map_err(|_| RowsError)?;
            self.sizes.push(bytes);
            if size & 1 == 1 {
                self.keys.push(self.sizes.len() as u32);
            }
        }
        Ok(())
    }

    fn chunk(&mut self, offset: u32, many: u64) -> Result<(), RowsError> {
        self.chunks.push(offset);
        let many = u32::try_from(many).map_err(|_| RowsError)?;
        let is_new = self
            .per_chunk
            .last()
            .is_none_or(|run| run.samples_per_chunk != many);
        if is_new {
            self.per_chunk.push(StscEntry {
                first_chunk: self.chunks.len() as u32,
                samples_per_chunk: many,
                sample_description_index: 1,
            });
        }
        Ok(())
    }

    /// Notes when a frame is decoded: the one before it lasts until then, and players want it to last at all. The first is decoded when
    /// the file begins.
    fn frame(&mut self, at: i64) {
        if let Some(before) = self.newest {
            let at = at.max(before.saturating_add(1));
            self.lasts(at - before);
            self.newest = Some(at);
        } else {
            self.newest = Some(0);
        }
    }

    fn lasts(&mut self, units: i64) {
        let sample_delta = u32::try_from(units).unwrap_or(u32::MAX);
        match self.durations.last_mut() {
            Some(run) if run.sample_delta == sample_delta => run.sample_count += 1,
            _ => self.durations.push(SttsEntry {
                sample_count: 1,
                sample_delta,
            }),
        }
    }

    fn finish(mut self, track: &Track, end_ms: i64) -> Result<Trak, Mp4Error> {
        let mut trak = trak(track)?;
        let end = in_units(track, end_ms).max(self.newest.unwrap_or(0));
        if let Some(newest) = self.newest {
            self.lasts(end - newest);
        }
        trak.tkhd.duration = end_ms.unsigned_abs();
        trak.mdia.mdhd.timescale = timescale(track);
        trak.mdia.mdhd.duration = end.unsigned_abs();
        let is_video = matches!(track.kind, TrackKind::Video { .. });
        let is_reordered = self.offsets.iter().any(|run| run.sample_offset != 0);
        let has_others = self.keys.len() < self.sizes.len();
        trak.mdia.minf.stbl = Stbl {
            stsd: trak.mdia.minf.stbl.stsd,
            stts: Stts {
                entries: self.durations,
            },
            ctts: is_reordered.then_some(Ctts {
                entries: self.offsets,
            }),
            stss: (is_video && has_others).then_some(Stss { entries: self.keys }),
            stsc: Stsc {
                entries: self.per_chunk,
            },
            stsz: Stsz {
                samples: StszSamples::Different { sizes: self.sizes },
            },
            stco: Some(Stco {
                entries: self.chunks,
            }),
            ..Stbl::default()
        };
        Ok(trak)
    }
}

fn get(rows: &mut &[u8]) -> Result<u64, RowsError> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = rows.split_first().ok_or(RowsError)?;
        *rows = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(RowsError)
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}
