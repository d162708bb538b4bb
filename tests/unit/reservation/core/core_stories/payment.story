== Authorize, book, capture
at 10:00 Ada reserves A1 A2 as r1
  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 20.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 20.00 USD
  4 Secured r1/1 of Ada: pay-1, 20.00 USD, A1 A2
at 10:03 payment captured r1/1 as pay-1, 20.00 USD
  5 Sold r1/1 of Ada: pay-1, 20.00 USD, Stalls (Best, 10.00) A1 A2 of Ghost
at 10:30 tick
  6 Noted TICK - of -: NONE

== Prices of several sections add up
at 10:00 Ada reserves A1 D1 G1 as r1
  2 Reserved r1 for Ada: NAMED A1 D1 G1, 17.50 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 17.50 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 17.50 USD
  4 Secured r1/1 of Ada: pay-1, 17.50 USD, A1 D1 G1
at 10:03 payment captured r1/1 as pay-1, 17.50 USD
  5 Sold r1/1 of Ada: pay-1, 17.50 USD, Stalls (Best, 10.00) A1 Balcony (Good, 7.50) D1 Gallery (Gift, 0.00) G1 of Ghost

== A general section's places have no names
at 10:00 Ada reserves 3 on Floor as r1
  2 Reserved r1 for Ada: GENERAL 3 in section 2, 15.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 15.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 15.00 USD
  4 Secured r1/1 of Ada: pay-1, 15.00 USD, 3 in section 2
at 10:03 payment captured r1/1 as pay-1, 15.00 USD
  5 Sold r1/1 of Ada: pay-1, 15.00 USD, Floor (Standing, 5.00) * * * of Ghost

== Nothing to pay: sold at once, and given back at once
at 10:00 Ada reserves G1 G2 as r1
  2 Reserved r1 for Ada: NAMED G1 G2, 0.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 Sold r1/0 of Ada: , 0.00 USD, Gallery (Gift, 0.00) G1 G2 of Ghost
at 10:01 Ada pays r1 with card-1
  4 Noted PAY r1 of Ada: SOLD NAMED G1 G2, 0.00 USD
at 10:02 Ada cancels r1
  5 OrderCancelled r1 of Ada: BUYER, , 0.00 USD, Gallery (Gift, 0.00) G1 G2 of Ghost
  6 Refunded r1#0 to Ada: , 0.00 USD, now REFUNDED, Gallery (Gift, 0.00) G1 G2 of Ghost
at 10:02 Ada cancels r1
  7 Noted CANCEL r1 of Ada: REFUNDED NAMED G1 G2, 0.00 USD
at 10:03 Bob reserves G1 as r2
  8 Reserved r2 for Bob: NAMED G1, 0.00 USD, until 10:13
at 10:03 Otto retries r1
  9 Noted RETRY_REFUND r1 of Ada: REFUNDED NAMED G1 G2, 0.00 USD

== A repeated Pay is the same Pay; another source has to wait
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  4 Noted PAY r1 of Ada: PAYING NAMED A1, 10.00 USD, until 10:10, attempt 1
at 10:01 Ada pays r1 with card-2
  5 Refused PAY r1 of Ada: PAYMENT_IN_PROGRESS, now PAYING
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  6 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:02 Ada pays r1 with card-1
  7 Noted PAY r1 of Ada: SECURED NAMED A1, 10.00 USD, attempt 1
at 10:02 Ada pays r1 with card-2
  8 Refused PAY r1 of Ada: NOT_PAYABLE, now SECURED

== Declined: back to the hold, and another card
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment declined r1/1: CARD_DECLINED
  4 PaymentDeclined r1/1 of Ada: CARD_DECLINED, now HELD, 2 left, until 10:10
at 10:02 payment declined r1/1: CARD_DECLINED
  5 Noted PAYMENT_DECLINED r1 of Ada: HELD NAMED A1, 10.00 USD, until 10:10, attempt 1, CARD_DECLINED
