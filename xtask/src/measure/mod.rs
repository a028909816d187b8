//! Measures what a user pays: `cargo xtask bench` for calls, `cargo xtask weigh`
//! for builds, and `cargo xtask budgets` for what must not grow. The first two
//! write their sections of `docs/performance.md`.

mod aims;
pub mod bench;
pub mod budgets;
pub mod document;
mod figures;
mod growth;
mod machine;
mod manifest;
mod program;
mod table;
pub mod weigh;
