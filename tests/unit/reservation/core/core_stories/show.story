== A show is created once
at 10:00 Olga creates Ghost
  2 Noted CREATE_SHOW - of -: NONE
at 10:00 Bob creates Ghost
  3 Refused CREATE_SHOW - of -: SHOW_EXISTS
at 10:00 Olga creates Ghost titled Ghosts
  4 Refused CREATE_SHOW - of -: SHOW_EXISTS
at 10:00 Olga creates Ghost2
  1 ShowCreated Ghost at Odeon, screen 3, Chico: 24 seats, 10 places, of Olga
at 19:59:59 Olga creates Ghost3
  1 ShowCreated Ghost at Odeon, screen 3, Chico: 24 seats, 10 places, of Olga
at 20:00 Olga creates Ghost4
  - Refused CREATE_SHOW - of -: INVALID_SHOW
at 20:00 Olga creates Ghost
  5 Noted CREATE_SHOW - of -: NONE

== What belongs to no show leaves no state
at 10:00 in Nowhere Ada reserves A1 as r1
  - Rejected RESERVE r1: NO_SUCH_SHOW
at 10:00 in Nowhere tick
  - Rejected TICK -: NO_SUCH_SHOW
at 10:00 in Nowhere payment captured r1/1 as pay-1, 10.00 USD
  - Rejected PAYMENT_CAPTURED r1: NO_SUCH_SHOW
at 10:00 Olga cancels Nowhere: rain
  - Rejected CANCEL_SHOW -: NO_SUCH_SHOW
at 10:00 Olga creates Nowhere titled ""
  - Refused CREATE_SHOW - of -: INVALID_SHOW
at 10:00 Olga creates Nowhere
  1 ShowCreated Ghost at Odeon, screen 3, Chico: 24 seats, 10 places, of Olga
at 10:00 in Nowhere Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10

== A week after its end a show closes, with a Tick or any other command
at day 7 21:59:59.999 tick
  2 Noted TICK - of -: NONE
at day 7 22:00 tick
  3 ShowClosed
at day 7 22:00 tick
  4 Refused TICK - of -: SHOW_CLOSED
at day 8 10:00 Olga creates Ghost
  5 Refused CREATE_SHOW - of -: SHOW_CLOSED
at day 8 10:00 Olga cancels Ghost: rain
  6 Refused CANCEL_SHOW - of -: SHOW_CLOSED
at day 8 10:00 Ada reserves A1 as r1
  7 Refused RESERVE r1 of Ada: SHOW_CLOSED
at day 8 10:00 payment authorized r1/1 as pay-1, 10.00 USD
  8 Refused PAYMENT_AUTHORIZED r1 of -: SHOW_CLOSED

== Closing comes before the command is judged
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:00 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:00 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:00 payment captured r1/1 as pay-1, 10.00 USD
  5 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
at day 8 10:00 Ada pays r1 with card-1
  6 ShowClosed
  7 Refused PAY r1 of Ada: SHOW_CLOSED

== A hold that ends and the closing may come together
at 19:59 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 20:09
at day 8 10:00 Ada releases r1
  3 HoldsExpired r1 of Ada (HELD) A1
  4 ShowClosed
  5 Refused RELEASE r1 of Ada: SHOW_CLOSED

== What is unsettled keeps a show open
at 19:55 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 20:05
at 19:56 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 20:05
at 19:57 Bob reserves A2 as r2
  4 Reserved r2 for Bob: NAMED A2, 10.00 USD, until 20:07
at 19:57 Bob pays r2 with card-2
  5 PaymentRequested r2/1 of Bob: card-2, 10.00 USD, until 20:07
at 19:57 payment authorized r2/1 as pay-2, 10.00 USD
  6 Secured r2/1 of Bob: pay-2, 10.00 USD, A2
at 19:57 Cy reserves A3 as r3
  7 Reserved r3 for Cy: NAMED A3, 10.00 USD, until 20:07
at 19:57 Cy pays r3 with card-3
  8 PaymentRequested r3/1 of Cy: card-3, 10.00 USD, until 20:07
at 19:57 payment authorized r3/1 as pay-3, 10.00 USD
  9 Secured r3/1 of Cy: pay-3, 10.00 USD, A3
at 19:57 payment captured r3/1 as pay-3, 10.00 USD
 10 Sold r3/1 of Cy: pay-3, 10.00 USD, Stalls (Best, 10.00) A3 of Ghost
at 19:58 Cy cancels r3
 11 OrderCancelled r3 of Cy: BUYER, pay-3, 10.00 USD, Stalls (Best, 10.00) A3 of Ghost
 12 RefundRequested r3#1 to Cy: pay-3 of attempt 1, 10.00 USD, now REFUNDING
at day 8 10:00 tick
 13 HoldsExpired r1 of Ada (PAYING) A1
at day 8 10:01 payment declined r1/1: CARD_DECLINED
 14 PaymentDeclined r1/1 of Ada: CARD_DECLINED, now RELEASED, 2 left, until never
at day 8 10:02 payment captured r2/1 as pay-2, 10.00 USD
 15 Sold r2/1 of Bob: pay-2, 10.00 USD, Stalls (Best, 10.00) A2 of Ghost
at day 8 10:03 refund failed r3#1 as ref-3: REFUND_DECLINED
 16 RefundFailed r3#1 to Cy: ref-3, 10.00 USD, REFUND_DECLINED, now REFUND_FAILED, Stalls (Best, 10.00) A3 of Ghost
at day 8 10:04 tick
 17 Noted TICK - of -: NONE
at day 8 10:05 Otto retries r3
 18 RefundRequested r3#2 to Cy: pay-3 of attempt 1, 10.00 USD, now REFUNDING
at day 8 10:06 refund completed r3#2 as ref-3, 10.00 USD
 19 Refunded r3#2 to Cy: ref-3, 10.00 USD, now REFUNDED, Stalls (Best, 10.00) A3 of Ghost
at day 8 10:07 tick
 20 ShowClosed

== So does an authorization that was to be let go
at 19:55 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 20:05
at 19:56 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 20:05
at 19:57 Ada releases r1
  4 Released r1 of Ada: BUYER, A1
at 19:58 payment authorized r1/1 as pay-1, 10.00 USD
  5 VoidRequested r1/1 of Ada: pay-1, 10.00 USD, BUYER_RELEASED, now RELEASED, Stalls (Best, 10.00) A1 of Ghost
at day 8 10:00 tick
  6 Noted TICK - of -: NONE
at day 8 10:01 payment voided r1/1 as pay-1
  7 Voided r1/1 of Ada: pay-1, 10.00 USD, now RELEASED, Stalls (Best, 10.00) A1 of Ghost
at day 8 10:02 tick
  8 ShowClosed

== A cancelled show closes like another
at 10:00 Olga cancels Ghost: rain
  2 ShowCancelled Ghost: rain
at day 7 22:00 Bob reserves A1 as r1
  3 ShowClosed
  4 Refused RESERVE r1 of Bob: SHOW_CLOSED
