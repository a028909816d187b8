//! The rows of the tables: callers with their names, in the order of the report.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::caller::{Caller, Measured};
use crate::callers::{bare_hyper, client, hyper_util, reqwest};
use crate::collector::Collector;

/// A caller and its name.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    caller: Box<dyn Measured>,
    /// Whether a subscriber receives the spans and events of its calls.
    is_traced: bool,
}

impl Row {
    fn new(name: &'static str, caller: impl Caller) -> Self {
        Self {
            name,
            caller: Box::new(Arc::new(caller)),
            is_traced: false,
        }
    }

    /// Runs `measure` with the caller.
    pub(crate) fn measure<T>(
        &self,
        runtime: &Runtime,
        measure: impl FnOnce(&dyn Measured, &Runtime) -> T,
    ) -> T {
        let _traced = self
            .is_traced
            .then(|| tracing::subscriber::set_default(Collector::default()));
        measure(&*self.caller, runtime)
    }
}

/// The row that the others are compared with.
pub(crate) const BASELINE: usize = 3;

pub(crate) fn rows(url: &str) -> Vec<Row> {
    vec![
        Row {
            is_traced: true,
            ..Row::new("client, everything on", client::Ours::everything_on(url))
        },
        Row::new(
            "client, no subscriber for its spans",
            client::Ours::everything_on(url),
        ),
        Row::new(
            "client, limit, retries and spans off",
            client::Ours::everything_off(url),
        ),
        Row::new("reqwest by hand, same types", reqwest::Typed::new(url)),
        Row::new("reqwest by hand, `Value`", reqwest::Untyped::new(url)),
        Row::new(
            "hyper-util by hand, same types",
            hyper_util::Pooled::new(url),
        ),
        Row::new("one bare hyper connection", bare_hyper::Bare::new(url)),
    ]
}
