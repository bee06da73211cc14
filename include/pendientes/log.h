/* log: JSON lines on stderr: ts, level, proc, msg, then pairs. Thread-safe; one write(2) per line. Never give it a
 * secret: values of fields marked `secret`, tokens and query strings do not belong here. */
#ifndef PENDIENTES_LOG_H
#define PENDIENTES_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum pd_log_level { PD_LOG_DEBUG, PD_LOG_INFO, PD_LOG_WARN, PD_LOG_ERROR } pd_log_level;

typedef struct pd_log_pair {
    const char *key;
    const char *text; /* NULL: `number` counts */
    int64_t number;
} pd_log_pair;

#define PD_S(key_, text_) ((pd_log_pair){.key = (key_), .text = (text_) ? (text_) : ""})
#define PD_I(key_, number_) ((pd_log_pair){.key = (key_), .number = (number_)})

/* `proc` names the process in every line. */
void pd_log_init(const char *proc, pd_log_level level);
/* "info" */
const char *pd_log_level_name(pd_log_level level);
bool pd_log_level_parse(const char *name, pd_log_level *level);
bool pd_log_on(pd_log_level level);
void pd_log_write(pd_log_level level, const char *msg, const pd_log_pair *pairs, size_t n);

#define PD_LOG(level_, msg_, ...)                                                                                      \
    do {                                                                                                               \
        if (pd_log_on(level_)) {                                                                                       \
            const pd_log_pair pd_pairs_[] = {__VA_ARGS__};                                                             \
            pd_log_write((level_), (msg_), pd_pairs_, sizeof pd_pairs_ / sizeof pd_pairs_[0]);                         \
        }                                                                                                              \
    } while (0)

#endif
