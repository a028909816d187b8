//! Methods for common tasks that take more than one operation, or a request that the
//! API makes awkward.

mod contacts;
mod members;

pub use contacts::UpsertError;
pub use members::Members;
