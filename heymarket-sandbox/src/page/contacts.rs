//! Contacts, lists and templates.

use maud::{Markup, html};

use super::layout::{short, table};
use super::query::{Query, address};
use super::view::View;
use crate::state::Shared;
use crate::store::{Contact, Order, Paging, Part};

/// How many contacts a page shows.
const CONTACTS: usize = 50;

/// How many lists or templates a page shows.
const SHOWN: usize = 200;

/// How many contacts a search looks at: a large state is not searched whole.
const SEARCHED: usize = 20_000;

pub(super) fn contacts(shared: &Shared, query: &Query) -> Markup {
    shared.look(|state| {
        let search = query.search.trim().to_lowercase();
        let skip = query.page().saturating_mul(CONTACTS);
        let found: Vec<&Contact> = if search.is_empty() {
            let paging = Paging {
                order: Order::Updated,
                ascending: false,
                bound: None,
                hidden_from: None,
                skip,
                limit: CONTACTS + 1,
            };
            state.store.contacts.page(&[Part::Whole], &paging)
        } else {
            let contacts = state.store.contacts.iter().take(SEARCHED);
            let matching = contacts.filter(|contact| matches(contact, &search));
            matching.skip(skip).take(CONTACTS + 1).collect()
        };
        let tag = |id: &i64| state.store.tags.get(*id).map(|tag| tag.text.as_str());
        let rows = html! {
            @for contact in found.iter().take(CONTACTS) {
                tr #{ "contact-" (contact.id) } {
                    th scope="row" { (name(contact)) }
                    td { (contact.phone()) }
                    td { (contact.email()) }
                    td {
                        @for text in contact.tags.iter().filter_map(tag) {
                            span.tag { (text) } " "
                        }
                    }
                    td { (status(contact)) }
                    td { (contact.id) }
                }
            }
        };
        let columns = ["Name", "Phone", "Email", "Tags", "Status", "ID"];
        html! {
            form.filter method="get" action="/" {
                input type="hidden" name="view" value="contacts";
                label for="search" { "Name, number or address" }
                input #search type="search" name="search" value=(query.search);
                button type="submit" { "Search" }
            }
            (table("Contacts", "contacts", &columns, &rows))
            (pages(query, found.len() > CONTACTS))
        }
    })
}

fn name(contact: &Contact) -> &str {
    match contact.display_name.as_str() {
        "" => "(no name)",
        name => name,
    }
}

fn matches(contact: &Contact, search: &str) -> bool {
    let texts = [
        contact.display_name.as_str(),
        contact.phone(),
        contact.email(),
    ];
    texts
        .iter()
        .any(|text| text.to_lowercase().contains(search))
}

fn status(contact: &Contact) -> &'static str {
    if contact.blocked {
        "blocked"
    } else if contact.unsubscribed_by_contact {
        "opted out"
    } else if contact.unsubscribed_by_team {
        "unsubscribed"
    } else {
        "active"
    }
}

fn pages(query: &Query, has_next: bool) -> Markup {
    let page = query.page();
    let link = |page: usize| {
        let page = page.to_string();
        address(
            View::Contacts,
            &[("search", &query.search), ("page", &page)],
        )
    };
    html! {
        nav.pages aria-label="Pages" {
            @if page > 0 { a href=(link(page - 1)) { "Previous page" } }
            @if has_next { a href=(link(page + 1)) { "Next page" } }
        }
    }
}

pub(super) fn lists(shared: &Shared) -> Markup {
    shared.look(|state| {
        let lists = newest(state.store.lists.iter());
        let rows = html! {
            @for list in lists {
                tr #{ "list-" (list.id) } {
                    th scope="row" { (list.name) @if list.name.is_empty() { "(no name)" } }
                    td { (list.contacts.len()) }
                    td { time datetime=(list.updated) { (short(list.updated)) } }
                    td { (list.id) }
                }
            }
        };
        table(
            "Lists",
            "lists",
            &["Name", "Contacts", "Updated", "ID"],
            &rows,
        )
    })
}

pub(super) fn templates(shared: &Shared) -> Markup {
    shared.look(|state| {
        let templates = newest(state.store.templates.iter());
        let rows = html! {
            @for template in templates {
                tr #{ "template-" (template.id) } {
                    th scope="row" { (template.name) @if template.name.is_empty() { "(no name)" } }
                    td.text { (template.text) }
                    td { (template.id) }
                }
            }
        };
        table("Templates", "templates", &["Name", "Text", "ID"], &rows)
    })
}

/// The last ones of a store, the newest first.
fn newest<'a, T>(all: impl Iterator<Item = &'a T>) -> Vec<&'a T> {
    let mut all: Vec<_> = all.collect();
    all.reverse();
    all.truncate(SHOWN);
    all
}
