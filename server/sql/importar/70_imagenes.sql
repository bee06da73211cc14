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

-- The files that the program brings, when it is told where they are. A name belongs to one image: the first.
SELECT pg_temp.adelantar('archivos');
CREATE TEMP VIEW por_traer AS
    SELECT DISTINCT ON (url COLLATE "C") id, substr(url, 16) AS nombre FROM pendientes_notas_imagenes
    WHERE url LIKE '/uploads/notas/_%' AND archivo_id IS NULL ORDER BY url COLLATE "C", vigente DESC, id;
-- The original put a UUID and an underscore before the client's own name.
CREATE FUNCTION pg_temp.empezar_archivo(imagen bigint, tamano integer, tipo text) RETURNS bigint LANGUAGE sql AS $$
    WITH a AS (
        INSERT INTO archivos (fecha_creacion, usuario_id, tamano, tipo, nombre, nombre_original)
        SELECT i.fecha_creacion, coalesce(u.usuario_id, pg_temp.usuario_importacion()), tamano, tipo, substr(i.url, 16),
               left(regexp_replace(substr(i.url, 16), '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_', ''), 255)
        FROM pendientes_notas_imagenes i JOIN pendientes_notas n ON n.id = i.nota_id LEFT JOIN usuario_de u ON u.empleado_id = n.empleado_id
        WHERE i.id = imagen
        RETURNING id
    ), i AS (
        UPDATE pendientes_notas_imagenes SET archivo_id = a.id FROM a WHERE pendientes_notas_imagenes.id = imagen
    )
    SELECT id FROM a
$$;
CREATE FUNCTION pg_temp.guardar_trozo(archivo bigint, numero integer, datos bytea) RETURNS void LANGUAGE sql AS $$
    INSERT INTO archivos_trozos (archivo_id, numero, huella, datos) VALUES (archivo, numero, sha256(datos), datos)
$$;
CREATE FUNCTION pg_temp.terminar_archivo(archivo bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE archivos SET terminado = true,
        huella = (SELECT sha256(string_agg(t.huella, ''::bytea ORDER BY t.numero)) FROM archivos_trozos t WHERE t.archivo_id = archivo)
    WHERE id = archivo
$$;
CREATE FUNCTION pg_temp.dejar_archivo(imagen bigint, motivo text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO reporte (tabla, id, que, columna, motivo, antes)
    SELECT 'pendientes_notas_imagenes', id, 'aviso', 'url', 'su archivo ' || motivo || ': la imagen queda sin contenido', url
    FROM pendientes_notas_imagenes WHERE id = imagen
$$;
