/* Pages (contract section 2): walking by cursor in every order, with NULLs and rows inserted meanwhile; totals around
 * 10,000; cursors that are none. */
#include "tests/integration/db.h"
#include "tests/integration/http.h"
#include "tests/integration/up.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const sorts[] = {
    "id",    "fechaCreacion", "fechaModificacion", "fechaPendiente", "estado", "estadoTecnico",
    "lugar", "empresa",       "prioridad",         "direccion",      "tipo",   "cliente.nombre"};
enum { N_SORTS = sizeof sorts / sizeof *sorts, ROWS = 60, SIZE = 7, MAX_SEEN = 4 * ROWS, MANY = 10020 };

/* The clients whose orders are walked: two, so that their names sort. All orders have the registrar below. */
static long long registrar, first_id;

/* Orders of one registrar, with every nullable field NULL in some and equal in many. */
static void insert(int n) {
    ck_assert(db_try(
        "INSERT INTO pendientes (id, registrado_por, cliente_id, fecha_creacion, fecha_modificacion, fecha_pendiente,"
        " estado, estado_tecnico, tipo, lugar, prioridad, empresa, direccion)"
        " SELECT nextval('pendientes_id_seq'), %lld, (SELECT id FROM clientes WHERE vigente ORDER BY id OFFSET g %% 3 "
        "LIMIT 1), timestamptz '2026-01-01' + g / 4 * interval '1 us',"
        " CASE WHEN g %% 3 = 0 THEN timestamptz '2026-02-01' + g / 9 * interval '1 us' END,"
        " CASE WHEN g %% 4 > 0 THEN timestamptz '2026-03-01' - g / 8 * interval '1 day' END,"
        " (ARRAY['REGISTRADO', 'POSTERGADO', 'CANCELADO'])[1 + g %% 3], CASE WHEN g %% 5 = 0 THEN 'PENDIENTE_VLAN' "
        "ELSE "
        "'OK' END, (ARRAY['AVERIA', 'TRASLADO'])[1 + g %% 2], (ARRAY['PUNO', 'ILAVE', 'JULI'])[1 + g / 3 %% 3],"
        " (ARRAY['BAJA', 'MEDIA'])[1 + g / 2 %% 2], (ARRAY['SIMAX', NULL, 'OTRO'])[1 + g %% 3],"
        " CASE WHEN g %% 6 > 0 THEN 'Jr. ' || g / 12 END FROM generate_series(1, %d) g",
        registrar, n));
}

static http_answer get(const char *query, long long by) {
    return http_json("GET", http_f("/api/pendientes?registradoPorId=%lld&%s", by, query), http_token("ADMIN"), NULL);
}

static bool boolean(const http_answer *a, const char *key) {
    return json_is_true(json_object_get(a->json, key));
}

/* Walks all pages of an order and notes the ids; with `grow`, orders are inserted after the second page. */
static int walk(const char *sort, bool grow, long long *seen) {
    char cursor[2100] = "";
    int n = 0;
    for (int page = 0;; page++) {
        http_answer a = get(http_f("sort=%s&size=%d%s%s", sort, SIZE, *cursor ? "&cursor=" : "", cursor), registrar);
        ck_assert_msg(a.status == 200, "%s: %ld %s", sort, a.status, a.body);
        const json_t *content = json_object_get(a.json, "content");
        for (size_t i = 0; i < json_array_size(content) && n < MAX_SEEN; i++)
            seen[n++] = json_integer_value(json_object_get(json_array_get(content, i), "id"));
        const char *next = http_header(&a, "Next-Cursor");
        bool last = boolean(&a, "last");
        ck_assert_msg(last == !next, "%s: a page is the last, or has a cursor", sort);
        ck_assert_int_eq(boolean(&a, "first"), page == 0);
        ck_assert(json_is_null(json_object_get(a.json, "totalElements")) == (page > 0));
        ck_assert(json_is_null(json_object_get(a.json, "totalPages")) == (page > 0));
        snprintf(cursor, sizeof cursor, "%s", next ? next : "");
        http_free(&a);
        if (last || n == MAX_SEEN)
            return n;
        if (page == 1 && grow)
            insert(ROWS / 2);
    }
}

