//! What was aimed at, and how far it is.

use super::table::Table;

/// A figure that should be at most so much.
pub(super) struct Aim {
    pub(super) name: String,
    pub(super) most: f64,
    pub(super) is: f64,
}

/// A table of aims; one that is missed says by how much.
pub(super) fn table(aims: &[Aim]) -> String {
    let mut table = Table::new(&["aim", "at most", "is", "missed by"]);
    for Aim { name, most, is } in aims {
        // As they are shown: no aim is missed by less than that.
        let missed = ((is - most) * 100.0).round() / 100.0;
        let missed = if missed <= 0.0 {
            String::new()
        } else {
            format!("{missed:.2}")
        };
        table.row([
            name.clone(),
            format!("{most:.2}"),
            format!("{is:.2}"),
            missed,
        ]);
    }
    table.render()
}
