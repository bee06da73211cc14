-- images of notes

-- The original inserts each image of a new note twice.
CREATE TEMP TABLE nuevo_pendientes_notas_imagenes ON COMMIT DROP AS
SELECT o.*, n.vigente AND o.vigente AS n_vigente,
       CASE WHEN n.id IS NULL THEN 'su nota no se importó' WHEN pg_temp.lleno(o.url, NULL) IS NULL THEN 'no tiene url'
            WHEN row_number() OVER (PARTITION BY o.nota_id, o.url ORDER BY o.vigente DESC, o.id) > 1 THEN 'la nota ya tiene esa imagen'
       END AS rechazo
FROM origen_pendientes_notas_imagenes o LEFT JOIN pendientes_notas n ON n.id = o.nota_id;
SELECT pg_temp.rechazar('pendientes_notas_imagenes');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_notas_imagenes', id, 'cambiado', 'vigente', 'su nota está eliminada', vigente, n_vigente
FROM nuevo_pendientes_notas_imagenes WHERE rechazo IS NULL AND vigente <> n_vigente ORDER BY id;
INSERT INTO pendientes_notas_imagenes (id, fecha_creacion, fecha_modificacion, nota_id, vigente, url)
SELECT id, fecha_creacion, fecha_modificacion, nota_id, n_vigente, url
FROM nuevo_pendientes_notas_imagenes WHERE rechazo IS NULL ORDER BY id;
