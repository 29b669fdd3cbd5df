//! An RTSP camera: where it is, how it is opened, and what of it can be sent.

use std::fmt;
use std::time::Duration;

use ciero_media::matroska::{G711, Track};
use retina::client::{
    Credentials, Demuxed, InitialTimestampPolicy, PlayOptions, Session, SessionOptions,
    SetupOptions, Stream, TcpTransportOptions, UdpTransportOptions,
};
use retina::codec::{FrameFormat, ParametersRef, VideoFrame};
use url::Url;

use crate::config::{Audio, Transport};

const OPEN_TIMEOUT: Duration = Duration::from_secs(15);
const USER_AGENT: &str = concat!("iotbox/", env!("CARGO_PKG_VERSION"));

/// What to set in a camera whose key pictures are too far apart; other makers' words for it are in brackets.
pub const KEY_ADVICE: &str =
    "set the camera's key frame interval (I-frame interval, GOP) to 1 to 10 s";
/// Key pictures further apart make fragments that are longer than they should be.
pub const KEYS_APART_MS: u64 = 10_000;

/// Where a camera is and how it is asked. What it shows of itself never holds the password, also where cameras take it in
/// the path or the query.
#[derive(Clone, PartialEq, Eq)]
pub struct RtspAddress {
    /// Without user and password.
    url: Url,
    credentials: Option<Credentials>,
    pub transport: Transport,
    pub audio: Audio,
}

impl RtspAddress {
    /// Parses an address, which may hold user and password.
    pub fn parse(address: &str) -> Result<Self, String> {
        let misplaced = "the camera's address has an @ in a wrong place: put user and password in their own fields \
                         (--user and IOTBOX_CAMERA_PASSWORD on a command line), and write an @ of the path as %40";
        let refused = || match address.contains('@') {
            true => misplaced.to_owned(),
            false => "the camera's address is not like rtsp://host/path".to_owned(),
        };
        let mut url = Url::parse(address.trim()).map_err(|_| refused())?;
        if url.scheme() != "rtsp" || !url.has_host() {
            return Err(refused());
        }
        // A sign of the password that ends the host, like / or #, leaves the rest of it here.
        let has_at = |part: Option<&str>| part.is_some_and(|part| part.contains('@'));
        let ends_early = url.path().is_empty() && has_at(url.query());
        if has_at(Some(url.path())) || has_at(url.fragment()) || ends_early {
            return Err(misplaced.to_owned());
        }
        let text = |part: &str| {
            percent_encoding::percent_decode_str(part)
                .decode_utf8_lossy()
                .into_owned()
        };
        let credentials = (!url.username().is_empty()).then(|| Credentials {
            username: text(url.username()),
            password: text(url.password().unwrap_or_default()),
        });
        url.set_username("").map_err(|()| refused())?;
        url.set_password(None).map_err(|()| refused())?;
        Ok(Self {
            url,
            credentials,
            transport: Transport::default(),
            audio: Audio::default(),
        })
    }

    pub fn set_credentials(&mut self, username: String, password: String) {
        self.credentials = Some(Credentials { username, password });
    }
}

impl fmt::Display for RtspAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "rtsp://{}", self.url.host_str().unwrap_or_default())?;
        if let Some(port) = self.url.port() {
            write!(out, ":{port}")?;
        }
        let path = self.url.path();
        match value_at(path) {
            Some(at) => write!(out, "{}…", &path[..at])?,
            None => out.write_str(path)?,
        }
        match self.url.query() {
            Some(_) => out.write_str("?…"),
            None => Ok(()),
        }
    }
}

/// Where the first value of a path like `/user=admin&password=x` begins. Makers agree neither on the names nor on what
/// stands between the pairs, so all that follows counts as secret.
fn value_at(path: &str) -> Option<usize> {
    let lower = path.to_ascii_lowercase();
    let begins = ["=", ":", "%3d", "%3a"].map(|sign| lower.find(sign).map(|at| at + sign.len()));
    begins.into_iter().flatten().min()
}

