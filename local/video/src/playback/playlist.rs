//! The text of playlists, line by line as the service writes them.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::session::{DiscontinuityMode, Display};
use super::window::Entry;
use crate::store::fragments::TOLERANCE_MS;

/// What the lines of a segment take beside the token.
const LINES_BYTES: usize = 200;

/// How a media playlist is written.
pub(super) struct MediaPlaylist<'a> {
    pub token: &'a str,
    pub segments: Segments,
    pub sequence: i64,
    pub discontinuity: DiscontinuityMode,
    pub display: Display,
    pub kind: Kind,
}

/// What the playlist's segments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segments {
    /// One track, and an initialisation segment before it.
    Mp4 { track: u64 },
    /// All tracks, each segment complete.
    Ts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All is listed and nothing follows.
    Vod,
    /// A list that moves on.
    Live,
    /// A list that moved on and has come to its end.
    Ended,
}

impl MediaPlaylist<'_> {
    pub(super) fn text(&self, entries: &[Entry]) -> String {
        let longest = entries.iter().map(|entry| entry.length_ms).max();
        let target = longest.unwrap_or(0).max(1000).div_ceil_ms();
        let mut text =
            String::with_capacity(entries.len() * (self.token.len() + LINES_BYTES) + 1024);
        text.push_str("#EXTM3U\n");
        // Only a map needs more than what every player reads.
        text.push_str(match self.segments {
            Segments::Mp4 { .. } => "#EXT-X-VERSION:7\n",
            Segments::Ts => "#EXT-X-VERSION:6\n",
        });
        if self.kind == Kind::Vod {
            text.push_str("#EXT-X-PLAYLIST-TYPE:VOD\n");
        }
        let _ = write!(
            text,
            "#EXT-X-TARGETDURATION:{target}\n#EXT-X-MEDIA-SEQUENCE:{}\n#EXT-X-INDEPENDENT-SEGMENTS\n",
            self.sequence
        );
        let mut before: Option<&Entry> = None;
        for entry in entries {
            let is_new_header = before.is_none_or(|before| before.header_id != entry.header_id);
            if self.is_cut(before, entry, is_new_header) {
                text.push_str("#EXT-X-DISCONTINUITY\n");
            }
            if let (true, Segments::Mp4 { track }) = (is_new_header, self.segments) {
                let _ = writeln!(
                    text,
                    "#EXT-X-MAP:URI=\"getMP4InitFragment.mp4?SessionToken={}&TrackNumber={track}&SequenceNumber={}\"",
                    self.token, entry.header_id
                );
            }
            self.put_entry(&mut text, entry);
            before = Some(entry);
        }
        if self.kind != Kind::Live {
            text.push_str("#EXT-X-ENDLIST\n");
        }
        text
    }

    fn is_cut(&self, before: Option<&Entry>, entry: &Entry, is_new_header: bool) -> bool {
        match (self.discontinuity, before) {
            (DiscontinuityMode::Always, _) => true,
            (_, None) => false,
            (DiscontinuityMode::Never, Some(_)) => is_new_header,
            (DiscontinuityMode::OnDiscontinuity, Some(before)) => {
                let expected = before.start_ms.saturating_add(before.length_ms);
                is_new_header || (entry.start_ms - expected).abs() > TOLERANCE_MS
            }
        }
    }

    fn put_entry(&self, text: &mut String, entry: &Entry) {
        if self.display == Display::Always
            && let Ok(time) = Timestamp::from_millisecond(entry.timestamp_ms)
        {
            let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{time:.3}");
        }
        let (seconds, ms) = (entry.length_ms / 1000, entry.length_ms % 1000);
        let _ = writeln!(text, "#EXTINF:{seconds}.{ms:03},");
        text.push_str(match self.segments {
            Segments::Mp4 { .. } => "getMP4MediaFragment.mp4?FragmentNumber=",
            Segments::Ts => "getTSFragment.ts?FragmentNumber=",
        });
        let _ = write!(text, "{}", entry.number);
        text.push_str("&SessionToken=");
        text.push_str(self.token);
        if let Segments::Mp4 { track } = self.segments {
            let _ = write!(text, "&TrackNumber={track}");
        }
        text.push('\n');
    }
}

trait DivCeilMs {
    fn div_ceil_ms(self) -> i64;
}

impl DivCeilMs for i64 {
    fn div_ceil_ms(self) -> i64 {
        (self + 999) / 1000
    }
}

/// What a master playlist says about the stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variant {
    pub codecs: String,
    /// Zero where there is no picture.
    pub width: u32,
    pub height: u32,
    pub frames_per_second: f64,
    pub bits_per_second: i64,
    /// Whether the sound has a playlist of its own.
    pub has_audio: bool,
}

