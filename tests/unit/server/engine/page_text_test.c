/* The texts that a page's statement becomes. */
#include "server/engine/page_text.h"
#include "tests/support/sample.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "-- read\n-- sort nombre=n,desc id\n-- plan kept\n-- plan kept textos\n"
#define FILE_TEXT                                                                                                      \
    HEADER "SELECT q.x FROM :pagina(SELECT * FROM t WHERE v {AND a = :numero} {AND b IN (:textos)}"                    \
           " {AND c = :texto|AND d = :texto AND c <> :texto}) q"

static pd_arena *arena;
static const en_statement *statement;
static Muestra__Peticion request;
static en_page_ask ask;
static pg_query query;
static pd_status status;
static const id_caller caller = {.bits = 1};

static void setup(void) {
    const char *error = NULL;
    arena = pd_arena_new();
    statement = en_statement_parse(ts_sample_page(), "x.sql", FILE_TEXT, arena, &error);
    ck_assert_msg(statement != NULL, "%s", error);
    muestra__peticion__init(&request);
    ask = (en_page_ask){.sort = &statement->page->sorts[0], .desc = true, .size = 10};
}

static void teardown(void) {
    pd_arena_free(arena);
}

static void expect(en_page_part part, const char *text) {
    ck_assert(en_page_query(statement, part, &ask, &request.base, &caller, arena, &query, &status));
    ck_assert_str_eq(query.sql, text);
}

#define FRONT "SELECT q.n::text AS _clave, q.id AS _id, q.x FROM "
#define BACK " q ORDER BY q.n DESC, q.id DESC"
#define ORDER " ORDER BY f.n DESC, f.id DESC"

START_TEST(what_was_not_asked_is_not_there) {
    expect(EN_PAGE_ROWS, FRONT "(SELECT f.* FROM (SELECT * FROM t WHERE v   ) f" ORDER " LIMIT 11)" BACK);
    ck_assert_int_eq(query.n, 0);
    ck_assert(query.keep);
    expect(EN_PAGE_COUNT, "SELECT count(*) FROM (SELECT FROM (SELECT * FROM t WHERE v   ) f LIMIT 10001) x");
    ask.exact = true;
    expect(EN_PAGE_COUNT, "SELECT count(*) FROM (SELECT FROM (SELECT * FROM t WHERE v   ) f) x");
    expect(EN_PAGE_ESTIMATE, "EXPLAIN SELECT FROM (SELECT * FROM t WHERE v   ) f");
    ck_assert(!query.keep);
}
END_TEST

START_TEST(what_only_an_order_needs_stands_in_it) {
    const char *error = NULL;
    statement = en_statement_parse(ts_sample_page(), "x.sql",
                                   "-- read\n-- sort nombre=n,desc id\n\nSELECT q.x FROM :pagina(SELECT x{:sort.n , n} "
                                   "FROM t {:sort.n JOIN u ON a = :numero}) q",
                                   arena, &error);
    ck_assert_msg(statement != NULL, "%s", error);
    request.has_numero = true;
    ask.sort = &statement->page->sorts[0];
    expect(EN_PAGE_ROWS, FRONT "(SELECT f.* FROM (SELECT x , n FROM t  JOIN u ON a = $1) f" ORDER " LIMIT 11)" BACK);
    expect(EN_PAGE_COUNT, "SELECT count(*) FROM (SELECT FROM (SELECT x FROM t ) f LIMIT 10001) x");
    ck_assert_int_eq(query.n, 0);
    ask.sort = &statement->page->sorts[1];
    expect(EN_PAGE_ROWS, "SELECT q.id::text AS _clave, q.id AS _id, q.x FROM (SELECT f.* FROM (SELECT x FROM t ) f"
                         " ORDER BY f.id DESC, f.id DESC LIMIT 11) q ORDER BY q.id DESC, q.id DESC");
    statement = en_statement_parse(ts_sample_page(), "x.sql",
                                   "-- read\n-- sort n\n\nSELECT q.x FROM :pagina(SELECT x{:sort.m , n} FROM t) q",
                                   arena, &error);
    ck_assert(statement == NULL && strstr(error, "«:sort.m»"));
}
END_TEST

