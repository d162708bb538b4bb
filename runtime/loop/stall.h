/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_RUNTIME_LOOP_STALL_H
#define SEATLOG_RUNTIME_LOOP_STALL_H

#include "runtime/base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether the partitions we consume get on. A partition stands still while there is lag and what is
 * done of it does not grow. After stall_s_max seconds that shows everywhere: /readyz says which
 * partition, at which offset, for how long and why; the log has an alarm, once a minute; and the
 * metrics have it at once:
 *
 *   seatlog_partition_stalled_seconds{topic,partition}   since it last got on; 0 while it does
 *   seatlog_partition_retries{topic,partition}           failures in a row of what comes next
 *   seatlog_partition_retries_total                      all of them
 *
 * The loops say what they know, once a second and when something fails. The time is counted when it
 * is asked for, so that a loop which hangs in a call shows too.
 */
struct stall;

/* Of a partition, for the life of the process: asking again gives the same one. */
struct stall *stall_of(const char *topic, int32_t partition);

/* What is done (the offset after it), and how many records are left. */
void stall_update(struct stall *stall, int64_t done, int64_t lag);

/* What comes next, at the offset, has failed. */
void stall_failed(struct stall *stall, int64_t offset, const char *reason);

/* The partition is not ours any more. */
void stall_forget(struct stall *stall);

/* After how many seconds a partition counts as stuck; 60 until it is said. */
void stall_s_max_set(int64_t seconds);

/* Appends a sentence for each partition that is stuck; false: none is. */
bool stall_reasons(struct buffer *out);

/* The alarm in the log, where one is due; somebody calls this every few seconds. */
void stall_alarm(void);

#endif
