//! Aims of the measurements, and by how much they are missed.

use super::table::Table;

/// A figure with its upper limit.
pub(super) struct Aim {
    pub(super) name: String,
    pub(super) most: f64,
    pub(super) is: f64,
}

/// Renders a table of aims. A missed aim shows by how much.
pub(super) fn table(aims: &[Aim]) -> String {
    let mut table = Table::new(&["aim", "at most", "is", "missed by"]);
    for Aim { name, most, is } in aims {
        // Rounded as shown, so that no aim is missed by 0.00.
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
