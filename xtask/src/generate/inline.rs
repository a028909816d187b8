//! Marks every function `#[inline]`, so that it is compiled where it is called
//! and not with the crate. Most programs call few of the operations, and each
//! operation adds the decoding of its type.

use syn::visit_mut::{VisitMut, visit_file_mut, visit_impl_item_fn_mut, visit_item_fn_mut};
use syn::{File, ImplItemFn, ItemFn, parse_quote};

/// Marks the functions of a file.
pub(super) fn mark(file: &mut File) {
    let mut marker = Marker;
    visit_file_mut(&mut marker, file);
}

struct Marker;

impl VisitMut for Marker {
    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        // After the documentation, which is an attribute too.
        function.attrs.push(parse_quote!(#[inline]));
        visit_impl_item_fn_mut(self, function);
    }

    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        function.attrs.push(parse_quote!(#[inline]));
        visit_item_fn_mut(self, function);
    }
}