/* How often each of the first orders was met, and whether any came twice. */
static void expect_each_once(const char *sort, const long long *seen, int n) {
    int of_first = 0;
    for (int i = 0; i < n; i++) {
        of_first += seen[i] >= first_id && seen[i] < first_id + ROWS;
        for (int k = 0; k < i; k++)
            ck_assert_msg(seen[i] != seen[k], "%s: order %lld came twice", sort, seen[i]);
    }
    ck_assert_msg(of_first == ROWS, "%s: %d of %d orders came", sort, of_first, ROWS);
}

/* A registrar of this test's own, so that nobody else's orders come. */
static void start(int n) {
    registrar =
        db_number("INSERT INTO empleados (nombre, apellido_paterno, apellido_materno, cargo_id, fecha_ingreso)"
                  " VALUES ('Páginas', 'De', 'Prueba', (SELECT min(id) FROM cargos), '2026-01-01') RETURNING id");
    while (db_number("SELECT count(*) FROM clientes WHERE vigente") < 3)
        db_value("SELECT prueba.cliente()");
    insert(n);
    first_id = db_number("SELECT min(id) FROM pendientes WHERE registrado_por = %lld", registrar);
}

static void forget(void) {
    ck_assert(db_try("DELETE FROM pendientes WHERE registrado_por = %lld", registrar));
    ck_assert(db_try("DELETE FROM empleados WHERE id = %lld", registrar));
}

START_TEST(every_order_meets_each_row_once) {
    char name[40];
    snprintf(name, sizeof name, "%s,%s", sorts[_i / 2], _i % 2 ? "asc" : "desc");
    long long seen[MAX_SEEN];
    start(ROWS);
    int n = walk(name, false, seen);
    ck_assert_int_eq(n, ROWS);
    expect_each_once(name, seen, n);
    expect_each_once(name, seen, walk(name, true, seen));
    forget();
}
END_TEST

/* The walk is in the order of the pages by number. */
START_TEST(the_cursor_follows_the_order_of_pages) {
    char name[40];
    snprintf(name, sizeof name, "%s,asc", sorts[_i]);
    long long seen[MAX_SEEN];
    start(ROWS);
    int n = walk(name, false, seen);
    ck_assert_int_eq(n, ROWS);
    for (int page = 0; page * SIZE < ROWS; page++) {
        http_answer a = get(http_f("sort=%s&size=%d&page=%d", name, SIZE, page), registrar);
        const json_t *content = json_object_get(a.json, "content");
        for (size_t i = 0; i < json_array_size(content); i++)
            ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(content, i), "id")),
                             seen[page * SIZE + (int)i]);
        ck_assert_int_eq(json_integer_value(json_object_get(a.json, "totalElements")), ROWS);
        ck_assert_int_eq(boolean(&a, "last"), (page + 1) * SIZE >= ROWS);
        http_free(&a);
    }
    forget();
}
END_TEST

static long long total(const char *query, bool *estimated) {
    http_answer a = get(query, registrar);
    ck_assert_msg(a.status == 200, "%s: %ld %s", query, a.status, a.body);
    long long n = json_integer_value(json_object_get(a.json, "totalElements"));
    const char *header = http_header(&a, "Total-Estimated");
    *estimated = header && strcmp(header, "true") == 0;
    http_free(&a);
    return n;
}

START_TEST(totals_are_exact_up_to_10000) {
    bool estimated;
    start(10000);
    ck_assert_int_eq(total("size=10", &estimated), 10000);
    ck_assert(!estimated);
    insert(MANY - 10000);
    db_try("ANALYZE pendientes");
    ck_assert_int_ge(total("size=10", &estimated), 10001);
    ck_assert(estimated);
    ck_assert_int_eq(total("size=10&total=exacto", &estimated), MANY);
    ck_assert(!estimated);
    /* the last page's own rows tell it */
    ck_assert_int_eq(total("size=1000&page=10", &estimated), MANY);
    ck_assert(!estimated);
    ck_assert_int_ge(total("size=1000&page=11", &estimated), 10001);
    ck_assert(estimated);
    http_answer a = get("size=1000&page=11", registrar);
    ck_assert(boolean(&a, "last") && boolean(&a, "empty") && !http_header(&a, "Next-Cursor"));
    http_free(&a);
    forget();
}
END_TEST

