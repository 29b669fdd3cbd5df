//! Article 3: the way of an application.
#![allow(clippy::unwrap_used)]

use super::tests_support::{draft, prices, raw};
use super::*;
use jiff::civil::date;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn run(commands: Vec<Command>) -> Result<Application, Refusal> {
    commands
        .into_iter()
        .try_fold(draft(), |application, command| {
            let event = decide(&application, command, NOW)?;
            Ok(evolve(application, &event))
        })
}

fn submit() -> Command {
    Command::Submit {
        shown_hash: draft().confirmation.hash(),
        fresh: Box::new(draft().confirmation),
    }
}

fn register() -> Command {
    Command::Register {
        contract: ContractId::from_random([2; 10]),
        channel: Channel::Direct,
    }
}

#[test]
fn an_application_goes_from_draft_to_registration() {
    let done = run(vec![
        submit(),
        Command::BeginScreening,
        Command::Approve,
        register(),
    ])
    .unwrap();
    assert_eq!(done.state, State::Registered);
    assert_eq!(done.contract, Some(ContractId::from_random([2; 10])));
    assert_eq!(done.version, 5);
}

#[test]
fn an_approved_application_is_no_contract_yet() {
    let approved = run(vec![submit(), Command::BeginScreening, Command::Approve]).unwrap();
    assert_eq!(approved.contract, None);
}

#[test]
fn nothing_is_registered_before_approval() {
    for commands in [
        vec![register()],
        vec![submit(), register()],
        vec![submit(), Command::BeginScreening, register()],
    ] {
        assert_eq!(run(commands).unwrap_err(), Refusal::WrongState);
    }
}

#[test]
fn a_confirmation_of_other_content_is_refused() {
    let command = Command::Submit {
        shown_hash: "0".repeat(64),
        fresh: Box::new(draft().confirmation),
    };
    assert_eq!(
        run(vec![command]).unwrap_err(),
        Refusal::ConfirmationOutdated
    );
}

#[test]
fn a_price_that_changed_since_the_screen_is_refused() {
    let mut dearer = prices();
    dearer.plans[0].yearly_yen = crate::money::Yen(19_000);
    let fresh = Confirmation::build(&dearer, 30, 2, "2026-04-01", date(2026, 4, 1)).unwrap();
    let command = Command::Submit {
        shown_hash: draft().confirmation.hash(),
        fresh: Box::new(fresh),
    };
    assert_eq!(
        run(vec![command]).unwrap_err(),
        Refusal::ConfirmationOutdated
    );
}

#[test]
fn a_confirmation_of_yesterday_still_holds_if_nothing_but_the_day_changed() {
    let fresh = Confirmation::build(&prices(), 30, 2, "2026-04-01", date(2026, 4, 2)).unwrap();
    let command = Command::Submit {
        shown_hash: draft().confirmation.hash(),
        fresh: Box::new(fresh),
    };
    assert_eq!(run(vec![command]).unwrap().state, State::Submitted);
}

#[test]
fn consent_must_name_the_version_in_force() {
    let refused = |change: fn(&mut RawApplication)| {
        let mut form = raw();
        change(&mut form);
        Form::parse(&form, "2026-04-01", &[30]).unwrap_err()
    };
    let consent = vec![FieldError::new("consent", FieldRule::Consent)];
    assert_eq!(refused(|f| f.consent = String::new()), consent);
    assert_eq!(refused(|f| f.terms_version = "2020-04-01".into()), consent);
    assert_eq!(
        refused(|f| f.not_antisocial = "off".into()),
        [FieldError::new("not_antisocial", FieldRule::Declaration)]
    );
    assert_eq!(
        refused(|f| f.retention_days = "31".into()),
        [FieldError::new("retention_days", FieldRule::Plan)]
    );
    assert_eq!(
        refused(|f| f.cameras = "0".into()),
        [FieldError::new("cameras", FieldRule::Cameras)]
    );
}

#[test]
fn the_confirmation_screen_is_the_same_bytes_for_the_same_order() {
    let build = || Confirmation::build(&prices(), 30, 2, "2026-04-01", date(2026, 4, 1)).unwrap();
    assert_eq!(
        serde_json::to_vec(&build()).unwrap(),
        serde_json::to_vec(&build()).unwrap()
    );
    assert_eq!(build().hash(), build().hash());
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(submit()),
        Just(Command::BeginScreening),
        Just(Command::Approve),
        Just(Command::Decline),
        Just(Command::Withdraw),
        Just(register()),
    ]
}

proptest! {
    #[test]
    fn a_contract_exists_only_in_the_state_registered(commands in prop::collection::vec(any_command(), 0..12)) {
        let mut application = draft();
        for command in commands {
            if let Ok(event) = decide(&application, command, NOW) {
                application = evolve(application, &event);
            }
            prop_assert_eq!(application.contract.is_some(), application.state == State::Registered);
        }
    }

    #[test]
    fn nothing_follows_an_end(commands in prop::collection::vec(any_command(), 1..6), end in prop_oneof![Just(Command::Decline), Just(Command::Withdraw)]) {
        let ended = run(vec![submit(), Command::BeginScreening, end]).unwrap();
        for command in commands {
            prop_assert_eq!(decide(&ended, command, NOW).unwrap_err(), Refusal::WrongState);
        }
    }
}
