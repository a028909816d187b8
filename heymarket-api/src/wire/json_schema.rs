//! `JsonSchema` of types that are written by hand.

/// Implements `JsonSchema` for a type. A test compares it with the spec's component of
/// the same name.
macro_rules! json_schema {
    // A type and a format, without a definition of its own.
    (inline $name:ident, $type:literal, $format:literal) => {
        #[cfg(feature = "schemars")]
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({ "type": $type, "format": $format })
            }
        }
    };
    ($name:ident, |$generator:pat_param| $schema:tt) => {
        #[cfg(feature = "schemars")]
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema($generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!($schema)
            }
        }
    };
}

pub(crate) use json_schema;
