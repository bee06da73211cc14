#include "gateway/cors.h"

#include <string.h>

bool gw_cors_allows(const char *origins, gw_slice origin) {
    gw_slice rest = {origins, origins ? strlen(origins) : 0};
    while (origin.len && rest.at) {
        gw_slice one = gw_slice_trim(gw_slice_cut(&rest, ','));
        if (one.len == origin.len && memcmp(one.at, origin.at, one.len) == 0)
            return true;
    }
    return false;
}
