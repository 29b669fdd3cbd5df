//! The operator's Markdown as HTML: articles get anchors, and nothing of the source passes as raw HTML.

use maud::PreEscaped;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// A rendered document.
#[derive(Debug)]
pub struct Rendered {
    pub body: PreEscaped<String>,
    /// Anchor and text of each heading that has an anchor.
    pub headings: Vec<(String, String)>,
}

/// Renders a document. Front matter is for machines and left out.
pub fn render(text: &str) -> Rendered {
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut events: Vec<Event> = Parser::new_ext(text, options).map(harmless).collect();
    let headings = anchor_headings(&mut events);
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter());
    Rendered {
        body: PreEscaped(body),
        headings,
    }
}

/// Turns raw HTML into text, and links that are not plain ones into links to nowhere.
fn harmless(event: Event) -> Event {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) => {
            let plain = ["https://", "http://", "mailto:", "#", "/"];
            let dest_url = if plain.iter().any(|start| dest_url.starts_with(start)) {
                dest_url
            } else {
                CowStr::Borrowed("#")
            };
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            })
        }
        // Pictures would be fetched from elsewhere; their text stays.
        Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
        Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
        other => other,
    }
}

/// Gives every heading that names an article its anchor, the same in both languages.
fn anchor_headings(events: &mut [Event]) -> Vec<(String, String)> {
    let mut headings = Vec::new();
    for start in 0..events.len() {
        if !matches!(events[start], Event::Start(Tag::Heading { .. })) {
            continue;
        }
        let text: String = events[start..]
            .iter()
            .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        let Some(anchor) = anchor(&text) else {
            continue;
        };
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
            *id = Some(anchor.clone().into());
        }
        headings.push((anchor, text));
    }
    headings
}

/// Returns the anchor of a heading: `art-11` for 第11条 or Article 11.
fn anchor(heading: &str) -> Option<String> {
    let number = |rest: &str| -> String { rest.chars().take_while(char::is_ascii_digit).collect() };
    for start in ["第", "Article "] {
        if let Some(digits) = heading.strip_prefix(start).map(number)
            && !digits.is_empty()
        {
            return Some(format!("art-{digits}"));
        }
    }
    let named = |starts: [&str; 2]| starts.iter().any(|start| heading.starts_with(start));
    if named(["前文", "Preamble"]) {
        return Some("preamble".to_owned());
    }
    named(["附則", "Supplement"]).then(|| "supplement".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_gets_the_same_anchor_in_both_languages() {
        let ja = render("## 第11条（契約期間）\n\n本文");
        let en = render("## Article 11 (Term)\n\nText");
        assert!(ja.body.0.contains(r#"<h2 id="art-11">"#), "{}", ja.body.0);
        assert!(en.body.0.contains(r#"<h2 id="art-11">"#), "{}", en.body.0);
        assert_eq!(ja.headings[0].1, "第11条（契約期間）");
    }

    #[test]
    fn raw_html_and_script_links_do_not_pass() {
        let source = "a <script>alert(1)</script> b\n\n<div onclick=\"x()\">\nc\n</div>\n\n[d](javascript:alert(2)) ![e](https://elsewhere.example/x.png)";
        let body = render(source).body.0;
        for bad in ["<script", "<div", "javascript:", "<img", "elsewhere"] {
            assert!(!body.contains(bad), "{bad} in {body}");
        }
        assert!(
            body.contains("&lt;script&gt;") && body.contains("onclick=&quot;")
                || body.contains("&lt;div")
        );
    }

    #[test]
    fn front_matter_is_left_out() {
        let body = render("---\nversion: \"1\"\n---\n\n# 規約\n").body.0;
        assert!(!body.contains("version"), "{body}");
        assert!(body.contains("規約"));
    }
}
