//! Article 19: late interest, day by day.
#![allow(clippy::unwrap_used)]

use super::*;
use DayCount::{CalendarYearSplit, Fixed365};
use proptest::prelude::*;

/// Returns the interest on a debt of which nothing was paid before.
fn unpaid(principal: i64, due: Date, paid: Date, day_count: DayCount) -> Interest {
    part_paid(principal, due, &[], paid, day_count)
}

fn part_paid(
    principal: i64,
    due: Date,
    payments: &[(Date, i64)],
    through: Date,
    day_count: DayCount,
) -> Interest {
    let payments = payments.iter().map(|&(day, yen)| (day, Yen(yen)));
    Debt::new(Yen(principal), due, payments.collect())
        .unwrap()
        .interest(through, day_count)
}

/// Checks (principal, first day, last day, days, yen) of each tranche, and the total.
fn check(interest: &Interest, tranches: &[(i64, Date, Date, i64, i64)], total: i64) {
    let found: Vec<_> = interest
        .tranches
        .iter()
        .map(|t| (t.principal.0, t.from, t.to, t.days, t.yen.0))
        .collect();
    assert_eq!(found, tranches);
    assert_eq!(interest.total, Yen(total));
}

#[test]
fn every_worked_example_of_late_interest_holds() {
    let rows: serde_json::Value =
        serde_json::from_str(include_str!("../fixtures/vectors.json")).unwrap();
    let rows = rows["late_interest"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let day = |name: &str| row[name].as_str().unwrap().parse::<Date>().unwrap();
        let number = |name: &str| row[name].as_i64().unwrap();
        let (principal, due, paid) = (number("principal_yen"), day("due"), day("paid"));
        assert_eq!(days_late(due, paid), number("days"), "{row}");
        for (day_count, column) in [
            (CalendarYearSplit, "interest_yen_calendar_year_split"),
            (Fixed365, "interest_yen_fixed_365"),
        ] {
            let interest = unpaid(principal, due, paid, day_count);
            assert_eq!(interest.total, Yen(number(column)), "{column} {row}");
            let days: i64 = interest.tranches.iter().map(|tranche| tranche.days).sum();
            assert_eq!(days, number("days"), "{row}");
        }
    }
}

#[test]
fn the_day_of_a_part_payment_belongs_to_the_reduced_principal() {
    let (due, part, rest) = (date(2026, 10, 31), date(2026, 11, 20), date(2026, 12, 15));
    for (paid, left) in [(4_950, 7_150), (5_000, 7_100)] {
        for day_count in [CalendarYearSplit, Fixed365] {
            let interest = part_paid(12_100, due, &[(part, paid)], rest, day_count);
            let tranches = [
                (12_100, date(2026, 11, 1), date(2026, 11, 19), 19, 91),
                (left, part, date(2026, 12, 14), 25, 71),
            ];
            check(&interest, &tranches, 162);
        }
    }
}

#[test]
fn payment_by_the_day_after_the_due_date_bears_nothing() {
    let due = date(2026, 4, 30);
    for paid in [date(2026, 4, 1), due, date(2026, 5, 1)] {
        check(&unpaid(120_000, due, paid, Fixed365), &[], 0);
    }
}

/// Breaks when the due date or the day of payment counts, or when the first day of delay is left out (Art. 19).
#[test]
fn the_first_day_of_delay_follows_the_due_date_and_the_last_precedes_the_payment() {
    let due = date(2026, 4, 30);
    for (paid, days) in [
        (due, 0),
        (date(2026, 5, 1), 0),
        (date(2026, 5, 2), 1),
        (date(2026, 5, 3), 2),
        (date(2026, 6, 1), 31),
    ] {
        assert_eq!(days_late(due, paid), days, "{paid}");
    }
    let (first, last) = (date(2026, 5, 1), date(2026, 5, 31));
    let interest = unpaid(120_000, due, date(2026, 6, 1), CalendarYearSplit);
    check(&interest, &[(120_000, first, last, 31, 1_488)], 1_488);
    // One day of this debt is 48 yen, so a day too many or too few would show.
    assert_eq!(
        unpaid(120_000, due, last, CalendarYearSplit).total,
        Yen(1_440)
    );
}

#[test]
fn a_debt_due_on_31_december_starts_in_the_new_year() {
    let interest = unpaid(
        36_600,
        date(2027, 12, 31),
        date(2028, 1, 11),
        CalendarYearSplit,
    );
    let (first, last) = (date(2028, 1, 1), date(2028, 1, 10));
    check(&interest, &[(36_600, first, last, 10, 146)], 146);
    assert_eq!(interest.tranches[0].days_in_leap_years, 10);
}

