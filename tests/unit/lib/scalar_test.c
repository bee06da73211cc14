#include "pendientes/scalar.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MICROS 1000000LL

START_TEST(utf8_is_that_of_rfc_3629) {
    static const char *const good[] = {"",
                                       "abc",
                                       "ñandú",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "12345678abcdefgh€1234567"};
    static const size_t points[] = {0, 3, 5, 1, 1, 1, 1, 1, 1, 1, 24};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        size_t n = 99;
        ck_assert_msg(pd_utf8_check(good[i], strlen(good[i]), &n), "%zu", i);
        ck_assert_uint_eq(n, points[i]);
    }
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xe2\x82",
                                      "\xe2(\xa1",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xf0\x90\x80",
                                      "1234567\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!pd_utf8_check(bad[i], strlen(bad[i]), NULL), "%zu", i);
    /* NUL, at every place of a word */
    for (size_t i = 0; i < 20; i++) {
        char text[20];
        memset(text, 'a', sizeof text);
        ck_assert(pd_utf8_check(text, sizeof text, NULL));
        text[i] = '\0';
        ck_assert(!pd_utf8_check(text, sizeof text, NULL));
        text[i] = '\xe9';
        ck_assert(!pd_utf8_check(text, sizeof text, NULL));
    }
}
END_TEST

START_TEST(blank_and_visible) {
    static const char *const blank[] = {"", " ", "\t\n\r\v\f", "\xc2\xa0", "\xe2\x80\x83\xe3\x80\x80"};
    for (size_t i = 0; i < sizeof blank / sizeof *blank; i++)
        ck_assert_msg(!pd_utf8_nonblank(blank[i], strlen(blank[i])), "%zu", i);
    ck_assert(pd_utf8_nonblank("  a ", 4));
    ck_assert(pd_utf8_nonblank(" \xe2\x80\x8b", 4)); /* a zero-width space is not White_Space */
    static const char *const visible[] = {"", "abc 12!", "ñ€", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof visible / sizeof *visible; i++)
        ck_assert_msg(pd_utf8_visible(visible[i], strlen(visible[i])), "%zu", i);
    static const char *const hidden[] = {
        "a\tb",         "\n",           "\x7f",         "\xc2\x80",         "a\xc2\xa0z",
        "\xe2\x80\x8b", "\xef\xbb\xbf", "\xe2\x80\xae", "\xf3\xa0\x80\xa0", "\xc2\xad"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        ck_assert_msg(!pd_utf8_visible(hidden[i], strlen(hidden[i])), "%zu", i);
}
END_TEST

static bool parse_int(const char *text, int64_t *value) {
    return pd_int_parse(text, strlen(text), value);
}

START_TEST(integers) {
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"42", 42},
                {"-42", -42},
                {"0042", 42},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t value = 99;
        ck_assert_msg(parse_int(good[i].text, &value), "%s", good[i].text);
        ck_assert_int_eq(value, good[i].value);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e2",
                                      "0x1",
                                      "--1",
                                      "9223372036854775808",
                                      "1_0",
                                      "-9223372036854775809",
                                      "99999999999999999999",
                                      "18446744073709551616"};
    int64_t value;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!parse_int(bad[i], &value), "%s", bad[i]);
}
END_TEST

