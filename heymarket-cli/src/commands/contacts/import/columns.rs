//! The fields of a CSV file's columns.

use crate::commands::contacts::fields::Field;
use crate::failure::Failure;

/// A field of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Phone,
    /// A text of the API's name.
    Text(&'static str),
    OptedOut,
    /// A custom field by ID.
    Custom(i64),
    Ignored,
    /// A name that is no standard field. It may be the title of a custom field.
    Unknown(String),
}

/// The fields of all columns, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    header: Vec<String>,
    pub(super) targets: Vec<Target>,
}

impl Columns {
    /// Reads the header, with the fields of `--map` first.
    ///
    /// # Errors
    ///
    /// Returns a usage error if `--map` names no column, or if two columns are the
    /// same field.
    pub(super) fn parse(header: &[String], maps: &[String]) -> Result<Self, Failure> {
        let mut targets: Vec<Target> = header.iter().map(|name| Target::parse(name)).collect();
        for map in maps {
            let (column, field) = map.split_once('=').ok_or_else(|| {
                Failure::usage(format!(
                    "--map takes COLUMN=FIELD, such as Mobile=phone: {map:?}"
                ))
            })?;
            let wanted = column.trim().to_lowercase();
            let index = header
                .iter()
                .position(|name| name.trim().to_lowercase() == wanted);
            let index = index.ok_or_else(|| {
                let known = header.join(", ");
                Failure::usage(format!(
                    "--map: no column {column:?}; the columns are {known}"
                ))
            })?;
            if let Some(target) = targets.get_mut(index) {
                *target = match field.trim() {
                    "-" => Target::Ignored,
                    field => Target::parse(field),
                };
            }
        }
        let columns = Self {
            header: header.to_vec(),
            targets,
        };
        columns.check()?;
        Ok(columns)
    }

    /// Returns whether a column is no standard field.
    pub(super) fn has_unknown(&self) -> bool {
        let mut targets = self.targets.iter();
        targets.any(|target| matches!(target, Target::Unknown(_)))
    }

    /// Resolves the titles of custom fields.
    ///
    /// # Errors
    ///
    /// Returns a usage error that names the columns that are no field, since the API
    /// drops their values silently.
    pub(super) fn add_custom_fields(&mut self, fields: &[Field]) -> Result<(), Failure> {
        let mut unknown = Vec::new();
        for target in &mut self.targets {
            let Target::Unknown(name) = target else {
                continue;
            };
            let wanted = plain(name);
            let mut found = fields.iter().filter(|field| plain(&field.title) == wanted);
            match found.next() {
                Some(field) => *target = Target::Custom(field.id),
                None => unknown.push(name.clone()),
            }
        }
        if unknown.is_empty() {
            return self.check();
        }
        let titles: Vec<&str> = fields.iter().map(|field| field.title.as_str()).collect();
        Err(Failure::usage(format!(
            "no field for the columns {}; map them with --map, or ignore one with --map '{}=-' \
             (custom fields: {})",
            unknown.join(", "),
            unknown.first().map_or("", String::as_str),
            titles.join(", ")
        )))
    }

    fn check(&self) -> Result<(), Failure> {
        if !self.targets.contains(&Target::Phone) {
            return Err(Failure::usage(format!(
                "no column is the phone number; name it with --map 'COLUMN=phone' (the columns are \
                 {})",
                self.header.join(", ")
            )));
        }
        for (index, target) in self.targets.iter().enumerate() {
            let is_repeated = self
                .targets
                .iter()
                .skip(index + 1)
                .any(|other| other == target);
            if is_repeated && *target != Target::Ignored {
                return Err(Failure::usage(format!(
                    "two columns are the same field as {:?}; ignore one with --map 'COLUMN=-'",
                    self.header.get(index).map_or("", String::as_str)
                )));
            }
        }
        Ok(())
    }
}

impl Target {
    /// Returns the field of a name, however it is written.
    fn parse(name: &str) -> Self {
        match plain(name).as_str() {
            "phone" | "phonenumber" | "mobile" | "mobilephone" | "cell" | "cellphone" => {
                Self::Phone
            }
            "first" | "firstname" | "givenname" => Self::Text("first"),
            "last" | "lastname" | "surname" | "familyname" => Self::Text("last"),
            "name" | "displayname" | "fullname" => Self::Text("display_name"),
            "email" | "emailaddress" => Self::Text("email"),
            "avatar" => Self::Text("avatar"),
            "isoptedout" | "optedout" => Self::OptedOut,
            // The ID of an export means nothing to another account.
            "id" | "uuid" => Self::Ignored,
            _ => Self::Unknown(name.trim().to_owned()),
        }
    }
}

/// Returns the letters and digits of a name, in lower case.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(header: &[&str], maps: &[&str]) -> Result<Columns, String> {
        let own = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        Columns::parse(&own(header), &own(maps)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_header_names_fields_however_it_is_written() {
        let columns = parse(&["Phone Number", "First-Name", "E-Mail"], &[]).expect("columns");
        assert_eq!(columns.targets[0], Target::Phone);
        assert_eq!(columns.targets[1], Target::Text("first"));
        assert_eq!(columns.targets[2], Target::Text("email"));
    }

    #[test]
    fn a_column_can_be_mapped_or_ignored() {
        let columns = parse(&["Tel", "Notes"], &["tel=phone", "Notes=-"]).expect("columns");
        assert_eq!(columns.targets, [Target::Phone, Target::Ignored]);
        let problem = parse(&["Tel"], &["Fax=phone"]).expect_err("a problem");
        assert!(problem.contains("no column \"Fax\""), "{problem}");
    }

    #[test]
    fn a_title_of_a_custom_field_becomes_its_id() {
        let fields = [Field {
            id: 3,
            title: "Order Number".to_owned(),
        }];
        let mut columns = parse(&["phone", "order number"], &[]).expect("columns");
        assert!(columns.has_unknown());
        columns.add_custom_fields(&fields).expect("fields");
        assert_eq!(columns.targets[1], Target::Custom(3));
        let mut columns = parse(&["phone", "Shoe size"], &[]).expect("columns");
        let problem = columns
            .add_custom_fields(&fields)
            .expect_err("a problem")
            .to_string();
        assert!(
            problem.contains("no field for the columns Shoe size"),
            "{problem}"
        );
    }

    #[test]
    fn a_file_needs_one_phone_number() {
        assert!(
            parse(&["first"], &[])
                .is_err_and(|problem| problem.contains("no column is the phone number"))
        );
        assert!(parse(&["phone", "mobile"], &[]).is_err());
    }
}
