//! Measures of Art. 13 on the console. Ground and evidence are shown here and nowhere else.

use ciero_domain::contract::{Contract, Measure, MeasureGround, Standing};
use maud::{Markup, html};

use crate::console_parts::{Form, button};
use crate::page::Page;
use crate::pieces::{Tone, day, fact, moment, notice};

/// Writes a proposal that waits, and the forms of what can be done. `actor` is who looks.
pub fn measures(page: &Page, contract: &Contract, actor: &str) -> Markup {
    if matches!(contract.standing, Standing::Ended { .. }) {
        return html! {};
    }
    let t = |ja, en| page.t(ja, en);
    let suspended = match &contract.standing {
        Standing::Suspended { clause, .. } => Some(clause.as_str()),
        _ => None,
    };
    html! {
        h2 { (t("利用停止と措置（第6条・第13条）", "Suspension and measures (Articles 6 and 13)")) }
        (notice(Tone::Warn, &html! { p { (t(
            "措置を取ると、全債務の期限が到来し（第13条第2項）、登録簿に記録されます。第6条第2項による停止は措置ではなく、利用だけを停め、入金で解除されます。根拠資料はお客様には表示されません。",
            "A measure makes all debts due (13-2) and enters the register. A suspension under 6-2 is no measure: it stops the use only, and a payment lifts it. The customer never sees the evidence.",
        )) } }))
        @if let Some(clause) = suspended {
            p { (t("現在の利用停止の根拠：第", "The use is suspended under ")) (clause) (t("", ".")) }
        }
        (proposal(page, contract, actor))
        div.grid-2 {
            @if suspended.is_none_or(|clause| clause == "6-2") { (suspend(page, contract)) }
            @if suspended.is_some() { (lift(page, contract)) }
            @if contract.proposal.is_none() { (propose(page, contract)) }
        }
    }
}

fn proposal(page: &Page, contract: &Contract, actor: &str) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let Some(proposal) = &contract.proposal else {
        return html! {};
    };
    let by = proposal
        .by
        .strip_prefix("operator:")
        .unwrap_or(&proposal.by);
    let approve = Form::of(page, &contract.id, "rescission/approval");
    let withdraw = Form::of(page, &contract.id, "rescission/withdrawal");
    html! {
        h3 { (t("解除の提案", "Proposal to rescind")) }
        (facts(page, &proposal.measure))
        p { (t("提案者 ", "Proposed by ")) (by) " · " (moment(l, proposal.at)) }
        div.grid-2 {
            @if proposal.by == actor {
                div.card { p { (t("別の担当者の同意を待っています。提案した本人は同意できません。", "Waiting for another operator. Whoever proposed cannot agree.")) } }
            } @else {
                (approve.write(t("解除に同意する", "Agree to rescind"), &html! {
                    p { (t("同意すると契約は直ちに終了します。元に戻すことはできません。", "The contract ends at once. This cannot be undone.")) }
                }, &button("danger", t("同意して契約を解除する", "Agree and rescind the contract"))))
            }
            (withdraw.write(t("提案の撤回", "Withdraw the proposal"), &withdraw.text("reason", t("理由", "Reason")),
                &button("", t("撤回する", "Withdraw"))))
        }
    }
}

fn facts(page: &Page, measure: &Measure) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        dl.facts {
            (fact(t("事由", "Ground"), &html! { (measure.ground.code()) " " (measure.ground.sentence(l)) }))
            (fact(t("根拠資料", "Evidence"), &measure.evidence))
            (fact(t("事由の発生日", "Arose on"), &day(l, measure.arose_on)))
        }
    }
}

fn suspend(page: &Page, contract: &Contract) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::of(page, &contract.id, "measures");
    let grounds = |ground: &&MeasureGround| **ground != MeasureGround::SoftwareMisuse;
    form.write(
        t("利用の停止", "Suspend the use"),
        &measure_fields(page, &form, MeasureGround::ALL.iter().filter(grounds)),
        &button("danger", t("利用を停止する", "Suspend")),
    )
}

fn propose(page: &Page, contract: &Contract) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::of(page, &contract.id, "rescission");
    form.write(
        t("解除の提案", "Propose to rescind"),
        &measure_fields(
            page,
            &form,
            MeasureGround::ALL.iter().filter(|g| g.may_rescind()),
        ),
        &button("danger", t("解除を提案する", "Propose")),
    )
}

fn measure_fields<'a>(
    page: &Page,
    form: &Form,
    grounds: impl Iterator<Item = &'a MeasureGround>,
) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let ask = (
        String::new(),
        t("選んでください", "Please choose").to_owned(),
    );
    let grounds = grounds.map(|ground| {
        let text = format!("{} {}", ground.code(), ground.sentence(l));
        (ground.code().to_owned(), text)
    });
    let grounds: Vec<(String, String)> = std::iter::once(ask).chain(grounds).collect();
    html! {
        (form.choice("ground", t("事由", "Ground"), &grounds))
        (form.text("evidence", t("根拠資料", "Evidence")))
        (form.field("arose_on", t("事由の発生日", "Day on which the ground arose"), "date", &page.today().to_string()))
    }
}

fn lift(page: &Page, contract: &Contract) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::of(page, &contract.id, "lift");
    form.write(
        t("利用停止の解除", "Lift the suspension"),
        &form.text("reason", t("理由", "Reason")),
        &button("", t("停止を解除する", "Lift")),
    )
}
