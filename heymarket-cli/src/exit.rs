//! Exit codes. `heymarket help exit-codes` documents them.

pub(crate) const SUCCESS: u8 = 0;
pub(crate) const FAILED: u8 = 1;
pub(crate) const USAGE: u8 = 2;
pub(crate) const NOT_FOUND: u8 = 3;
pub(crate) const CREDENTIALS: u8 = 4;
pub(crate) const RATE_LIMITED: u8 = 5;
pub(crate) const OUTCOME_UNKNOWN: u8 = 6;
pub(crate) const UNSUBSCRIBED: u8 = 7;
/// A batch is not sent whole.
pub(crate) const INCOMPLETE: u8 = 8;
/// 128 plus the number of SIGINT, as shells report it.
pub(crate) const INTERRUPTED: u8 = 130;
