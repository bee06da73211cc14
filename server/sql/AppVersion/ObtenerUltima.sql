-- read

SELECT id, version_code, plataforma, obligatoria, descripcion, fecha_publicacion, vigente
FROM app_version
WHERE vigente AND plataforma = coalesce(:plataforma, plataforma)
ORDER BY id DESC
LIMIT 1
