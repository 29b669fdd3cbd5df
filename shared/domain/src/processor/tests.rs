//! The register and its gate, clause by clause.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jiff::civil::date;

use super::*;
use crate::calendar::start_of;
use crate::particulars::FieldRule;
use crate::samples::{processor, reseller};

const ALICE: &str = "operator:alice";
const BOB: &str = "operator:bob";

fn now() -> Timestamp {
    start_of(date(2026, 6, 1))
}

/// A register of one entry that keeps and mails everything.
fn register() -> Register {
    let uses = BTreeSet::from([Use::Storage, Use::Mail]);
    let laid = Register::publish(
        None,
        vec![processor("cloud", &["storage", "mail"])],
        uses,
        (ALICE, now()),
    );
    laid.unwrap().unwrap()
}

fn list(payment_ja: &str, payment_en: &str) -> PriceList {
    PriceList {
        payment_ja: payment_ja.into(),
        payment_en: payment_en.into(),
        ..crate::samples::price_list()
    }
}

/// What a publication with one more use comes to where one more entry is on the register.
fn check(one: Use, entry: impl FnOnce(&mut Processor)) -> Result<u64, Refusal> {
    let mut other = processor("other", &[&one.code()]);
    entry(&mut other);
    let mut before = register();
    before.processors.push(other);
    let uses = before.uses.iter().cloned().chain([one]).collect();
    let after = Register::publish(Some(&before), Vec::new(), uses, (ALICE, now()));
    after.map(|after| after.unwrap().version)
}

mod art_10 {
    use super::*;

    #[test]
    fn a_use_without_an_active_entry_is_refused_and_with_one_it_is_taken() {
        assert_eq!(check(Use::Card, |_| {}), Ok(2));
        assert_eq!(
            check(Use::Card, |entry| entry.uses.clear()),
            Err(Refusal::Uncovered)
        );
        let tomorrow = |entry: &mut Processor| entry.since = date(2026, 6, 2);
        assert_eq!(check(Use::Card, tomorrow), Err(Refusal::Uncovered));
        let ending = |entry: &mut Processor| entry.until = Some(date(2030, 1, 1));
        assert_eq!(
            check(Use::Card, ending),
            Err(Refusal::Uncovered),
            "its end is in sight"
        );
    }

    #[test]
    fn the_service_always_keeps_data_and_sends_mail_so_no_register_is_without_both() {
        let settings = Operator::default();
        let uses = Use::all(&settings, std::iter::empty());
        assert_eq!(uses, BTreeSet::from([Use::Storage, Use::Mail]));
        for missing in [vec![], vec![processor("cloud", &["storage"])]] {
            let laid = Register::publish(None, missing, uses.clone(), (ALICE, now()));
            assert_eq!(laid, Err(Refusal::Uncovered));
        }
    }

    #[test]
    fn the_settings_and_what_price_lists_tell_customers_say_which_uses_are_made() {
        let settings = Operator {
            resellers: vec![reseller()],
            ..Operator::default()
        };
        let lists = [
            list("銀行振込", "bank transfer"),
            list("銀行振込または口座振替", ""),
            list("", "by Credit Card"),
        ];
        let reseller = Use::Reseller(reseller().code);
        let fixed = Use::FIXED.into_iter();
        assert_eq!(
            Use::all(&settings, lists.iter()),
            fixed.chain([reseller]).collect()
        );
        let uses = Use::all(&Operator::default(), lists[..1].iter());
        assert_eq!(uses.len(), 2, "{uses:?}");
    }

    #[test]
    fn every_use_is_read_by_its_code_and_no_other_is() {
        for one in Use::FIXED
            .into_iter()
            .chain([Use::Reseller("mihon".into())])
        {
            assert_eq!(Use::parse(&one.code()), Some(one));
        }
        for code in ["", "reseller/", "fax"] {
            assert_eq!(Use::parse(code), None, "{code}");
        }
    }

