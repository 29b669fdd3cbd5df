//! Form fields with label, hint and error in one shape.

use maud::{Markup, html};

/// One field as it is shown.
#[derive(Debug, Clone, Default)]
pub struct FieldView<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub hint: &'a str,
    pub value: &'a str,
    /// The input's type, "text" if empty.
    pub kind: &'a str,
    pub autocomplete: &'a str,
    pub required: Requirement,
}

/// Whether a field must be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Requirement {
    #[default]
    Required,
    Optional,
}

/// Writes a hidden field.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// Writes a text field.
pub fn field(view: &FieldView) -> Markup {
    let id = format!("f-{}", view.name);
    let hint_id = format!("h-{}", view.name);
    let kind = if view.kind.is_empty() {
        "text"
    } else {
        view.kind
    };
    html! {
        div.field {
            label for=(id) { (view.label) }
            @if !view.hint.is_empty() { p.hint id=(hint_id) { (view.hint) } }
            input id=(id) name=(view.name) type=(kind) value=(view.value)
                required[view.required == Requirement::Required]
                autocomplete=[(!view.autocomplete.is_empty()).then_some(view.autocomplete)]
                aria-describedby=[(!view.hint.is_empty()).then_some(hint_id)];
        }
    }
}

/// Writes a choice among options of (value, text); an empty first value asks to choose.
pub fn select(view: &FieldView, options: &[(String, String)]) -> Markup {
    let id = format!("f-{}", view.name);
    let hint_id = format!("h-{}", view.name);
    html! {
        div.field {
            label for=(id) { (view.label) }
            @if !view.hint.is_empty() { p.hint id=(hint_id) { (view.hint) } }
            select id=(id) name=(view.name) required[view.required == Requirement::Required]
                aria-describedby=[(!view.hint.is_empty()).then_some(hint_id)] {
                @for (value, text) in options {
                    option value=(value) selected[value == view.value] { (text) }
                }
            }
        }
    }
}

/// Writes a checkbox that must or may be ticked.
pub fn checkbox(name: &str, label: &Markup, ticked: Ticked) -> Markup {
    html! {
        label.check {
            input type="checkbox" name=(name) value="on" checked[ticked == Ticked::Yes];
            span { (label) }
        }
    }
}

/// Whether a checkbox is ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticked {
    Yes,
    No,
}
