//! The configuration file, field by field as `iotbox.toml` explains them; the command line fills the same fields.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::spool::Order;

/// A whole configuration file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(rename = "box", default)]
    pub general: General,
    #[serde(rename = "camera", default)]
    pub cameras: Vec<Camera>,
    #[serde(skip)]
    pub origin: Origin,
}

/// Where a configuration comes from, and so how its fields are called to a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    #[default]
    File,
    CommandLine,
}

impl Origin {
    /// What a person calls this field.
    pub fn named(self, field: &str) -> String {
        match self {
            Self::File => field.to_owned(),
            Self::CommandLine => format!("--{}", field.replace('_', "-")),
        }
    }
}

/// What holds for the whole box.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct General {
    pub state: Option<PathBuf>,
    pub service: Option<String>,
    pub follow_service_clock: bool,
    pub status: Option<SocketAddr>,
    pub spool_mb: u64,
    pub sync_seconds: u64,
    pub order: Order,
    pub backlog_fragments_per_second: u32,
    pub backlog_kbit_per_s: u32,
}

impl Default for General {
    fn default() -> Self {
        Self {
            state: None,
            service: None,
            follow_service_clock: false,
            status: None,
            spool_mb: 2_000,
            sync_seconds: 5,
            order: Order::default(),
            backlog_fragments_per_second: 4,
            backlog_kbit_per_s: 0,
        }
    }
}

/// One camera.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Camera {
    pub name: String,
    pub source: String,
    pub user: Option<String>,
    pub password: Option<String>,
    pub transport: Transport,
    pub audio: Audio,
    pub fragment_seconds: u64,
    pub state: Option<PathBuf>,
    pub service: Option<String>,
    pub code: Option<String>,
    pub spool_mb: Option<u64>,
    pub stream: Option<String>,
    pub endpoint: Option<String>,
    pub region: String,
}

impl Default for Camera {
    fn default() -> Self {
        Self {
            name: String::new(),
            source: String::new(),
            user: None,
            password: None,
            transport: Transport::default(),
            audio: Audio::default(),
            fragment_seconds: 1,
            state: None,
            service: None,
            code: None,
            spool_mb: None,
            stream: None,
            endpoint: None,
            region: "ap-northeast-1".into(),
        }
    }
}

/// How a camera's pictures come over the local network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    #[default]
    Tcp,
    Udp,
}

/// Which sound of a source is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audio {
    /// What browsers play.
    #[default]
    Aac,
    /// G.711 too, which is kept and given to other players; the service makes no HLS of a stream that has it.
    Any,
    None,
}

impl Audio {
    /// Whether sound is sent that the service takes and that is AAC, or is not.
    pub fn takes(self, is_aac: bool) -> bool {
        match self {
            Self::Aac => is_aac,
            Self::Any => true,
            Self::None => false,
        }
    }
}

impl Config {
    /// Reads a file's text; the error names line and field, and repeats no value, because it may be a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let message = without_value(error.message());
            match error.span() {
                None => message,
                Some(span) => format!("{}: {message}", place(text, span.start)),
            }
        })
    }
}

/// The place of an error: line, column and, if the line begins with one, the field.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|sign| *sign != '\n')
        .count()
        + 1;
    let whole = text.lines().nth(line - 1).unwrap_or_default();
    let field = whole.split_once('=').map(|(field, _)| field.trim());
    let is_name = |field: &&str| {
        !field.is_empty() && field.bytes().all(|sign| matches!(sign, b'a'..=b'z' | b'_'))
    };
    match field.filter(is_name) {
        Some(field) => format!("line {line}, column {column}, field {field}"),
        None => format!("line {line}, column {column}"),
    }
}

