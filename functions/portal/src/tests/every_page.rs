//! What holds for every page: both languages, unique identifiers, forms with their token, no inline code.

use std::collections::HashSet;

use ciero_domain::contract::{Cancellation, Command, NewParticulars};
use ciero_domain::money::Yen;
use ciero_domain::notice::{Failure, Notice, Outcome};
use ciero_domain::particulars::Particulars;
use jiff::civil::date;

use super::console_life::busy;
use super::support::*;

/// Texts that stand on English pages as they are: an invoice keeps the address as it was issued, a draft its Japanese text.
const JAPANESE_AS_IT_IS: [&str; 12] = [
    "株式会社見本委託",
    "データの保管",
    "見本カード",
    "見本地図社",
    "見本地図",
    "日本語",
    "ミホンショウテン",
    "東京都",
    "第1条（範囲）",
    "新しい本文",
    "新しい",
    "本文",
];

/// A change of the name, which an operator must look at.
fn change() -> Command {
    Command::ChangeParticulars(Box::new(NewParticulars {
        receipt: "P-1".into(),
        effective_on: date(2026, 6, 1),
        particulars: Particulars {
            name: "New Mihon Shoten".into(),
            ..contract().customer
        },
    }))
}

fn cancellation() -> Command {
    Command::Cancel(Cancellation {
        on: date(2026, 9, 30),
        receipt: "C-0000000000000000".into(),
        received_on: None,
    })
}

/// A year whose invoice was paid late, with interest billed, a credit note, and notices of every outcome.
fn billed() -> World {
    let on = date(2026, 8, 3);
    let credit = Command::Credit {
        debt: 2,
        yen: Yen(100),
        reason: "Goodwill".into(),
    };
    let contract = contract().id;
    let issued = |number| Notice::InvoiceIssued {
        contract: contract.clone(),
        number,
    };
    let failed = Outcome::Failed {
        at: noon(),
        reason: Failure::BouncedForGood,
    };
    World::new()
        .lived(date(2026, 7, 31))
        .paid(40_000, on)
        .asked(Command::BillInterest { of: 1 }, on)
        .asked(credit, on)
        .lived(on)
        .with(|w| {
            w.notices = vec![
                noticed(1, issued(2), failed),
                noticed(2, issued(1), Outcome::Arrived { at: noon() }),
                noticed(
                    3,
                    Notice::Suspended {
                        contract: contract.clone(),
                    },
                    Outcome::Sent,
                ),
            ];
        })
}

/// Signs the customer in anew where a world is at another time.
fn moved(world: &World, cookie: &str, customer: &str) -> String {
    if cookie == customer {
        return world.customer(&administrator());
    }
    cookie.to_owned()
}

