/// The median; 0 of none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// The median of the ratios round by round. What happens to the machine between
/// two rounds is not in it.
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
