/* pick: which message an input is for: its first byte says. 0-127: the sample of the unit tests, which has every kind
 * of field; else a request of the contract. */
#ifndef TESTS_FUZZ_PICK_H
#define TESTS_FUZZ_PICK_H

#include "tests/unit/lib/sample.h"

static inline const pd_message *pick_message(uint8_t byte) {
    return byte < 128 ? &sample_message : pd_methods[byte % pd_n_methods].request;
}

/* What must hold whatever the input; a core dump and the input tell the rest. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            __builtin_trap();                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
