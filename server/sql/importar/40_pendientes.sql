-- orders and their history

-- The state. SIN_PPOE and SIN_VLAN said of an order under work that it lacks a half of its line: its main state is EN_PROGRESO
-- (REGISTRADO when nobody works on it) and the half pends. `asignar` of the original left the state as it was, so REGISTRADO
-- with a technician is ASIGNADO, and ASIGNADO without one is REGISTRADO. Nothing can pend on what is FINALIZADO.
-- A place, priority or company that is not known any more is mapped, since the address tells more; an unknown type or state is not.
CREATE TEMP TABLE nuevo_pendientes ON COMMIT DROP AS
SELECT o.id, o.asignado_a, o.estado, o.estado_tecnico, o.lugar, o.prioridad, o.empresa, o.tipo, a.id AS n_asignado, s.n_estado,
       CASE WHEN s.n_estado = 'FINALIZADO' THEN 'OK' WHEN s.falta IS NULL OR s.falta = s.tecnico THEN s.tecnico
            WHEN s.tecnico = 'OK' THEN s.falta ELSE 'PENDIENTE_PPPoE_Y_VLAN' END AS n_tecnico,
       s.tecnico_conocido, s.falta,
       CASE WHEN o.lugar IN (SELECT valor FROM valores WHERE dominio = 'lugar_pendiente') THEN o.lugar ELSE 'ZONA_RURAL' END AS n_lugar,
       CASE WHEN o.prioridad IN (SELECT valor FROM valores WHERE dominio = 'prioridad_pendiente') THEN o.prioridad ELSE 'MEDIA' END AS n_prioridad,
       CASE WHEN o.empresa IS NULL OR o.empresa IN (SELECT valor FROM valores WHERE dominio = 'empresa_pendiente') THEN o.empresa
            ELSE 'OTRO' END AS n_empresa,
       CASE WHEN r.id IS NULL THEN 'quien lo registró no existe' WHEN c.id IS NULL THEN 'su cliente no existe'
            WHEN o.tipo NOT IN (SELECT valor FROM valores WHERE dominio = 'tipo_pendiente') OR o.tipo IS NULL THEN 'tipo desconocido'
            WHEN s.n_estado NOT IN (SELECT valor FROM valores WHERE dominio = 'estado_pendiente') OR s.n_estado IS NULL THEN 'estado desconocido'
       END AS rechazo
FROM origen_pendientes o
LEFT JOIN empleados r ON r.id = o.registrado_por
LEFT JOIN empleados a ON a.id = o.asignado_a
LEFT JOIN clientes c ON c.id = o.cliente_id
CROSS JOIN LATERAL (SELECT
    CASE WHEN o.estado IN ('SIN_PPOE', 'SIN_VLAN') THEN CASE WHEN a.id IS NULL THEN 'REGISTRADO' ELSE 'EN_PROGRESO' END
         WHEN o.estado IN ('REGISTRADO', 'ASIGNADO') THEN CASE WHEN a.id IS NULL THEN 'REGISTRADO' ELSE 'ASIGNADO' END
         ELSE o.estado END AS n_estado,
    CASE o.estado WHEN 'SIN_PPOE' THEN 'PENDIENTE_PPPoE' WHEN 'SIN_VLAN' THEN 'PENDIENTE_VLAN' END AS falta,
    o.estado_tecnico IS NULL OR o.estado_tecnico IN (SELECT valor FROM valores WHERE dominio = 'estado_tecnico') AS tecnico_conocido,
    CASE WHEN o.estado_tecnico IN (SELECT valor FROM valores WHERE dominio = 'estado_tecnico') THEN o.estado_tecnico ELSE 'OK' END AS tecnico) s;
SELECT pg_temp.rechazar('pendientes');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'pendientes', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_pendientes CROSS JOIN LATERAL (VALUES
    ('asignado_a', asignado_a::text, n_asignado::text, 'el empleado no existe'),
    ('estado', estado, n_estado, CASE WHEN falta IS NOT NULL THEN 'estado antiguo' WHEN n_estado = 'ASIGNADO' THEN 'tenía técnico'
        ELSE 'no tenía técnico' END),
    ('estado_tecnico', coalesce(estado_tecnico, 'OK'), n_tecnico, CASE WHEN NOT tecnico_conocido THEN 'valor desconocido'
        WHEN falta IS NOT NULL THEN 'estado antiguo' ELSE 'nada queda pendiente en lo FINALIZADO' END),
    ('lugar', lugar, n_lugar, 'valor desconocido'), ('prioridad', prioridad, n_prioridad, 'valor desconocido'),
    ('empresa', empresa, n_empresa, 'valor desconocido')) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY id;
