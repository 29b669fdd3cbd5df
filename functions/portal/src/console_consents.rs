//! Who has agreed to which version of the terms, for the legal desk and the publishers (1-1, 23-2).

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use ciero_domain::contract::Standing;
use ciero_domain::groups::PUBLISHERS;
use ciero_domain::ids::ContractId;
use ciero_domain::terms::in_force;
use ciero_domain::user::{User, UserState};
use ciero_pages::Section;
use ciero_ports::StoreError;
use ciero_runtime::Problem;
use futures::{StreamExt, TryStreamExt};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::console_parts::{contract_link, empty, table};
use crate::input::Parameters;
use crate::page::{ConsolePage, Page};
use crate::pieces::fact;

/// How many contracts one page goes through at least, and how many are read side by side.
const CONTRACTS: usize = 1_000;
const SIDE_BY_SIDE: usize = 16;
/// How many people who have not agreed are named.
const NAMED: usize = 200;

/// Where the page goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    from: String,
}

/// What the contracts of a page come to.
#[derive(Default)]
struct Coverage {
    contracts: usize,
    people: usize,
    /// Version to people and contracts.
    agreed: BTreeMap<String, (usize, BTreeSet<ContractId>)>,
    missing: usize,
    /// People without the version in force, with the latest that they agreed to.
    named: Vec<(ContractId, String, Option<String>)>,
}

impl Coverage {
    fn add(&mut self, users: &[User], wanted: Option<&str>) {
        self.contracts += 1;
        for user in users.iter().filter(|user| user.state == UserState::Active) {
            self.people += 1;
            let versions = user.acceptances.iter().map(|one| one.terms_version.clone());
            for version in versions.collect::<BTreeSet<_>>() {
                let agreed = self.agreed.entry(version).or_default();
                agreed.0 += 1;
                agreed.1.insert(user.contract.clone());
            }
            let has = |wanted| {
                user.acceptances
                    .iter()
                    .any(|one| one.terms_version == wanted)
            };
            if !wanted.is_some_and(has) {
                self.missing += 1;
                if self.named.len() < NAMED {
                    let last = user.acceptances.last().map(|one| one.terms_version.clone());
                    self.named
                        .push((user.contract.clone(), user.name.clone(), last));
                }
            }
        }
    }
}

/// Shows how many people of how many contracts agreed to which version, and who has not.
pub async fn page(
    State(app): State<App>,
    console: ConsolePage,
    Parameters(query): Parameters<Query>,
) -> Result<Markup, Problem> {
    console.must_be_in(PUBLISHERS)?;
    let page = &console.page;
    let versions = app.documents.terms_versions().await?;
    let wanted = in_force(&versions, page.today()).map(|version| version.version.as_str());
    let mut coverage = Coverage::default();
    let mut next = Some(query.from).filter(|from| !from.is_empty());
    loop {
        let contracts = app.contracts.page(next).await?;
        let people: Vec<Option<Vec<User>>> = futures::stream::iter(contracts.contracts)
            .map(|id| people_of(&app, id))
            .buffered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        people
            .iter()
            .flatten()
            .for_each(|users| coverage.add(users, wanted));
        next = contracts.next;
        if next.is_none() || coverage.contracts >= CONTRACTS {
            break;
        }
    }
    let title = page.t("規約への同意の状況", "Who has agreed to the terms");
    let content = html! {
        p { a href="/console/terms" { (page.t("← 規約の改定", "← Changes of the terms")) } }
        h1 { (title) }
        (shown(page, &coverage, wanted))
        @if let Some(next) = &next { p { a href={ "/console/consents?from=" (next) } { (page.t("続きの契約", "Further contracts")) } } }
    };
    Ok(page.show(Section::TermsChanges, title, &content))
}

/// Returns the people of a contract that goes on.
async fn people_of(app: &App, id: ContractId) -> Result<Option<Vec<User>>, StoreError> {
    let contract = app.contracts.contract(&id).await?;
    match contract {
        Some(contract) if !matches!(contract.standing, Standing::Ended { .. }) => {
            app.gate.people.users(&id).await.map(Some)
        }
        _ => Ok(None),
    }
}

fn shown(page: &Page, coverage: &Coverage, wanted: Option<&str>) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let heads = [
        t("版", "Version"),
        t("同意した人", "People"),
        t("その契約", "Of contracts"),
    ];
    let rows = coverage
        .agreed
        .iter()
        .rev()
        .map(|(version, (people, contracts))| {
            vec![
                html! { a href={ "/terms/" (version) } { (version) } },
                html! { (people) },
                html! { (contracts.len()) },
            ]
        });
    let rows: Vec<Vec<Markup>> = rows.collect();
    let missing_heads = [
        t("契約", "Contract"),
        t("氏名", "Name"),
        t("最後に同意した版", "Last agreed to"),
    ];
    let missing = coverage.named.iter().map(|(contract, name, last)| {
        vec![
            contract_link(contract, contract.as_str()),
            html! { (name) },
            html! { (last.as_deref().unwrap_or("—")) },
        ]
    });
    let missing: Vec<Vec<Markup>> = missing.collect();
    html! {
        dl.facts {
            (fact(t("適用中の版", "Version in force"), &wanted.unwrap_or("—")))
            (fact(t("続いている契約", "Contracts that go on"), &coverage.contracts))
            (fact(t("登録されている人", "Registered people"), &coverage.people))
            (fact(t("適用中の版に未同意の人", "People without the version in force"), &coverage.missing))
        }
        @if rows.is_empty() { (empty(t("同意の記録はまだありません。", "Nobody has agreed yet."))) } @else { (table(&heads, &rows)) }
        h2 { (t("適用中の版に同意していない人", "Who has not agreed to the version in force")) }
        p { (t(
            "以前の版に同意した人の視聴は止まりません（第1条第1項、第23条第2項）。",
            "Who agreed to an earlier version goes on watching (1-1, 23-2).",
        )) }
        @if missing.is_empty() { (empty(t("いません。", "Nobody."))) } @else { (table(&missing_heads, &missing)) }
    }
}
