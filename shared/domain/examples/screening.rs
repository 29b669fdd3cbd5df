//! Measures the screening of one applicant against 10,000 listed names, and how well names are told apart, as
//! `./scripts/bench` prints it.
#![allow(clippy::unwrap_used)]

#[path = "../fixtures/pairs.rs"]
mod labelled;

use std::hint::black_box;
use std::time::Instant;

use ciero_domain::documents::Bilingual;
use ciero_domain::particulars::Particulars;
use ciero_domain::screening::{
    Ground, LIKENESS_SHOWN, ListEntry, ListIndex, ScreeningList, known_of, likeness,
};
use serde_json::json;

const NAMES: usize = 10_000;
const RUNS: usize = 200;

/// Syllables and characters that names are made of; many are those of the applicant, so that many names are near.
const SYLLABLES: [&str; 24] = [
    "mi", "hon", "sho", "ten", "ta", "ro", "ha", "na", "ko", "rei", "ji", "bo", "eki", "al", "ham",
    "mad", "ka", "sa", "bu", "ri", "yu", "ki", "zo", "vich",
];
const CHARACTERS: [&str; 24] = [
    "見", "本", "商", "店", "太", "郎", "花", "子", "例", "示", "工", "業", "貿", "易", "国", "際",
    "中", "央", "第", "一", "高", "橋", "渡", "辺",
];

/// A known sequence, so that every run measures the same list.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, bound: usize) -> usize {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn word(&mut self, parts: &[&str], most: usize) -> String {
        let length = 2 + self.below(most - 1);
        (0..length)
            .map(|_| parts[self.below(parts.len())])
            .collect()
    }
}

fn list() -> ScreeningList {
    let mut sequence = Sequence(42);
    let mut name = |number: usize| match number {
        // Some are near, so that hits and their evidence are measured too.
        _ if number.is_multiple_of(500) => "Mihon Shotenn".to_owned(),
        _ if number.is_multiple_of(2) => {
            [sequence.word(&SYLLABLES, 4), sequence.word(&SYLLABLES, 4)].join(" ")
        }
        _ => sequence.word(&CHARACTERS, 6),
    };
    let entry = |number: usize| ListEntry {
        id: format!("e-{number}"),
        names: vec![name(number)],
        weak_names: Vec::new(),
        corporate_number: None,
        note: None,
    };
    ScreeningList {
        list: "bench".into(),
        version: "1".into(),
        name: Bilingual::default(),
        source: "made up".into(),
        issued_on: None,
        ground: Ground::Unsuitable,
        entries: (0..NAMES).map(entry).collect(),
    }
}

fn applicant() -> Particulars {
    serde_json::from_value(json!({
        "customer": {"kind": "other_body"}, "name": "株式会社見本商店", "name_kana": "ミホンショウテン",
        "representative": "見本 太郎", "phone": "0300000000",
        "address": {"postal_code": "1000001", "prefecture": 13, "line": "千代田1-1"},
        "contact_name": "見本 花子", "contact_email": "hanako@example.jp",
    }))
    .unwrap()
}

/// The most memory that this process has held, in MiB; 0 where the system does not tell.
fn most_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

fn main() {
    let (list, applicant) = (list(), applicant());
    let began = Instant::now();
    let index = ListIndex::of(list);
    let ready = began.elapsed();
    let mut times = Vec::new();
    let mut hits = 0;
    for _ in 0..RUNS {
        let began = Instant::now();
        hits = black_box(known_of(black_box(&applicant), &[], &[&index])).len();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let told = labelled::told(likeness, LIKENESS_SHOWN);
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let report = json!({
        "names": index.names(),
        "hits": hits,
        "ready_ms": milliseconds(ready),
        "median_ms": milliseconds(times[RUNS / 2]),
        "most_ms": milliseconds(times[RUNS - 1]),
        "memory_mib": most_memory_mib(),
        "pairs": told.pairs,
        "precision": told.precision(),
        "recall": told.recall(),
    });
    println!("{report}");
}
