//! Measures the cost for a user: `cargo xtask bench` of calls, `cargo xtask weigh`
//! of builds. Both write their sections of `docs/performance.md`.
//! `cargo xtask budgets` checks limits.

mod aims;
pub mod bench;
pub mod budgets;
pub mod bulk;
pub mod document;
mod figures;
mod growth;
mod machine;
mod manifest;
mod program;
pub(crate) mod table;
pub mod weigh;
