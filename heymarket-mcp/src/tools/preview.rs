//! Shows what a message would be: to whom, from where, and what is to be considered.

use heymarket_api::operations;
use heymarket_outbox::{Encoding, Segments};
use serde_json::{Value, json};

use super::context::{Context, Output, text};
use super::message::Message;
use super::team::{inboxes, members};
use crate::error::ToolError;
use crate::marking::plain;

/// The longest name in a question, in characters.
const MAX_NAME: usize = 80;

/// What was found out about a message.
#[derive(Default)]
pub(super) struct Preview {
    pub(super) name: Option<String>,
    contact: Option<i64>,
    pub(super) inbox: Option<String>,
    pub(super) member: Option<String>,
    template: Option<Value>,
    pub(super) segments: Option<Segments>,
    pub(super) warnings: Vec<String>,
    /// Why it cannot be sent.
    pub(super) problem: Option<String>,
}

/// Looks up what a message is about. What cannot be looked up is a warning.
pub(super) async fn look_up(context: &Context<'_>, message: &Message) -> Preview {
    let mut preview = Preview::default();
    let phone = message
        .addresses
        .first()
        .filter(|address| !address.contains('@'));
    let (recipient, status, inboxes, members, template) = tokio::join!(
        find(context, &operations::FIND_CONTACT, phone),
        find(context, &operations::GET_CONTACT_STATUS, phone),
        inboxes(context),
        members(context),
        template(context, message.template),
    );
    preview.recipient(recipient, phone.is_some());
    if !message.is_private {
        preview.status(status);
    }
    preview.sender(message, inboxes, members);
    match template {
        Ok(template) => preview.template = template,
        Err(_) => preview
            .warnings
            .push("the template cannot be read".to_owned()),
    }
    let template = preview.template.as_ref();
    let template = template.and_then(|template| template.pointer("/content/text")?.as_str());
    let shown = message.text.as_deref().or(template).map(str::to_owned);
    if let Some(shown) = shown
        && phone.is_some()
    {
        preview.text(&shown, message);
    }
    if !message
        .addresses
        .iter()
        .all(|address| context.access.allows_recipient(address))
    {
        let problem = "the recipient is not on the list of allowed recipients";
        preview.problem = Some(problem.to_owned());
    }
    if let Some(age) = context.drafts.repeated(&message.draft) {
        preview.warnings.push(format!(
            "the same message was sent to the same recipient {} seconds ago, or may have been",
            age.as_secs()
        ));
    }
    preview
}

async fn find(
    context: &Context<'_>,
    operation: &'static heymarket_api::Operation,
    phone: Option<&String>,
) -> Result<Option<Value>, ToolError> {
    match phone {
        Some(phone) => context.find(operation, json!({"phone": phone})).await,
        None => Ok(None),
    }
}

async fn template(context: &Context<'_>, id: Option<i64>) -> Result<Option<Value>, ToolError> {
    match id {
        Some(id) => context.get(&operations::GET_TEMPLATE, id).await.map(Some),
        None => Ok(None),
    }
}

impl Preview {
    fn recipient(&mut self, found: Result<Option<Value>, ToolError>, is_phone: bool) {
        match found {
            Ok(Some(contact)) => {
                let whole = [text(&contact, "first"), text(&contact, "last")];
                let whole: Vec<_> = whole.into_iter().flatten().collect();
                let name = text(&contact, "display_name").map(str::to_owned);
                self.name = name.or_else(|| (!whole.is_empty()).then(|| whole.join(" ")));
                self.contact = contact.get("id").and_then(Value::as_i64);
            }
            Ok(None) if is_phone => self.warnings.push("no contact has this number".to_owned()),
            Ok(None) => {}
            Err(_) => self
                .warnings
                .push("the contact cannot be looked up".to_owned()),
        }
    }

    fn status(&mut self, status: Result<Option<Value>, ToolError>) {
        let flag = |status: &Value, name: &str| status.get(name) == Some(&Value::Bool(true));
        match status {
            Ok(Some(status)) if flag(&status, "unsubscribed") => {
                self.problem = Some("the recipient opted out of messages".to_owned());
            }
            Ok(Some(status)) if flag(&status, "blocked") => {
                self.problem = Some("the recipient is blocked".to_owned());
            }
            Ok(_) => {}
            Err(_) => {
                let warning = "whether the recipient opted out cannot be looked up";
                self.warnings.push(warning.to_owned());
            }
        }
    }