ANALYZE nuevo_pendientes;

CREATE TEMP TABLE nuevo_historiales ON COMMIT DROP AS
SELECT h.id, h.pendiente_id, h.fecha_creacion::timestamptz AS fecha_creacion, h.empleado_id, e.id AS n_empleado, u.usuario_id, h.estado,
       CASE WHEN h.estado IN ('SIN_PPOE', 'SIN_VLAN') THEN 'EN_PROGRESO' ELSE h.estado END AS n_estado,
       CASE WHEN p.id IS NULL THEN 'su pendiente no se importó'
            WHEN h.estado NOT IN (SELECT valor FROM valores WHERE dominio = 'estado_pendiente') AND h.estado NOT IN ('SIN_PPOE', 'SIN_VLAN')
                 OR h.estado IS NULL THEN 'estado desconocido' END AS rechazo
FROM origen_historiales h
LEFT JOIN nuevo_pendientes p ON p.id = h.pendiente_id AND p.rechazo IS NULL
LEFT JOIN empleados e ON e.id = h.empleado_id
LEFT JOIN usuario_de u ON u.empleado_id = e.id;
SELECT pg_temp.rechazar('historiales');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'historiales', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_historiales CROSS JOIN LATERAL (VALUES
    ('estado', estado, n_estado, 'estado antiguo'), ('empleado_id', empleado_id::text, n_empleado::text, 'el empleado no existe'))
    AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY id;

-- The chain, order by order: the hash of an entry goes into the next one's.
CREATE AGGREGATE pg_temp.encadenar(bigint, integer, bigint, bigint, text, text, timestamptz) (
    SFUNC = historial_hash, STYPE = bytea,
    INITCOND = '\x0000000000000000000000000000000000000000000000000000000000000000');
CREATE TEMP TABLE cadena ON COMMIT DROP AS
SELECT n.*, pg_temp.encadenar(n.pendiente_id, n.numero, n.usuario_id, n.n_empleado, n.n_estado, n.detalles, n.fecha_creacion) OVER w AS hash,
       lead(n.id) OVER w IS NULL AS ultima
FROM (SELECT h.id, h.pendiente_id, h.fecha_creacion, o.fecha_modificacion, o.vigente, h.n_empleado, h.n_estado, o.detalles,
             coalesce(h.usuario_id, pg_temp.usuario_importacion()) AS usuario_id,
             row_number() OVER (PARTITION BY h.pendiente_id ORDER BY h.fecha_creacion, h.id)::integer AS numero
      FROM nuevo_historiales h JOIN origen_historiales o USING (id) WHERE h.rechazo IS NULL) n
WINDOW w AS (PARTITION BY n.pendiente_id ORDER BY n.fecha_creacion, n.id);

INSERT INTO pendientes (id, fecha_creacion, fecha_modificacion, fecha_pendiente, registrado_por, asignado_a, cliente_id, historial_n,
                        vigente, historial_hash, estado, estado_tecnico, tipo, lugar, prioridad, empresa, direccion)
SELECT o.id, o.fecha_creacion, o.fecha_modificacion, o.fecha_pendiente, o.registrado_por, n.n_asignado, o.cliente_id,
       coalesce(c.numero, 0), o.vigente, c.hash, n.n_estado, n.n_tecnico, o.tipo, n.n_lugar, n.n_prioridad, n.n_empresa, o.direccion
FROM origen_pendientes o JOIN nuevo_pendientes n ON n.id = o.id AND n.rechazo IS NULL
LEFT JOIN cadena c ON c.pendiente_id = o.id AND c.ultima
ORDER BY o.id;
INSERT INTO historiales (id, pendiente_id, usuario_id, empleado_id, fecha_creacion, fecha_modificacion, numero, vigente, hash, estado,
                         detalles)
SELECT id, pendiente_id, usuario_id, n_empleado, fecha_creacion, fecha_modificacion, numero, vigente, hash, n_estado, detalles
FROM cadena ORDER BY pendiente_id, numero;
