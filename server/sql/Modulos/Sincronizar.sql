-- write
-- lock SELECT bloquear('modulos')

-- The lock comes first because the links follow the tree; and two for one role do not mix.
WITH RECURSIVE c AS MATERIALIZED (
    SELECT r.id AS rol_id, CASE
        WHEN r.id IS NULL THEN ARRAY['NOT_FOUND', 'rol_id', 'Rol no encontrado con id: ' || :rol_id || ' (rolId)']
        WHEN f.id IS NOT NULL THEN ARRAY['NOT_FOUND', 'modulo_ids', 'Módulo no encontrado con id: ' || f.id || ' (moduloIds)']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id FROM roles WHERE id = :rol_id AND vigente FOR SHARE) r ON true
    LEFT JOIN (SELECT s.id FROM unnest(:modulo_ids) s (id)
               WHERE NOT EXISTS (SELECT FROM modulos m WHERE m.id = s.id AND m.vigente) LIMIT 1) f ON true
), arriba AS (
    SELECT m.id, m.modulo_padre_id, m.vigente FROM modulos m, c WHERE m.id = ANY(:modulo_ids) AND c.v IS NULL
    UNION SELECT m.id, m.modulo_padre_id, m.vigente FROM arriba a JOIN modulos m ON m.id = a.modulo_padre_id
), x AS (
    DELETE FROM modulo_roles l USING c
    WHERE l.rol_id = c.rol_id AND c.v IS NULL AND l.modulo_id NOT IN (SELECT a.id FROM arriba a WHERE a.vigente)
), y AS (
    INSERT INTO modulo_roles (modulo_id, rol_id)
    SELECT a.id, c.rol_id FROM c, arriba a
    WHERE a.vigente AND NOT EXISTS (SELECT FROM modulo_roles l WHERE l.modulo_id = a.id AND l.rol_id = c.rol_id)
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
