-- The first version of the outbox. Times are milliseconds since 1970 by the
-- clock of this server, but for those of workers.
CREATE SCHEMA IF NOT EXISTS heymarket_outbox;

CREATE TABLE heymarket_outbox.migrations (
    version integer PRIMARY KEY,
    applied timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The time of all workers: one whose own clock is wrong sends at the right hour.
CREATE FUNCTION heymarket_outbox.now() RETURNS timestamptz
LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- Who sends. A worker says every few seconds that it is alive.
CREATE TABLE heymarket_outbox.workers (
    worker uuid PRIMARY KEY,
    started timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease interval NOT NULL
);

-- After a restart of this server, workers have a lease to say so again.
CREATE VIEW heymarket_outbox.live_workers AS
SELECT worker, started, seen, lease FROM heymarket_outbox.workers
WHERE greatest(seen, pg_postmaster_start_time()) + lease > clock_timestamp();

CREATE TABLE heymarket_outbox.batches (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    state bigint NOT NULL,
    settings jsonb NOT NULL,
    salt bytea NOT NULL,
    recipients bigint NOT NULL,
    planned bigint NOT NULL,
    is_purged boolean NOT NULL DEFAULT false,
    list_key uuid,
    send_key uuid,
    list_id bigint,
    -- Who sends it, where it is one message to a list.
    owner uuid
);

CREATE TABLE heymarket_outbox.zones (
    batch bigint NOT NULL,
    zone bigint NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (batch, zone),
    UNIQUE (batch, name)
);

-- owner is the worker that may attempt a planned recipient, or that waits for
-- the outcome of an open one. attempt is another value for each attempt.
CREATE TABLE heymarket_outbox.recipients (
    batch bigint NOT NULL,
    position bigint NOT NULL,
    line bigint NOT NULL,
    phone text COLLATE "C",
    zone bigint NOT NULL,
    text text,
    local_id uuid NOT NULL,
    hash bytea,
    body bytea,
    state bigint NOT NULL,
    reason text,
    detail text,
    attempts bigint NOT NULL DEFAULT 0,
    attempt uuid,
    attempted bigint,
    ended bigint,
    message bigint,
    conversation bigint,
    owner uuid,
    PRIMARY KEY (batch, position)
-- Room on each page for the three changes of a row, and a table that is cleaned
-- while it is sent.
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- The indexes hold only what is looked for: what is planned and what is open is
-- little at the end, and duplicates are looked up by number.
CREATE INDEX recipients_planned ON heymarket_outbox.recipients (batch, zone, position)
    WHERE state = 0;
CREATE INDEX recipients_open ON heymarket_outbox.recipients (batch, position)
    WHERE state IN (1, 4);
CREATE INDEX recipients_review ON heymarket_outbox.recipients (batch, position)
    WHERE state = 5;
CREATE INDEX recipients_numbers ON heymarket_outbox.recipients (batch, phone);

CREATE TABLE heymarket_outbox.suppressions (
    phone text COLLATE "C" PRIMARY KEY,
    is_active boolean NOT NULL,
    reason text NOT NULL,
    source text NOT NULL,
    since bigint NOT NULL
);
