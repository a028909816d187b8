//! The text and media of a message: templates filled with a contact's values.

use super::data::Store;
use super::records::{Contact, Template};
use super::sending::Content;

impl Store {
    pub(super) fn text(&self, content: &Content, conversation: i64) -> String {
        let text = content.text.as_ref().filter(|text| !text.is_empty());
        if let Some(text) = text {
            return text.clone();
        }
        if let Some(template) = content.template.and_then(|id| self.templates.get(id)) {
            let conversation = self.conversations.get(conversation);
            let contact = conversation.and_then(|found| self.contact_with(&found.target));
            return self.fill(&template.text, contact);
        }
        let survey = content.survey.and_then(|id| self.surveys.get(id));
        survey.map_or_else(String::new, |survey| survey.question.clone())
    }

    pub(super) fn media(&self, content: &Content) -> String {
        let template = content.template.and_then(|id| self.templates.get(id));
        content
            .media
            .clone()
            .or_else(|| template.and_then(first_picture))
            .unwrap_or_default()
    }

    /// Fills the tokens of a template: `{{first_name}}`, `{{last_name}}`, and
    /// the titles of custom fields with `_` for spaces. Unknown values become
    /// empty. Unknown tokens stay.
    pub(crate) fn fill(&self, template: &str, contact: Option<&Contact>) -> String {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            let Some(length) = rest[start..].find("}}") else {
                break;
            };
            let token = rest[start + 2..start + length].trim();
            text.push_str(&rest[..start]);
            match self.value(token, contact) {
                Some(value) => text.push_str(&value),
                None => text.push_str(&rest[start..start + length + 2]),
            }
            rest = &rest[start + length + 2..];
        }
        text.push_str(rest);
        text
    }

    /// Returns the value of a token, or `None` if it is unknown.
    fn value(&self, token: &str, contact: Option<&Contact>) -> Option<String> {
        let of = |name: fn(&Contact) -> &str| contact.map_or("", name).to_owned();
        match token {
            "first_name" => return Some(of(|contact| &contact.first)),
            "last_name" => return Some(of(|contact| &contact.last)),
            _ => {}
        }
        let field = self.fields.with_token(token)?;
        let value = contact.and_then(|contact| contact.custom.get(&field));
        Some(match value {
            None => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        })
    }
}

fn first_picture(template: &Template) -> Option<String> {
    let url = template.gallery.first()?.get("url")?;
    url.as_str().map(str::to_owned)
}
