-- Times are milliseconds since 1970.
CREATE TABLE seen (
    token INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    is_committed INTEGER NOT NULL DEFAULT 0,
    ends INTEGER NOT NULL
) STRICT;
CREATE INDEX seen_subjects ON seen (subject);
CREATE INDEX seen_ends ON seen (ends);

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    -- Counts all claims, and identifies the last one.
    claims INTEGER NOT NULL DEFAULT 0,
    -- The end of the lease, or of the pause after a failure.
    ready INTEGER NOT NULL DEFAULT 0,
    is_set_aside INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX inbox_open ON inbox (id) WHERE is_set_aside = 0;
