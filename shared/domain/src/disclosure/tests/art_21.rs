//! Each rule of a disclosure case by itself (21-4, D-31).

use super::*;

fn data_only() -> Scope {
    Scope {
        data: vec![DataKind::Users],
        recordings: Vec::new(),
    }
}

fn approved(basis: LegalBasis, verdict: Verdict, part: Scope) -> Case {
    Case::open(basis)
        .does(Command::AddDocument(document()), "a")
        .does(judge(verdict, part), "a")
        .does(Command::Approve, "b")
        .does(Command::Approve, "c")
}

#[test]
fn a_case_goes_from_request_to_delivery() {
    let recordings = [stretch(1)];
    let case = approved(LegalBasis::Warrant, Verdict::All, Scope::default())
        .does(Command::PlaceHold, "a")
        .does(Command::ApproveVideo, "b")
        .does(Command::Package(package(&recordings)), "a")
        .does(Command::Deliver(delivery("22", 10)), "a")
        .does(
            Command::ProposeRelease {
                reason: "終了".into(),
            },
            "a",
        )
        .does(Command::ApproveRelease, "b")
        .does(closing(ClosingCause::Delivered), "a");
    assert_eq!(case.0.stage(), Stage::Closed);
    assert!(!case.0.is_held());
    case.refusing(Command::PlaceHold, "a", Refusal::CaseClosed);
}

#[test]
fn whoever_prepared_the_case_cannot_approve_it_and_nobody_approves_twice() {
    Case::open(LegalBasis::Inquiry)
        .refusing(Command::Approve, "b", Refusal::NotJudged)
        .does(Command::AddDocument(document()), "d")
        .does(judge(Verdict::Part, data_only()), "e")
        .refusing(Command::Approve, "a", Refusal::ApprovalOwn)
        .refusing(Command::Approve, "d", Refusal::ApprovalOwn)
        .refusing(Command::Approve, "e", Refusal::ApprovalOwn)
        .does(Command::Approve, "b")
        .refusing(Command::Approve, "b", Refusal::ApprovalRepeated)
        .refusing(Command::Package(package(&[])), "a", Refusal::NotApproved)
        .does(Command::Approve, "c")
        .refusing(Command::Approve, "f", Refusal::ApprovedAlready);
}

#[test]
fn a_new_judgement_needs_new_approvals() {
    let case = approved(LegalBasis::Inquiry, Verdict::Part, data_only())
        .does(judge(Verdict::Refuse, Scope::default()), "a");
    assert_eq!(case.0.stage(), Stage::Judged);
    case.refusing(closing(ClosingCause::Refused), "a", Refusal::NotRefused);
}

#[test]
fn video_without_a_warrant_or_consent_is_refused() {
    for basis in LegalBasis::ALL {
        let mut case = Case::open(*basis);
        case.tries(Command::AddDocument(document()), "a").unwrap();
        let outcome = case.tries(judge(Verdict::All, Scope::default()), "a");
        let expected = match basis {
            LegalBasis::Warrant | LegalBasis::Consent => Ok(()),
            _ => Err(Refusal::VideoNeedsWarrant),
        };
        assert_eq!(outcome, expected, "{basis}");
    }
}

#[test]
fn video_needs_an_approval_of_its_own_and_its_complete_copy() {
    approved(LegalBasis::Warrant, Verdict::All, Scope::default())
        .refusing(Command::ApproveVideo, "a", Refusal::ApprovalOwn)
        .refusing(
            Command::Package(package(&[stretch(1)])),
            "a",
            Refusal::VideoNotApproved,
        )
        .does(Command::ApproveVideo, "c")
        .refusing(Command::ApproveVideo, "b", Refusal::ApprovedAlready)
        .refusing(Command::Package(package(&[])), "a", Refusal::CopyIncomplete)
        .refusing(
            Command::Package(package(&[stretch(2)])),
            "a",
            Refusal::CopyIncomplete,
        )
        .does(Command::Package(package(&[stretch(1)])), "a");
    approved(LegalBasis::Warrant, Verdict::Part, data_only()).refusing(
        Command::ApproveVideo,
        "b",
        Refusal::NoVideo,
    );
}

