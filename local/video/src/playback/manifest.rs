//! The text of DASH manifests.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::session::Display;
use super::window::Entry;
use crate::store::fragments::TOLERANCE_MS;

const NAMESPACES: &str = "xmlns=\"urn:mpeg:dash:schema:mpd:2011\" xmlns:kvs=\"urn:aws:kinesisvideo\" \
    profiles=\"urn:mpeg:dash:profile:isoff-live:2011\"";

/// What a second of sound takes, for a player that weighs lines; fragments are counted whole.
const ASSUMED_SOUND_BITS: u32 = 64_000;

/// Fragments that follow one another with the same tracks.
pub(super) struct Run {
    pub entries: Vec<Entry>,
    /// None where a stream has sound alone.
    pub video: Option<Video>,
    pub audio: Option<Audio>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Video {
    pub codec: String,
    pub width: u32,
    pub height: u32,
    pub frames_per_second: f64,
    pub bits_per_second: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Audio {
    pub track: u64,
    pub codec: String,
    pub hertz: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All is listed and nothing follows.
    Recorded,
    /// A list that moves on.
    Live,
    /// A list that moved on and has come to its end.
    Ended,
}

/// How a manifest is written. Media stand on the producer's time, so a gap between fragments is one in the time line.
pub(super) struct Manifest<'a> {
    pub token: &'a str,
    pub kind: Kind,
    /// The producer's time at which the presentation begins.
    pub origin_ms: i64,
    /// The real time of that beginning: by a player's clock, all that is listed has then already happened.
    pub available_ms: i64,
    pub published_ms: i64,
    pub display_number: Display,
    pub display_timestamp: Display,
}

impl Manifest<'_> {
    pub(super) fn text(&self, runs: &[Run]) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let starts = self.starts(runs);
        self.put_head(&mut text, runs, &starts);
        for (run, &start_ms) in runs.iter().zip(&starts) {
            self.put_period(&mut text, run, start_ms);
        }
        text.push_str("</MPD>\n");
        text
    }

    /// When each run begins in the presentation: where the producer's time says, but never before the one before it ends.
    fn starts(&self, runs: &[Run]) -> Vec<i64> {
        let mut end_ms = 0;
        runs.iter()
            .map(|run| {
                let start_ms = run.start_ms().saturating_sub(self.origin_ms).max(end_ms);
                end_ms = start_ms.saturating_add(run.length_ms());
                start_ms
            })
            .collect()
    }

    fn put_head(&self, text: &mut String, runs: &[Run], starts: &[i64]) {
        let lengths = runs.iter().flat_map(|run| &run.entries);
        let longest_ms = lengths.map(|entry| entry.length_ms).max().unwrap_or(0);
        let end_ms = starts
            .last()
            .zip(runs.last())
            .map_or(0, |(start, run)| start + run.length_ms());
        let kind = match self.kind {
            Kind::Recorded => "static",
            Kind::Live | Kind::Ended => "dynamic",
        };
        let _ = write!(
            text,
            "<MPD {NAMESPACES} type=\"{kind}\" minBufferTime=\"{}\" maxSegmentDuration=\"{}\"",
            duration(longest_ms.max(1000)),
            duration(longest_ms)
        );
        if self.kind != Kind::Live {
            let _ = write!(text, " mediaPresentationDuration=\"{}\"", duration(end_ms));
        }
        if self.kind != Kind::Recorded {
            let first_ms = starts.first().copied().unwrap_or(0);
            let _ = write!(
                text,
                " availabilityStartTime=\"{}\" publishTime=\"{}\" timeShiftBufferDepth=\"{}\"",
                moment(self.available_ms),
                moment(self.published_ms),
                duration(end_ms - first_ms)
            );
        }
        if self.kind == Kind::Live {
            // A player of live pictures asks once a second, as the service advises.
            let _ = write!(
                text,
                " minimumUpdatePeriod=\"PT1S\" suggestedPresentationDelay=\"{}\"",
                duration(longest_ms.saturating_mul(2))
            );
        }
        text.push_str(">\n");
    }

    fn put_period(&self, text: &mut String, run: &Run, start_ms: i64) {
        let id = format!(
            "{}-{}",
            run.header_id(),
            start_ms - run.start_ms() + self.origin_ms
        );
        let _ = writeln!(
            text,
            "<Period id=\"{id}\" start=\"{}\">",
            duration(start_ms)
        );
        if let Some(video) = &run.video {
            self.put_set(text, run, "video", 1);
            let _ = writeln!(
                text,
                "<Representation id=\"1\" codecs=\"{}\" bandwidth=\"{}\" width=\"{}\" height=\"{}\" frameRate=\"{:.0}\"/>\n</AdaptationSet>",
                video.codec,
                video.bits_per_second.max(1),
                video.width,
                video.height,
                video.frames_per_second.max(1.0)
            );
        }
        if let Some(audio) = &run.audio {
            let track = audio.track;
            self.put_set(text, run, "audio", track);
            let _ = writeln!(
                text,
                "<Representation id=\"{track}\" codecs=\"{}\" bandwidth=\"{ASSUMED_SOUND_BITS}\" audioSamplingRate=\"{}\"/>\n</AdaptationSet>",
                audio.codec, audio.hertz
            );
        }
        text.push_str("</Period>\n");
    }

    /// Begins a set. Both tracks count milliseconds here, and their segments are asked for by the fragment's time.
    fn put_set(&self, text: &mut String, run: &Run, kind: &str, track: u64) {
        let token = self.token;
        let _ = writeln!(
            text,
            "<AdaptationSet id=\"{track}\" contentType=\"{kind}\" mimeType=\"{kind}/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">"
        );
        let _ = writeln!(
            text,
            "<SegmentTemplate timescale=\"1000\" presentationTimeOffset=\"{}\" \
             initialization=\"getMP4InitFragment.mp4?SessionToken={token}&amp;TrackNumber={track}&amp;SequenceNumber={}\" \
             media=\"getMP4MediaFragment.mp4?FragmentTime=$Time$&amp;SessionToken={token}&amp;TrackNumber={track}\">\n<SegmentTimeline>",
            run.start_ms(),
            run.header_id()
        );
        for (place, entry) in run.entries.iter().enumerate() {
            let next = run.entries.get(place + 1);
            let _ = write!(
                text,
                "<S t=\"{}\" d=\"{}\"",
                entry.start_ms,
                shown_ms(entry, next)
            );
            if self.display_number == Display::Always {
                let _ = write!(text, " kvs:fn=\"{}\"", entry.number);
            }
            if self.display_timestamp == Display::Always {
                let _ = write!(text, " kvs:ts=\"{}\"", moment(entry.timestamp_ms));
            }
            text.push_str("/>\n");
        }
        text.push_str("</SegmentTimeline>\n</SegmentTemplate>\n");
    }
}

