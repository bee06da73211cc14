-- clients, products, catalogues, notifications, versions

-- A number that is no DNI or RUC is kept under OTRO.
CREATE TEMP TABLE nuevo_clientes ON COMMIT DROP AS
SELECT o.*, pg_temp.lleno(o.nombre, 'Sin nombre') AS n_nombre,
       CASE WHEN o.tipo_cliente IN (SELECT valor FROM valores WHERE dominio = 'tipo_cliente') THEN o.tipo_cliente ELSE 'OTRO' END AS n_tipo,
       CASE WHEN o.tipo_documento NOT IN (SELECT valor FROM valores WHERE dominio = 'tipo_documento') OR o.tipo_documento IS NULL
                 OR o.tipo_documento = 'DNI' AND coalesce(o.numero_documento !~ '^[0-9]{8}$', true)
                 OR o.tipo_documento = 'RUC' AND coalesce(o.numero_documento !~ '^[0-9]{11}$', true)
            THEN 'OTRO' ELSE o.tipo_documento END AS n_documento,
       CASE WHEN o.vigente AND o.orden > 1 THEN left(o.codigo, 178) || ' (' || o.id || ')' ELSE o.codigo END AS n_codigo
FROM (SELECT c.*, x.codigo, row_number() OVER (PARTITION BY c.vigente, x.codigo ORDER BY c.id) AS orden
      FROM origen_clientes c, pg_temp.lleno(c.codigo_cliente, NULL) AS x (codigo)) o;
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'clientes', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_clientes CROSS JOIN LATERAL (VALUES
    ('nombre', nombre, n_nombre, 'estaba vacío'), ('tipo_cliente', tipo_cliente, n_tipo, 'valor desconocido'),
    ('tipo_documento', tipo_documento, n_documento, CASE WHEN tipo_documento IN ('DNI', 'RUC') THEN
        'el número de documento no corresponde a su tipo' ELSE 'valor desconocido' END),
    ('codigo_cliente', codigo_cliente, n_codigo, CASE WHEN codigo IS NULL THEN 'estaba vacío' ELSE 'repetido' END))
    AS v (columna, antes, despues, motivo)
WHERE v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO clientes (id, fecha_creacion, fecha_modificacion, vigente, tipo_cliente, nombre, tipo_documento, numero_documento,
                      codigo_cliente, direccion, telefono, email, contacto_representante)
SELECT id, fecha_creacion, fecha_modificacion, vigente, n_tipo, n_nombre, n_documento, numero_documento, n_codigo, direccion,
       telefono, email, contacto_representante
FROM nuevo_clientes;

CREATE TEMP TABLE nuevo_productos ON COMMIT DROP AS
SELECT o.*, pg_temp.lleno(o.nombre, pg_temp.lleno(o.codigo_barra, 'Sin nombre')) AS n_nombre,
       CASE WHEN o.vigente AND o.orden > 1 THEN left(o.codigo, 233) || ' (' || o.id || ')' ELSE o.codigo END AS n_codigo,
       CASE WHEN o.costo_unitario BETWEEN 0 AND 9999999999.99 THEN round(o.costo_unitario, 2) ELSE 0 END AS n_costo
FROM (SELECT p.*, x.codigo, row_number() OVER (PARTITION BY p.vigente, x.codigo ORDER BY p.id) AS orden
      FROM origen_productos p, pg_temp.lleno(p.codigo_barra, NULL) AS x (codigo)) o;
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'productos', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_productos CROSS JOIN LATERAL (VALUES
    ('nombre', nombre, n_nombre, 'estaba vacío'),
    ('codigo_barra', codigo_barra, n_codigo, CASE WHEN codigo IS NULL THEN 'estaba vacío' ELSE 'repetido' END)
    ) AS v (columna, antes, despues, motivo)
WHERE v.antes IS DISTINCT FROM v.despues
UNION ALL
SELECT 'productos', id, 'cambiado', 'costo_unitario', 'no es un importe de 0.00 a 9999999999.99 con dos decimales',
       costo_unitario::text, n_costo::text
FROM nuevo_productos WHERE costo_unitario IS DISTINCT FROM n_costo
ORDER BY 2;
INSERT INTO productos (id, fecha_creacion, fecha_modificacion, vigente, codigo_barra, nombre, descripcion, costo_unitario)
SELECT id, fecha_creacion, fecha_modificacion, vigente, n_codigo, n_nombre, descripcion, n_costo FROM nuevo_productos;

