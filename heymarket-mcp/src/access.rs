//! What the tools of a server may do.

use std::collections::BTreeSet;

use heymarket_api::{Effect, Safety};

use crate::spec::ApiOperation;

/// What the tools of a server may do, beyond reading.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    /// Change records.
    pub(crate) writes: bool,
    /// Delete records.
    pub(crate) deletes: bool,
    /// Send messages, in two steps.
    pub(crate) sends: bool,
    /// The only addresses that messages go to; empty if any.
    pub(crate) recipients: BTreeSet<String>,
}

impl Access {
    /// Returns whether a tool may call an operation directly.
    ///
    /// A message is only sent by its two steps, and a change of many records at once is
    /// never made.
    pub(crate) fn allows(&self, operation: &ApiOperation) -> bool {
        match operation.effect() {
            Effect::Sends | Effect::Bulk => false,
            Effect::Deletes => self.deletes,
            Effect::None => operation.operation.safety() == Safety::Read || self.writes,
            // This version does not know the effect.
            _ => false,
        }
    }

    /// Returns whether messages may go to an address.
    pub(crate) fn allows_recipient(&self, address: &str) -> bool {
        self.recipients.is_empty() || self.recipients.contains(&normal_address(address))
    }
}

/// Returns the digits of a phone number, or an email address in lower case.
pub(crate) fn normal_address(address: &str) -> String {
    let address = address.trim();
    if address.contains('@') {
        address.to_lowercase()
    } else {
        address.chars().filter(char::is_ascii_digit).collect()
    }
}
