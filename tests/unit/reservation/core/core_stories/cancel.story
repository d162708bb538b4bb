== An order is cancelled, its seats are free at once, the money follows
at 10:00 Ada reserves A1 A2 as r1
  2 Reserved r1 for Ada: NAMED A1 A2, 20.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 20.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 20.00 USD
  4 Secured r1/1 of Ada: pay-1, 20.00 USD, A1 A2
at 10:03 payment captured r1/1 as pay-1, 20.00 USD
  5 Sold r1/1 of Ada: pay-1, 20.00 USD, Stalls (Best, 10.00) A1 A2 of Ghost
at 10:04 Bob cancels r1
  6 Refused CANCEL r1 of Bob: NOT_YOURS
at 10:04 Ada cancels r1
  7 OrderCancelled r1 of Ada: BUYER, pay-1, 20.00 USD, Stalls (Best, 10.00) A1 A2 of Ghost
  8 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 20.00 USD, now REFUNDING
at 10:04 Bob reserves A1 A2 as r2
  9 Reserved r2 for Bob: NAMED A1 A2, 20.00 USD, until 10:14
at 10:04 Ada cancels r1
 10 Noted CANCEL r1 of Ada: REFUNDING NAMED A1 A2, 20.00 USD, attempt 1
at 10:05 refund completed r1#1 as ref-1, 20.00 USD
 11 Refunded r1#1 to Ada: ref-1, 20.00 USD, now REFUNDED, Stalls (Best, 10.00) A1 A2 of Ghost
at 10:05 refund completed r1#1 as ref-1, 20.00 USD
 12 Noted REFUND_COMPLETED r1 of Ada: REFUNDED NAMED A1 A2, 20.00 USD, attempt 1
at 10:06 Ada cancels r1
 13 Noted CANCEL r1 of Ada: REFUNDED NAMED A1 A2, 20.00 USD, attempt 1

== The refund fails, an operator tries again
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:03 payment captured r1/1 as pay-1, 10.00 USD
  5 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
at 10:04 Ada cancels r1
  6 OrderCancelled r1 of Ada: BUYER, pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
  7 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 10.00 USD, now REFUNDING
at 10:04 Otto retries r1
  8 Noted RETRY_REFUND r1 of Ada: REFUNDING NAMED A1, 10.00 USD, attempt 1
at 10:05 refund failed r1#1 as ref-1: REFUND_DECLINED
  9 RefundFailed r1#1 to Ada: ref-1, 10.00 USD, REFUND_DECLINED, now REFUND_FAILED, Stalls (Best, 10.00) A1 of Ghost
at 10:05 refund failed r1#1 as ref-1: REFUND_DECLINED
 10 Noted REFUND_FAILED r1 of Ada: REFUND_FAILED NAMED A1, 10.00 USD, attempt 1, REFUND_DECLINED
at 10:06 Otto retries r1
 11 RefundRequested r1#2 to Ada: pay-1 of attempt 1, 10.00 USD, now REFUNDING
at 10:06 Otto retries r1
 12 Noted RETRY_REFUND r1 of Ada: REFUNDING NAMED A1, 10.00 USD, attempt 1, REFUND_DECLINED
at 10:07 refund completed r1#1 as ref-1, 10.00 USD
 13 Noted REFUND_COMPLETED r1 of Ada: REFUNDING NAMED A1, 10.00 USD, attempt 1, REFUND_DECLINED
at 10:07 refund completed r1#3 as ref-3, 10.00 USD
 14 Refused REFUND_COMPLETED r1 of Ada: NO_SUCH_PAYMENT, now REFUNDING
at 10:08 refund completed r1#2 as ref-2, 10.00 USD
 15 Refunded r1#2 to Ada: ref-2, 10.00 USD, now REFUNDED, Stalls (Best, 10.00) A1 of Ghost
