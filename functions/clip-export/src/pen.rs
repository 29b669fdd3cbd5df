//! Writes one export's files part by part, and puts aside what the next worker needs after each part.
//!
//! A part is one box of frames, so its size is known when it is sent and the file is hashed as it grows; the index of all
//! frames is the last box of the file.

use anyhow::Context as _;
use bytes::Bytes;
use ciero_domain::calendar::tokyo_datetime;
use ciero_domain::export::{Export, Failure, File, Recorded, Segment};
use ciero_media::matroska::Fragment;
use ciero_media::mp4::{Index, Movie};
use ciero_ports::Upload;
use jiff::Timestamp;

use crate::App;
use crate::journal::{Journal, Open, list_key};

/// The first parts are small, so that a short export is put aside too; later ones are large, so that players that look for the
/// index at the end have few boxes to pass.
const PART_BYTES: [usize; 2] = [8 << 20, 32 << 20];
const SMALL_PARTS: usize = 8;
/// The store takes no smaller part but the last.
const SMALLEST_PART: usize = 5 << 20;
/// Files stay below 4 GiB, which every player and every memory stick can hold.
const FILE_BYTES: u64 = 4_000_000_000;
/// More frames than a day of 15 a second; keeps the index of one file small enough for the function's memory.
const FILE_FRAMES: u32 = 1_500_000;
/// More than a month of large files; each is named in the export's own record.
const MOST_FILES: usize = 500;
/// A lone frame is taken to last this long.
const LONE_MS: i64 = 1_000;
const HEAD: usize = 8;
/// The fragment that fills a part reaches over its end.
const ROOM: usize = 2 << 20;
const MP4: &str = "video/mp4";

/// Another worker wrote first: this one stops and says nothing.
#[derive(Debug, thiserror::Error)]
#[error("another worker goes on with this export")]
pub(crate) struct Overtaken;

/// The export came to nothing for good.
#[derive(Debug, thiserror::Error)]
#[error("the export cannot be made: {0}")]
pub(crate) struct Impossible(pub Failure);

/// One export in the hands of a worker.
pub(crate) struct Pen<'a> {
    app: &'a App,
    pub export: Export,
    pub journal: Journal,
    /// The part that is being filled.
    part: Vec<u8>,
    /// Where in the part its box of frames begins.
    box_at: usize,
    /// What the index must know of the frames since the last piece.
    rows: Vec<u8>,
    /// The stretches that ended since the last piece of their list.
    stretches: Vec<Segment>,
}

impl<'a> Pen<'a> {
    /// Takes up an export where its journal says that it is.
    pub async fn take_up(app: &'a App, export: Export) -> anyhow::Result<Self> {
        let journal = Journal::of(&export)?;
        let mut pen = Pen {
            app,
            export,
            journal,
            part: blank(0),
            box_at: 0,
            rows: Vec::new(),
            stretches: Vec::new(),
        };
        if let Some(open) = &pen.journal.file {
            if open.tail {
                let tail = app.files.get(&open.tail_key(&pen.export)).await?;
                pen.part.clear();
                pen.part.extend_from_slice(&tail);
                pen.box_at = box_at(open)?;
            }
            if open.closing {
                pen.complete().await?;
            }
        }
        Ok(pen)
    }

