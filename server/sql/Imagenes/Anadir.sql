-- write
WITH c AS MATERIALIZED (
    SELECT a.id, CASE
        WHEN a.id IS NULL THEN ARRAY['NOT_FOUND', 'nombre', 'Subida no encontrada (nombre)']
        WHEN :acceso(a) IS NOT TRUE THEN ARRAY['PERMISSION_DENIED', NULL, 'La subida es de otro usuario']
        WHEN :desde % 262144 <> 0 OR :desde >= a.tamano THEN
            ARRAY['INVALID_ARGUMENT', 'desde', 'desde: ahí no empieza ningún trozo del archivo']
        WHEN octet_length(:datos) <> least(262144, a.tamano - :desde) THEN
            ARRAY['INVALID_ARGUMENT', 'datos', 'datos: debe ser el trozo entero']
    END AS v
    FROM (SELECT) uno
    LEFT JOIN (SELECT id, usuario_id, tamano FROM archivos WHERE nombre = :nombre AND NOT terminado FOR SHARE) a ON true
), t AS (
    INSERT INTO archivos_trozos (archivo_id, numero, huella, datos)
    SELECT c.id, :desde / 262144, sha256(:datos), :datos FROM c WHERE c.v IS NULL
    ON CONFLICT (archivo_id, numero) DO UPDATE SET huella = excluded.huella, datos = excluded.datos
)
SELECT c.v[1] AS _codigo, c.v[2] AS _campo, c.v[3] AS _mensaje FROM c
