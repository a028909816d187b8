use http::Method;

use crate::operations;

/// An operation of the API, as the spec describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) safety: Safety,
    pub(crate) has_local_id: bool,
    /// The safety by target, where the spec tells targets apart.
    pub(crate) targets: &'static [TargetSafety],
}

/// The safety of requests to one kind of target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TargetSafety {
    /// The member of the request that names the target.
    pub(crate) member: &'static str,
    pub(crate) by_default: Safety,
    /// What trusting the `local_id` makes of it.
    pub(crate) trusted: Safety,
}

impl Operation {
    /// The operation of the table that a request is of, by its method and the
    /// path without its query.
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

    /// The operation id, which is the name of the client's method.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path's template: `/v1/conversations/{id}`.
    #[must_use]
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What may be sent twice.
    #[must_use]
    pub fn safety(&self) -> Safety {
        self.safety
    }

    /// The safety of a request that has some members: that of the target that
    /// they name, the least safe of several, or else that of the operation.
    pub(crate) fn safety_of(&self, has: impl Fn(&str) -> bool, trusts_key: bool) -> Safety {
        let named = self.targets.iter().filter(|target| has(target.member));
        let least_safe = named
            .map(|target| match trusts_key {
                true => target.trusted,
                false => target.by_default,
            })
            .max();
        least_safe.unwrap_or(match self.safety {
            // Without targets to tell apart, the caller's trust is all there is.
            Safety::Unsafe if trusts_key && self.has_local_id && self.targets.is_empty() => {
                Safety::Keyed
            }
            safety => safety,
        })
    }

    /// Whether its request has a `local_id`.
    #[must_use]
    pub fn has_local_id(&self) -> bool {
        self.has_local_id
    }

    /// Whether the client mints a `local_id` where the caller sets none: where
    /// something is made or sent. An update would change the one that is there.
    #[must_use]
    pub fn mints_local_id(&self) -> bool {
        self.has_local_id && matches!(self.safety, Safety::Keyed | Safety::Unsafe)
    }
}

/// Whether a request that may have reached the server may be sent again, from
/// the safest to the least safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Safety {
    /// It changes nothing.
    Read,
    /// A second time has no effect beyond the first.
    Idempotent,
    /// The API tells the second time by the request's `local_id`.
    Keyed,
    /// A second time may have a second effect: a customer gets the same text
    /// twice.
    Unsafe,
}

#[cfg(test)]
mod tests {
    use super::*;

    static TO_EITHER: Operation = Operation {
        id: "send",
        method: Method::POST,
        path: "/send",
        safety: Safety::Unsafe,
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
    fn the_target_decides_and_of_several_the_least_safe() {
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
    fn trust_makes_an_operation_without_targets_keyed_if_it_has_a_key() {
        let safety = |operation: &Operation, trusts| operation.safety_of(|_| false, trusts);
        assert_eq!(safety(&operations::CREATE_TEMPLATE, true), Safety::Keyed);
        assert_eq!(safety(&operations::CREATE_TEMPLATE, false), Safety::Unsafe);
        let keyless = &operations::TRANSFER_CONVERSATION;
        assert_eq!(safety(keyless, true), Safety::Unsafe);
        let read = &operations::GET_CONVERSATION;
        assert_eq!(safety(read, true), Safety::Read);
    }
}
