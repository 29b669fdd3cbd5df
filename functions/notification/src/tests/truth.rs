//! A letter is written only while what it tells is so, at the moment of sending.

use ciero_domain::Language;
use ciero_domain::contract::{Command, Measure, MeasureGround};
use ciero_domain::money::Yen;
use ciero_domain::notice::Notice;
use jiff::civil::{Date, date};

use super::life::*;
use super::mocks::Mocks;
use super::samples::*;

const JA: Language = Language::Ja;

/// The text of a notice on a day, or `None` if nothing is sent.
async fn told(life: &Life, notice: &Notice, on: Date) -> Option<String> {
    let app = Mocks::living(life).app();
    let letter = crate::letter::write(&app, notice, morning(on)).await;
    letter.unwrap().map(|letter| letter.text)
}

async fn check(life: &Life, notice: &Notice, on: Date, is_told: bool) {
    let text = told(life, notice, on).await;
    assert_eq!(text.is_some(), is_told, "{notice:?} on {on}");
}

/// Checks that a letter on a day holds all of these words.
async fn check_words(life: &Life, notice: &Notice, on: Date, words: &[&str]) {
    let text = told(life, notice, on).await.unwrap();
    for word in words {
        assert!(text.contains(word), "{word} is missing in\n{text}");
    }
}

fn suspended() -> Notice {
    Notice::Suspended {
        contract: contract_id(),
    }
}

fn lifted() -> Notice {
    Notice::SuspensionLifted {
        contract: contract_id(),
    }
}

mod art_11 {
    use super::*;

    fn reminder(term: u16, days_before: u16) -> Notice {
        Notice::RenewalReminder {
            contract: contract_id(),
            order: 1,
            term,
            days_before,
        }
    }

    fn renewed(term: u16) -> Notice {
        Notice::Renewed {
            contract: contract_id(),
            order: 1,
            term,
        }
    }

    #[tokio::test]
    async fn a_reminder_is_true_to_the_last_day_to_refuse_and_no_longer() {
        let life = Life::in_good_standing(JA).through(date(2027, 4, 30));
        check(&life, &reminder(1, 31), LAST_DAY, true).await;
        check(&life, &reminder(1, 31), date(2027, 5, 2), false).await;
    }

    #[tokio::test]
    async fn a_reminder_of_what_was_refused_cancelled_or_rescinded_is_not_sent() {
        let (march, april) = (date(2027, 3, 2), date(2027, 4, 1));
        let life = || Life::in_good_standing(JA).through(march);
        check(&life(), &reminder(1, 90), march, true).await;
        check(&life().refused(march), &reminder(1, 90), march, false).await;
        let cancelled = life().cancelled(march, april);
        check(&cancelled, &reminder(1, 90), march, false).await;
        check(&life().rescinded(march), &reminder(1, 90), march, false).await;
    }

    #[tokio::test]
    async fn a_reminder_of_a_term_that_is_over_is_not_sent() {
        let life = Life::in_good_standing(JA).through(RENEWED);
        check(&life, &reminder(1, 31), RENEWED, false).await;
    }

    #[tokio::test]
    async fn a_reminder_names_the_last_day_the_next_term_and_its_fixed_price() {
        let life = Life::in_good_standing(JA).through(date(2027, 3, 2));
        let words = [
            "2027年5月1日 24時まで",
            "2027年5月31日",
            "2027年6月1日 から 2028年5月31日 まで",
            "39,600円",
            "2026-04-01 版",
            "https://portal.example.jp/contract",
        ];
        check_words(&life, &reminder(1, 90), date(2027, 3, 2), &words).await;
    }

    #[tokio::test]
    async fn an_outcome_is_told_of_its_own_term_however_late() {
        let life = Life::in_good_standing(JA).through(date(2029, 6, 1));
        let today = date(2029, 6, 1);
        let second = "2027年6月1日 から 2028年5月31日 まで";
        check_words(&life, &renewed(2), today, &[second, "2028年5月1日"]).await;
        let fourth = "2029年6月1日 から 2030年5月31日 まで";
        check_words(&life, &renewed(4), today, &[fourth]).await;
        check(&life, &renewed(5), today, false).await;
    }
}

