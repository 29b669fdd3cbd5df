//! The frame around every page.

use ciero_domain::{Language, groups};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Who looks at the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// Not signed in.
    Guest,
    /// A customer's administrator or registered user.
    Customer { name: String, administrator: bool },
    Operator {
        name: String,
        /// What the operator may do; the navigation shows no page that would not open.
        groups: Vec<String>,
    },
}

/// Which entry of the navigation the page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    None,
    Cameras,
    Devices,
    Users,
    Contract,
    Invoices,
    Notices,
    Exports,
    Applications,
    Contracts,
    Register,
    Arrears,
    Resellers,
    Cases,
    Audit,
    Watch,
    Stuck,
    Liability,
    TermsChanges,
    Interruptions,
    Disclosures,
    Breaches,
    Purges,
    StaffViews,
    Apply,
    Prices,
    Terms,
}

/// What the frame needs to know.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    pub language: Language,
    pub service_name: &'a str,
    pub company: &'a str,
    pub title: &'a str,
    pub visitor: Visitor,
    pub section: Section,
    /// The page's own path, for the language switch.
    pub path: &'a str,
    /// The token that forms carry.
    pub csrf: &'a str,
    /// Names of scripts under /assets/ that the page needs besides forms.js.
    pub scripts: &'a [&'a str],
}

type Entry = (Section, &'static str, &'static str, &'static str);

const GUEST: &[Entry] = &[
    (Section::Prices, "/prices", "料金", "Prices"),
    (Section::Terms, "/terms", "利用規約", "Terms"),
    (Section::Apply, "/apply", "お申し込み", "Apply"),
];
const USER: &[Entry] = &[
    (Section::Cameras, "/cameras", "カメラ", "Cameras"),
    (Section::Exports, "/exports", "バックアップ", "Backups"),
];
const ADMINISTRATOR: &[Entry] = &[
    (Section::Cameras, "/cameras", "カメラ", "Cameras"),
    (Section::Devices, "/devices", "機器", "Devices"),
    (Section::Users, "/users", "ユーザ", "Users"),
    (Section::Contract, "/contract", "ご契約", "Contract"),
    (Section::Invoices, "/invoices", "請求", "Invoices"),
    (Section::Notices, "/notices", "お知らせ", "Notices"),
    (Section::Exports, "/exports", "バックアップ", "Backups"),
];
/// An entry of the console with the groups that it is for; for all if there are none.
const OPERATOR: &[(Entry, &[&str])] = &[
    (
        (
            Section::Applications,
            "/console/applications",
            "申込み",
            "Applications",
        ),
        groups::SCREENERS,
    ),
    (
        (
            Section::Contracts,
            "/console/contracts",
            "契約",
            "Contracts",
        ),
        &[],
    ),
    (
        (Section::Arrears, "/console/arrears", "未収", "Arrears"),
        groups::ARREARS,
    ),
    (
        (
            Section::Resellers,
            "/console/resellers",
            "販売店",
            "Resellers",
        ),
        groups::BILLING,
    ),
    (
        (Section::Cases, "/console/cases", "対応事項", "Cases"),
        groups::DESKS,
    ),
    (
        (Section::Audit, "/console/audit", "照合", "Audit"),
        groups::DESKS,
    ),
    (
        (Section::Watch, "/console/cameras", "カメラ", "Cameras"),
        groups::DESKS,
    ),
    (
        (Section::Stuck, "/console/stuck", "滞留", "Stuck"),
        groups::DESKS,
    ),
    (
        (Section::Register, "/console/register", "登録簿", "Register"),
        groups::SCREENERS,
    ),
    (
        (
            Section::Liability,
            "/console/liability",
            "責任限度額",
            "Liability cap",
        ),
        groups::LEGAL,
    ),
    (
        (
            Section::TermsChanges,
            "/console/terms",
            "規約の改定",
            "Changes of terms",
        ),
        groups::PUBLISHERS,
    ),
    (
        (
            Section::Interruptions,
            "/console/interruptions",
            "中断",
            "Interruptions",
        ),
        groups::UPKEEP,
    ),
    (
        (
            Section::Disclosures,
            "/console/disclosures",
            "開示",
            "Disclosure",
        ),
        groups::LEGAL,
    ),
    (
        (
            Section::Breaches,
            "/console/breaches",
            "漏えい等",
            "Breaches",
        ),
        groups::LEGAL,
    ),
    (
        (
            Section::StaffViews,
            "/console/views",
            "保守閲覧",
            "Staff views",
        ),
        groups::SUPPORT,
    ),
    (
        (Section::Purges, "/console/purges", "データ消去", "Purges"),
        groups::PURGES,
    ),
];

fn entries(visitor: &Visitor) -> Vec<&'static Entry> {
    match visitor {
        Visitor::Guest => GUEST.iter().collect(),
        Visitor::Customer {
            administrator: false,
            ..
        } => USER.iter().collect(),
        Visitor::Customer {
            administrator: true,
            ..
        } => ADMINISTRATOR.iter().collect(),
        Visitor::Operator { groups: held, .. } => OPERATOR
            .iter()
            .filter(|(_, of)| of.is_empty() || groups::is_in(held, of))
            .map(|(entry, _)| entry)
            .collect(),
    }
}

