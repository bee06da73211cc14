-- people, roles and modules

-- adelantar(table): its next id lies past what was imported, and never below 1000. (ALTER SEQUENCE is undone by a rollback,
-- setval is not.)
CREATE FUNCTION pg_temp.adelantar(tabla text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    siguiente bigint;
BEGIN
    EXECUTE format('SELECT greatest(coalesce(max(id), 0) + 1, 1000) FROM %I', tabla) INTO siguiente;
    EXECUTE format('ALTER SEQUENCE %s RESTART WITH %s', pg_get_serial_sequence(tabla, 'id'), siguiente);
END $$;

-- The source has the seeded job titles and modules of its own; ours give way to them, and stay where it has none.
DELETE FROM cargos WHERE EXISTS (SELECT FROM origen_cargos);
DELETE FROM modulos WHERE EXISTS (SELECT FROM origen_modulos);

-- Of several rows that may be only once among the vigente ones the first keeps the value; the others get their id behind it.
CREATE TEMP TABLE nuevo_cargos ON COMMIT DROP AS
SELECT o.*, CASE WHEN o.vigente AND o.orden > 1 THEN left(o.lleno, 78) || ' (' || o.id || ')' ELSE o.lleno END AS n_nombre
FROM (SELECT c.*, x.lleno, row_number() OVER (PARTITION BY c.vigente, x.lleno ORDER BY c.id) AS orden
      FROM origen_cargos c, pg_temp.lleno(c.nombre, 'Sin nombre') AS x (lleno)) o;
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'cargos', id, 'cambiado', 'nombre', CASE WHEN orden > 1 THEN 'repetido' ELSE 'estaba vacío' END, nombre, n_nombre
FROM nuevo_cargos WHERE nombre IS DISTINCT FROM n_nombre ORDER BY id;
INSERT INTO cargos (id, fecha_creacion, fecha_modificacion, vigente, nombre, descripcion)
SELECT id, fecha_creacion, fecha_modificacion, vigente, n_nombre, descripcion FROM nuevo_cargos;

-- The original lets surnames be missing; here they are required.
CREATE TEMP TABLE nuevo_empleados ON COMMIT DROP AS
SELECT o.*, pg_temp.lleno(o.nombre, 'Sin nombre') AS n_nombre, pg_temp.lleno(o.apellido_paterno, '-') AS n_paterno,
       pg_temp.lleno(o.apellido_materno, '-') AS n_materno, coalesce(o.fecha_ingreso, o.fecha_creacion)::date AS n_ingreso,
       CASE WHEN c.id IS NULL THEN 'su cargo no existe' END AS rechazo
FROM origen_empleados o LEFT JOIN cargos c ON c.id = o.cargo_id;
SELECT pg_temp.rechazar('empleados');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'empleados', id, 'cambiado', v.columna, 'estaba vacío', v.antes, v.despues
FROM nuevo_empleados CROSS JOIN LATERAL (VALUES
    ('nombre', nombre, n_nombre), ('apellido_paterno', apellido_paterno, n_paterno), ('apellido_materno', apellido_materno, n_materno),
    ('fecha_ingreso', fecha_ingreso::date::text, n_ingreso::text)) AS v (columna, antes, despues)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO empleados (id, fecha_creacion, fecha_modificacion, vigente, fecha_ingreso, cargo_id, nombre, apellido_paterno,
                       apellido_materno, telefono, correo)
SELECT id, fecha_creacion, fecha_modificacion, vigente, n_ingreso, cargo_id, n_nombre, n_paterno, n_materno, telefono, correo
FROM nuevo_empleados WHERE rechazo IS NULL;

-- A sum of bits that is missing or negative (-1 would be every right) gives none; bits past the 14 known ones are kept.
CREATE TEMP TABLE nuevo_roles ON COMMIT DROP AS
SELECT o.*, CASE WHEN o.vigente AND o.orden > 1 THEN left(o.lleno, 40) || ' (' || left(o.id, 50) || ')' ELSE o.lleno END AS n_nombre,
       CASE WHEN o.permisos >= 0 THEN o.permisos ELSE 0 END AS n_permisos
FROM (SELECT r.*, x.lleno, row_number() OVER (PARTITION BY r.vigente, x.lleno ORDER BY r.fecha_creacion, r.id) AS orden
      FROM origen_roles r, pg_temp.lleno(r.nombre, left(r.id, 100)) AS x (lleno)) o;
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'roles', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_roles CROSS JOIN LATERAL (VALUES
    ('nombre', nombre, n_nombre, CASE WHEN orden > 1 THEN 'repetido' ELSE 'estaba vacío' END),
    ('permisos', permisos::text, n_permisos::text, 'suma de permisos ausente o negativa: sin permisos'))
    AS v (columna, antes, despues, motivo)
WHERE v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO roles (id, fecha_creacion, fecha_modificacion, vigente, nombre, permisos, descripcion)
SELECT id, fecha_creacion, fecha_modificacion, vigente, n_nombre, n_permisos, descripcion FROM nuevo_roles;

-- Login is by DNI, so of active users with one DNI the first stays active; names and addresses only get the id. An employee
-- has one active user: the others keep their account without him. Somebody whose stored password is no bcrypt hash cannot log in
-- until it is set anew, and what stood there is not kept.
CREATE TEMP TABLE nuevo_usuarios ON COMMIT DROP AS
WITH b AS (
    SELECT o.*, e.id AS conocido, pg_temp.lleno(o.nombre, 'usuario ' || o.id) AS lleno,
           CASE WHEN r.id IS NULL THEN 'su rol no existe' WHEN pg_temp.lleno(o.dni, NULL) IS NULL THEN 'no tiene DNI'
                WHEN pg_temp.lleno(o.email, NULL) IS NULL THEN 'no tiene correo' END AS rechazo
    FROM origen_usuarios o LEFT JOIN roles r ON r.id = o.rol_id LEFT JOIN empleados e ON e.id = o.empleado_id
), u AS (
    SELECT b.*, vigente AND row_number() OVER (PARTITION BY rechazo IS NULL, vigente, lower(dni COLLATE "und-x-icu") ORDER BY id) = 1 AS n_activo
    FROM b
), v AS (
    SELECT u.*, row_number() OVER (PARTITION BY rechazo IS NULL, n_activo, lower(lleno COLLATE "und-x-icu") ORDER BY id) AS de_nombre,
           row_number() OVER (PARTITION BY rechazo IS NULL, n_activo, lower(email COLLATE "und-x-icu") ORDER BY id) AS de_email,
           row_number() OVER (PARTITION BY rechazo IS NULL, n_activo, conocido ORDER BY id) AS de_empleado
    FROM u
)
SELECT v.*, CASE WHEN n_activo AND de_nombre > 1 THEN left(lleno, 128) || ' (' || id || ')' ELSE lleno END AS n_nombre,
       CASE WHEN n_activo AND de_email > 1 THEN left(email, 128) || ' (' || id || ')' ELSE email END AS n_email,
       CASE WHEN NOT n_activo OR de_empleado = 1 THEN conocido END AS n_empleado,
       CASE WHEN password ~ '^\$2[abxy]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$' THEN password ELSE '*' END AS n_password
FROM v;
SELECT pg_temp.rechazar('usuarios');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'usuarios', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_usuarios CROSS JOIN LATERAL (VALUES
    ('activo', vigente::text, n_activo::text, 'otro usuario activo tiene el mismo DNI: queda inactivo'),
    ('nombre', nombre, n_nombre, CASE WHEN de_nombre > 1 THEN 'repetido' ELSE 'estaba vacío' END),
    ('email', email, n_email, 'repetido'),
    ('empleado_id', empleado_id::text, n_empleado::text, CASE WHEN conocido IS NULL THEN 'el empleado no existe'
        ELSE 'el empleado ya tiene un usuario activo' END),
    ('password', CASE WHEN n_password = '*' THEN 'no es bcrypt' END, NULL, 'la contraseña no es bcrypt: hay que ponerla de nuevo'))
    AS v (columna, antes, despues, motivo)
WHERE rechazo IS NULL AND v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO usuarios (id, fecha_creacion, fecha_modificacion, vigente, activo, empleado_id, rol_id, nombre, dni, email, password)
SELECT id, fecha_creacion, fecha_modificacion, vigente, n_activo, n_empleado, rol_id, n_nombre, dni, n_email, n_password
FROM nuevo_usuarios WHERE rechazo IS NULL;

-- A module that is its own ancestor would make whoever walks up go round for ever: of each such circle the lowest id becomes a root.
CREATE TEMP TABLE nuevo_modulos ON COMMIT DROP AS
WITH RECURSIVE subida AS (
    SELECT id, modulo_padre_id AS arriba, ARRAY[id] AS camino FROM origen_modulos
    UNION ALL
    SELECT s.id, m.modulo_padre_id, s.camino || m.id FROM subida s JOIN origen_modulos m ON m.id = s.arriba
    WHERE m.id <> ALL (s.camino)
), raices AS (
    SELECT id FROM subida WHERE arriba = id AND id = (SELECT min(x) FROM unnest(camino) AS x)
)
SELECT o.*, pg_temp.lleno(o.nombre, pg_temp.lleno(o.ruta, 'Sin nombre')) AS n_nombre, r.id IS NOT NULL AS en_circulo,
       CASE WHEN r.id IS NULL THEN p.id END AS n_padre
FROM origen_modulos o LEFT JOIN origen_modulos p ON p.id = o.modulo_padre_id LEFT JOIN raices r ON r.id = o.id;
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'modulos', id, 'cambiado', v.columna, v.motivo, v.antes, v.despues
FROM nuevo_modulos CROSS JOIN LATERAL (VALUES
    ('nombre', nombre, n_nombre, 'estaba vacío'),
    ('modulo_padre_id', modulo_padre_id::text, n_padre::text, CASE WHEN en_circulo THEN 'era su propio antepasado' ELSE 'el padre no existe' END))
    AS v (columna, antes, despues, motivo)
WHERE v.antes IS DISTINCT FROM v.despues ORDER BY id;
INSERT INTO modulos (id, fecha_creacion, fecha_modificacion, vigente, modulo_padre_id, nombre, descripcion, icono, ruta)
SELECT id, fecha_creacion, fecha_modificacion, vigente, n_padre, n_nombre, descripcion, icono, ruta FROM nuevo_modulos;

CREATE TEMP TABLE nuevo_modulo_roles ON COMMIT DROP AS
SELECT o.*, pg_temp.lleno(o.permisos, 'READ') AS n_permisos,
       CASE WHEN m.id IS NULL THEN 'su módulo no existe' WHEN r.id IS NULL THEN 'su rol no existe'
            WHEN row_number() OVER (PARTITION BY o.modulo_id, o.rol_id ORDER BY o.vigente DESC, o.id) > 1 THEN 'el rol ya tiene ese módulo'
       END AS rechazo
FROM origen_modulo_roles o LEFT JOIN modulos m ON m.id = o.modulo_id LEFT JOIN roles r ON r.id = o.rol_id;
SELECT pg_temp.rechazar('modulo_roles');
INSERT INTO reporte (tabla, id, que, columna, motivo, antes, despues)
SELECT 'modulo_roles', id, 'cambiado', 'permisos', 'estaba vacío', permisos, n_permisos
FROM nuevo_modulo_roles WHERE rechazo IS NULL AND permisos IS DISTINCT FROM n_permisos ORDER BY id;
INSERT INTO modulo_roles (id, fecha_creacion, fecha_modificacion, vigente, modulo_id, rol_id, permisos)
SELECT id, fecha_creacion, fecha_modificacion, vigente, modulo_id, rol_id, n_permisos FROM nuevo_modulo_roles WHERE rechazo IS NULL;
