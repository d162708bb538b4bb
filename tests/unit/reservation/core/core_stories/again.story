== The same seats again are the buyer's own reservation, with a key or without
at 10:00 Ada reserves A1 A2 as r1
  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
at 10:01 Ada reserves A2 A1 as r2
  3 Noted RESERVE r1 of Ada: HELD NAMED A1 A2, 20.00 USD, until 10:10
at 10:01 Ada reserves A1 A2 as r3 unkeyed
  4 Noted RESERVE r1 of Ada: HELD NAMED A1 A2, 20.00 USD, until 10:10
at 10:01 Bob reserves A1 A2 as r4
  5 Refused RESERVE r4 of Bob: SEATS_TAKEN A1 A2
at 10:02 Ada reserves A1 as r5
  6 Refused RESERVE r5 of Ada: SEATS_TAKEN A1, own A1
at 10:02 Ada reserves A1 A2 A3 as r6
  7 Refused RESERVE r6 of Ada: SEATS_TAKEN A1 A2, own A1 A2
at 10:03 Ada pays r1 with card-1
  8 PaymentRequested r1/1 of Ada: card-1, 20.00 USD, until 10:10
at 10:04 Ada reserves A1 A2 as r7
  9 Noted RESERVE r1 of Ada: PAYING NAMED A1 A2, 20.00 USD, until 10:10, attempt 1
at 10:05 payment authorized r1/1 as pay-1, 20.00 USD
 10 Secured r1/1 of Ada: pay-1, 20.00 USD, A1 A2
at 10:05 Ada reserves A1 A2 as r8
 11 Refused RESERVE r8 of Ada: SEATS_TAKEN A1 A2, own A1 A2
at 10:06 payment captured r1/1 as pay-1, 20.00 USD
 12 Sold r1/1 of Ada: pay-1, 20.00 USD, Stalls (Best, 10.00) A1 A2 of Ghost
at 10:07 Ada reserves A1 A2 as r9
 13 Refused RESERVE r9 of Ada: SEATS_TAKEN A1 A2, own A1 A2

== After the hold is over, or released, the same seats are a new reservation
at 10:00 Ada reserves A1 A2 as r1
  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
at 10:01 Ada reserves A1 A2 as r2
  3 Noted RESERVE r1 of Ada: HELD NAMED A1 A2, 20.00 USD, until 10:10
at 10:02 Ada releases r1
  4 Released r1 of Ada: BUYER, A1 A2
at 10:02 Ada reserves A1 A2 as r2
  5 Reserved r2 for Ada: NAMED A1 A2, 20.00 USD, until 10:12
at 10:12 Ada reserves A1 A2 as r3
  6 HoldsExpired r2 of Ada (HELD) A1 A2
  7 Reserved r3 for Ada: NAMED A1 A2, 20.00 USD, until 10:22

== Seats that were found as best available are found by their names
at 10:00 Ada reserves 2 best as r1
  2 Reserved r1 for Ada: BEST_AVAILABLE B3 B4, 20.00 USD, until 10:10
at 10:01 Ada reserves B3 B4 as r2
  3 Noted RESERVE r1 of Ada: HELD BEST_AVAILABLE B3 B4, 20.00 USD, until 10:10

== A double click holds the places once
at 10:00 Ada reserves 2 best as r1 unkeyed
  2 Reserved r1 for Ada: BEST_AVAILABLE B3 B4, 20.00 USD, until 10:10
at 10:00:05 Ada reserves 2 best as r2 unkeyed
  3 Noted RESERVE r1 of Ada: HELD BEST_AVAILABLE B3 B4, 20.00 USD, until 10:10
at 10:00:05 Bob reserves 2 best as r3 unkeyed
  4 Reserved r3 for Bob: BEST_AVAILABLE B1 B2, 20.00 USD, until 10:10:05
at 10:00:05 Ada reserves 3 best as r4 unkeyed
  5 Reserved r4 for Ada: BEST_AVAILABLE A1 A2 A3, 30.00 USD, until 10:10:05
at 10:00:05.001 Ada reserves 2 best on floor as r5 unkeyed
  6 Refused RESERVE r5 of Ada: BUYER_LIMIT, limit 6 of BUYER, used 5, unpaid 5

== Seconds later the same wish is another one, and so it is with a key of its own
at 10:00 Ada reserves 2 best as r1 unkeyed
  2 Reserved r1 for Ada: BEST_AVAILABLE B3 B4, 20.00 USD, until 10:10
at 10:00:01 Ada reserves 2 best as r2
  3 Reserved r2 for Ada: BEST_AVAILABLE B1 B2, 20.00 USD, until 10:10:01
at 10:00:05.001 Ada reserves 2 best as r3 unkeyed
  4 Noted RESERVE r2 of Ada: HELD BEST_AVAILABLE B1 B2, 20.00 USD, until 10:10:01

