//! Placeholders of sensitive values in `Debug`.

use std::fmt;

/// Replaces a sensitive value in `Debug`.
#[derive(Clone, Copy)]
pub(crate) enum Hidden {
    /// A token or a key.
    Secret,
    /// A phone number, an e-mail address or a name.
    Personal,
    /// Message text.
    Content,
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "[secret]",
            Self::Personal => "[personal]",
            Self::Content => "[content]",
        })
    }
}