START_TEST(decimals_are_exact) {
    static const struct {
        const char *text;
        int64_t cents;
        const char *printed;
    } good[] = {{"0", 0, "0.00"},
                {"-0", 0, "0.00"},
                {"-0.00", 0, "0.00"},
                {"50", 5000, "50.00"},
                {"50.5", 5050, "50.50"},
                {"50.05", 5005, "50.05"},
                {"0.07", 7, "0.07"},
                {"-1.25", -125, "-1.25"},
                {"-0.01", -1, "-0.01"},
                {"9999999999.99", 999999999999, "9999999999.99"},
                {"900000000000000.00", 90000000000000000, "900000000000000.00"}};
    char out[24];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t cents = 99;
        ck_assert_msg(pd_decimal_parse(good[i].text, strlen(good[i].text), &cents), "%s", good[i].text);
        ck_assert_int_eq(cents, good[i].cents);
        ck_assert_uint_eq(pd_decimal_print(cents, out), strlen(good[i].printed));
        ck_assert_str_eq(out, good[i].printed);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      "1e2",
                                      "1E2",
                                      "5,0",
                                      " 5",
                                      "5 ",
                                      "+5",
                                      ".5",
                                      "5.",
                                      "50.001",
                                      "1e400",
                                      "05",
                                      "00",
                                      "-05.1",
                                      "0x1",
                                      "1.2.3",
                                      "1.-2",
                                      "NaN",
                                      "1.0a",
                                      "900000000000000.01",
                                      "99999999999999999999999999999999"};
    int64_t cents;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!pd_decimal_parse(bad[i], strlen(bad[i]), &cents), "%s", bad[i]);
    ck_assert_uint_eq(pd_decimal_print(INT64_MIN, out), strlen("-92233720368547758.08"));
    ck_assert_str_eq(out, "-92233720368547758.08");
}
END_TEST

START_TEST(dates) {
    static const char *const good[] = {"2026-07-10", "1900-01-01", "9999-12-31",
                                       "2024-02-29", "2000-02-29", "2026-12-31"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(pd_date_check(good[i], strlen(good[i])), "%s", good[i]);
    static const char *const bad[] = {"",           "2026-7-10",  "2026-02-29", "1900-02-29",  "2026-13-01",
                                      "2026-00-10", "2026-01-00", "2026-04-31", "1899-12-31",  "10000-01-01",
                                      "2026/07/10", "2026-07-1x", "20260710",   "2026-07-10 ", "2026-07-10T00:00",
                                      "+026-07-10", "-026-07-10"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!pd_date_check(bad[i], strlen(bad[i])), "%s", bad[i]);
}
END_TEST

/* The text is taken, and printed so, locally and in UTC. */
static void reads(const char *text, const char *local, const char *utc) {
    int64_t micros;
    char out[40];
    ck_assert_msg(pd_datetime_parse(text, strlen(text), false, &micros), "%s", text);
    ck_assert_uint_eq(pd_datetime_print(micros, out), strlen(out));
    ck_assert_str_eq(out, local);
    if (utc) {
        ck_assert_uint_eq(pd_datetime_print_utc(micros, out), strlen(out));
        ck_assert_str_eq(out, utc);
    }
}

START_TEST(instants_of_lima) {
    ck_assert(pd_zone_set("America/Lima"));
    reads("2026-07-10T09:00", "2026-07-10T09:00:00", "2026-07-10 14:00:00.000000+00");
    reads("2026-07-10T09:00:07", "2026-07-10T09:00:07", NULL);
    reads("2026-07-10T09:00:00.5", "2026-07-10T09:00:00.5", "2026-07-10 14:00:00.500000+00");
    reads("2026-07-10T09:00:00.120", "2026-07-10T09:00:00.12", NULL);
    reads("2026-07-10T09:00:00.000000999", "2026-07-10T09:00:00", NULL);
    reads("2026-07-10T09:00:00.999999999", "2026-07-10T09:00:00.999999", NULL);
    reads("2026-07-10T09:00:00.000001", "2026-07-10T09:00:00.000001", NULL);
    reads("2026-07-10T14:00:00Z", "2026-07-10T09:00:00", NULL);
    reads("2026-07-10T09:00-05:00", "2026-07-10T09:00:00", NULL);
    reads("2026-07-10T19:30:00.25+05:30", "2026-07-10T09:00:00.25", NULL);
    reads("1900-01-01T00:00:00", "1900-01-01T00:00:00", NULL);
    reads("9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999", NULL);
    reads("1969-12-31T23:59:59.999999Z", "1969-12-31T18:59:59.999999", "1969-12-31 23:59:59.999999+00");
    int64_t micros;
    ck_assert(pd_datetime_parse("1970-01-01T00:00:00Z", 20, false, &micros));
    ck_assert_int_eq(micros, 0);
}
END_TEST

START_TEST(instants_refused) {
    ck_assert(pd_zone_set("America/Lima"));
    static const char *const bad[] = {"",
                                      "2026-07-10",
                                      "2026-07-10 09:00",
                                      "2026-07-10t09:00",
                                      "2026-07-10T9:00",
                                      "2026-07-10T09",
                                      "2026-07-10T24:00",
                                      "2026-07-10T09:60",
                                      "2026-07-10T09:00:60",
                                      "2026-07-10T09:00:",
                                      "2026-07-10T09:00:0",
                                      "2026-07-10T09:00.5",
                                      "2026-07-10T09:00:00.",
                                      "2026-07-10T09:00:00,5",
                                      "2026-07-10T09:00:00.1234567890",
                                      "2026-07-10T09:00:00z",
                                      "2026-07-10T09:00:00ZZ",
                                      "2026-07-10T09:00:00+5",
                                      "2026-07-10T09:00:00+0500",
                                      "2026-07-10T09:00:00+24:00",
                                      "2026-07-10T09:00:00+05:60",
                                      "2026-07-10T09:00:00 ",
                                      "2026-02-30T09:00",
                                      "1899-12-31T23:59",
                                      "1899-12-31T23:59:59-05:00",
                                      "1900-01-01T00:00:00Z",       /* still 1899 in Lima */
                                      "9999-12-31T23:59:59-06:00"}; /* already 10000 in Lima */
    int64_t micros;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!pd_datetime_parse(bad[i], strlen(bad[i]), false, &micros), "%s", bad[i]);
    /* the length decides, not a NUL */
    ck_assert(pd_datetime_parse("2026-07-10T09:00:00Zjunk", 20, false, &micros));
}
END_TEST