    #[test]
    fn a_change_counts_when_a_second_operator_agrees() {
        let change = Change::Enter {
            processor: Box::new(processor("card", &["card"])),
        };
        let proposed = register().propose(change, ALICE, now()).unwrap();
        assert_eq!((proposed.version, proposed.processors.len()), (2, 1));
        assert_eq!(
            proposed.approve("card", ALICE, now()),
            Err(Refusal::AuthorApproves)
        );
        assert_eq!(
            proposed.approve("cloud", BOB, now()),
            Err(Refusal::NothingWaits)
        );
        let approved = proposed.approve("card", BOB, now()).unwrap();
        assert_eq!((approved.version, approved.processors.len()), (3, 2));
        assert!(approved.waiting.is_empty());
        let proposed_by = ALICE.to_owned();
        let id = "card".to_owned();
        assert_eq!(approved.act, Act::Approved { id, proposed_by });
        assert_eq!(
            approved.approve("card", BOB, now()),
            Err(Refusal::NothingWaits)
        );
        let withdrawn = proposed.withdraw("card", ALICE, now()).unwrap();
        assert_eq!(
            (withdrawn.processors.len(), withdrawn.waiting.len()),
            (1, 0)
        );
    }

    #[test]
    fn a_later_proposal_takes_the_place_of_an_earlier_one_and_an_approval_of_it_with_it() {
        let enter = |nda: &str| Change::Enter {
            processor: Box::new(Processor {
                nda: Some(nda.into()),
                ..processor("card", &["card"])
            }),
        };
        let register = register().propose(enter("N-1"), ALICE, now()).unwrap();
        let register = register.propose(enter("N-2"), BOB, now()).unwrap();
        assert_eq!(register.waiting.len(), 1);
        assert_eq!(
            register.approve("card", BOB, now()),
            Err(Refusal::AuthorApproves)
        );
        let approved = register.approve("card", ALICE, now()).unwrap();
        assert_eq!(
            approved.processor("card").unwrap().nda.as_deref(),
            Some("N-2")
        );
    }

    #[test]
    fn an_entry_that_an_enabled_use_needs_neither_ends_nor_loses_what_the_use_needs() {
        let end = |id: &str, until| Change::End {
            id: id.into(),
            until,
        };
        let propose = |register: &Register, change| {
            register
                .propose(change, ALICE, now())
                .map(|after| after.version)
        };
        let day = date(2026, 12, 31);
        assert_eq!(
            propose(&register(), end("cloud", day)),
            Err(Refusal::Uncovered)
        );
        let poorer = Change::Enter {
            processor: Box::new(Processor {
                data: vec![DataClass::Registered],
                ..processor("cloud", &["storage", "mail"])
            }),
        };
        assert_eq!(propose(&register(), poorer), Err(Refusal::Uncovered));
        let mut two = register();
        two.processors
            .push(processor("other", &["storage", "mail"]));
        assert_eq!(propose(&two, end("cloud", day)), Ok(2));
        assert_eq!(
            propose(&two, end("cloud", date(2020, 1, 1))),
            Err(Refusal::EndsTooEarly)
        );
        assert_eq!(propose(&two, end("third", day)), Err(Refusal::Unknown));
        two.processors[0].until = Some(day);
        assert_eq!(propose(&two, end("cloud", day)), Err(Refusal::AlreadyEnded));
    }

    #[test]
    fn what_was_covered_when_it_was_proposed_is_looked_at_again_when_it_is_approved() {
        let mut two = register();
        two.processors
            .push(processor("other", &["storage", "mail"]));
        let end = |id: &str| Change::End {
            id: id.into(),
            until: date(2026, 12, 31),
        };
        let both = two.propose(end("cloud"), ALICE, now()).unwrap();
        let both = both.propose(end("other"), ALICE, now()).unwrap();
        let one = both.approve("cloud", BOB, now()).unwrap();
        assert_eq!(one.approve("other", BOB, now()), Err(Refusal::Uncovered));
    }

