//! Hits on screening lists, and the evidence that a screener is shown.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::application::tests_support::submitted;
use crate::corporate_number::CorporateNumber;
use crate::documents::Bilingual;

fn entry(id: &str, names: &[&str]) -> ListEntry {
    ListEntry {
        id: id.into(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        weak_names: Vec::new(),
        corporate_number: None,
        note: None,
    }
}

fn list(entries: Vec<ListEntry>) -> ScreeningList {
    ScreeningList {
        list: "sanctions".into(),
        version: "2026-04-01".into(),
        name: Bilingual::default(),
        source: "nowhere".into(),
        issued_on: None,
        ground: Ground::Unsuitable,
        entries,
    }
}

fn found(list: ScreeningList) -> Vec<Signal> {
    signals(&submitted(), &[], &[&ListIndex::of(list)], &[])
}

fn kinds(change: impl FnOnce(&mut ListEntry)) -> Vec<SignalKind> {
    let mut entry = entry("e-1", &["無関係"]);
    change(&mut entry);
    found(list(vec![entry])).iter().map(|s| s.kind).collect()
}

fn named(name: &str) -> Vec<SignalKind> {
    kinds(|e| e.names.push(name.to_owned()))
}

mod art_03 {
    use super::*;

    #[test]
    fn an_applicant_on_a_list_is_found_by_each_name() {
        assert_eq!(named("見本商店 (株)"), [SignalKind::ListName]);
        assert_eq!(named("見本太郎"), [SignalKind::ListName]);
        assert_eq!(named("見本　花子"), [SignalKind::ListName]);
        assert_eq!(
            named("MIHON SHOTEN Co., Ltd."),
            [SignalKind::ListName],
            "by its reading"
        );
    }

    #[test]
    fn a_corporate_number_on_a_list_is_found() {
        let number = CorporateNumber::parse("7123456789012").unwrap();
        let found = kinds(|e| e.corporate_number = Some(number));
        assert_eq!(found, [SignalKind::ListCorporateNumber]);
        let other = CorporateNumber::parse("9000000000000").unwrap();
        assert_eq!(kinds(|e| e.corporate_number = Some(other)), []);
    }

    #[test]
    fn a_different_name_or_one_that_folds_to_nothing_is_no_hit() {
        assert_eq!(named("見本商会"), []);
        assert_eq!(named("株式会社"), []);
        assert_eq!(named(""), []);
    }

    #[test]
    fn a_near_name_and_an_unreliable_alias_are_told_apart_from_the_same_name() {
        assert_eq!(named("Mihon Shotenn"), [SignalKind::ListNameNear]);
        let weak = kinds(|e| e.weak_names.push("見本太郎".into()));
        assert_eq!(weak, [SignalKind::ListNameWeak]);
        let both = kinds(|e| {
            e.weak_names.push("見本太郎".into());
            e.names.push("Mihon Shotenn".into());
        });
        assert_eq!(
            both,
            [SignalKind::ListNameNear],
            "the reliable name of an entry counts"
        );
    }

    #[test]
    fn the_evidence_names_entry_version_both_names_and_their_forms() {
        let hits = found(list(vec![entry("e-1", &["無関係", "Mihon Shoten K.K."])]));
        let expected = Evidence {
            list: "sanctions".into(),
            version: "2026-04-01".into(),
            entry: "e-1".into(),
            given: "ミホンショウテン".into(),
            listed: "Mihon Shoten K.K.".into(),
            given_form: "mihonshoten".into(),
            listed_form: "mihonshoten".into(),
            likeness_permille: 1000,
        };
        assert_eq!(hits[0].evidence, Some(expected));
    }

    #[test]
    fn a_hit_bears_on_the_ground_of_its_list_and_says_where_it_stands() {
        let mut entry = entry("e-1", &["見本太郎", "見本花子"]);
        entry.note = Some("1950年生まれ".into());
        let mut list = list(vec![entry]);
        list.ground = Ground::AntisocialForces;
        let found = found(list);
        assert_eq!(found.len(), 1, "one entry, one signal by its names");
        assert_eq!(found[0].note, "sanctions 2026-04-01: e-1 1950年生まれ");
        assert_eq!(found[0].ground, Ground::AntisocialForces);
    }

    #[test]
    fn hits_beyond_what_is_kept_are_counted_and_those_on_antisocial_forces_come_first() {
        let many = (1..=120).map(|number| entry(&format!("e-{number}"), &["見本太郎"]));
        let sanctions = ListIndex::of(list(many.collect()));
        let mut antisocial = list(vec![entry("a-1", &["見本太郎"])]);
        antisocial.ground = Ground::AntisocialForces;
        let antisocial = ListIndex::of(antisocial);
        let found = signals(&submitted(), &[], &[&sanctions, &antisocial], &[]);
        assert_eq!(found.len(), 101);
        assert_eq!(found[0].ground, Ground::AntisocialForces);
        let last = found.last().unwrap();
        assert_eq!(
            (last.kind, last.note.as_str()),
            (SignalKind::MoreHits, "21")
        );
    }

    #[test]
    fn a_name_near_one_on_the_register_is_shown_with_its_evidence() {
        let entry = RegisterEntry {
            id: "r-1".into(),
            cause: RegisterCause::Violation,
            name: "Mihon Shotenn".into(),
            corporate_number: String::new(),
            address: String::new(),
            phone: String::new(),
            email: String::new(),
            note: "unpaid".into(),
            contract: None,
            recorded_by: "operator".into(),
            recorded_at: Timestamp::UNIX_EPOCH,
            hashes: Vec::new(),
        };
        let found = signals(&submitted(), &[entry], &[], &[]);
        assert_eq!(found[0].kind, SignalKind::RegisterNameNear);
        let evidence = found[0].evidence.as_ref().unwrap();
        assert_eq!(
            (evidence.list.as_str(), evidence.entry.as_str()),
            ("register", "r-1")
        );
    }
}
