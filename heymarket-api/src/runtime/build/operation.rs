//! Operations of the API, and what may be sent twice.

use http::Method;

use crate::operations;

/// An operation of the API, as the spec describes it: an entry of
/// [`operations`](crate::operations).
///
/// ```
/// use heymarket_api::{Safety, operations};
///
/// let operation = &operations::GET_CONVERSATION;
/// assert_eq!(operation.id(), "get_conversation");
/// assert_eq!(operation.path(), "/v1/conversations/{id}");
/// assert_eq!(operation.safety(), Safety::Read);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) resource: &'static str,
    pub(crate) safety: Safety,
    pub(crate) effect: Effect,
    pub(crate) has_local_id: bool,
    /// The safety by target, where the spec distinguishes targets.
    pub(crate) targets: &'static [TargetSafety],
}

/// The safety of requests to one kind of target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TargetSafety {
    /// The member of the request that names the target.
    pub(crate) member: &'static str,
    pub(crate) by_default: Safety,
    /// The safety if the caller trusts the `local_id`.
    pub(crate) trusted: Safety,
}

impl Operation {
    /// Returns the operation that has a method and a path. The path has its
    /// parameters filled in, and no query.
    ///
    /// ```
    /// use heymarket_api::Operation;
    /// use http::Method;
    ///
    /// let operation = Operation::find(&Method::GET, "/v1/conversations/9920").unwrap();
    /// assert_eq!(operation.id(), "get_conversation");
    /// ```
    #[must_use]
    pub fn find(method: &Method, path: &str) -> Option<&'static Self> {
        let of_path = |operation: &&&Self| operation.matches(path);
        let mut candidates: Vec<_> = operations::ALL.iter().filter(of_path).collect();
        candidates.retain(|operation| operation.method == *method);
        // `/v2/contacts/list` is not the contact `list`.
        let is_parameter = |segment: &str| segment.starts_with('{');
        let parameters = |path: &str| path.split('/').filter(|s| is_parameter(s)).count();
        let best = candidates.into_iter().min_by_key(|o| parameters(o.path));
        best.copied()
    }

    /// Returns the operation that stands for all paths that the table does not have.
    /// Only the methods that HTTP defines as safe may be sent twice.
    pub(crate) fn unknown(method: &Method) -> &'static Self {
        macro_rules! operations {
        ($($method:ident: $safety:ident),*) => {
            match *method {
                $(Method::$method => {
                    static UNKNOWN: Operation = Operation {
                        id: stringify!($method),
                        method: Method::$method,
                        path: "(a path that is not in the table)",
                        resource: "",
                        safety: Safety::$safety,
                        effect: Effect::None,
                        has_local_id: false,
                        targets: &[],
                    };
                    &UNKNOWN
                })*
                _ => Self::unknown(&Method::POST),
            }
        };
    }
        operations!(
            GET: Read,
            HEAD: Read,
            OPTIONS: Read,
            POST: Unsafe,
            PUT: Unsafe,
            PATCH: Unsafe,
            DELETE: Unsafe
        )
    }

    fn matches(&self, path: &str) -> bool {
        let mut given = path.split('/');
        let mut template = self.path.split('/');
        loop {
            match (template.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(found))
                    if wanted == found || (wanted.starts_with('{') && !found.is_empty()) => {}
                _ => return false,
            }
        }
    }

    /// Returns the operation ID, which is also the name of the client's method.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path template, such as `/v1/conversations/{id}`.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the resource that the spec files the operation under, such as
    /// `conversations`; empty for a path that is not in the table.
    #[must_use]
    pub fn resource(&self) -> &'static str {
        self.resource
    }

    /// Returns what a person confirms before the operation: that it sends, deletes or
    /// changes much.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Returns what may be sent twice.
    #[must_use]
    pub fn safety(&self) -> Safety {
        self.safety
    }

    /// Returns the safety of a request from its members: the safety of the target that
    /// they name, the least safe of several targets, or that of the operation.
    pub(crate) fn safety_of(&self, has: impl Fn(&str) -> bool, trusts_key: bool) -> Safety {
        let named = self.targets.iter().filter(|target| has(target.member));
        let least_safe = named
            .map(|target| match trusts_key {
                true => target.trusted,
                false => target.by_default,
            })
            .max();
        least_safe.unwrap_or(match self.safety {
            // Without targets, only the caller's trust in the key decides.
            Safety::Unsafe if trusts_key && self.has_local_id && self.targets.is_empty() => {
                Safety::Keyed
            }
            safety => safety,
        })
    }

    /// Returns whether the request has a `local_id`.
    #[must_use]
    pub fn has_local_id(&self) -> bool {
        self.has_local_id
    }

    /// Returns whether the client mints a `local_id` if the caller sets none, which it
    /// does where the operation creates or sends something. In an update, a new
    /// `local_id` would replace the existing one.
    #[must_use]
    pub fn mints_local_id(&self) -> bool {
        self.has_local_id && matches!(self.safety, Safety::Keyed | Safety::Unsafe)
    }
}

/// The effect of an operation that a person confirms first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// No such effect. The operation may still change something: see [`Safety`].
    None,
    /// Someone receives a message, now or later.
    Sends,
    /// Something is deleted.
    Deletes,
    /// Many things are created or changed at once.
    Bulk,
}

/// Whether a request that may have reached the server may be sent again, ordered
/// from the safest to the least safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Safety {
    /// The operation changes nothing. It is retried.
    Read,
    /// A second request has no effect beyond the first. It is retried.
    Idempotent,
    /// The API recognizes a repeated request by its `local_id`. It is retried with the
    /// same `local_id`.
    Keyed,
    /// A second request may have a second effect, such as the same text twice. It is
    /// never retried, unless it provably did not reach the server or was refused with
    /// a 429 or 401.
    Unsafe,
}

#[cfg(test)]
mod tests {
    use super::*;

    static TO_EITHER: Operation = Operation {
        id: "send",
        method: Method::POST,
        path: "/send",
        resource: "messages",
        safety: Safety::Unsafe,
        effect: Effect::Sends,
        has_local_id: true,
        targets: &[
            TargetSafety {
                member: "one",
                by_default: Safety::Keyed,
                trusted: Safety::Keyed,
            },
            TargetSafety {
                member: "many",
                by_default: Safety::Unsafe,
                trusted: Safety::Unsafe,
            },
        ],
    };

    #[test]
    fn the_least_safe_of_the_targets_decides() {
        let safety = |members: &[&str], trusts_key| {
            TO_EITHER.safety_of(|member| members.contains(&member), trusts_key)
        };
        for trusts_key in [false, true] {
            assert_eq!(safety(&["one"], trusts_key), Safety::Keyed);
            assert_eq!(safety(&["many"], trusts_key), Safety::Unsafe);
            assert_eq!(safety(&["one", "many"], trusts_key), Safety::Unsafe);
            assert_eq!(safety(&[], trusts_key), Safety::Unsafe);
        }
    }

    #[test]
    fn trust_makes_an_operation_keyed_if_it_has_a_key() {
        let safety = |operation: &Operation, trusts| operation.safety_of(|_| false, trusts);
        assert_eq!(safety(&operations::CREATE_TEMPLATE, true), Safety::Keyed);
        assert_eq!(safety(&operations::CREATE_TEMPLATE, false), Safety::Unsafe);
        let keyless = &operations::TRANSFER_CONVERSATION;
        assert_eq!(safety(keyless, true), Safety::Unsafe);
        let read = &operations::GET_CONVERSATION;
        assert_eq!(safety(read, true), Safety::Read);
    }
}
