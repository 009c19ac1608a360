//! The text of a message from a body: its text or blocks, then its attachments.

use serde_json::Value;

use super::body::{Action, Attachment, Body};
use super::mrkdwn::{link, markdown, unescape};
use besedka_core::model::UserId;

/// How deep blocks are read.
const DEEPEST: usize = 8;

/// A message to be posted.
#[derive(Debug, Default)]
pub struct Text {
    pub text: String,
    pub mentioned: Vec<UserId>,
}

/// The message of a body.
pub fn message(body: &Body) -> Text {
    let mut to = Text::default();
    blocks(&body.blocks, &mut to);
    if to.text.is_empty() {
        // With blocks, the text is only for notifications.
        match (&body.text, body.mrkdwn) {
            (Some(text), Some(false)) => to.paragraph(&unescape(text)),
            (Some(text), _) => to.formatted(text),
            (None, _) => {}
        }
    }
    for attachment in &body.attachments {
        to.attachment(attachment);
    }
    to.text = to.text.replace("\r\n", "\n");
    to
}

impl Text {
    /// Adds lines of their own.
    fn paragraph(&mut self, text: &str) {
        let text = text.trim_matches('\n');
        if text.trim().is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    /// Adds a text in Slack's mark-up.
    fn formatted(&mut self, text: &str) {
        let formatted = markdown(text);
        self.mentioned.extend(formatted.mentioned);
        self.paragraph(&formatted.text);
    }

    /// Adds a text in one line and in bold, linked if there is an address.
    fn title(&mut self, title: &str, url: Option<&str>) {
        let title = markdown(title).text.replace("**", "");
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = match url {
            Some(url) => link(url, Some(&title)),
            None => title,
        };
        if !shown.is_empty() {
            self.paragraph(&format!("**{shown}**"));
        }
    }

    fn attachment(&mut self, attachment: &Attachment) {
        let before = self.text.len();
        if let Some(pretext) = &attachment.pretext {
            self.formatted(pretext);
        }
        if let Some(author) = &attachment.author_name {
            self.paragraph(&link_or_text(author, attachment.author_link.as_deref()));
        }
        if let Some(title) = &attachment.title {
            self.title(title, attachment.title_link.as_deref());
        }
        if let Some(text) = &attachment.text {
            self.formatted(text);
        }
        for field in &attachment.fields {
            let value = field.value.as_deref().unwrap_or_default();
            match field.title.as_deref() {
                Some(title) => self.formatted(&format!("*{}*: {value}", title.trim_matches('*'))),
                None => self.formatted(value),
            }
        }
        blocks(&attachment.blocks, self);
        self.actions(&attachment.actions);
        if self.text.len() == before
            && let Some(fallback) = &attachment.fallback
        {
            self.formatted(fallback);
        }
        if let Some(image) = &attachment.image_url {
            self.paragraph(image);
        }
    }

    /// Buttons that open a page, as links.
    fn actions(&mut self, actions: &[Action]) {
        let linked = |action: &Action| Some(link(action.url.as_deref()?, plain(&action.text).as_deref()));
        let links: Vec<String> = actions.iter().filter_map(linked).collect();
        self.paragraph(&links.join(" · "));
    }
}

fn link_or_text(text: &str, url: Option<&str>) -> String {
    let text = unescape(text);
    match url {
        Some(url) => link(url, Some(&text)),
        None => text,
    }
}

/// A string, or the text of an object of blocks.
fn plain(value: &Value) -> Option<String> {
    value.as_str().or_else(|| value["text"].as_str()).map(unescape)
}

/// Adds Slack's layout blocks.
fn blocks(blocks: &[Value], to: &mut Text) {
    for block in blocks {
        match block["type"].as_str().unwrap_or_default() {
            "header" => to.title(block["text"]["text"].as_str().unwrap_or_default(), None),
            "section" => {
                text_object(&block["text"], to);
                for field in block["fields"].as_array().into_iter().flatten() {
                    text_object(field, to);
                }
                if let Some(url) = block["accessory"]["url"].as_str() {
                    to.paragraph(&link(url, plain(&block["accessory"]["text"]).as_deref()));
                }
            }
            "context" => {
                let mut line = Text::default();
                for element in block["elements"].as_array().into_iter().flatten() {
                    match element["type"].as_str() {
                        Some("image") => {
                            let alt = element["alt_text"].as_str().unwrap_or_default();
                            line.paragraph(&unescape(alt));
                        }
                        _ => text_object(element, &mut line),
                    }
                }
                to.mentioned.append(&mut line.mentioned);
                to.paragraph(&line.text.replace('\n', " · "));
            }
            "divider" => to.paragraph("---"),
            "image" => {
                let title = plain(&block["title"]).or_else(|| block["alt_text"].as_str().map(unescape));
                match block["image_url"].as_str() {
                    Some(url) => to.paragraph(&link(url, title.as_deref())),
                    None => to.paragraph(title.as_deref().unwrap_or_default()),
                }
            }
            "actions" => {
                let elements = block["elements"].as_array().cloned().unwrap_or_default();
                let actions: Vec<Action> =
                    elements.into_iter().filter_map(|element| serde_json::from_value(element).ok()).collect();
                to.actions(&actions);
            }
            "markdown" => to.paragraph(block["text"].as_str().unwrap_or_default()),
            "rich_text" => {
                let mut text = String::new();
                rich_text(&block["elements"], DEEPEST, &mut text);
                to.formatted(&text);
            }
            _ => {}
        }
    }
    // Nothing but lines between nothing.
    if to.text.split('\n').all(|line| line == "---") {
        to.text.clear();
    }
}

/// A text object: `plain_text` or `mrkdwn`.
fn text_object(object: &Value, to: &mut Text) {
    let Some(text) = object["text"].as_str() else { return };
    match object["type"].as_str() {
        Some("plain_text") => to.paragraph(&unescape(text)),
        _ => to.formatted(text),
    }
}

/// The elements of a rich text, in Slack's mark-up.
fn rich_text(elements: &Value, depth: usize, to: &mut String) {
    for element in elements.as_array().into_iter().flatten().filter(|_| depth > 0) {
        let text = element["text"].as_str().unwrap_or_default();
        match element["type"].as_str().unwrap_or_default() {
            "text" => {
                let mark = |name: &str| element["style"][name].as_bool() == Some(true);
                let marks = [("bold", "*"), ("italic", "_"), ("strike", "~"), ("code", "`")];
                let marks: Vec<&str> =
                    marks.into_iter().filter(|(name, _)| mark(name)).map(|(_, mark)| mark).collect();
                to.push_str(&marks.concat());
                to.push_str(text);
                to.extend(marks.into_iter().rev());
            }
            "link" => {
                let url = element["url"].as_str().unwrap_or_default();
                to.push_str(&format!("<{url}|{}>", if text.is_empty() { url } else { text }));
            }
            "user" => to.push_str(&format!("<@{}>", element["user_id"].as_str().unwrap_or_default())),
            "broadcast" => to.push_str("<!channel>"),
            "emoji" => to.push_str(&format!(":{}:", element["name"].as_str().unwrap_or_default())),
            "rich_text_list" => {
                for item in element["elements"].as_array().into_iter().flatten() {
                    to.push_str("- ");
                    rich_text(&item["elements"], depth - 1, to);
                    to.push('\n');
                }
            }
            "rich_text_quote" => {
                to.push_str("> ");
                rich_text(&element["elements"], depth - 1, to);
                to.push('\n');
            }
            "rich_text_preformatted" => {
                to.push_str("```\n");
                rich_text(&element["elements"], depth - 1, to);
                to.push_str("\n```\n");
            }
            _ => {
                rich_text(&element["elements"], depth - 1, to);
                to.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(body: Value) -> String {
        message(&serde_json::from_value(body).unwrap()).text
    }

    #[test]
    fn an_attachment_is_shown_when_only_its_title_has_text() {
        let body = json!({"attachments": [{"title": "[FIRING:1] HighLoad", "title_link": "http://alerts/#/", "text": "",
            "fallback": "[FIRING:1] HighLoad | http://alerts/#/"}]});
        assert_eq!(text(body), "**[(FIRING:1) HighLoad](http://alerts/#/)**");
    }

    #[test]
    fn parts_of_an_attachment_are_lines() {
        let body = json!({"text": "Deploy", "attachments": [{
            "pretext": "before", "author_name": "CI", "author_link": "http://ci/", "title": "Build 7", "text": "*done*",
            "fields": [{"title": "Branch", "value": "main", "short": true}, {"value": "alone"}],
            "actions": [{"type": "button", "text": "Open", "url": "http://ci/7"}], "fallback": "not shown",
            "image_url": "http://ci/7.png", "color": "#0f0", "footer": "CI 1.0", "ts": 1},
            {"fallback": "shown"}]});
        assert_eq!(
            text(body),
            "Deploy\nbefore\n[CI](http://ci/)\n**Build 7**\n**done**\n**Branch**: main\nalone\n[Open](http://ci/7)\n\
             http://ci/7.png\nshown"
        );
    }

    #[test]
    fn blocks_take_the_place_of_the_text() {
        let body = json!({"text": "for notifications", "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "New *request* &amp; more"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Type:* <http://x|leave>"}},
            {"type": "section", "fields": [
                {"type": "mrkdwn", "text": "*From:*\nAnn"}, {"type": "plain_text", "text": "*raw*"}]},
            {"type": "divider"},
            {"type": "context", "elements": [
                {"type": "image", "image_url": "http://x/y.png", "alt_text": "icon"}, {"type": "mrkdwn", "text": "now"}]},
            {"type": "actions", "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Approve"}, "url": "http://x/ok"},
                {"type": "button", "text": {"type": "plain_text", "text": "No link"}}]},
            {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                {"type": "text", "text": "rich", "style": {"bold": true}}, {"type": "text", "text": " text "},
                {"type": "link", "url": "http://y", "text": "link"}]}]},
            {"type": "unknown"}]});
        assert_eq!(
            text(body),
            "**New request & more**\n**Type:** [leave](http://x)\n**From:**\nAnn\n*raw*\n---\nicon · now\n\
             [Approve](http://x/ok)\n**rich** text [link](http://y)"
        );
        assert_eq!(text(json!({"text": "words", "blocks": [{"type": "divider"}]})), "words");
        assert_eq!(text(json!({"text": "words", "blocks": []})), "words");
    }

    #[test]
    fn what_shows_nothing_is_empty() {
        for body in [
            json!({}),
            json!({"text": " \n "}),
            json!({"attachments": [{}]}),
            json!({"attachments": [{"color": "#f00", "title": ""}], "blocks": [{"type": "divider"}]}),
        ] {
            assert_eq!(text(body.clone()), "", "{body}");
        }
    }
}