#[test]
fn a_leap_year_ends_with_31_december() {
    let (due, paid) = (date(2028, 12, 30), date(2029, 1, 2));
    // By 365 the two days cost 107.00 yen; by 366 and 365 they cost 106.85.
    let interest = unpaid(133_750, due, paid, CalendarYearSplit);
    check(
        &interest,
        &[(133_750, date(2028, 12, 31), date(2029, 1, 1), 2, 106)],
        106,
    );
    assert_eq!(interest.tranches[0].days_in_leap_years, 1);
    assert_eq!(unpaid(133_750, due, paid, Fixed365).total, Yen(107));
    let century = unpaid(1, date(2099, 12, 31), date(2101, 1, 1), CalendarYearSplit);
    assert_eq!(century.tranches[0].days_in_leap_years, 0);
}

#[test]
fn payments_are_taken_by_date_and_a_day_is_cut_once() {
    let (due, through) = (date(2026, 10, 31), date(2026, 12, 15));
    let (part, later) = (date(2026, 11, 20), date(2026, 12, 1));
    let payments = [(later, 100), (part, 4_000), (later, 0), (part, 1_000)];
    let interest = part_paid(12_100, due, &payments, through, Fixed365);
    let tranches = [
        (12_100, date(2026, 11, 1), date(2026, 11, 19), 19, 91),
        (7_100, part, date(2026, 11, 30), 11, 31),
        (7_000, later, date(2026, 12, 14), 14, 39),
    ];
    check(&interest, &tranches, 161);
}

#[test]
fn a_payment_of_nothing_cuts_no_tranche() {
    let (due, through) = (date(2026, 10, 31), date(2026, 12, 15));
    let nothing = part_paid(12_100, due, &[(date(2026, 11, 20), 0)], through, Fixed365);
    assert_eq!(nothing, unpaid(12_100, due, through, Fixed365));
}

#[test]
fn only_payments_from_the_first_day_to_the_last_cut_the_time() {
    let (due, through) = (date(2026, 10, 31), date(2026, 11, 11));
    let first = date(2026, 11, 1);
    let payments = [
        (date(2026, 10, 1), 1_000),
        (first, 1_000),
        (through, 1_000),
        (date(2026, 12, 1), 1_000),
    ];
    let interest = part_paid(12_000, due, &payments, through, Fixed365);
    check(
        &interest,
        &[(10_000, first, date(2026, 11, 10), 10, 40)],
        40,
    );
}

#[test]
fn what_is_paid_beyond_the_principal_changes_nothing() {
    let (due, through) = (date(2026, 10, 31), date(2027, 12, 15));
    let payments = [
        (date(2026, 11, 20), i64::MAX),
        (date(2026, 11, 25), i64::MAX),
    ];
    let interest = part_paid(12_100, due, &payments, through, CalendarYearSplit);
    let (first, last) = (date(2026, 11, 1), date(2026, 11, 19));
    check(&interest, &[(12_100, first, last, 19, 91)], 91);
}

#[test]
fn a_principal_never_grows() {
    let day = date(2026, 10, 31);
    let debt = |principal, paid| Debt::new(Yen(principal), day, vec![(day, Yen(paid))]);
    assert_eq!(debt(-1, 0), Err(InvalidDebt::NegativePrincipal));
    assert_eq!(debt(1, -1), Err(InvalidDebt::NegativePayment));
    assert!(debt(0, 0).is_ok());
}

#[test]
fn the_edges_of_numbers_and_calendar_hold() {
    let interest = unpaid(i64::MAX, Date::MIN, Date::MAX, CalendarYearSplit);
    assert_eq!(interest.total, Yen(i64::MAX));
    assert_eq!(unpaid(1, Date::MAX, Date::MAX, Fixed365).total, Yen(0));
    assert_eq!(days_late(Date::MAX, Date::MIN), 0);
}

#[test]
fn a_customer_can_repeat_each_formula() {
    let formula = |due, paid, day_count| {
        let interest = unpaid(12_100, due, paid, day_count);
        [Language::Ja, Language::En].map(|language| interest.formulas(language).join("; "))
    };
    let (due, paid) = (date(2026, 10, 31), date(2026, 12, 15));
    let same_year = [
        "12,100円 × 14.6% × 44日 ÷ 365日 = 212円",
        "¥12,100 × 14.6% × 44 days ÷ 365 days = ¥212",
    ];
    assert_eq!(formula(due, paid, CalendarYearSplit), same_year);
    assert_eq!(formula(due, paid, Fixed365), same_year);
    let (due, paid) = (date(2027, 11, 30), date(2028, 3, 15));
    let split = [
        "12,100円 × 14.6% × (31日÷365 + 74日÷366) = 507円",
        "¥12,100 × 14.6% × (31 days ÷ 365 + 74 days ÷ 366) = ¥507",
    ];
    assert_eq!(formula(due, paid, CalendarYearSplit), split);
    let fixed = [
        "12,100円 × 14.6% × 105日 ÷ 365日 = 508円",
        "¥12,100 × 14.6% × 105 days ÷ 365 days = ¥508",
    ];
    assert_eq!(formula(due, paid, Fixed365), fixed);
    let leap_day = [
        "12,100円 × 14.6% × 1日 ÷ 366日 = 4円",
        "¥12,100 × 14.6% × 1 day ÷ 366 days = ¥4",
    ];
    let (due, paid) = (date(2028, 2, 28), date(2028, 3, 1));
    assert_eq!(formula(due, paid, CalendarYearSplit), leap_day);
    assert_eq!(formula(due, due, CalendarYearSplit), ["", ""]);
}

