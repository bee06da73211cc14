-- images without files, sequences, the administrator, the counts

INSERT INTO reporte (tabla, id, que, columna, motivo, antes)
SELECT 'pendientes_notas_imagenes', i.id, 'aviso', 'url', 'no se trajo su archivo (--uploads): la imagen queda sin contenido', i.url
FROM pendientes_notas_imagenes i
WHERE i.archivo_id IS NULL AND NOT EXISTS (SELECT FROM reporte r WHERE r.tabla = 'pendientes_notas_imagenes' AND r.que = 'aviso' AND r.id = i.id::text)
ORDER BY i.id;

SELECT pg_temp.adelantar(c.tabla)
FROM columnas_origen c
JOIN pg_attribute a ON a.attrelid = format('public.%I', c.tabla)::regclass AND a.attname = c.columna AND a.attidentity <> ''
WHERE c.columna = 'id' AND c.tabla <> 'usuarios';

-- The administrator of the first start, under new ids, so that nobody is locked out: with a role of the source's that has every
-- bit, or one of his own. Whoever has his DNI in the source is him.
INSERT INTO reporte (tabla, que, motivo, antes)
SELECT 'usuarios', 'aviso', 'el administrador de la instalación tiene el DNI de un usuario importado, que queda en su lugar', a.dni
FROM administrador a WHERE EXISTS (SELECT FROM usuarios u WHERE u.vigente AND u.activo AND lower(u.dni) = lower(a.dni));
DELETE FROM administrador a USING usuarios u WHERE u.vigente AND u.activo AND lower(u.dni) = lower(a.dni);
INSERT INTO roles (id, nombre, permisos, descripcion)
SELECT 'ADMINISTRADOR_SISTEMA', 'Administrador del sistema', 16383, 'Todos los permisos'
WHERE EXISTS (SELECT FROM administrador) AND NOT EXISTS (SELECT FROM roles WHERE vigente AND administra(permisos));
WITH c AS (
    INSERT INTO cargos (nombre)
    SELECT cargo FROM administrador WHERE cargo IS NOT NULL AND NOT EXISTS (SELECT FROM cargos c WHERE c.vigente AND c.nombre = cargo)
    RETURNING id, nombre
), e AS (
    INSERT INTO empleados (nombre, apellido_paterno, apellido_materno, fecha_ingreso, cargo_id)
    SELECT a.empleado, a.apellido_paterno, a.apellido_materno, a.fecha_ingreso,
           coalesce((SELECT id FROM c), (SELECT id FROM cargos x WHERE x.vigente AND x.nombre = a.cargo))
    FROM administrador a WHERE a.cargo IS NOT NULL
    RETURNING id
), u AS (
    INSERT INTO usuarios (empleado_id, rol_id, nombre, dni, email, password)
    SELECT (SELECT id FROM e),
           (SELECT id FROM roles WHERE vigente AND administra(permisos) ORDER BY fecha_creacion, id LIMIT 1),
           a.nombre || CASE WHEN EXISTS (SELECT FROM usuarios x WHERE x.vigente AND x.activo AND lower(x.nombre COLLATE "und-x-icu") = lower(a.nombre COLLATE "und-x-icu"))
                            THEN ' (sistema)' ELSE '' END,
           a.dni,
           CASE WHEN EXISTS (SELECT FROM usuarios x WHERE x.vigente AND x.activo AND lower(x.email COLLATE "und-x-icu") = lower(a.email COLLATE "und-x-icu"))
                THEN 'sistema-' ELSE '' END || a.email, a.password
    FROM administrador a
    RETURNING id
)
INSERT INTO reporte (tabla, id, que, motivo) SELECT 'usuarios', id, 'aviso', 'el administrador de la instalación tiene ahora este id' FROM u;
INSERT INTO reporte (tabla, que, motivo)
SELECT 'usuarios', 'aviso', 'ningún usuario activo tiene todos los permisos: nadie podrá administrar el sistema'
WHERE NOT EXISTS (SELECT FROM administradores);

-- A token issued before belongs to whoever had its user's id then.
UPDATE usuarios SET password_cambiado = date_trunc('second', clock_timestamp());

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM avisos LOOP
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', t.tabla, t.nombre);
    END LOOP;
END $$;
SELECT pg_notify('pendientes_identidad', '');

-- Each row that was read is imported or refused by name, or nothing is imported at all.
CREATE TEMP TABLE cuentas (tabla text, leidas bigint, importadas bigint, rechazadas bigint, cambiadas bigint, avisos bigint) ON COMMIT DROP;
DO $$
DECLARE
    t text;
    clave text;
BEGIN
    FOR t IN SELECT DISTINCT tabla FROM columnas_origen ORDER BY 1 LOOP
        clave := CASE WHEN EXISTS (SELECT FROM columnas_origen WHERE tabla = t AND columna = 'id') THEN 'id' ELSE 'pendiente_id' END;
        EXECUTE format('INSERT INTO cuentas SELECT %1$L, (SELECT count(*) FROM origen_%1$s),
                (SELECT count(*) FROM origen_%1$s o JOIN %1$I d USING (%2$I)), count(*) FILTER (WHERE que = ''rechazado''),
                count(DISTINCT id) FILTER (WHERE que = ''cambiado''), count(*) FILTER (WHERE que = ''aviso'')
            FROM reporte WHERE tabla = %1$L', t, clave);
    END LOOP;
    FOR t IN SELECT tabla FROM cuentas WHERE leidas <> importadas + rechazadas LOOP
        RAISE EXCEPTION 'rows of % are neither imported nor refused', t;
    END LOOP;
    FOR t IN SELECT tabla FROM cuentas JOIN leidas USING (tabla) WHERE leidas.filas <> cuentas.leidas LOOP
        RAISE EXCEPTION 'rows of % were lost on the way', t;
    END LOOP;
END $$;
