//! Contacts: one record, whichever generation of operations reads it.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::data::{Kind, Store, Subject};
use super::records::{Channel, Contact, List};
use super::rejection::Rejection;
use super::table::Part;

/// The limit of tags for each contact.
const MAX_TAGS: usize = 5;

/// The members of a request that changes a contact.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ContactChange {
    pub(crate) phone: Option<String>,
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) custom: BTreeMap<String, Value>,
    pub(crate) avatar: Option<String>,
    pub(crate) assignee_id: Option<i64>,
    pub(crate) tags: Option<Vec<TagAssignment>>,
    pub(crate) is_opted_out: Option<bool>,
    pub(crate) email_suppressions: Option<Vec<i64>>,
    pub(crate) contact_channels: Option<Vec<NewChannel>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TagAssignment {
    tag_id: i64,
}

/// A channel of a contact in a request.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct NewChannel {
    pub(crate) channel_type: String,
    pub(crate) channel_id: String,
    #[serde(default)]
    pub(crate) channel_handle: String,
    #[serde(default)]
    pub(crate) info_channel: String,
}

/// How a change treats the names that it leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    /// v1 operations: missing names are cleared.
    Phone,
    /// v2 operations: missing names are kept.
    Many,
}

impl Store {
    pub(crate) fn contact_with(&self, address: &str) -> Option<&Contact> {
        let address = normal(address);
        let from = (address.clone(), i64::MIN);
        let (found, id) = self.addresses.range(from..).next()?;
        (*found == address)
            .then(|| self.contacts.get(*id))
            .flatten()
    }

    pub(crate) fn contact_by_uuid(&self, uuid: &str) -> Result<&Contact, Rejection> {
        let id = self.contact_uuids.get(uuid);
        id.and_then(|id| self.contacts.get(*id)).ok_or_else(|| {
            let hint = if uuid.bytes().all(|byte| byte.is_ascii_digit()) {
                "; this operation takes the contact's UUID, not its number"
            } else {
                ""
            };
            Rejection::not_found(format!("no contact has this id{hint}"))
        })
    }

    /// Returns the contact with an address, and creates it if needed.
    pub(crate) fn contact_for(
        &mut self,
        kind: &str,
        address: &str,
        creator: i64,
        now: Timestamp,
    ) -> i64 {
        match self.contact_with(address) {
            Some(contact) => contact.id,
            None => self.new_contact(kind, address, creator, now),
        }
    }

    fn new_contact(&mut self, kind: &str, address: &str, creator: i64, now: Timestamp) -> i64 {
        let id = self.blank_contact(creator, now);
        self.set_channel(id, kind, address, now);
        id
    }

    /// Creates a contact without any data.
    pub(crate) fn blank_contact(&mut self, creator: i64, now: Timestamp) -> i64 {
        let id = self.next_id(Kind::Contact);
        let uuid = self.next_uuid();
        self.put_contact(Contact {
            id,
            uuid,
            first: String::new(),
            last: String::new(),
            display_name: String::new(),
            avatar: String::new(),
            channels: Vec::new(),
            custom: BTreeMap::new(),
            tags: Vec::new(),
            assigned: 0,
            creator,
            email_suppressions: Vec::new(),
            blocked: false,
            unsubscribed_by_team: false,
            unsubscribed_by_contact: false,
            created: now,
            updated: now,
            rev: 1,
        });
        id
    }

    pub(super) fn put_contact(&mut self, contact: Contact) {
        self.index_contact(&contact);
        self.contacts.insert(contact);
    }

    pub(super) fn index_contact(&mut self, contact: &Contact) {
        self.contact_uuids.insert(contact.uuid.clone(), contact.id);
        for channel in &contact.channels {
            self.addresses
                .insert((normal(&channel.address), contact.id));
        }
    }

    /// Sets the address of a channel. An empty address removes the channel.
    pub(crate) fn set_channel(&mut self, id: i64, kind: &str, address: &str, now: Timestamp) {
        if address.is_empty() {
            self.remove_channel(id, kind);
            return;
        }
        let channel = NewChannel {
            channel_type: kind.to_owned(),
            channel_id: address.to_owned(),
            channel_handle: String::new(),
            info_channel: String::new(),
        };
        self.put_channels(id, &[channel], now);
    }