mod art_06 {
    use super::*;
    use ciero_domain::application::Channel;
    use ciero_domain::samples;

    fn issued(life: &Life, number: u32) -> Notice {
        Notice::InvoiceIssued {
            contract: life.contract.id.clone(),
            number,
        }
    }

    #[tokio::test]
    async fn a_due_date_that_a_holiday_moved_is_told_with_both_days() {
        let first = date(2026, 9, 1);
        let life = Life::of(samples::contract(first)).through(first);
        let words = ["2026年11月2日（2026年10月31日が金融機関の休業日のため、翌営業日）"];
        check_words(&life, &issued(&life, 1), first, &words).await;
    }

    #[tokio::test]
    async fn a_credit_that_was_set_off_is_told_with_what_is_left_to_pay() {
        let renewed_with = |credit: i64| {
            let life = Life::begin(JA).through(date(2026, 6, 1));
            life.paid(39_600 + credit, date(2026, 6, 10))
                .through(RENEWED)
        };
        let life = renewed_with(600);
        let words = ["600円", "39,000円", "支払期日までに"];
        check_words(&life, &issued(&life, 2), RENEWED, &words).await;
        let life = renewed_with(39_600);
        let words = ["お支払いの必要はありません"];
        check_words(&life, &issued(&life, 2), RENEWED, &words).await;
    }

    #[tokio::test]
    async fn a_statement_of_interest_shows_its_calculation() {
        let paid_on = date(2026, 9, 1);
        let life = Life::begin(JA)
            .through(date(2026, 6, 1))
            .paid(39_600, paid_on);
        let life = life.ask(Command::BillInterest { of: 1 }, paid_on);
        let words = ["491円", "39,600円 × 14.6% × 31日 ÷ 365日", "第19条"];
        check_words(&life, &issued(&life, 2), paid_on, &words).await;
    }

    #[tokio::test]
    async fn a_document_that_is_not_there_is_an_error() {
        let life = Life::begin(JA);
        let app = Mocks::living(&life).app();
        let letter = crate::letter::write(&app, &issued(&life, 9), now()).await;
        assert!(letter.is_err());
    }

    #[tokio::test]
    async fn what_a_reseller_bills_is_named_as_the_reseller_s() {
        let mut life = Life::begin(JA);
        life.contract.channel = Channel::Reseller("example".into());
        let life = life.through(RENEWED);
        for notice in life.notices.clone() {
            let on = match notice {
                Notice::RenewalReminder { .. } => continue,
                _ => RENEWED,
            };
            let text = told(&life, &notice, on).await.unwrap();
            assert!(text.contains("販売店の定めるところ"), "{text}");
            assert!(!text.contains("39,600円"), "{text}");
        }
    }

    #[tokio::test]
    async fn a_suspension_is_told_while_it_lasts_with_its_way_out() {
        let life = Life::suspended(JA);
        let words = ["第6条第2項", "39,600円", "録画は、保存日数の範囲で続けます"];
        check_words(&life, &suspended(), SUSPENDED, &words).await;
        check(&life, &lifted(), SUSPENDED, false).await;
        let paid_on = date(2026, 8, 24);
        let life = life.paid(39_600, paid_on);
        check(&life, &suspended(), paid_on, false).await;
        check(&life, &lifted(), paid_on, true).await;
    }
}

mod art_13 {
    use super::*;

    #[tokio::test]
    async fn a_demand_is_sent_only_while_something_is_open() {
        let life = Life::demanded(JA);
        check(&life, &demand(), DEMANDED, true).await;
        check(
            &life.clone().paid(39_599, DEMANDED),
            &demand(),
            DEMANDED,
            true,
        )
        .await;
        check(&life.paid(39_600, DEMANDED), &demand(), DEMANDED, false).await;
    }

