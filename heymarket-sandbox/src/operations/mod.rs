//! The operations. Their requests have passed the schema; what remains are
//! checks that the spec cannot express.

mod call;
mod contacts;
mod contacts_v2;
mod conversations;
mod inboxes;
mod lists;
mod messages;
mod scheduled_messages;
mod sparse;
mod surveys;
mod tags;
mod team;
mod templates;
mod users;

use call::Handler;

pub(crate) use call::Call;

/// Returns the implementation of an operation.
pub(crate) fn handler(operation: &str) -> Option<Handler> {
    Some(match operation {
        "add_contact_channel" => contacts_v2::add_channel,
        "close_conversation" => conversations::close,
        "count_contacts" => contacts::count,
        "count_conversations" => conversations::count,
        "count_team_messages" => messages::count,
        "create_contact" => contacts::create,
        "create_contact_fields" => contacts::create_fields,
        "create_contact_v2" => contacts_v2::create,
        "create_contacts" => contacts::create_batch,
        "create_list" => lists::create,
        "create_list_v1" => lists::create_v1,
        "create_scheduled_message" => scheduled_messages::create,
        "create_tag" => tags::create,
        "create_template" => templates::create,
        "delete_contact" => contacts::delete,
        "delete_contact_channel" => contacts_v2::delete_channel,
        "delete_contact_v2" => contacts_v2::delete,
        "delete_contacts_v2" => contacts_v2::delete_many,
        "delete_list" => lists::delete,
        "delete_list_v1" => lists::delete_v1,
        "delete_scheduled_message" => scheduled_messages::delete,
        "delete_tag" => tags::delete,
        "delete_template" => templates::delete,
        "find_contact" => contacts::find,
        "find_users" => users::find,
        "get_contact" => contacts::get,
        "get_contact_channel" => contacts_v2::get_channel,
        "get_contact_status" => contacts::get_status,
        "get_contact_v2" => contacts_v2::get,
        "get_conversation" => conversations::get,
        "get_list" => lists::get,
        "get_scheduled_message" => scheduled_messages::get,
        "get_survey" => surveys::get,
        "get_tag" => tags::get,
        "get_team" => team::get,
        "get_template" => templates::get,
        "list_contact_channels" => contacts_v2::list_channels,
        "list_contact_fields" => contacts::list_fields,
        "list_contacts" => contacts::list,
        "list_contacts_v2" => contacts_v2::list,
        "list_conversations" => conversations::list,
        "list_inboxes" => inboxes::list,
        "list_lists" => lists::list,
        "list_messages" => messages::history,
        "list_surveys" => surveys::list,
        "list_tags" => tags::list,
        "list_team_messages" => messages::list,
        "list_templates" => templates::list,
        "mark_conversation_read" => conversations::mark_read,
        "mark_conversation_unread" => conversations::mark_unread,
        "open_conversation" => conversations::open,
        "reassign_conversation" => conversations::reassign,
        "search_contacts_v2" => contacts_v2::search,
        "send_email" => messages::send_email,
        "send_message" => messages::send,
        "set_contact_status" => contacts::set_status,
        "transfer_conversation" => conversations::transfer,
        "update_contact" => contacts::update,
        "update_contact_channel" => contacts_v2::update_channel,
        "update_contact_v2" => contacts_v2::update,
        "update_list" => lists::update,
        "update_list_v1" => lists::update_v1,
        "update_scheduled_message" => scheduled_messages::update,
        "update_template" => templates::update,
        "update_users" => users::update,
        "upsert_contacts_v2" => contacts_v2::upsert,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;

    #[test]
    fn every_operation_of_the_spec_has_a_handler() {
        let missing: Vec<_> = Spec::get()
            .operations()
            .iter()
            .filter(|operation| handler(&operation.id).is_none())
            .map(|operation| &operation.id)
            .collect();
        assert!(missing.is_empty(), "no handler for: {missing:?}");
    }
}