at 10:08 Otto retries r1
 16 Noted RETRY_REFUND r1 of Ada: REFUNDED NAMED A1, 10.00 USD, attempt 1, REFUND_DECLINED

== A refund that was said to have failed comes through
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:03 payment captured r1/1 as pay-1, 10.00 USD
  5 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
at 10:04 Ada cancels r1
  6 OrderCancelled r1 of Ada: BUYER, pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
  7 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 10.00 USD, now REFUNDING
at 10:05 refund failed r1#1 as ref-1: REFUND_DECLINED
  8 RefundFailed r1#1 to Ada: ref-1, 10.00 USD, REFUND_DECLINED, now REFUND_FAILED, Stalls (Best, 10.00) A1 of Ghost
at 10:06 refund completed r1#1 as ref-1, 9.00 USD
  9 Noted REFUND_COMPLETED r1 of Ada: REFUND_FAILED NAMED A1, 10.00 USD, attempt 1, REFUND_DECLINED
at 10:06 refund completed r1#1 as ref-1, 10.00 USD
 10 Refunded r1#1 to Ada: ref-1, 10.00 USD, now REFUNDED, Stalls (Best, 10.00) A1 of Ghost

== Another amount was given back than asked: an operator looks at it
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:03 payment captured r1/1 as pay-1, 10.00 USD
  5 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
at 10:04 Ada cancels r1
  6 OrderCancelled r1 of Ada: BUYER, pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
  7 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 10.00 USD, now REFUNDING
at 10:05 refund completed r1#1 as ref-1, 1.00 USD
  8 RefundFailed r1#1 to Ada: ref-1, 1.00 USD, WRONG_AMOUNT, now REFUND_FAILED, Stalls (Best, 10.00) A1 of Ghost

== Cancelled while the capture is on its way: remembered
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:03 Ada cancels r1
  5 CancelRemembered r1 of Ada: BUYER
at 10:03 Ada cancels r1
  6 Noted CANCEL r1 of Ada: SECURED NAMED A1, 10.00 USD, attempt 1
at 10:03 Bob reserves A1 as r2
  7 Refused RESERVE r2 of Bob: SEATS_TAKEN A1
at 10:04 payment captured r1/1 as pay-1, 10.00 USD
  8 OrderCancelled r1 of Ada: BUYER, pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
  9 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 10.00 USD, now REFUNDING
at 10:04 Bob reserves A1 as r2
 10 Reserved r2 for Bob: NAMED A1, 10.00 USD, until 10:14
at 10:05 refund completed r1#1 as ref-1, 10.00 USD
 11 Refunded r1#1 to Ada: ref-1, 10.00 USD, now REFUNDED, Stalls (Best, 10.00) A1 of Ghost

== Remembered, and the capture fails
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:03 Ada cancels r1
  5 CancelRemembered r1 of Ada: BUYER
at 10:04 capture failed r1/1 as pay-1: EXPIRED
  6 CaptureFailed r1/1 of Ada: pay-1, 10.00 USD, EXPIRED, Stalls (Best, 10.00) A1 of Ghost
at 10:04 Ada cancels r1
  7 Noted CANCEL r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1, EXPIRED

== Only until the show starts
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:01 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:02 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:03 payment captured r1/1 as pay-1, 10.00 USD
  5 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
at 10:04 Bob reserves A2 as r2
  6 Reserved r2 for Bob: NAMED A2, 10.00 USD, until 10:14
at 10:04 Bob pays r2 with card-2
  7 PaymentRequested r2/1 of Bob: card-2, 10.00 USD, until 10:14
at 10:04 payment authorized r2/1 as pay-2, 10.00 USD
  8 Secured r2/1 of Bob: pay-2, 10.00 USD, A2
at 20:00 Ada cancels r1
  9 Refused CANCEL r1 of Ada: SHOW_STARTED, now SOLD
at 20:00 Bob cancels r2
 10 Refused CANCEL r2 of Bob: SHOW_STARTED, now SECURED

