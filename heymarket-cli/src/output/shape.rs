//! How an answer is laid out as rows.

/// How an answer is laid out as rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The member of the answer that holds the rows.
    pub(crate) items: Option<&'static str>,
    /// The default columns, as paths into a row.
    pub(crate) columns: &'static [&'static str],
}

impl Shape {
    /// The shape of an answer that nothing is known of.
    pub(crate) const UNKNOWN: Self = Self::of(&[]);

    /// A shape with these columns.
    pub(crate) const fn of(columns: &'static [&'static str]) -> Self {
        Self {
            items: None,
            columns,
        }
    }
}
