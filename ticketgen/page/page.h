/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEATLOG_TICKETGEN_PAGE_PAGE_H
#define SEATLOG_TICKETGEN_PAGE_PAGE_H

#include "seatlog_types.h"
#include "ticketgen/page/text.h"

#include <stdbool.h>
#include <stddef.h>

/* A5 upright, in points: fills a telephone's screen and prints on any sheet. */
#define TICKET_PAGE_WIDTH 419.53
#define TICKET_PAGE_HEIGHT 595.28

/* Draws the page of one ticket of the order. false: the QR code cannot be made. */
bool ticket_page_draw(struct page_text *text, const struct ticket_tickets_issued *issued,
                      size_t index, const char *issuer);

#endif
