//! Pieces of the console's pages: who sees what, and forms whose fields have identifiers of their own.

use ciero_domain::contract::{Contract, Debt};
use ciero_domain::groups::is_in;
use ciero_domain::ids::ContractId;
use ciero_domain::invoice;
use ciero_domain::money::Yen;
use ciero_pages::{Visitor, yen};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::page::{ConsolePage, Page};
use crate::pieces::day;

impl ConsolePage {
    /// Tells whether the operator is in one of the groups.
    pub fn is_in(&self, groups: &[&str]) -> bool {
        is_in(&self.groups, groups)
    }

    /// Refuses an operator who is in none of the groups; the answer is that of a page that does not exist.
    pub fn must_be_in(&self, groups: &[&str]) -> Result<(), Problem> {
        match self.is_in(groups) {
            true => Ok(()),
            false => Err(Problem::not_found()),
        }
    }

    /// The actor that the operator is in events and audit rows.
    pub fn actor(&self) -> String {
        match &self.page.visitor {
            Visitor::Operator { name, .. } => format!("operator:{name}"),
            _ => String::new(),
        }
    }
}

/// A form of the console. Many stand on one page, so each prefixes the identifiers of its fields.
pub struct Form<'a> {
    page: &'a Page,
    action: String,
    prefix: String,
}

impl<'a> Form<'a> {
    /// A form that posts to a path; the prefix is unique on its page.
    pub fn new(page: &'a Page, action: String, prefix: impl Into<String>) -> Self {
        Form {
            page,
            action,
            prefix: prefix.into(),
        }
    }

    /// A form of a command on a contract.
    pub fn of(page: &'a Page, contract: &ContractId, command: &str) -> Self {
        let prefix = command.replace('/', "-");
        Form::new(
            page,
            format!("/console/contracts/{contract}/{command}"),
            prefix,
        )
    }

    /// Writes the form with its title, fields and button.
    pub fn write(&self, title: &str, fields: &Markup, button: &Markup) -> Markup {
        html! {
            form.card method="post" action=(self.action) data-enhance {
                h3 { (title) }
                (self.page.token())
                (fields)
                div.actions { (button) }
            }
        }
    }

    /// Writes the form without a frame, for the row of a table.
    pub fn inline(&self, fields: &Markup, button: &Markup) -> Markup {
        html! {
            form.inline-form method="post" action=(self.action) data-enhance {
                (self.page.token())
                (fields)
                (button)
            }
        }
    }

    /// Writes a field of a type that may be left empty.
    pub fn optional(&self, name: &str, label: &str, kind: &str, value: &str) -> Markup {
        let id = self.id(name);
        html! {
            div.field {
                label for=(id) { (label) }
                input id=(id) name=(name) type=(kind) value=(value);
            }
        }
    }

    /// Writes a document of many lines.
    pub fn document(&self, name: &str, label: &str, value: &str) -> Markup {
        let id = self.id(name);
        html! {
            div.field {
                label for=(id) { (label) }
                textarea.document id=(id) name=(name) rows="16" required { (value) }
            }
        }
    }

    /// Writes a field of a type.
    pub fn field(&self, name: &str, label: &str, kind: &str, value: &str) -> Markup {
        let id = self.id(name);
        let numeric = (kind == "number").then_some("1");
        html! {
            div.field {
                label for=(id) { (label) }
                input id=(id) name=(name) type=(kind) value=(value) min=[numeric] required;
            }
        }
    }

    /// Writes the fields of a payment that was received.
    pub fn payment(&self) -> Markup {
        let (t, today) = (|ja, en| self.page.t(ja, en), self.page.today());
        html! {
            (self.field("reference", t("整理番号（重複不可）", "Reference (unique)"), "text", ""))
            (self.field("received_on", t("受領日", "Day of receipt"), "date", &today.to_string()))
            (self.yen(t("金額（円）", "Amount (yen)")))
        }
    }

    /// Writes an amount of yen, which people may write with commas.
    pub fn yen(&self, label: &str) -> Markup {
        let id = self.id("yen");
        html! {
            div.field {
                label for=(id) { (label) }
                input id=(id) name="yen" type="text" inputmode="numeric" autocomplete="off" required;
            }
        }
    }

    /// Writes a text of several lines.
    pub fn text(&self, name: &str, label: &str) -> Markup {
        let id = self.id(name);
        html! {
            div.field {
                label for=(id) { (label) }
                textarea id=(id) name=(name) rows="2" maxlength="1000" required {}
            }
        }
    }

    /// Writes a choice among options of (value, text).
    pub fn choice(&self, name: &str, label: &str, options: &[(String, String)]) -> Markup {
        let id = self.id(name);
        html! {
            div.field {
                label for=(id) { (label) }
                select id=(id) name=(name) required {
                    @for (value, text) in options { option value=(value) { (text) } }
                }
            }
        }
    }

    fn id(&self, name: &str) -> String {
        format!("f-{}-{name}", self.prefix)
    }
}

/// Writes the button of a form.
pub fn button(class: &str, label: &str) -> Markup {
    html! { button class={ "button " (class) } type="submit" { (label) } }
}

/// Writes a table with its heads; each cell of a row names its column for phones.
pub fn table(heads: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        table.list {
            thead { tr { @for head in heads { th scope="col" { (head) } } } }
            tbody { @for row in rows { tr {
                @for (head, cell) in heads.iter().zip(row) { td data-label=(head) { (cell) } }
            } } }
        }
    }
}

/// Writes what stands in the place of an empty table.
pub fn empty(text: &str) -> Markup {
    html! { div.empty { p { (text) } } }
}

/// Writes a contract as a link to its page.
pub fn contract_link(id: &ContractId, text: &str) -> Markup {
    html! { a href={ "/console/contracts/" (id) } { (text) } }
}

/// Writes which invoices a payment was set against, each with its share, and what is left as credit.
pub fn set_against(page: &Page, shares: impl Iterator<Item = (u32, Yen)>, credit: Yen) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        @for (invoice, share) in shares { div { (t("請求書 ", "invoice ")) (format!("{invoice:04}")) ": " (yen(l, share)) } }
        @if credit.0 > 0 { div { (t("前受金: ", "credit: ")) (yen(l, credit)) } }
    }
}

/// Returns the number of a debt's invoice.
pub fn invoice_name(contract: &Contract, debt: &Debt) -> String {
    invoice::name(&contract.id, debt.number)
}

/// Writes how far the demand for a debt is.
pub fn demand_state(page: &Page, debt: &Debt) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        @match &debt.demand {
            _ if !debt.is_dunned() => { "—" },
            None => { (t("催告予定 ", "To be sent on ")) (day(l, debt.demand_day())) },
            Some(demand) if demand.failed => { strong { (t("催告が届いていません", "The demand did not arrive")) } },
            Some(demand) => @match demand.sent_on {
                None => { (t("催告を送信中", "The demand is on its way")) },
                Some(sent_on) => {
                    (t("催告 ", "Demanded ")) (day(l, sent_on)) " (" (channel(page, &demand.channel)) ")"
                    @if let Some(lapses) = demand.lapses_on(debt.grace_days) {
                        br; (t("期限 ", "period until ")) (day(l, lapses))
                    }
                },
            },
        }
    }
}

/// Returns what a channel is called; operators' own words stay as they are.
pub fn channel<'a>(page: &'a Page, channel: &'a str) -> &'a str {
    match channel {
        "mail" => page.t("メール", "e-mail"),
        "portal" => page.t("ポータル", "portal"),
        other => other,
    }
}