    #[test]
    fn an_old_day_shows_the_register_of_that_day() {
        let first = register();
        let change = Change::Enter {
            processor: Box::new(processor("card", &["card"])),
        };
        let next = first
            .propose(change, ALICE, start_of(date(2026, 7, 1)))
            .unwrap();
        let next = next
            .approve("card", BOB, start_of(date(2026, 7, 2)))
            .unwrap();
        let all = [first, next];
        let version = |day| on(&all, day).map(|version| version.version);
        assert_eq!(version(date(2026, 5, 31)), None);
        assert_eq!(version(date(2026, 7, 1)), Some(1));
        assert_eq!(version(date(2026, 7, 2)), Some(3));
    }

    #[test]
    fn the_folder_changes_no_register_that_is_there() {
        let before = register();
        let folder = vec![processor("card", &["card"])];
        let same = Register::publish(
            Some(&before),
            folder.clone(),
            before.uses.clone(),
            (ALICE, now()),
        );
        assert_eq!(same, Ok(None));
        let more = before.uses.iter().cloned().chain([Use::Card]).collect();
        let refused = Register::publish(Some(&before), folder, more, (ALICE, now()));
        assert_eq!(refused, Err(Refusal::Uncovered));
    }
}

mod art_22 {
    use super::*;

    #[test]
    fn whoever_is_handed_data_has_promised_secrecy() {
        let bare = Processor {
            nda: None,
            ..processor("cloud", &["storage", "mail"])
        };
        assert_eq!(bare.check(), Err(Refusal::NoNda));
        let uses = BTreeSet::from([Use::Storage]);
        let laid = Register::publish(None, vec![bare.clone()], uses, (ALICE, now()));
        assert_eq!(laid, Err(Refusal::NoNda));
        let handed_nothing = Processor {
            data: Vec::new(),
            ..bare
        };
        assert_eq!(handed_nothing.check(), Ok(()));
        assert_eq!(
            check(Use::Card, |entry| {
                entry.nda = None;
                entry.data.clear();
            }),
            Err(Refusal::Uncovered)
        );
    }

    #[test]
    fn a_use_is_covered_only_with_every_class_of_data_that_it_needs() {
        for one in Use::FIXED {
            for class in one.data() {
                let poorer = |entry: &mut Processor| entry.data.retain(|other| other != class);
                let mut alone = register();
                alone.processors = vec![processor("other", &[&one.code()])];
                alone.uses = BTreeSet::from([one.clone()]);
                let day = date(2026, 6, 1);
                assert_eq!(uncovered(&alone.processors, &alone.uses, day), []);
                poorer(&mut alone.processors[0]);
                let missing = uncovered(&alone.processors, &alone.uses, day);
                assert_eq!(missing, std::slice::from_ref(&one), "{class:?}");
            }
        }
    }
}

/// The preamble: data are kept in Japan.
mod art_00 {
    use super::*;

    #[test]
    fn a_location_is_a_region_or_a_place_in_japan() {
        let words = |text: &str| {
            let location = Location::parse(text).unwrap();
            (location.words(Language::Ja), location.words(Language::En))
        };
        assert_eq!(
            words("ap-northeast-1"),
            (
                "日本（東京リージョン ap-northeast-1）".into(),
                "Japan (Tokyo region, ap-northeast-1)".into()
            )
        );
        assert_eq!(
            words("大阪府大阪市北区1-1"),
            ("大阪府大阪市北区1-1".into(), "Japan (Osaka)".into())
        );
        assert_eq!(
            Location::parse("ap-northeast-1, 東京都").unwrap().as_str(),
            "ap-northeast-1、東京都"
        );
    }

    #[test]
    fn anything_else_is_refused_also_beside_a_place_in_japan() {
        for text in [
            "us-east-1",
            "ap-northeast-2",
            "Tokyo",
            "米国",
            "東京都、米国",
            "ap-northeast-1,eu-west-1",
            "東京都、",
        ] {
            assert_eq!(Location::parse(text), Err(FieldRule::NotInJapan), "{text}");
        }
        assert_eq!(Location::parse(" "), Err(FieldRule::Required));
        let stored: Result<Location, _> = serde_json::from_str("\"us-east-1\"");
        assert!(stored.unwrap_err().to_string().starts_with("not_in_japan"));
    }
}