at 10:03 Ada pays r1 with card-1
  6 Noted PAY r1 of Ada: HELD NAMED A1, 10.00 USD, until 10:10, attempt 1, CARD_DECLINED
at 10:03 Ada pays r1 with card-2
  7 PaymentRequested r1/2 of Ada: card-2, 10.00 USD, until 10:10
at 10:04 payment declined r1/2: CVV_FAILURE
  8 PaymentDeclined r1/2 of Ada: CVV_FAILURE, now HELD, 1 left, until 10:10
at 10:05 Ada pays r1 with card-3
  9 PaymentRequested r1/3 of Ada: card-3, 10.00 USD, until 10:10
at 10:06 payment declined r1/3: INSUFFICIENT_FUNDS
 10 PaymentDeclined r1/3 of Ada: INSUFFICIENT_FUNDS, now HELD, 0 left, until 10:10
at 10:06 Ada pays r1 with card-4
 11 Refused PAY r1 of Ada: ATTEMPTS_EXHAUSTED, now HELD
at 10:06 Ada pays r1 with card-2
 12 Noted PAY r1 of Ada: HELD NAMED A1, 10.00 USD, until 10:10, attempt 3, INSUFFICIENT_FUNDS
at 10:15 tick
 13 HoldsExpired r1 of Ada (HELD) A1

== The third attempt may succeed
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:01 payment declined r1/1: CARD_DECLINED
  4 PaymentDeclined r1/1 of Ada: CARD_DECLINED, now HELD, 2 left, until 10:10
at 10:02 Ada pays r1 with card-2
  5 PaymentRequested r1/2 of Ada: card-2, 10.00 USD, until 10:10
at 10:02 payment declined r1/2: CARD_DECLINED
  6 PaymentDeclined r1/2 of Ada: CARD_DECLINED, now HELD, 1 left, until 10:10
at 10:03 Ada pays r1 with card-3
  7 PaymentRequested r1/3 of Ada: card-3, 10.00 USD, until 10:10
at 10:03 payment authorized r1/3 as pay-3, 10.00 USD
  8 Secured r1/3 of Ada: pay-3, 10.00 USD, A1
at 10:03 payment captured r1/3 as pay-3, 10.00 USD
  9 Sold r1/3 of Ada: pay-3, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost

== Paying late in a hold moves its end, once
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:04:59 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:05 payment declined r1/1: CARD_DECLINED
  4 PaymentDeclined r1/1 of Ada: CARD_DECLINED, now HELD, 2 left, until 10:10
at 10:08 Ada pays r1 with card-2
  5 PaymentRequested r1/2 of Ada: card-2, 10.00 USD, until 10:13
at 10:09 payment declined r1/2: CARD_DECLINED
  6 PaymentDeclined r1/2 of Ada: CARD_DECLINED, now HELD, 1 left, until 10:13
at 10:12 Ada pays r1 with card-3
  7 PaymentRequested r1/3 of Ada: card-3, 10.00 USD, until 10:13
at 10:12:59.999 tick
  8 Noted TICK - of -: NONE
at 10:13 tick
  9 HoldsExpired r1 of Ada (PAYING) A1

== Holds of moved and unmoved ends expire in one order
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Bob reserves A2 as r2
  3 Reserved r2 for Bob: NAMED A2, 10.00 USD, until 10:11
at 10:06 Cy reserves A3 as r3
  4 Reserved r3 for Cy: NAMED A3, 10.00 USD, until 10:16
at 10:07 Di reserves A4 as r4
  5 Reserved r4 for Di: NAMED A4, 10.00 USD, until 10:17
at 10:08 Ada pays r1 with card-1
  6 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:13
at 10:11 Eve reserves A2 as r5
  7 HoldsExpired r2 of Bob (HELD) A2
  8 Reserved r5 for Eve: NAMED A2, 10.00 USD, until 10:21
