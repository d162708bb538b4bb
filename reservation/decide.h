/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RESERVATION_DECIDE_H
#define SEATLOG_RESERVATION_DECIDE_H

/*
 * From the bytes of a record of seatlog.commands to the bytes of its events: the core with the
 * codec around it, and nothing else. The daemon, the auditor's replay and the simulator decide by
 * this one path, so that "byte for byte" is about the same code.
 */

#include "reservation/core/core.h"
#include "seatlog_codec.h"

struct reservation_input {
    int32_t partition;
    int32_t partition_count;
    int64_t offset;
    int64_t timestamp_ms; /* the broker's */
    struct octets key;
    struct octets value;
};

enum reservation_verdict {
    RESERVATION_DECIDED,
    RESERVATION_UNDECODABLE,    /* the record belongs to the dead letters, *reason says why */
    RESERVATION_WRONG_PARTITION /* Rejected */
};

/*
 * Decides one record. effects are filled; *command is what was decoded (not set when undecodable),
 * in the arena. *reason is valid as long as the arena's contents.
 */
enum reservation_verdict reservation_decide(struct reservation_core *core, struct codec *codec,
                                            struct arena *arena,
                                            const struct reservation_input *input,
                                            struct reservation_effects *effects,
                                            struct command *command, struct text *reason);

/*
 * For who decides history again: the next command is decided as the version did that its first
 * event names, but never as an older one than the core has folded; then the event differs. false:
 * there is no such version in this program.
 */
bool reservation_decide_again_as(struct reservation_core *core, int32_t named_version);

/*
 * Encodes and seals the effects one after the other: begin with chain from
 * reservation_decide_chain; each call gives the bytes of event `index` (valid until the codec's
 * next encode) and moves the chain on; end with reservation_decide_seal.
 */
struct hash reservation_decide_chain(const struct reservation_core *core,
                                     const struct reservation_effects *effects);
struct octets reservation_decide_encode(struct codec *codec,
                                        const struct reservation_effects *effects, size_t index,
                                        struct hash *chain);
void reservation_decide_seal(struct reservation_core *core,
                             const struct reservation_effects *effects, const struct hash *chain);

#endif
