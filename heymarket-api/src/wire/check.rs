//! What can be known to be wrong with a request before it is sent.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

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

impl Violation {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self {
            field: String::new(),
            problem: problem.into(),
        }
    }

    #[cfg(feature = "client")]
    pub(crate) fn of(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }

    /// The same, of a value inside of a member.
    pub(crate) fn within(mut self, member: &str) -> Self {
        let joint = match self.field.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.field = format!("{member}{joint}{}", self.field);
        self
    }
}

/// A request that can be checked before it is sent. The client does so with
/// every request, unless it was built without.
pub trait Check {
    /// Whether the request can be sent as it is, at the time `now`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it; no value of the request is in
    /// the text.
    fn check(&self, now: Timestamp) -> Result<(), Violation>;

    /// The `local_id` that the caller set, if the request has such a member.
    fn local_id(&self) -> Option<&str> {
        None
    }

    /// Whether a member that names the request's target is set, where the safety
    /// depends on the target.
    fn has(&self, member: &str) -> bool {
        let _ = member;
        false
    }
}

impl<T: Check> Check for Option<T> {
    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        self.as_ref().map_or(Ok(()), |value| value.check(now))
    }
}

impl<T: Check> Check for [T] {
    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        for (index, item) in self.iter().enumerate() {
            item.check(now)
                .map_err(|violation| violation.within(&format!("[{index}]")))?;
        }
        Ok(())
    }
}

impl<T: Check> Check for Vec<T> {
    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        self.as_slice().check(now)
    }
}

/// The keys are not named: they may be phone numbers.
impl<T: Check> Check for BTreeMap<String, T> {
    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        self.values().try_for_each(|value| value.check(now))
    }
}

/// Checks how many items a member has, if it is set.
pub(crate) fn item_count(
    member: &str,
    count: Option<usize>,
    least: usize,
    most: usize,
) -> Result<(), Violation> {
    let problem = match count {
        Some(count) if count > most => format!("{count} items, and at most {most} may be given"),
        Some(count) if count < least => format!("{count} items, and at least {least} are needed"),
        _ => return Ok(()),
    };
    Err(Violation::new(problem).within(member))
}

/// How far ahead a message must be scheduled.
const SCHEDULE_LEAD: SignedDuration = SignedDuration::from_mins(15);

/// Checks a time at which a message is to be sent.
pub(crate) fn schedule_time(
    member: &str,
    time: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Violation> {
    let Some(time) = time else { return Ok(()) };
    let is_quarter = time.as_second() % (15 * 60) == 0 && time.subsec_nanosecond() == 0;
    let problem = if !is_quarter {
        "it is not on a quarter of an hour"
    } else if time.duration_since(now) < SCHEDULE_LEAD {
        "it is less than 15 minutes ahead"
    } else {
        return Ok(());
    };
    Err(Violation::new(problem).within(member))
}

/// A member of a request, and whether it is set.
type Presence = (&'static str, bool);

/// Checks that exactly one alternative is there. Each alternative begins with
/// the member that chooses it, and may name others that it needs.
pub(crate) fn exactly_one(alternatives: &[&[Presence]]) -> Result<(), Violation> {
    let chosen: Vec<&str> = chosen(alternatives).map(|(name, _)| name).collect();
    if chosen.len() > 1 {
        let problem = format!("only one of them may be set, not {}", chosen.join(" and "));
        return Err(Violation::new(problem).within(&names(alternatives)));
    }
    at_least_one(alternatives)
}

/// Checks that an alternative is there, and that each that is there has the
/// members that it needs.
pub(crate) fn at_least_one(alternatives: &[&[Presence]]) -> Result<(), Violation> {
    if chosen(alternatives).next().is_none() {
        return Err(Violation::new("one of them is needed").within(&names(alternatives)));
    }
    for (name, members) in chosen(alternatives) {
        if let Some((missing, _)) = members.iter().find(|(_, set)| !set) {
            let problem = format!("it is needed together with {name}");
            return Err(Violation::new(problem).within(missing));
        }
    }
    Ok(())
}

/// The alternatives whose first member is set, with its name.
fn chosen<'a>(
    alternatives: &'a [&'a [Presence]],
) -> impl Iterator<Item = (&'static str, &'a [Presence])> {
    alternatives
        .iter()
        .filter_map(|members| match members.first() {
            Some((name, true)) => Some((*name, *members)),
            _ => None,
        })
}

/// The names of the members that choose an alternative.
fn names(alternatives: &[&[Presence]]) -> String {
    let keys = alternatives.iter().filter_map(|members| members.first());
    let names: Vec<&str> = keys.map(|(name, _)| *name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Violation, at_least_one, exactly_one, item_count, schedule_time};

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
    fn several_may_be_there_where_one_is_enough() {
        let message = |alternatives: &[&[(&'static str, bool)]]| {
            at_least_one(alternatives).map_err(|violation| violation.to_string())
        };
        assert_eq!(message(&[&[("a", true)], &[("b", true)]]), Ok(()));
        assert_eq!(
            message(&[&[("a", false)], &[("b", false)]]),
            Err("a, b: one of them is needed".to_owned())
        );
        assert_eq!(
            message(&[&[("a", true)], &[("b", true), ("c", false)]]),
            Err("c: it is needed together with b".to_owned())
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

    #[test]
    fn a_schedule_time_is_a_quarter_of_an_hour_far_enough_ahead() {
        let time = |text: &str| text.parse().expect("a time");
        let now = time("2026-05-07T12:00:00Z");
        let check = |text: &str| {
            schedule_time("at", Some(time(text)), now).map_err(|violation| violation.to_string())
        };
        assert_eq!(check("2026-05-07T12:15:00Z"), Ok(()));
        assert_eq!(check("2026-05-07T18:00:00+05:45"), Ok(()));
        let soon = Err("at: it is less than 15 minutes ahead".to_owned());
        assert_eq!(check("2026-05-07T12:00:00Z"), soon);
        assert_eq!(check("2020-01-01T00:00:00Z"), soon);
        let odd = Err("at: it is not on a quarter of an hour".to_owned());
        assert_eq!(check("2026-05-07T12:20:00Z"), odd);
        assert_eq!(check("2026-05-07T12:30:00.001Z"), odd);
    }

    #[test]
    fn items_are_counted_and_places_joined() {
        assert!(item_count("tags", None, 1, 5).is_ok());
        assert!(item_count("tags", Some(5), 0, 5).is_ok());
        let violation = item_count("tags", Some(6), 0, 5).expect_err("too many");
        let violation = violation.within("[2]").within("contacts");
        assert_eq!(
            violation.to_string(),
            "contacts[2].tags: 6 items, and at most 5 may be given"
        );
        assert!(item_count("ids", Some(0), 1, 1).is_err());
        assert_eq!(Violation::new("bad").within("phone").field, "phone");
    }
}