at 10:12 Eve reserves A2 as r5
  9 Noted RESERVE r5 of Eve: HELD NAMED A2, 10.00 USD, until 10:21
at 10:18 tick
 10 HoldsExpired r1 of Ada (PAYING) A1; r3 of Cy (HELD) A3; r4 of Di (HELD) A4

== Sources that are not taken
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with ""
  3 Refused PAY r1 of Ada: INVALID_SOURCE, now HELD
at 10:01 Ada pays r1 with ccof:stored
  4 Refused PAY r1 of Ada: INVALID_SOURCE, now HELD
at 10:01 Ada pays r1 with x*256
  5 Refused PAY r1 of Ada: INVALID_SOURCE, now HELD
at 10:01 Bob pays r1 with card-1
  6 Refused PAY r1 of Bob: NOT_YOURS
at 10:01 Ada pays r2 with card-1
  7 Refused PAY r2 of Ada: NO_SUCH_RESERVATION
at 10:01 Ada pays r1 with x*255
  8 PaymentRequested r1/1 of Ada: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 10.00 USD, until 10:10

== Paying after the hold
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:00 Bob reserves A2 as r2
  3 Reserved r2 for Bob: NAMED A2, 10.00 USD, until 10:10
at 10:01 Bob releases r2
  4 Released r2 of Bob: BUYER, A2
at 10:10 Ada pays r1 with card-1
  5 HoldsExpired r1 of Ada (HELD) A1
  6 Refused PAY r1 of Ada: RESERVATION_EXPIRED, now RELEASED
at 10:10 Bob pays r2 with card-1
  7 Refused PAY r2 of Bob: RESERVATION_RELEASED, now RELEASED

== Expired while paying: the authorization finds its seats still free
at 10:00 Ada reserves A1 A2 as r1
  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
at 10:09 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 20.00 USD, until 10:14
at 10:14 tick
  4 HoldsExpired r1 of Ada (PAYING) A1 A2
at 10:15 Ada pays r1 with card-1
  5 Refused PAY r1 of Ada: RESERVATION_EXPIRED, now RELEASED
at 10:15 payment authorized r1/1 as pay-1, 20.00 USD
  6 Secured r1/1 of Ada: pay-1, 20.00 USD, A1 A2, reseated
at 10:15 Bob reserves A1 as r2
  7 Refused RESERVE r2 of Bob: SEATS_TAKEN A1
at 10:16 payment captured r1/1 as pay-1, 20.00 USD
  8 Sold r1/1 of Ada: pay-1, 20.00 USD, Stalls (Best, 10.00) A1 A2 of Ghost

== The same in a general section
at 10:00 Ada reserves 6 on Floor as r1
  2 Reserved r1 for Ada: GENERAL 6 in section 2, 30.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 30.00 USD, until 10:10
at 10:10 Bob reserves 4 on Floor as r2
  4 HoldsExpired r1 of Ada (PAYING) 6 in section 2
  5 Reserved r2 for Bob: GENERAL 4 in section 2, 20.00 USD, until 10:20
at 10:11 payment authorized r1/1 as pay-1, 30.00 USD
  6 Secured r1/1 of Ada: pay-1, 30.00 USD, 6 in section 2, reseated
at 10:11 Cy reserves 1 on Floor as r3
  7 Refused RESERVE r3 of Cy: NOT_AVAILABLE, free 0

== One of the seats is gone: voided, and the buyer is told
at 10:00 Ada reserves A1 A2 as r1
  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 20.00 USD, until 10:10
at 10:10 Bob reserves A2 A3 as r2
  4 HoldsExpired r1 of Ada (PAYING) A1 A2
  5 Reserved r2 for Bob: NAMED A2 A3, 20.00 USD, until 10:20
at 10:11 payment authorized r1/1 as pay-1, 20.00 USD
  6 VoidRequested r1/1 of Ada: pay-1, 20.00 USD, SEATS_TAKEN, now RELEASED, Stalls (Best, 10.00) A1 A2 of Ghost