    #[tokio::test]
    async fn a_demand_names_what_is_open_and_the_period_that_it_sets() {
        let life = Life::demanded(JA).paid(600, DEMANDED);
        let words = [
            "39,000円",
            "2026年7月31日",
            "2026年8月22日",
            "14.6",
            "第13条第1項第2号",
        ];
        check_words(&life, &demand(), DEMANDED, &words).await;
        // The period is counted from the day on which it is really sent.
        check_words(&life, &demand(), date(2026, 8, 10), &["2026年8月24日"]).await;
    }

    #[tokio::test]
    async fn a_demand_under_an_ended_contract_threatens_no_suspension() {
        let life = Life::begin(JA).through(date(2026, 6, 1));
        let life = life.rescinded(date(2026, 7, 1)).through(date(2026, 7, 9));
        let text = told(&life, &demand(), date(2026, 7, 9)).await.unwrap();
        assert!(!text.contains("停止"), "{text}");
        assert!(text.contains("2026年7月1日"), "{text}");
    }

    #[tokio::test]
    async fn a_measure_is_told_with_its_item_and_without_its_evidence() {
        let july = date(2026, 7, 1);
        let life = Life::begin(JA).through(july);
        let held = life.clone().ask(Command::Suspend(breach(july)), july);
        let words = ["第13条第1項第1号", "第13条第2項", "39,600円"];
        check_words(&held, &suspended(), july, &words).await;
        let rescinded = Notice::Rescinded {
            contract: contract_id(),
        };
        let software = Measure {
            ground: MeasureGround::SoftwareMisuse,
            ..breach(july)
        };
        let gone = life.ask(Command::ProposeRescission(software), july).ask_as(
            Command::ApproveRescission,
            "operator:second",
            july,
        );
        check_words(&gone, &rescinded, july, &["第17条第2項", "39,600円"]).await;
        for (life, notice) in [(held, suspended()), (gone, rescinded)] {
            let text = told(&life, &notice, july).await.unwrap();
            assert!(
                !text.contains("4711") && !text.contains("operator"),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn a_suspension_that_a_rescission_overtook_is_told_by_neither_letter() {
        let life = Life::suspended(JA).rescinded(SUSPENDED);
        check(&life, &suspended(), SUSPENDED, false).await;
        check(&life, &lifted(), SUSPENDED, false).await;
    }
}

mod art_15 {
    use super::*;

    #[tokio::test]
    async fn a_late_receipt_does_not_ask_for_what_is_no_longer_possible() {
        let (today, end) = (date(2026, 10, 1), date(2026, 10, 31));
        let life = Life::in_good_standing(JA).cancelled(today, end);
        let notice = Notice::CancellationReceived {
            contract: contract_id(),
            receipt: "R-0001".into(),
        };
        let save = "必要な録画は、終了日までに書き出してください";
        let words = [
            save,
            "返金いたしません",
            "R-0001",
            "2026年10月31日 24時まで",
        ];
        check_words(&life, &notice, end, &words).await;
        let late = told(&life, &notice, date(2026, 11, 1)).await.unwrap();
        assert!(!late.contains(save), "{late}");
    }

    #[tokio::test]
    async fn what_is_owed_at_the_end_is_listed() {
        let (today, end) = (date(2026, 7, 1), date(2026, 7, 31));
        let life = Life::begin(JA).through(today).cancelled(today, end);
        let ended = Notice::ContractEnded {
            contract: contract_id(),
        };
        check(&life, &ended, end, false).await;
        let over = date(2026, 8, 1);
        let owing = life.through(over);
        check_words(
            &owing,
            &ended,
            over,
            &["お支払いいただく必要があります", "39,600円"],
        )
        .await;
        assert_eq!(owing.contract.account.open_yen(), Yen(39_600));
    }
}
