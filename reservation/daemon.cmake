# SPDX-License-Identifier: Apache-2.0
#
# The daemon: the core and its adapters. Included by CMakeLists.txt.
add_library(seatlog_reservation_daemon STATIC
    daemon/daemon.c
    decide.c
    daemon/envelope.c
    daemon/heap.c
    daemon/kafka.c
    daemon/latest.c
    daemon/reader.c
    daemon/recovery.c
    daemon/show_map.c
    daemon/snapshot.c
    daemon/tick.c)
target_link_libraries(seatlog_reservation_daemon PUBLIC reservation_core seatlog_runtime)

add_executable(seatlog-reservation main.c)
target_link_libraries(seatlog-reservation PRIVATE seatlog_reservation_daemon)
