/* Every route as users of many sets of bits and in every relation to its row: who is refused with 403 and who is not
 * must be as contract section 3 says (permisos.txt, which shares no code with the options that decide). A route without
 * a line there fails. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/token.h"
#include "tests/integration/up.h"

#include "pendientes/contract.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINES = 256, LINE = 1024, EVERY_BIT = 16383 };

/* Each bit alone, none, all, the demo roles', and the sums that rules ask for. */
static const unsigned bit_sets[] = {0, 1,  2, 4,  8,  16, 32, 64,  128, 256, 512,  1024, 2048,  4096,  8192,
                                    6, 10, 9, 36, 40, 68, 72, 144, 5,   13,  6156, 1924, 10367, 16382, EVERY_BIT};
enum { N_SETS = sizeof bit_sets / sizeof *bit_sets };

static const char *const relations[] = {"ajeno", "asignado", "registrado", "autor", "suyo"};
enum { N_RELATIONS = sizeof relations / sizeof *relations };

typedef struct line {
    char rule[256], verb[16], target[256], body[512];
    int number;
} line;

static line lines[MAX_LINES];
static int n_lines;
static long long users[N_SETS];

static char *trimmed(char *text) {
    text += strspn(text, " ");
    for (size_t n = strlen(text); n && isspace((unsigned char)text[n - 1]); n--)
        text[n - 1] = 0;
    return text;
}

static void load(void) {
    FILE *f = fopen(SOURCE_DIR "/tests/integration/permisos.txt", "r");
    char text[LINE];
    for (int number = 1; f && fgets(text, sizeof text, f); number++) {
        char *rest = strchr(text, ';');
        if (*text == '#' || !rest)
            continue;
        *rest++ = 0;
        line *l = &lines[n_lines++];
        l->number = number;
        snprintf(l->rule, sizeof l->rule, "%s", trimmed(text));
        if (n_lines == MAX_LINES || sscanf(rest, "%15s %255s %511[^\n]", l->verb, l->target, l->body) < 2)
            abort();
    }
    if (f)
        fclose(f);
}

/* --- the contract's table, read by this test alone --- */

static bool holds_relation(const char *word, const char *relation) {
    if (strcmp(word, "propio") == 0)
        return strcmp(relation, "asignado") == 0 || strcmp(relation, "registrado") == 0;
    return strcmp(word, relation) == 0;
}

static unsigned sum(const char *word) {
    unsigned bits = 0;
    for (const char *at = word; *at; at += *at == '+')
        bits |= (unsigned)strtoul(at, (char **)&at, 10);
    return bits;
}

static bool alternative_admits(char *text, unsigned bits, const char *relation) {
    char *save = NULL;
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        bool held = isdigit((unsigned char)*word)    ? (bits & sum(word)) == sum(word)
                    : strcmp(word, "algun_bit") == 0 ? bits != 0
                    : strcmp(word, "activo") == 0    ? true
                    : strcmp(word, "publico") == 0   ? true
                                                     : holds_relation(word, relation);
        if (!held)
            return false;
    }
    return true;
}

static bool admits(const char *rule, unsigned bits, const char *relation) {
    char text[256], *rest = text;
    snprintf(text, sizeof text, "%s", rule);
    for (char *one; (one = strsep(&rest, "|"));)
        if (alternative_admits(one, bits, relation))
            return true;
    return false;
}

/* --- requests --- */

/* The row that `$name[:ARGUMENT]` stands for, made anew. */
static const char *row(const char *name, const char *argument, long long user, const char *relation) {
    if (strcmp(name, "yo") == 0)
        return db_value("SELECT permiso.empleado(%lld)", user);
    if (strcmp(name, "usuario") == 0)
        return http_f("%lld", user);
    if (strcmp(name, "o") == 0 || strcmp(name, "x") == 0)
        return db_value("SELECT permiso.orden(%lld, '%s', '%s', %s)", user, relation, *argument ? argument : "AVERIA",
                        *name == 'o' ? "true" : "false");
    return db_value("SELECT permiso.%s(%lld, '%s')", name, user, relation);
}

static void expand(const char *from, char *to, size_t size, long long user, const char *relation) {
    size_t n = 0;
    while (*from && n + 1 < size) {
        char name[32] = "", argument[32] = "";
        int used = 0;
        if (*from != '$' || sscanf(from, "$%31[a-z_]%n", name, &used) != 1) {
            to[n++] = *from++;
            continue;
        }
        from += used;
        if (*from == ':' && isupper((unsigned char)from[1]) && sscanf(from, ":%31[A-Z_]%n", argument, &used) == 1)
            from += used;
        n += (size_t)snprintf(to + n, size - n, "%s", row(name, argument, user, relation));
    }
    to[n < size ? n : size - 1] = 0;
}

