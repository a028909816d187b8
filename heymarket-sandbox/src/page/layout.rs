//! The frame of every view: head, navigation, clock, status line and tables.

use maud::{DOCTYPE, Markup, html};

use super::query::{Query, address};
use super::view::View;
use crate::state::Shared;

pub(super) fn page(shared: &Shared, query: &Query, content: &Markup) -> Markup {
    let current = query.view();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (current.title()) " – Heymarket sandbox" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/_sandbox/page.css";
                script type="module" src="/_sandbox/page.js" {}
            }
            body {
                a.skip href="#main" { "Skip to content" }
                header {
                    p.brand { "Heymarket sandbox" }
                    (clock(shared))
                    nav aria-label="Views" {
                        ul {
                            @for view in View::ALL {
                                li {
                                    a href=(address(view, &[]))
                                        aria-current=[(view == current).then_some("page")] {
                                        (view.title())
                                    }
                                }
                            }
                        }
                    }
                }
                main #main tabindex="-1" {
                    h1 { (current.title()) }
                    (content)
                }
                p #status role="status" {}
            }
        }
    }
}

fn clock(shared: &Shared) -> Markup {
    let clock = shared.state().clock;
    html! {
        p.clock #clock data-live {
            span { time datetime=(clock.now()) { (short(clock.now())) } }
            @if clock.is_frozen() { span.tag { "frozen" } }
        }
    }
}

/// A table that the page's script keeps up to date, under the ID `id`.
pub(super) fn table(title: &str, id: &str, columns: &[&str], rows: &Markup) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(title) {
            table {
                thead {
                    tr {
                        @for column in columns { th scope="col" { (column) } }
                    }
                }
                tbody id=(id) data-live { (rows) }
            }
        }
    }
}

/// Formats a time for people, in UTC.
pub(super) fn short(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
