//! The tests are in `main.rs`. Here the Rust blocks of the READMEs and of the
//! pages in docs/ become doctests.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../heymarket-api/README.md")]
struct LibraryReadme;

#[cfg(doctest)]
#[doc = include_str!("../heymarket-stores/README.md")]
struct StoresReadme;

#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Library;

#[cfg(doctest)]
#[doc = include_str!("../docs/webhooks.md")]
struct Webhooks;

#[cfg(doctest)]
#[doc = include_str!("../docs/sandbox.md")]
struct SandboxPage;
