/* SPDX-License-Identifier: Apache-2.0 */
/* Which records were set aside, so that what lacks because of them is told apart. */
#include "replay/verify/dead_letters.h"

#include "codec/arena.h"
#include "runtime/kafka/kafka.h"
#include "seatlog_codec.h"

#include <stdlib.h>
#include <string.h>

struct letter {
    const char *daemon;
    const char *topic;
    const char *reason;
    int32_t partition;
    int64_t offset;
};

struct replay_dead_letters {
    struct arena arena; /* of the texts */
    struct letter *letters;
    size_t count;
    size_t capacity;
};

static void letter_keep(struct replay_dead_letters *all, const struct dead_letter *letter) {
    if (all->count == all->capacity) {
        all->capacity = all->capacity > 0 ? 2 * all->capacity : 16;
        all->letters = reallocate(all->letters, all->capacity * sizeof all->letters[0]);
    }
    all->letters[all->count++] = (struct letter){
        .daemon = arena_text_copy(&all->arena, letter->daemon).data,
        .topic = arena_text_copy(&all->arena, letter->topic).data,
        .reason = arena_text_copy(&all->arena, letter->reason).data,
        .partition = letter->partition,
        .offset = letter->offset,
    };
}

static bool partition_read(struct replay_dead_letters *all, struct replay_log *log,
                           int32_t partition, struct error *error) {
    struct replay_reader *reader = replay_reader_new(log, TOPIC_DEAD_LETTERS, partition, error);
    if (reader == NULL) {
        return false;
    }
    struct codec *codec = codec_new();
    struct arena arena;
    arena_init(&arena);
    struct replay_record record;
    enum replay_read read;
    while ((read = replay_reader_next(reader, &record, error)) == REPLAY_READ_RECORD) {
        struct dead_letter_record letter;
        struct text reason;
        arena_reset(&arena);
        if (codec_dead_letter_record_decode(codec, &arena, record.value, &letter, &reason)) {
            letter_keep(all, &letter.as.dead_letter);
        }
    }
    arena_deinit(&arena);
    codec_free(codec);
    replay_reader_free(reader);
    return read == REPLAY_READ_END;
}

struct replay_dead_letters *replay_dead_letters_load(const struct replay_context *context,
                                                     struct error *error) {
    struct replay_dead_letters *all = allocate_zeroed(1, sizeof *all);
    struct error none = {0};
    int32_t count = replay_log_partitions(context->log, TOPIC_DEAD_LETTERS, &none);
    for (int32_t i = 0; i < count; i++) {
        if (!partition_read(all, context->log, i, error)) {
            replay_dead_letters_free(all);
            return NULL;
        }
    }
    return all;
}

void replay_dead_letters_free(struct replay_dead_letters *letters) {
    if (letters == NULL) {
        return;
    }
    free(letters->letters);
    arena_deinit(&letters->arena);
    free(letters);
}

const char *replay_dead_letters_reason(const struct replay_dead_letters *letters,
                                       const char *daemon, const char *topic, int32_t partition,
                                       int64_t offset) {
    for (size_t i = letters->count; i > 0; i--) { /* the last word counts */
        const struct letter *letter = &letters->letters[i - 1];
        if (letter->offset == offset && letter->partition == partition &&
            strcmp(letter->topic, topic) == 0 && strcmp(letter->daemon, daemon) == 0) {
            return letter->reason;
        }
    }
    return NULL;
}
