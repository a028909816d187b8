//! What is sent, from where, to whom and when.

use std::collections::BTreeSet;
use std::fmt;

use heymarket_api::types::{InboxId, MemberId, TemplateId};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::number::{Country, normalize};
use crate::placeholders::Text;
use crate::settings::{Content, Settings, Unknown};
use crate::store::{Hash, shortened};
use crate::window::Window;
use crate::zones;

/// The longest ID of a batch, in characters.
const MAX_ID: usize = 200;

/// One text to many recipients, under an ID of the caller's.
///
/// The ID makes planning repeatable: planning the same batch again changes
/// nothing, and another text or other recipients under the same ID are refused.
///
/// ```
/// use heymarket_api::types::{InboxId, MemberId};
/// use heymarket_outbox::Batch;
///
/// # fn run() -> Result<(), heymarket_outbox::Error> {
/// let batch = Batch::new("july", InboxId(41001), MemberId(50001))
///     .text("Hi {{first}}, see you {{time}}.")
///     .window("09:00-20:00".parse()?)
///     .country("US");
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct Batch {
    pub(crate) id: String,
    pub(crate) settings: Settings,
    pub(crate) allowed: Option<BTreeSet<String>>,
    pub(crate) as_list: bool,
    pub(crate) country: Option<String>,
}

impl Batch {
    /// Creates a batch that is sent from an inbox in the name of a team member.
    /// `creator_id` is that of
    /// [`SendMessage`](heymarket_api::types::SendMessage::creator_id).
    pub fn new(id: impl Into<String>, inbox_id: InboxId, creator_id: MemberId) -> Self {
        Self {
            id: id.into(),
            settings: Settings {
                inbox: inbox_id,
                creator: creator_id,
                content: Content::Nothing,
                media: None,
                window: None,
                zone: None,
                not_before: None,
                not_after: None,
                check_status: false,
                unknown: Unknown::default(),
                allowed: None,
            },
            allowed: None,
            as_list: false,
            country: None,
        }
    }