at 10:11 payment authorized r1/1 as pay-1, 20.00 USD
  7 Noted PAYMENT_AUTHORIZED r1 of Ada: RELEASED NAMED A1 A2, 20.00 USD, attempt 1
at 10:12 payment voided r1/1 as pay-1
  8 Voided r1/1 of Ada: pay-1, 20.00 USD, now RELEASED, Stalls (Best, 10.00) A1 A2 of Ghost
at 10:12 payment voided r1/1 as pay-1
  9 Noted PAYMENT_VOIDED r1 of Ada: RELEASED NAMED A1 A2, 20.00 USD, attempt 1
at 10:12 payment authorized r1/1 as pay-1, 20.00 USD
 10 Noted PAYMENT_AUTHORIZED r1 of Ada: RELEASED NAMED A1 A2, 20.00 USD, attempt 1

== Not enough places of the general section are left
at 10:00 Ada reserves 6 on Floor as r1
  2 Reserved r1 for Ada: GENERAL 6 in section 2, 30.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 30.00 USD, until 10:10
at 10:10 Bob reserves 5 on Floor as r2
  4 HoldsExpired r1 of Ada (PAYING) 6 in section 2
  5 Reserved r2 for Bob: GENERAL 5 in section 2, 25.00 USD, until 10:20
at 10:11 payment authorized r1/1 as pay-1, 30.00 USD
  6 VoidRequested r1/1 of Ada: pay-1, 30.00 USD, SEATS_TAKEN, now RELEASED, Floor (Standing, 5.00) * * * * * * of Ghost

== The buyer has taken others since
at 10:00 Ada reserves A1 A2 A3 as r1
  2 Reserved r1 for Ada: NAMED A1 A2 A3, 30.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 30.00 USD, until 10:10
at 10:10 Ada reserves B1 B2 B3 B4 as r2
  4 HoldsExpired r1 of Ada (PAYING) A1 A2 A3
  5 Reserved r2 for Ada: NAMED B1 B2 B3 B4, 40.00 USD, until 10:20
at 10:11 payment authorized r1/1 as pay-1, 30.00 USD
  6 VoidRequested r1/1 of Ada: pay-1, 30.00 USD, LIMIT_EXCEEDED, now RELEASED, Stalls (Best, 10.00) A1 A2 A3 of Ghost

== The buyer let go while paying
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 Ada releases r1
  4 Released r1 of Ada: BUYER, A1
at 10:03 payment authorized r1/1 as pay-1, 10.00 USD
  5 VoidRequested r1/1 of Ada: pay-1, 10.00 USD, BUYER_RELEASED, now RELEASED, Stalls (Best, 10.00) A1 of Ghost
at 10:04 payment voided r1/1 as pay-1
  6 Voided r1/1 of Ada: pay-1, 10.00 USD, now RELEASED, Stalls (Best, 10.00) A1 of Ghost

== The buyer lets go after the hold has ended: no places, but the authorization is voided
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:10 Bob reserves A1 as r2
  4 HoldsExpired r1 of Ada (PAYING) A1
  5 Reserved r2 for Bob: NAMED A1, 10.00 USD, until 10:20
at 10:10 Ada releases r1
  6 Released r1 of Ada: BUYER, nothing
at 10:10 Ada releases r1
  7 Noted RELEASE r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1
at 10:10 Bob releases r2
  8 Released r2 of Bob: BUYER, A1
at 10:11 payment authorized r1/1 as pay-1, 10.00 USD
  9 VoidRequested r1/1 of Ada: pay-1, 10.00 USD, BUYER_RELEASED, now RELEASED, Stalls (Best, 10.00) A1 of Ghost

== Let go after the hold has ended, with nothing under way
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment declined r1/1: CARD_DECLINED
  4 PaymentDeclined r1/1 of Ada: CARD_DECLINED, now HELD, 2 left, until 10:10
