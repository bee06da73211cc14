-- images without files, sequences, tokens, the counts

INSERT INTO reporte (tabla, id, que, columna, motivo, antes)
SELECT 'pendientes_notas_imagenes', i.id, 'aviso', 'url', 'no se trajo su archivo (--uploads): la imagen queda sin contenido', i.url
FROM pendientes_notas_imagenes i
WHERE i.archivo_id IS NULL AND NOT EXISTS (SELECT FROM reporte r WHERE r.tabla = 'pendientes_notas_imagenes' AND r.que = 'aviso' AND r.id = i.id::text)
ORDER BY i.id;

SELECT pg_temp.adelantar(c.tabla)
FROM columnas_origen c
JOIN pg_attribute a ON a.attrelid = format('public.%I', c.tabla)::regclass AND a.attname = c.columna AND a.attidentity <> ''
WHERE c.columna = 'id' AND c.tabla <> 'usuarios';

INSERT INTO reporte (tabla, que, motivo)
SELECT 'usuarios', 'aviso', 'ningún usuario activo tiene todos los permisos: nadie podrá administrar el sistema'
WHERE NOT EXISTS (SELECT FROM administradores);

-- A token issued before belongs to whoever had its user's id then.
UPDATE usuarios SET password_cambiado = date_trunc('second', clock_timestamp()) WHERE id IN (SELECT id FROM origen_usuarios);

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
