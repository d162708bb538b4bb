/* SPDX-License-Identifier: Apache-2.0 */
/* Connections by address: a hash table with chains, keyed so that nobody can choose its slots. */
#include "ingest-api/http/crowd.h"

#include "runtime/base/error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 16384 /* a power of two */

struct crowd_key {
    unsigned char octets[8]; /* an IPv6 network, or an IPv4 address */
    unsigned char family;
};

struct crowd_member {
    struct crowd_key key;
    size_t connections;
    struct crowd_member *next;
};

struct crowd {
    struct crowd_limits limits;
    size_t total;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct crowd_member *slots[SLOTS];
};

struct crowd *crowd_new(const struct crowd_limits *limits) {
    struct crowd *crowd = allocate_zeroed(1, sizeof *crowd);
    crowd->limits = *limits;
    randombytes_buf(crowd->hash_key, sizeof crowd->hash_key);
    return crowd;
}

void crowd_free(struct crowd *crowd) {
    for (size_t i = 0; crowd != NULL && i < SLOTS; i++) {
        while (crowd->slots[i] != NULL) {
            struct crowd_member *member = crowd->slots[i];
            crowd->slots[i] = member->next;
            free(member);
        }
    }
    free(crowd);
}

/* An IPv4 client of a socket for both is written as ::ffff:a.b.c.d. */
static struct crowd_key key_of(const struct sockaddr *address) {
    struct crowd_key key = {0};
    if (address->sa_family == AF_INET) {
        key.family = 4;
        memcpy(key.octets, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(in6);
        key.family = mapped ? 4 : 6;
        memcpy(key.octets, mapped ? in6->s6_addr + 12 : in6->s6_addr, mapped ? 4 : 8);
    }
    return key;
}

static struct crowd_member *const *member_find(const struct crowd *crowd,
                                               const struct crowd_key *key) {
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key, sizeof *key,
                     crowd->hash_key);
    struct crowd_member *const *link = &crowd->slots[hash & (SLOTS - 1)];
    while (*link != NULL && memcmp(&(*link)->key, key, sizeof *key) != 0) {
        link = &(*link)->next;
    }
    return link;
}

bool crowd_admits(const struct crowd *crowd, const struct sockaddr *address) {
    const struct crowd_limits *limits = &crowd->limits;
    if (crowd->total >= limits->total_max) {
        return false;
    }
    if (crowd_trusts(crowd, address)) {
        return true;
    }
    struct crowd_key key = key_of(address);
    const struct crowd_member *member = *member_find(crowd, &key);
    size_t connections = member != NULL ? member->connections : 0;
    return (limits->address_max == 0 || connections < limits->address_max) &&
           (connections < CROWD_FEW || !crowd_is_dense(crowd));
}

void crowd_enter(struct crowd *crowd, const struct sockaddr *address) {
    struct crowd_key key = key_of(address);
    struct crowd_member **link = (struct crowd_member **)member_find(crowd, &key);
    if (*link == NULL) {
        *link = allocate_zeroed(1, sizeof **link);
        (*link)->key = key;
    }
    (*link)->connections++;
    crowd->total++;
}

void crowd_leave(struct crowd *crowd, const struct sockaddr *address) {
    struct crowd_key key = key_of(address);
    struct crowd_member **link = (struct crowd_member **)member_find(crowd, &key);
    struct crowd_member *member = *link;
    if (member == NULL) {
        return;
    }
    crowd->total--;
    member->connections--;
    if (member->connections == 0) {
        *link = member->next;
        free(member);
    }
}

bool crowd_is_dense(const struct crowd *crowd) {
    size_t total_max = crowd->limits.total_max;
    return crowd->total >= total_max - total_max / CROWD_RESERVE_PART;
}

bool crowd_trusts(const struct crowd *crowd, const struct sockaddr *address) {
    char text[ADDRESS_TEXT_SIZE];
    if (crowd->limits.trusted_proxies[0] == '\0') {
        return false;
    }
    address_format(address, text);
    return list_holds(crowd->limits.trusted_proxies, text, strlen(text));
}

void address_format(const struct sockaddr *address, char out[ADDRESS_TEXT_SIZE]) {
    out[0] = '\0';
    if (address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out,
                  ADDRESS_TEXT_SIZE);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(in6);
        inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? in6->s6_addr + 12 : in6->s6_addr, out,
                  ADDRESS_TEXT_SIZE);
    }
}

bool list_holds(const char *list, const char *item, size_t item_size) {
    while (list != NULL && *list != '\0') {
        list += strspn(list, ", ");
        size_t size = strcspn(list, ", ");
        if (size > 0 && size == item_size && strncmp(list, item, size) == 0) {
            return true;
        }
        list += size;
    }
    return false;
}
