/* sockets: closing those of nng without waiting for ever. In nng 1.5.2 a connection that goes while a message larger
 * than the kernel's buffer is half written can leave its cleaning thread waiting for good, and nng_close of that socket
 * with it (and the sockets it had do not connect again: new ones do). So no thread of ours waits for nng_close. Frames
 * of several calls are kept below that size; a single large call cannot be. Not in the design's plan of rooms: both
 * sides of the RPC need it. */
#ifndef LIB_SOCKETS_H
#define LIB_SOCKETS_H

#include <nng/nng.h>

/* What surely fits in the kernel's buffer of a Unix or TCP socket. */
enum { PD_SOCKET_WHOLE = 128 << 10 };

/* Closes in a thread of its own and waits at most `wait_ms` for it. The socket is gone for the caller in any case. */
void pd_socket_close(nng_socket socket, int wait_ms);

#endif
