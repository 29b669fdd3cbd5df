//! What functions write: a file for each function, and a short line on the terminal when something is wrong.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Beyond this size a file is set aside; the one set aside before it is given up.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Which of a process's two outputs a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Stdout,
    Stderr,
}

/// The log of one function or program. Clones share the file.
#[derive(Clone)]
pub struct Log {
    name: String,
    path: PathBuf,
    open: Arc<Mutex<Option<(File, u64)>>>,
}

impl Log {
    pub fn new(directory: &Path, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: directory.join(format!("{name}.log")),
            open: Arc::new(Mutex::new(None)),
        }
    }

    /// Copies an output line by line until it ends.
    pub fn follow(&self, output: Output, stream: impl AsyncRead + Send + Unpin + 'static) {
        let log = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::with_capacity(2048, stream);
            let mut line = Vec::new();
            while matches!(lines.read_until(b'\n', &mut line).await, Ok(1..)) {
                log.line(output, String::from_utf8_lossy(&line).trim_end());
                line.clear();
                line.shrink_to(64 * 1024);
            }
        });
    }

    pub fn line(&self, output: Output, line: &str) {
        if let Err(error) = self.write(line) {
            eprintln!("{}: its log cannot be written: {error}", self.name);
        }
        if let Some(short) = worth_showing(output, line) {
            eprintln!("{}: {short}", self.name);
        }
    }

    fn write(&self, line: &str) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, mut size) = match open.take() {
            Some(current) => current,
            None => {
                if let Some(directory) = self.path.parent() {
                    fs::create_dir_all(directory)?;
                }
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path)?;
                let size = file.metadata()?.len();
                (file, size)
            }
        };
        file.write_all(format!("{line}\n").as_bytes())?;
        size += line.len() as u64 + 1;
        if size > MAX_FILE_BYTES {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
        } else {
            *open = Some((file, size));
        }
        Ok(())
    }
}

/// The message of a warning or an error, or a line that no logger made, such as a panic.
fn worth_showing(output: Output, line: &str) -> Option<String> {
    let Ok(Value::Object(record)) = serde_json::from_str::<Value>(line) else {
        return (output == Output::Stderr && !line.is_empty()).then(|| line.to_owned());
    };
    let level = record.get("level")?.as_str()?;
    if !matches!(level, "WARN" | "ERROR" | "FATAL") {
        return None;
    }
    let fields = record
        .get("fields")
        .and_then(Value::as_object)
        .unwrap_or(&record);
    let message = fields.get("message").or(record.get("message"));
    let cause = fields.get("error").and_then(Value::as_str);
    let message = message.and_then(Value::as_str).unwrap_or_default();
    Some(match cause {
        Some(cause) => format!("{level} {message} ({cause})"),
        None => format!("{level} {message}"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_file_that_grew_too_big_is_set_aside_once() {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::new(directory.path(), "portal");
        let line = "x".repeat(1024 * 1024);
        for _ in 0..9 {
            log.write(&line).unwrap();
        }
        let size = |name: &str| fs::metadata(directory.path().join(name)).unwrap().len();
        assert!(size("portal.log") < MAX_FILE_BYTES);
        assert!(size("portal.log.1") <= MAX_FILE_BYTES + line.len() as u64 + 1);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn only_warnings_errors_and_stray_lines_reach_the_terminal() {
        let shown = |output, line| worth_showing(output, line);
        assert_eq!(
            shown(
                Output::Stdout,
                r#"{"level":"INFO","fields":{"message":"a"}}"#
            ),
            None
        );
        assert_eq!(
            shown(
                Output::Stdout,
                r#"{"level":"ERROR","fields":{"message":"a","error":"b"}}"#
            ),
            Some("ERROR a (b)".to_owned())
        );
        assert_eq!(
            shown(Output::Stdout, r#"{"level":"WARN","message":"a"}"#),
            Some("WARN a".to_owned())
        );
        assert_eq!(shown(Output::Stdout, "hello"), None);
        assert_eq!(
            shown(Output::Stderr, "panicked"),
            Some("panicked".to_owned())
        );
    }
}
