//! The tests are in `main.rs`; here the README's blocks become doctests.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
