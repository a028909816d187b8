//! What can be known to be wrong with a request before it is sent.

use std::fmt;

/// Something wrong with a request that can be known before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The member of the request, or several of them.
    pub field: String,
    /// What is wrong with it, and what is wanted.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for Violation {}

/// A request that can be checked before it is sent. The client does so with
/// every request.
pub trait Check {
    /// Whether the request can be sent as it is.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it; no value of the request is in
    /// the text.
    fn check(&self) -> Result<(), Violation>;
}

/// A member of a request, and whether it is set.
type Presence = (&'static str, bool);

/// Checks a choice between members of which exactly one must be set. Each
/// alternative begins with the member that chooses it, and may name others
/// that it needs.
pub(crate) fn exactly_one(alternatives: &[&[Presence]]) -> Result<(), Violation> {
    let keys = || alternatives.iter().filter_map(|members| members.first());
    let names: Vec<&str> = keys().map(|(name, _)| *name).collect();
    let chosen: Vec<&str> = keys()
        .filter(|(_, set)| *set)
        .map(|(name, _)| *name)
        .collect();
    let problem = match chosen.as_slice() {
        [] => "one of them is needed".to_owned(),
        [chosen] => return needed_beside(chosen, alternatives),
        several => format!("only one of them may be set, not {}", several.join(" and ")),
    };
    Err(Violation {
        field: names.join(", "),
        problem,
    })
}

fn needed_beside(chosen: &str, alternatives: &[&[Presence]]) -> Result<(), Violation> {
    let members = alternatives
        .iter()
        .find(|members| members.first().is_some_and(|(name, _)| *name == chosen));
    match members.and_then(|members| members.iter().find(|(_, set)| !set)) {
        None => Ok(()),
        Some((missing, _)) => Err(Violation {
            field: (*missing).to_owned(),
            problem: format!("it is needed together with {chosen}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::exactly_one;

    #[test]
    fn one_of_several_is_needed_and_only_one_allowed() {
        let message = |alternatives: &[&[(&'static str, bool)]]| {
            exactly_one(alternatives).map_err(|violation| violation.to_string())
        };
        assert_eq!(message(&[&[("a", true)], &[("b", false)]]), Ok(()));
        assert_eq!(
            message(&[&[("a", false)], &[("b", false)]]),
            Err("a, b: one of them is needed".to_owned())
        );
        assert_eq!(
            message(&[&[("a", true)], &[("b", true)]]),
            Err("a, b: only one of them may be set, not a and b".to_owned())
        );
    }

    #[test]
    fn an_alternative_may_need_a_second_member() {
        let list = |key| exactly_one(&[&[("phone", false)], &[("list", true), ("key", key)]]);
        assert!(list(true).is_ok());
        let violation = list(false).expect_err("the key is missing");
        assert_eq!(
            violation.to_string(),
            "key: it is needed together with list"
        );
    }
}
