-- write

-- Nothing is locked: what is begun here counts for nothing before Subir, which judges again under the order's lock.
WITH c AS MATERIALIZED (
    SELECT CASE
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Nota no encontrada con id: ' || :nota_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || o.id]
        WHEN octet_length(:datos) <> least(262144, :tamano) THEN
            ARRAY['INVALID_ARGUMENT', 'datos', 'datos: debe ser el primer trozo entero']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT p.id, p.asignado_a, p.registrado_por
               FROM pendientes_notas n JOIN pendientes p ON p.id = n.pendiente_id AND p.vigente
               WHERE n.id = :nota_id AND n.vigente) o ON true
), a AS (
    INSERT INTO archivos (usuario_id, tamano, tipo, nombre, nombre_original)
    SELECT :quien.usuario_id, :tamano, t.tipo, gen_random_uuid() || '.' || replace(substr(t.tipo, 7), 'jpeg', 'jpg'), :nombre_original
    FROM c, (SELECT :datos.tipo AS tipo) t
    WHERE c.v IS NULL
    RETURNING id, nombre
), t AS (
    INSERT INTO archivos_trozos (archivo_id, numero, huella, datos)
    SELECT a.id, 0, sha256(:datos), :datos FROM a
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, a.nombre
FROM c LEFT JOIN a ON true