static void refused(const char *query) {
    http_answer a = get(query, registrar);
    ck_assert_msg(a.status == 400 && http_names(a.json, "cursor"), "%s: %ld %s", query, a.status, a.body);
    http_free(&a);
}

START_TEST(foreign_cursors_are_refused) {
    start(ROWS);
    http_answer a = get("sort=lugar,asc&size=5", registrar);
    char cursor[2100];
    snprintf(cursor, sizeof cursor, "%s", http_header(&a, "Next-Cursor"));
    http_free(&a);
    refused(http_f("sort=lugar,desc&cursor=%s", cursor));
    refused(http_f("sort=tipo,asc&cursor=%s", cursor));
    refused(http_f("cursor=%s", cursor));
    refused(http_f("sort=lugar,asc&page=0&cursor=%s", cursor));
    refused(http_f("sort=lugar,asc&cursor=%sAAAA", cursor));
    for (size_t i = 0; cursor[i]; i += 5) { /* every part is under the seal */
        char was = cursor[i];
        cursor[i] = was == 'A' ? 'B' : 'A';
        refused(http_f("sort=lugar,asc&cursor=%s", cursor));
        cursor[i] = was;
    }
    a = http_json("GET", http_f("/api/clientes?cursor=%s", cursor), http_token("ADMIN"), NULL);
    ck_assert_msg(a.status == 400 && http_names(a.json, "cursor"), "%ld %s", a.status, a.body);
    http_free(&a);
    /* another filter, size or caller may follow it */
    a = get(http_f("sort=lugar,asc&size=3&estados=CANCELADO&cursor=%s", cursor), registrar);
    ck_assert_int_eq(a.status, 200);
    http_free(&a);
    forget();
}
END_TEST

/* The other pages, whatever they hold: small steps meet what one large page has. */
static const char *const pages[] = {"/api/clientes", "/api/productos", "/api/pagos", "/api/notificaciones/usuario/1",
                                    "/app/app-version/vigentes"};

START_TEST(every_page_has_a_cursor) {
    const char *token = http_token("ADMIN");
    http_answer all = http_json("GET", http_f("%s?size=1000", pages[_i]), token, NULL);
    ck_assert_int_eq(all.status, 200);
    const json_t *wanted = json_object_get(all.json, "content");
    size_t n = json_array_size(wanted), met = 0;
    char cursor[2100] = "";
    while (met < n && met < 50) {
        http_answer a =
            http_json("GET", http_f("%s?size=3%s%s", pages[_i], *cursor ? "&cursor=" : "", cursor), token, NULL);
        ck_assert_int_eq(a.status, 200);
        const json_t *content = json_object_get(a.json, "content");
        for (size_t i = 0; i < json_array_size(content); i++)
            ck_assert(json_equal(json_array_get(content, i), json_array_get(wanted, met++)));
        const char *next = http_header(&a, "Next-Cursor");
        ck_assert((met < n) == (next != NULL));
        snprintf(cursor, sizeof cursor, "%s", next ? next : "");
        http_free(&a);
    }
    http_free(&all);
}
END_TEST

/* --- the object itself --- */

static const struct {
    const char *path;
    bool sorted;
} objects[] = {
    {"/api/pendientes", true},
    {"/api/clientes", false},
    {"/api/productos", false},
    {"/api/pagos", false},
    {"/api/notificaciones/usuario/1", true},
    {"/app/app-version/vigentes", false},
};

static http_answer get_page(int i, const char *query) {
    return http_json("GET", http_f("%s?%s", objects[i].path, query), http_token("ADMIN"), NULL);
}

static void expect_sort(const char *path, const json_t *in, bool sorted) {
    const json_t *sort = json_object_get(in, "sort");
    ck_assert_msg(json_object_size(sort) == 3 && json_is_true(json_object_get(sort, "sorted")) == sorted &&
                      json_is_true(json_object_get(sort, "unsorted")) != sorted &&
                      json_is_true(json_object_get(sort, "empty")) != sorted,
                  "%s: sort", path);
}

