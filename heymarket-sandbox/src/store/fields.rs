//! Custom fields.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize, Serializer};

/// A custom field of contacts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Field {
    pub(crate) id: i64,
    pub(crate) title: String,
}

/// The custom fields, indexed by ID, title and token.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Vec<Field>")]
pub(crate) struct Fields {
    fields: Vec<Field>,
    ids: HashSet<i64>,
    by_title: HashMap<String, i64>,
    by_token: HashMap<String, i64>,
}

impl Fields {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    pub(crate) fn push(&mut self, field: Field) {
        self.ids.insert(field.id);
        let title = field.title.clone();
        let token = title.to_lowercase().replace(' ', "_");
        // The first field of a name wins.
        self.by_title.entry(title).or_insert(field.id);
        self.by_token.entry(token).or_insert(field.id);
        self.fields.push(field);
    }

    pub(crate) fn contains(&self, id: i64) -> bool {
        self.ids.contains(&id)
    }

    pub(crate) fn with_title(&self, title: &str) -> Option<i64> {
        self.by_title.get(title).copied()
    }

    /// Returns the field of a template token: its title in any case, with `_`
    /// for spaces.
    pub(crate) fn with_token(&self, token: &str) -> Option<i64> {
        self.by_token.get(&token.to_lowercase()).copied()
    }
}

impl From<Vec<Field>> for Fields {
    fn from(fields: Vec<Field>) -> Self {
        let mut all = Self::default();
        for field in fields {
            all.push(field);
        }
        all
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields.serialize(serializer)
    }
}
