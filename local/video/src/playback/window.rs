//! Which fragments a session's playlist lists now, and the number of the first of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ciero_media::matroska::Header;

use super::session::{PlaybackMode, Session};
use super::{LIVE_WITHIN_MS, NOTHING_FOUND, media, real_now_ms};
use crate::Shared;
use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::store::fragments::{self, Fragment, LONGEST_MS, Position, View};

/// Sessions beyond this forget how far they were and count again from their beginning.
const MOST_REMEMBERED: usize = 10_000;
const PAGE: i64 = 5000;
/// What a session bears of changes of the codec private data.
const MOST_CHANGES: usize = 500;

/// Where a session's playlist last began; counting goes on from there, whatever expires meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    first: Position,
    sequence: i64,
    /// Length of all fragments before `first`, for a replay.
    played_ms: i64,
    expires_ms: i64,
}

/// How far the sessions of this process are.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    marks: Mutex<HashMap<u64, Mark>>,
}

impl Progress {
    fn recall(&self, session: &Session) -> Mark {
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.get(&session.nonce).copied().unwrap_or(Mark {
            first: session.base,
            sequence: 0,
            played_ms: 0,
            expires_ms: session.expires_ms,
        })
    }

    fn remember(&self, session: &Session, mark: Mark) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.len() >= MOST_REMEMBERED {
            let now_ms = real_now_ms();
            marks.retain(|_, mark| mark.expires_ms > now_ms);
            if marks.len() >= MOST_REMEMBERED {
                marks.clear();
            }
        }
        marks.insert(session.nonce, mark);
    }
}

/// What a playlist lists.
pub(super) struct Window {
    pub fragments: Vec<Fragment>,
    /// The number of the first fragment, counted from the session's first.
    pub sequence: i64,
    /// Whether nothing will follow.
    pub is_complete: bool,
}

pub(super) fn window(shared: &Shared, view: View, session: &Session) -> Result<Window, ApiError> {
    shared
        .usage
        .metadata(session.stream_id, session.most_fragments)?;
    let window = match session.mode {
        PlaybackMode::OnDemand => Window {
            fragments: in_range(shared, view, session, None, session.most_fragments)?,
            sequence: 0,
            is_complete: true,
        },
        PlaybackMode::Live => live_window(shared, view, session)?,
        PlaybackMode::LiveReplay => replay_window(shared, view, session)?,
    };
    if window.fragments.is_empty() {
        return Err(ApiError::not_found(NOTHING_FOUND));
    }
    Ok(window)
}

fn in_range(
    shared: &Shared,
    view: View,
    session: &Session,
    after: Option<Position>,
    limit: i64,
) -> Result<Vec<Fragment>, ApiError> {
    let range = (session.start_ms, session.end_ms);
    let after = after.unwrap_or(fragments::START);
    Ok(shared
        .store
        .read(|index| fragments::in_range(index, view, range, after, limit))?)
}

/// The newest fragments that belong together; none when the camera is silent.
pub(super) fn live(shared: &Shared, view: View, most: i64) -> Result<Vec<Fragment>, ApiError> {
    let now_ms = shared.now_ms();
    // A fragment that a camera dated into the future must not stand at the end of the list for long.
    let oldest_ms = now_ms - LIVE_WITHIN_MS - most * LONGEST_MS;
    let view = View {
        expired_until_ms: view.expired_until_ms.max(oldest_ms),
        ..view
    };
    let mut found = shared
        .store
        .read(|index| fragments::newest(index, view, most))?;
    let silent_since = now_ms - LIVE_WITHIN_MS;
    let is_live = |fragment: &Fragment| fragment.server_ms() + fragment.length_ms >= silent_since;
    if !found.iter().any(is_live) {
        return Ok(Vec::new());
    }
    // A player would take what was recorded before an interruption for live.
    let interrupted = found
        .windows(2)
        .rposition(|pair| pair[1].server_ms() - pair[0].server_ms() > LIVE_WITHIN_MS);
    if let Some(before) = interrupted {
        found.drain(..=before);
    }
    Ok(found)
}

fn live_window(shared: &Shared, view: View, session: &Session) -> Result<Window, ApiError> {
    let fragments = live(shared, view, session.most_fragments)?;
    let Some(first) = fragments.first() else {
        return Err(ApiError::not_found(NOTHING_FOUND));
    };
    let first = first.position(view.by);
    let mut mark = shared.playback.progress.recall(session);
    let count = |from, to| {
        shared
            .store
            .read(|index| fragments::count_between(index, view, from, to))
    };
    if first >= mark.first {
        mark.sequence += count(mark.first, first)?;
        mark.first = first;
        shared.playback.progress.remember(session, mark);
    }
    Ok(Window {
        fragments,
        sequence: mark.sequence,
        is_complete: false,
    })
}

