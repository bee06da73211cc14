/* pattern: the contract's `patron`s, compiled once. Not in the plan of rooms: check.c compares, this keeps the compiled
 * forms out of the const tables. Private to lib. */
#ifndef LIB_PATTERN_H
#define LIB_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

/* True when the text holds the pattern's form; `pattern` is 1 + its index in pd_patterns. From any thread. */
bool pd_pattern_holds(uint16_t pattern, const char *text);

#endif