START_TEST(offset_ignored_on_demand) {
    int64_t with, without;
    ck_assert(pd_zone_set("America/Lima"));
    ck_assert(pd_datetime_parse("2026-07-10T09:00:00Z", 20, true, &with));
    ck_assert(pd_datetime_parse("2026-07-10T09:00:00", 19, true, &without));
    ck_assert_int_eq(with, without);
    ck_assert(!pd_datetime_parse("2026-07-10T09:00:00+99:00", 25, true, &with));
}
END_TEST

START_TEST(twice_and_missing_hours) {
    ck_assert(pd_zone_set("America/New_York"));
    /* 2026-11-01: 01:00-02:00 exists twice, the earlier is -04:00. */
    reads("2026-11-01T00:59:59", "2026-11-01T00:59:59", "2026-11-01 04:59:59.000000+00");
    reads("2026-11-01T01:30:00", "2026-11-01T01:30:00", "2026-11-01 05:30:00.000000+00");
    reads("2026-11-01T02:00:00", "2026-11-01T02:00:00", "2026-11-01 07:00:00.000000+00");
    reads("2026-11-01T01:30:00-05:00", "2026-11-01T01:30:00", "2026-11-01 06:30:00.000000+00");
    /* 2026-03-08: 02:00-03:00 does not exist. */
    reads("2026-03-08T01:59:59", "2026-03-08T01:59:59", "2026-03-08 06:59:59.000000+00");
    reads("2026-03-08T02:00:00", "2026-03-08T03:00:00", "2026-03-08 07:00:00.000000+00");
    reads("2026-03-08T02:30:00", "2026-03-08T03:30:00", "2026-03-08 07:30:00.000000+00");
    reads("2026-03-08T03:00:00", "2026-03-08T03:00:00", "2026-03-08 07:00:00.000000+00");
    /* a day that does not exist, and the rule of years past the table */
    ck_assert(pd_zone_set("Pacific/Apia"));
    reads("2011-12-30T12:00:00", "2011-12-31T12:00:00", "2011-12-30 22:00:00.000000+00");
    reads("2011-12-29T23:59:59", "2011-12-29T23:59:59", "2011-12-30 09:59:59.000000+00");
    ck_assert(pd_zone_set("America/New_York"));
    reads("9999-07-01T12:00:00", "9999-07-01T12:00:00", "9999-07-01 16:00:00.000000+00");
}
END_TEST

