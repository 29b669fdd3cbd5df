//! Comparison of particulars with the screening lists and the register, with what a person needs to weigh a hit (3-4).

use serde::{Deserialize, Serialize};

use super::matching::{ComparableName, SAME};
use super::{Ground, ListEntry, RegisterEntry, ScreeningList, Signal, SignalKind};
use crate::particulars::{Customer, Particulars};

/// The most hits on lists that are kept one by one; what else there was is counted.
const MOST_HITS: usize = 100;

/// Which name or number of which entry a particular was compared with, and how near they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The code of the list, or `register`.
    pub list: String,
    /// The version of the list, or the day on which the entry was recorded.
    pub version: String,
    pub entry: String,
    /// The particular and the entry's name as they are written.
    pub given: String,
    pub listed: String,
    /// Both as they were compared.
    pub given_form: String,
    pub listed_form: String,
    /// 1000 for the same name, and from 900 for one that is near.
    pub likeness_permille: u16,
}

/// The names of someone's particulars, ready to be compared.
#[derive(Debug)]
pub(super) struct Names(Vec<(String, ComparableName)>);

impl Names {
    /// Reads every name: the customer's own with its reading, the representative's and the administrator's.
    pub fn of(particulars: &Particulars) -> Self {
        let names = [
            Some(&particulars.name),
            Some(&particulars.name_kana),
            particulars.representative.as_ref(),
            Some(&particulars.contact_name),
        ];
        let comparable = |name: &String| Some((name.clone(), ComparableName::of(name)?));
        Names(names.into_iter().flatten().filter_map(comparable).collect())
    }

    /// Returns each name as it is compared.
    pub fn forms(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(_, name)| name.form())
    }

    /// Returns the name that is nearest to a listed one, with the likeness; `None` if none is near.
    fn nearest(&self, listed: &ComparableName) -> Option<(u16, &(String, ComparableName))> {
        let near = self.0.iter().map(|name| (name.1.likeness(listed), name));
        near.filter(|(likeness, _)| *likeness > 0)
            .max_by_key(|(likeness, _)| *likeness)
    }
}

/// How a list entry bears its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Quality {
    Weak,
    Reliable,
}

#[derive(Debug)]
struct IndexedName {
    /// The place of its entry.
    entry: usize,
    quality: Quality,
    written: String,
    name: ComparableName,
}

/// A screening list whose names are ready to be compared; made once for many applicants.
#[derive(Debug)]
pub struct ListIndex {
    list: ScreeningList,
    names: Vec<IndexedName>,
}

impl ListIndex {
    /// Reads every name of a list.
    pub fn of(list: ScreeningList) -> Self {
        let mut names = Vec::new();
        for (place, entry) in list.entries.iter().enumerate() {
            let reliable = entry.names.iter().map(|name| (Quality::Reliable, name));
            let weak = entry.weak_names.iter().map(|name| (Quality::Weak, name));
            names.extend(reliable.chain(weak).filter_map(|(quality, written)| {
                Some(IndexedName {
                    entry: place,
                    quality,
                    written: written.clone(),
                    name: ComparableName::of(written)?,
                })
            }));
        }
        ListIndex { list, names }
    }

    /// Returns how many names can be compared.
    pub fn names(&self) -> usize {
        self.names.len()
    }

    /// Returns the best hit of every entry by its names, in the order of the entries.
    fn by_name(&self, names: &Names) -> Vec<Signal> {
        let mut best: Vec<(usize, Quality, Signal)> = Vec::new();
        for listed in &self.names {
            let Some((likeness, given)) = names.nearest(&listed.name) else {
                continue;
            };
            let signal = self.signal(listed, given, likeness);
            match best.last_mut() {
                Some((entry, quality, kept)) if *entry == listed.entry => {
                    let before = kept.likeness_permille();
                    if (*quality, before) < (listed.quality, likeness) {
                        (*quality, *kept) = (listed.quality, signal);
                    }
                }
                _ => best.push((listed.entry, listed.quality, signal)),
            }
        }
        best.into_iter().map(|(_, _, signal)| signal).collect()
    }

