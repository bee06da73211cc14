/* seal: the secrets of the source (the view por_sellar) go sealed into the table `sellados`, a bounded number at a
 * time.
 */
#ifndef SERVER_IMPORT_SEAL_H
#define SERVER_IMPORT_SEAL_H

#include "server/engine/statement.h"
#include "server/import/target.h"

/* False: target->error tells, never a secret. */
bool im_seal(im_target *target, const en_keys *keys);

#endif
