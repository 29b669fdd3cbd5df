//! The consolidated list of the United Nations Security Council, XML.

use ciero_domain::screening::ListEntry;
use jiff::civil::Date;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Content, Refusal, add_name, note};

const ROOT: &str = "CONSOLIDATED_LIST";

/// What is gathered of one individual or entity.
#[derive(Debug, Default)]
struct Gathered {
    reference: String,
    /// The parts of the name in their order.
    parts: Vec<String>,
    names: Vec<String>,
    weak_names: Vec<String>,
    /// The alias that is being read, and what the list says of its reliability.
    alias: String,
    quality: String,
    note: Vec<String>,
}

/// Reads the list. A file that breaks off, or is another document, is refused.
pub(super) fn read(text: &str) -> Result<Content, Refusal> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut gathered = Gathered::default();
    let mut content = Content {
        issued_on: None,
        entries: Vec::new(),
    };
    let mut complete = false;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| broken(&reader, &error))?;
        match event {
            Event::Start(start) => {
                begin(&start, &path, &mut content)?;
                path.push(name_of(&start));
                value.clear();
            }
            Event::Empty(start) => begin(&start, &path, &mut content)?,
            Event::Text(part) => {
                let part = part
                    .xml10_content()
                    .map_err(|error| broken(&reader, &error))?;
                value.push_str(&part);
            }
            Event::CData(part) => {
                let part = part
                    .xml10_content()
                    .map_err(|error| broken(&reader, &error))?;
                value.push_str(&part);
            }
            Event::GeneralRef(entity) => value.push_str(&resolved(&entity)?),
            Event::End(_) => {
                take(&path, value.trim(), &mut gathered, &mut content)?;
                path.pop();
                complete = path.is_empty();
                value.clear();
            }
            // The list has no document type; one could define anything.
            Event::DocType(_) => return Err(Refusal::malformed("DTD", "it has a document type")),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    match complete {
        true => Ok(content),
        false => Err(Refusal::malformed("途中で終わっています", "it breaks off")),
    }
}

fn broken(reader: &Reader<&[u8]>, error: &dyn std::fmt::Display) -> Refusal {
    let place = reader.buffer_position();
    Refusal::malformed(format!("{place}バイト目"), format!("byte {place}: {error}"))
}

fn name_of(start: &BytesStart) -> String {
    String::from_utf8_lossy(start.name().as_ref()).into_owned()
}

/// Checks the root, which carries the day of the list.
fn begin(start: &BytesStart, path: &[String], content: &mut Content) -> Result<(), Refusal> {
    if !path.is_empty() {
        return Ok(());
    }
    let name = name_of(start);
    if name != ROOT || content.issued_on.is_some() {
        return Err(Refusal::malformed(&name, format!("its root is {name}")));
    }
    let generated = start.try_get_attribute("dateGenerated").ok().flatten();
    let day = generated.and_then(|attribute| {
        let text = String::from_utf8_lossy(&attribute.value).into_owned();
        text.get(..10)?.parse::<Date>().ok()
    });
    content.issued_on = Some(day.ok_or_else(Refusal::undated)?);
    Ok(())
}

fn resolved(entity: &BytesRef) -> Result<String, Refusal> {
    let unknown = || Refusal::malformed("実体参照", "an entity is not defined");
    if let Some(sign) = entity.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(sign.to_string());
    }
    let name = entity.decode().map_err(|_| unknown())?;
    let text = resolve_predefined_entity(&name).ok_or_else(unknown)?;
    Ok(text.to_owned())
}

/// Takes the value of an element that ends.
fn take(
    path: &[String],
    value: &str,
    gathered: &mut Gathered,
    content: &mut Content,
) -> Result<(), Refusal> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let Some([_, _, record, inner @ ..]) = path.get(..) else {
        return Ok(());
    };
    if !matches!(*record, "INDIVIDUAL" | "ENTITY") {
        return Ok(());
    }
    match inner {
        [] => {
            let entry = std::mem::take(gathered).into_entry(content.entries.len())?;
            content.entries.push(entry);
        }
        ["REFERENCE_NUMBER"] => gathered.reference = value.to_owned(),
        ["FIRST_NAME" | "SECOND_NAME" | "THIRD_NAME" | "FOURTH_NAME"] if !value.is_empty() => {
            gathered.parts.push(value.to_owned());
        }
        ["NAME_ORIGINAL_SCRIPT"] => add_all(&mut gathered.names, value),
        [_, "ALIAS_NAME"] => gathered.alias = value.to_owned(),
        [_, "QUALITY"] => gathered.quality = value.to_owned(),
        ["INDIVIDUAL_ALIAS" | "ENTITY_ALIAS"] => gathered.end_alias(),
        ["INDIVIDUAL_DATE_OF_BIRTH", "DATE" | "YEAR"] if !value.is_empty() => {
            gathered.note.push(format!("born {value}"));
        }
        ["NATIONALITY", "VALUE"] | [_, "COUNTRY"] if gathered.is_news(value) => {
            gathered.note.push(value.to_owned());
        }
        _ => {}
    }
    Ok(())
}

/// Several names stand in one value, with semicolons between them.
fn add_all(names: &mut Vec<String>, value: &str) {
    value.split(';').for_each(|name| add_name(names, name));
}

impl Gathered {
    /// Tells whether the note does not say this yet.
    fn is_news(&self, value: &str) -> bool {
        !value.is_empty() && !self.note.iter().any(|known| known == value)
    }

    /// Keeps the alias that ends; one of low quality is a weak hint.
    fn end_alias(&mut self) {
        let names = match self.quality.as_str() {
            "Low" => &mut self.weak_names,
            _ => &mut self.names,
        };
        add_all(names, &self.alias);
        self.alias.clear();
        self.quality.clear();
    }

    fn into_entry(mut self, before: usize) -> Result<ListEntry, Refusal> {
        let mut names = Vec::new();
        add_name(&mut names, &self.parts.join(" "));
        self.names
            .iter()
            .for_each(|name| add_name(&mut names, name));
        self.weak_names.retain(|name| !names.contains(name));
        if names.is_empty() || self.reference.is_empty() {
            let place = before + 1;
            return Err(Refusal::malformed(
                format!("{place}件目に名称または番号がありません"),
                format!("record {place} has no name or no reference number"),
            ));
        }
        Ok(ListEntry {
            id: self.reference,
            names,
            weak_names: self.weak_names,
            corporate_number: None,
            note: note(&self.note),
        })
    }
}
