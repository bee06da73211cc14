-- read
-- sort id,asc
-- plan kept

SELECT q.id AS "content.id", q.version_code AS "content.version_code", q.plataforma AS "content.plataforma",
       q.obligatoria AS "content.obligatoria", q.descripcion AS "content.descripcion",
       q.fecha_publicacion AS "content.fecha_publicacion", q.vigente AS "content.vigente"
FROM :pagina(SELECT * FROM app_version WHERE vigente) q