    /// Sets channels. Each replaces the channel of its type.
    pub(crate) fn put_channels(&mut self, id: i64, new: &[NewChannel], now: Timestamp) {
        let ids = new.iter();
        let ids: Vec<_> = ids
            .map(|_| (self.next_id(Kind::Channel), self.next_uuid()))
            .collect();
        self.change_channels(id, |channels| {
            let places = channels.iter().enumerate();
            let mut places: HashMap<_, _> = places
                .map(|(place, channel)| (channel.kind.clone(), place))
                .collect();
            for (new, (id, uuid)) in new.iter().zip(ids) {
                if let Some(place) = places.get(&new.channel_type) {
                    channels[*place].change(new, now);
                } else {
                    places.insert(new.channel_type.clone(), channels.len());
                    channels.push(Channel::new(id, uuid, new, now));
                }
            }
        });
    }

    pub(crate) fn remove_channel(&mut self, id: i64, kind: &str) {
        self.change_channels(id, |channels| {
            channels.retain(|channel| channel.kind != kind)
        });
    }

    fn change_channels(&mut self, id: i64, change: impl FnOnce(&mut Vec<Channel>)) {
        let Some(contact) = self.contacts.get(id) else {
            return;
        };
        let old: Vec<_> = contact
            .channels
            .iter()
            .map(|channel| normal(&channel.address))
            .collect();
        for address in old {
            self.addresses.remove(&(address, id));
        }
        let mut new = Vec::new();
        self.contacts.change(id, |contact| {
            change(&mut contact.channels);
            new.extend(
                contact
                    .channels
                    .iter()
                    .map(|channel| normal(&channel.address)),
            );
        });
        for address in new {
            self.addresses.insert((address, id));
        }
    }

    /// Returns an error if a change cannot be applied.
    pub(crate) fn check_contact(
        &self,
        change: &ContactChange,
        contact: Option<i64>,
    ) -> Result<(), Rejection> {
        let tags = change.tags.as_deref().unwrap_or_default();
        if tags.len() > MAX_TAGS {
            return Err(Rejection::bad_data(
                "tags",
                "a contact carries at most five tags",
            ));
        }
        if tags.iter().any(|tag| self.tags.get(tag.tag_id).is_none()) {
            return Err(Rejection::bad_data("tags", "no tag has this id"));
        }
        if let Some(id) = change.assignee_id.filter(|id| *id != -1) {
            self.member(id, "assignee_id")?;
        }
        let channels = change.contact_channels.iter().flatten();
        let phone = change.phone.iter().map(|phone| ("phone", phone));
        let addresses = phone.chain(channels.map(|new| ("contact_channels", &new.channel_id)));
        for (field, address) in addresses {
            let owner = self.contact_with(address).map(|owner| owner.id);
            if owner.is_some() && contact.is_some() && owner != contact {
                return Err(Rejection::bad_data(
                    field,
                    "another contact has this address",
                ));
            }
        }
        Ok(())
    }

    /// Applies a change. With `overwrite`, custom fields that it does not name
    /// are removed.
    pub(crate) fn change_contact(
        &mut self,
        id: i64,
        change: &ContactChange,
        channels: Channels,
        overwrite: bool,
        now: Timestamp,
    ) {
        if let Some(phone) = &change.phone {
            self.set_channel(id, "phone", phone, now);
        }
        if let Some(channels) = &change.contact_channels {
            self.put_channels(id, channels, now);
        }
        if let Some(email) = &change.email {
            self.set_channel(id, "email", email, now);
        }
        let custom = self.known_fields(&change.custom);
        let mut told = None;
        self.contacts.change(id, |contact| {
            told = apply(contact, change, channels);
            if overwrite {
                contact.custom.clear();
            }
            contact.custom.extend(custom);
            contact.updated = now;
            contact.rev += 1;
        });
        if let Some(kind) = told {
            self.emit(kind, Subject::Contact(id));
        }
    }

    /// Returns the values of existing fields by ID. Other keys, such as titles,
    /// are dropped silently, as the API does.
    fn known_fields(&self, custom: &BTreeMap<String, Value>) -> BTreeMap<i64, Value> {
        let known = |key: &str| {
            let id = key.parse().ok()?;
            self.fields.contains(id).then_some(id)
        };
        let fields = custom.iter();
        fields
            .filter_map(|(key, value)| Some((known(key)?, value.clone())))
            .collect()
    }

