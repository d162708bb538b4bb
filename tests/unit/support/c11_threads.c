/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The C11 thread functions over POSIX ones, for the tsan preset alone: librdkafka uses them, and
 * the thread sanitizer intercepts only pthread_*: it crashes in a thread that it has not seen
 * begin, and sees races where a C11 mutex guards. Linked into every program, these take the place
 * of the C library's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

/* In glibc they are the same thing by another name. */
_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "mtx_t is not pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "cnd_t is not pthread_cond_t");

struct beginning {
    thrd_start_t start;
    void *argument;
};

static void *thread_begin(void *context) {
    struct beginning beginning = *(struct beginning *)context;
    free(context);
    return (void *)(intptr_t)beginning.start(beginning.argument);
}

static int code_of(int code) {
    return code == 0           ? thrd_success
           : code == ETIMEDOUT ? thrd_timedout
           : code == EBUSY     ? thrd_busy
           : code == ENOMEM    ? thrd_nomem
                               : thrd_error;
}

int thrd_create(thrd_t *thread, thrd_start_t start, void *argument) {
    struct beginning *beginning = malloc(sizeof *beginning);
    if (beginning == NULL) {
        return thrd_nomem;
    }
    *beginning = (struct beginning){.start = start, .argument = argument};
    int code = pthread_create((pthread_t *)thread, NULL, thread_begin, beginning);
    if (code != 0) {
        free(beginning);
    }
    return code_of(code);
}

int thrd_join(thrd_t thread, int *result) {
    void *value = NULL;
    int code = pthread_join((pthread_t)thread, &value);
    if (result != NULL) {
        *result = (int)(intptr_t)value;
    }
    return code_of(code);
}

int thrd_detach(thrd_t thread) { return code_of(pthread_detach((pthread_t)thread)); }

int mtx_init(mtx_t *mutex, int type) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if ((type & mtx_recursive) != 0) {
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    }
    int code = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return code_of(code);
}

int mtx_lock(mtx_t *mutex) { return code_of(pthread_mutex_lock((pthread_mutex_t *)mutex)); }

int mtx_trylock(mtx_t *mutex) { return code_of(pthread_mutex_trylock((pthread_mutex_t *)mutex)); }

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until) {
    return code_of(pthread_mutex_timedlock((pthread_mutex_t *)mutex, until));
}

int mtx_unlock(mtx_t *mutex) { return code_of(pthread_mutex_unlock((pthread_mutex_t *)mutex)); }

void mtx_destroy(mtx_t *mutex) { pthread_mutex_destroy((pthread_mutex_t *)mutex); }

int cnd_init(cnd_t *condition) {
    return code_of(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

int cnd_signal(cnd_t *condition) {
    return code_of(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition) {
    return code_of(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex) {
    return code_of(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex,
                  const struct timespec *restrict until) {
    return code_of(
        pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

void cnd_destroy(cnd_t *condition) { pthread_cond_destroy((pthread_cond_t *)condition); }