    /// Adds one fragment, and sends a part where one is full.
    pub async fn write(&mut self, recorded: &Recorded, fragment: &Fragment) -> anyhow::Result<()> {
        let fits = self.journal.file.as_ref().is_some_and(|open| {
            let bytes = open.bytes + self.part.len() as u64 + recorded.bytes;
            bytes < FILE_BYTES
                && open.movie.samples() < FILE_FRAMES
                && open.movie.suits(&fragment.tracks)
        });
        if !fits {
            self.close().await?;
            self.open(recorded, fragment)?;
        }
        let length = recorded.length_ms.max(fragment.length_ms());
        let placed = Recorded {
            length_ms: if length == 0 { LONE_MS } else { length },
            ..recorded.clone()
        };
        let Journal { file, timeline, .. } = &mut self.journal;
        let open = file.as_mut().context("a file is open")?;
        let (at_ms, ended) = timeline.place(&open.name, &placed);
        self.stretches.extend(ended);
        let time = (at_ms, placed.length_ms.unsigned_abs());
        let data = (&mut self.part, open.bytes);
        open.movie.add(fragment, time, data, &mut self.rows);
        let is_full = self.part.len() >= part_bytes(open.tags.len());
        self.journal.next_ms = Some(recorded.start_ms.saturating_add(1));
        self.journal.done_to_ms = Some(placed.end_ms());
        self.export.reached = Timestamp::from_millisecond(placed.end_ms()).ok();
        if is_full {
            self.send_part().await?;
            self.note().await?;
        }
        Ok(())
    }

    fn open(&mut self, first: &Recorded, fragment: &Fragment) -> anyhow::Result<()> {
        if self.export.files.len() >= MOST_FILES {
            return Err(Impossible(Failure::TooManyFiles).into());
        }
        let movie = Movie::begin(&fragment.tracks).map_err(|error| {
            tracing::warn!(%error, "pictures that fit no MP4 file");
            Impossible(Failure::PictureUnknown)
        })?;
        let at = tokyo_datetime(Timestamp::from_millisecond(first.start_ms)?);
        let camera = self.export.camera().map_or("", |camera| camera.as_str());
        let number = self.export.files.len() + 1;
        let name = format!("{camera}_{}_{number:03}.mp4", at.strftime("%Y%m%d-%H%M%S"));
        let head = Movie::head()?;
        self.box_at = head.len();
        self.part = blank(0);
        self.part.splice(..0, head);
        self.journal.file = Some(Open::begin(name, movie));
        Ok(())
    }

    /// Ends the file and its stretch.
    pub async fn close(&mut self) -> anyhow::Result<()> {
        self.stretches.extend(self.journal.timeline.next_file());
        let Some(open) = &self.journal.file else {
            return Ok(());
        };
        let mut index = Index::of(&open.movie);
        for number in 0..open.rows {
            let rows = self
                .app
                .files
                .get(&open.rows_key(&self.export, number))
                .await?;
            index.take(&rows)?;
        }
        index.take(&self.rows)?;
        self.rows.clear();
        if open.upload_id.is_some() && self.part.len() >= SMALLEST_PART {
            self.send_part().await?;
            self.part.clear();
        } else {
            self.seal()?;
        }
        self.part.extend(index.finish()?);
        self.send_last().await?;
        self.complete().await
    }

    /// Sends the end of the file; one that fits a single part is put as a whole.
    async fn send_last(&mut self) -> anyhow::Result<()> {
        let open = self.journal.file.as_mut().context("a file is open")?;
        if open.upload_id.is_some() {
            self.send().await?;
        } else {
            let key = open.key(&self.export);
            open.hash.update(&self.part);
            open.bytes = self.part.len() as u64;
            let file = Bytes::from(std::mem::take(&mut self.part));
            self.app.files.put(&key, MP4, file).await?;
        }
        let open = self.journal.file.as_mut().context("a file is open")?;
        (open.closing, open.tail) = (true, false);
        self.note().await
    }

    /// Lets the store make the file of its parts.
    async fn complete(&mut self) -> anyhow::Result<()> {
        let open = self.journal.file.take().context("a file is open")?;
        if let Some(upload) = open.upload(&self.export) {
            self.app.files.complete(&upload, &open.tags).await?;
        }
        self.export.files.push(File {
            name: open.name,
            bytes: open.bytes,
            sha256: open.hash.finish(),
            plays_ms: Some(open.movie.end_ms()),
        });
        (self.part, self.box_at) = (blank(self.parts_sent()), 0);
        self.note().await
    }

    fn parts_sent(&self) -> usize {
        self.journal.file.as_ref().map_or(0, |open| open.tags.len())
    }

