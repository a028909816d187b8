//! Requests that lack a member.

/// A request that lacks one required member, which its only method sets.
///
/// It has two members of one type that must not be swapped, so one of them is set by
/// its name.
///
/// ```
/// use heymarket_api::types::{InboxId, MemberId, ReassignConversation};
///
/// let request = ReassignConversation::new(InboxId(41001), MemberId(50001))
///     .assignee_id(MemberId(50002))
///     .target("15550100101");
/// ```
#[derive(Debug)]
#[must_use = "the request lacks a member"]
pub struct Incomplete<T>(pub(crate) T);