at 10:10 Ada releases r1
  5 HoldsExpired r1 of Ada (HELD) A1
  6 Noted RELEASE r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1, CARD_DECLINED

== The show is over by then
at 19:59 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 20:09
at 20:00 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 20:09
at 21:59 tick
  4 HoldsExpired r1 of Ada (PAYING) A1
at 22:00 payment authorized r1/1 as pay-1, 10.00 USD
  5 VoidRequested r1/1 of Ada: pay-1, 10.00 USD, SHOW_OVER, now RELEASED, Stalls (Best, 10.00) A1 of Ghost

== The last moment of the show is not over
at 19:59 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 20:09
at 20:00 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 20:09
at 21:59:59.999 payment authorized r1/1 as pay-1, 10.00 USD
  4 HoldsExpired r1 of Ada (PAYING) A1
  5 Secured r1/1 of Ada: pay-1, 10.00 USD, A1, reseated

== Declined after the hold has ended
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:10 tick
  4 HoldsExpired r1 of Ada (PAYING) A1
at 10:11 payment declined r1/1: CARD_DECLINED
  5 PaymentDeclined r1/1 of Ada: CARD_DECLINED, now RELEASED, 2 left, until never
at 10:11 payment declined r1/1: CARD_DECLINED
  6 Noted PAYMENT_DECLINED r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1, CARD_DECLINED
at 10:12 payment authorized r1/1 as pay-1, 10.00 USD
  7 VoidRequested r1/1 of Ada: pay-1, 10.00 USD, ATTEMPT_DECLINED, now RELEASED, Stalls (Best, 10.00) A1 of Ghost

== Authorized in the same moment as the hold ends: it has ended, and comes back
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:10 payment authorized r1/1 as pay-1, 10.00 USD
  4 HoldsExpired r1 of Ada (PAYING) A1
  5 Secured r1/1 of Ada: pay-1, 10.00 USD, A1, reseated

== Another amount than asked: the attempt is lost, the money let go
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 9.99 USD
  4 PaymentDeclined r1/1 of Ada: WRONG_AMOUNT, now HELD, 2 left, until 10:10
  5 VoidRequested r1/1 of Ada: pay-1, 9.99 USD, WRONG_AMOUNT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:03 payment voided r1/1 as pay-1
  6 Voided r1/1 of Ada: pay-1, 9.99 USD, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:03 Ada pays r1 with card-2
  7 PaymentRequested r1/2 of Ada: card-2, 10.00 USD, until 10:10
at 10:04 payment authorized r1/2 as pay-2, 10.00 GBP
  8 PaymentDeclined r1/2 of Ada: WRONG_AMOUNT, now HELD, 1 left, until 10:10
  9 VoidRequested r1/2 of Ada: pay-2, 10.00 GBP, WRONG_AMOUNT, now HELD, Stalls (Best, 10.00) A1 of Ghost

== Another amount, after the hold has ended
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:10 tick
  4 HoldsExpired r1 of Ada (PAYING) A1
at 10:11 payment authorized r1/1 as pay-1, 9.99 USD
  5 VoidRequested r1/1 of Ada: pay-1, 9.99 USD, WRONG_AMOUNT, now RELEASED, Stalls (Best, 10.00) A1 of Ghost

== A second payment of an attempt, one of an attempt never made
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:02 payment authorized r1/1 as pay-2, 10.00 USD
  5 VoidRequested r1/1 of Ada: pay-2, 10.00 USD, DUPLICATE_PAYMENT, now SECURED, Stalls (Best, 10.00) A1 of Ghost
at 10:02 payment authorized r1/2 as pay-3, 10.00 USD
  6 VoidRequested r1/2 of Ada: pay-3, 10.00 USD, UNKNOWN_ATTEMPT, now SECURED, Stalls (Best, 10.00) A1 of Ghost