static long long number(const json_t *in, const char *key) {
    const json_t *value = json_object_get(in, key);
    ck_assert_msg(json_is_integer(value), "%s is no number", key);
    return json_integer_value(value);
}

START_TEST(a_page_is_this_object) {
    enum { TWO = 2 };
    const char *path = objects[_i].path;
    for (int page = 0; page < 3; page++) {
        http_answer a = get_page(_i, http_f("page=%d&size=%d&total=exacto", page, TWO));
        const json_t *pageable = json_object_get(a.json, "pageable"), *content = json_object_get(a.json, "content");
        long long n = (long long)json_array_size(content), total = number(a.json, "totalElements");
        ck_assert_msg(a.status == 200 && json_object_size(a.json) == 11, "%s", a.body);
        ck_assert_msg(number(a.json, "number") == page && number(a.json, "size") == TWO, "%s", a.body);
        ck_assert_msg(number(a.json, "numberOfElements") == n && boolean(&a, "empty") == (n == 0), "%s", a.body);
        ck_assert_msg(number(a.json, "totalPages") == (total + TWO - 1) / TWO, "%s", a.body);
        ck_assert_msg(boolean(&a, "first") == (page == 0) && boolean(&a, "last") == ((page + 1) * TWO >= total), "%s",
                      a.body);
        expect_sort(path, a.json, objects[_i].sorted);
        ck_assert_uint_eq(json_object_size(pageable), 6);
        ck_assert_msg(number(pageable, "pageNumber") == page && number(pageable, "pageSize") == TWO &&
                          number(pageable, "offset") == page * TWO,
                      "%s", a.body);
        ck_assert(json_is_true(json_object_get(pageable, "paged")));
        ck_assert(json_is_false(json_object_get(pageable, "unpaged")));
        expect_sort(path, pageable, objects[_i].sorted);
        http_free(&a);
    }
}
END_TEST

START_TEST(pages_have_bounds) {
    static const struct {
        const char *query, *field; /* NULL: 200 */
    } asked[] = {
        {"", NULL},
        {"size=1", NULL},
        {"size=1000", NULL},
        {"page=2147483647&size=1000", NULL},
        {"page=-1", "page"},
        {"page=2147483648", "page"},
        {"page=x", "page"},
        {"page=", "page"},
        {"page=0&page=0", "page"},
        {"size=0", "size"},
        {"size=-1", "size"},
        {"size=1001", "size"},
        {"total=si", "total"},
        {"cursor=x", "cursor"},
        {"cursor=", "cursor"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        http_answer a = get_page(_i, asked[i].query);
        bool right = asked[i].field ? a.status == 400 && http_names(a.json, asked[i].field) : a.status == 200;
        ck_assert_msg(right, "%s?%s: %ld %s", objects[_i].path, asked[i].query, a.status, a.body);
        http_free(&a);
    }
    http_answer plain = get_page(_i, ""), past = get_page(_i, "page=2147483647&size=1000");
    ck_assert_int_eq(number(plain.json, "size"), 10);
    ck_assert_int_eq(number(plain.json, "number"), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(past.json, "content")), 0);
    ck_assert_int_eq(number(json_object_get(past.json, "pageable"), "offset"), 2147483647000LL);
    http_free(&plain);
    http_free(&past);
}
END_TEST

int main(void) {
    up_use();
    db_support();
    Suite *suite = suite_create("paginas");
    TCase *tcase = tcase_create("pages");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_order_meets_each_row_once, 0, 2 * N_SORTS);
    tcase_add_loop_test(tcase, the_cursor_follows_the_order_of_pages, 0, N_SORTS);
    tcase_add_test(tcase, totals_are_exact_up_to_10000);
    tcase_add_test(tcase, foreign_cursors_are_refused);
    tcase_add_loop_test(tcase, every_page_has_a_cursor, 0, sizeof pages / sizeof *pages);
    tcase_add_loop_test(tcase, a_page_is_this_object, 0, sizeof objects / sizeof *objects);
    tcase_add_loop_test(tcase, pages_have_bounds, 0, sizeof objects / sizeof *objects);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
