#include "gateway/proxies.h"

#include <check.h>
#include <string.h>

static pd_arena *arena;

static void setup(void) {
    arena = pd_arena_new();
}

static void teardown(void) {
    pd_arena_free(arena);
}

static gw_proxies *proxies_of(const char *list) {
    const char *error = NULL;
    gw_proxies *proxies = gw_proxies_new(list, &error);
    ck_assert_msg(proxies != NULL, "%s", error);
    return proxies;
}

START_TEST(addresses_and_networks_are_trusted) {
    static const struct {
        const char *list, *address;
        bool trusted;
    } some[] = {
        {NULL, "127.0.0.1", false},
        {"", "127.0.0.1", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "::ffff:127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1", "::1", false},
        {"127.0.0.1, ::1", "::1", true},
        {"10.0.0.0/8", "10.255.1.2", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.200", true},
        {"192.0.2.1/32", "192.0.2.1", true},
        {"0.0.0.0/0", "9.9.9.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "9.9.9.9", true},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fe00::1", false},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"127.0.0.1", "no", false},
        {"127.0.0.1", "", false},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        gw_proxies *proxies = proxies_of(some[i].list);
        ck_assert_msg(gw_proxies_trusts(proxies, some[i].address) == some[i].trusted, "%s in %s", some[i].address,
                      some[i].list);
        gw_proxies_free(proxies);
    }
}
END_TEST

START_TEST(what_is_no_network_is_named) {
    static const char *const bad[] = {"proxy.example", "10.0.0.0/33", "10.0.0.0/",  "10.0.0.0/-1", "10.0.0.0/8x",
                                      "::/129",        "10.0.0",      "1.2.3.4:80", "[::1]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *error = NULL;
        char list[64];
        snprintf(list, sizeof list, "127.0.0.1,%s", bad[i]);
        ck_assert_ptr_null(gw_proxies_new(list, &error));
        ck_assert_ptr_nonnull(strstr(error, bad[i]));
    }
    const char *error = NULL;
    ck_assert_ptr_null(gw_proxies_new("127.0.0.1,", &error));
    ck_assert_ptr_null(gw_proxies_new(",", &error));
}
END_TEST

static const char *client(const char *first, const char *second) {
    gw_proxies *proxies = proxies_of("127.0.0.1,10.0.0.0/8,fd00::/8");
    h2o_mem_pool_t pool;
    h2o_headers_t headers = {NULL};
    h2o_mem_init_pool(&pool);
    h2o_add_header(&pool, &headers, H2O_TOKEN_ACCEPT, NULL, H2O_STRLIT("8.8.8.8"));
    if (first)
        h2o_add_header(&pool, &headers, H2O_TOKEN_X_FORWARDED_FOR, NULL, first, strlen(first));
    h2o_add_header(&pool, &headers, H2O_TOKEN_USER_AGENT, NULL, H2O_STRLIT("7.7.7.7"));
    if (second)
        h2o_add_header(&pool, &headers, H2O_TOKEN_X_FORWARDED_FOR, NULL, second, strlen(second));
    const char *found = gw_proxies_client(proxies, "127.0.0.1", &headers, arena);
    h2o_mem_clear_pool(&pool);
    gw_proxies_free(proxies);
    return found;
}

START_TEST(the_last_hop_that_is_no_proxy_counts) {
    static const char *const some[][3] = {
        /* first header, second header, client */
        {NULL, NULL, "127.0.0.1"},
        {"", NULL, "127.0.0.1"},
        {"9.9.9.9", NULL, "9.9.9.9"},
        {"9.9.9.9, 10.0.0.1", NULL, "9.9.9.9"},
        {"1.1.1.1,9.9.9.9,10.0.0.1,10.0.0.2", NULL, "9.9.9.9"}, /* what a client invents stands first */
        {"1.1.1.1", "9.9.9.9", "9.9.9.9"},
        {"9.9.9.9", "10.0.0.1", "9.9.9.9"},
        {"1.1.1.1, 9.9.9.9", "fd00::1 , 10.0.0.1", "9.9.9.9"},
        {"10.0.0.3, 10.0.0.2", "10.0.0.1", "10.0.0.3"}, /* all are proxies: the first */
        {"9.9.9.9:4711", NULL, "9.9.9.9"},
        {"[2001:DB8::1]:4711, 10.0.0.1:80", NULL, "2001:db8::1"},
        {"[2001:db8::1]", NULL, "2001:db8::1"},
        {"2001:db8:0:0::1", NULL, "2001:db8::1"},
        {"::ffff:9.9.9.9", NULL, "9.9.9.9"},
        {"::ffff:10.0.0.1", NULL, "10.0.0.1"},
        {"unknown", NULL, "127.0.0.1"},
        {"9.9.9.9, unknown", NULL, "127.0.0.1"},
        {"9.9.9.9, unknown, 10.0.0.1", NULL, "10.0.0.1"},
        {"9.9.9.9,", NULL, "127.0.0.1"},
        {"9.9.9.9, ,10.0.0.1", NULL, "10.0.0.1"},
        {"\"9.9.9.9\"", NULL, "127.0.0.1"},
        {"9.9.9.9.9", NULL, "127.0.0.1"},
        {"[::1", NULL, "127.0.0.1"},
        {"[::1]x", NULL, "127.0.0.1"},
        {"1111111111111111111111111111111111111111111111111111111111111111111111111111111111", NULL, "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        ck_assert_str_eq(client(some[i][0], some[i][1]), some[i][2]);
}
END_TEST

int main(void) {
    Suite *s = suite_create("proxies");
    TCase *c = tcase_create("proxies");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, addresses_and_networks_are_trusted);
    tcase_add_test(c, what_is_no_network_is_named);
    tcase_add_test(c, the_last_hop_that_is_no_proxy_counts);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
