//! Whatever operators try in whatever order, nothing leaves without two approvals of others.

use proptest::prelude::*;

use super::*;

fn command() -> impl Strategy<Value = Command> {
    let part = Scope {
        data: vec![DataKind::Users],
        recordings: Vec::new(),
    };
    let reason = String::from("理由");
    prop_oneof![
        1 => Just(Command::AddDocument(document())),
        1 => Just(Command::PlaceHold),
        1 => Just(Command::ProposeRelease { reason }),
        1 => Just(Command::ApproveRelease),
        1 => Just(judge(Verdict::All, Scope::default())),
        1 => Just(judge(Verdict::Part, part)),
        1 => Just(judge(Verdict::Refuse, Scope::default())),
        5 => Just(Command::Approve),
        2 => Just(Command::ApproveVideo),
        2 => Just(Command::Package(package(&[]))),
        2 => Just(Command::Package(package(&[stretch(1)]))),
        2 => Just(Command::Deliver(delivery("22", 10))),
        1 => Just(closing(ClosingCause::Delivered)),
        1 => Just(closing(ClosingCause::Refused)),
        1 => Just(closing(ClosingCause::Withdrawn)),
    ]
}

fn basis() -> impl Strategy<Value = LegalBasis> {
    prop::sample::select(LegalBasis::ALL)
}

/// What must hold of every case.
fn check(case: &Disclosure) {
    if let (Some(package), Some(judgement)) = (&case.package, &case.judgement) {
        let mut approved: Vec<&str> = case.approvals.iter().map(|one| one.by.as_str()).collect();
        approved.sort_unstable();
        approved.dedup();
        assert_eq!(approved.len(), APPROVALS);
        assert!(!approved.contains(&case.opened.by.as_str()));
        assert!(judgement.scope.is_within(&case.scope));
        assert!(judgement.verdict != Verdict::Refuse);
        assert!(!case.documents.is_empty());
        if !package.recordings.is_empty() {
            assert!(case.request.basis.allows_video());
            assert!(case.video_approval.is_some());
        }
    }
    assert!(case.delivery.is_none() || case.package.is_some());
    assert!(case.closing.is_none() || !case.is_held());
}

proptest! {
    #[test]
    fn art_21_nothing_leaves_without_two_approvals_of_others(
        basis in basis(),
        tries in prop::collection::vec((command(), prop::sample::select(vec!["a", "b", "c", "d"])), 0..60),
    ) {
        let mut case = Case::open(basis);
        let mut entries = vec![opening(basis).decide("a", at(0)).unwrap()];
        for (command, by) in tries {
            let before = case.0.clone();
            match before.decide(command, by, at(10)) {
                Ok(entry) => {
                    case.0 = evolve(Some(&before), &entry).unwrap();
                    assert_eq!(case.0.version, before.version + 1);
                    entries.push(entry);
                }
                Err(_) => assert_eq!(case.0, before),
            }
            check(&case.0);
        }
        let folded = entries.iter().fold(None, |case: Option<Disclosure>, entry| evolve(case.as_ref(), entry));
        assert_eq!(folded, Some(case.0));
    }
}
