//! The Identity API.