== A double click in a general section
at 10:00 Ada reserves 2 in Floor as r1 unkeyed
  2 Reserved r1 for Ada: GENERAL 2 in section 2, 10.00 USD, until 10:10
at 10:00:01 Ada reserves 2 in Floor as r2 unkeyed
  3 Noted RESERVE r1 of Ada: HELD GENERAL 2 in section 2, 10.00 USD, until 10:10
at 10:00:01 Ada reserves 3 in Floor as r3 unkeyed
  4 Reserved r3 for Ada: GENERAL 3 in section 2, 15.00 USD, until 10:10:01
at 10:00:02 Ada releases r1
  5 Released r1 of Ada: BUYER, 2 in section 2
at 10:00:03 Ada reserves 2 in Floor as r4 unkeyed
  6 Reserved r4 for Ada: GENERAL 2 in section 2, 10.00 USD, until 10:10:03
at 10:00:04 Ada pays r4 with card-1
  7 PaymentRequested r4/1 of Ada: card-1, 10.00 USD, until 10:10:03
at 10:00:05 Ada reserves 1 in Floor as r5 unkeyed
  8 Reserved r5 for Ada: GENERAL 1 in section 2, 5.00 USD, until 10:10:05

== A double click at the limit finds what there is; anything more says how much is used
at 10:00 Ada reserves 4 best as r1 unkeyed
  2 Reserved r1 for Ada: BEST_AVAILABLE B1 B2 B3 B4, 40.00 USD, until 10:10
at 10:00:01 Ada reserves 4 best as r2 unkeyed
  3 Noted RESERVE r1 of Ada: HELD BEST_AVAILABLE B1 B2 B3 B4, 40.00 USD, until 10:10
at 10:00:02 Ada reserves 3 best as r3
  4 Refused RESERVE r3 of Ada: BUYER_LIMIT, limit 6 of BUYER, used 4, unpaid 4
at 10:00:03 Ada pays r1 with card-1
  5 PaymentRequested r1/1 of Ada: card-1, 40.00 USD, until 10:10
at 10:00:04 payment authorized r1/1 as pay-1, 40.00 USD
  6 Secured r1/1 of Ada: pay-1, 40.00 USD, B1 B2 B3 B4
at 10:00:05 Ada reserves 3 best as r3
  7 Refused RESERVE r3 of Ada: BUYER_LIMIT, limit 6 of BUYER, used 4, unpaid 0

== Six are left, but no four together
at 10:00 Ada reserves A1 A2 A3 as r1
  2 Reserved r1 for Ada: NAMED A1 A2 A3, 30.00 USD, until 10:10
at 10:00 Bob reserves B4 B5 B6 as r2
  3 Reserved r2 for Bob: NAMED B4 B5 B6, 30.00 USD, until 10:10
at 10:00 Cy reserves C1 C2 C3 C4 C5 C6 as r3
  4 Reserved r3 for Cy: NAMED C1 C2 C3 C4 C5 C6, 60.00 USD, until 10:10
at 10:00 Dee reserves 4 best on stalls as r4
  5 Refused RESERVE r4 of Dee: NOT_AVAILABLE, free 6
at 10:00 Dee reserves 4 best of category 1 as r5
  6 Reserved r5 for Dee: BEST_AVAILABLE of category 1 D1 D2 D3 D4, 30.00 USD, until 10:10
at 10:00 Dee reserves 101 best as r6
  7 Refused RESERVE r6 of Dee: TOO_MANY_PLACES, limit 100 of RESERVATION

== Nothing to pay needs no source; one that is given has the form of any
at 10:00 Ada reserves G1 as r1
  2 Reserved r1 for Ada: NAMED G1, 0.00 USD, until 10:10
at 10:01 Ada pays r1 with ccof:card-3
  3 Refused PAY r1 of Ada: INVALID_SOURCE, now HELD
at 10:02 Ada pays r1 with nothing
  4 Sold r1/0 of Ada: , 0.00 USD, Gallery (Gift, 0.00) G1 of Ghost
at 10:03 Ada pays r1 with nothing
  5 Noted PAY r1 of Ada: SOLD NAMED G1, 0.00 USD
at 10:04 Ada reserves A1 as r2
  6 Reserved r2 for Ada: NAMED A1, 10.00 USD, until 10:14
at 10:05 Ada pays r2 with nothing
  7 Refused PAY r2 of Ada: INVALID_SOURCE, now HELD
at 10:06 Ada reserves G2 as r3
  8 Reserved r3 for Ada: NAMED G2, 0.00 USD, until 10:16
at 10:07 Ada pays r3 with card-1
  9 Sold r3/0 of Ada: , 0.00 USD, Gallery (Gift, 0.00) G2 of Ghost
