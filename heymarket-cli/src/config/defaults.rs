//! Default values of flags.

use crate::failure::Failure;
use crate::phone;

/// A default that `heymarket config set` can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Country,
    Inbox,
    Member,
}

impl Key {
    /// All keys, sorted by name.
    pub(crate) const ALL: [Self; 3] = [Self::Country, Self::Inbox, Self::Member];

    /// Returns the key of a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Returns the name in the config file and on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Inbox => "inbox",
            Self::Member => "member",
        }
    }

    /// Describes the flags that the default stands for.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Country => "the country of phone numbers without a country code (--country)",
            Self::Inbox => "the inbox of commands that need one (--inbox)",
            Self::Member => "the team member who acts (--as, --member)",
        }
    }

    /// Checks and normalizes a value.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the value can never be valid. Whether an inbox
    /// or a member exists is not checked.
    pub(crate) fn check(self, value: &str) -> Result<String, Failure> {
        let value = value.trim();
        if value.is_empty() {
            return Err(Failure::usage(format!(
                "the value of {} is empty; remove it with 'heymarket config unset {0}'",
                self.name()
            )));
        }
        match self {
            Self::Country => phone::Country::parse(value)
                .map(|country| country.code().to_owned())
                .map_err(Failure::usage),
            Self::Inbox | Self::Member => Ok(value.to_owned()),
        }
    }
}

/// The default values of flags, of a profile or of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults([Option<String>; 3]);

impl Defaults {
    /// Returns the value of a key.
    pub(crate) fn get(&self, key: Key) -> Option<&str> {
        self.0[key as usize].as_deref()
    }

    /// Sets or removes the value of a key.
    pub(crate) fn set(&mut self, key: Key, value: Option<String>) {
        self.0[key as usize] = value;
    }

    /// Returns these defaults, completed by others.
    pub(crate) fn or(mut self, others: &Self) -> Self {
        for key in Key::ALL {
            if self.get(key).is_none() {
                self.set(key, others.get(key).map(str::to_owned));
            }
        }
        self
    }
}