#[test]
fn a_judgement_to_disclose_needs_the_document_and_a_reason() {
    let silent = Command::Judge {
        verdict: Verdict::Refuse,
        part: Scope::default(),
        reason: String::new(),
    };
    Case::open(LegalBasis::Warrant)
        .refusing(silent, "a", Refusal::ReasonMissing)
        .refusing(
            judge(Verdict::All, Scope::default()),
            "a",
            Refusal::DocumentMissing,
        )
        .does(judge(Verdict::Refuse, Scope::default()), "a");
}

#[test]
fn a_part_is_a_part_of_what_was_asked_for() {
    let case = Case::open(LegalBasis::Warrant).does(Command::AddDocument(document()), "a");
    let beyond = Scope {
        data: vec![DataKind::Billing],
        recordings: Vec::new(),
    };
    let all = case.0.scope.clone();
    let other = Scope {
        data: Vec::new(),
        recordings: vec![stretch(2)],
    };
    [beyond, all, other, Scope::default()]
        .into_iter()
        .fold(case, |case, part| {
            case.refusing(judge(Verdict::Part, part), "a", Refusal::PartOutsideScope)
        })
        .does(judge(Verdict::Part, data_only()), "a");
}

#[test]
fn a_refusal_is_approved_by_two_and_has_no_package() {
    approved(LegalBasis::Inquiry, Verdict::Refuse, Scope::default())
        .refusing(
            Command::Package(package(&[])),
            "a",
            Refusal::NothingToDisclose,
        )
        .refusing(closing(ClosingCause::Delivered), "a", Refusal::NotDelivered)
        .does(closing(ClosingCause::Refused), "a");
}

#[test]
fn what_is_delivered_is_the_package_and_no_day_is_made_up() {
    approved(LegalBasis::Inquiry, Verdict::Part, data_only())
        .refusing(
            Command::Deliver(delivery("22", 10)),
            "a",
            Refusal::PackageMissing,
        )
        .does(Command::Package(package(&[])), "a")
        .refusing(Command::Package(package(&[])), "a", Refusal::PackageMade)
        .refusing(
            judge(Verdict::Refuse, Scope::default()),
            "a",
            Refusal::PackageMade,
        )
        .refusing(
            Command::Deliver(delivery("23", 10)),
            "a",
            Refusal::HashDiffers,
        )
        .refusing(
            Command::Deliver(delivery("22", 86_400)),
            "a",
            Refusal::DeliveredInTheFuture,
        )
        .refusing(
            Command::Deliver(delivery("22", -86_400)),
            "a",
            Refusal::DeliveredInTheFuture,
        )
        .does(Command::Deliver(delivery("22", 10)), "a")
        .refusing(
            Command::Deliver(delivery("22", 10)),
            "a",
            Refusal::DeliveredAlready,
        )
        .refusing(
            closing(ClosingCause::Withdrawn),
            "a",
            Refusal::DeliveredAlready,
        );
}

#[test]
fn a_hold_is_released_by_two_and_a_case_never_closes_over_it() {
    let release = || Command::ProposeRelease {
        reason: "求めの取下げ".into(),
    };
    let silent = Command::ProposeRelease {
        reason: String::new(),
    };
    Case::open(LegalBasis::Inquiry)
        .refusing(release(), "a", Refusal::HoldMissing)
        .refusing(Command::ApproveRelease, "a", Refusal::HoldMissing)
        .does(Command::PlaceHold, "a")
        .refusing(Command::PlaceHold, "a", Refusal::HoldPlaced)
        .refusing(closing(ClosingCause::Withdrawn), "a", Refusal::HoldInForce)
        .refusing(Command::ApproveRelease, "b", Refusal::ReleaseNotProposed)
        .refusing(silent, "a", Refusal::ReasonMissing)
        .does(release(), "a")
        .refusing(release(), "b", Refusal::ReleaseProposed)
        .refusing(Command::ApproveRelease, "a", Refusal::ReleaseOwn)
        .does(Command::ApproveRelease, "b")
        .refusing(Command::PlaceHold, "a", Refusal::HoldPlaced)
        .does(closing(ClosingCause::Withdrawn), "a");
}

/// What is wrong with an opening.
type Change = fn(&mut Opening);