    pub(crate) fn set_contact_status(&mut self, id: i64, status: &str, now: Timestamp) {
        let mut was_unsubscribed = false;
        let mut is_unsubscribed = false;
        self.contacts.change(id, |contact| {
            was_unsubscribed = contact.is_unsubscribed();
            match status {
                "blocked" => contact.blocked = true,
                "unblocked" => contact.blocked = false,
                "unsubscribed" => contact.unsubscribed_by_team = true,
                "subscribed" => clear_unsubscribed(contact),
                _ => {
                    contact.blocked = false;
                    clear_unsubscribed(contact);
                }
            }
            is_unsubscribed = contact.is_unsubscribed();
            contact.updated = now;
            contact.rev += 1;
        });
        if let Some(kind) = subscription_event(was_unsubscribed, is_unsubscribed) {
            self.emit(kind, Subject::Contact(id));
        }
    }

    /// Deletes contacts with their conversations and messages.
    pub(crate) fn remove_contacts(&mut self, ids: &[i64]) {
        for id in ids {
            self.remove_contact(*id);
        }
        let removed: HashSet<_> = ids.iter().collect();
        for list in self.lists.ids(Part::Whole) {
            let has_any = |list: &List| list.contacts.iter().any(|id| removed.contains(id));
            if self.lists.get(list).is_some_and(has_any) {
                self.lists.change(list, |list| {
                    list.contacts.retain(|id| !removed.contains(id))
                });
            }
        }
    }

    /// Deletes a contact, but keeps it on lists.
    fn remove_contact(&mut self, id: i64) {
        let Some(contact) = self.contacts.remove(id) else {
            return;
        };
        self.contact_uuids.remove(&contact.uuid);
        for channel in &contact.channels {
            self.addresses.remove(&(normal(&channel.address), id));
            let inboxes: Vec<_> = self.inboxes.keys().copied().collect();
            for inbox in inboxes {
                let conversation = self.conversation_with(inbox, &channel.address);
                if let Some(conversation) = conversation.map(|found| found.id) {
                    self.remove_conversation(conversation);
                }
            }
        }
    }
}

impl Channel {
    fn new(id: i64, uuid: String, new: &NewChannel, now: Timestamp) -> Self {
        Self {
            id,
            uuid,
            kind: new.channel_type.clone(),
            address: normal(&new.channel_id),
            handle: new.channel_handle.clone(),
            info: new.info_channel.clone(),
            created: now,
            updated: now,
        }
    }

    /// Empty members keep their values.
    fn change(&mut self, new: &NewChannel, now: Timestamp) {
        self.address = normal(&new.channel_id);
        for (text, new) in [
            (&mut self.handle, &new.channel_handle),
            (&mut self.info, &new.info_channel),
        ] {
            if !new.is_empty() {
                text.clone_from(new);
            }
        }
        self.updated = now;
    }
}

/// Applies the part of a change that no index depends on. Returns the event
/// that it causes.
fn apply(
    contact: &mut Contact,
    change: &ContactChange,
    channels: Channels,
) -> Option<&'static str> {
    let was_unsubscribed = contact.is_unsubscribed();
    let names = [
        (&mut contact.first, &change.first),
        (&mut contact.last, &change.last),
        (&mut contact.display_name, &change.display_name),
    ];
    for (name, new) in names {
        match new {
            Some(new) => name.clone_from(new),
            None if channels == Channels::Phone => name.clear(),
            None => {}
        }
    }
    if contact.display_name.is_empty() {
        let name = format!("{} {}", contact.first, contact.last);
        name.trim().clone_into(&mut contact.display_name);
    }
    if let Some(avatar) = &change.avatar {
        contact.avatar.clone_from(avatar);
    }
    if let Some(assignee) = change.assignee_id {
        contact.assigned = assignee.max(0);
    }
    if let Some(tags) = &change.tags {
        contact.tags.clear();
        for tag in tags {
            if !contact.tags.contains(&tag.tag_id) {
                contact.tags.push(tag.tag_id);
            }
        }
    }
    match change.is_opted_out {
        Some(true) => contact.unsubscribed_by_team = true,
        Some(false) => clear_unsubscribed(contact),
        None => {}
    }
    if let Some(suppressions) = &change.email_suppressions {
        contact.email_suppressions.clone_from(suppressions);
    }
    subscription_event(was_unsubscribed, contact.is_unsubscribed())
}

fn clear_unsubscribed(contact: &mut Contact) {
    contact.unsubscribed_by_team = false;
    contact.unsubscribed_by_contact = false;
}

fn subscription_event(was: bool, is: bool) -> Option<&'static str> {
    match (was, is) {
        (false, true) => Some("target_opt_out"),
        (true, false) => Some("target_opt_in"),
        _ => None,
    }
}

/// Normalizes an address: email addresses are case-insensitive.
pub(super) fn normal(address: &str) -> String {
    if address.contains('@') {
        address.to_lowercase()
    } else {
        address.to_owned()
    }
}