at 10:02 payment authorized r1/0 as pay-4, 10.00 USD
  7 VoidRequested r1/0 of Ada: pay-4, 10.00 USD, UNKNOWN_ATTEMPT, now SECURED, Stalls (Best, 10.00) A1 of Ghost
at 10:02 payment authorized r2/1 as pay-5, 10.00 USD
  8 VoidRequested r2/1 of -: pay-5, 10.00 USD, UNKNOWN_ATTEMPT, now NONE, no place of Ghost
at 10:03 payment voided r1/1 as pay-2
  9 Voided r1/1 of Ada: pay-2, 10.00 USD, now SECURED, Stalls (Best, 10.00) A1 of Ghost
at 10:03 payment voided r1/2 as pay-3
 10 Voided r1/2 of Ada: pay-3, 10.00 USD, now SECURED, Stalls (Best, 10.00) A1 of Ghost
at 10:03 payment voided r1/0 as pay-4
 11 Voided r1/0 of Ada: pay-4, 10.00 USD, now SECURED, Stalls (Best, 10.00) A1 of Ghost
at 10:03 payment voided r2/1 as pay-5
 12 Noted PAYMENT_VOIDED r2 of -: NONE
at 10:04 payment captured r1/1 as pay-1, 10.00 USD
 13 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost

== A declined attempt is authorized all the same
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment declined r1/1: CARD_DECLINED
  4 PaymentDeclined r1/1 of Ada: CARD_DECLINED, now HELD, 2 left, until 10:10
at 10:02 Ada pays r1 with card-2
  5 PaymentRequested r1/2 of Ada: card-2, 10.00 USD, until 10:10
at 10:03 payment authorized r1/1 as pay-1, 10.00 USD
  6 VoidRequested r1/1 of Ada: pay-1, 10.00 USD, ATTEMPT_DECLINED, now PAYING, Stalls (Best, 10.00) A1 of Ghost
at 10:03 payment authorized r1/2 as pay-2, 10.00 USD
  7 Secured r1/2 of Ada: pay-2, 10.00 USD, A1
at 10:04 payment voided r1/1 as pay-1
  8 Voided r1/1 of Ada: pay-1, 10.00 USD, now SECURED, Stalls (Best, 10.00) A1 of Ghost

== An attempt that will be made is not mistaken for one that turned up
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 payment authorized r1/1 as odd-1, 10.00 USD
  3 VoidRequested r1/1 of Ada: odd-1, 10.00 USD, UNKNOWN_ATTEMPT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:02 Ada pays r1 with card-1
  4 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:03 payment authorized r1/1 as odd-1, 10.00 USD
  5 Noted PAYMENT_AUTHORIZED r1 of Ada: PAYING NAMED A1, 10.00 USD, until 10:10, attempt 1
at 10:03 payment authorized r1/1 as pay-1, 10.00 USD
  6 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:04 payment captured r1/1 as pay-1, 10.00 USD
  7 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost

== More payments turn up than are remembered
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 payment authorized r1/7 as odd-1, 10.00 USD
  3 VoidRequested r1/7 of Ada: odd-1, 10.00 USD, UNKNOWN_ATTEMPT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:01 payment authorized r1/7 as odd-2, 10.00 USD
  4 VoidRequested r1/7 of Ada: odd-2, 10.00 USD, UNKNOWN_ATTEMPT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:01 payment authorized r1/7 as odd-3, 10.00 USD
  5 VoidRequested r1/7 of Ada: odd-3, 10.00 USD, UNKNOWN_ATTEMPT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:01 payment authorized r1/7 as odd-4, 10.00 USD
  6 VoidRequested r1/7 of Ada: odd-4, 10.00 USD, UNKNOWN_ATTEMPT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:01 payment authorized r1/7 as odd-5, 10.00 USD
  7 VoidRequested r1/7 of Ada: odd-5, 10.00 USD, UNKNOWN_ATTEMPT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:01 payment authorized r1/7 as odd-6, 10.00 USD
  8 VoidRequested r1/7 of Ada: odd-6, 10.00 USD, UNKNOWN_ATTEMPT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:01 payment authorized r1/7 as odd-6, 10.00 USD
  9 VoidRequested r1/7 of Ada: odd-6, 10.00 USD, UNKNOWN_ATTEMPT, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:01 payment voided r1/7 as odd-6
 10 Noted PAYMENT_VOIDED r1 of Ada: HELD NAMED A1, 10.00 USD, until 10:10
