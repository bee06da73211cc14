-- POST /api/pendientes/filtrar?size=20: newest first, one state (none that creates make) and one type
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "?.lua;" .. package.path
local c = require("common")
local list = {}
for _, e in ipairs({ "ASIGNADO", "EN_PROGRESO", "POR_VALIDAR", "POSTERGADO" }) do
  for _, t in ipairs({ "AVERIA", "INSTALACION_INTERNET", "TRASLADO" }) do
    list[#list + 1] = c.post("/api/pendientes/filtrar?page=0&size=20", '{"estados":["' .. e .. '"],"tipo":"' .. t .. '"}')
  end
end
function request() return list[1 + c.next(#list)] end