    /// Writes the size of the part's box before its frames.
    fn seal(&mut self) -> anyhow::Result<()> {
        let size = u32::try_from(self.part.len() - self.box_at)?;
        let head = &mut self.part[self.box_at..self.box_at + HEAD];
        head[..4].copy_from_slice(&size.to_be_bytes());
        head[4..].copy_from_slice(b"mdat");
        Ok(())
    }

    async fn send_part(&mut self) -> anyhow::Result<()> {
        self.seal()?;
        self.send().await?;
        (self.part, self.box_at) = (blank(self.parts_sent()), 0);
        Ok(())
    }

    async fn send(&mut self) -> anyhow::Result<()> {
        let open = self.journal.file.as_mut().context("a file is open")?;
        let key = open.key(&self.export);
        let id = match open.upload_id.take() {
            Some(id) => id,
            None => self.app.files.begin(&key, MP4).await?,
        };
        open.upload_id = Some(id.clone());
        let part = Bytes::from(std::mem::take(&mut self.part));
        open.hash.update(&part);
        open.bytes += part.len() as u64;
        open.tail = false;
        let number = u32::try_from(open.tags.len() + 1)?;
        let upload = Upload { key, id };
        let tag = self.app.files.part(&upload, number, part).await?;
        open.tags.push(tag);
        Ok(())
    }

    /// Puts the index and the stretches so far aside and writes how far the export is.
    async fn note(&mut self) -> anyhow::Result<()> {
        if let Some(open) = &mut self.journal.file
            && !self.rows.is_empty()
        {
            let rows = Bytes::from(std::mem::take(&mut self.rows));
            let key = open.rows_key(&self.export, open.rows);
            self.app
                .files
                .put(&key, "application/octet-stream", rows)
                .await?;
            open.rows += 1;
        }
        if !self.stretches.is_empty() {
            let list = serde_json::to_vec(&std::mem::take(&mut self.stretches))?;
            let key = list_key(&self.export, self.journal.lists);
            self.app
                .files
                .put(&key, "application/json", list.into())
                .await?;
            self.journal.lists += 1;
        }
        self.export.journal = serde_json::to_string(&self.journal)?;
        self.export.version += 1;
        match self.app.exports.put_export(&self.export).await? {
            true => Ok(()),
            false => Err(Overtaken.into()),
        }
    }

    /// Puts everything aside, also what fills no part yet.
    pub async fn rest(&mut self) -> anyhow::Result<()> {
        if self.journal.file.is_some() {
            let tail = Bytes::from(std::mem::take(&mut self.part));
            if let Some(open) = &mut self.journal.file {
                // The piece of the index that `note` puts aside counts first.
                open.rows += u32::from(!self.rows.is_empty());
                let key = open.tail_key(&self.export);
                open.rows -= u32::from(!self.rows.is_empty());
                open.tail = true;
                self.app.files.put(&key, MP4, tail).await?;
            }
        }
        self.note().await
    }

    /// Every stretch of the export, once its last file is closed.
    pub async fn all_stretches(&self) -> anyhow::Result<Vec<Segment>> {
        let mut all = Vec::new();
        for number in 0..self.journal.lists {
            let list = self.app.files.get(&list_key(&self.export, number)).await?;
            all.extend(serde_json::from_slice::<Vec<Segment>>(&list)?);
        }
        all.extend(self.stretches.iter().cloned());
        Ok(all)
    }
}

/// How large a part is that follows so many.
fn part_bytes(sent: usize) -> usize {
    PART_BYTES[usize::from(sent >= SMALL_PARTS)]
}

/// A part with nothing but the place for the head of its box, and room for as much as is put in: growing would need the memory
/// of the part twice.
fn blank(sent: usize) -> Vec<u8> {
    let mut part = Vec::with_capacity(part_bytes(sent) + ROOM);
    part.resize(HEAD, 0);
    part
}

/// Where the box of frames begins in the part that is put aside: behind the head of the file in its first part.
fn box_at(open: &Open) -> anyhow::Result<usize> {
    Ok(match open.tags.is_empty() {
        true => Movie::head()?.len(),
        false => 0,
    })
}