fn escape_query(path: &str) -> String {
    path.replace('%', "%25")
        .replace('&', "%26")
        .replace('#', "%23")
        .replace('+', "%2B")
}

fn account(frame: &Frame) -> Markup {
    let language = frame.language;
    html! {
        @match &frame.visitor {
            Visitor::Guest => a.button.quiet href="/sign-in" { (language.t("サインイン", "Sign in")) },
            Visitor::Customer { name, .. } | Visitor::Operator { name, .. } => {
                @match &frame.visitor {
                    Visitor::Customer { .. } => a.who href="/profile" { (name) },
                    _ => span.who { (name) },
                }
                form.inline-form method="post" action="/sign-out" {
                    input type="hidden" name="csrf" value=(frame.csrf);
                    button.button.quiet type="submit" { (language.t("サインアウト", "Sign out")) }
                }
            }
        }
    }
}

/// Puts a page's content into the frame.
pub fn frame(frame: &Frame, content: &Markup) -> Markup {
    let language = frame.language;
    let (other, other_name) = match language {
        Language::Ja => ("en", "English"),
        Language::En => ("ja", "日本語"),
    };
    html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (frame.title) @if !frame.service_name.is_empty() { " · " (frame.service_name) } }
                link rel="icon" href="/assets/favicon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/portal.css";
                script src="/assets/forms.js" defer {}
                @for script in frame.scripts {
                    @if *script == "player.js" {
                        script type="module" src={ "/assets/" (script) } {}
                    } @else {
                        script src={ "/assets/" (script) } defer {}
                    }
                }
            }
            body {
                a.skip-link href="#main" { (language.t("本文へ", "Skip to content")) }
                header.top {
                    a.brand href="/" { (PreEscaped(MARK)) span { (frame.service_name) } }
                    nav.main aria-label=(language.t("メニュー", "Menu")) {
                        @for (section, href, ja, en) in entries(&frame.visitor) {
                            a href=(href) aria-current=[(*section == frame.section).then_some("page")] { (language.t(ja, en)) }
                        }
                    }
                    (account(frame))
                    a.lang href={ "/language?to=" (other) "&back=" (escape_query(frame.path)) } lang=(other) hreflang=(other) { (other_name) }
                }
                main #main { (content) }
                footer.bottom {
                    span { (frame.company) }
                    a href="/terms" { (language.t("利用規約（本規約が他の説明に優先します）", "Terms of service (they take precedence over any other description)")) }
                    a href="/prices" { (language.t("料金表", "Price list")) }
                    a href="/processors" { (language.t("再委託先", "Sub-processors")) }
                    a href="/third-party-terms" { (language.t("第三者サービスの提供条件", "Third-party terms")) }
                    a href="/status" { (language.t("稼働状況", "Service status")) }
                }
            }
        }
    }
}

/// The brand mark: a lens that closes into a circle.
const MARK: &str = r#"<svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" fill="none" stroke="currentColor" stroke-linecap="round"><path d="M26.4 21.6a11.8 11.8 0 1 1 0-11.2" stroke-width="3.4"/><path d="M20.4 18.2a4.9 4.9 0 1 1 0-4.4" stroke-width="2.8"/><circle cx="27.4" cy="16" r="2.6" fill="var(--accent)" stroke="none"/></svg>"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn page(visitor: Visitor) -> String {
        let data = Frame {
            language: Language::Ja,
            service_name: "Ciero",
            company: "見本",
            title: "<カメラ>",
            visitor,
            section: Section::Cameras,
            path: "/cameras?a=1&b=2",
            csrf: "token",
            scripts: &[],
        };
        frame(&data, &html! { p { "x" } }).into_string()
    }

    #[test]
    fn a_user_sees_no_entry_of_the_administrator() {
        let text = page(Visitor::Customer {
            name: "花子".into(),
            administrator: false,
        });
        assert!(text.contains(r#"href="/cameras" aria-current="page""#));
        for entry in ["/devices", "/invoices", "/notices"] {
            assert!(!text.contains(entry), "{entry}");
        }
    }

    #[test]
    fn an_operator_sees_the_pages_of_the_own_groups_only() {
        let text = page(Visitor::Operator {
            name: "佐藤".into(),
            groups: vec!["legal".into()],
        });
        for entry in [
            "/console/contracts",
            "/console/liability",
            "/console/disclosures",
            "/console/breaches",
        ] {
            assert!(text.contains(entry), "{entry}");
        }
        for entry in [
            "/console/register",
            "/console/applications",
            "/console/arrears",
        ] {
            assert!(!text.contains(entry), "{entry}");
        }
    }

    #[test]
    fn texts_are_escaped_and_the_way_back_is_kept() {
        let text = page(Visitor::Guest);
        assert!(text.contains("&lt;カメラ&gt;"));
        assert!(text.contains("back=/cameras?a=1%26b=2"));
    }
}
