== Named seats are held for ten minutes, in the order of their numbers
at 10:00 Ada reserves C2 A1 B6 as r1
  2 Reserved r1 for Ada: NAMED A1 B6 C2, 30.00 USD, until 10:10
at 10:00:00.001 Bob reserves A2 as r2
  3 Reserved r2 for Bob: NAMED A2, 10.00 USD, until 10:10:00.001

== All or nothing: a refusal names the seats that are gone
at 10:00 Ada reserves A2 A3 as r1
  2 Reserved r1 for Ada: NAMED A2 A3, 20.00 USD, until 10:10
at 10:01 Bob reserves A1 A2 A3 A4 as r2
  3 Refused RESERVE r2 of Bob: SEATS_TAKEN A2 A3
at 10:01 Bob reserves A1 A4 as r2
  4 Reserved r2 for Bob: NAMED A1 A4, 20.00 USD, until 10:11

== The same wish again changes nothing, in any order of its seats
at 10:00 Ada reserves A1 A2 as r1
  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
at 10:05 Ada reserves A2 A1 as r1
  3 Noted RESERVE r1 of Ada: HELD NAMED A1 A2, 20.00 USD, until 10:10
at 10:05 Ada reserves A1 as r1
  4 Refused RESERVE r1 of Ada: IDEMPOTENCY_KEY_REUSED, now HELD
at 10:05 Ada reserves A1 A3 as r1
  5 Refused RESERVE r1 of Ada: IDEMPOTENCY_KEY_REUSED, now HELD
at 10:05 Ada reserves 2 best in Stalls as r1
  6 Refused RESERVE r1 of Ada: IDEMPOTENCY_KEY_REUSED, now HELD

== The same number of somebody else is another wish, and does not tell where the first stands
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Bob reserves A1 as r1
  3 Refused RESERVE r1 of Bob: IDEMPOTENCY_KEY_REUSED

== Best available: the same wish again, and others
at 10:00 Ada reserves 2 best as r1
  2 Reserved r1 for Ada: BEST_AVAILABLE B3 B4, 20.00 USD, until 10:10
at 10:01 Ada reserves 2 best as r1
  3 Noted RESERVE r1 of Ada: HELD BEST_AVAILABLE B3 B4, 20.00 USD, until 10:10
at 10:01 Ada reserves 3 best as r1
  4 Refused RESERVE r1 of Ada: IDEMPOTENCY_KEY_REUSED, now HELD
at 10:01 Ada reserves 2 best in Stalls as r1
  5 Refused RESERVE r1 of Ada: IDEMPOTENCY_KEY_REUSED, now HELD
at 10:01 Ada reserves 2 best of category 0 as r1
  6 Refused RESERVE r1 of Ada: IDEMPOTENCY_KEY_REUSED, now HELD

== Best available in a section, and of a category
at 10:00 Ada reserves 2 best in Balcony as r1
  2 Reserved r1 for Ada: BEST_AVAILABLE in section 1 D1 D2, 15.00 USD, until 10:10
at 10:00 Bob reserves 1 best of category 3 as r2
  3 Reserved r2 for Bob: BEST_AVAILABLE of category 3 G1, 0.00 USD, until 10:10
at 10:00 Bob reserves 1 best in Gallery of category 3 as r3
  4 Reserved r3 for Bob: BEST_AVAILABLE in section 3 of category 3 G2, 0.00 USD, until 10:10
at 10:00 Cy reserves 1 best in Gallery as r4
  5 Refused RESERVE r4 of Cy: NOT_AVAILABLE, free 0
at 10:00 Cy reserves 1 best in Gallery of category 0 as r5
  6 Refused RESERVE r5 of Cy: NOT_AVAILABLE, free 0

== Best available fails where no run of neighbours is left
at 10:00 Ada reserves D2 as r1
  2 Reserved r1 for Ada: NAMED D2, 7.50 USD, until 10:10
at 10:00 Bob reserves 3 best in Balcony as r2
  3 Refused RESERVE r2 of Bob: NOT_AVAILABLE, free 3
at 10:00 Bob reserves 2 best in Balcony as r2
  4 Reserved r2 for Bob: BEST_AVAILABLE in section 1 D3 D4, 15.00 USD, until 10:10
at 10:00 Cy reserves 1 best in Balcony as r3
  5 Reserved r3 for Cy: BEST_AVAILABLE in section 1 D1, 7.50 USD, until 10:10
at 10:00 Di reserves 1 best in Balcony as r4
  6 Refused RESERVE r4 of Di: NOT_AVAILABLE, free 0

== A quantity of a general section
at 10:00 Ada reserves 6 on Floor as r1
  2 Reserved r1 for Ada: GENERAL 6 in section 2, 30.00 USD, until 10:10
at 10:00 Ada reserves 6 on Floor as r1
  3 Noted RESERVE r1 of Ada: HELD GENERAL 6 in section 2, 30.00 USD, until 10:10
at 10:00 Ada reserves 5 on Floor as r1
  4 Refused RESERVE r1 of Ada: IDEMPOTENCY_KEY_REUSED, now HELD
