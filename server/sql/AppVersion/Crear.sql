-- write

INSERT INTO app_version (version_code, plataforma, obligatoria, descripcion, fecha_publicacion)
VALUES (:version_code, :plataforma, coalesce(:obligatoria, false), :descripcion, :fecha_publicacion)
RETURNING NULL::text AS _codigo, NULL::text AS _campo, NULL::text AS _mensaje, id, version_code, plataforma, obligatoria, descripcion, fecha_publicacion, vigente
