//! Circles in a graph of imports.

use std::collections::BTreeSet;

use super::imports::Imports;

/// Returns each set of files that all reach each other.
pub(super) fn circles(files: usize, imports: &Imports) -> Vec<BTreeSet<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..files).map(|file| reach(file, imports)).collect();
    let mut circles = BTreeSet::new();
    for file in 0..files {
        let is_in_circle = |other: &usize| reached[*other].contains(&file);
        let circle: BTreeSet<usize> = reached[file].iter().copied().filter(is_in_circle).collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

fn reach(from: usize, imports: &Imports) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        let used = imports.keys().filter(|(user, _)| *user == file);
        next.extend(
            used.map(|(_, used)| *used)
                .filter(|used| reached.insert(*used)),
        );
    }
    reached
}
