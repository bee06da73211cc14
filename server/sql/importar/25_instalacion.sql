-- the installation's own accounts

-- They stay, so that nobody is locked out and the gateways go on: under their ids where the source has none of those, else under new
-- ones. So do their roles, under a name that the source has not. Whoever has the DNI of one in the source takes his place.
INSERT INTO reporte (tabla, que, motivo, antes)
SELECT 'usuarios', 'aviso', 'un usuario de la instalación tiene el DNI de uno importado, que queda en su lugar', i.dni
FROM instalados i WHERE EXISTS (SELECT FROM usuarios u WHERE u.vigente AND u.activo AND lower(u.dni) = lower(i.dni));
DELETE FROM instalados i USING usuarios u WHERE u.vigente AND u.activo AND lower(u.dni) = lower(i.dni);

CREATE TEMP TABLE rol_nuevo ON COMMIT DROP AS
SELECT r.*, r.id || CASE WHEN EXISTS (SELECT FROM roles x WHERE x.id = r.id) THEN '_SISTEMA' ELSE '' END AS n_id,
       r.nombre || CASE WHEN EXISTS (SELECT FROM roles x WHERE x.vigente AND x.nombre = r.nombre) THEN ' (sistema)' ELSE '' END AS n_nombre
FROM roles_instalados r WHERE r.id IN (SELECT rol_id FROM instalados);
INSERT INTO roles (id, nombre, permisos, descripcion) SELECT n_id, n_nombre, permisos, descripcion FROM rol_nuevo;
INSERT INTO modulo_roles (id, modulo_id, rol_id)
SELECT (SELECT coalesce(max(id), 0) FROM modulo_roles) + row_number() OVER (ORDER BY m.id, r.n_id), m.id, r.n_id
FROM modulos m JOIN rol_nuevo r ON administra(r.permisos) WHERE m.vigente;

SELECT pg_temp.adelantar('cargos'), pg_temp.adelantar('empleados');
INSERT INTO cargos (nombre)
SELECT DISTINCT cargo FROM instalados i WHERE cargo IS NOT NULL AND NOT EXISTS (SELECT FROM cargos c WHERE c.vigente AND c.nombre = i.cargo);

-- insertar_instalados(): the users that have an `n_id`, which is then no more asked for.
CREATE FUNCTION pg_temp.insertar_instalados() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    i instalados;
    suyo bigint;
BEGIN
    FOR i IN DELETE FROM instalados WHERE n_id IS NOT NULL RETURNING * LOOP
        suyo := NULL;
        INSERT INTO empleados (nombre, apellido_paterno, apellido_materno, fecha_ingreso, cargo_id)
        SELECT i.empleado, i.apellido_paterno, i.apellido_materno, i.fecha_ingreso, min(c.id) FROM cargos c
        WHERE c.vigente AND c.nombre = i.cargo HAVING count(*) > 0
        RETURNING id INTO suyo;
        INSERT INTO usuarios (id, empleado_id, rol_id, nombre, dni, email, password)
        SELECT i.n_id, suyo, r.n_id,
               i.nombre || CASE WHEN EXISTS (SELECT FROM usuarios x WHERE x.vigente AND x.activo
                   AND lower(x.nombre COLLATE "und-x-icu") = lower(i.nombre COLLATE "und-x-icu")) THEN ' (sistema)' ELSE '' END,
               i.dni,
               CASE WHEN EXISTS (SELECT FROM usuarios x WHERE x.vigente AND x.activo
                   AND lower(x.email COLLATE "und-x-icu") = lower(i.email COLLATE "und-x-icu")) THEN 'sistema-' ELSE '' END || i.email,
               i.password
        FROM rol_nuevo r WHERE r.id = i.rol_id;
        IF i.n_id <> i.id THEN
            INSERT INTO reporte (tabla, id, que, motivo, antes)
            VALUES ('usuarios', i.n_id, 'aviso', 'un usuario de la instalación tiene ahora este id: deploy/up hace de nuevo su token', i.dni);
        END IF;
    END LOOP;
END $$;
UPDATE instalados i SET n_id = id WHERE NOT EXISTS (SELECT FROM origen_usuarios o WHERE o.id = i.id);
SELECT pg_temp.insertar_instalados();
SELECT pg_temp.adelantar('usuarios');
UPDATE instalados SET n_id = nextval(pg_get_serial_sequence('usuarios', 'id'));
SELECT pg_temp.insertar_instalados();

-- Who acted: the employee's user, an active one before others.
CREATE TEMP TABLE usuario_de ON COMMIT DROP AS
SELECT DISTINCT ON (empleado_id) empleado_id, id AS usuario_id FROM usuarios WHERE empleado_id IS NOT NULL
ORDER BY empleado_id, activo DESC, vigente DESC, id;

-- For employees without a user there is one that stands for the import, made when the first asks for it: neither active nor vigente,
-- without a password, its role without rights.
CREATE TEMP TABLE usuario_creado (id bigint) ON COMMIT DROP;
CREATE FUNCTION pg_temp.usuario_importacion() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM usuario_creado) THEN
        INSERT INTO roles (id, nombre, permisos, descripcion, vigente)
        VALUES ('IMPORTACION', 'Importación', 0, 'De quien representa a quien actuó sin usuario en el sistema anterior', false)
        ON CONFLICT DO NOTHING;
        WITH u AS (
            INSERT INTO usuarios (nombre, dni, email, password, rol_id, vigente, activo)
            VALUES ('importación', 'IMPORTACION', 'importacion@localhost', '*', 'IMPORTACION', false, false) RETURNING id
        )
        INSERT INTO usuario_creado SELECT id FROM u;
        INSERT INTO reporte (tabla, id, que, motivo)
        SELECT 'usuarios', id, 'aviso', 'usuario creado: representa a los empleados sin usuario' FROM usuario_creado;
    END IF;
    RETURN (SELECT id FROM usuario_creado);
END $$;
