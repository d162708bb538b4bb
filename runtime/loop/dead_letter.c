/* SPDX-License-Identifier: Apache-2.0 */
/* What a dead letter says, cut where it must be. */
#include "runtime/loop/dead_letter.h"

#include "codec/utf8.h"
#include "runtime/base/error.h"

#include <stdio.h>
#include <string.h>

/* Together, with what a dead letter says besides, below the topic's max.message.bytes of 4 MiB. */
#define KEY_BYTES_MAX ((size_t)64 * 1024)
#define VALUE_BYTES_MAX ((size_t)3 * 1024 * 1024)

static struct octets cut(struct octets octets, size_t size_max) {
    return octets.size <= size_max ? octets : (struct octets){octets.data, size_max};
}

static struct text valid_text(const char *reason) {
    struct text text = {reason, strlen(reason)};
    for (int i = 0; i < 3 && text.size > 0 && !text_is_valid(text); i++) {
        text.size--;
    }
    return text_is_valid(text) ? text : TEXT_LITERAL("the reason is not valid text");
}

struct dead_letter_record dead_letter_of(const struct dead_letter_source *source,
                                         const char *daemon, const char *reason,
                                         char reason_buffer[DEAD_LETTER_REASON_SIZE]) {
    if (source->key.size > KEY_BYTES_MAX || source->value.size > VALUE_BYTES_MAX) {
        snprintf(reason_buffer, DEAD_LETTER_REASON_SIZE,
                 "(cut: key of %zu bytes, value of %zu) %.*s", source->key.size, source->value.size,
                 ERROR_MESSAGE_SIZE - 1, reason);
    } else {
        snprintf(reason_buffer, DEAD_LETTER_REASON_SIZE, "%.*s", ERROR_MESSAGE_SIZE - 1, reason);
    }
    return (struct dead_letter_record){.kind = DEAD_LETTER_RECORD_DEAD_LETTER,
                                       .as.dead_letter = {
                                           .topic = {source->topic, strlen(source->topic)},
                                           .partition = source->partition,
                                           .offset = source->offset,
                                           .daemon = {daemon, strlen(daemon)},
                                           .reason = valid_text(reason_buffer),
                                           .key = cut(source->key, KEY_BYTES_MAX),
                                           .value = cut(source->value, VALUE_BYTES_MAX),
                                           .at = source->timestamp_ms,
                                       }};
}