#[test]
fn a_reading_keeps_its_name() {
    for (day_count, word, reading) in [
        (
            CalendarYearSplit,
            "calendar_year_split",
            "D-26 v1 calendar-year split, D-27 v1",
        ),
        (Fixed365, "fixed_365", "D-26 v1 fixed 365, D-27 v1"),
    ] {
        assert_eq!(serde_json::to_value(day_count).unwrap(), word);
        assert_eq!(day_count.reading(), reading);
    }
    assert_eq!(DayCount::default(), CalendarYearSplit);
}

/// Returns a date from 2026-01-01 to 2100-12-31.
fn dates() -> impl Strategy<Value = Date> {
    (0i64..=27_393).prop_map(|days| date(2026, 1, 1).saturating_add(days.days()))
}

fn day_counts() -> impl Strategy<Value = DayCount> {
    prop_oneof![Just(CalendarYearSplit), Just(Fixed365)]
}

prop_compose! {
    fn debts()(principal in 0i64..10_000_000, due in dates(), payments in
        prop::collection::vec((-100i64..2_000, 0i64..3_000_000), 0..6)) -> (Debt, Debt) {
        let payments = payments
            .into_iter()
            .map(|(days, paid)| (due.saturating_add(days.days()), Yen(paid)))
            .collect();
        let unpaid = Debt::new(Yen(principal), due, vec![]).unwrap();
        (Debt::new(Yen(principal), due, payments).unwrap(), unpaid)
    }
}

proptest! {
    #[test]
    fn interest_never_falls_with_a_later_payment((debt, _) in debts(), a in dates(), b in dates(), by in day_counts()) {
        let (early, late) = (debt.interest(a.min(b), by), debt.interest(a.max(b), by));
        prop_assert!(early.total <= late.total);
        prop_assert!(early.total >= Yen(0));
    }

    #[test]
    fn nothing_is_owed_up_to_the_day_after_the_due_date((debt, _) in debts(), before in -1i64..20_000, by in day_counts()) {
        let paid = debt.due.saturating_sub(before.days());
        prop_assert_eq!(debt.interest(paid, by).total, Yen(0));
    }

    #[test]
    fn the_consumer_cap_is_never_passed((debt, unpaid) in debts(), through in dates(), by in day_counts()) {
        let days = i128::from(days_between(debt.due, through).max(0));
        let cap = i128::from(debt.principal.0) * 146 * days;
        for debt in [debt, unpaid] {
            prop_assert!(i128::from(debt.interest(through, by).total.0) * 365_000 <= cap);
        }
    }

    #[test]
    fn split_years_never_cost_more_than_365_days((debt, _) in debts(), through in dates()) {
        let split = debt.interest(through, CalendarYearSplit);
        let fixed = debt.interest(through, Fixed365);
        prop_assert_eq!(split.tranches.len(), fixed.tranches.len());
        for (split, fixed) in split.tranches.iter().zip(&fixed.tranches) {
            prop_assert!(split.yen <= fixed.yen);
        }
    }

    #[test]
    fn part_payments_never_add_interest((debt, unpaid) in debts(), through in dates(), by in day_counts()) {
        prop_assert!(debt.interest(through, by).total <= unpaid.interest(through, by).total);
    }

    #[test]
    fn tranches_follow_one_another_and_shrink((debt, _) in debts(), through in dates(), by in day_counts()) {
        let interest = debt.interest(through, by);
        for pair in interest.tranches.windows(2) {
            prop_assert_eq!(pair[0].to.saturating_add(1.day()), pair[1].from);
            prop_assert!(pair[0].principal > pair[1].principal);
        }
        let days: i64 = interest.tranches.iter().map(|tranche| tranche.days).sum();
        prop_assert!(days <= days_late(debt.due, through));
        for tranche in &interest.tranches {
            prop_assert!(tranche.days_in_leap_years <= tranche.days);
            prop_assert_eq!(days_between(tranche.from, tranche.to) + 1, tranche.days);
        }
    }
}