    fn sender(
        &mut self,
        message: &Message,
        inboxes: Result<Vec<Value>, ToolError>,
        members: Result<Vec<Value>, ToolError>,
    ) {
        let of_id = |items: &[Value], id: i64| {
            let mut items = items.iter();
            items
                .find(|item| item.get("id").and_then(Value::as_i64) == Some(id))
                .cloned()
        };
        match inboxes.map(|inboxes| of_id(&inboxes, message.inbox)) {
            Ok(Some(inbox)) => {
                self.inbox = text(&inbox, "name").map(str::to_owned);
                let ids = inbox.get("members").and_then(Value::as_array);
                if ids.is_some_and(|ids| !ids.contains(&message.member.into())) {
                    self.warnings
                        .push("the member is not one of the inbox".to_owned());
                }
                if inbox.get("is_quiet_hours") == Some(&Value::Bool(true)) && !message.is_private {
                    let warning = "the inbox is in its quiet hours, which hold messages";
                    self.warnings.push(warning.to_owned());
                }
            }
            Ok(None) => self.problem = Some("no inbox has this inbox_id".to_owned()),
            Err(_) => self
                .warnings
                .push("the inbox cannot be looked up".to_owned()),
        }
        match members.map(|members| of_id(&members, message.member)) {
            Ok(Some(member)) => self.member = text(&member, "name").map(str::to_owned),
            Ok(None) => self
                .warnings
                .push("no team member has this member_id".to_owned()),
            Err(_) => self
                .warnings
                .push("the team cannot be looked up".to_owned()),
        }
    }

    fn text(&mut self, shown: &str, message: &Message) {
        if message.is_private {
            return;
        }
        let segments = Segments::of(shown);
        self.segments = Some(segments);
        if segments.count > 1 {
            self.warnings
                .push(format!("it takes {} segments", segments.count));
        }
        if let Some(character) = costly(shown) {
            self.warnings.push(format!(
                "the character {character} makes each segment shorter: 70 characters, not 160"
            ));
        }
        if message.template.is_none() && shown.contains("{{") {
            self.warnings.push(
                "tokens such as {{first_name}} are filled in for templates and lists; here they may \
                 be sent as they are"
                    .to_owned(),
            );
        }
    }

    /// Returns the result of a tool, but for the token.
    pub(super) fn output(&self, message: &Message) -> Output {
        let addresses = message.addresses.join(", ");
        let mut output = Output::default()
            .data(
                "recipient",
                json!({"name": self.name, "contact_id": self.contact}),
            )
            .data("from", json!({"inbox": self.inbox, "member": self.member}))
            .own("to", addresses)
            .own("inbox_id", message.inbox)
            .own("member_id", message.member)
            .own("warnings", self.warnings.clone());
        if let Some(template) = &self.template {
            let text = template.pointer("/content/text");
            let name = template.get("name");
            output = output.data("template", json!({"name": name, "text": text}));
        }
        let own = [
            ("message", message.text.clone().map(Value::from)),
            ("media_url", message.media.clone().map(Value::from)),
            ("conversation_id", message.conversation.map(Value::from)),
            ("send_at", message.send_at.map(|at| at.to_string().into())),
            ("private", message.is_private.then_some(Value::Bool(true))),
            ("segments", self.segments.map(described)),
        ];
        for (name, value) in own {
            if let Some(value) = value {
                output = output.own(name, value);
            }
        }
        output
    }

    /// Returns what a person is asked before the message is sent.
    pub(super) fn question(&self, message: &Message) -> String {
        let addresses = message.addresses.join(", ");
        let to = match &self.name {
            Some(name) => format!("{} ({addresses})", one_line(name)),
            None => addresses,
        };
        let inbox = self.inbox.as_deref().map(one_line);
        let inbox = inbox.unwrap_or_else(|| format!("inbox {}", message.inbox));
        let member = self.member.as_deref().map(one_line);
        let member = member.unwrap_or_else(|| format!("member {}", message.member));
        let verb = match (message.is_private, message.send_at) {
            (true, _) => "Add a private comment to the conversation with".to_owned(),
            (false, Some(at)) => format!("Schedule a message at {at} to"),
            (false, None) => "Send to".to_owned(),
        };
        let mut question = format!("{verb} {to} from {inbox} as {member}?");
        let template = self.template.as_ref();
        let template = template.and_then(|template| template.pointer("/content/text")?.as_str());
        if let Some(shown) = message.text.as_deref().or(template) {
            question.push_str(&format!("\n\n{}", plain(shown)));
        }
        if let Some(media) = &message.media {
            question.push_str(&format!("\n\nWith the file {}", plain(media)));
        }
        if !self.warnings.is_empty() {
            question.push_str(&format!("\n\nConsider: {}.", self.warnings.join("; ")));
        }
        question
    }
}

fn described(segments: Segments) -> Value {
    let encoding = match segments.encoding {
        Encoding::Gsm7 => "GSM-7",
        _ => "UCS-2",
    };
    json!({"count": segments.count, "encoding": encoding, "units": segments.units})
}

/// Returns the first character that GSM-7 lacks.
fn costly(text: &str) -> Option<char> {
    let is_costly = |c: &char| Segments::of(c.encode_utf8(&mut [0; 4])).encoding != Encoding::Gsm7;
    text.chars().find(is_costly)
}

/// Returns a name on one line, for a question.
fn one_line(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    plain(&name.chars().take(MAX_NAME).collect::<String>())
}
