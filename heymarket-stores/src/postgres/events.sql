CREATE TABLE heymarket_seen (
    key text PRIMARY KEY,
    subject text NOT NULL,
    state text NOT NULL,
    token bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    is_committed boolean NOT NULL DEFAULT false,
    ends timestamptz NOT NULL
);
CREATE INDEX heymarket_seen_subjects ON heymarket_seen (subject);
CREATE INDEX heymarket_seen_ends ON heymarket_seen (ends);

-- Claims a key for `lease` microseconds. The outcome is 0 for a claim, 1 for a key that
-- another caller holds, 2 for a committed one.
CREATE FUNCTION heymarket_seen_claim(
    event_key text, event_subject text, event_state text, lease bigint,
    OUT outcome int, OUT claim_token bigint
) LANGUAGE plpgsql AS $$
DECLARE
    clock timestamptz;
    found_committed boolean;
BEGIN
    -- All keys of an event have one text before the time, and so one lock.
    PERFORM pg_advisory_xact_lock(hashtextextended(split_part(event_subject, '@', 1), 26733));
    clock := clock_timestamp();
    claim_token := 0;
    DELETE FROM heymarket_seen WHERE key = event_key AND ends <= clock;
    DELETE FROM heymarket_seen WHERE key IN (
        SELECT key FROM heymarket_seen WHERE ends <= clock
        ORDER BY ends LIMIT 100 FOR UPDATE SKIP LOCKED);
    SELECT is_committed INTO found_committed FROM heymarket_seen WHERE key = event_key;
    IF FOUND THEN
        outcome := CASE WHEN found_committed THEN 2 ELSE 1 END;
        RETURN;
    END IF;
    DELETE FROM heymarket_seen WHERE subject = event_subject AND state <> event_state;
    INSERT INTO heymarket_seen (key, subject, state, ends)
        VALUES (event_key, event_subject, event_state, clock + lease * interval '1 microsecond')
        RETURNING token INTO claim_token;
    outcome := 0;
END
$$;

CREATE TABLE heymarket_inbox (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event text NOT NULL,
    tries int NOT NULL DEFAULT 0,
    -- Counts all claims, and identifies the last one.
    claims bigint NOT NULL DEFAULT 0,
    -- The end of the lease, or of the pause after a failure.
    ready timestamptz NOT NULL DEFAULT '-infinity',
    is_set_aside boolean NOT NULL DEFAULT false
);
CREATE INDEX heymarket_inbox_open ON heymarket_inbox (id) WHERE NOT is_set_aside;
