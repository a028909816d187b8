//! Medians. They ignore the outliers that other work on the machine causes.

/// Returns the median, or 0 for no values.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Returns the median of the ratios of each round. A change of the machine's speed
/// between two rounds does not affect it.
#[must_use]
pub fn median_ratio(values: &[f64], of: &[f64]) -> f64 {
    median(
        values
            .iter()
            .zip(of)
            .map(|(value, of)| value / of)
            .collect(),
    )
}