/// A text of the library, which quotes addresses, without them.
fn without_addresses(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.contains("://") {
        true => "(address)",
        false => word,
    });
    words.collect::<Vec<&str>>().join(" ")
}

impl fmt::Debug for RtspAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RtspAddress({self})")
    }
}

/// Why a camera gives no pictures; the texts are for an installer.
#[derive(Debug, thiserror::Error)]
pub enum RtspError {
    #[error("the camera asks for a user and a password")]
    NeedsPassword,
    #[error("the camera refuses this user or password")]
    WrongPassword,
    #[error("the camera knows no such path (404): look up its RTSP address in its manual")]
    NoSuchPath,
    #[error("the camera does not answer within 15 s")]
    NoAnswer,
    #[error("the camera cannot be reached: {0}")]
    Unreachable(String),
    #[error("the camera offers no H.264 or H.265 video but {0}: choose H.264 in its settings")]
    NoVideo(String),
    #[error("the camera's video has no parameters: it sent no key picture yet")]
    NoParameters,
    #[error("the camera has sent nothing for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("the camera sends sound or reports but has sent no picture for {} s", .0.as_secs())]
    NoPictures(Duration),
    #[error("no key picture came within {} s, so nothing can be sent: {KEY_ADVICE}", .0.as_secs())]
    NoKeyPicture(Duration),
    #[error("the camera's stream ended")]
    Ended,
    #[error("{0}")]
    Other(String),
}

impl RtspError {
    /// Tells what an error of the protocol means to a person.
    pub fn from_retina(error: &retina::Error, with_password: bool) -> Self {
        let text = error.to_string();
        let line = without_addresses(text.lines().next().unwrap_or_default());
        match error.status_code() {
            Some(401 | 403) if with_password => Self::WrongPassword,
            Some(401 | 403) => Self::NeedsPassword,
            Some(404) => Self::NoSuchPath,
            _ => match line.strip_prefix("Unable to connect to RTSP server: ") {
                Some(reason) => Self::Unreachable(reason.to_owned()),
                // Without a password the library stops before the camera's second refusal.
                None if line.contains("no credentials") => Self::NeedsPassword,
                None => Self::Other(line),
            },
        }
    }
}

/// One stream that a camera offers, as it describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub media: String,
    pub encoding: String,
    pub clock_rate_hz: u32,
}

impl Offered {
    fn of(stream: &Stream) -> Self {
        Self {
            media: stream.media().to_owned(),
            encoding: stream.encoding_name().to_owned(),
            clock_rate_hz: stream.clock_rate_hz(),
        }
    }

    /// The name that people know it by.
    pub fn codec(&self) -> &str {
        match self.encoding.as_str() {
            "h264" => "H.264",
            "h265" => "H.265",
            "jpeg" => "MJPEG",
            "mpeg4-generic" => "AAC",
            "pcma" => "G.711 A-law",
            "pcmu" => "G.711 mu-law",
            other => other,
        }
    }

    fn is_video(&self) -> bool {
        self.media == "video" && matches!(self.encoding.as_str(), "h264" | "h265")
    }

    /// Whether it is sound that the service takes.
    pub fn is_sound(&self) -> bool {
        self.media == "audio" && matches!(self.encoding.as_str(), "mpeg4-generic" | "pcma" | "pcmu")
    }

    fn is_sent(&self, audio: Audio) -> bool {
        self.is_sound() && audio.takes(self.encoding == "mpeg4-generic")
    }
}

/// A camera that plays.
pub struct Playing {
    pub frames: Demuxed,
    pub offered: Vec<Offered>,
    pub video: usize,
    /// The stream of sound that is sent, too.
    pub sound: Option<usize>,
}

/// Opens a camera and lets it play.
pub async fn open(address: &RtspAddress) -> Result<Playing, RtspError> {
    match tokio::time::timeout(OPEN_TIMEOUT, try_open(address)).await {
        Ok(opened) => opened,
        Err(_) => Err(RtspError::NoAnswer),
    }
}

