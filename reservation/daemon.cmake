# SPDX-License-Identifier: Apache-2.0
#
# The daemon: the core and its adapters. Included by CMakeLists.txt.
add_library(seatlog_reservation_daemon STATIC
    reservation_daemon.c
    reservation_decide.c
    reservation_envelope.c
    reservation_heap.c
    reservation_kafka.c
    reservation_latest.c
    reservation_reader.c
    reservation_recovery.c
    reservation_show_map.c
    reservation_snapshot.c
    reservation_tick.c)
target_link_libraries(seatlog_reservation_daemon PUBLIC reservation_core seatlog_runtime)

add_executable(seatlog-reservation main.c)
target_link_libraries(seatlog-reservation PRIVATE seatlog_reservation_daemon)