/// Opens every page in a language.
async fn every_page(language: &str) -> Vec<(String, Answer)> {
    let world = World::new();
    let newcomer = World::new().with(|w| w.users[1].acceptances.clear());
    let submitted = World::new().with(|w| {
        w.application.as_mut().unwrap().state = ciero_domain::application::State::Submitted;
    });
    let billed = billed();
    let late = World::new().lived(date(2027, 3, 5));
    let cancelled = World::new().asked(cancellation(), date(2026, 6, 1));
    let changing = World::new().asked(change(), date(2026, 6, 1));
    let (customer, staff) = (world.customer(&administrator()), world.staff(&["legal"]));
    let application = format!("/applications/{}", draft().id);
    let (user, device) = (
        format!("/users/{}", watcher().id),
        format!("/devices/{}", world.devices[0].id),
    );
    let (camera, contract) = (
        format!("/cameras/{}", world.cameras[0].id),
        format!("/console/contracts/{}", contract().id),
    );
    let deletion = format!("{camera}/deletion");
    let busy = busy();
    let stopped = super::recording::stopped();
    let exported = super::exporting::world();
    let desks = world.staff(&["contracts", "billing", "support"]);
    let explained = format!("{contract}/explanation");
    let legal = world.staff(&["legal"]);
    let id = &busy.contract.id;
    let (looking, waiting) = (super::staff_views::looking(), super::staff_views::waiting());
    let staff_view = super::staff_views::place();
    let published = super::publishing::published();
    let registered = super::registers::registered();
    let capped = format!("/console/liability?contract={id}&event=2026-06-01");
    let asked: Vec<(&World, &str, &str)> = vec![
        (&world, "/", ""),
        (&world, "/prices", ""),
        (&world, "/terms", ""),
        (&world, "/apply", ""),
        (&world, &application, ""),
        (&submitted, &application, ""),
        (&world, "/cameras", &customer),
        (&world, &camera, &customer),
        (&world, &deletion, &customer),
        (&world, "/contract/leaving", &customer),
        (&cancelled, "/contract/leaving", &customer),
        (&world, "/contract", &customer),
        (&billed, "/contract", &customer),
        (&cancelled, "/contract", &customer),
        (&world, "/contract/refusal", &customer),
        (&late, "/contract/refusal", &customer),
        (&world, "/contract/particulars", &customer),
        (&world, "/profile", &customer),
        (&changing, "/contract/particulars?receipt=P-1", &customer),
        (&changing, &contract, &desks),
        (&world, "/contract/cancellation", &customer),
        (&cancelled, "/contract/cancellation", &customer),
        (&billed, "/contract/explanation", &customer),
        (
            &world,
            "/contract/explanation?if=refuse@2026-06-01",
            &customer,
        ),
        (&world, "/invoices", &customer),
        (&billed, "/invoices", &customer),
        (&billed, "/invoices/1", &customer),
        (&billed, "/invoices/2", &customer),
        (&billed, "/invoices/3", &customer),
        (&world, "/notices", &customer),
        (&billed, "/notices", &customer),
        (&world, "/exports", &customer),
        (&exported, "/exports", &customer),
        (&world, "/users", &customer),
        (&world, &user, &customer),
        (&world, "/devices", &customer),
        (&world, &device, &customer),
        (&world, "/console/contracts", &staff),
        (&world, &contract, &staff),
        (&busy, &contract, &desks),
        (&busy, &explained, &desks),
        (&busy, "/console/arrears", &desks),
        (&busy, "/console/cases", &desks),
        (&busy, "/console/audit", &desks),
        (&busy, "/console/cameras", &desks),
        (&world, "/console/cameras", &desks),
        (&stopped, "/cameras", &customer),
        (&stopped, &camera, &customer),
        (&busy, "/console/stuck", &desks),
        (&busy, &capped, &legal),
        (&busy, "/console/resellers", &desks),
        (&busy, "/console/resellers/mihon/invoices/1", &desks),
        (&world, "/console/arrears", &desks),
        (&world, "/terms/2026-04-01/changes", ""),
        (&published, "/terms/2026-07-01/changes", ""),
        (&registered, "/processors", ""),
        (&world, "/processors", ""),
        (&registered, "/third-party-terms", ""),
        (&registered, "/third-party-terms/1", ""),
        (&registered, "/console/processors", &legal),
        (&world, "/console/processors", &legal),
        (&registered, "/console/third-party-terms", &legal),
        (&world, "/console/third-party-terms", &legal),
        (&registered, "/contract", &customer),
        (&registered, &contract, &staff),
        (&world, "/status", ""),
        (&published, "/status", ""),
        (&published, "/console/terms", &legal),
        (&published, "/console/terms/2026-07-01", &legal),
        (&published, "/console/terms/2026-09-01", &legal),
        (&published, "/console/consents", &legal),
        (&world, "/console/service-end", &legal),
        (&published, "/console/service-end", &legal),
        (&published, "/console/interruptions", &desks),
        (&world, "/console/interruptions", &desks),
        (&world, "/console/views", &desks),
        (&looking, "/console/views", &desks),
        (&looking, &staff_view, &desks),
        (&waiting, &staff_view, &desks),
        (&world, "/nowhere", ""),
    ];
    let mut pages = Vec::new();
    for (world, path, cookie) in asked {
        let cookie = moved(world, cookie, &customer);
        let answer = world
            .open(path, &format!("lang={language}; {cookie}"))
            .await;
        pages.push((path.to_owned(), answer));
    }
    let cookie = format!("lang={language}; {}", newcomer.customer(&watcher()));
    pages.push(("/welcome".into(), newcomer.open("/welcome", &cookie).await));
    for (path, answer) in &pages {
        let expected = if path == "/nowhere" { 404 } else { 200 };
        assert_eq!(answer.status, expected, "{path}");
    }
    if let Ok(folder) = std::env::var("WRITE_PAGES_TO") {
        write_down(&folder, language, &pages);
    }
    pages
}

/// Writes the pages as files for a look at them, with the style sheet inside.
fn write_down(folder: &str, language: &str, pages: &[(String, Answer)]) {
    let css = include_str!("../../assets/portal.css");
    for (number, (path, answer)) in pages.iter().enumerate() {
        let style = format!("<style>{css}</style></head>");
        let name = path.trim_matches('/').replace(['/', '?'], "-");
        let file = format!("{folder}/{language}-{number:02}-{name}.html");
        std::fs::write(file, answer.body.replace("</head>", &style)).unwrap();
    }
}

#[tokio::test]
async fn every_page_is_wholly_in_english_when_english_is_chosen() {
    for (path, answer) in every_page("en").await {
        let mut text = answer.body.clone();
        JAPANESE_AS_IT_IS
            .iter()
            .for_each(|known| text = text.replace(known, ""));
        let left: String = text
            .chars()
            .filter(|c| ('\u{3040}'..='\u{9fff}').contains(c))
            .collect();
        assert_eq!(left, "", "{path}");
        assert!(answer.body.contains(r#"<html lang="en">"#), "{path}");
    }
}

#[tokio::test]
async fn every_page_is_in_japanese_when_japanese_is_chosen() {
    for (path, answer) in every_page("ja").await {
        assert!(answer.body.contains(r#"<html lang="ja">"#), "{path}");
        assert_eq!(answer.body.matches("<h1>").count(), 1, "{path}");
    }
}

#[tokio::test]
async fn identifiers_are_unique_and_every_label_has_its_field() {
    for (path, answer) in every_page("ja").await {
        let values = |name: &str| -> Vec<String> {
            let start = format!(" {name}=\"");
            let parts = answer.body.split(start.as_str()).skip(1);
            parts
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect()
        };
        let ids = values("id");
        let unique: HashSet<&String> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{path}: {ids:?}");
        for target in values("for").iter().chain(&values("aria-describedby")) {
            assert!(unique.contains(target), "{path}: {target}");
        }
    }
}

#[tokio::test]
async fn every_form_that_changes_something_carries_its_token_and_nothing_is_inline() {
    for (path, answer) in every_page("ja").await {
        for form in answer.body.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            if form.contains(r#"method="post""#) {
                assert!(form.contains(r#"name="csrf""#), "{path}: {form}");
            }
        }
        answer.hides(&["<script>", " onclick=", " style=\"", "javascript:"]);
    }
}
