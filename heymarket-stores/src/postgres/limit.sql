CREATE TABLE heymarket_limits (
    name text PRIMARY KEY,
    -- Of the server that has the whole history: another one was promoted or restored.
    timeline text NOT NULL,
    -- The last time of the server's clock, to within a second.
    seen timestamptz NOT NULL,
    closed_until timestamptz NOT NULL,
    next_start timestamptz NOT NULL
);

CREATE TABLE heymarket_slots (
    name text NOT NULL,
    holder text NOT NULL,
    number bigint NOT NULL,
    free_at timestamptz NOT NULL,
    PRIMARY KEY (holder, number)
);
CREATE INDEX heymarket_slots_free ON heymarket_slots (name, free_at);

-- Changes whenever a standby is promoted or a backup is restored, either of which may
-- have lost the last transactions.
CREATE FUNCTION heymarket_timeline() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN left(pg_walfile_name(pg_current_wal_lsn()), 8);
EXCEPTION WHEN undefined_function OR feature_not_supported OR insufficient_privilege THEN
    RETURN 'unknown';
END
$$;

-- One message of a process: ends of slots, a closure, and slots that it wants. Durations
-- are microseconds.
CREATE FUNCTION heymarket_take(
    limit_name text, most int, period bigint, holder_id text, wanted int, first bigint,
    hold bigint, blind bigint, close bigint, end_numbers bigint[], end_afters bigint[],
    OUT granted int, OUT wait bigint
) LANGUAGE plpgsql AS $$
DECLARE
    us CONSTANT interval := interval '1 microsecond';
    line CONSTANT text := heymarket_timeline();
    clock timestamptz;
    state heymarket_limits;
    used int;
    restarts boolean;
BEGIN
    -- A slot that a crash of the server takes back would be given twice.
    PERFORM set_config('synchronous_commit', 'on', true);
    LOOP
        -- Each statement after this one sees what the holder of the lock committed.
        SELECT * INTO state FROM heymarket_limits WHERE name = limit_name FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO heymarket_limits
            VALUES (limit_name, line, clock_timestamp(), '-infinity', '-infinity')
            ON CONFLICT DO NOTHING;
    END LOOP;
    clock := clock_timestamp();
    IF state.timeline <> line OR clock < state.seen - interval '1 second' THEN
        IF clock < state.seen - interval '1 second' THEN
            -- The times of its slots lie in the future.
            DELETE FROM heymarket_slots WHERE name = limit_name;
        END IF;
        state.closed_until := clock + greatest(blind * us,
            CASE WHEN state.closed_until > state.seen THEN state.closed_until - state.seen
                 ELSE interval '0' END);
        state.timeline := line;
        UPDATE heymarket_limits
            SET timeline = line, seen = clock, closed_until = state.closed_until, next_start = '-infinity'
            WHERE name = limit_name;
    ELSIF clock > state.seen + interval '1 second' THEN
        UPDATE heymarket_limits SET seen = clock WHERE name = limit_name;
    END IF;

    IF cardinality(end_numbers) > 0 THEN
        DELETE FROM heymarket_slots AS slot USING unnest(end_numbers, end_afters) AS ended(number, after)
            WHERE slot.holder = holder_id AND slot.number = ended.number AND ended.after = 0;
        -- A slot that is not known is added: the server lost it.
        INSERT INTO heymarket_slots
            SELECT limit_name, holder_id, ended.number, clock + ended.after * us
            FROM unnest(end_numbers, end_afters) AS ended(number, after) WHERE ended.after > 0
            ON CONFLICT ON CONSTRAINT heymarket_slots_pkey DO UPDATE SET free_at = excluded.free_at;
    END IF;
    IF close > 0 THEN
        state.closed_until := greatest(state.closed_until, clock + close * us);
        UPDATE heymarket_limits SET closed_until = state.closed_until WHERE name = limit_name;
    END IF;

    granted := 0;
    wait := 0;
    IF wanted = 0 THEN
        RETURN;
    END IF;
    DELETE FROM heymarket_slots WHERE name = limit_name AND free_at <= clock;
    restarts := clock < state.closed_until + period / 6 * us;
    IF clock < state.closed_until THEN
        wait := ceil(extract(epoch FROM state.closed_until - clock) * 1000000);
        RETURN;
    END IF;
    IF restarts AND clock < state.next_start THEN
        wait := ceil(extract(epoch FROM state.next_start - clock) * 1000000);
        RETURN;
    END IF;
    SELECT count(*) INTO used FROM heymarket_slots WHERE name = limit_name;
    granted := greatest(least(wanted, most - used), 0);
    IF restarts AND granted > 0 THEN
        granted := 1;
        wait := period / 3000;
        UPDATE heymarket_limits SET next_start = clock + period / 3000 * us WHERE name = limit_name;
    END IF;
    INSERT INTO heymarket_slots
        SELECT limit_name, holder_id, number, clock + hold * us
        FROM generate_series(first, first + granted - 1) AS number;
    used := used + granted;
    IF granted < wanted AND used >= most THEN
        SELECT ceil(extract(epoch FROM free_at - clock) * 1000000) INTO wait
            FROM heymarket_slots WHERE name = limit_name
            ORDER BY free_at OFFSET used - most LIMIT 1;
    END IF;
END
$$;
