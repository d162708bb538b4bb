/* SPDX-License-Identifier: Apache-2.0 */
/* ADDRESS:PORT as a socket address. */
#include "runtime/http/listen.h"

#include <stdio.h>
#include <string.h>

struct addrinfo *listen_resolve(const char *option, const char *listen, struct error *error) {
    char host[256];
    const char *colon = strrchr(listen, ':');
    if (colon == NULL || colon == listen || (size_t)(colon - listen) >= sizeof host) {
        error_set(error, ERROR_DIE, "%s must be ADDRESS:PORT, not \"%s\"", option, listen);
        return NULL;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - listen), listen);
    char *name = host;
    size_t size = strlen(host);
    if (host[0] == '[' && host[size - 1] == ']') {
        host[size - 1] = '\0';
        name++;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(name, colon + 1, &hints, &found);
    if (code != 0) {
        error_set(error, ERROR_DIE, "%s %s: %s", option, listen, gai_strerror(code));
        return NULL;
    }
    return found;
}
