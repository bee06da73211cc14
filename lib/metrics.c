#include "pendientes/metrics.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef enum kind { COUNTER, GAUGE, HISTOGRAM } kind;

static const uint64_t bounds_us[] = {100,   250,    500,    1000,   2500,    5000,    10000,   25000,
                                     50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};
static const char *const bounds_text[] = {"0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025",
                                          "0.05",   "0.1",     "0.25",   "0.5",   "1",      "2.5",   "5",    "10"};
enum { N_BOUNDS = sizeof bounds_us / sizeof *bounds_us };

struct pd_metric {
    struct pd_metric *next; /* of the same family */
    char *labels;
    atomic_int_fast64_t value;     /* a histogram's sum in microseconds */
    atomic_uint_fast64_t *buckets; /* N_BOUNDS + 1 */
};

typedef struct family {
    struct family *next;
    char *name, *help;
    kind kind;
    pd_metric *first, *last;
} family;

/* Families are only ever added, at start; the lock keeps a printing thread from seeing half of one. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static family *families, *last_family;
static time_t started;

static void *take(size_t size) {
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

static char *copy(const char *text) {
    char *to = take(strlen(text) + 1);
    return strcpy(to, text);
}

static pd_metric *metric(kind what, const char *name, const char *labels, const char *help) {
    pthread_mutex_lock(&lock);
    if (!started)
        started = time(NULL);
    family *f = families;
    while (f && strcmp(f->name, name) != 0)
        f = f->next;
    if (!f) {
        f = take(sizeof *f);
        f->name = copy(name);
        f->help = copy(help);
        f->kind = what;
        *(last_family ? &last_family->next : &families) = f;
        last_family = f;
    }
    pd_metric *m = f->first;
    while (m && strcmp(m->labels, labels) != 0)
        m = m->next;
    if (!m) {
        m = take(sizeof *m);
        m->labels = copy(labels);
        if (f->kind == HISTOGRAM)
            m->buckets = take((N_BOUNDS + 1) * sizeof *m->buckets);
        *(f->last ? &f->last->next : &f->first) = m;
        f->last = m;
    }
    pthread_mutex_unlock(&lock);
    return m;
}

pd_metric *pd_counter(const char *name, const char *labels, const char *help) {
    return metric(COUNTER, name, labels, help);
}

pd_metric *pd_gauge(const char *name, const char *labels, const char *help) {
    return metric(GAUGE, name, labels, help);
}

pd_metric *pd_histogram(const char *name, const char *labels, const char *help) {
    return metric(HISTOGRAM, name, labels, help);
}

/* One writer: a load and a store cost less than a locked add. */
void pd_metric_add(pd_metric *m, int64_t by) {
    atomic_store_explicit(&m->value, atomic_load_explicit(&m->value, memory_order_relaxed) + by, memory_order_relaxed);
}

void pd_metric_set(pd_metric *m, int64_t value) {
    atomic_store_explicit(&m->value, value, memory_order_relaxed);
}

void pd_metric_observe(pd_metric *m, uint64_t micros) {
    size_t i = 0;
    while (i < N_BOUNDS && micros > bounds_us[i])
        i++;
    atomic_store_explicit(&m->buckets[i], atomic_load_explicit(&m->buckets[i], memory_order_relaxed) + 1,
                          memory_order_relaxed);
    pd_metric_add(m, (int64_t)micros);
}

int64_t pd_metric_value(const pd_metric *m) {
    return atomic_load_explicit(&m->value, memory_order_relaxed);
}

static void add(pd_text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(pd_text *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = pd_arena_vprintf(out->arena, format, args);
    va_end(args);
    pd_text_str(out, text);
}

static void print_histogram(const family *f, const pd_metric *m, pd_text *out) {
    uint64_t total = 0;
    const char *comma = *m->labels ? "," : "";
    for (size_t i = 0; i <= N_BOUNDS; i++) {
        total += atomic_load_explicit(&m->buckets[i], memory_order_relaxed);
        add(out, "%s_bucket{%s%sle=\"%s\"} %llu\n", f->name, m->labels, comma, i < N_BOUNDS ? bounds_text[i] : "+Inf",
            (unsigned long long)total);
    }
    const char *open = *m->labels ? "{" : "", *close = *m->labels ? "}" : "";
    add(out, "%s_sum%s%s%s %.6f\n", f->name, open, m->labels, close, (double)pd_metric_value(m) / 1e6);
    add(out, "%s_count%s%s%s %llu\n", f->name, open, m->labels, close, (unsigned long long)total);
}

static void print_process(pd_text *out) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%*d %ld", &pages) != 1)
            pages = 0;
        fclose(f);
    }
    int fds = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        fds++;
    if (dir)
        closedir(dir);
    add(out,
        "# HELP process_cpu_seconds_total CPU seconds used.\n# TYPE process_cpu_seconds_total "
        "counter\nprocess_cpu_seconds_total %.6f\n"
        "# HELP process_resident_memory_bytes Resident memory.\n# TYPE process_resident_memory_bytes "
        "gauge\nprocess_resident_memory_bytes %ld\n"
        "# HELP process_open_fds Open file descriptors.\n# TYPE process_open_fds gauge\nprocess_open_fds %d\n"
        "# HELP process_start_time_seconds When the process started, in Unix seconds.\n# TYPE "
        "process_start_time_seconds gauge\n"
        "process_start_time_seconds %lld\n",
        cpu, pages * sysconf(_SC_PAGESIZE), fds > 3 ? fds - 3 : 0, (long long)started);
}

void pd_metrics_print(pd_text *out) {
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    pthread_mutex_lock(&lock);
    for (const family *f = families; f; f = f->next) {
        add(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, kinds[f->kind]);
        for (const pd_metric *m = f->first; m; m = m->next) {
            if (f->kind == HISTOGRAM)
                print_histogram(f, m, out);
            else
                add(out, *m->labels ? "%s{%s} %lld\n" : "%s%s %lld\n", f->name, m->labels,
                    (long long)pd_metric_value(m));
        }
    }
    pthread_mutex_unlock(&lock);
    print_process(out);
}