at 10:01 payment voided r1/7 as odd-5
 11 Voided r1/7 of Ada: odd-5, 10.00 USD, now HELD, Stalls (Best, 10.00) A1 of Ghost
at 10:02 Ada pays r1 with card-1
 12 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:03 payment authorized r1/1 as pay-1, 10.00 USD
 13 Secured r1/1 of Ada: pay-1, 10.00 USD, A1

== The capture fails for good: the seats go back
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:03 capture failed r1/1 as pay-1: EXPIRED
  5 CaptureFailed r1/1 of Ada: pay-1, 10.00 USD, EXPIRED, Stalls (Best, 10.00) A1 of Ghost
at 10:03 capture failed r1/1 as pay-1: EXPIRED
  6 Noted CAPTURE_FAILED r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1, EXPIRED
at 10:04 Bob reserves A1 as r2
  7 Reserved r2 for Bob: NAMED A1, 10.00 USD, until 10:14
at 10:04 Ada pays r1 with card-2
  8 Refused PAY r1 of Ada: RESERVATION_RELEASED, now RELEASED

== The provider let go what was to be captured
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at day 1 10:02 payment voided r1/1 as pay-1
  5 CaptureFailed r1/1 of Ada: pay-1, 10.00 USD, VOIDED, Stalls (Best, 10.00) A1 of Ghost

== Another amount was captured: no ticket, all of it goes back
at 10:00 Ada reserves A1 A2 as r1
  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 20.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 20.00 USD
  4 Secured r1/1 of Ada: pay-1, 20.00 USD, A1 A2
at 10:03 payment captured r1/1 as pay-1, 12.00 USD
  5 OrderCancelled r1 of Ada: WRONG_AMOUNT, pay-1, 12.00 USD, Stalls (Best, 10.00) A1 A2 of Ghost
  6 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 12.00 USD, now REFUNDING
at 10:03 payment captured r1/1 as pay-1, 12.00 USD
  7 Noted PAYMENT_CAPTURED r1 of Ada: REFUNDING NAMED A1 A2, 20.00 USD, attempt 1
at 10:04 refund completed r1#1 as ref-1, 12.00 USD
  8 Refunded r1#1 to Ada: ref-1, 12.00 USD, now REFUNDED, Stalls (Best, 10.00) A1 A2 of Ghost

== Captured though nobody had booked it
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment captured r1/1 as pay-1, 10.00 USD
  4 PaymentDeclined r1/1 of Ada: CAPTURED_UNASKED, now HELD, 2 left, until 10:10
  5 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 10.00 USD, now HELD
at 10:02 payment captured r1/1 as pay-1, 10.00 USD
  6 Noted PAYMENT_CAPTURED r1 of Ada: HELD NAMED A1, 10.00 USD, until 10:10, attempt 1, CAPTURED_UNASKED
at 10:03 Ada pays r1 with card-2
  7 PaymentRequested r1/2 of Ada: card-2, 10.00 USD, until 10:10
at 10:04 payment authorized r1/2 as pay-2, 10.00 USD
  8 Secured r1/2 of Ada: pay-2, 10.00 USD, A1
at 10:04 payment captured r1/2 as pay-2, 10.00 USD
  9 Sold r1/2 of Ada: pay-2, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
at 10:05 refund completed r1#1 as ref-1, 10.00 USD
 10 Refunded r1#1 to Ada: ref-1, 10.00 USD, now SOLD, Stalls (Best, 10.00) A1 of Ghost
