-- Attempts a recipient of the batch $1 at the position $2, if it is planned and the worker
-- $3 has it and is alive. $4 names the attempt: the same one is found again. $5 is the hash
-- of its body, $6 the time, and $7 the reason of a body that is not the one before.
WITH found AS MATERIALIZED (
    SELECT r.state, r.body, r.owner, r.attempt, b.state AS batch_state,
        b.list_key IS NOT NULL AS is_list, s.reason AS suppressed,
        EXISTS (SELECT FROM heymarket_outbox.live_workers WHERE worker = $3) AS is_live
    FROM heymarket_outbox.recipients r
    JOIN heymarket_outbox.batches b ON b.key = r.batch
    LEFT JOIN heymarket_outbox.suppressions s
        ON s.phone = r.phone AND s.is_active
    WHERE r.batch = $1 AND r.position = $2
    FOR UPDATE OF r
), judged AS MATERIALIZED (
    SELECT CASE
        WHEN owner IS DISTINCT FROM $3 THEN 'gone'
        WHEN state = 1 AND attempt = $4 THEN 'again'
        WHEN state <> 0 THEN 'gone'
        WHEN batch_state <> 1 OR is_list OR NOT is_live THEN 'hold'
        WHEN suppressed IS NOT NULL THEN 'refused'
        WHEN body <> $5 THEN 'changed'
        ELSE 'go' END AS verdict, suppressed
    FROM found
), changed AS (
    UPDATE heymarket_outbox.recipients r
    SET state = CASE verdict WHEN 'go' THEN 1 WHEN 'refused' THEN 3 ELSE 5 END,
        reason = CASE verdict WHEN 'go' THEN NULL
            WHEN 'refused' THEN suppressed ELSE $7 END,
        detail = CASE verdict WHEN 'go' THEN NULL ELSE detail END,
        body = CASE verdict WHEN 'go' THEN $5 ELSE body END,
        attempts = CASE verdict WHEN 'go' THEN attempts + 1 ELSE attempts END,
        attempt = CASE verdict WHEN 'go' THEN $4 ELSE attempt END,
        attempted = CASE verdict WHEN 'go' THEN $6 ELSE attempted END,
        ended = CASE verdict WHEN 'go' THEN NULL ELSE $6 END
    FROM judged
    -- `IS TRUE` hides the state from the planner. A table without statistics, as right
    -- after a plan, would have it read the whole index of planned recipients.
    WHERE r.batch = $1 AND r.position = $2 AND (r.state = 0) IS TRUE AND r.owner = $3
        AND verdict IN ('go', 'refused', 'changed')
    RETURNING 1
)
SELECT verdict, suppressed, EXISTS (SELECT FROM changed) FROM judged