/// A refusal of a value quotes it; what it should be is enough.
fn without_value(message: &str) -> String {
    let quotes = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
    ];
    match message.rsplit_once(", expected ") {
        Some((refused, expected)) if quotes.iter().any(|begin| refused.starts_with(begin)) => {
            format!("wrong value, expected {expected}")
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    const SAMPLE: &str = include_str!("../iotbox.toml");

    /// The sample with the fields that it only shows.
    fn uncommented() -> String {
        let shown = |line: &str| match line.strip_prefix("#") {
            Some(rest) if rest.starts_with(|first: char| first.is_ascii_lowercase()) => {
                rest.to_owned()
            }
            _ => line.to_owned(),
        };
        let lines: Vec<String> = SAMPLE.lines().map(shown).collect();
        lines.join("\n")
    }

    #[test]
    fn the_sample_is_a_valid_configuration_whose_general_fields_are_the_defaults() {
        let config = Config::parse(SAMPLE).unwrap();
        let expected = General {
            state: Some("/var/lib/iotbox".into()),
            service: Some("https://camera.example.jp".into()),
            status: Some("127.0.0.1:8090".parse().unwrap()),
            ..General::default()
        };
        assert_eq!(config.general, expected);
        assert_eq!(config.cameras.len(), 2);
    }

    #[test]
    fn the_sample_shows_every_field() {
        let parsed: toml::Table = uncommented().parse().unwrap();
        let keys = |value: &toml::Value| -> BTreeSet<String> {
            value.as_table().unwrap().keys().cloned().collect()
        };
        Config::parse(&uncommented()).unwrap();
        assert_eq!(keys(&parsed["box"]), fields("General"));
        assert_eq!(keys(&parsed["camera"][0]), fields("Camera"));
    }

    /// The fields of a struct of this file.
    fn fields(name: &str) -> BTreeSet<String> {
        let source = include_str!("config.rs");
        let body = source
            .split(&format!("pub struct {name} {{"))
            .nth(1)
            .unwrap();
        let body = body.split('}').next().unwrap();
        let field = |line: &str| {
            Some(
                line.trim()
                    .strip_prefix("pub ")?
                    .split(':')
                    .next()?
                    .to_owned(),
            )
        };
        body.lines().filter_map(field).collect()
    }

    #[test]
    fn unknown_fields_and_wrong_values_are_refused_and_named() {
        for (text, named) in [
            ("[box]\nspol_mb = 1", "spol_mb"),
            ("[box]\norder = \"first\"", "live-first"),
            ("[[camera]]\ntransport = \"http\"", "tcp"),
            ("[[camera]]\naudio = \"opus\"", "aac"),
            ("[box]\nstatus = \"localhost\"", "status"),
            ("camera = 1", "camera"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn an_error_names_line_column_and_field_and_never_repeats_a_value() {
        let check = |line: &str| {
            let text = format!("[box]\n[[camera]]\nname = \"door\"\n{line}\nuser = \"u\"\n");
            let error = Config::parse(&text).unwrap_err();
            assert!(!error.contains("hunter2"), "{line}: {error}");
            assert!(!error.contains("271828"), "{line}: {error}");
            assert!(error.starts_with("line "), "{line}: {error}");
            error
        };
        let number = check("password = 271828");
        assert!(
            number.starts_with("line 4, column 12, field password: wrong value, expected a string"),
            "{number}"
        );
        for line in [
            "password = hunter2",
            "password = \"hunter2",
            "password = \"hunter2\"x",
            "password = \"x\"hunter2",
            "password = 'hunter2",
            "password = \"\"\"hunter2",
            "password = \"\\hunter2\"",
            "password = [\"hunter2\"]",
            "password = { hunter2 = 1 }",
            "password = 271828x",
            "password hunter2",
            "password: hunter2",
            "rtsp://admin:hunter2@10.0.0.2/a",
            "source = rtsp://admin:hunter2@10.0.0.2/a",
            "transport = \"rtsp://admin:hunter2@10.0.0.2/a\"",
            "fragment_seconds = \"hunter2\"",
            "fragment_seconds = -271828",
            "stream = 2718281828271828182827182818",
            "source = \"rtsp://admin:hunter2@10.0.0.2/a\"\nsource = \"hunter2\"",
        ] {
            check(line);
        }
    }
}
