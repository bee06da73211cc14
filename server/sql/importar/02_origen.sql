-- preparing the staging tables

-- The source's rows as they are, before anything is judged: one table origen_<table> for each of its 24, with the types that
-- its columns have, or ever had (roles.id was a number, pagos.fecha_pago an instant). Columns that are not known here are added
-- when they come.
CREATE TEMP TABLE origen_app_version (id bigint PRIMARY KEY, version_code text, plataforma text, obligatoria boolean, descripcion text,
    fecha_publicacion timestamp, vigente boolean) ON COMMIT DROP;

CREATE TEMP TABLE comunes (fecha_creacion timestamp, fecha_modificacion timestamp, vigente boolean) ON COMMIT DROP;
CREATE TEMP TABLE origen_cargos (id bigint PRIMARY KEY, LIKE comunes, nombre text, descripcion text) ON COMMIT DROP;
CREATE TEMP TABLE origen_empleados (id bigint PRIMARY KEY, LIKE comunes, nombre text, apellido_paterno text, apellido_materno text,
    telefono text, correo text, cargo_id bigint, fecha_ingreso timestamp) ON COMMIT DROP;
CREATE TEMP TABLE origen_roles (id text PRIMARY KEY, LIKE comunes, nombre text, descripcion text, permisos bigint) ON COMMIT DROP;
CREATE TEMP TABLE origen_usuarios (id bigint PRIMARY KEY, LIKE comunes, nombre text, dni text, email text, password text, rol_id text,
    empleado_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE origen_modulos (id bigint PRIMARY KEY, LIKE comunes, nombre text, descripcion text, icono text, ruta text,
    modulo_padre_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE origen_modulo_roles (id bigint PRIMARY KEY, LIKE comunes, modulo_id bigint, rol_id text, permisos text)
    ON COMMIT DROP;
CREATE TEMP TABLE origen_clientes (id bigint PRIMARY KEY, LIKE comunes, tipo_cliente text, nombre text, tipo_documento text,
    numero_documento text, codigo_cliente text, direccion text, telefono text, email text, contacto_representante text) ON COMMIT DROP;
CREATE TEMP TABLE origen_productos (id bigint PRIMARY KEY, LIKE comunes, codigo_barra text, nombre text, descripcion text,
    costo_unitario numeric) ON COMMIT DROP;
CREATE TEMP TABLE origen_catalogos (id bigint PRIMARY KEY, LIKE comunes, nombre text, descripcion text, tipo text) ON COMMIT DROP;
CREATE TEMP TABLE origen_catalogo_productos (id bigint PRIMARY KEY, LIKE comunes, catalogo_id bigint, producto_id bigint,
    cantidad integer) ON COMMIT DROP;
CREATE TEMP TABLE origen_notificaciones (id bigint PRIMARY KEY, LIKE comunes, titulo text, mensaje text, tipo text, estado text,
    usuario_id bigint) ON COMMIT DROP;

CREATE TEMP TABLE origen_pendientes (id bigint PRIMARY KEY, LIKE comunes, fecha_pendiente timestamp, registrado_por bigint,
    asignado_a bigint, estado text, estado_tecnico text, lugar text, empresa text, prioridad text, direccion text, tipo text,
    cliente_id bigint) ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_averias (pendiente_id bigint PRIMARY KEY, LIKE comunes, descripcion_falla text, vlan text,
    ppoe text, ppoe_password text) ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_instalaciones_camaras (pendiente_id bigint PRIMARY KEY, LIKE comunes) ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_instalaciones_internet (pendiente_id bigint PRIMARY KEY, LIKE comunes, velocidad_solicitada text,
    costo_fijo text, tipo_instalacion text, vlan text, ppoe text, ppoe_password text) ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_recojo_dispositivos (pendiente_id bigint PRIMARY KEY, LIKE comunes, dispositivo text, motivo text)
    ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_traslados (pendiente_id bigint PRIMARY KEY, LIKE comunes, lugar_destino text,
    direccion_destino text, tipo_servicio text, vlan text, ppoe text, ppoe_password text) ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_items (id bigint PRIMARY KEY, LIKE comunes, pendiente_id bigint, producto_id bigint,
    descripcion text, cantidad integer, costo_unitario numeric, costo_total numeric) ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_notas (id bigint PRIMARY KEY, LIKE comunes, pendiente_id bigint, empleado_id bigint, nota text,
    estado_pendiente text) ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_notas_imagenes (id bigint PRIMARY KEY, LIKE comunes, nota_id bigint, url text) ON COMMIT DROP;
CREATE TEMP TABLE origen_pendientes_tiempos (id bigint PRIMARY KEY, LIKE comunes, pendiente_id bigint, empleado_id bigint,
    hora_inicio timestamp, hora_fin timestamp, descripcion text) ON COMMIT DROP;
CREATE TEMP TABLE origen_pagos (id bigint PRIMARY KEY, LIKE comunes, empleado_id bigint, cliente_id bigint, pendiente_id bigint,
    monto numeric, fecha_pago timestamp, metodo_pago text, referencia text) ON COMMIT DROP;
CREATE TEMP TABLE origen_historiales (id bigint PRIMARY KEY, LIKE comunes, pendiente_id bigint, empleado_id bigint, estado text,
    detalles text) ON COMMIT DROP;

-- What the program read: a row per table of the source, whether it is known here or not.
CREATE TEMP TABLE leidas (tabla text PRIMARY KEY, columnas text[] NOT NULL, filas bigint NOT NULL) ON COMMIT DROP;

-- The report. `que`: rechazado (the row is not imported; `antes` is the row), cambiado (`antes` and `despues` are the value),
-- aviso (imported as it is, somebody should look). Without id: about a whole table. Passwords never stand in it.
CREATE TEMP TABLE reporte (n bigint GENERATED ALWAYS AS IDENTITY, tabla text NOT NULL, id text, que text NOT NULL, columna text,
    motivo text NOT NULL, antes text, despues text) ON COMMIT DROP;

-- What the program seals after reading, under the name of its field, and where it puts the result.
CREATE TEMP VIEW por_sellar AS
    SELECT 'pendientes_traslados' AS tabla, 'ppoe_password' AS campo, pendiente_id, ppoe_password AS texto
    FROM origen_pendientes_traslados WHERE ppoe_password <> ''
    UNION ALL SELECT 'pendientes_instalaciones_internet', 'ppoe_password', pendiente_id, ppoe_password
    FROM origen_pendientes_instalaciones_internet WHERE ppoe_password <> ''
    UNION ALL SELECT 'pendientes_averias', 'ppoe_password', pendiente_id, ppoe_password
    FROM origen_pendientes_averias WHERE ppoe_password <> '';
CREATE TEMP TABLE sellados (tabla text NOT NULL, pendiente_id bigint NOT NULL, sellado bytea NOT NULL) ON COMMIT DROP;

-- The values that our enums take, from their domains.
CREATE TEMP TABLE valores ON COMMIT DROP AS
SELECT t.typname::text AS dominio, m[1] AS valor
FROM pg_constraint c JOIN pg_type t ON t.oid = c.contypid,
     regexp_matches(pg_get_constraintdef(c.oid), '''([A-Za-z_]+)''::text', 'g') AS m;

-- rechazar(table, key): reports the rows of nuevo_<table> that have a `rechazo`.
CREATE FUNCTION pg_temp.rechazar(tabla text, clave text DEFAULT 'id') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO reporte (tabla, id, que, motivo, antes)
                    SELECT %1$L, %2$I::text, ''rechazado'', n.rechazo, (to_jsonb(o) - ''{password,ppoe_password}''::text[])::text
                    FROM (SELECT %2$I, rechazo FROM nuevo_%1$s WHERE rechazo IS NOT NULL) n JOIN origen_%1$s o USING (%2$I)
                    ORDER BY %2$I', tabla, clave);
END $$;

-- lleno(text, other): the text, or the other one when it is blank.
CREATE FUNCTION pg_temp.lleno(texto text, otro text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN texto ~ '\S' THEN texto ELSE otro END
$$;
