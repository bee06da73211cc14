-- POST /api/pendientes: an order and its first history entry
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "?.lua;" .. package.path
local c = require("common")
local clientes = tonumber(os.getenv("CLIENTE") or "900001")
function request()
  return c.post("/api/pendientes", '{"clienteId":' .. clientes + c.next(20000) .. ',"tipo":"AVERIA","lugar":"' .. c.lugares[c.next(13) + 1] ..
    '","prioridad":"' .. c.prioridades[c.next(4) + 1] .. '","empresa":"SIMAX","fechaPendiente":"2026-12-01T09:00:00","direccion":"Av. Inventada ' ..
    c.next(2000) .. '"}')
end
