"""A hook of MkDocs for the pages in docs/, which rustdoc reads as well."""

import re


def on_page_markdown(markdown, **_):
    """Removes what rustdoc alone understands: `no_run` after the language of a block."""
    return re.sub(r"^```rust,\w+$", "```rust", markdown, flags=re.MULTILINE)