async fn try_open(address: &RtspAddress) -> Result<Playing, RtspError> {
    let failed =
        |error: retina::Error| RtspError::from_retina(&error, address.credentials.is_some());
    let options = SessionOptions::default()
        .creds(address.credentials.clone())
        .user_agent(USER_AGENT.into());
    let mut session = Session::describe(address.url.clone(), options)
        .await
        .map_err(failed)?;
    let offered: Vec<Offered> = session.streams().iter().map(Offered::of).collect();
    let Some(video) = offered.iter().position(Offered::is_video) else {
        let names: Vec<String> = offered
            .iter()
            .map(|one| format!("{} {}", one.media, one.codec()))
            .collect();
        return Err(RtspError::NoVideo(match names.is_empty() {
            true => "nothing".into(),
            false => names.join(", "),
        }));
    };
    let sound = offered.iter().position(|one| one.is_sent(address.audio));
    for stream in std::iter::once(video).chain(sound) {
        let transport = match address.transport {
            Transport::Tcp => retina::client::Transport::Tcp(TcpTransportOptions::default()),
            Transport::Udp => retina::client::Transport::Udp(UdpTransportOptions::default()),
        };
        let options = SetupOptions::default()
            .transport(transport)
            .frame_format(FrameFormat::MP4);
        session.setup(stream, options).await.map_err(failed)?;
    }
    // Each stream is stamped by its arrival, so what cameras say about their own beginning is of no use.
    let options = PlayOptions::default().initial_timestamp(InitialTimestampPolicy::Ignore);
    let playing = session.play(options).await.map_err(failed)?;
    Ok(Playing {
        frames: playing.demuxed().map_err(failed)?,
        offered,
        video,
        sound,
    })
}

impl Playing {
    /// Whether a decoder can begin with this picture.
    pub fn is_key(&self, frame: &VideoFrame) -> bool {
        let hevc = self.offered[self.video].encoding == "h265";
        frame.is_random_access_point() || (hevc && begins_with_irap(frame.data()))
    }

    /// The video's track with its decoder's configuration, once the camera has told it.
    pub fn video_track(&self) -> Option<Track> {
        let Some(ParametersRef::Video(parameters)) = self.frames.streams()[self.video].parameters()
        else {
            return None;
        };
        let (width, height) = parameters.pixel_dimensions();
        let configuration = parameters.extra_data().to_vec();
        Some(match self.offered[self.video].encoding.as_str() {
            "h265" => Track::hevc(1, width, height, configuration),
            _ => Track::avc(1, width, height, configuration),
        })
    }

    /// The sound's track.
    pub fn sound_track(&self) -> Option<Track> {
        let sound = self.sound?;
        let ParametersRef::Audio(parameters) = self.frames.streams()[sound].parameters()? else {
            return None;
        };
        let (rate, channels) = (parameters.clock_rate(), parameters.channels().get());
        Some(match self.offered[sound].encoding.as_str() {
            "pcma" => Track::g711(2, G711::ALaw, rate, channels),
            "pcmu" => Track::g711(2, G711::MuLaw, rate, channels),
            _ => Track::aac(2, rate, channels.into(), parameters.extra_data().to_vec()),
        })
    }
}