#[test]
fn a_request_without_a_scope_or_a_statute_is_refused() {
    let refused = |change: fn(&mut Opening)| {
        let mut opening = opening(LegalBasis::Inquiry);
        change(&mut opening);
        opening.decide("a", at(0)).map(|_| ())
    };
    let cases: [(Change, Refusal); 6] = [
        (
            |o| {
                o.request.basis = LegalBasis::OtherStatute;
                o.request.statute = String::new();
            },
            Refusal::StatuteMissing,
        ),
        (|o| o.scope = Scope::default(), Refusal::NothingAsked),
        (
            |o| o.scope.recordings = vec![stretch(1); 11],
            Refusal::TooManyStretches,
        ),
        (
            |o| o.scope.recordings[0].until = at(1),
            Refusal::StretchInvalid,
        ),
        (
            |o| o.scope.recordings[0].from = o.scope.recordings[0].until,
            Refusal::StretchInvalid,
        ),
        (
            |o| o.scope.recordings[0].from = at(-32 * 86_400),
            Refusal::StretchInvalid,
        ),
    ];
    for (change, refusal) in cases {
        assert_eq!(refused(change), Err(refusal));
    }
    assert_eq!(refused(|_| ()), Ok(()));
}

#[test]
fn a_hold_may_be_placed_with_the_case() {
    let opening = Opening {
        hold: HoldWhen::AtOnce,
        ..opening(LegalBasis::Inquiry)
    };
    let entry = opening.decide("a", at(0)).unwrap();
    assert!(Disclosure::places_hold(&entry.event));
    let case = evolve(None, &entry).unwrap();
    assert!(case.is_held());
    Case(case).refusing(Command::PlaceHold, "a", Refusal::HoldPlaced);
}

#[test]
fn a_hold_keeps_exactly_the_scope() {
    let held = opening(LegalBasis::Warrant).scope.held();
    let Stretch {
        camera,
        from,
        until,
    } = stretch(1);
    let recordings = hold::Scope::Recordings {
        camera,
        from,
        until,
    };
    assert_eq!(held, [hold::Scope::RegisteredData, recordings.clone()]);
    let video = Scope {
        data: Vec::new(),
        recordings: vec![stretch(1)],
    };
    assert_eq!(video.held(), [recordings]);
}

fn fragment(number: u32, from: i64, until: i64) -> Fragment {
    Fragment {
        number: format!("{number:04}"),
        start: at(from),
        end: at(until),
        bytes: 10,
    }
}

#[test]
fn a_copy_tells_what_was_already_gone() {
    let order = CopyOrder {
        case: DisclosureId::from_random([1; 10]),
        contract: ContractId::from_random([2; 10]),
        stretch: stretch(1),
        stream_name: "ciero-k-1".into(),
    };
    let mut copy = HoldCopy::begin(order);
    copy.add(
        &[fragment(1, -7000, -6000), fragment(2, -5999, -5000)],
        20,
        "a".into(),
    );
    copy.read_up_to(at(-5000), at(0));
    assert_eq!(copy.completed_at, None);
    copy.read_up_to(at(-3000), at(1));
    assert_eq!(copy.completed_at, Some(at(1)));
    assert_eq!(copy.read_until, at(-3600));
    assert_eq!(copy.gone, [(at(-7200), at(-7000)), (at(-5000), at(-3600))]);
    assert_eq!(copy.gone_ms, 1_600_000);
    assert_eq!((copy.pieces, copy.fragments, copy.bytes), (1, 2, 20));
}

#[test]
fn fragments_are_put_together_up_to_a_size_and_in_order() {
    let numbers = |most_bytes, most| {
        let shuffled = vec![fragment(3, 3, 4), fragment(1, 1, 2), fragment(2, 2, 3)];
        let batches = batches(shuffled, most_bytes, most);
        let numbers = |batch: Batch| batch.into_iter().map(|f| f.number).collect::<Vec<_>>();
        batches.into_iter().map(numbers).collect::<Vec<_>>()
    };
    assert_eq!(numbers(20, 10), [vec!["0001", "0002"], vec!["0003"]]);
    assert_eq!(numbers(100, 1).len(), 3);
    assert_eq!(numbers(5, 10).len(), 3);
}
