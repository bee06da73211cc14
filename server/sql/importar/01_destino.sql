-- checking the target

-- Writers wait: whoever made a row now would take an id of the source's. Readers see what was there until the end.
LOCK TABLE cargos, empleados, roles, usuarios, modulos, modulo_roles, clientes, productos, catalogos, catalogo_productos, app_version,
    notificaciones, pendientes, pendientes_traslados, pendientes_instalaciones_internet, pendientes_averias,
    pendientes_instalaciones_camaras, pendientes_recojo_dispositivos, pendientes_items, pendientes_notas, pendientes_notas_imagenes,
    pendientes_tiempos, pagos, historiales IN SHARE ROW EXCLUSIVE MODE;

-- Ids are kept, so nothing may stand in their way but what a fresh installation has: the job titles and modules of the
-- migrations, and the accounts that deploy/up makes: the first administrator and the gateways' own.
DO $$
DECLARE
    t record;
    n bigint;
BEGIN
    IF EXISTS (SELECT FROM usuarios WHERE email LIKE '%@ejemplo.test') THEN
        RAISE EXCEPTION 'the target holds the demo data: import into an installation started with deploy/up --no-demo';
    END IF;
    FOR t IN SELECT * FROM (VALUES
        ('usuarios', 'id <> 1 AND dni <> ''pasarela-eventos'''), ('empleados', 'id <> 1'), ('roles', 'id NOT IN (''ADMIN'', ''EVENTOS'')'), ('cargos', 'id >= 1000'),
        ('modulos', 'id >= 1000'), ('modulo_roles', 'rol_id <> ''ADMIN'''), ('clientes', 'true'), ('productos', 'true'),
        ('catalogos', 'true'), ('catalogo_productos', 'true'), ('app_version', 'true'), ('notificaciones', 'true'),
        ('pendientes', 'true')) AS x (tabla, ajenas) LOOP
        EXECUTE format('SELECT count(*) FROM %I WHERE %s', t.tabla, t.ajenas) INTO n;
        IF n > 0 THEN
            RAISE EXCEPTION 'the target is not empty: % rows in %; import into a fresh installation', n, t.tabla;
        END IF;
    END LOOP;
END $$;

-- 25_instalacion.sql brings the accounts back.
CREATE TEMP TABLE roles_instalados ON COMMIT DROP AS SELECT id, nombre, permisos, descripcion FROM roles;
CREATE TEMP TABLE instalados ON COMMIT DROP AS
SELECT u.id, u.nombre, u.dni, u.email, u.password, u.rol_id, e.nombre AS empleado, e.apellido_paterno, e.apellido_materno,
       e.fecha_ingreso, c.nombre AS cargo, NULL::bigint AS n_id
FROM usuarios u LEFT JOIN empleados e ON e.id = u.empleado_id LEFT JOIN cargos c ON c.id = e.cargo_id;
DELETE FROM modulo_roles;
DELETE FROM usuarios;
DELETE FROM empleados;
DELETE FROM roles;

-- Rows of long ago are no events: nobody is told of them one by one. (01 disables what 80_fin.sql enables again, in one transaction.)
CREATE TEMP TABLE avisos ON COMMIT DROP AS
SELECT tgrelid::regclass AS tabla, tgname AS nombre FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled = 'O' AND tgtype & 2 = 0 -- after
    AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace);
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM avisos LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t.tabla, t.nombre);
    END LOOP;
END $$;
