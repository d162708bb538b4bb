/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the process is ready: what the daemon says, and what is watched for it. */
#include "runtime/loop/ready.h"

#include "runtime/base/error.h"
#include "runtime/loop/foundation.h"
#include "runtime/loop/stall.h"

#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t said_mutex = PTHREAD_MUTEX_INITIALIZER;
static char said[ERROR_MESSAGE_SIZE] = "starting"; /* empty when ready */

void ready_set(const char *reason) {
    pthread_mutex_lock(&said_mutex);
    snprintf(said, sizeof said, "%s", reason != NULL ? reason : "");
    pthread_mutex_unlock(&said_mutex);
}

bool ready_ask(struct buffer *reason) {
    struct buffer text = {0};
    bool away = foundation_reasons(&text);
    bool stuck = stall_reasons(&text);
    pthread_mutex_lock(&said_mutex);
    bool ready = said[0] == '\0';
    if (!ready) {
        buffer_append_format(&text, "%s%s", text.size > 0 ? "; " : "", said);
    }
    pthread_mutex_unlock(&said_mutex);
    if (reason != NULL && text.size > 0) {
        buffer_append(reason, text.data, text.size);
    } else if (reason != NULL) {
        buffer_append_text(reason, "");
    }
    buffer_deinit(&text);
    return ready && !away && !stuck;
}
