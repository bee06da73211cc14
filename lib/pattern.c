#include "lib/pattern.h"

#include "pendientes/contract.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

static regex_t *compiled; /* pd_n_patterns of them, made before main */

/* The contract's compiler lets only through what this takes; a failure is the build's. */
__attribute__((constructor)) static void compile_patterns(void) {
    compiled = calloc(pd_n_patterns + 1, sizeof *compiled);
    if (!compiled)
        abort();
    for (size_t i = 0; i < pd_n_patterns; i++) {
        if (regcomp(&compiled[i], pd_patterns[i], REG_EXTENDED | REG_NOSUB) != 0) {
            fprintf(stderr, "the contract's pattern %s is no regular expression\n", pd_patterns[i]);
            abort();
        }
    }
}

bool pd_pattern_holds(uint16_t pattern, const char *text) {
    return regexec(&compiled[pattern - 1], text, 0, NULL, 0) == 0;
}
