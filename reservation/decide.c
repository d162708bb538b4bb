/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in, bytes out: a command as on the log becomes events as on the log. */

#include "reservation/decide.h"

#include "runtime/base/identity.h"
#include "runtime/kafka/kafka.h"

#include <string.h>

#define KEY_SIZE (UUID_TEXT_SIZE - 1)

static bool key_is_of(struct octets key, const struct uuid *show_id) {
    char text[UUID_TEXT_SIZE];
    return key.size == KEY_SIZE && memcmp(uuid_format(show_id, text), key.data, KEY_SIZE) == 0;
}

static enum reservation_verdict undecodable(struct reservation_core *core,
                                            const struct reservation_input *input,
                                            const struct hash *command_hash, struct text reason,
                                            struct reservation_effects *effects) {
    struct uuid show_id;
    if (!uuid_parse((const char *)input->key.data, input->key.size, &show_id)) {
        show_id = (struct uuid){{0}};
    }
    reservation_core_undecodable(core, &show_id, input->timestamp_ms, input->offset, command_hash,
                                 reason, effects);
    return RESERVATION_UNDECODABLE;
}

enum reservation_verdict reservation_decide(struct reservation_core *core, struct codec *codec,
                                            struct arena *arena,
                                            const struct reservation_input *input,
                                            struct reservation_effects *effects,
                                            struct command *command, struct text *reason) {
    struct reservation_record record = {
        .command = command,
        .broker_timestamp_ms = input->timestamp_ms,
        .offset = input->offset,
    };
    octets_hash(input->value, &record.command_hash);
    if (!codec_command_decode(codec, arena, input->value, command, reason)) {
        *reason = arena_text_copy(arena, *reason);
        return undecodable(core, input, &record.command_hash, *reason, effects);
    }
    if (!key_is_of(input->key, &command->as.head.show_id)) {
        *reason = arena_text_copy_string(arena, "the key is not the show's id");
        return undecodable(core, input, &record.command_hash, *reason, effects);
    }
    if (kafka_partition_of(input->key.data, input->key.size, input->partition_count) !=
        input->partition) {
        reservation_core_rejected(core, &record, REJECTION_REASON_WRONG_PARTITION, effects);
        return RESERVATION_WRONG_PARTITION;
    }
    reservation_core_step(core, &record, effects);
    return RESERVATION_DECIDED;
}

bool reservation_decide_again_as(struct reservation_core *core, int32_t named_version) {
    if (named_version < 1 || named_version > RESERVATION_LOGIC_VERSION) {
        return false;
    }
    int32_t folded_version = reservation_core_logic_version(core);
    reservation_core_decide_as(core,
                               named_version > folded_version ? named_version : folded_version);
    return true;
}

struct hash reservation_decide_chain(const struct reservation_core *core,
                                     const struct reservation_effects *effects) {
    if (effects->show == NULL) {
        return (struct hash){{0}};
    }
    return reservation_core_chain_get(core, effects->show);
}

struct octets reservation_decide_encode(struct codec *codec,
                                        const struct reservation_effects *effects, size_t index,
                                        struct hash *chain) {
    const struct event *event = &effects->events[index];
    if (event->as.head.seq == 0) {
        return codec_event_encode(codec, event);
    }
    return codec_event_encode_sealed(codec, event, chain, chain);
}

void reservation_decide_seal(struct reservation_core *core,
                             const struct reservation_effects *effects, const struct hash *chain) {
    if (effects->show != NULL) {
        reservation_core_chain_set(core, effects->show, chain);
    }
}