static void ask(const line *l, int set, const char *relation) {
    char target[512], body[1024];
    long long user = users[set];
    expand(l->target, target, sizeof target, user, relation);
    expand(l->body, body, sizeof body, user, relation);
    const char *token = token_forge("{\"alg\":\"HS256\"}", token_claims(http_f("%lld", user), 600), NULL);
    bool parts = strncmp(body, "--", 2) == 0; /* a multipart body, whose lines end where the table says \\n */
    char lines_of[2048];
    size_t n = 0;
    for (const char *at = body; *at; at++)
        if (strncmp(at, "\\n", 2) == 0)
            n += (size_t)sprintf(lines_of + n, "\r\n"), at++;
        else
            lines_of[n++] = *at;
    http_answer a = http_call(l->verb, target, token, parts ? "multipart/form-data; boundary=x" : NULL,
                              n ? lines_of : NULL, n, NULL);
    bool expected = admits(l->rule, bit_sets[set], relation);
    ck_assert_msg(a.status != 0 && a.status < 500, "permisos.txt:%d %s %s: %ld %s", l->number, l->verb, target,
                  a.status, a.body);
    ck_assert_msg((a.status != 403) == expected, "permisos.txt:%d %s %s as %u, %s: %ld, and the contract says %s: %s",
                  l->number, l->verb, target, bit_sets[set], relation, a.status, expected ? "yes" : "no", a.body);
    /* a request that is not sound would be refused before anybody's rights are asked */
    ck_assert_msg(a.status != 401 || strcmp(l->rule, "publico") == 0, "%s %s: %s", l->verb, target, a.body);
    http_free(&a);
}

static bool needs(const line *l, const char *relation) {
    bool own = strstr(l->rule, "propio") && (strcmp(relation, "asignado") == 0 || strcmp(relation, "registrado") == 0);
    return strcmp(relation, "ajeno") == 0 || own || strstr(l->rule, relation);
}

START_TEST(a_line) {
    const line *l = &lines[_i];
    for (int r = 0; r < N_RELATIONS; r++)
        for (int set = 0; needs(l, relations[r]) && set < N_SETS; set++)
            ask(l, set, relations[r]);
}
END_TEST

/* --- completeness --- */

static bool matches(const pd_route *route, const line *l) {
    static const char *const verbs[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};
    char path[256], *rest = path;
    snprintf(path, sizeof path, "%.*s", (int)strcspn(l->target + 1, "?"), l->target + 1);
    if (strcmp(verbs[route->verb], l->verb) != 0)
        return false;
    for (size_t i = 0; i < route->n_segments; i++) {
        const char *part = strsep(&rest, "/");
        const char *literal = route->segments[i].literal;
        if (!part || (literal ? strcmp(part, literal) != 0 : !isalnum((unsigned char)*part) && *part != '$'))
            return false;
    }
    return !rest;
}

START_TEST(every_method_has_a_line) {
    for (size_t m = 0; m < pd_n_methods; m++) {
        bool has_route = false, found = false;
        for (size_t r = 0; r < pd_n_routes; r++) {
            has_route |= pd_routes[r].method == &pd_methods[m];
            for (int i = 0; i < n_lines && pd_routes[r].method == &pd_methods[m]; i++)
                found |= matches(&pd_routes[r], &lines[i]);
        }
        bool by_cases = pd_methods[m].is_stream; /* which would be waited for each time */
        ck_assert_msg(found || !has_route || by_cases, "permisos.txt has no line for %s", pd_methods[m].full_name);
    }
}
END_TEST

/* The cores hear of new users by NOTIFY. */
static bool all_known(void *arg) {
    (void)arg;
    for (int set = 0; set < N_SETS; set++) {
        const char *token = token_forge("{\"alg\":\"HS256\"}", token_claims(http_f("%lld", users[set]), 600), NULL);
        http_answer a = http_json("GET", "/auth/validar-token", token, NULL);
        long status = a.status;
        http_free(&a);
        if (status != 200)
            return false;
    }
    return true;
}

static void make_users(void) {
    FILE *f = fopen(SOURCE_DIR "/tests/integration/permisos.sql", "r");
    char text[8000];
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = 0;
    if (f)
        fclose(f);
    db_value("%s", text);
    for (int set = 0; set < N_SETS; set++)
        users[set] = db_number("SELECT permiso.usuario(%u)", bit_sets[set]);
    if (!up_wait(10000, all_known, NULL))
        abort();
}

int main(void) {
    up_use();
    db_support();
    load();
    make_users();
    Suite *suite = suite_create("permisos");
    TCase *each = tcase_create("each"), *all = tcase_create("all");
    tcase_set_timeout(each, 120);
    tcase_add_loop_test(each, a_line, 0, n_lines);
    tcase_add_test(all, every_method_has_a_line);
    suite_add_tcase(suite, each);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
