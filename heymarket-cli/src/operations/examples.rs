//! Examples of commands.

use crate::catalog::spec::Operation;

/// Returns the examples of an operation, the most useful first: those that are
/// written here, else those of the spec.
pub(super) fn of(operation: &Operation) -> &'static [&'static str] {
    match operation.operation.id() {
        "send_message" => &[
            "heymarket messages send --inbox Support --as robin@example.com --to '+1 (555) 010-0101' \
             --text 'On its way.'",
            "heymarket messages send --inbox Support --as robin@example.com --to 15550100101 --text \
             @reply.txt",
            "heymarket messages send --inbox Orders --as robin@example.com --list 'First ten' \
             --template 'Order ready'",
        ],
        "list_conversations" => &[
            "heymarket conversations list --inbox Support --member robin@example.com",
            "heymarket conversations list --inbox Support --member robin@example.com --unread",
            "heymarket conversations list --inbox Support --member robin@example.com --all --format \
             csv --columns id,name,target,assigned.name,updated",
        ],
        "create_scheduled_message" => &[
            "heymarket scheduled-messages create --inbox Support --to 15550100101 --text 'See you \
             soon.' --at 'tomorrow 9am'",
        ],
        "reassign_conversation" => &[
            "heymarket conversations reassign --inbox Support --to 15550100101 --as \
             robin@example.com --assignee sam@example.com",
        ],
        "close_conversation" => &[
            "heymarket conversations close --conversation 9920 --inbox Support --as \
             robin@example.com",
        ],
        "get_list" => &["heymarket lists get 'First ten'"],
        "update_list" => &[
            "heymarket lists update 'First ten' --add-phones 15550100150",
            "heymarket lists update 'First ten' --title 'First eleven'",
        ],
        "update_list_v1" => {
            &["heymarket lists update-v1 'First ten' --title 'First ten' --add-phone 15550100150"]
        }
        "delete_list" => &["heymarket lists delete Empty"],
        "delete_list_v1" => &["heymarket lists delete-v1 Empty"],
        "get_survey" => &["heymarket surveys get Satisfaction"],
        "get_template" => &["heymarket templates get Greeting"],
        "get_tag" => &["heymarket tags get vip"],
        "delete_tag" => &["heymarket tags delete vip"],
        _ => operation.examples,
    }
}
