//! The views of the page.

/// A view, which the query names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum View {
    #[default]
    Messages,
    Contacts,
    Lists,
    Templates,
    Scheduled,
    Requests,
    Webhooks,
    Rules,
    State,
}

impl View {
    pub(super) const ALL: [Self; 9] = [
        Self::Messages,
        Self::Contacts,
        Self::Lists,
        Self::Templates,
        Self::Scheduled,
        Self::Requests,
        Self::Webhooks,
        Self::Rules,
        Self::State,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Contacts => "contacts",
            Self::Lists => "lists",
            Self::Templates => "templates",
            Self::Scheduled => "scheduled",
            Self::Requests => "requests",
            Self::Webhooks => "webhooks",
            Self::Rules => "rules",
            Self::State => "state",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Messages => "Messages",
            Self::Contacts => "Contacts",
            Self::Lists => "Lists",
            Self::Templates => "Templates",
            Self::Scheduled => "Scheduled",
            Self::Requests => "Requests",
            Self::Webhooks => "Webhooks",
            Self::Rules => "Rules",
            Self::State => "State",
        }
    }
}