== What is no order cannot be cancelled
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:00 Ada cancels r1
  3 Refused CANCEL r1 of Ada: NOT_CANCELLABLE, now HELD
at 10:01 Ada pays r1 with card-1
  4 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:01 Ada cancels r1
  5 Refused CANCEL r1 of Ada: NOT_CANCELLABLE, now PAYING
at 10:10 Ada cancels r1
  6 HoldsExpired r1 of Ada (PAYING) A1
  7 Refused CANCEL r1 of Ada: NOT_CANCELLABLE, now RELEASED
at 10:10 Ada cancels r9
  8 Refused CANCEL r9 of Ada: NO_SUCH_RESERVATION

== A show is called off: by its owner, or an operator
at 10:00 Bob cancels Ghost: spite
  2 Refused CANCEL_SHOW - of -: NOT_OWNER
at 10:00 Otto cancels Ghost: spite
  3 Refused CANCEL_SHOW - of -: NOT_OWNER
at 10:01 operator Otto cancels Ghost: flood
  4 ShowCancelled Ghost: flood
at 10:01 Olga cancels Ghost: rain
  5 Noted CANCEL_SHOW - of -: NONE
at 10:01 Bob cancels Ghost: spite
  6 Refused CANCEL_SHOW - of -: NOT_OWNER
at 10:02 Ada reserves A1 as r1
  7 Refused RESERVE r1 of Ada: SHOW_CANCELLED
at 10:02 Olga creates Ghost
  8 Noted CREATE_SHOW - of -: NONE
at 10:02 tick
  9 Noted TICK - of -: NONE

== What a cancelled show means for each
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:00 Bob reserves A2 as r2
  3 Reserved r2 for Bob: NAMED A2, 10.00 USD, until 10:10
at 10:00 Bob pays r2 with card-2
  4 PaymentRequested r2/1 of Bob: card-2, 10.00 USD, until 10:10
at 10:00 Cy reserves A3 as r3
  5 Reserved r3 for Cy: NAMED A3, 10.00 USD, until 10:10
at 10:00 Cy pays r3 with card-3
  6 PaymentRequested r3/1 of Cy: card-3, 10.00 USD, until 10:10
at 10:00 payment authorized r3/1 as pay-3, 10.00 USD
  7 Secured r3/1 of Cy: pay-3, 10.00 USD, A3
at 10:00 Di reserves A4 as r4
  8 Reserved r4 for Di: NAMED A4, 10.00 USD, until 10:10
at 10:00 Di pays r4 with card-4
  9 PaymentRequested r4/1 of Di: card-4, 10.00 USD, until 10:10
at 10:00 payment authorized r4/1 as pay-4, 10.00 USD
 10 Secured r4/1 of Di: pay-4, 10.00 USD, A4
at 10:00 payment captured r4/1 as pay-4, 10.00 USD
 11 Sold r4/1 of Di: pay-4, 10.00 USD, Stalls (Best, 10.00) A4 of Ghost
at 10:00 Eve reserves G1 as r5
 12 Reserved r5 for Eve: NAMED G1, 0.00 USD, until 10:10
at 10:00 Eve pays r5 with card-5
 13 Sold r5/0 of Eve: , 0.00 USD, Gallery (Gift, 0.00) G1 of Ghost
at 10:00 Fay reserves A5 as r6
 14 Reserved r6 for Fay: NAMED A5, 10.00 USD, until 10:10
at 10:00 Fay releases r6
 15 Released r6 of Fay: BUYER, A5
at 10:00 Gus reserves 2 on Floor as r7
 16 Reserved r7 for Gus: GENERAL 2 in section 2, 10.00 USD, until 10:10
