-- GET /api/pendientes/{id}/averia over all loaded averías (the even ids)
package.path = debug.getinfo(1, "S").source:match("^@(.*/)") .. "?.lua;" .. package.path
local c = require("common")
local tail = "/averia" .. c.head() .. "\r\n"
local half = math.floor(c.n / 2)
function request() return "GET /api/pendientes/" .. c.first + 2 * c.next(half) .. tail end
