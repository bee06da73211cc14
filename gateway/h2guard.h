/* h2guard: what h2o 2.2.5 does not defend itself against in HTTP/2: streams opened and reset at once (CVE-2023-44487),
 * and an empty :path. */
#ifndef GATEWAY_H2GUARD_H
#define GATEWAY_H2GUARD_H

#include "gateway/listen.h"

/* A stream ended before its answer had left: past 200 of them within 10 s the connection is shut. */
void gw_h2_early_end(gw_conn *conn);

/* True when the request had an empty :path, and has been ended with a stream error. */
bool gw_h2_empty_path(h2o_req_t *req);

#endif
