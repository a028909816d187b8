-- Adds recipients to the batch $1, given as arrays of columns. $10 is the reason of a
-- number that the batch has already. Returns why each is refused, if it is.
WITH given AS (
    SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[],
        $6::text[], $7::uuid[], $8::bytea[], $9::text[])
        AS g (position, line, phone, zone, text, local_id, hash, refusal)
), judged AS (
    SELECT g.*, coalesce(
        g.refusal,
        CASE WHEN row_number() OVER (PARTITION BY g.phone ORDER BY g.position) > 1
            OR EXISTS (SELECT FROM heymarket_outbox.recipients r
                WHERE r.batch = $1 AND r.phone = g.phone)
            THEN $10::text END,
        (SELECT s.reason FROM heymarket_outbox.suppressions s
         WHERE s.phone = g.phone AND s.is_active)) AS reason
    FROM given g
)
INSERT INTO heymarket_outbox.recipients
    (batch, position, line, phone, zone, text, local_id, hash, state, reason)
SELECT $1, position, line, phone, zone, text, local_id, hash,
    CASE WHEN reason IS NULL THEN 0 ELSE 3 END, reason
FROM judged
RETURNING position, reason
