//! Hand-written structs: the fields of the crate's types, each with the simplest
//! type that reads the samples.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize, Serialize)]
pub(super) struct Conversation {
    assigned: Option<i64>,
    blocked: Option<bool>,
    channel: Option<String>,
    created: Option<Timestamp>,
    creator: Option<i64>,
    email_noti: Option<bool>,
    id: i64,
    inbox: Option<i64>,
    last_inbound: Option<i64>,
    last_msg: Option<String>,
    local_id: Option<String>,
    members: Option<Vec<Member>>,
    muted: Option<bool>,
    name: Option<String>,
    noreply: Option<String>,
    op: Option<String>,
    read: Option<i64>,
    replied: Option<bool>,
    snooze_till: Option<Timestamp>,
    status: Option<String>,
    #[serde(rename = "super")]
    super_: Option<i64>,
    support: Option<bool>,
    target: Option<String>,
    targets: Option<Value>,
    #[serde(rename = "type")]
    type_: Option<String>,
    unread: Option<bool>,
    unread_users: Option<Vec<i64>>,
    updated: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Message {
    author: Option<String>,
    broadcast_id: Option<i64>,
    channel: Option<String>,
    conversation: Option<Conversation>,
    custom: Option<Value>,
    date: Option<Timestamp>,
    flagged: Option<bool>,
    hidden: Option<bool>,
    id: i64,
    link_url: Option<String>,
    local_id: Option<String>,
    media: Option<String>,
    phone: Option<String>,
    raw_error: Option<String>,
    status: Option<String>,
    #[serde(rename = "super")]
    super_: Option<i64>,
    support: Option<bool>,
    target: Option<String>,
    target_errors: Option<Value>,
    targets: Option<Value>,
    text: Option<String>,
    #[serde(rename = "type")]
    type_: Option<String>,
    updated: Option<Timestamp>,
    user: Option<i64>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Contact {
    assigned_user_id: Option<i64>,
    avatar: Option<String>,
    created: Option<Timestamp>,
    creator_id: Option<i64>,
    custom: Option<Value>,
    display_name: Option<String>,
    email: Option<String>,
    external_id: Option<String>,
    external_ref: Option<String>,
    first: Option<String>,
    id: i64,
    inbox_id: Option<i64>,
    is_opted_out: Option<bool>,
    last: Option<String>,
    note: Option<Vec<ContactNote>>,
    op: Option<String>,
    parent_id: Option<i64>,
    phone: Option<String>,
    rev: Option<i64>,
    shared: Option<bool>,
    tags: Option<Vec<Value>>,
    team_id: Option<i64>,
    #[serde(rename = "type")]
    type_: Option<String>,
    updated: Option<Timestamp>,
    uuid: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct List {
    archived: Option<bool>,
    created: Option<Timestamp>,
    creator_id: Option<i64>,
    id: i64,
    local_id: Option<String>,
    name: Option<String>,
    rev: Option<i64>,
    shared: Option<bool>,
    targets: Option<BTreeMap<String, ListTarget>>,
    team_id: Option<i64>,
    updated: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Template {
    archived: Option<bool>,
    content: Option<TemplateContent>,
    created: Option<Timestamp>,
    creator_id: Option<i64>,
    id: i64,
    local_id: Option<String>,
    name: Option<String>,
    op: Option<String>,
    rev: Option<i64>,
    shared: Option<bool>,
    team_id: Option<i64>,
    updated: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Tag {
    color: Option<String>,
    created: Option<Timestamp>,
    id: i64,
    rev: Option<i64>,
    tag: Option<String>,
    team_id: Option<i64>,
    updated: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Survey {
    created: Option<Timestamp>,
    id: i64,
    name: Option<String>,
    question: Option<String>,
    #[serde(rename = "type")]
    type_: Option<String>,
    updated: Option<Timestamp>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Inbox {
    ai_agent_auto_assign: Option<bool>,
    allowed_domains: Option<Vec<String>>,
    auto_assignable: Option<bool>,
    auto_close: Option<bool>,
    bco_chats: Option<bool>,
    business_hours: Option<BusinessHours>,
    created_at: Option<Timestamp>,
    email_on_inbound_idle: Option<bool>,
    email_on_outbound_idle: Option<bool>,
    force_assign: Option<bool>,
    forward_number: Option<String>,
    high_throughput: Option<bool>,
    id: i64,
    ignore_inc_call_notif: Option<bool>,
    invited: Option<Vec<String>>,
    is_bandwidth: Option<bool>,
    is_business_hours: Option<bool>,
    is_quiet_hours: Option<bool>,
    ittc: Option<i64>,
    members: Option<Vec<i64>>,
    name: Option<String>,
    notify_after_inbound_idle: Option<i64>,
    notify_after_outbound_idle: Option<i64>,
    notify_all: Option<bool>,
    notify_on_chat_assignment: Option<bool>,
    notify_on_inbound_idle: Option<bool>,
    notify_on_outbound_idle: Option<bool>,
    op: Option<String>,
    phone: Option<String>,
    phones: Option<Vec<String>>,
    promote_inbound_idle_to_top: Option<bool>,
    promote_outbound_idle_to_top: Option<bool>,
    rev: Option<i64>,
    show_waiting_indicator: Option<bool>,
    team: Option<i64>,
    unassign_on_close: Option<bool>,
    updated_at: Option<Timestamp>,
    widget_code: Option<String>,
    widget_settings: Option<WidgetSettings>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Member {
    id: Option<i64>,
    name: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct ContactNote {
    date: Option<Timestamp>,
    id: Option<String>,
    name: Option<String>,
    text: Option<String>,
    user_id: Option<i64>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct ListTarget {
    f: Option<String>,
    l: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct TemplateContent {
    gallery: Option<Vec<GalleryEntry>>,
    text: Option<String>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct BusinessHours {
    is_weekday_hours_set: Option<bool>,
    is_weekend_hours_set: Option<bool>,
    quiet_hours_enabled: Option<bool>,
    weekday_end_hour: Option<i64>,
    weekday_end_min: Option<i64>,
    weekday_start_hour: Option<i64>,
    weekday_start_min: Option<i64>,
    weekend_end_hour: Option<i64>,
    weekend_end_min: Option<i64>,
    weekend_start_hour: Option<i64>,
    weekend_start_min: Option<i64>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct WidgetSettings {
    background_color: Option<String>,
    button_color: Option<String>,
    email_enabled: Option<bool>,
    email_required: Option<bool>,
    fab_background_color: Option<String>,
    fab_text_color: Option<String>,
    message: Option<String>,
    name: Option<String>,
    name_enabled: Option<bool>,
    name_required: Option<bool>,
    phone: Option<String>,
    phone_enabled: Option<bool>,
    phone_optional: Option<bool>,
    position: Option<i64>,
    preview_enabled: Option<bool>,
    sms_disabled: Option<bool>,
    title_background_color: Option<String>,
    title_text_color: Option<String>,
    tos: Option<String>,
    webchat_enabled: Option<bool>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct GalleryEntry {
    annotation_position: Option<String>,
    annotation_text: Option<String>,
    original_url: Option<String>,
    url: Option<String>,
}
