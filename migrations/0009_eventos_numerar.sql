-- Rows are found again by their place, not by their id, which no index holds: a plan that was made when there were few of them read all
-- of them for each. (Who has no number is changed by nobody else, and two who number do so one after the other.)
CREATE OR REPLACE FUNCTION eventos_numerar() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    hasta bigint;
    n bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM eventos WHERE numero IS NULL) THEN
        RETURN 0;
    END IF;
    SELECT ultimo INTO hasta FROM eventos_contador FOR UPDATE;
    UPDATE eventos e SET numero = hasta + s.k
    FROM (SELECT x.lugar, row_number() OVER (ORDER BY x.id) AS k
          FROM (SELECT ctid AS lugar, id FROM eventos WHERE numero IS NULL ORDER BY id LIMIT 1000) x) s
    WHERE e.ctid = s.lugar;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN
        UPDATE eventos_contador SET ultimo = hasta + n;
        PERFORM pg_notify('pendientes_eventos', '');
    END IF;
    RETURN n;
END $$;
