/* db: the system's database as a test sees it: values, set-up and the fingerprint of everything that a refused call
 * must not change. One connection per process; failures abort the program. */
#ifndef TESTS_DB_H
#define TESTS_DB_H

#include <stdbool.h>
#include <stddef.h>

/* Runs a statement and returns its first value as text in a rotating static buffer; "" when there is none. */
const char *db_value(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same as a number. */
long long db_number(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs a statement that may fail; false when it did. */
bool db_try(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Loads tests/cases/apoyo.sql (schema prueba) once. */
void db_support(void);
/* prueba.huella(): a digest of every business row. */
const char *db_fingerprint(void);

#endif
