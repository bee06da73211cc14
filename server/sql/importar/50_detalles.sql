-- type details

-- Details belong under an order of their type; the original does not ask, so an order may have several. Its own stay.
CREATE FUNCTION pg_temp.sin_pendiente(id bigint, tipo text, suyo text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN id IS NULL THEN 'su pendiente no se importó' WHEN tipo <> suyo THEN 'su pendiente es de otro tipo' END
$$;
-- "100" and "0100" are VLANs; what is no number from 1 to 4094 is not kept.
CREATE FUNCTION pg_temp.leer_vlan(texto text) RETURNS vlan LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN texto ~ '^\s*0*[0-9]{1,4}\s*$' AND trim(texto, E' \t\r\n')::numeric BETWEEN 1 AND 4094
           THEN trim(texto, E' \t\r\n')::numeric::smallint END
$$;

CREATE TEMP TABLE nuevo_pendientes_traslados ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente, pg_temp.leer_vlan(o.vlan) AS n_vlan, pg_temp.lleno(o.ppoe, NULL) AS n_ppoe,
       CASE WHEN o.lugar_destino IN (SELECT valor FROM valores WHERE dominio = 'lugar_pendiente') THEN o.lugar_destino
            ELSE 'ZONA_RURAL' END AS n_lugar,
       pg_temp.lleno(o.direccion_destino, '-') AS n_direccion,
       CASE WHEN o.tipo_servicio IN (SELECT valor FROM valores WHERE dominio = 'tipo_servicio') THEN o.tipo_servicio ELSE 'OTRO' END AS n_servicio,
       pg_temp.sin_pendiente(p.id, p.tipo, 'TRASLADO') AS rechazo
FROM origen_pendientes_traslados o LEFT JOIN pendientes p ON p.id = o.pendiente_id;
SELECT pg_temp.rechazar('pendientes_traslados', 'pendiente_id');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_traslados', pendiente_id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pendientes_traslados CROSS JOIN LATERAL (VALUES
    ('vigente', vigente::text, n_vigente::text, 'su pendiente está eliminado'),
    ('lugar_destino', lugar_destino, n_lugar, 'valor desconocido'), ('direccion_destino', direccion_destino, n_direccion, 'estaba vacío'),
    ('tipo_servicio', tipo_servicio, n_servicio, 'valor vacío o desconocido'),
    ('vlan', vlan, CASE WHEN n_vlan IS NULL THEN NULL ELSE vlan END, 'no es un número de 1 a 4094: se descarta'),
    ('ppoe', ppoe, n_ppoe, 'estaba vacío')) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY pendiente_id;
INSERT INTO pendientes_traslados (pendiente_id, fecha_creacion, fecha_modificacion, vigente, vlan, lugar_destino, direccion_destino,
                                  tipo_servicio, ppoe, ppoe_password)
SELECT n.pendiente_id, n.fecha_creacion, n.fecha_modificacion, n.n_vigente, n.n_vlan, n.n_lugar, n.n_direccion, n.n_servicio, n.n_ppoe,
       s.sellado
FROM nuevo_pendientes_traslados n LEFT JOIN sellados s ON s.tabla = 'pendientes_traslados' AND s.pendiente_id = n.pendiente_id
WHERE n.rechazo IS NULL ORDER BY n.pendiente_id;

-- The price was a text: read where it is exact ("50", "50.5", "50.00"), not guessed at where it is not ("50,00", "S/ 50", "50.000").
CREATE TEMP TABLE nuevo_pendientes_instalaciones_internet ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente, pg_temp.leer_vlan(o.vlan) AS n_vlan, pg_temp.lleno(o.ppoe, NULL) AS n_ppoe,
       CASE WHEN o.costo_fijo ~ '^\s*[0-9]{1,10}(\.[0-9]{1,2})?\s*$' THEN trim(o.costo_fijo, E' \t\r\n')::numeric(12,2) END AS n_costo,
       CASE WHEN o.tipo_instalacion IS NULL OR o.tipo_instalacion IN (SELECT valor FROM valores WHERE dominio = 'tipo_instalacion')
            THEN o.tipo_instalacion ELSE 'OTRO' END AS n_instalacion,
       pg_temp.sin_pendiente(p.id, p.tipo, 'INSTALACION_INTERNET') AS rechazo
FROM origen_pendientes_instalaciones_internet o LEFT JOIN pendientes p ON p.id = o.pendiente_id;
SELECT pg_temp.rechazar('pendientes_instalaciones_internet', 'pendiente_id');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_instalaciones_internet', pendiente_id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pendientes_instalaciones_internet CROSS JOIN LATERAL (VALUES
    ('vigente', vigente::text, n_vigente::text, 'su pendiente está eliminado'),
    ('costo_fijo', costo_fijo, CASE WHEN n_costo IS NULL THEN NULL ELSE costo_fijo END, 'no se puede leer como importe exacto: se descarta'),
    ('tipo_instalacion', tipo_instalacion, n_instalacion, 'valor desconocido'),
    ('vlan', vlan, CASE WHEN n_vlan IS NULL THEN NULL ELSE vlan END, 'no es un número de 1 a 4094: se descarta'),
    ('ppoe', ppoe, n_ppoe, 'estaba vacío')) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY pendiente_id;