    fn signal(
        &self,
        listed: &IndexedName,
        given: &(String, ComparableName),
        likeness: u16,
    ) -> Signal {
        let entry = &self.list.entries[listed.entry];
        let kind = match (listed.quality, likeness) {
            (Quality::Weak, _) => SignalKind::ListNameWeak,
            (Quality::Reliable, SAME) => SignalKind::ListName,
            (Quality::Reliable, _) => SignalKind::ListNameNear,
        };
        Signal {
            kind,
            ground: self.list.ground,
            note: self.note(entry),
            evidence: Some(Evidence {
                list: self.list.list.clone(),
                version: self.list.version.clone(),
                entry: entry.id.clone(),
                given: given.0.clone(),
                listed: listed.written.clone(),
                given_form: given.1.form(),
                listed_form: listed.name.form(),
                likeness_permille: likeness,
            }),
        }
    }

    /// Names the list, its version and the entry, with what the list says of it.
    fn note(&self, entry: &ListEntry) -> String {
        let place = format!("{} {}: {}", self.list.list, self.list.version, entry.id);
        match &entry.note {
            Some(note) => format!("{place} {note}"),
            None => place,
        }
    }

    fn by_number(&self, particulars: &Particulars) -> impl Iterator<Item = Signal> {
        let number = match &particulars.customer {
            Customer::Corporation { number } => Some(number.clone()),
            _ => None,
        };
        let hit = move |entry: &ListEntry| {
            let same = entry.corporate_number.as_ref() == number.as_ref();
            let number = number.as_ref().filter(|_| same)?.as_str().to_owned();
            Some(Signal {
                kind: SignalKind::ListCorporateNumber,
                ground: self.list.ground,
                note: self.note(entry),
                evidence: Some(Evidence {
                    list: self.list.list.clone(),
                    version: self.list.version.clone(),
                    entry: entry.id.clone(),
                    given: number.clone(),
                    listed: number.clone(),
                    given_form: number.clone(),
                    listed_form: number,
                    likeness_permille: SAME,
                }),
            })
        };
        self.list.entries.iter().filter_map(hit)
    }
}

/// Compares particulars with every list: what bears on antisocial forces first, then the nearest.
pub(super) fn on_lists(
    particulars: &Particulars,
    names: &Names,
    lists: &[&ListIndex],
) -> Vec<Signal> {
    let mut hits: Vec<Signal> = lists
        .iter()
        .flat_map(|list| {
            let numbers = list.by_number(particulars);
            numbers.chain(list.by_name(names)).collect::<Vec<_>>()
        })
        .collect();
    hits.sort_by_key(|hit| {
        let other_ground = hit.ground != Ground::AntisocialForces;
        (other_ground, std::cmp::Reverse(hit.likeness_permille()))
    });
    let more = hits.split_off(hits.len().min(MOST_HITS));
    for ground in Ground::ALL {
        let number = more.iter().filter(|hit| hit.ground == *ground).count();
        if number > 0 {
            hits.push(Signal {
                kind: SignalKind::MoreHits,
                ground: *ground,
                note: number.to_string(),
                evidence: None,
            });
        }
    }
    hits
}

/// Compares the names of particulars with the name of a register entry.
pub(super) fn on_register(names: &Names, entry: &RegisterEntry) -> Option<(SignalKind, Evidence)> {
    let listed = ComparableName::of(&entry.name)?;
    let (likeness, given) = names.nearest(&listed)?;
    let kind = match likeness {
        SAME => SignalKind::RegisterName,
        _ => SignalKind::RegisterNameNear,
    };
    let evidence = Evidence {
        list: "register".to_owned(),
        version: crate::calendar::tokyo_date(entry.recorded_at).to_string(),
        entry: entry.id.clone(),
        given: given.0.clone(),
        listed: entry.name.clone(),
        given_form: given.1.form(),
        listed_form: listed.form(),
        likeness_permille: likeness,
    };
    Some((kind, evidence))
}

impl Signal {
    /// Returns how near the compared names are; a thousand where no names were compared but something was the same.
    fn likeness_permille(&self) -> u16 {
        self.evidence
            .as_ref()
            .map_or(SAME, |evidence| evidence.likeness_permille)
    }
}
