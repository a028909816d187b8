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

/// Whether a request that may have reached the server may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