START_TEST(a_list_is_its_elements) {
    static char *texts[] = {"x", "y"};
    request.textos = texts;
    request.n_textos = 2;
    ask.number = 3;
    expect(EN_PAGE_ROWS,
           FRONT "(SELECT f.* FROM (SELECT * FROM t WHERE v  AND b IN ($1, $2) ) f" ORDER " LIMIT 11 OFFSET 30)" BACK);
    ck_assert_int_eq(query.n, 2);
    ck_assert_str_eq(query.values[1], "y");
    ck_assert(!query.keep);
    ask.number = 0;
    request.n_textos = 1;
    expect(EN_PAGE_COUNT,
           "SELECT count(*) FROM (SELECT FROM (SELECT * FROM t WHERE v  AND b IN ($1) ) f LIMIT 10001) x");
    ck_assert(query.keep);
    request.has_numero = 1;
    expect(EN_PAGE_ESTIMATE, "EXPLAIN SELECT FROM (SELECT * FROM t WHERE v AND a = $1 AND b IN ($2) ) f");
}
END_TEST

START_TEST(two_forms_are_two_searches) {
    request.texto = "z";
    expect(EN_PAGE_ROWS,
           FRONT "(SELECT f.* FROM ((SELECT f.* FROM (SELECT * FROM t WHERE v   AND c = $1) f" ORDER
                 " LIMIT 11) UNION ALL (SELECT f.* FROM (SELECT * FROM t WHERE v   AND d = $1 AND c <> $1) f" ORDER
                 " LIMIT 11)) f" ORDER " LIMIT 11 OFFSET 0)" BACK);
    ck_assert_int_eq(query.n, 1);
    ck_assert(!query.keep);
    expect(EN_PAGE_COUNT, "SELECT count(*) FROM ((SELECT FROM (SELECT * FROM t WHERE v   AND c = $1) f LIMIT 10001) "
                          "UNION ALL (SELECT FROM"
                          " (SELECT * FROM t WHERE v   AND d = $1 AND c <> $1) f LIMIT 10001) LIMIT 10001) x");
    expect(EN_PAGE_ESTIMATE, "EXPLAIN (SELECT FROM (SELECT * FROM t WHERE v   AND c = $1) f) UNION ALL (SELECT FROM"
                             " (SELECT * FROM t WHERE v   AND d = $1 AND c <> $1) f)");
}
END_TEST

static void place(bool desc, const char *key, bool nullable, const char *where) {
    statement->page->sorts[0].nullable = nullable;
    ask.desc = desc;
    ask.cursor = true;
    ask.key = key;
    ask.id = 5;
    ck_assert(en_page_query(statement, EN_PAGE_ROWS, &ask, &request.base, &caller, arena, &query, &status));
    ck_assert_msg(strstr(query.sql, where) != NULL, "%s: no %s", query.sql, where);
    ck_assert_str_eq(query.values[query.n - 1], "5");
}

START_TEST(the_place_behind_a_row) {
    place(true, "k", true, " WHERE ((f.n, f.id) < ($1, $2)) ORDER");
    place(false, "k", false, " WHERE ((f.n, f.id) > ($1, $2)) ORDER");
    place(false, "k", true, " WHERE ((f.n, f.id) > ($1, $2) OR f.n IS NULL) ORDER");
    place(true, NULL, true, " WHERE (f.n IS NOT NULL OR f.id < $1) ORDER");
    place(false, NULL, true, " WHERE (f.n IS NULL AND f.id > $1) ORDER");
}
END_TEST

static const struct {
    const char *text, *reason;
} misfits[] = {
    {"SELECT 1", "falta «:pagina(...)»"},
    {"VALUES (:pagina(SELECT 1) q)", "empieza con SELECT"},
    {"SELECT 1 FROM :pagina(SELECT 1)", "alias"},
    {"SELECT 1 FROM :pagina(SELECT 1) q, :pagina(SELECT 1) r", "dos veces"},
    {"SELECT 1 FROM :pagina(SELECT {1 {2}}) q", "llaves"},
    {"SELECT {1} FROM :pagina(SELECT 1) q", "llaves"},
    {"SELECT 1 FROM :pagina(SELECT {a|b}{a|b}{a|b}{a|b}{a|b}) q", "formas"},
};

START_TEST(a_misfit_is_refused) {
    const char *error = NULL, *text = pd_arena_printf(arena, HEADER "%s", misfits[_i].text);
    ck_assert_ptr_null(en_statement_parse(ts_sample_page(), "x.sql", text, arena, &error));
    ck_assert_msg(strstr(error, misfits[_i].reason) != NULL, "%s: %s", misfits[_i].text, error);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("page_text");
    TCase *tcase = tcase_create("texts");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_was_not_asked_is_not_there);
    tcase_add_test(tcase, what_only_an_order_needs_stands_in_it);
    tcase_add_test(tcase, a_list_is_its_elements);
    tcase_add_test(tcase, two_forms_are_two_searches);
    tcase_add_test(tcase, the_place_behind_a_row);
    tcase_add_loop_test(tcase, a_misfit_is_refused, 0, sizeof misfits / sizeof *misfits);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
