#include "gateway/h2guard.h"

#include "gateway/gateway.h"
#include "pendientes/log.h"

#include <sys/socket.h>

enum { RESETS = 200, WITHIN_MS = 10000 };

void gw_h2_early_end(gw_conn *conn) {
    uint64_t now = gw_now_ms();
    if (now - conn->resets_since_ms > WITHIN_MS) {
        conn->resets_since_ms = now;
        conn->resets = 0;
    }
    if (++conn->resets != RESETS)
        return;
    /* h2o sees the end of the connection at its next read, and takes it down by itself. */
    shutdown(h2o_socket_get_fd(conn->socket), SHUT_RDWR);
    gw_meter_cut(conn->gateway->meter);
    PD_LOG(PD_LOG_WARN, "connection cut: too many streams reset", PD_S("peer", conn->peer));
}

bool gw_h2_empty_path(h2o_req_t *req) {
    static h2o_generator_t generator;
    if (req->version < 0x200 || req->input.path.len > 0)
        return false;
    req->res.status = 400;
    req->res.reason = "Bad Request";
    h2o_start_response(req, &generator);
    h2o_send(req, NULL, 0, H2O_SEND_STATE_ERROR);
    return true;
}