at 10:01 Olga cancels Ghost: rain
 17 ShowCancelled Ghost: rain
 18 Released r1 of Ada: SHOW_CANCELLED, A1
 19 Released r2 of Bob: SHOW_CANCELLED, A2
 20 CancelRemembered r3 of Cy: SHOW_CANCELLED
 21 OrderCancelled r4 of Di: SHOW_CANCELLED, pay-4, 10.00 USD, Stalls (Best, 10.00) A4 of Ghost
 22 RefundRequested r4#1 to Di: pay-4 of attempt 1, 10.00 USD, now REFUNDING
 23 OrderCancelled r5 of Eve: SHOW_CANCELLED, , 0.00 USD, Gallery (Gift, 0.00) G1 of Ghost
 24 Refunded r5#0 to Eve: , 0.00 USD, now REFUNDED, Gallery (Gift, 0.00) G1 of Ghost
 25 Released r7 of Gus: SHOW_CANCELLED, 2 in section 2
at 10:02 payment authorized r2/1 as pay-2, 10.00 USD
 26 VoidRequested r2/1 of Bob: pay-2, 10.00 USD, SHOW_CANCELLED, now RELEASED, Stalls (Best, 10.00) A2 of Ghost
at 10:02 payment captured r3/1 as pay-3, 10.00 USD
 27 OrderCancelled r3 of Cy: SHOW_CANCELLED, pay-3, 10.00 USD, Stalls (Best, 10.00) A3 of Ghost
 28 RefundRequested r3#1 to Cy: pay-3 of attempt 1, 10.00 USD, now REFUNDING
at 10:02 Ada pays r1 with card-1
 29 Refused PAY r1 of Ada: RESERVATION_RELEASED, now RELEASED
at 10:03 refund completed r4#1 as ref-4, 10.00 USD
 30 Refunded r4#1 to Di: ref-4, 10.00 USD, now REFUNDED, Stalls (Best, 10.00) A4 of Ghost
at 10:03 refund failed r3#1 as ref-3: REFUND_DECLINED
 31 RefundFailed r3#1 to Cy: ref-3, 10.00 USD, REFUND_DECLINED, now REFUND_FAILED, Stalls (Best, 10.00) A3 of Ghost
at 10:04 Otto retries r3
 32 RefundRequested r3#2 to Cy: pay-3 of attempt 1, 10.00 USD, now REFUNDING
at 10:10 tick
 33 Noted TICK - of -: NONE

== A capture fails after the show was called off
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:00 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:00 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:01 Olga cancels Ghost: rain
  5 ShowCancelled Ghost: rain
  6 CancelRemembered r1 of Ada: SHOW_CANCELLED
at 10:01 Ada cancels r1
  7 Noted CANCEL r1 of Ada: SECURED NAMED A1, 10.00 USD, attempt 1
at 10:02 capture failed r1/1 as pay-1: EXPIRED
  8 CaptureFailed r1/1 of Ada: pay-1, 10.00 USD, EXPIRED, Stalls (Best, 10.00) A1 of Ghost
at 10:02 Ada cancels r1
  9 Noted CANCEL r1 of Ada: RELEASED NAMED A1, 10.00 USD, attempt 1, EXPIRED

== Called off after it has been: refunds all the same
at 10:00 Ada reserves A1 as r1
  2 Reserved r1 for Ada: NAMED A1, 10.00 USD, until 10:10
at 10:00 Ada pays r1 with card-1
  3 PaymentRequested r1/1 of Ada: card-1, 10.00 USD, until 10:10
at 10:00 payment authorized r1/1 as pay-1, 10.00 USD
  4 Secured r1/1 of Ada: pay-1, 10.00 USD, A1
at 10:00 payment captured r1/1 as pay-1, 10.00 USD
  5 Sold r1/1 of Ada: pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
at day 1 09:00 Olga cancels Ghost: silence
  6 ShowCancelled Ghost: silence
  7 OrderCancelled r1 of Ada: SHOW_CANCELLED, pay-1, 10.00 USD, Stalls (Best, 10.00) A1 of Ghost
  8 RefundRequested r1#1 to Ada: pay-1 of attempt 1, 10.00 USD, now REFUNDING
