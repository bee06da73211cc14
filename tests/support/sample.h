/* sample: methods over muestra.proto with contract tables as proto/compiler would write them, for the engine's tests.
 * Built at the first call and never freed. Not thread-safe. */
#ifndef TESTS_SUPPORT_SAMPLE_H
#define TESTS_SUPPORT_SAMPLE_H

#include "pendientes/contract.h"
#include "tests/support/muestra.pb-c.h"

/* Muestras/Leer: Peticion -> Respuesta, a read whose rule is "4 propio | 8"; `clave` is CIFRADO, seen by "32 |
 * asignado". */
const pd_method *ts_sample_read(void);
/* Muestras/Parte: Peticion -> Parte, a read for everybody. */
const pd_method *ts_sample_part(void);
/* Muestras/Paginar: Peticion -> Pagina, a read for everybody. */
const pd_method *ts_sample_page(void);
/* Muestras/Escribir: Peticion -> Respuesta, a write whose rule is "2 autor | usuario | 16". */
const pd_method *ts_sample_write(void);
/* Muestras/Anotar: Peticion -> Parte, a write for everybody. */
const pd_method *ts_sample_note(void);

#endif
