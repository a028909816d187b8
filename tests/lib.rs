//! The tests are in `main.rs`; here the blocks of both READMEs become doctests.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../heymarket-api/README.md")]
struct LibraryReadme;
