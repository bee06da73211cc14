-- read

-- Each entry must have its place's number, and the hash that follows from the one before and from its own fields; the last one
-- must be the head that stands on the order. What is wrong first is told by its place, counted from 1: where an entry was removed,
-- that is the place of the next; at the end, the place behind the last.
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, r.mala IS NULL AS integro, r.entradas, r.mala AS primera_mala
FROM (SELECT o.id, o.historial_n, o.historial_hash, CASE
          WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Pendiente no encontrado con id: ' || :pendiente_id]
          WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || :pendiente_id]
      END AS v
      FROM (SELECT) uno LEFT JOIN pendientes o ON o.id = :pendiente_id AND o.vigente) c
CROSS JOIN LATERAL (
    SELECT count(*) AS entradas, coalesce(
        min(e.lugar) FILTER (WHERE e.numero <> e.lugar OR e.hash <> historial_hash(e.previo, e.pendiente_id, e.numero, e.usuario_id,
                                                                                  e.empleado_id, e.estado, e.detalles, e.fecha_creacion)),
        CASE WHEN count(*) <> c.historial_n THEN least(count(*), c.historial_n) + 1
             WHEN bool_or(e.lugar = c.historial_n AND e.hash IS DISTINCT FROM c.historial_hash) THEN count(*) END) AS mala
    FROM (SELECT h.*, row_number() OVER w AS lugar, coalesce(lag(h.hash) OVER w, decode(repeat('00', 32), 'hex')) AS previo
          FROM historiales h WHERE h.pendiente_id = c.id AND c.v IS NULL
          WINDOW w AS (ORDER BY h.numero)) e
) r