impl Run {
    fn start_ms(&self) -> i64 {
        self.entries.first().map_or(0, |entry| entry.start_ms)
    }

    fn header_id(&self) -> i64 {
        self.entries.first().map_or(0, |entry| entry.header_id)
    }

    fn length_ms(&self) -> i64 {
        let end = self.entries.last();
        end.map_or(0, |last| last.start_ms + last.length_ms - self.start_ms())
    }
}

/// A fragment lasts until the next one where there is no gap that anybody would see.
fn shown_ms(entry: &Entry, next: Option<&Entry>) -> i64 {
    next.map(|next| next.start_ms - entry.start_ms)
        .filter(|until| (until - entry.length_ms).abs() <= TOLERANCE_MS)
        .unwrap_or(entry.length_ms)
        .max(1)
}

fn duration(ms: i64) -> String {
    format!("PT{}.{:03}S", ms / 1000, ms % 1000)
}

fn moment(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragment_number::FragmentNumber;

    const NUMBER: FragmentNumber = FragmentNumber {
        sequence: 7,
        server_ms: 0,
        random: 0,
    };
    const ORIGIN_MS: i64 = 1_800_000_000_000;

    fn run(header_id: i64, starts_ms: &[i64]) -> Run {
        let entry = |&start_ms: &i64| Entry {
            number: NUMBER,
            start_ms: ORIGIN_MS + start_ms,
            length_ms: 1000,
            timestamp_ms: ORIGIN_MS + start_ms,
            header_id,
        };
        Run {
            entries: starts_ms.iter().map(entry).collect(),
            video: Some(Video {
                codec: "avc1.42c01f".into(),
                width: 1280,
                height: 720,
                frames_per_second: 10.0,
                bits_per_second: 4000,
            }),
            audio: None,
        }
    }

    fn text(kind: Kind, display: Display, runs: &[Run]) -> String {
        let manifest = Manifest {
            token: "T~",
            kind,
            origin_ms: ORIGIN_MS,
            available_ms: 0,
            published_ms: 5000,
            display_number: display,
            display_timestamp: display,
        };
        manifest.text(runs)
    }

    fn times(text: &str) -> Vec<&str> {
        let lines = text.lines().filter(|line| line.starts_with("<S "));
        lines.map(|line| line.trim_end_matches("/>")).collect()
    }

    #[test]
    fn a_recorded_range_is_static_and_says_how_long_it_is() {
        let text = text(Kind::Recorded, Display::Never, &[run(3, &[0, 1010, 5000])]);
        assert!(text.contains("type=\"static\"") && !text.contains("availabilityStartTime"));
        assert!(text.contains("mediaPresentationDuration=\"PT6.000S\""));
        assert!(text.contains("presentationTimeOffset=\"1800000000000\""));
        let expected = [
            "<S t=\"1800000000000\" d=\"1010\"",
            "<S t=\"1800000001010\" d=\"1000\"",
            "<S t=\"1800000005000\" d=\"1000\"",
        ];
        assert_eq!(
            times(&text),
            expected,
            "a small gap is closed, a real one stays"
        );
        assert!(text.contains("TrackNumber=1&amp;SequenceNumber=3"));
    }

    #[test]
    fn a_live_list_is_dynamic_and_asks_to_be_read_again() {
        let live = text(Kind::Live, Display::Never, &[run(3, &[2000, 3000])]);
        assert!(live.contains("type=\"dynamic\"") && live.contains("minimumUpdatePeriod=\"PT1S\""));
        assert!(live.contains("availabilityStartTime=\"1970-01-01T00:00:00.000Z\""));
        assert!(live.contains("<Period id=\"3-0\" start=\"PT2.000S\">"));
        assert!(!live.contains("mediaPresentationDuration"));
        let ended = text(Kind::Ended, Display::Never, &[run(3, &[2000, 3000])]);
        assert!(!ended.contains("minimumUpdatePeriod"));
        assert!(ended.contains("mediaPresentationDuration=\"PT4.000S\""));
    }

    #[test]
    fn new_tracks_and_a_clock_that_was_set_back_begin_a_period_after_the_one_before() {
        let runs = [run(3, &[0, 1000]), run(4, &[2500]), run(4, &[500])];
        let text = text(Kind::Recorded, Display::Never, &runs);
        let starts: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("<Period id=\"")?.split('"').nth(2))
            .collect();
        assert_eq!(starts, ["PT0.000S", "PT2.500S", "PT3.500S"]);
        assert!(text.contains("id=\"4-0\"") && text.contains("id=\"4-3000\""));
    }

    #[test]
    fn numbers_and_timestamps_are_shown_on_request() {
        let text = text(Kind::Live, Display::Always, &[run(3, &[0])]);
        let expected = format!(
            "<S t=\"1800000000000\" d=\"1000\" kvs:fn=\"{NUMBER}\" kvs:ts=\"2027-01-15T08:00:00.000Z\""
        );
        assert_eq!(times(&text), [expected]);
    }
}
