-- write
-- lock SELECT (SELECT count(*) FROM (SELECT FROM pendientes o JOIN pendientes_notas n ON n.pendiente_id = o.id
-- lock                               WHERE n.id = :nota_id AND n.vigente AND o.vigente FOR SHARE OF o, n) nota),
-- lock        (SELECT count(*) FROM (SELECT FROM archivos WHERE nombre = ANY (:archivos) ORDER BY id FOR NO KEY UPDATE) a)

WITH a AS MATERIALIZED (
    SELECT a.id, a.nombre, a.tamano, pedido.numero,
           (SELECT sha256(string_agg(t.huella, ''::bytea ORDER BY t.numero)) FROM archivos_trozos t WHERE t.archivo_id = a.id
            HAVING count(*) = (a.tamano + 262143) / 262144) AS huella
    FROM unnest(:archivos::text[]) WITH ORDINALITY AS pedido (nombre, numero)
    JOIN archivos a ON a.nombre = pedido.nombre
    WHERE NOT a.terminado AND a.usuario_id = :quien.usuario_id
), c AS MATERIALIZED (
    SELECT o.nota_id, CASE
        WHEN o.id IS NULL THEN ARRAY['NOT_FOUND', NULL, 'Nota no encontrada con id: ' || :nota_id]
        WHEN :acceso(o) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'No tiene permiso sobre el pendiente ' || o.id]
        WHEN :archivos IS NULL THEN ARRAY['INVALID_ARGUMENT', 'archivos', 'archivos: es obligatorio']
        WHEN s.n < cardinality(:archivos) THEN ARRAY['NOT_FOUND', 'archivos', 'archivos: no todos son subidas suyas sin terminar']
        WHEN s.distintos < s.n THEN ARRAY['INVALID_ARGUMENT', 'archivos', 'archivos: uno está repetido']
        WHEN s.tamano > 52428800 THEN ARRAY['INVALID_ARGUMENT', 'archivos', 'archivos: pasan de 50 MB entre todos']
        WHEN s.completos < s.n THEN ARRAY['FAILED_PRECONDITION', 'archivos', 'archivos: a uno le faltan trozos']
    END AS v
    FROM (SELECT count(*) AS n, count(DISTINCT id) AS distintos, count(huella) AS completos, sum(tamano) AS tamano FROM a) s
    LEFT JOIN (SELECT n.id AS nota_id, p.id, p.asignado_a, p.registrado_por
               FROM pendientes_notas n JOIN pendientes p ON p.id = n.pendiente_id AND p.vigente
               WHERE n.id = :nota_id AND n.vigente) o ON true
), u AS (
    UPDATE archivos SET terminado = true, huella = a.huella FROM a, c WHERE archivos.id = a.id AND c.v IS NULL
), i AS (
    INSERT INTO pendientes_notas_imagenes (nota_id, url, archivo_id)
    SELECT c.nota_id, '/uploads/notas/' || a.nombre, a.id FROM c, a WHERE c.v IS NULL ORDER BY a.numero
    RETURNING id, nota_id, url
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje, i.id AS "imagenes.id", i.nota_id AS "imagenes.nota_id",
       i.url AS "imagenes.url"
FROM c LEFT JOIN i ON true
ORDER BY i.id
