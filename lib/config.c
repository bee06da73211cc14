#include "pendientes/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SETTINGS = 64, MAX_NAME = 64 };

/* Where a setting's value came from, for messages. */
typedef struct source {
    const char *text;
    char from[400];
} source;

typedef struct reading {
    const char *program;
    const pd_setting *settings;
    size_t n;
    source values[MAX_SETTINGS];
} reading;

static bool bad(const reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool bad(const reading *r, const char *format, ...) {
    va_list args;
    fprintf(stderr, "%s: ", r->program);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

static void variable_name(const char *name, char out[MAX_NAME + 12]) {
    size_t n = (size_t)sprintf(out, "PENDIENTES_");
    for (; *name && n < MAX_NAME + 11; name++)
        out[n++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
    out[n] = 0;
}

static void key_name(const char *name, char out[MAX_NAME]) {
    size_t n = 0;
    for (; *name && n < MAX_NAME - 1; name++)
        out[n++] = *name == '-' ? '_' : *name;
    out[n] = 0;
}

static int find(const reading *r, const char *name, size_t len) {
    for (size_t i = 0; i < r->n; i++)
        if (strncmp(r->settings[i].name, name, len) == 0 && !r->settings[i].name[len])
            return (int)i;
    return -1;
}

static bool set(reading *r, int i, const char *text, const char *format, const char *where) {
    r->values[i].text = text;
    snprintf(r->values[i].from, sizeof r->values[i].from, format, where);
    return true;
}

static char *trim(char *text) {
    while (isspace((unsigned char)*text))
        text++;
    for (size_t n = strlen(text); n && isspace((unsigned char)text[n - 1]); n--)
        text[n - 1] = 0;
    return text;
}

static bool read_file(reading *r, const char *path) {
    FILE *f = fopen(path, "re");
    if (!f)
        return bad(r, "cannot read %s: %s", path, strerror(errno));
    char line[4096];
    bool ok = true;
    for (int number = 1; ok && fgets(line, sizeof line, f); number++) {
        char where[300], *text = trim(line), *eq = strchr(text, '=');
        snprintf(where, sizeof where, "%s:%d", path, number);
        if (!*text || *text == '#')
            continue;
        if (!eq || strlen(line) == sizeof line - 1) {
            ok = bad(r, "%s: %s", where, eq ? "the line is too long" : "not «key = value»");
            break;
        }
        *eq = 0;
        char *key = trim(text), name[MAX_NAME];
        int found = -1;
        for (size_t i = 0; i < r->n && found < 0; i++) {
            key_name(r->settings[i].name, name);
            if (strcmp(name, key) == 0)
                found = (int)i;
        }
        if (found < 0)
            ok = bad(r, "%s: unknown setting «%s» (--help lists them)", where, key);
        else
            set(r, found, strdup(trim(eq + 1)), "%s", where);
    }
    fclose(f);
    return ok;
}

static bool read_environment(reading *r) {
    for (size_t i = 0; i < r->n; i++) {
        char name[MAX_NAME + 12];
        variable_name(r->settings[i].name, name);
        const char *value = getenv(name);
        if (value)
            set(r, (int)i, value, "the variable %s", name);
    }
    return true;
}

static bool read_flags(reading *r, int argc, char **argv) {
    for (int a = 0; a < argc; a++) {
        const char *word = argv[a];
        if (strncmp(word, "--", 2) != 0 || !word[2])
            return bad(r, "unexpected word «%s» (see --help)", word);
        size_t len = strcspn(word + 2, "=");
        if ((len == 6 && strncmp(word + 2, "config", 6) == 0)) {
            a += word[2 + len] != '=';
            continue;
        }
        int i = find(r, word + 2, len);
        if (i < 0)
            return bad(r, "unknown flag «%.*s» (see --help)", (int)len + 2, word);
        const char *value = word[2 + len] == '=' ? word + 3 + len : NULL;
        if (!value && r->settings[i].kind == PD_SETTING_BOOL)
            value = "on";
        if (!value && a + 1 < argc)
            value = argv[++a];
        if (!value)
            return bad(r, "--%s needs a value", r->settings[i].name);
        set(r, i, value, "--%s", r->settings[i].name);
    }
    return true;
}

/* A number with one of the units, each given as "name=factor". */
static bool number(const char *text, const char *const *units, const long long *factors, long long *out) {
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)*text) && *text != '-')
        return false;
    long long value = strtoll(text, &end, 10);
    if (errno)
        return false;
    for (; *units; units++, factors++)
        if (strcmp(end, *units) == 0)
            return !__builtin_mul_overflow(value, *factors, out);
    return false;
}

static bool choice(const char *choices, const char *text) {
    size_t n = strcspn(text, "|");
    for (const char *at = choices; n && !text[n] && at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, text, n) == 0 && (at[n] == '|' || !at[n]))
            return true;
    return false;
}

