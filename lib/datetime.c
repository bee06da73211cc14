/* The half of scalar.h that deals with dates, instants and the zone (its text half is scalar.c). */
#include "pendientes/scalar.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { YEAR_MIN = 1900, YEAR_MAX = 9999, DAY = 86400, MILLION = 1000000 };

/* What a text says, before any zone. */
typedef struct parts {
    int64_t seconds; /* of the digits, taken as UTC */
    int micros;
    bool has_offset;
    int offset; /* seconds east */
} parts;

static bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static const short days_before[13] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

/* Days since 1970-01-01 of a date in the Gregorian calendar, years from 1. */
static int64_t day_number(int year, int month, int day) {
    int64_t y = year - 1;
    int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
    return days + days_before[month] + (month > 2 && is_leap(year)) + day - 1;
}

/* `n` digits at `text`, or -1. */
static int digits(const char *text, int n) {
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* The first ten bytes of `text` as a date: seconds of its midnight. */
static bool read_date(const char *text, int64_t *seconds) {
    static const signed char lengths[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    if (text[4] != '-' || text[7] != '-' || year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1)
        return false;
    if (day > lengths[month] + (month == 2 && is_leap(year)))
        return false;
    *seconds = day_number(year, month, day) * DAY;
    return true;
}

/* "Z", "+HH:MM", "-HH:MM" or nothing, up to the end. */
static bool read_offset(const char *text, size_t len, parts *out) {
    out->has_offset = len > 0;
    if (!len || (len == 1 && text[0] == 'Z'))
        return true;
    if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return false;
    int hours = digits(text + 1, 2), minutes = digits(text + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    out->offset = (hours * 60 + minutes) * (text[0] == '-' ? -60 : 60);
    return true;
}

static bool read_parts(const char *text, size_t len, parts *out) {
    *out = (parts){0};
    if (len < 16 || !read_date(text, &out->seconds) || text[10] != 'T' || text[13] != ':')
        return false;
    int hour = digits(text + 11, 2), minute = digits(text + 14, 2), second = 0;
    size_t at = 16;
    if (at < len && text[at] == ':') {
        if (len < 19 || (second = digits(text + 17, 2)) < 0)
            return false;
        at = 19;
        if (at < len && text[at] == '.') {
            size_t first = ++at;
            int worth = MILLION / 10;
            for (; at < len && text[at] >= '0' && text[at] <= '9'; at++, worth /= 10)
                out->micros += worth * (text[at] - '0');
            if (at == first || at - first > 9)
                return false;
        }
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second > 59)
        return false;
    out->seconds += hour * 3600 + minute * 60 + second;
    return read_offset(text + at, len - at, out);
}

/* Seconds east of UTC at an instant. */
static int64_t offset_at(int64_t seconds) {
    time_t when = (time_t)seconds;
    struct tm local;
    return localtime_r(&when, &local) ? local.tm_gmtoff : 0;
}

/* The instant of a wall-clock time, its digits taken as UTC. The offsets a day before and a day after are the two that
 * can hold: the earlier valid one wins when a time exists twice; when it does not exist, the offset before moves it
 * forward by the length of the gap. */
static int64_t from_local(int64_t digits_utc) {
    int64_t before = digits_utc - offset_at(digits_utc - DAY), after = digits_utc - offset_at(digits_utc + DAY);
    if (before == after)
        return before;
    bool before_holds = before + offset_at(before) == digits_utc, after_holds = after + offset_at(after) == digits_utc;
    if (before_holds && after_holds)
        return before < after ? before : after;
    return after_holds ? after : before;
}

bool pd_zone_set(const char *name) {
    /* The C library takes any name and falls back to UTC without a word: look for the zone's file first. */
    if (!*name || strlen(name) > 100 || *name == '/' || *name == ':' || strstr(name, ".."))
        return false;
    const char *dir = getenv("TZDIR");
    if (!dir || !*dir)
        dir = "/usr/share/zoneinfo";
    int base = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int file = base < 0 ? -1 : openat(base, name, O_RDONLY | O_CLOEXEC);
    char magic[4] = "";
    bool known = file >= 0 && read(file, magic, sizeof magic) == sizeof magic && memcmp(magic, "TZif", 4) == 0;
    if (file >= 0)
        close(file);
    if (base >= 0)
        close(base);
    if (!known || setenv("TZ", name, 1) != 0)
        return false;
    tzset();
    return true;
}

bool pd_date_check(const char *text, size_t len) {
    int64_t seconds;
    return len == 10 && read_date(text, &seconds);
}

bool pd_datetime_parse(const char *text, size_t len, bool ignore_offset, int64_t *micros) {
    parts read;
    if (!read_parts(text, len, &read))
        return false;
    int64_t seconds;
    if (read.has_offset && !ignore_offset) {
        /* The answer shows it in local time, which must be a year that could have been sent. */
        seconds = read.seconds - read.offset;
        int64_t local = seconds + offset_at(seconds);
        if (local < day_number(YEAR_MIN, 1, 1) * DAY || local >= day_number(YEAR_MAX + 1, 1, 1) * DAY)
            return false;
    } else {
        seconds = from_local(read.seconds);
    }
    *micros = seconds * MILLION + read.micros;
    return true;
}

bool pd_date_or_time_parse(const char *text, size_t len, bool ignore_offset, int64_t *from, int64_t *until) {
    int64_t seconds;
    if (len == 10) {
        if (!read_date(text, &seconds))
            return false;
        *from = from_local(seconds) * MILLION;
        *until = from_local(seconds + DAY) * MILLION;
        return true;
    }
    if (!pd_datetime_parse(text, len, ignore_offset, from))
        return false;
    *until = *from + 1;
    return true;
}

static char *print_digits(char *at, int value, int n) {
    for (int i = n - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + n;
}

/* "2026-07-10?09:00:00", `gap` between date and time. */
static char *print_tm(const struct tm *when, char gap, char *at) {
    int year = when->tm_year + 1900;
    if (year < 0) {
        *at++ = '-';
        year = -year;
    }
    at = print_digits(at, year, year > 99999 ? 6 : year > 9999 ? 5 : 4);
    *at++ = '-';
    at = print_digits(at, when->tm_mon + 1, 2);
    *at++ = '-';
    at = print_digits(at, when->tm_mday, 2);
    *at++ = gap;
    at = print_digits(at, when->tm_hour, 2);
    *at++ = ':';
    at = print_digits(at, when->tm_min, 2);
    *at++ = ':';
    return print_digits(at, when->tm_sec, 2);
}

/* Whole seconds, rounded down; the rest, 0 to 999999, in `rest`. */
static time_t split(int64_t micros, int *rest) {
    int64_t seconds = micros / MILLION, left = micros % MILLION;
    if (left < 0) {
        left += MILLION;
        seconds--;
    }
    *rest = (int)left;
    return (time_t)seconds;
}

size_t pd_datetime_print(int64_t micros, char *out) {
    int rest;
    time_t seconds = split(micros, &rest);
    struct tm local = {0};
    localtime_r(&seconds, &local);
    char *at = print_tm(&local, 'T', out);
    if (rest) {
        *at++ = '.';
        at = print_digits(at, rest, 6);
        while (at[-1] == '0')
            at--;
    }
    *at = '\0';
    return (size_t)(at - out);
}

size_t pd_datetime_print_utc(int64_t micros, char *out) {
    int rest;
    time_t seconds = split(micros, &rest);
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    char *at = print_tm(&utc, ' ', out);
    *at++ = '.';
    at = print_digits(at, rest, 6);
    memcpy(at, "+00", 4);
    return (size_t)(at + 3 - out);
}