at 10:01 Bob reserves 5 on Floor as r2
  5 Refused RESERVE r2 of Bob: NOT_AVAILABLE, free 4
at 10:01 Bob reserves 4 on Floor as r2
  6 Reserved r2 for Bob: GENERAL 4 in section 2, 20.00 USD, until 10:11
at 10:01 Cy reserves 1 on Floor as r3
  7 Refused RESERVE r3 of Cy: NOT_AVAILABLE, free 0
at 10:10 Cy reserves 1 on Floor as r3
  8 HoldsExpired r1 of Ada (HELD) 6 in section 2
  9 Reserved r3 for Cy: GENERAL 1 in section 2, 5.00 USD, until 10:20

== What cannot be
at 10:00 Ada reserves nothing as r1
  2 Refused RESERVE r1 of Ada: NO_PLACES
at 10:00 Ada reserves 0 best as r1
  3 Refused RESERVE r1 of Ada: NO_PLACES
at 10:00 Ada reserves -3 on Floor as r1
  4 Refused RESERVE r1 of Ada: NO_PLACES
at 10:00 Ada reserves #0..#100 as r1
  5 Refused RESERVE r1 of Ada: TOO_MANY_PLACES, limit 100 of RESERVATION
at 10:00 Ada reserves 101 best as r1
  6 Refused RESERVE r1 of Ada: TOO_MANY_PLACES, limit 100 of RESERVATION
at 10:00 Ada reserves 101 on Floor as r1
  7 Refused RESERVE r1 of Ada: TOO_MANY_PLACES, limit 100 of RESERVATION
at 10:00 Ada reserves A1 #24 #-1 #24 as r1
  8 Refused RESERVE r1 of Ada: NO_SUCH_SEAT #-1 #24
at 10:00 Ada reserves A1 A2 A1 A2 A1 as r1
  9 Refused RESERVE r1 of Ada: DUPLICATE_SEATS A1 A2
at 10:00 Ada reserves 2 best in 4 as r1
 10 Refused RESERVE r1 of Ada: NO_SUCH_SECTION
at 10:00 Ada reserves 2 best in -2 as r1
 11 Refused RESERVE r1 of Ada: NO_SUCH_SECTION
at 10:00 Ada reserves 2 best in Floor as r1
 12 Refused RESERVE r1 of Ada: NO_SUCH_SECTION
at 10:00 Ada reserves 2 on Stalls as r1
 13 Refused RESERVE r1 of Ada: NO_SUCH_SECTION
at 10:00 Ada reserves 2 on -1 as r1
 14 Refused RESERVE r1 of Ada: NO_SUCH_SECTION
at 10:00 Ada reserves 2 on 4 as r1
 15 Refused RESERVE r1 of Ada: NO_SUCH_SECTION
at 10:00 Ada reserves 2 best of category 4 as r1
 16 Refused RESERVE r1 of Ada: NO_SUCH_CATEGORY
at 10:00 Ada reserves 2 best of category -2 as r1
 17 Refused RESERVE r1 of Ada: NO_SUCH_CATEGORY

== The first reason counts
# impossible before the buyer's limit, the limit before what is taken
at 10:00 Ada reserves A1 A2 A3 A4 A5 as r1
  2 Reserved r1 for Ada: NAMED A1 A2 A3 A4 A5, 50.00 USD, until 10:10
at 10:00 Ada reserves A1 A2 #99 as r2
  3 Refused RESERVE r2 of Ada: NO_SUCH_SEAT #99
at 10:00 Ada reserves A1 A2 as r2
  4 Refused RESERVE r2 of Ada: BUYER_LIMIT, limit 6 of BUYER, used 5, unpaid 5
at 10:00 Ada reserves A1 as r2
  5 Refused RESERVE r2 of Ada: SEATS_TAKEN A1, own A1

== A buyer's limit counts what is held, paid and owned, but not what was given back
at 10:00 Ada reserves A1 A2 A3 A4 as r1
  2 Reserved r1 for Ada: NAMED A1 A2 A3 A4, 40.00 USD, until 10:10
at 10:00 Ada reserves 3 on Floor as r2
  3 Refused RESERVE r2 of Ada: BUYER_LIMIT, limit 6 of BUYER, used 4, unpaid 4
at 10:00 Ada reserves 2 on Floor as r2
  4 Reserved r2 for Ada: GENERAL 2 in section 2, 10.00 USD, until 10:10
at 10:01 Ada reserves B1 as r3
  5 Refused RESERVE r3 of Ada: BUYER_LIMIT, limit 6 of BUYER, used 6, unpaid 6
at 10:02 Ada releases r2
  6 Released r2 of Ada: BUYER, 2 in section 2
at 10:02 Ada reserves B1 B2 as r3
  7 Reserved r3 for Ada: NAMED B1 B2, 20.00 USD, until 10:12
at 10:02 Ada reserves B3 as r4
  8 Refused RESERVE r4 of Ada: BUYER_LIMIT, limit 6 of BUYER, used 6, unpaid 6