START_TEST(a_bare_date_is_its_local_day) {
    int64_t from, until;
    char out[40];
    ck_assert(pd_zone_set("America/New_York"));
    ck_assert(pd_date_or_time_parse("2026-11-01", 10, false, &from, &until));
    ck_assert_int_eq(until - from, 25 * 3600 * MICROS);
    ck_assert(pd_date_or_time_parse("2026-03-08", 10, false, &from, &until));
    ck_assert_int_eq(until - from, 23 * 3600 * MICROS);
    pd_datetime_print(from, out);
    ck_assert_str_eq(out, "2026-03-08T00:00:00");
    pd_datetime_print(until, out);
    ck_assert_str_eq(out, "2026-03-09T00:00:00");
    ck_assert(pd_date_or_time_parse("9999-12-31", 10, false, &from, &until));
    ck_assert_int_eq(until - from, 24 * 3600 * MICROS);
    ck_assert(pd_date_or_time_parse("2026-03-08T10:00:00.000001", 26, false, &from, &until));
    ck_assert_int_eq(until - from, 1);
    ck_assert(!pd_date_or_time_parse("2026-02-30", 10, false, &from, &until));
    ck_assert(!pd_date_or_time_parse("", 0, false, &from, &until));
}
END_TEST

START_TEST(every_hour_of_a_year_comes_back) {
    static const char *const zones[] = {"America/Lima", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"};
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        ck_assert(pd_zone_set(zones[z]));
        int64_t differ = 0;
        for (int64_t hour = 0; hour < 366 * 24; hour++) {
            int64_t micros = (1767225600 + hour * 3600) * MICROS + 17, again;
            char out[40];
            size_t len = pd_datetime_print(micros, out);
            ck_assert(pd_datetime_parse(out, len, false, &again));
            if (again != micros) {
                ck_assert_int_lt(again, micros); /* the earlier of the two */
                differ++;
            }
        }
        ck_assert_int_le(differ, 1);
    }
}
END_TEST

START_TEST(zones_must_exist) {
    ck_assert(pd_zone_set("UTC"));
    static const char *const bad[] = {"",        "America/Limaa", "../etc/passwd", "/usr/share/zoneinfo/UTC",
                                      "America", "EST5EDT4x",     ":UTC",          "tzdata.zi"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!pd_zone_set(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(printing_takes_any_instant) {
    static const int64_t odd[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    char out[40];
    ck_assert(pd_zone_set("Pacific/Apia"));
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        ck_assert_uint_eq(pd_datetime_print(odd[i], out), strlen(out));
        ck_assert_uint_eq(pd_datetime_print_utc(odd[i], out), strlen(out));
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scalar");
    TCase *tests = tcase_create("scalar");
    tcase_add_test(tests, utf8_is_that_of_rfc_3629);
    tcase_add_test(tests, blank_and_visible);
    tcase_add_test(tests, integers);
    tcase_add_test(tests, decimals_are_exact);
    tcase_add_test(tests, dates);
    tcase_add_test(tests, instants_of_lima);
    tcase_add_test(tests, instants_refused);
    tcase_add_test(tests, offset_ignored_on_demand);
    tcase_add_test(tests, twice_and_missing_hours);
    tcase_add_test(tests, a_bare_date_is_its_local_day);
    tcase_add_test(tests, every_hour_of_a_year_comes_back);
    tcase_add_test(tests, zones_must_exist);
    tcase_add_test(tests, printing_takes_any_instant);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
