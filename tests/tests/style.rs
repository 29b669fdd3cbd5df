//! What STYLE asks of every source file, held by a test.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// A file that one does not read in a sitting is split.
const LONGEST_FILE: usize = 500;

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            rust_files(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    rust_files(Path::new(ROOT), &mut found);
    assert!(found.len() > 50);
    found
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_file_opens_with_a_sentence() {
    let silent: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
}

#[test]
fn no_file_is_longer_than_one_sitting() {
    let long: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > LONGEST_FILE)
        .map(|(path, _)| path)
        .collect();
    assert_eq!(long, Vec::<PathBuf>::new());
}

#[test]
fn the_domain_reads_no_clock() {
    let reading = sources()
        .into_iter()
        .filter(|(path, _)| path.to_string_lossy().contains("shared/domain/src"));
    let guilty: Vec<PathBuf> = reading
        .filter(|(_, text)| {
            [
                "Timestamp::now",
                "Zoned::now",
                "SystemTime::now",
                "Instant::now",
            ]
            .iter()
            .any(|call| text.contains(call))
        })
        .map(|(path, _)| path)
        .collect();
    assert_eq!(guilty, Vec::<PathBuf>::new());
}

#[test]
fn the_glossary_has_each_term_once() {
    let glossary = std::fs::read_to_string(format!("{ROOT}/docs/GLOSSARY.md")).unwrap();
    let rows = glossary.lines().filter(|line| line.starts_with("| "));
    let terms = rows.filter_map(|row| row.split('|').nth(1));
    let mut terms: Vec<&str> = terms
        .map(str::trim)
        .filter(|term| *term != "Term")
        .collect();
    assert!(terms.len() > 80);
    terms.sort_unstable();
    let twice: Vec<_> = terms.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert_eq!(twice, Vec::<&[&str]>::new());
}