static bool convert(const reading *r, size_t i, void *out) {
    static const char *const none[] = {"", NULL}, *const times[] = {"ms", "s", "m", "h", "d", NULL},
                             *const sizes[] = {"", "K", "M", "G", NULL};
    static const long long one[] = {1}, time_factors[] = {1, 1000, 60000, 3600000, 86400000},
                           size_factors[] = {1, 1 << 10, 1 << 20, 1 << 30};
    const pd_setting *s = &r->settings[i];
    const char *text = r->values[i].text, *from = r->values[i].from;
    char *at = (char *)out + s->offset;
    long long value = 0;
    bool ok = true;
    const char *expected = "";
    switch (s->kind) {
    case PD_SETTING_TEXT:
    case PD_SETTING_LIST:
        *(const char **)at = text;
        return true;
    case PD_SETTING_CHOICE:
        *(const char **)at = text;
        return choice(s->choices, text) || bad(r, "%s: «%s» is not one of %s", from, text, s->choices);
    case PD_SETTING_BOOL:
        *(bool *)at = choice("on|true|1", text);
        return choice("on|true|1|off|false|0", text) || bad(r, "%s: «%s» is neither on nor off", from, text);
    case PD_SETTING_INT:
        ok = number(text, none, one, &value);
        expected = "a number";
        break;
    case PD_SETTING_DURATION:
        ok = number(text, times, time_factors, &value);
        expected = "a time such as 500ms, 5s, 2m, 30d";
        break;
    case PD_SETTING_SIZE:
        ok = number(text, sizes, size_factors, &value);
        expected = "a size such as 512, 64K, 1M";
        break;
    }
    if (!ok)
        return bad(r, "%s: «%s» is not %s", from, text, expected);
    if ((s->min || s->max) && (value < s->min || value > s->max))
        return bad(r, "%s: «%s» is not between %lld and %lld%s", from, text, s->min, s->max,
                   s->kind == PD_SETTING_DURATION ? " ms" : "");
    *(int64_t *)at = value;
    return true;
}

static const char *value_words(const pd_setting *s) {
    static const char *const words[] = {
        [PD_SETTING_TEXT] = " VALUE",    [PD_SETTING_INT] = " NUMBER", [PD_SETTING_BOOL] = "[=on|off]",
        [PD_SETTING_DURATION] = " TIME", [PD_SETTING_SIZE] = " SIZE",  [PD_SETTING_CHOICE] = " ",
        [PD_SETTING_LIST] = " LIST",
    };
    return words[s->kind];
}

static void help(const reading *r, const char *usage) {
    printf(
        "%s\n\nSettings: the flag --some-name, the variable PENDIENTES_SOME_NAME, or the key some_name in the file of "
        "--config;\nthe first of these counts. A TIME is like 500ms, 5s, 2m, 12h or 30d, a SIZE like 512, 64K, 50M or "
        "1G, a LIST has commas.\n\n",
        usage);
    printf("  --config FILE\n        read settings from FILE: lines «key = value», # begins a comment\n");
    for (size_t i = 0; i < r->n; i++) {
        const pd_setting *s = &r->settings[i];
        printf("  --%s%s%s\n        %s", s->name, value_words(s), s->choices ? s->choices : "", s->help);
        if (s->kind == PD_SETTING_INT && s->max)
            printf(", %lld to %lld", s->min, s->max);
        if (s->fallback)
            printf(" (default: %s)", s->fallback);
        else if (s->required)
            printf(" (required)");
        printf("\n");
    }
    printf("  --print-config\n        print the settings as they count and exit\n  --version, --help\n");
}

static void print(const reading *r) {
    for (size_t i = 0; i < r->n; i++) {
        char name[MAX_NAME];
        key_name(r->settings[i].name, name);
        const char *text = r->values[i].text;
        if (text)
            printf("%s = %s\n", name, r->settings[i].secret ? "***" : text);
        else
            printf("# %s =\n", name);
    }
}

/* The word of that name among the flags, or NULL; for `config` its value. */
static const char *word(int argc, char **argv, const char *name) {
    size_t n = strlen(name);
    for (int i = 0; i < argc && argv[i]; i++) {
        if (strcmp(argv[i], name) == 0)
            return i + 1 < argc ? argv[i + 1] : "";
        if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            return argv[i] + n + 1;
    }
    return NULL;
}

pd_config_end pd_config_read(const char *program, const char *usage, const pd_setting *settings, void *out, int argc,
                             char **argv) {
    reading r = {.program = program, .settings = settings};
    while (settings[r.n].name)
        if (++r.n == MAX_SETTINGS)
            abort();
    if (word(argc, argv, "--help") || word(argc, argv, "-h")) {
        help(&r, usage);
        return PD_CONFIG_DONE;
    }
    if (word(argc, argv, "--version")) {
        printf("%s %s\n", program, PENDIENTES_VERSION);
        return PD_CONFIG_DONE;
    }
    /* --print-config is a word of its own; the others are flags with values */
    char *rest[256];
    int n = 0;
    bool show = false;
    for (int i = 0; i < argc && argv[i] && n < 256; i++) {
        if (strcmp(argv[i], "--print-config") == 0)
            show = true;
        else
            rest[n++] = argv[i];
    }
    for (size_t i = 0; i < r.n; i++)
        if (settings[i].fallback)
            set(&r, (int)i, settings[i].fallback, "the default of --%s", settings[i].name);
    const char *file = word(n, rest, "--config");
    if (!file)
        file = getenv("PENDIENTES_CONFIG");
    if ((file && !read_file(&r, file)) || !read_environment(&r) || !read_flags(&r, n, rest))
        return PD_CONFIG_BAD;
    for (size_t i = 0; i < r.n; i++) {
        const char *text = r.values[i].text;
        if (text && !convert(&r, i, out))
            return PD_CONFIG_BAD;
        if (settings[i].required && !show && (!text || !*text)) {
            bad(&r, "--%s is missing (see --help)", settings[i].name);
            return PD_CONFIG_BAD;
        }
    }
    if (show) {
        print(&r);
        return PD_CONFIG_DONE;
    }
    return PD_CONFIG_GO;
}
