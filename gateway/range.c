#include "gateway/range.h"

/* Digits alone; false when there are none, or too many to be an offset. */
static bool number(gw_slice text, int64_t *value) {
    enum { DIGITS_MAX = 18 };
    if (!text.at || text.len == 0 || text.len > DIGITS_MAX)
        return false;
    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *value = *value * 10 + (text.at[i] - '0');
    }
    return true;
}

gw_range gw_range_of(gw_slice header, int64_t total, int64_t *first, int64_t *last) {
    if (!header.at)
        return GW_RANGE_WHOLE;
    gw_slice rest = gw_slice_trim(header);
    gw_slice unit = gw_slice_trim(gw_slice_cut(&rest, '='));
    if (!gw_slice_is_nocase(unit, "bytes") || !rest.at)
        return GW_RANGE_WHOLE;
    gw_slice from = gw_slice_trim(gw_slice_cut(&rest, '-')), to = gw_slice_trim(rest);
    if (!rest.at)
        return GW_RANGE_WHOLE;
    if (from.len == 0) { /* the last so many */
        int64_t n;
        if (!number(to, &n))
            return GW_RANGE_WHOLE;
        if (n == 0 || total == 0)
            return GW_RANGE_BEYOND;
        *first = n < total ? total - n : 0;
        *last = total - 1;
        return GW_RANGE_PART;
    }
    if (!number(from, first) || (to.len > 0 && (!number(to, last) || *last < *first)))
        return GW_RANGE_WHOLE;
    if (*first >= total)
        return GW_RANGE_BEYOND;
    if (to.len == 0 || *last >= total)
        *last = total - 1;
    return GW_RANGE_PART;
}