/// Whether the first slice of an H.265 picture is of an intra random access point. Cameras that encode with an open group
/// of pictures send clean random access points only, which the library does not count.
fn begins_with_irap(mut units: &[u8]) -> bool {
    while let Some((length, rest)) = units.split_first_chunk() {
        let length = (u32::from_be_bytes(*length) as usize).min(rest.len());
        let (unit, after) = rest.split_at(length);
        match unit.first().map(|byte| byte >> 1 & 0x3F) {
            Some(kind @ 0..32) => return (16..24).contains(&kind),
            _ => units = after,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn clean_random_access_points_of_h265_are_key_pictures() {
        let check = |kinds: &[u8]| {
            let unit = |kind: &u8| [0, 0, 0, 2, kind << 1, 1];
            let units: Vec<u8> = kinds.iter().flat_map(unit).collect();
            begins_with_irap(&units)
        };
        assert!(check(&[21]) && check(&[39, 19]) && check(&[16]));
        assert!(!check(&[1]) && !check(&[39, 0]) && !check(&[32, 33]) && !check(&[]));
        assert!(!begins_with_irap(&[0, 0, 0, 9]) && !begins_with_irap(&[0, 0]));
    }

    #[test]
    fn user_and_password_are_taken_out_of_the_address_and_never_shown() {
        let address = RtspAddress::parse("rtsp://view%40er:p%3Aw@10.0.0.2:8554/a?b=1").unwrap();
        let expected = Credentials {
            username: "view@er".into(),
            password: "p:w".into(),
        };
        assert_eq!(address.credentials, Some(expected));
        assert_eq!(address.to_string(), "rtsp://10.0.0.2:8554/a?…");
        assert!(!format!("{address:?}").contains("p:w"));
    }

    #[test]
    fn passwords_in_path_and_query_are_sent_but_never_shown() {
        for (address, shown) in [
            (
                "rtsp://h/user=admin&password=hunter2&channel=1",
                "rtsp://h/user=…",
            ),
            (
                "rtsp://h/user=admin_password=hunter2_stream=0.sdp?real",
                "rtsp://h/user=…?…",
            ),
            (
                "rtsp://h:8554/live/ch1?user=admin&pwd=hunter2",
                "rtsp://h:8554/live/ch1?…",
            ),
            ("RTSP://h/live?hunter2", "rtsp://h/live?…"),
            ("rtsp://h/PASSWORD%3Dhunter2/a", "rtsp://h/PASSWORD%3D…"),
            ("rtsp://h/admin:hunter2/a", "rtsp://h/admin:…"),
            ("rtsp://h/a#hunter2", "rtsp://h/a"),
            (
                "rtsp://[::1]:554/Streaming/Channels/101",
                "rtsp://[::1]:554/Streaming/Channels/101",
            ),
        ] {
            let parsed = RtspAddress::parse(address).unwrap();
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(format!("{parsed:?}"), format!("RtspAddress({shown})"));
            assert!(parsed.url.as_str().ends_with(&address[8..]), "{address}");
        }
        let quoted = "unable to join base url rtsp://h/password=hunter2 with control url \"a b\"";
        assert_eq!(
            without_addresses(quoted),
            "unable to join base url (address) with control url \"a b\""
        );
    }

    #[test]
    fn a_password_that_ends_the_host_is_refused_without_repeating_it() {
        for address in [
            "rtsp://admin:12/34@10.0.0.2/a",
            "rtsp://admin:12#34@10.0.0.2/a",
            "rtsp://admin:12?34@10.0.0.2/a",
            "rtsp://admin:hunter/2@10.0.0.2/a",
            "rtsp://admin/34@10.0.0.2/a",
        ] {
            let refusal = RtspAddress::parse(address).unwrap_err();
            assert!(
                refusal.contains("put user and password in their own fields"),
                "{refusal}"
            );
            assert!(
                !refusal.contains("34") && !refusal.contains("hunter"),
                "{refusal}"
            );
        }
        let query = RtspAddress::parse("rtsp://10.0.0.2/a?mail=a@b").unwrap();
        assert_eq!(query.url.as_str(), "rtsp://10.0.0.2/a?mail=a@b");
        let path = RtspAddress::parse("rtsp://viewer:p@ss@10.0.0.2/a%40b").unwrap();
        assert_eq!(path.to_string(), "rtsp://10.0.0.2/a%40b");
        assert_eq!(path.credentials.unwrap().password, "p@ss");
    }

    #[test]
    fn what_is_no_camera_is_refused_without_repeating_it() {
        for address in ["", "rtsp:", "rtsp://", "http://u:secret@h/", "rtsp:/secret"] {
            let refusal = RtspAddress::parse(address).unwrap_err();
            assert!(!refusal.contains("secret"), "{refusal}");
        }
    }
}