at 10:06 Ada cancels r1
 11 OrderCancelled r1 of Ada: BUYER, pay-2, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
 12 RefundRequested r1#2 to Ada: pay-2 of attempt 2, 10.00 USD, now REFUNDING
at 10:07 refund completed r1#1 as ref-1, 10.00 USD
 13 Noted REFUND_COMPLETED r1 of Ada: REFUNDING NAMED A1, 10.00 USD, attempt 2, CAPTURED_UNASKED
at 10:08 refund completed r1#2 as ref-2, 10.00 USD
 14 Refunded r1#2 to Ada: ref-2, 10.00 USD, now REFUNDED, Stalls (Best, 10.00) A1 of Ghost

== Captured though it was to be let go
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 Ada releases r1
  4 Released r1 of Ada: BUYER, A1
at 10:03 payment authorized r1/1 as pay-1, 10.00 USD
  5 VoidRequested r1/1 of Ada: pay-1, 10.00 USD, BUYER_RELEASED, now RELEASED, Stalls (Best, 10.00) A1 of Ghost
at 10:04 payment captured r1/1 as pay-1, 10.00 USD
  6 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 10.00 USD, now RELEASED
at 10:04 payment voided r1/1 as pay-1
  7 Noted PAYMENT_VOIDED r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1
at 10:05 refund failed r1#1 as ref-1: REFUND_DECLINED
  8 RefundFailed r1#1 to Ada: ref-1, 10.00 USD, REFUND_DECLINED, now RELEASED, Stalls (Best, 10.00) A1 of Ghost
at 10:06 Otto retries r1
  9 RefundRequested r1#2 to Ada: pay-1 of attempt 1, 10.00 USD, now RELEASED
at 10:07 refund completed r1#2 as ref-2, 10.00 USD
 10 Refunded r1#2 to Ada: ref-2, 10.00 USD, now RELEASED, Stalls (Best, 10.00) A1 of Ghost

== Ids and codes of odd length
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:01 payment authorized r1/1 as x*193, 10.00 USD
  4 Refused PAYMENT_AUTHORIZED r1 of Ada: INVALID_PAYMENT, now PAYING
at 10:01 payment captured r1/1 as x*193, 10.00 USD
  5 Refused PAYMENT_CAPTURED r1 of Ada: INVALID_PAYMENT, now PAYING
at 10:01 capture failed r1/1 as x*193: CODE
  6 Refused CAPTURE_FAILED r1 of Ada: INVALID_PAYMENT, now PAYING
at 10:01 payment voided r1/1 as x*193
  7 Refused PAYMENT_VOIDED r1 of Ada: INVALID_PAYMENT, now PAYING
at 10:01 payment authorized r1/1 as pay-1, 10.00 DOLLARS
  8 Refused PAYMENT_AUTHORIZED r1 of Ada: INVALID_PAYMENT, now PAYING
at 10:01 payment authorized r1/1 as pay-1, -1.00 USD
  9 Refused PAYMENT_AUTHORIZED r1 of Ada: INVALID_PAYMENT, now PAYING
at 10:01 payment declined r1/1: c*70
 10 PaymentDeclined r1/1 of Ada: cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc, now HELD, 2 left, until 10:10
at 10:02 Ada pays r1 with card-2
 11 PaymentRequested r1/2 of Ada: card-2, 10.00 USD, until 10:10
at 10:02 payment authorized r1/2 as x*192, 10.00 USD
 12 Secured r1/2 of Ada: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, 10.00 USD, A1
at 10:02 refund completed r1#1 as x*193, 10.00 USD
 13 Refused REFUND_COMPLETED r1 of Ada: INVALID_PAYMENT, now SECURED
at 10:02 refund failed r1#1 as x*193: CODE
 14 Refused REFUND_FAILED r1 of Ada: INVALID_PAYMENT, now SECURED
