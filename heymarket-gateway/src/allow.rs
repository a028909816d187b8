//! Which operations callers may use.

use std::str::FromStr;

use heymarket_api::{Effect, Operation, Safety, operations};

use crate::error::Error;
use crate::problem::Problem;

/// What a rule allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Read,
    Write,
    Send,
    Delete,
    Any,
}

/// The actions, as rules name them.
const ACTIONS: [(&str, Action); 5] = [
    ("read", Action::Read),
    ("write", Action::Write),
    ("send", Action::Send),
    ("delete", Action::Delete),
    ("*", Action::Any),
];

/// Which operations callers may use: rules such as `conversations:read,messages:send`.
///
/// A rule is `RESOURCE:ACTION`, or the ID of an operation. Resources are those of the
/// documentation: `conversations`, `messages`, `contacts` and so on, or `*`. The actions
/// are `read`, `write` (changes that neither send nor delete), `send`, `delete` and `*`.
///
/// ```
/// use heymarket_gateway::Allow;
///
/// let allow: Allow = "conversations:read,messages:send".parse()?;
/// assert!("conversation:read".parse::<Allow>().is_err());
/// # Ok::<(), heymarket_gateway::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Allow {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
enum Rule {
    /// `None` is every resource.
    Of(Option<&'static str>, Action),
    Operation(&'static str),
}

impl Allow {
    /// Allows every operation.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            rules: vec![Rule::Of(None, Action::Any)],
        }
    }

    /// Allows operations that change nothing.
    #[must_use]
    pub fn read_only() -> Self {
        Self {
            rules: vec![Rule::Of(None, Action::Read)],
        }
    }

    /// Returns whether it allows an operation.
    #[must_use]
    pub fn allows(&self, operation: &Operation) -> bool {
        let own = action(operation);
        self.rules.iter().any(|rule| match rule {
            Rule::Operation(id) => *id == operation.id(),
            Rule::Of(resource, action) => {
                resource.is_none_or(|resource| resource == operation.resource())
                    && (*action == Action::Any || *action == own)
            }
        })
    }

    pub(crate) fn check(&self, operation: &Operation) -> Result<(), Problem> {
        if self.allows(operation) {
            return Ok(());
        }
        let needed = ACTIONS
            .iter()
            .find(|(_, action_of_name)| *action_of_name == action(operation));
        let name = needed.map_or("*", |(name, _)| name);
        Err(Problem::forbidden(
            "not-allowed",
            format!(
                "the gateway runs without {}:{name}, which {} needs",
                operation.resource(),
                operation.id()
            ),
        ))
    }
}

/// Returns what an operation does.
fn action(operation: &Operation) -> Action {
    match operation.effect() {
        _ if operation.safety() == Safety::Read => Action::Read,
        Effect::Sends => Action::Send,
        Effect::Deletes => Action::Delete,
        _ => Action::Write,
    }
}

impl FromStr for Allow {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let rules = text.split(',').map(|rule| parse(rule.trim()));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }
}

fn parse(rule: &str) -> Result<Rule, Error> {
    let mut all = operations::ALL.iter();
    let Some((resource, action)) = rule.split_once(':') else {
        return match all.find(|operation| operation.id() == rule) {
            Some(operation) => Ok(Rule::Operation(operation.id())),
            None => Err(Error::new(format!(
                "\"{rule}\" is neither RESOURCE:ACTION nor an operation's ID; write a rule such as \
                 conversations:read"
            ))),
        };
    };
    let named = ACTIONS.iter().find(|(name, _)| *name == action);
    let Some((_, action)) = named else {
        return Err(Error::new(format!(
            "\"{action}\" is not an action; use read, write, send, delete or *"
        )));
    };
    if resource == "*" {
        return Ok(Rule::Of(None, *action));
    }
    match all.find(|operation| operation.resource() == resource) {
        Some(operation) => Ok(Rule::Of(Some(operation.resource()), *action)),
        None => {
            let mut known: Vec<&str> = Vec::new();
            for operation in operations::ALL {
                if !known.contains(&operation.resource()) {
                    known.push(operation.resource());
                }
            }
            Err(Error::new(format!(
                "\"{resource}\" is not a resource; use one of {} or *",
                known.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rules: &str) -> Vec<&'static str> {
        let allow: Allow = rules.parse().expect("rules");
        let all = operations::ALL.iter();
        let allowed = all.filter(|operation| allow.allows(operation));
        allowed.map(|operation| operation.id()).collect()
    }

    #[test]
    fn rules_allow_a_resource_and_an_action() {
        assert_eq!(
            allowed("conversations:read,messages:send"),
            [
                "list_conversations",
                "count_conversations",
                "get_conversation",
                "send_email",
                "send_message"
            ]
        );
        assert_eq!(
            allowed("get_team , tags:delete"),
            ["delete_tag", "get_team"]
        );
    }

    #[test]
    fn read_only_allows_nothing_that_changes_something() {
        let read_only = Allow::read_only();
        for operation in operations::ALL {
            assert_eq!(
                read_only.allows(operation),
                operation.safety() == Safety::Read,
                "{}",
                operation.id()
            );
            assert!(Allow::everything().allows(operation));
        }
    }

    #[test]
    fn a_wrong_rule_says_what_is_right() {
        for (rule, part) in [
            ("", "conversations:read"),
            ("conversation:read", "contacts-v2"),
            ("conversations:view", "delete or *"),
            ("send_mail", "an operation's ID"),
        ] {
            let error = rule.parse::<Allow>().expect_err(rule).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