    /// Sets the text. `{{name}}` stands for the recipient's value of that name;
    /// one that is missing or blank refuses the plan.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.settings.content = Content::Text(text.into());
        self
    }

    /// Sends a template of the account, whose tokens the server fills from the
    /// contact, in place of a text.
    pub fn template(mut self, template_id: impl Into<TemplateId>) -> Self {
        self.settings.content = Content::Template(template_id.into());
        self
    }

    /// Attaches the file at a public URL, which makes each message an MMS.
    pub fn media(mut self, url: impl Into<String>) -> Self {
        self.settings.media = Some(url.into());
        self
    }

    /// Texts within these hours only, by each recipient's time zone.
    pub fn window(mut self, window: Window) -> Self {
        self.settings.window = Some(window);
        self
    }

    /// Sets the time zone of recipients that have none of their own; by default
    /// this machine's.
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.settings.zone = Some(zone.into());
        self
    }

    /// Sends nothing before this time.
    pub fn not_before(mut self, time: Timestamp) -> Self {
        self.settings.not_before = Some(time);
        self
    }

    /// Sends nothing after this time: what did not fit ends
    /// [`Expired`](crate::State::Expired).
    pub fn not_after(mut self, time: Timestamp) -> Self {
        self.settings.not_after = Some(time);
        self
    }

    /// Reads numbers without a `+` as numbers of this country, such as `US`.
    pub fn country(mut self, country: impl Into<String>) -> Self {
        self.country = Some(country.into());
        self
    }

    /// Texts these numbers only, for a trial. All other recipients are
    /// refused as [`NotAllowed`](crate::Reason::NotAllowed).
    pub fn allow_only<N: Into<String>>(mut self, numbers: impl IntoIterator<Item = N>) -> Self {
        self.allowed = Some(numbers.into_iter().map(Into::into).collect());
        self
    }

    /// Sends one message to a list in place of one to each recipient, as
    /// [`Outbox::send_as_list`](crate::Outbox::send_as_list) does.
    pub fn as_list(mut self, as_list: bool) -> Self {
        self.as_list = as_list;
        self
    }

    /// Asks for each recipient's status before texting it, which takes twice as
    /// many requests. It finds opt-outs that no webhook told of.
    pub fn check_status(mut self, check: bool) -> Self {
        self.settings.check_status = check;
        self
    }

    /// Sets the outcome of messages whose response was lost.
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.settings.unknown = unknown;
        self
    }

    /// Returns the ID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the inbox that it is sent from.
    #[must_use]
    pub fn inbox_id(&self) -> InboxId {
        self.settings.inbox
    }

    /// Checks it, and makes it what a plan needs.
    pub(crate) fn check(&self) -> Result<Checked, Error> {
        let invalid =
            |problem: String| Err(Error::invalid(format!("batch {:?}: {problem}", self.id)));
        let is_long = self.id.chars().nth(MAX_ID).is_some();
        if self.id.trim().is_empty() || is_long || self.id.contains(char::is_control) {
            return invalid(format!("an ID is 1 to {MAX_ID} characters on one line"));
        }
        let settings = &self.settings;
        let text = match &settings.content {
            Content::Text(text) => match Text::parse(text) {
                Ok(text) => Some(text),
                Err(problem) => return invalid(problem),
            },
            Content::Template(_) => None,
            Content::Nothing => None,
        };
        let is_empty = match &settings.content {
            Content::Nothing => true,
            Content::Text(text) => text.trim().is_empty(),
            Content::Template(_) => false,
        };
        if is_empty && settings.media.is_none() {
            return invalid("nothing to send; set a text, a template or media".to_owned());
        }
        let country: Option<Country> = match &self.country {
            None => None,
            Some(country) => match country.parse() {
                Ok(country) => Some(country),
                Err(()) => {
                    return invalid(format!(
                        "{country:?} is not a country; write it in two letters, such as US"
                    ));
                }
            },
        };
        let zone = settings.zone.clone().unwrap_or_else(zones::of_machine);
        if zones::named(&zone).is_none() {
            return invalid(format!(
                "{zone:?} is not a time zone; write it as America/Chicago"
            ));
        }
        if let (Some(from), Some(to)) = (settings.not_before, settings.not_after)
            && from >= to
        {
            return invalid("not_after is not later than not_before".to_owned());
        }
        Ok(Checked {
            settings: Settings {
                zone: Some(zone),
                ..settings.clone()
            },
            text,
            country,
            allowed: self.normal_allowed(country)?,
            as_list: self.as_list,
        })
    }

    /// Returns the allow-list in E.164.
    fn normal_allowed(&self, country: Option<Country>) -> Result<Option<BTreeSet<String>>, Error> {
        let Some(numbers) = &self.allowed else {
            return Ok(None);
        };
        let normal: Option<_> = numbers
            .iter()
            .map(|number| normalize(number, country))
            .collect();
        let invalid = || {
            let id = &self.id;
            Error::invalid(format!(
                "batch {id:?}: a number of the allow-list is invalid"
            ))
        };
        normal.map(Some).ok_or_else(invalid)
    }
}

/// A batch that was checked.
pub(crate) struct Checked {
    pub(crate) settings: Settings,
    pub(crate) text: Option<Text>,
    pub(crate) country: Option<Country>,
    pub(crate) allowed: Option<BTreeSet<String>>,
    pub(crate) as_list: bool,
}

impl Checked {
    /// Notes the allow-list in the settings, by its hash with the salt of the batch.
    pub(crate) fn note_allowed(&mut self, salt: Hash) {
        self.settings.allowed = self.allowed.as_ref().map(|numbers| {
            let mut hash = Sha256::new();
            hash.update(salt);
            for number in numbers {
                hash.update(number);
                hash.update([0]);
            }
            shortened(hash)
        });
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("id", &self.id)
            .field("inbox", &self.settings.inbox)
            .field("creator", &self.settings.creator)
            .field("window", &self.settings.window)
            .field("not_before", &self.settings.not_before)
            .field("not_after", &self.settings.not_after)
            .field("unknown", &self.settings.unknown)
            .finish_non_exhaustive()
    }
}
