//! A gateway over HTTP, in front of a sandbox or of a server that records bytes.

mod access;
mod answers;
mod callers;
mod hostile;
mod keys;
mod logs;
mod support;
mod webhooks;
