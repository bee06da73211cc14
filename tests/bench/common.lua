-- What the wrk scripts share. TOKEN and N (orders loaded, ids from FIRST) come from the environment.
local M = {}
local token = assert(os.getenv("TOKEN"), "set TOKEN")
M.n, M.first = tonumber(os.getenv("N") or "100000"), tonumber(os.getenv("FIRST") or "1000000")

-- a Lehmer generator: cheap, and exact in a double
local x = os.time() * 7919 % 2147483646 + 1
function M.next(m) x = x * 16807 % 2147483647; return x % m end

function M.head()
  return " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port .. "\r\nAuthorization: Bearer " .. token .. "\r\n"
end
function M.post(path, body)
  return "POST " .. path .. M.head() .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end
M.lugares = { "ZONA_RURAL", "JULIACA", "PUNO", "CHUCUITO", "PLATERIA", "ACORA", "ILAVE", "JULI", "POMATA", "CHACACHACA", "YONGUYO", "ZEPITA",
  "DESAGUADERO" }
M.prioridades = { "BAJA", "MEDIA", "URGENTE", "MUY_URGENTE" }
-- wrk counts what is not 2xx/3xx: the run is worthless then
function done(summary)
  local e = summary.errors
  io.write(string.format("ERRORS %d\n", e.status + e.connect + e.read + e.write + e.timeout))
end
return M