pub(super) fn master(token: &str, variant: &Variant) -> String {
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:1\n");
    if variant.has_audio {
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:AUTOSELECT=YES,FORCED=NO,TYPE=AUDIO,URI=\"getHLSMediaPlaylist.m3u8?SessionToken={token}&TrackNumber=2\",GROUP-ID=\"audio\",DEFAULT=NO,NAME=\"audio\""
        );
    }
    let _ = write!(text, "#EXT-X-STREAM-INF:CODECS=\"{}\"", variant.codecs);
    if variant.width > 0 {
        let _ = write!(
            text,
            ",RESOLUTION={}x{},FRAME-RATE={:.2}",
            variant.width, variant.height, variant.frames_per_second
        );
    }
    let _ = write!(text, ",BANDWIDTH={}", variant.bits_per_second);
    if variant.has_audio {
        text.push_str(",AUDIO=\"audio\"");
    }
    let _ = write!(
        text,
        "\ngetHLSMediaPlaylist.m3u8?SessionToken={token}&TrackNumber=1\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragment_number::FragmentNumber;

    fn number(sequence: u64) -> FragmentNumber {
        FragmentNumber {
            sequence,
            server_ms: 0,
            random: 0,
        }
    }

    fn entry(sequence: u64, start_ms: i64, header_id: i64) -> Entry {
        Entry {
            number: number(sequence),
            start_ms,
            length_ms: 1003,
            timestamp_ms: start_ms,
            header_id,
        }
    }

    fn check(discontinuity: DiscontinuityMode, entries: &[Entry], expected: &str) {
        let playlist = MediaPlaylist {
            token: "T~",
            segments: Segments::Mp4 { track: 1 },
            sequence: 4,
            discontinuity,
            display: Display::Never,
            kind: Kind::Live,
        };
        let text = playlist.text(entries);
        let shape: Vec<_> = text
            .lines()
            .skip(5)
            .map(|line| match line.split_once([':', '?']) {
                Some((name, _)) => name.trim_start_matches("#EXT-X-").trim_start_matches('#'),
                None => line.trim_start_matches("#EXT-X-"),
            })
            .map(|name| {
                if name.starts_with("getMP4") {
                    "F"
                } else {
                    name
                }
            })
            .collect();
        assert_eq!(shape.join(" "), expected);
        assert!(text.starts_with(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:4\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        ));
    }

    #[test]
    fn cuts_follow_the_mode() {
        let close = [entry(1, 0, 1), entry(2, 1010, 1)];
        let apart = [entry(1, 0, 1), entry(2, 1100, 1)];
        let other = [entry(1, 0, 1), entry(2, 1003, 2)];
        let always = "DISCONTINUITY MAP EXTINF F DISCONTINUITY EXTINF F";
        check(DiscontinuityMode::Always, &close, always);
        check(DiscontinuityMode::Never, &apart, "MAP EXTINF F EXTINF F");
        let on_gap = DiscontinuityMode::OnDiscontinuity;
        check(on_gap, &close, "MAP EXTINF F EXTINF F");
        check(on_gap, &apart, "MAP EXTINF F DISCONTINUITY EXTINF F");
        let new_tracks = "MAP EXTINF F DISCONTINUITY MAP EXTINF F";
        check(DiscontinuityMode::Never, &other, new_tracks);
    }

    #[test]
    fn a_recorded_range_reads_as_the_service_writes_it() {
        let playlist = MediaPlaylist {
            token: "T~",
            segments: Segments::Mp4 { track: 1 },
            sequence: 0,
            discontinuity: DiscontinuityMode::Always,
            display: Display::Always,
            kind: Kind::Vod,
        };
        let number = number(913);
        let expected = format!(
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n\
            #EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-DISCONTINUITY\n\
            #EXT-X-MAP:URI=\"getMP4InitFragment.mp4?SessionToken=T~&TrackNumber=1&SequenceNumber=3\"\n\
            #EXT-X-PROGRAM-DATE-TIME:2023-05-17T13:48:35.994Z\n#EXTINF:1.003,\n\
            getMP4MediaFragment.mp4?FragmentNumber={number}&SessionToken=T~&TrackNumber=1\n#EXT-X-ENDLIST\n"
        );
        assert_eq!(playlist.text(&[entry(913, 1_684_331_315_994, 3)]), expected);
    }

    #[test]
    fn a_master_playlist_names_codec_and_size() {
        let mut variant = Variant {
            codecs: "avc1.4d4032".into(),
            width: 2592,
            height: 1944,
            frames_per_second: 15.02,
            bits_per_second: 329_640,
            has_audio: false,
        };
        assert_eq!(
            master("T~", &variant),
            "#EXTM3U\n#EXT-X-VERSION:1\n#EXT-X-STREAM-INF:CODECS=\"avc1.4d4032\",RESOLUTION=2592x1944,FRAME-RATE=15.02,BANDWIDTH=329640\ngetHLSMediaPlaylist.m3u8?SessionToken=T~&TrackNumber=1\n"
        );
        variant.has_audio = true;
        assert!(master("T~", &variant).contains("BANDWIDTH=329640,AUDIO=\"audio\"\n"));
    }
}