INSERT INTO pendientes_instalaciones_internet (pendiente_id, fecha_creacion, fecha_modificacion, vigente, vlan, velocidad_solicitada,
                                               costo_fijo, tipo_instalacion, ppoe, ppoe_password)
SELECT n.pendiente_id, n.fecha_creacion, n.fecha_modificacion, n.n_vigente, n.n_vlan, n.velocidad_solicitada, n.n_costo,
       n.n_instalacion, n.n_ppoe, s.sellado
FROM nuevo_pendientes_instalaciones_internet n
LEFT JOIN sellados s ON s.tabla = 'pendientes_instalaciones_internet' AND s.pendiente_id = n.pendiente_id
WHERE n.rechazo IS NULL ORDER BY n.pendiente_id;

CREATE TEMP TABLE nuevo_pendientes_averias ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente, pg_temp.leer_vlan(o.vlan) AS n_vlan, pg_temp.lleno(o.ppoe, NULL) AS n_ppoe,
       pg_temp.lleno(o.descripcion_falla, 'Sin descripción') AS n_falla, pg_temp.sin_pendiente(p.id, p.tipo, 'AVERIA') AS rechazo
FROM origen_pendientes_averias o LEFT JOIN pendientes p ON p.id = o.pendiente_id;
SELECT pg_temp.rechazar('pendientes_averias', 'pendiente_id');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_averias', pendiente_id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pendientes_averias CROSS JOIN LATERAL (VALUES
    ('vigente', vigente::text, n_vigente::text, 'su pendiente está eliminado'),
    ('descripcion_falla', descripcion_falla, n_falla, 'estaba vacío'),
    ('vlan', vlan, CASE WHEN n_vlan IS NULL THEN NULL ELSE vlan END, 'no es un número de 1 a 4094: se descarta'),
    ('ppoe', ppoe, n_ppoe, 'estaba vacío')) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY pendiente_id;
INSERT INTO pendientes_averias (pendiente_id, fecha_creacion, fecha_modificacion, vigente, vlan, descripcion_falla, ppoe, ppoe_password)
SELECT n.pendiente_id, n.fecha_creacion, n.fecha_modificacion, n.n_vigente, n.n_vlan, n.n_falla, n.n_ppoe, s.sellado
FROM nuevo_pendientes_averias n LEFT JOIN sellados s ON s.tabla = 'pendientes_averias' AND s.pendiente_id = n.pendiente_id
WHERE n.rechazo IS NULL ORDER BY n.pendiente_id;

CREATE TEMP TABLE nuevo_pendientes_instalaciones_camaras ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente, pg_temp.sin_pendiente(p.id, p.tipo, 'INSTALACION_CAMARAS') AS rechazo
FROM origen_pendientes_instalaciones_camaras o LEFT JOIN pendientes p ON p.id = o.pendiente_id;
SELECT pg_temp.rechazar('pendientes_instalaciones_camaras', 'pendiente_id');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_instalaciones_camaras', pendiente_id, 'cambiado', 'vigente', 'su pendiente está eliminado', vigente, n_vigente
FROM nuevo_pendientes_instalaciones_camaras WHERE rechazo IS NULL AND vigente <> n_vigente ORDER BY pendiente_id;
INSERT INTO pendientes_instalaciones_camaras (pendiente_id, fecha_creacion, fecha_modificacion, vigente)
SELECT pendiente_id, fecha_creacion, fecha_modificacion, n_vigente FROM nuevo_pendientes_instalaciones_camaras
WHERE rechazo IS NULL ORDER BY pendiente_id;

CREATE TEMP TABLE nuevo_pendientes_recojo_dispositivos ON COMMIT DROP AS
SELECT o.*, p.vigente AND o.vigente AS n_vigente,
       CASE WHEN o.dispositivo IN (SELECT valor FROM valores WHERE dominio = 'tipo_dispositivo_recojo') THEN o.dispositivo
            ELSE 'OTRO' END AS n_dispositivo,
       pg_temp.sin_pendiente(p.id, p.tipo, 'RECOJO_DISPOSITIVOS') AS rechazo
FROM origen_pendientes_recojo_dispositivos o LEFT JOIN pendientes p ON p.id = o.pendiente_id;
SELECT pg_temp.rechazar('pendientes_recojo_dispositivos', 'pendiente_id');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes_recojo_dispositivos', pendiente_id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pendientes_recojo_dispositivos CROSS JOIN LATERAL (VALUES
    ('vigente', vigente::text, n_vigente::text, 'su pendiente está eliminado'),
    ('dispositivo', dispositivo, n_dispositivo, 'valor vacío o desconocido')) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY pendiente_id;
INSERT INTO pendientes_recojo_dispositivos (pendiente_id, fecha_creacion, fecha_modificacion, vigente, dispositivo, motivo)
SELECT pendiente_id, fecha_creacion, fecha_modificacion, n_vigente, n_dispositivo, motivo FROM nuevo_pendientes_recojo_dispositivos
WHERE rechazo IS NULL ORDER BY pendiente_id;