CREATE TEMP TABLE nuevo_catalogos ON COMMIT DROP AS
SELECT o.*, pg_temp.lleno(o.nombre, 'Sin nombre') AS n_nombre,
       CASE WHEN o.tipo IN (SELECT valor FROM valores WHERE dominio = 'tipo_catalogo') THEN o.tipo ELSE 'SERVICIO' END AS n_tipo
FROM origen_catalogos o;
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'catalogos', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_catalogos CROSS JOIN LATERAL (VALUES
    ('nombre', nombre, n_nombre, 'estaba vacío'), ('tipo', tipo, n_tipo, 'valor vacío o desconocido')) AS v (columna, antes, despues, motivo)
WHERE v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO catalogos (id, fecha_creacion, fecha_modificacion, vigente, nombre, descripcion, tipo)
SELECT id, fecha_creacion, fecha_modificacion, vigente, n_nombre, descripcion, n_tipo FROM nuevo_catalogos;

CREATE TEMP TABLE nuevo_catalogo_productos ON COMMIT DROP AS
SELECT o.*, CASE WHEN o.cantidad >= 0 THEN o.cantidad END AS n_cantidad,
       CASE WHEN c.id IS NULL THEN 'su catálogo no existe' WHEN p.id IS NULL THEN 'su producto no existe' END AS rechazo
FROM origen_catalogo_productos o LEFT JOIN catalogos c ON c.id = o.catalogo_id LEFT JOIN productos p ON p.id = o.producto_id;
SELECT pg_temp.rechazar('catalogo_productos');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes)
SELECT 'catalogo_productos', id, 'cambiado', 'cantidad', 'era negativa: se descarta', cantidad
FROM nuevo_catalogo_productos WHERE rechazo IS NULL AND cantidad < 0 ORDER BY id;
INSERT INTO catalogo_productos (id, fecha_creacion, fecha_modificacion, vigente, catalogo_id, producto_id, cantidad)
SELECT id, fecha_creacion, fecha_modificacion, vigente, catalogo_id, producto_id, n_cantidad
FROM nuevo_catalogo_productos WHERE rechazo IS NULL;

-- (the original never asks whether the user exists)
CREATE TEMP TABLE nuevo_notificaciones ON COMMIT DROP AS
SELECT o.*, pg_temp.lleno(o.titulo, 'Sin título') AS n_titulo, pg_temp.lleno(o.mensaje, pg_temp.lleno(o.titulo, '-')) AS n_mensaje,
       CASE WHEN o.tipo IN (SELECT valor FROM valores WHERE dominio = 'notificacion_tipo') THEN o.tipo ELSE 'INFO' END AS n_tipo,
       CASE WHEN o.estado IN (SELECT valor FROM valores WHERE dominio = 'notificacion_estado') THEN o.estado ELSE 'NO_LEIDO' END AS n_estado,
       CASE WHEN u.id IS NULL THEN 'su usuario no existe' END AS rechazo
FROM origen_notificaciones o LEFT JOIN usuarios u ON u.id = o.usuario_id;
SELECT pg_temp.rechazar('notificaciones');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'notificaciones', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_notificaciones CROSS JOIN LATERAL (VALUES
    ('titulo', titulo, n_titulo, 'estaba vacío'), ('mensaje', mensaje, n_mensaje, 'estaba vacío'),
    ('tipo', tipo, n_tipo, 'valor desconocido'), ('estado', estado, n_estado, 'valor vacío o desconocido')) AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO notificaciones (id, fecha_creacion, fecha_modificacion, usuario_id, vigente, titulo, mensaje, tipo, estado)
SELECT id, fecha_creacion, fecha_modificacion, usuario_id, vigente, n_titulo, n_mensaje, n_tipo, n_estado
FROM nuevo_notificaciones WHERE rechazo IS NULL;

CREATE TEMP TABLE nuevo_app_version ON COMMIT DROP AS
SELECT o.*, CASE WHEN pg_temp.lleno(o.version_code, NULL) IS NULL THEN 'no tiene número de versión'
                 WHEN pg_temp.lleno(o.plataforma, NULL) IS NULL THEN 'no tiene plataforma'
                 WHEN o.fecha_publicacion IS NULL THEN 'no tiene fecha de publicación' END AS rechazo
FROM origen_app_version o;
SELECT pg_temp.rechazar('app_version');
INSERT INTO app_version (id, fecha_publicacion, obligatoria, vigente, version_code, plataforma, descripcion)
SELECT id, fecha_publicacion, coalesce(obligatoria, false), coalesce(vigente, true), version_code, plataforma, descripcion
FROM nuevo_app_version WHERE rechazo IS NULL;