at 10:10 Ada reserves B3 B4 B5 B6 as r4
  9 HoldsExpired r1 of Ada (HELD) A1 A2 A3 A4
 10 Reserved r4 for Ada: NAMED B3 B4 B5 B6, 40.00 USD, until 10:20

== Refusals are not remembered
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:00 Bob reserves A1 as r2
  3 Refused RESERVE r2 of Bob: SEATS_TAKEN A1
at 10:01 Ada releases r1
  4 Released r1 of Ada: BUYER, A1
at 10:01 Bob reserves A1 as r2
  5 Reserved r2 for Bob: NAMED A1, 10.00 USD, until 10:11

== Holds end in their order, before the command is judged
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Bob reserves A2 as r2
  3 Reserved r2 for Bob: NAMED A2, 10.00 USD, until 10:11
at 10:02 Cy reserves 2 on Floor as r3
  4 Reserved r3 for Cy: GENERAL 2 in section 2, 10.00 USD, until 10:12
at 10:09:59.999 Di reserves A1 as r4
  5 Refused RESERVE r4 of Di: SEATS_TAKEN A1
at 10:10 Di reserves A1 as r4
  6 HoldsExpired r1 of Ada (HELD) A1
  7 Reserved r4 for Di: NAMED A1, 10.00 USD, until 10:20
at 10:30 tick
  8 HoldsExpired r2 of Bob (HELD) A2; r3 of Cy (HELD) 2 in section 2; r4 of Di (HELD) A1
at 10:30 tick
  9 Noted TICK - of -: NONE

== A hold that ended does not come back by itself
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:10 Ada reserves A1 as r1
  3 HoldsExpired r1 of Ada (HELD) A1
  4 Noted RESERVE r1 of Ada: RELEASED NAMED A1, 10.00 USD
at 10:11 Ada reserves A1 as r2
  5 Reserved r2 for Ada: NAMED A1, 10.00 USD, until 10:21

== An hour after its release a reservation without a payment is forgotten
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:05 Ada releases r1
  3 Released r1 of Ada: BUYER, A1
at 11:04:59.999 Ada reserves A1 as r1
  4 Noted RESERVE r1 of Ada: RELEASED NAMED A1, 10.00 USD
at 11:05 Ada reserves A1 as r1
  5 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 11:15
at 11:15 tick
  6 HoldsExpired r1 of Ada (HELD) A1
at 12:15 Bob reserves A1 as r1
  7 Reserved r1 for Bob: NAMED A1, 10.00 USD, until 12:25

== With a payment it stays
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment declined r1/1: CARD_DECLINED
  4 PaymentDeclined r1/1 of Ada: CARD_DECLINED, now HELD, 2 left, until 10:10
at 10:03 Ada releases r1
  5 Released r1 of Ada: BUYER, A1
at 18:00 Ada reserves A1 as r1
  6 Noted RESERVE r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1, CARD_DECLINED
at 18:00 payment declined r1/1: CARD_DECLINED
  7 Noted PAYMENT_DECLINED r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1, CARD_DECLINED

== So does one with a payment that turned up
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada releases r1
  3 Released r1 of Ada: BUYER, A1
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 VoidRequested r1/1 of Ada: pay-1, 10.00 USD, UNKNOWN_ATTEMPT, now RELEASED, Stalls (Best, 10.00) A1 of Ghost
at 12:00 payment voided r1/1 as pay-1
  5 Voided r1/1 of Ada: pay-1, 10.00 USD, now RELEASED, Stalls (Best, 10.00) A1 of Ghost
at 18:00 Ada reserves A1 as r1
  6 Noted RESERVE r1 of Ada: RELEASED NAMED A1, 10.00 USD

== The show's clock never goes back
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:10 tick
  3 HoldsExpired r1 of Ada (HELD) A1
at 10:05 Bob reserves A1 as r2
  4 Reserved r2 for Bob: NAMED A1, 10.00 USD, until 10:20
at 10:19 tick
  5 Noted TICK - of -: NONE
at 10:20 tick
  6 HoldsExpired r2 of Bob (HELD) A1

== Places are sold until the show starts
at 19:59:59.999 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 20:09:59.999
at 20:00 Bob reserves A2 as r2
  3 Refused RESERVE r2 of Bob: SHOW_STARTED
at 20:00 Ada pays r1 with card-1
  4 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 20:09:59.999
at 20:01 payment authorized r1/1 as pay-1, 10.00 USD
  5 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 20:01 payment captured r1/1 as pay-1, 10.00 USD
  6 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
at day 1 10:00 Bob reserves A2 as r2
  7 Refused RESERVE r2 of Bob: SHOW_STARTED

== Letting go
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Bob releases r1
  3 Refused RELEASE r1 of Bob: NOT_YOURS
at 10:01 Ada releases r2
  4 Refused RELEASE r2 of Ada: NO_SUCH_RESERVATION
at 10:01 Ada releases r1
  5 Released r1 of Ada: BUYER, A1
at 10:01 Ada releases r1
  6 Noted RELEASE r1 of Ada: RELEASED NAMED A1, 10.00 USD
at 10:02 Bob reserves A1 as r3
  7 Reserved r3 for Bob: NAMED A1, 10.00 USD, until 10:12
