//! Checks of requests before they are sent.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// A problem with a request that is found before it is sent, by [`Check`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The member of the request, or several members.
    pub field: String,
    /// What is wrong, and what is expected. It holds no value of the request.
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

    /// Prefixes the field with the member that contains it.
    pub(crate) fn within(mut self, member: &str) -> Self {
        let joint = match self.field.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.field = format!("{member}{joint}{}", self.field);
        self
    }
}

/// A request that can be checked before it is sent. The client checks every request,
/// unless [`check_requests`](crate::ClientBuilder::check_requests) is off.
///
/// ```
/// use heymarket_api::Check;
/// use heymarket_api::types::{InboxId, MemberId, SendMessage};
///
/// let message = SendMessage::new(InboxId(41001), MemberId(50001)).text("On its way.");
/// let violation = message.check(jiff::Timestamp::now()).unwrap_err();
/// assert!(violation.field.contains("phone_number"));
/// ```
pub trait Check {
    /// Checks the request; `now` is the time for checks of schedules.
    ///
    /// # Errors
    ///
    /// Returns the first problem.
    fn check(&self, now: Timestamp) -> Result<(), Violation>;

    /// Returns the `local_id`, if the request has one that is set.
    fn local_id(&self) -> Option<&str> {
        None
    }

    /// Returns whether a member is set that names the target of the request, if its
    /// safety depends on the target.
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

/// A violation does not name the key, which may be a phone number.
impl<T: Check> Check for BTreeMap<String, T> {
    fn check(&self, now: Timestamp) -> Result<(), Violation> {
        self.values().try_for_each(|value| value.check(now))
    }
}

/// Checks the number of items of a member, if it is set.
pub(crate) fn item_count(
    member: &str,
    count: Option<usize>,
    least: usize,
    most: usize,
) -> Result<(), Violation> {
    let problem = match count {
        Some(count) if count > most => format!("{} given, at most {most} allowed", items(count)),
        Some(count) if count < least => {
            format!("{} given, at least {least} required", items(count))
        }
        _ => return Ok(()),
    };
    Err(Violation::new(problem).within(member))
}

/// Writes a count with its noun.
fn items(count: usize) -> String {
    match count {
        0 => "no items".to_owned(),
        1 => "1 item".to_owned(),
        count => format!("{count} items"),
    }
}

/// The minimum time between now and the schedule of a message.
const SCHEDULE_LEAD: SignedDuration = SignedDuration::from_mins(15);

/// Checks the time of a scheduled message.
pub(crate) fn schedule_time(
    member: &str,
    time: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Violation> {
    let Some(time) = time else { return Ok(()) };
    let is_quarter = time.as_second() % (15 * 60) == 0 && time.subsec_nanosecond() == 0;
    let problem = if !is_quarter {
        "the time is not a quarter of an hour, such as 12:15"
    } else if time.duration_since(now) < SCHEDULE_LEAD {
        "the time is less than 15 minutes ahead"
    } else {
        return Ok(());
    };
    Err(Violation::new(problem).within(member))
}

/// The name of a member of a request, and whether it is set.
type Presence = (&'static str, bool);

/// Checks that exactly one alternative is set. Each alternative starts with the member
/// that selects it, and may name others that it requires.
pub(crate) fn exactly_one(alternatives: &[&[Presence]]) -> Result<(), Violation> {
    let chosen: Vec<&str> = chosen(alternatives).map(|(name, _)| name).collect();
    if chosen.len() > 1 {
        let problem = format!("set only one of them, not {}", chosen.join(" and "));
        return Err(Violation::new(problem).within(&names(alternatives)));
    }
    at_least_one(alternatives)
}

/// Checks that an alternative is set, and that each has the members that it requires.
pub(crate) fn at_least_one(alternatives: &[&[Presence]]) -> Result<(), Violation> {
    if chosen(alternatives).next().is_none() {
        return Err(Violation::new("one of them is required").within(&names(alternatives)));
    }
    for (name, members) in chosen(alternatives) {
        if let Some((missing, _)) = members.iter().find(|(_, set)| !set) {
            let problem = format!("it is required together with {name}");
            return Err(Violation::new(problem).within(missing));
        }
    }
    Ok(())
}

/// Returns the alternatives whose first member is set, with its name.
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

/// Joins the names of the members that select an alternative.
fn names(alternatives: &[&[Presence]]) -> String {
    let keys = alternatives.iter().filter_map(|members| members.first());
    let names: Vec<&str> = keys.map(|(name, _)| *name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Violation, at_least_one, exactly_one, item_count, schedule_time};

    #[test]
    fn exactly_one_alternative_must_be_set() {
        let message = |alternatives: &[&[(&'static str, bool)]]| {
            exactly_one(alternatives).map_err(|violation| violation.to_string())
        };
        assert_eq!(message(&[&[("a", true)], &[("b", false)]]), Ok(()));
        assert_eq!(
            message(&[&[("a", false)], &[("b", false)]]),
            Err("a, b: one of them is required".to_owned())
        );
        assert_eq!(
            message(&[&[("a", true)], &[("b", true)]]),
            Err("a, b: set only one of them, not a and b".to_owned())
        );
    }

    #[test]
    fn several_alternatives_may_be_set_if_one_is_required() {
        let message = |alternatives: &[&[(&'static str, bool)]]| {
            at_least_one(alternatives).map_err(|violation| violation.to_string())
        };
        assert_eq!(message(&[&[("a", true)], &[("b", true)]]), Ok(()));
        assert_eq!(
            message(&[&[("a", false)], &[("b", false)]]),
            Err("a, b: one of them is required".to_owned())
        );
        assert_eq!(
            message(&[&[("a", true)], &[("b", true), ("c", false)]]),
            Err("c: it is required together with b".to_owned())
        );
    }

    #[test]
    fn an_alternative_may_require_a_second_member() {
        let list = |key| exactly_one(&[&[("phone", false)], &[("list", true), ("key", key)]]);
        assert!(list(true).is_ok());
        let violation = list(false).expect_err("the key is missing");
        assert_eq!(
            violation.to_string(),
            "key: it is required together with list"
        );
    }

    #[test]
    fn schedule_times_are_quarter_hours_and_15_minutes_ahead() {
        let time = |text: &str| text.parse().expect("a time");
        let now = time("2026-05-07T12:00:00Z");
        let check = |text: &str| {
            schedule_time("at", Some(time(text)), now).map_err(|violation| violation.to_string())
        };
        assert_eq!(check("2026-05-07T12:15:00Z"), Ok(()));
        assert_eq!(check("2026-05-07T18:00:00+05:45"), Ok(()));
        let soon = Err("at: the time is less than 15 minutes ahead".to_owned());
        assert_eq!(check("2026-05-07T12:00:00Z"), soon);
        assert_eq!(check("2020-01-01T00:00:00Z"), soon);
        let odd = Err("at: the time is not a quarter of an hour, such as 12:15".to_owned());
        assert_eq!(check("2026-05-07T12:20:00Z"), odd);
        assert_eq!(check("2026-05-07T12:30:00.001Z"), odd);
    }

    #[test]
    fn items_are_counted_and_fields_joined() {
        assert!(item_count("tags", None, 1, 5).is_ok());
        assert!(item_count("tags", Some(5), 0, 5).is_ok());
        let violation = item_count("tags", Some(6), 0, 5).expect_err("too many");
        let violation = violation.within("[2]").within("contacts");
        assert_eq!(
            violation.to_string(),
            "contacts[2].tags: 6 items given, at most 5 allowed"
        );
        assert!(item_count("ids", Some(0), 1, 1).is_err());
        assert_eq!(Violation::new("bad").within("phone").field, "phone");
    }
}