/// Lists fragments as the length of those before them elapses.
fn replay_window(shared: &Shared, view: View, session: &Session) -> Result<Window, ApiError> {
    let elapsed_ms = real_now_ms() - session.created_ms + session.head_ms;
    let mut mark = shared.playback.progress.recall(session);
    let most = session.most_fragments as usize;
    let mut listed: Vec<Fragment> = Vec::new();
    let mut listed_ms = 0;
    // The first page begins with the fragment at the mark itself.
    let mut after = (mark.first.0, mark.first.1 - 1);
    let is_at_end = loop {
        let page = in_range(shared, view, session, Some(after), PAGE)?;
        let is_last_page = (page.len() as i64) < PAGE;
        let mut is_due = true;
        for fragment in page {
            is_due = mark.played_ms + listed_ms <= elapsed_ms;
            if !is_due {
                break;
            }
            after = fragment.position(view.by);
            listed_ms += fragment.length_ms;
            listed.push(fragment);
            if listed.len() > most {
                let gone = listed.remove(0);
                listed_ms -= gone.length_ms;
                mark.played_ms += gone.length_ms;
                mark.sequence += 1;
            }
        }
        if !is_due || is_last_page {
            break is_due;
        }
    };
    if let Some(first) = listed.first() {
        mark.first = first.position(view.by);
        shared.playback.progress.remember(session, mark);
    }
    Ok(Window {
        fragments: listed,
        sequence: mark.sequence,
        is_complete: is_at_end && session.end_ms < shared.now_ms(),
    })
}

/// One line of a playlist or manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub number: FragmentNumber,
    pub start_ms: i64,
    pub length_ms: i64,
    /// What the session's timestamps say, for display.
    pub timestamp_ms: i64,
    /// The header whose tracks a player needs; equal tracks have one id.
    pub header_id: i64,
}

/// The headers of a session: what each fragment is listed under, and whether the session may go on with it.
struct Headers<'a> {
    shared: &'a Shared,
    session: &'a Session,
    /// What the session began with; read once something else is listed.
    first: Option<Header>,
    /// The header of the last fragment, the one it was listed under, and what that says.
    current: Option<(i64, i64, Header)>,
    changes: usize,
}

impl Headers<'_> {
    /// The first header that has the same tracks, so that a reconnected camera makes no cut.
    fn shown_id(&mut self, header_id: i64) -> Result<i64, ApiError> {
        if let Some((last_id, shown_id, _)) = &self.current
            && *last_id == header_id
        {
            return Ok(*shown_id);
        }
        let header = media::header_of(self.shared, header_id)?;
        if header_id != self.session.header_id {
            let first = match self.first.take() {
                Some(first) => first,
                None => media::header_of(self.shared, self.session.header_id)?,
            };
            media::check_goes_on(self.first.insert(first), &header)?;
        }
        let shown_id = match &self.current {
            Some((_, shown_id, shown)) if shown.tracks == header.tracks => *shown_id,
            before => {
                self.changes += usize::from(before.is_some());
                header_id
            }
        };
        check_changes(self.changes)?;
        self.current = Some((header_id, shown_id, header));
        Ok(shown_id)
    }
}

fn check_changes(changes: usize) -> Result<(), ApiError> {
    if changes > MOST_CHANGES {
        return Err(ApiError::bad_request(
            "InvalidCodecPrivateDataException",
            format!("The codec private data changes more than {MOST_CHANGES} times."),
        ));
    }
    Ok(())
}

/// Lists fragments with the header that each is shown under.
pub(super) fn entries(
    shared: &Shared,
    session: &Session,
    fragments: &[Fragment],
) -> Result<Vec<Entry>, ApiError> {
    let mut headers = Headers {
        shared,
        session,
        first: None,
        current: None,
        changes: 0,
    };
    let entry = |fragment: &Fragment| {
        Ok(Entry {
            number: fragment.number,
            start_ms: fragment.producer_ms,
            length_ms: fragment.length_ms,
            timestamp_ms: fragment.timestamp(session.by),
            header_id: headers.shown_id(fragment.header_id)?,
        })
    };
    fragments.iter().map(entry).collect()
}

/// Frames and bits per second of what was last listed: a few fragments tell it well enough.
pub(super) fn rates(fragments: &[Fragment]) -> (f64, i64) {
    let recent = &fragments[fragments.len().saturating_sub(10)..];
    let length_ms: i64 = recent.iter().map(|fragment| fragment.length_ms).sum();
    let length_ms = length_ms.max(1);
    let frames: i64 = recent.iter().map(|fragment| fragment.frames).sum();
    let bytes: u64 = recent.iter().map(|fragment| fragment.bytes).sum();
    let bits = bytes.saturating_mul(8000) / length_ms.unsigned_abs();
    (frames as f64 * 1000.0 / length_ms as f64, bits as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codec_private_data_changes_five_hundred_times_at_most() {
        assert_eq!(check_changes(500), Ok(()));
        let refused = check_changes(501).map_err(|error| error.name);
        assert_eq!(refused, Err("InvalidCodecPrivateDataException"));
    }
}
