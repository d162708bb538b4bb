/* SPDX-License-Identifier: Apache-2.0 */
/* What the generated codec stands on. Private to it: others include "seatlog_codec.h". */
#ifndef SEATLOG_CODEC_SUPPORT_H
#define SEATLOG_CODEC_SUPPORT_H

#include "codec/arena.h"
#include "codec/read.h"
#include "codec/write.h"

/* Wire format: a zero byte and the schema's id, 4 bytes, most significant first. */
#define CODEC_PREFIX_SIZE ((size_t)5)

/* One registered schema as the codec knows it: generated. */
struct codec_entry {
    uint32_t id;
    uint32_t topic; /* of the generated topics, in their order */
    int kind;       /* of the topic's union */
    const struct codec_type *type;
};

struct codec;

/* Generated. */
extern const struct codec_entry codec_entries[];
extern const size_t codec_entries_count;
extern const char *const codec_topics[];

/* Reads the wire bytes into the union's member at *out; a schema of another topic is refused. On
 * true *entry says what was read, on false *reason why not. */
bool codec_read(struct arena *arena, struct octets wire, size_t topic, void *out, size_t *entry,
                struct text *reason);

/* Reads the head alone, which the records of a topic begin with, into *out. false: no record of the
 * topic, or none that begins as it must. */
bool codec_read_head(struct octets wire, size_t topic, void *out, size_t *entry);

/* The entry's record at in as wire bytes, in the codec's memory until its next use. */
struct octets codec_write(struct codec *codec, size_t entry, const void *in);

/* Looks an entry up by the schema's id. */
bool codec_entry_by_id(uint32_t id, size_t *entry);

#endif
