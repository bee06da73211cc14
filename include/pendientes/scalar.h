/* scalar: the values whose text form the contract fixes: decimals, dates, instants, integers as digits, UTF-8. Pure
 * functions, any thread (the zone functions use the C library's zone, set once by pd_zone_set at start). */
#ifndef PENDIENTES_SCALAR_H
#define PENDIENTES_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL; `points`, if not
 * NULL, receives the number of code points. */
bool pd_utf8_check(const char *text, size_t len, size_t *points);
/* True when some code point is not white space (Unicode White_Space). The text is well-formed. */
bool pd_utf8_nonblank(const char *text, size_t len);
/* True when every code point is visible or U+0020: no control or format characters, no other spaces. */
bool pd_utf8_visible(const char *text, size_t len);

/* An integer in decimal digits with an optional minus, no plus, no blanks, no fraction; false when malformed or out of
 * int64. Leading zeros are allowed. */
bool pd_int_parse(const char *text, size_t len, int64_t *value);

/* "50", "50.5", "50.00", "-1.25": at most two decimals, no exponent, no blanks, no plus; hundredths in `cents`. False
 * when malformed, with more decimals, or past +-9e16. A leading zero is allowed only alone ("0.5", not "05"). */
bool pd_decimal_parse(const char *text, size_t len, int64_t *cents);
/* "-1.25"; two decimals always. Returns the length; `out` has room for 24 bytes. */
size_t pd_decimal_print(int64_t cents, char *out);

/* Sets the process's zone (IANA name); false when the system does not know it. Once, at start. */
bool pd_zone_set(const char *name);

/* Exactly YYYY-MM-DD, years 1900-9999, a real date. */
bool pd_date_check(const char *text, size_t len);
/* The contract's date-time; fractions cut to microseconds; a local time that exists twice is the earlier one, one that
 * does not exist moves forward. `micros` receives microseconds since 1970 UTC. With `ignore_offset` a Z or offset is
 * ignored and the digits are local. */
bool pd_datetime_parse(const char *text, size_t len, bool ignore_offset, int64_t *micros);
/* An instant or a bare date: the half-open range [from, until) that it means (one microsecond, or the whole local day).
 */
bool pd_date_or_time_parse(const char *text, size_t len, bool ignore_offset, int64_t *from, int64_t *until);
/* "2026-07-10T09:00:00[.fraction]" local, fraction only when not zero, trailing zeros removed. Returns the length; room
 * for 40 bytes. */
size_t pd_datetime_print(int64_t micros, char *out);
/* The form that is bound to PostgreSQL: "2026-07-10 14:00:00.000000+00". Returns the length; room for 40 bytes. */
size_t pd_datetime_print_utc(int64_t micros, char *out);

#endif
