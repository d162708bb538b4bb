/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the process is to end: asked by a signal or from within, seen by all threads. */
#include "runtime/loop/process.h"

#include "runtime/base/backoff.h"
#include "runtime/base/error.h"
#include "runtime/base/random.h"
#include "runtime/base/time.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EXIT_DRAIN_TIMEOUT 3
#define EXIT_SIGNAL_BASE 128

static atomic_bool stop_flag;
static atomic_int stop_status;
static atomic_int stop_descriptor = -1;
static atomic_int stop_signals;
static atomic_int drain_s_max = 20;

bool daemon_stopping(void) { return atomic_load(&stop_flag); }

int daemon_stop_descriptor(void) { return atomic_load(&stop_descriptor); }

/* Only what a signal handler may do. The descriptor is never read, so it stays readable for all. */
static void stop_begin(void) {
    if (!atomic_exchange(&stop_flag, true)) {
        uint64_t one = 1;
        int descriptor = atomic_load(&stop_descriptor);
        if (descriptor >= 0 && write(descriptor, &one, sizeof one) < 0) {
            _exit(EXIT_FAILURE); /* cannot be: an eventfd takes a first 1 */
        }
        alarm((unsigned)atomic_load(&drain_s_max));
    }
}

void daemon_stop(int status) {
    int none = 0;
    atomic_compare_exchange_strong(&stop_status, &none, status);
    stop_begin();
}

static void on_stop_signal(int number) {
    if (atomic_fetch_add(&stop_signals, 1) > 0) {
        _exit(EXIT_SIGNAL_BASE + number);
    }
    stop_begin();
}

static void on_alarm(int number) {
    (void)number;
    static const char line[] = "level=error message=\"did not drain in time: ending as it is\"\n";
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0) {
        _exit(EXIT_DRAIN_TIMEOUT);
    }
    _exit(EXIT_DRAIN_TIMEOUT);
}

void process_begin(void) {
    atomic_store(&stop_flag, false);
    atomic_store(&stop_status, 0);
    atomic_store(&stop_signals, 0);
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) {
        die("cannot create an event descriptor");
    }
    atomic_store(&stop_descriptor, descriptor);

    struct sigaction action = {.sa_handler = on_stop_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool daemon_sleep_ms(int duration_ms) {
    int64_t end_ms = clock_monotonic_ms() + duration_ms;
    while (!daemon_stopping()) {
        int64_t rest_ms = end_ms - clock_monotonic_ms();
        if (rest_ms <= 0) {
            return false;
        }
        struct pollfd waiter = {.fd = daemon_stop_descriptor(), .events = POLLIN};
        poll(&waiter, 1, (int)rest_ms);
    }
    return true;
}

int backoff_ms(int failures, int base_ms, int maximum_ms) {
    return backoff_delay_ms(failures, base_ms, maximum_ms, random_below(UINT32_MAX));
}

void process_drain_s_max_set(int seconds) { atomic_store(&drain_s_max, seconds); }

int process_stop_status(void) { return atomic_load(&stop_status); }
